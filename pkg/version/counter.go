package version

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// base is a version without pre-release.
type base struct{ major, minor, patch uint64 }

func baseOf(v release.Version) base { return base{v.Major(), v.Minor(), v.Patch()} }

func (b base) compare(o base) int {
	for _, p := range [][2]uint64{{b.major, o.major}, {b.minor, o.minor}, {b.patch, o.patch}} {
		switch {
		case p[0] < p[1]:
			return -1
		case p[0] > p[1]:
			return 1
		}
	}
	return 0
}

func (b base) String() string { return fmt.Sprintf("%d.%d.%d", b.major, b.minor, b.patch) }

// counter finds the next version: first the base, then its pre-release.
type counter struct {
	Options
	// last is the highest final version, top the highest of all.
	last, top release.Version
	next      base
	why       string
}

// keep leaves out of account what is not of the line or scheme.
func (c *counter) keep(ours func(release.Version) bool) {
	var kept []release.Version
	for _, v := range c.Released {
		if v.IsZero() || !ours(v) {
			continue
		}
		kept = append(kept, v)
		if v.Compare(c.top) > 0 {
			c.top = v
		}
		if v.Prerelease() == "" && v.Compare(c.last) > 0 {
			c.last = v
		}
	}
	c.Released = kept
}

// line chooses the next version of an LTS line.
func (c *counter) line() {
	whole := strings.Contains(c.Line.String(), ".") // "2.4", where only the patch moves
	feats, breaking := c.count()
	c.next = baseOf(c.last)
	switch {
	case c.last.IsZero():
		c.next = baseOf(c.Line.First())
		c.why = fmt.Sprintf("%s is the first release of line %s", c.next, c.Line)
	case whole:
		c.next.patch++
		c.why = fmt.Sprintf("%s is the next patch after %s: in line %s only the patch number moves", c.next, c.last, c.Line)
	case feats > 0 || breaking > 0:
		c.next = base{c.next.major, c.next.minor + 1, 0}
		c.why = fmt.Sprintf("%s is the next minor version after %s, because of %s", c.next, c.last, reasons(feats, breaking))
	default:
		c.next.patch++
		c.why = fmt.Sprintf("%s is the next patch after %s: no change is a feature", c.next, c.last)
	}
	if breaking > 0 && !c.last.IsZero() {
		c.why += fmt.Sprintf("; line %s has no version that could announce %s", c.Line, many(breaking, "breaking change"))
	}
}

// semantic chooses the next version of a rolling channel by its changes.
func (c *counter) semantic() {
	feats, breaking := c.count()
	c.next = baseOf(c.last)
	switch {
	case c.last.IsZero():
		c.next = base{0, 1, 0}
		c.why = "0.1.0 is the channel's first release"
	case breaking > 0 && c.next.major > 0:
		c.next = base{c.next.major + 1, 0, 0}
		c.why = fmt.Sprintf("%s is the next major version after %s, because of %s", c.next, c.last, reasons(0, breaking))
	case feats > 0 || breaking > 0:
		c.next = base{c.next.major, c.next.minor + 1, 0}
		c.why = fmt.Sprintf("%s is the next minor version after %s, because of %s", c.next, c.last, reasons(feats, breaking))
	default:
		c.next.patch++
		c.why = fmt.Sprintf("%s is the next patch after %s: no change is a feature or breaks anything", c.next, c.last)
	}
}

// count returns how many changes are features, and how many break something.
func (c *counter) count() (feats, breaking int) {
	for _, ch := range c.Changes {
		if ch.Breaking {
			breaking++
		} else if ch.Type == "feat" {
			feats++
		}
	}
	return feats, breaking
}

func reasons(feats, breaking int) string {
	switch {
	case feats == 0:
		return many(breaking, "breaking change")
	case breaking == 0:
		return many(feats, "feature")
	}
	return many(feats, "feature") + " and " + many(breaking, "breaking change")
}

func many(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// finish adds the pre-release, and holds the version against all that were released.
func (c *counter) finish() (release.Version, error) {
	if !c.top.IsZero() && baseOf(c.top).compare(c.next) > 0 {
		// Only a pre-release can be above what comes after the last final one.
		c.next = baseOf(c.top)
		c.why = fmt.Sprintf("%s, because %s is out already", c.next, c.top)
	}
	pre := ""
	if c.Pre != "" {
		n := c.lastPre() + 1
		pre = fmt.Sprintf("%s.%d", c.Pre, n)
		c.why = fmt.Sprintf("%s %d of %s; %s", c.Pre, n, c.next, c.why)
	}
	v, err := release.NewVersion(c.next.major, c.next.minor, c.next.patch, pre)
	if err != nil {
		return release.Version{}, fmt.Errorf("next version: %w", err)
	}
	switch {
	case v.Compare(c.top) > 0 && (c.Kind != release.LTS || c.Line.Contains(v)):
		return v, nil
	case c.Pre != "" && baseOf(c.top) == c.next:
		return release.Version{}, &PreError{Pre: c.Pre, why: fmt.Sprintf("%s would sort below %s, which is out", v, c.top),
			hint: "go on with the pre-releases that there are, or leave out --pre for the final release"}
	}
	return release.Version{}, fmt.Errorf("no version comes after %s", c.top)
}

// lastPre is the highest number of the asked pre-releases of the next version, or 0.
func (c *counter) lastPre() uint64 {
	var last uint64
	for _, v := range c.Released {
		ids := strings.Split(v.Prerelease(), ".")
		if baseOf(v) != c.next || len(ids) < 2 || ids[0] != c.Pre {
			continue
		}
		if n, err := strconv.ParseUint(ids[1], 10, 64); err == nil {
			last = max(last, n)
		}
	}
	return last
}
