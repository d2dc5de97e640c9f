package build

import (
	"context"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// Command builds with any command, and takes every regular file that it leaves in a folder. It is for products that
// goreleaser cannot build.
type Command struct {
	// Argv is run from the root of the scratch checkout: its scripts are those of the release's commit.
	Argv []string
	// Output is the folder that holds the result, relative to the checkout.
	Output string
}

// Pins returns the command's words, and the Go toolchain if there is one.
func (c Command) Pins(ctx context.Context) ([]release.Pin, error) {
	pins := []release.Pin{{Name: "command", Value: strings.Join(c.Argv, " ")}}
	gopin, err := goPin(ctx)
	return append(pins, gopin...), err
}

// Describe says in words what would be built.
func (c Command) Describe(_ context.Context, tree fs.FS) []string {
	lines := []string{fmt.Sprintf("%s, taking what it leaves in %s/", strings.Join(c.Argv, " "), c.Output)}
	if name, ok := strings.CutPrefix(c.Argv[0], "./"); ok {
		if _, err := fs.Stat(tree, name); err != nil {
			lines = append(lines, fmt.Sprintf("%s does not exist at this commit", name))
		}
	}
	return lines
}

// Build runs the command.
func (c Command) Build(ctx context.Context, req Request) ([]Artifact, error) {
	src, err := checkout(ctx, req)
	if err != nil {
		return nil, err
	}
	out := filepath.Join(src, filepath.FromSlash(c.Output))
	if err := os.RemoveAll(out); err != nil { // a commit may carry such a folder; only the build's files count
		return nil, err
	}
	if err := run(ctx, req, src, environment(req, "RELCTL_OUTPUT="+out), c.Argv...); err != nil {
		return nil, err
	}
	var list []Artifact
	err = filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(out, path)
		if err != nil {
			return err
		}
		a, err := describe(path, req.Out, filepath.ToSlash(rel))
		list = append(list, a)
		return err
	})
	if err == nil && len(list) == 0 || os.IsNotExist(err) {
		err = fmt.Errorf("%s left no file in %s", c.Argv[0], c.Output)
	}
	sortArtifacts(list)
	return list, err
}

// describe takes one file, and finds out by its content whether it is a program and for what.
func describe(path, out, name string) (Artifact, error) {
	f, local, err := take(path, out, name)
	if err != nil {
		return Artifact{}, err
	}
	a := Artifact{File: f, Kind: kindOf(name), Shipped: true, Local: local}
	if platform := executable(path); platform != "" {
		a.Kind, a.Platform, a.MediaType = KindBinary, platform, release.MediaTypeBinary
		a.Binary = program(filepath.Base(name), platform)
	}
	return a, nil
}

// program takes the platform and ".exe" off a file's name: "acmed_linux_amd64" is the program acmed.
func program(base, platform string) string {
	base = strings.TrimSuffix(base, ".exe")
	for _, sep := range []string{"_", "-"} {
		base = strings.TrimSuffix(base, sep+strings.ReplaceAll(platform, "/", sep))
	}
	return base
}

// executable returns the platform of an ELF, PE or Mach-O program, or "".
func executable(path string) string {
	if f, err := elf.Open(path); err == nil {
		defer func() { _ = f.Close() }()
		if f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
			return ""
		}
		goos := map[elf.OSABI]string{elf.ELFOSABI_FREEBSD: "freebsd", elf.ELFOSABI_NETBSD: "netbsd", elf.ELFOSABI_OPENBSD: "openbsd"}[f.OSABI]
		if goos == "" {
			goos = "linux"
		}
		arch := map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64", elf.EM_386: "386", elf.EM_ARM: "arm", elf.EM_RISCV: "riscv64", elf.EM_PPC64: "ppc64le", elf.EM_S390: "s390x"}[f.Machine]
		return platform(goos, arch)
	}
	if f, err := pe.Open(path); err == nil {
		defer func() { _ = f.Close() }()
		return platform("windows", map[uint16]string{pe.IMAGE_FILE_MACHINE_AMD64: "amd64", pe.IMAGE_FILE_MACHINE_ARM64: "arm64", pe.IMAGE_FILE_MACHINE_I386: "386"}[f.Machine])
	}
	if f, err := macho.Open(path); err == nil {
		defer func() { _ = f.Close() }()
		return platform("darwin", map[macho.Cpu]string{macho.CpuAmd64: "amd64", macho.CpuArm64: "arm64"}[f.Cpu])
	}
	return ""
}

func platform(goos, arch string) string {
	if arch == "" {
		arch = "unknown"
	}
	return goos + "/" + arch
}
