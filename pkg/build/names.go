package build

import (
	"path"
	"regexp"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// suffixes tell what a file is by the end of its name, the first that fits.
var suffixes = []struct {
	end   string
	kind  Kind
	media string
}{
	{".pkg.tar.zst", KindPackage, "application/zstd"},
	{".tar.gz", KindArchive, release.MediaTypeGzip},
	{".tgz", KindArchive, release.MediaTypeGzip},
	{".tar.xz", KindArchive, "application/x-xz"},
	{".txz", KindArchive, "application/x-xz"},
	{".tar.bz2", KindArchive, "application/x-bzip2"},
	{".tar.zst", KindArchive, "application/zstd"},
	{".tar", KindArchive, "application/x-tar"},
	{".zip", KindArchive, release.MediaTypeZip},
	{".gz", KindFile, release.MediaTypeGzip},
	{".deb", KindPackage, release.MediaTypeDeb},
	{".rpm", KindPackage, release.MediaTypeRPM},
	{".apk", KindPackage, release.MediaTypeBinary},
	{".whl", KindPackage, release.MediaTypeZip},
	{".md", KindFile, release.MediaTypeMarkdown},
	{".txt", KindFile, release.MediaTypeText},
	{".json", KindFile, release.MediaTypeJSON},
	{".yaml", KindFile, "application/yaml"},
	{".yml", KindFile, "application/yaml"},
	{".html", KindFile, "text/html"},
	{".pdf", KindFile, "application/pdf"},
}

// mediaType of a file, as of RFC 6838. What is not known better is bytes.
func mediaType(name string, kind Kind) string {
	if kind != KindBinary {
		for _, s := range suffixes {
			if strings.HasSuffix(strings.ToLower(name), s.end) {
				return s.media
			}
		}
	}
	return release.MediaTypeBinary
}

// kindByName is what a file that is no program is.
func kindByName(name string) Kind {
	for _, s := range suffixes {
		if strings.HasSuffix(strings.ToLower(name), s.end) {
			return s.kind
		}
	}
	return KindFile
}

// architectures are the words of package formats for platforms.
var architectures = map[string]string{
	"amd64": "linux/amd64", "x86_64": "linux/amd64", "arm64": "linux/arm64", "aarch64": "linux/arm64",
	"i386": "linux/386", "i686": "linux/386", "armhf": "linux/arm/v7", "armv7hl": "linux/arm/v7", "armel": "linux/arm/v5",
	"ppc64el": "linux/ppc64le", "ppc64le": "linux/ppc64le", "riscv64": "linux/riscv64", "s390x": "linux/s390x",
}

var packageArch = regexp.MustCompile(`[._-]([a-z0-9]+(?:_64)?)\.(?:deb|rpm|apk)$`)

// packagePlatform reads the platform off the name of a Linux package, which by custom ends in it.
func packagePlatform(name string) string {
	m := packageArch.FindStringSubmatch(strings.ToLower(path.Base(name)))
	if m == nil {
		return ""
	}
	return architectures[m[1]]
}

// binaryName is a program's name without extension, platform and version: "acmed" for acmed_2.4.7_linux_amd64.
func binaryName(file, platform, version string) string {
	name := strings.TrimSuffix(path.Base(file), ".exe")
	if platform != "" {
		words := strings.Split(platform, "/")
		pattern := `[-_.]` + regexp.QuoteMeta(words[0]) + `[-_.]?` + regexp.QuoteMeta(words[1])
		if len(words) > 2 {
			pattern += `([-_.]?` + regexp.QuoteMeta(words[2]) + `)?`
		}
		name = trim(name, pattern)
	}
	return trim(name, `[-_.]v?`+regexp.QuoteMeta(version))
}

// trim removes the end of a name that matches, unless nothing would be left.
func trim(name, pattern string) string {
	if at := regexp.MustCompile(pattern + "$").FindStringIndex(name); at != nil && at[0] > 0 {
		return name[:at[0]]
	}
	return name
}
