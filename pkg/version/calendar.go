package version

import (
	"errors"
	"fmt"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// isCalendar reports whether v has the form YYYY.MDD.N of a day of the calendar. A semantic version does not reach such
// numbers by counting.
func isCalendar(v release.Version) bool {
	if v.Major() < 2000 || v.Major() > 9999 || v.Minor() > 1231 {
		return false
	}
	month, day := v.Minor()/100, v.Minor()%100
	t := time.Date(int(v.Major()), time.Month(month), int(day), 0, 0, 0, 0, time.UTC)   //nolint:gosec // both are bounded above
	return month > 0 && uint64(t.Month()) == month && day > 0 && uint64(t.Day()) == day //nolint:gosec // from 1
}

// calendar chooses the next version by the day in UTC. It never falls: while the clock stands before the last release's
// day, the counter of that day goes on.
func (c *counter) calendar() error {
	now := c.Now.UTC()
	if now.Year() < 2000 || now.Year() > 9999 {
		return errors.New("the clock tells no year from 2000 to 9999, so there is no calendar version")
	}
	y, m, d := now.Date()
	today := base{uint64(y), uint64(m)*100 + uint64(d), 1} //nolint:gosec // bounded above
	latest := baseOf(c.top)
	reached := base{latest.major, latest.minor, 1}
	day := now.Format(time.DateOnly)
	switch {
	case c.top.IsZero() || reached.compare(today) < 0:
		c.next = today
		c.why = fmt.Sprintf("%s is the first release of %s (UTC)", c.next, day)
	case c.top.Prerelease() != "":
		c.next = latest
		c.why = fmt.Sprintf("%s follows its pre-release %s of that day", c.next, c.top)
	default:
		c.next = base{latest.major, latest.minor, latest.patch + 1}
		c.why = fmt.Sprintf("%s comes after %s of the same day", c.next, c.top)
	}
	if reached.compare(today) > 0 {
		c.why += fmt.Sprintf("; the clock says %s, which is before it", day)
	}
	return nil
}
