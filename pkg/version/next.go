package version

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// The schemes of rolling channels.
const (
	SemVer = "semver"
	CalVer = "calver"
	// CalVerFormat is the one format of calendar versions.
	CalVerFormat = "YYYY.MDD.N"
)

// Options say what the next version depends on.
type Options struct {
	// Kind of the channel. An LTS channel counts in Line, a rolling one by Scheme.
	Kind release.Kind
	// Line that an LTS channel owns.
	Line release.Line
	// Scheme of a rolling channel, SemVer or CalVer; "" is SemVer.
	Scheme string
	// Format of calendar versions, CalVerFormat; "" is the same.
	Format string
	// Released are all versions that the channel gave away, pre-releases and burned ones too, in any order. Those
	// outside the line, or of another scheme, are left out of account.
	Released []release.Version
	// Changes since the last final release.
	Changes []release.Change
	// Pre asks for a pre-release of that name, such as "rc", without a number; "" for a final release.
	Pre string
	// Now is the moment whose day, in UTC, a calendar version takes.
	Now time.Time
}

// Next returns the version of the next release, and why it is that one, in a sentence for people.
func Next(opts Options) (release.Version, string, error) {
	if err := checkPre(opts.Pre); err != nil {
		return release.Version{}, "", err
	}
	c := counter{Options: opts}
	var err error
	switch {
	case opts.Kind == release.LTS && opts.Line.IsZero():
		err = errors.New("an lts channel needs a line to find the next version in")
	case opts.Kind == release.LTS:
		c.keep(opts.Line.Contains)
		c.line()
	case opts.Kind != release.Rolling:
		err = fmt.Errorf("kind %q is neither lts nor rolling", opts.Kind)
	case opts.Scheme == "" || opts.Scheme == SemVer:
		c.keep(opts.counts)
		c.semantic()
	case opts.Scheme == CalVer && (opts.Format == "" || opts.Format == CalVerFormat):
		c.keep(opts.counts)
		err = c.calendar()
	case opts.Scheme == CalVer:
		err = fmt.Errorf("calendar versions of the format %q are not known, there is only %s", opts.Format, CalVerFormat)
	default:
		err = fmt.Errorf("scheme %q is neither %s nor %s", opts.Scheme, SemVer, CalVer)
	}
	if err != nil {
		return release.Version{}, "", err
	}
	v, err := c.finish()
	return v, c.why, err
}

func (o Options) counts(v release.Version) bool { return OfScheme(o.Scheme, v) }

// OfScheme reports whether a version is one of a rolling channel's scheme, SemVer, "" or CalVer. Versions of different
// schemes do not compare.
func OfScheme(scheme string, v release.Version) bool { return isCalendar(v) == (scheme == CalVer) }

var preName = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)

// afterthoughts are names for versions that are meant to come after their base, where a pre-release never stands.
var afterthoughts = regexp.MustCompile(`^(hot-?)?(fix|patch)|^(post|sp|ga|final|release|sr|rev)$`)

func checkPre(pre string) error {
	switch {
	case pre == "":
		return nil
	case afterthoughts.MatchString(pre):
		return &PreError{Pre: pre, why: "a pre-release sorts below the version that it belongs to",
			hint: "leave out --pre: the next patch version is the place for a fix"}
	case strings.ContainsAny(pre, "0123456789"):
		name := strings.Trim(strings.TrimRight(pre, "0123456789"), ".-")
		if !preName.MatchString(name) {
			name = "rc"
		}
		return &PreError{Pre: pre, why: "the number is counted by relctl", hint: "write --pre " + name}
	case !preName.MatchString(pre) || len(pre) > 20:
		return &PreError{Pre: pre, why: "it takes lower-case letters, at most 20", hint: "write --pre rc"}
	}
	return nil
}

// PreError is a name that no pre-release can have.
type PreError struct {
	// Pre is the name that was asked for.
	Pre  string
	why  string
	hint string
}

func (e *PreError) Error() string {
	return fmt.Sprintf("pre-release %.40q is refused: %s", e.Pre, e.why)
}

// Hint says what to ask for instead.
func (e *PreError) Hint() string { return e.hint }
