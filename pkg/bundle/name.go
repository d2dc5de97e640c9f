package bundle

import (
	"regexp"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// Limits of a bundle.
const (
	MaxSignatures     = 16
	MaxSignatureBytes = 1 << 20
	MaxTrustFiles     = 256
	MaxTrustBytes     = 4 << 20
)

var (
	signatureName = regexp.MustCompile(`^release\.json\.[0-9a-f]{64}\.sigstore\.json$`)
	trustName     = regexp.MustCompile(`^trust/(channels/)?[a-z0-9][a-z0-9._-]{0,100}\.json$`)
)

// IsSignature reports whether a name is that of a signature over release.json.
func IsSignature(name string) bool { return signatureName.MatchString(name) }

// IsEnvelope reports whether a name belongs to the envelope, which release.json does not list.
func IsEnvelope(name string) bool {
	return name == release.ManifestName || IsSignature(name) || strings.HasPrefix(name, "trust/")
}

// rank is the place of a name's group in the order of a bundle, -1 if no group has it.
func rank(name string) int {
	switch {
	case name == release.ManifestName:
		return 0
	case IsSignature(name):
		return 1
	case trustName.MatchString(name):
		return 2
	case name == release.SumsName || name == release.VerifyName:
		return 3
	}
	group, _, ok := strings.Cut(name, "/")
	if i := slices.Index(release.Groups, group); ok && i >= 0 {
		return 4 + i
	}
	return -1
}

// compare orders names as a bundle does.
func compare(a, b string) int {
	if ra, rb := rank(a), rank(b); ra != rb {
		return ra - rb
	}
	return strings.Compare(a, b)
}

// checkName refuses names that no bundle may carry.
func checkName(name string) error {
	switch r := rank(name); {
	case r >= 0 && r <= 2:
		return nil // closed sets
	default:
		return release.CheckPath(name) // says what is wrong with the others, those of no group too
	}
}

// limit is the largest size of an entry.
func limit(name string) int64 {
	switch rank(name) {
	case 0:
		return release.MaxManifestBytes
	case 1:
		return MaxSignatureBytes
	case 2:
		return MaxTrustBytes
	}
	return release.MaxFileBytes
}
