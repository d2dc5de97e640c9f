package release

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// Version is a strict semantic version without leading "v" and without build metadata. The zero Version means "none"
// and sorts before every other. Build metadata is refused because two builds of one version would compare equal, and
// "+" is illegal in OCI tags and Kubernetes labels. Pre-releases need dotted numbers ("rc.2"): "rc10" sorts before
// "rc2".
type Version struct {
	v semver.Version
	s string
}

var undotted = regexp.MustCompile(`^[A-Za-z-]*[A-Za-z][0-9]+$`)

// ParseVersion parses s, at most 128 bytes long.
func ParseVersion(s string) (Version, error) {
	if len(s) > 128 {
		return Version{}, fmt.Errorf("version is %d bytes long, at most 128 are allowed", len(s))
	}
	v, err := semver.StrictNewVersion(s)
	if err != nil {
		return Version{}, fmt.Errorf("%q is not a semantic version such as 2.4.7 or 2.5.0-rc.1", s)
	}
	if v.Metadata() != "" {
		return Version{}, fmt.Errorf("version %q carries build metadata, which does not tell releases apart; use a pre-release or bump the patch", s)
	}
	if pre := v.Prerelease(); pre != "" {
		for id := range strings.SplitSeq(pre, ".") {
			if undotted.MatchString(id) {
				digits := strings.TrimLeft(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-")
				return Version{}, fmt.Errorf("pre-release %q does not sort by number; write %q", id, strings.TrimSuffix(id, digits)+"."+digits)
			}
		}
	}
	return Version{v: *v, s: v.String()}, nil
}

// MustVersion parses s and panics if it is not a version; for constants in tests and examples.
func MustVersion(s string) Version {
	v, err := ParseVersion(s)
	if err != nil {
		panic(err)
	}
	return v
}

// NewVersion returns major.minor.patch, with pre as its pre-release if pre is not empty.
func NewVersion(major, minor, patch uint64, pre string) (Version, error) {
	s := fmt.Sprintf("%d.%d.%d", major, minor, patch)
	if pre != "" {
		s += "-" + pre
	}
	return ParseVersion(s)
}

// String returns the version as it was written, or "" for the zero Version.
func (v Version) String() string { return v.s }

// IsZero reports whether v is the zero Version.
func (v Version) IsZero() bool { return v.s == "" }

// Major returns the first number.
func (v Version) Major() uint64 { return v.v.Major() }

// Minor returns the second number.
func (v Version) Minor() uint64 { return v.v.Minor() }

// Patch returns the third number.
func (v Version) Patch() uint64 { return v.v.Patch() }

// Prerelease returns what follows the hyphen, such as "rc.1", or "".
func (v Version) Prerelease() string { return v.v.Prerelease() }

// Compare returns -1, 0 or 1 by semantic version precedence.
func (v Version) Compare(o Version) int {
	switch {
	case v.IsZero() && o.IsZero():
		return 0
	case v.IsZero():
		return -1
	case o.IsZero():
		return 1
	}
	return v.v.Compare(&o.v)
}

// MarshalText returns the version's string.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.s), nil }

// UnmarshalText parses a version; empty text is the zero Version.
func (v *Version) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*v = Version{}
		return nil
	}
	p, err := ParseVersion(string(text))
	if err != nil {
		return err
	}
	*v = p
	return nil
}

// Line is the version range that an LTS channel owns: "2" is 2.x.y, "2.4" is 2.4.y. The zero Line owns nothing.
type Line struct {
	major, minor uint64
	parts        int
}

// ParseLine parses "2" or "2.4".
func ParseLine(s string) (Line, error) {
	parts := strings.Split(s, ".")
	if len(parts) > 2 {
		return Line{}, fmt.Errorf("line %q has %d numbers; write a line such as \"2\" or \"2.4\"", s, len(parts))
	}
	l := Line{parts: len(parts)}
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 32)
		if err != nil || strconv.FormatUint(n, 10) != p {
			return Line{}, fmt.Errorf("line %q is not of the form \"2\" or \"2.4\"", s)
		}
		if i == 0 {
			l.major = n
		} else {
			l.minor = n
		}
	}
	return l, nil
}

// String returns "2" or "2.4", or "" for the zero Line.
func (l Line) String() string {
	switch l.parts {
	case 0:
		return ""
	case 1:
		return strconv.FormatUint(l.major, 10)
	}
	return fmt.Sprintf("%d.%d", l.major, l.minor)
}

// IsZero reports whether l is the zero Line.
func (l Line) IsZero() bool { return l.parts == 0 }

// Contains reports whether v, pre-releases included, belongs to the line.
func (l Line) Contains(v Version) bool {
	if l.parts == 0 || v.IsZero() || v.Major() != l.major {
		return false
	}
	return l.parts == 1 || v.Minor() == l.minor
}

// First returns the lowest final version of the line: 2.0.0 of "2", 2.4.0 of "2.4".
func (l Line) First() Version {
	v, err := NewVersion(l.major, l.minor, 0, "")
	if err != nil {
		panic(err) // three numbers always form a version
	}
	return v
}

// MarshalText returns the line's string.
func (l Line) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText parses a line; empty text is the zero Line.
func (l *Line) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*l = Line{}
		return nil
	}
	p, err := ParseLine(string(text))
	if err != nil {
		return err
	}
	*l = p
	return nil
}
