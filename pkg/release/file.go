package release

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Media types of the files that relctl itself makes.
const (
	MediaTypeBinary     = "application/octet-stream"
	MediaTypeCycloneDX  = "application/vnd.cyclonedx+json"
	MediaTypeProvenance = "application/vnd.in-toto+json"
	MediaTypeMarkdown   = "text/markdown"
	MediaTypeText       = "text/plain"
	MediaTypeJSON       = "application/json"
	MediaTypeGzip       = "application/gzip"
	MediaTypeZip        = "application/zip"
	MediaTypeDeb        = "application/vnd.debian.binary-package"
	MediaTypeRPM        = "application/x-rpm"
	MediaTypeFacts      = "application/vnd.relctl.facts.v1+json"
)

// Groups are the top-level folders of a release, in the order in which a bundle carries them. SHA256SUMS and VERIFY.md
// stand before them at the top.
var Groups = []string{"artifacts", "images", "sbom", "provenance", "changelog", "docs"}

// Names of the files at the top of a release.
const (
	ManifestName = "release.json"
	SumsName     = "SHA256SUMS"
	VerifyName   = "VERIFY.md"
)

// File is one file of a release.
type File struct {
	// Path is relative to the release, with slashes: "artifacts/acme_2.4.7_linux_amd64.tar.gz".
	Path string `json:"path"`
	// MediaType as of RFC 6838.
	MediaType string `json:"media_type"`
	// Platform is "os/arch" such as "linux/arm64", or empty for files that fit every platform.
	Platform string `json:"platform,omitempty"`
	// Mode is the permission in octal, "0644" or "0755".
	Mode string `json:"mode"`
	// Size in bytes.
	Size int64 `json:"size"`
	// SHA256 in lower-case hex, 64 digits.
	SHA256 string `json:"sha256"`
}

// Digest returns "sha256:<hex>" of data.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// CheckDigest reports whether s has the form "sha256:<64 lower-case hex digits>".
func CheckDigest(s string) error {
	hexa, ok := strings.CutPrefix(s, "sha256:")
	if !ok || !isHex(hexa, 64) {
		return fmt.Errorf("%q is not a digest of the form sha256:<64 hex digits>", s)
	}
	return nil
}

// isHex reports whether s is n lower-case hexadecimal digits.
func isHex(s string, n int) bool {
	if len(s) != n {
		return false
	}
	return strings.Trim(s, "0123456789abcdef") == ""
}
