package channel

import (
	"fmt"
	"time"

	// Freeze windows must mean the same on machines and in containers that have no time zone database.
	_ "time/tzdata"

	"github.com/relctl/relctl/pkg/release"
)

// Duration is a time span as channel files write it: "90s", "30m", "72h". The zero Duration means that none is given.
type Duration time.Duration

// Duration returns d as the standard library's type.
func (d Duration) Duration() time.Duration { return time.Duration(d) }

// String returns d in its shortest form, "72h" and not "72h0m0s", or "" if it is zero.
func (d Duration) String() string {
	if d == 0 {
		return ""
	}
	return release.Span(time.Duration(d))
}

// MarshalText returns d's string.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText parses whole hours, minutes and seconds such as "1h30m", more than zero and at most ten years.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	const tenYears = 10 * 366 * 24 * time.Hour
	switch {
	case err != nil || v%time.Second != 0:
		return fmt.Errorf("%.40q is not a duration such as 30m or 72h", text)
	case v <= 0:
		return fmt.Errorf("duration %q is not more than zero", text)
	case v > tenYears:
		return fmt.Errorf("duration %q is longer than ten years", text)
	}
	*d = Duration(v)
	return nil
}

// Date is a day of the calendar, "2027-03-01". The zero Date means that none is given.
type Date struct{ day time.Time } // midnight in UTC

// ParseDate parses a day of the form "2027-03-01".
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 2000 {
		return Date{}, fmt.Errorf("%.40q is not a day such as 2027-03-01", s)
	}
	return Date{t}, nil
}

// IsZero reports whether no day is given.
func (d Date) IsZero() bool { return d.day.IsZero() }

// String returns the day as "2027-03-01", or "" if none is given.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.day.Format(time.DateOnly)
}

// Compare returns -1, 0 or 1 as d lies before, on or after o.
func (d Date) Compare(o Date) int { return d.day.Compare(o.day) }

// In returns the moment at which the day begins in loc.
func (d Date) In(loc *time.Location) time.Time {
	y, m, day := d.day.Date()
	return time.Date(y, m, day, 0, 0, 0, 0, loc)
}

// MarshalText returns the day's string.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText parses a day.
func (d *Date) UnmarshalText(text []byte) error {
	p, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = p
	return nil
}

// Window returns the moment at which the freeze begins and the first moment after it: both of its days are frozen from
// midnight to midnight in its time zone. A freeze of weekdays has no such window.
func (f Freeze) Window() (from, until time.Time, err error) {
	if f.From.IsZero() {
		return from, until, fmt.Errorf("freeze %s has no first day", f.Name)
	}
	loc, err := time.LoadLocation(f.Timezone)
	if err != nil {
		return from, until, fmt.Errorf("freeze %s: %w", f.Name, err)
	}
	return f.From.In(loc), Date{f.To.day.AddDate(0, 0, 1)}.In(loc), nil
}

// location loads an IANA time zone. "Local" is refused: it means another zone on every machine.
func location(name string) error {
	if _, err := time.LoadLocation(name); err != nil || name == "" || name == "Local" {
		return fmt.Errorf("%.60q is not a time zone of the IANA database, such as Europe/Berlin or UTC", name)
	}
	return nil
}
