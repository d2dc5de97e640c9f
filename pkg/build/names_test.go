package build

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/relctl/relctl/pkg/release"
)

func TestThePlatformAndVersionAreNoPartOfAProgramsName(t *testing.T) {
	for _, c := range []struct{ file, platform, want string }{
		{"acmed", "linux/amd64", "acmed"},
		{"bin/acmed_linux_amd64", "linux/amd64", "acmed"},
		{"acmed-linux-amd64", "linux/amd64", "acmed"},
		{"acmed.linux.amd64", "linux/amd64", "acmed"},
		{"acmed_2.4.7_windows_arm64.exe", "windows/arm64", "acmed"},
		{"acmed-v2.4.7-linux-armv7", "linux/arm/v7", "acmed"},
		{"acmed_linux_amd64", "darwin/arm64", "acmed_linux_amd64"},
		{"acmed-2.4.7", "", "acmed"},
		{"acmed-2x4.7", "", "acmed-2x4.7"},
		{"_linux_amd64", "linux/amd64", "_linux_amd64"},
		{"acme-2", "linux/amd64", "acme-2"},
	} {
		if got := binaryName(c.file, c.platform, "2.4.7"); got != c.want {
			t.Errorf("%s for %s is %q, want %q", c.file, c.platform, got, c.want)
		}
	}
}

func TestFilesAreKnownByTheirNames(t *testing.T) {
	for _, c := range []struct {
		name     string
		kind     Kind
		media    string
		platform string
	}{
		{"a.tar.gz", KindArchive, release.MediaTypeGzip, ""},
		{"a.TGZ", KindArchive, release.MediaTypeGzip, ""},
		{"a.zip", KindArchive, release.MediaTypeZip, ""},
		{"acme_2.4.7_amd64.deb", KindPackage, release.MediaTypeDeb, "linux/amd64"},
		{"acme-2.4.7-1.x86_64.rpm", KindPackage, release.MediaTypeRPM, "linux/amd64"},
		{"acme-2.4.7-1.noarch.rpm", KindPackage, release.MediaTypeRPM, ""},
		{"acme_2.4.7_all.deb", KindPackage, release.MediaTypeDeb, ""},
		{"acme-2.4.7-1.aarch64.rpm", KindPackage, release.MediaTypeRPM, "linux/arm64"},
		{"acme-2.4.7-1-x86_64.pkg.tar.zst", KindPackage, "application/zstd", ""},
		{"README.md", KindFile, release.MediaTypeMarkdown, ""},
		{"values.yaml", KindFile, "application/yaml", ""},
		{"LICENSE", KindFile, release.MediaTypeBinary, ""},
	} {
		if k, m, p := kindByName(c.name), mediaType(c.name, kindByName(c.name)), packagePlatform(c.name); k != c.kind || m != c.media || p != c.platform {
			t.Errorf("%s is %s, %s, %q", c.name, k, m, p)
		}
	}
	if m := mediaType("acmed.zip", KindBinary); m != release.MediaTypeBinary {
		t.Errorf("a program of an odd name is %s", m)
	}
}

func TestPlatformsAreWrittenAsRegistriesDo(t *testing.T) {
	for _, c := range [][4]string{
		{"linux", "amd64", "v1", "linux/amd64"}, {"linux", "amd64", "v3", "linux/amd64/v3"}, {"linux", "amd64", "", "linux/amd64"},
		{"linux", "arm", "7", "linux/arm/v7"}, {"linux", "arm", "6,softfloat", "linux/arm/v6"}, {"linux", "arm64", "v8.0", "linux/arm64"},
		{"darwin", "all", "", "darwin/all"}, {"windows", "386", "sse2", "windows/386"}, {"", "amd64", "v1", ""}, {"linux", "", "", ""},
	} {
		if got := platform(c[0], c[1], c[2]); got != c[3] {
			t.Errorf("platform(%q, %q, %q) = %q, want %q", c[0], c[1], c[2], got, c[3])
		}
	}
}

// A file that begins like a program but is none must neither be one nor stop the build.
func FuzzExecutable(f *testing.F) {
	for _, s := range []string{"", "\x7fELF", "MZ", "\xca\xfe\xba\xbe\x00\x00\x00\x01", "\xcf\xfa\xed\xfe", "#!/bin/sh\n"} {
		f.Add([]byte(s))
	}
	file := filepath.Join(f.TempDir(), "file")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if p, is := executable(file); p != "" && !is {
			t.Errorf("a platform (%s) for what is no program", p)
		}
		if looksExecutable(data) && len(data) < 2 {
			t.Error("a file of a byte looks like a program")
		}
	})
}
