package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	// Freeze windows must mean the same on machines and in containers that have no time zone database.
	_ "time/tzdata"

	"github.com/relctl/relctl/pkg/release"
)

// Window is a time in which nothing is promoted: either whole days, From to To, or hours of weekdays, every week, or
// from one moment to another, as a person who declares a freeze gives them.
type Window struct {
	Name string `json:"name"`
	// From and To are the first and the last frozen day, such as 2026-12-20.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Weekdays are "mon" to "sun": the days on which the hours begin.
	Weekdays []string `json:"weekdays,omitempty"`
	// Start and End are the hours, such as 18:00; an end that is not after the start lies on the next day. Without both
	// the whole day is frozen.
	Start string `json:"start,omitempty"`
	End   string `json:"end,omitempty"`
	// Timezone is the IANA name of the zone of days and hours. Default is UTC.
	Timezone string `json:"timezone,omitempty"`
	// Since and Until are moments; without Until the freeze ends only when somebody ends it.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// calendar is a window that was understood.
type calendar struct {
	name string
	loc  *time.Location
	once *span
	// For weekly windows: the days, and the hours as minutes since midnight.
	days       map[time.Weekday]bool
	start, end int
}

var weekdays = map[string]time.Weekday{
	"sun": time.Sunday, "mon": time.Monday, "tue": time.Tuesday, "wed": time.Wednesday,
	"thu": time.Thursday, "fri": time.Friday, "sat": time.Saturday,
}

// Check reports what is wrong with the window.
func (w Window) Check() error {
	_, err := w.parse()
	return err
}

func (w Window) parse() (calendar, error) {
	c := calendar{name: w.Name}
	var err error
	days, weekly, moments := w.From != "" || w.To != "", len(w.Weekdays) > 0, !w.Since.IsZero() || !w.Until.IsZero()
	switch {
	case btoi(days)+btoi(weekly)+btoi(moments) != 1:
		err = errors.New("it needs either from and to, or weekdays, or since")
	case w.Timezone == "Local":
		err = errors.New("the time zone Local is another one on every machine")
	case !weekly && (w.Start != "" || w.End != ""):
		err = errors.New("start and end are hours of weekdays, and there are none")
	default:
		if c.loc, err = time.LoadLocation(w.Timezone); err != nil {
			break
		}
		switch {
		case days:
			c.once, err = w.wholeDays(c.loc)
		case moments:
			c.once, err = w.moments()
		default:
			err = w.weekly(&c)
		}
	}
	if err != nil {
		return calendar{}, fmt.Errorf("freeze %s: %w", w.Name, err)
	}
	return c, nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (w Window) wholeDays(loc *time.Location) (*span, error) {
	from, err := time.Parse(time.DateOnly, w.From)
	if err != nil {
		return nil, fmt.Errorf("from is %q, not a day such as 2026-12-20", w.From)
	}
	to, err := time.Parse(time.DateOnly, w.To)
	if err != nil {
		return nil, fmt.Errorf("to is %q, not a day such as 2026-12-20", w.To)
	}
	if to.Before(from) {
		return nil, fmt.Errorf("it ends on %s, before it begins on %s", w.To, w.From)
	}
	return &span{wall(loc, from, 0, false), wall(loc, to.AddDate(0, 0, 1), 0, true)}, nil
}

func (w Window) moments() (*span, error) {
	switch {
	case w.Since.IsZero():
		return nil, errors.New("until needs since")
	case !w.Until.IsZero() && !w.Until.After(w.Since):
		return nil, errors.New("it ends before it begins")
	}
	return &span{w.Since, w.Until}, nil
}

func (w Window) weekly(c *calendar) error {
	c.days = map[time.Weekday]bool{}
	for _, name := range w.Weekdays {
		day, ok := weekdays[name]
		if !ok {
			return fmt.Errorf("%q is not a weekday such as mon", name)
		}
		c.days[day] = true
	}
	if w.Start == "" && w.End == "" {
		c.end = 24 * 60
		return nil
	}
	var err error
	if c.start, err = minutes(w.Start); err != nil {
		return err
	}
	if c.start == 24*60 {
		return errors.New("a day cannot begin at its end, 24:00")
	}
	if c.end, err = minutes(w.End); err != nil {
		return err
	}
	if c.end <= c.start {
		c.end += 24 * 60
	}
	return nil
}

// minutes reads "18:30"; "24:00" is the end of the day.
func minutes(s string) (int, error) {
	if s == "24:00" {
		return 24 * 60, nil
	}
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != 5 {
		return 0, fmt.Errorf("%q is not a time of day such as 18:00", s)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// wall returns the moment at which clocks in loc show the given minute of a day. Where clocks are set forward and skip
// it, that is when they are set; where they are set back and show it twice, it is the first time, or the last.
func wall(loc *time.Location, day time.Time, minute int, last bool) time.Time {
	utc := time.Date(day.Year(), day.Month(), day.Day(), 0, minute, 0, 0, time.UTC)
	var found []time.Time
	for _, near := range []time.Time{utc.Add(-26 * time.Hour), utc.Add(26 * time.Hour)} {
		_, offset := near.In(loc).Zone()
		t := utc.Add(-time.Duration(offset) * time.Second)
		if _, then := t.In(loc).Zone(); then == offset {
			found = append(found, t)
		}
	}
	switch {
	case len(found) == 0: // skipped: the earlier zone ends within the next hours
		_, until := utc.Add(-26 * time.Hour).In(loc).ZoneBounds()
		return until.UTC()
	case last:
		return slices.MaxFunc(found, time.Time.Compare).UTC()
	}
	return slices.MinFunc(found, time.Time.Compare).UTC()
}

// spans returns the window's spans that may hold or follow t, in order.
func (c calendar) spans(t time.Time) []span {
	if c.once != nil {
		return []span{*c.once}
	}
	y, m, d := t.In(c.loc).Date()
	var out []span
	for i := -2; i <= 8; i++ {
		day := time.Date(y, m, d+i, 0, 0, 0, 0, time.UTC)
		if c.days[day.Weekday()] {
			if s := (span{wall(c.loc, day, c.start, false), wall(c.loc, day, c.end, true)}); s.from.Before(s.until) {
				out = append(out, s)
			}
		}
	}
	return out
}

// Freeze is what windows say about a moment.
type Freeze struct {
	// By are the names of the windows that hold the moment; without any nothing is frozen.
	By []string
	// Change is when this ends, or, if nothing is frozen, when the next window begins. It is zero if that is not known
	// or lies more than a year ahead.
	Change time.Time
}

// horizon is how far ahead a change of the freeze is looked for.
const horizon = 366 * 24 * time.Hour

// Frozen returns what windows say about t.
func Frozen(windows []Window, t time.Time) (Freeze, error) {
	var all []calendar
	for _, w := range windows {
		c, err := w.parse()
		if err != nil {
			return Freeze{}, err
		}
		all = append(all, c)
	}
	f := Freeze{By: holders(all, t)}
	if len(f.By) == 0 {
		f.Change = nextStart(all, t)
		return f, nil
	}
	for end := t; end.Sub(t) <= horizon; {
		until, held := end, false
		for _, c := range all {
			for _, s := range c.spans(end) {
				if !s.holds(end) {
					continue
				}
				if s.until.IsZero() {
					return f, nil
				}
				held = true
				if s.until.After(until) {
					until = s.until
				}
			}
		}
		if !held {
			f.Change = end.UTC()
			break
		}
		end = until
	}
	return f, nil
}

// holders returns the names of the windows that hold t.
func holders(all []calendar, t time.Time) []string {
	var names []string
	for _, c := range all {
		if slices.ContainsFunc(c.spans(t), func(s span) bool { return s.holds(t) }) {
			names = append(names, c.name)
		}
	}
	return names
}

// nextStart returns when the first window after t begins.
func nextStart(all []calendar, t time.Time) time.Time {
	var next time.Time
	for _, c := range all {
		for _, s := range c.spans(t) {
			if s.from.After(t) && s.from.Sub(t) <= horizon && (next.IsZero() || s.from.Before(next)) {
				next = s.from.UTC()
			}
		}
	}
	return next
}

// FreezeGate lets nothing through in its windows.
type FreezeGate struct {
	Windows []Window
	// At is the moment for which the gate asks. Default is now.
	At time.Time
}

// FreezeRecord holds the windows that a [FreezeGate] looked at.
type FreezeRecord struct {
	Windows []Window `json:"windows"`
}

// Observe records the windows.
func (g FreezeGate) Observe(_ context.Context, s Subject) Record {
	r := newRecord(moment(g.At), s)
	r.Freeze = &FreezeRecord{Windows: g.Windows}
	return r
}

func (r *FreezeRecord) judge(at time.Time) release.Verdict {
	f, err := Frozen(r.Windows, at)
	switch by := strings.Join(f.By, ", "); {
	case err != nil:
		return errored("%v", err)
	case len(f.By) == 0 && f.Change.IsZero():
		return passed("nothing is frozen")
	case len(f.By) == 0:
		return passed("nothing is frozen before %s", clock(f.Change))
	case f.Change.IsZero():
		return failed("frozen by %s, with no end in sight", by)
	default:
		return failed("frozen by %s until %s", by, clock(f.Change))
	}
}
