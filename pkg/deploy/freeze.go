package deploy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	// Time zones must mean the same on machines and in containers that have no database of them.
	_ "time/tzdata"

	"github.com/relctl/relctl/pkg/release"
)

// Freeze is a time in which the engine shall apply nothing: either from one moment to another, or hours of weekdays.
type Freeze struct {
	Name string
	// Rings that it is for, none for all. A caller that lets an emergency through leaves its ring out meanwhile.
	Rings []string
	// From and Until are moments. Zero From is at once, zero Until is without end.
	From, Until time.Time
	// Weekdays on which Start begins, an offset from midnight, for Length. Timezone is an IANA name; default is UTC.
	Weekdays      []time.Weekday
	Start, Length time.Duration
	Timezone      string
}

func (f *Freeze) validate() error {
	if err := release.CheckName(f.Name); err != nil {
		return fmt.Errorf("freeze: %w", err)
	}
	weekly := len(f.Weekdays) > 0
	switch {
	case !weekly && (f.Start != 0 || f.Length != 0):
		return fmt.Errorf("freeze %s: it has hours and no weekdays", f.Name)
	case weekly && (f.Start < 0 || f.Start >= 24*time.Hour || f.Length <= 0 || f.Length > 7*24*time.Hour || (f.Start+f.Length)%time.Minute != 0 || f.Start%time.Minute != 0):
		return fmt.Errorf("freeze %s: its hours are no whole minutes of a day and at most a week", f.Name)
	case weekly && (!f.From.IsZero() || !f.Until.IsZero()):
		return fmt.Errorf("freeze %s: it has both weekdays and moments", f.Name)
	case !f.Until.IsZero() && !f.Until.After(f.From):
		return fmt.Errorf("freeze %s: it ends before it begins", f.Name)
	}
	for _, d := range f.Weekdays {
		if d < time.Sunday || d > time.Saturday {
			return fmt.Errorf("freeze %s: %d is no weekday", f.Name, d)
		}
	}
	if f.Timezone == "Local" {
		return fmt.Errorf("freeze %s: the time zone Local is another one on every machine", f.Name)
	}
	if _, err := time.LoadLocation(f.Timezone); err != nil {
		return fmt.Errorf("freeze %s: %w", f.Name, err)
	}
	return nil
}

// syncWindow is a window of an AppProject in which Argo CD does not sync.
type syncWindow struct {
	Kind         string   `yaml:"kind"`
	Schedule     string   `yaml:"schedule"`
	Duration     string   `yaml:"duration"`
	TimeZone     string   `yaml:"timeZone"`
	Applications []string `yaml:"applications"`
	// ManualSync lets people through, whom Argo CD's own roles admit.
	ManualSync bool `yaml:"manualSync"`
}

// ahead is how early a window is shown to Argo CD. Its schedules know no year, so that one from December would freeze
// the December before, too.
const ahead = 300 * 24 * time.Hour

// window returns the freeze as Argo CD understands it, nil if it is over or lies too far ahead at a moment.
func (f *Freeze) window(at time.Time) *syncWindow {
	w := &syncWindow{Kind: "deny", TimeZone: "UTC", ManualSync: true}
	switch {
	case len(f.Weekdays) > 0:
		return f.weekly(w)
	case !f.Until.IsZero() && !f.Until.After(at), f.From.After(at.Add(ahead)):
		return nil
	case f.Until.IsZero() && f.From.After(at):
		return nil // there is no schedule that begins later and never ends
	case f.Until.IsZero():
		w.Schedule, w.Duration = "* * * * *", "1h" // always
		return w
	}
	from := f.From.UTC().Truncate(time.Minute)
	if f.From.IsZero() {
		from = f.Until.Add(-ahead).UTC().Truncate(time.Minute)
	}
	w.Schedule = fmt.Sprintf("%d %d %d %d *", from.Minute(), from.Hour(), from.Day(), int(from.Month()))
	w.Duration = minutes(f.Until.Sub(from))
	return w
}

func (f *Freeze) weekly(w *syncWindow) *syncWindow {
	days := slices.Clone(f.Weekdays)
	slices.Sort(days)
	var names []string
	for _, d := range slices.Compact(days) {
		names = append(names, fmt.Sprint(int(d)))
	}
	if f.Timezone != "" {
		w.TimeZone = f.Timezone
	}
	w.Schedule = fmt.Sprintf("%d %d * * %s", int(f.Start.Minutes())%60, int(f.Start.Hours()), strings.Join(names, ","))
	w.Duration = minutes(f.Length)
	return w
}

// minutes writes a duration in hours and minutes, rounded up: rather a minute too long than too short.
func minutes(d time.Duration) string {
	n := int((d + time.Minute - 1) / time.Minute)
	switch {
	case n%60 == 0:
		return fmt.Sprintf("%dh", n/60)
	case n < 60:
		return fmt.Sprintf("%dm", n)
	}
	return fmt.Sprintf("%dh%dm", n/60, n%60)
}
