package build

import (
	"debug/buildinfo"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"runtime/debug"
	"strings"
)

// usual are the variants of architectures that the Go toolchain builds for unless told otherwise. They go without
// saying.
var usual = map[string]string{
	"386": "sse2", "amd64": "v1", "arm64": "v8.0", "mips": "hardfloat", "mipsle": "hardfloat", "mips64": "hardfloat",
	"mips64le": "hardfloat", "ppc64": "power8", "ppc64le": "power8", "riscv64": "rva20u64",
}

// platform returns "os/arch", or "os/arch/variant" for unusual ones, as container registries write it: "linux/arm/v7".
func platform(goos, goarch, variant string) string {
	if goos == "" || goarch == "" {
		return ""
	}
	if goarch == "arm" && variant != "" {
		variant = "v" + strings.TrimSuffix(strings.TrimSuffix(variant, ",hardfloat"), ",softfloat")
	}
	if variant == "" || variant == usual[goarch] {
		return goos + "/" + goarch
	}
	return goos + "/" + goarch + "/" + variant
}

// executable looks into a file: is it a program or shared library, and for which platform. The platform of a program
// that was not made by Go may be empty.
func executable(file string) (string, bool) {
	kind, is := header(file)
	if !is {
		return "", false
	}
	if info, err := buildinfo.ReadFile(file); err == nil {
		if p := goPlatform(info); p != "" && kind != universalPlatform {
			return p, true
		}
	}
	return kind, true
}

// universalPlatform is a program of macOS for several architectures at once.
const universalPlatform = "darwin/all"

// variants are the build settings that name a variant of an architecture.
var variants = map[string]string{
	"386": "GO386", "amd64": "GOAMD64", "arm": "GOARM", "arm64": "GOARM64", "mips": "GOMIPS", "mipsle": "GOMIPS",
	"mips64": "GOMIPS64", "mips64le": "GOMIPS64", "ppc64": "GOPPC64", "ppc64le": "GOPPC64", "riscv64": "GORISCV64",
}

func goPlatform(info *debug.BuildInfo) string {
	set := map[string]string{}
	for _, s := range info.Settings {
		set[s.Key] = s.Value
	}
	return platform(set["GOOS"], set["GOARCH"], set[variants[set["GOARCH"]]])
}

// header reads the platform off the header of an ELF, PE or Mach-O file.
func header(file string) (string, bool) {
	if f, err := elf.Open(file); err == nil {
		defer func() { _ = f.Close() }()
		return platform(elfSystems[f.OSABI], elfMachine(f), ""), f.Type == elf.ET_EXEC || f.Type == elf.ET_DYN
	}
	if f, err := pe.Open(file); err == nil {
		defer func() { _ = f.Close() }()
		return platform("windows", peMachines[f.Machine], ""), f.Characteristics&pe.IMAGE_FILE_EXECUTABLE_IMAGE != 0
	}
	if f, err := macho.OpenFat(file); err == nil {
		defer func() { _ = f.Close() }()
		return universalPlatform, true
	}
	if f, err := macho.Open(file); err == nil {
		defer func() { _ = f.Close() }()
		return platform("darwin", machoCPUs[f.Cpu], ""), f.Type == macho.TypeExec || f.Type == macho.TypeDylib || f.Type == macho.TypeBundle
	}
	return "", false
}

// elfSystems holds the systems that an ELF header tells apart. Linux does not set the field.
var elfSystems = map[elf.OSABI]string{
	elf.ELFOSABI_NONE: "linux", elf.ELFOSABI_LINUX: "linux", elf.ELFOSABI_FREEBSD: "freebsd", elf.ELFOSABI_NETBSD: "netbsd",
	elf.ELFOSABI_OPENBSD: "openbsd", elf.ELFOSABI_SOLARIS: "solaris",
}

func elfMachine(f *elf.File) string {
	switch f.Machine {
	case elf.EM_PPC64:
		if f.Data == elf.ELFDATA2LSB {
			return "ppc64le"
		}
		return "ppc64"
	case elf.EM_MIPS:
		name := "mips"
		if f.Class == elf.ELFCLASS64 {
			name += "64"
		}
		if f.Data == elf.ELFDATA2LSB {
			name += "le"
		}
		return name
	}
	return elfMachines[f.Machine]
}

var elfMachines = map[elf.Machine]string{
	elf.EM_386: "386", elf.EM_X86_64: "amd64", elf.EM_ARM: "arm", elf.EM_AARCH64: "arm64", elf.EM_RISCV: "riscv64",
	elf.EM_S390: "s390x", elf.EM_LOONGARCH: "loong64",
}

var peMachines = map[uint16]string{
	pe.IMAGE_FILE_MACHINE_I386: "386", pe.IMAGE_FILE_MACHINE_AMD64: "amd64", pe.IMAGE_FILE_MACHINE_ARM64: "arm64",
}

var machoCPUs = map[macho.Cpu]string{macho.CpuAmd64: "amd64", macho.CpuArm64: "arm64"}
