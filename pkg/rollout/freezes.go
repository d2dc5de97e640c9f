package rollout

import (
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/deploy"
	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/ledger"
)

// freezes are the channel file's and those that people declared, as the engine shall keep them. What entered a ring
// during a freeze was let through as an emergency, so that the engine must not hold it back: such a ring is left out
// until the freeze ends.
func (w *deployer) freezes() ([]deploy.Freeze, error) {
	var out []deploy.Freeze
	add := func(f deploy.Freeze, rings []string, held gate.Window, declared uint64) error {
		if len(rings) == 0 {
			rings = w.model.Policy.Names()
		}
		for _, name := range rings {
			through, err := w.letThrough(name, held, declared)
			if err != nil {
				return err
			}
			if !through && slices.Contains(w.model.Policy.Names(), name) {
				f.Rings = append(f.Rings, name)
			}
		}
		if len(f.Rings) == len(w.Channel.Rings) {
			f.Rings = nil // all
		} else if len(f.Rings) == 0 {
			return nil
		}
		out = append(out, f)
		return nil
	}
	for i, f := range w.Channel.Freeze {
		shown, err := shownFreeze(f)
		if err != nil {
			return nil, err
		}
		if err := add(shown, nil, w.model.Policy.Freeze[i], 0); err != nil {
			return nil, err
		}
	}
	for _, f := range w.model.State.Freezes {
		if f.Channel != "" && f.Channel != w.Channel.Name || !f.Until.IsZero() && !w.model.Now.Before(f.Until) {
			continue
		}
		since := f.From
		if since.Before(f.Time) {
			since = f.Time
		}
		shown := deploy.Freeze{Name: f.Name, From: since, Until: f.Until}
		if err := add(shown, f.Rings, gate.Window{Name: f.Name, Since: since, Until: f.Until}, f.Event); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// letThrough reports whether what a ring runs came into it during the freeze that holds now. declared is the number of
// the event that declared the freeze, 0 for the channel file.
func (w *deployer) letThrough(name string, held gate.Window, declared uint64) (bool, error) {
	now, err := gate.Frozen([]gate.Window{held}, w.model.Now)
	if err != nil || len(now.By) == 0 {
		return false, err
	}
	c := w.model.State.Channels[w.Channel.Name]
	if c == nil {
		return false, nil
	}
	stay, ok := c.Rings[name].Runs()
	if !ok || stay.Event < declared || !emergency(c, stay) {
		return false, nil
	}
	then, err := gate.Frozen([]gate.Window{held}, stay.Time)
	return len(then.By) > 0 && then.Change.Equal(now.Change), err
}

// emergency reports whether a release may have entered a ring in spite of a freeze.
func emergency(c *ledger.Channel, stay ledger.Stay) bool {
	rel := c.Find(stay.Version)
	return stay.By == ledger.TypeRollback || rel != nil && rel.FastLane != nil
}

// shownFreeze is a freeze of the channel file as the engine knows it: days become moments, hours a length.
func shownFreeze(f channel.Freeze) (deploy.Freeze, error) {
	out := deploy.Freeze{Name: f.Name}
	if len(f.Weekdays) == 0 {
		var err error
		out.From, out.Until, err = f.Window()
		return out, err
	}
	out.Timezone = f.Timezone
	for _, name := range f.Weekdays {
		out.Weekdays = append(out.Weekdays, weekdays[name])
	}
	start, end := clockOf(f.Start), clockOf(f.End)
	if end <= start {
		end += 24 * time.Hour
	}
	out.Start, out.Length = start, end-start
	return out, nil
}

var weekdays = map[string]time.Weekday{
	"sun": time.Sunday, "mon": time.Monday, "tue": time.Tuesday, "wed": time.Wednesday,
	"thu": time.Thursday, "fri": time.Friday, "sat": time.Saturday,
}

// clockOf is a time of day that the channel file was checked for, such as 18:00 or 24:00.
func clockOf(s string) time.Duration {
	if s == "24:00" {
		return 24 * time.Hour
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0 // none
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}
