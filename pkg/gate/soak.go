package gate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// DefaultMaxGap is the longest time without an observation that counts as unbroken where nothing else is said.
const DefaultMaxGap = 15 * time.Minute

// Stay is the time for which one cell ran one release.
type Stay struct {
	Cell    string    `json:"cell"`
	Release string    `json:"release"`
	From    time.Time `json:"from"`
	// Until is when another release took its place; it is zero while the release runs.
	Until time.Time `json:"until,omitzero"`
	// Changes are those that the release holds, as far as anybody asks for them.
	Changes []string `json:"changes,omitempty"`
}

// Observation is how a release did in a cell from one moment to another: pass is healthy, fail is not, and everything
// else is not known.
type Observation struct {
	Cell    string         `json:"cell"`
	Release string         `json:"release"`
	From    time.Time      `json:"from"`
	To      time.Time      `json:"to"`
	Status  release.Status `json:"status"`
}

// Void is a rollback or a reject: it takes their soak from the release and from the changes that were new in it.
type Void struct {
	// Kind is "rollback" or "reject".
	Kind    string    `json:"kind"`
	Release string    `json:"release"`
	At      time.Time `json:"at"`
	// Changes were new in the release.
	Changes []string `json:"changes,omitempty"`
	// Exonerated are those of them that were found not to be the cause: they keep their soak.
	Exonerated []string `json:"exonerated,omitempty"`
	// Cleared says that the release as a whole was exonerated: it and all its changes keep their soak.
	Cleared bool `json:"cleared,omitempty"`
}

// History is what happened in the cells of a ring.
type History struct {
	Stays        []Stay        `json:"stays"`
	Observations []Observation `json:"observations"`
	Voids        []Void        `json:"voids,omitempty"`
}

// Soak says how long a change or a release must have been deployed and healthy, without a break, in all cells of a
// ring at once. Time before the first and after the last healthy observation is not proven and does not count.
type Soak struct {
	// Release is asked for if Change is "".
	Release string `json:"release,omitempty"`
	Change  string `json:"change,omitempty"`
	// Cells are those of the ring.
	Cells []string `json:"cells"`
	// For is the time needed, in seconds.
	For int64 `json:"for"`
	// MaxGap is the longest time between two healthy observations, in seconds, that counts as unbroken.
	MaxGap int64 `json:"max_gap"`
	// Current asks for the unbroken time that reaches up to now, not for the longest there ever was.
	Current bool `json:"current,omitempty"`
}

// Soaked is the answer to a [Soak].
type Soaked struct {
	// From and Until are the unbroken time, equal if there is none.
	From, Until time.Time
	// Possible is how long it would be at most if the cells were healthy whenever nothing is known.
	Possible time.Duration
	// Void is what last took the soak, if anything did.
	Void *Void
	// Sick is the latest observation of a fail, if there is one.
	Sick *Observation
	// Missing are the cells that never ran it, and Left those that ran it and do not now.
	Missing, Left []string
}

// Healthy is the unbroken time that is proven.
func (s Soaked) Healthy() time.Duration { return s.Until.Sub(s.From) }

// Measure finds the unbroken time in the history up to now.
func (q Soak) Measure(h History, now time.Time) Soaked {
	var out Soaked
	for _, v := range h.Voids {
		if q.voided(v) && !v.At.After(now) && (out.Void == nil || v.At.After(out.Void.At)) {
			out.Void = &v
		}
	}
	var proven, possible []span
	for i, cell := range q.Cells {
		c := q.look(h, cell, now, out.Void)
		if !c.ran {
			out.Missing = append(out.Missing, cell)
		} else if !c.runs {
			out.Left = append(out.Left, cell)
		}
		if c.sick != nil && (out.Sick == nil || c.sick.To.After(out.Sick.To)) {
			out.Sick = c.sick
		}
		if i == 0 {
			proven, possible = c.proven, c.possible
			continue
		}
		proven, possible = intersect(proven, c.proven), intersect(possible, c.possible)
	}
	if q.Current {
		recent := now.Add(-q.gap())
		proven = slices.DeleteFunc(proven, func(s span) bool {
			return s.until.Before(recent) || out.Sick != nil && !out.Sick.To.Before(s.until)
		})
		possible = slices.DeleteFunc(possible, func(s span) bool { return s.until.Before(now) })
	}
	best := longest(proven)
	out.From, out.Until, out.Possible = best.from, best.until, longest(possible).length()
	return out
}

// Due returns when a soak of what runs now is over if it stays healthy from now on.
func (q Soak) Due(s Soaked, now time.Time) time.Time {
	if s.Healthy() == 0 {
		return now.Add(q.need())
	}
	return s.From.Add(q.need())
}

func (q Soak) need() time.Duration { return time.Duration(q.For) * time.Second }

func (q Soak) gap() time.Duration { return time.Duration(q.MaxGap) * time.Second }

// about reports whether a stay is of the change, or of the release, that is asked for.
func (q Soak) about(s Stay) bool {
	if q.Change == "" {
		return s.Release == q.Release
	}
	return slices.Contains(s.Changes, q.Change)
}

// voided reports whether v takes the soak of what is asked for.
func (q Soak) voided(v Void) bool {
	switch {
	case v.Cleared:
		return false
	case q.Change == "":
		return v.Release == q.Release
	}
	return slices.Contains(v.Changes, q.Change) && !slices.Contains(v.Exonerated, q.Change)
}

// cell is what is known of one cell.
type cell struct {
	ran, runs bool
	// proven is healthy without a break; possible is not known to be sick.
	proven, possible []span
	sick             *Observation
}

// look gathers what is known of a cell, from the void on.
func (q Soak) look(h History, name string, now time.Time, void *Void) cell {
	var out cell
	var stays, healthy, sick []span
	seen := map[string][]Observation{}
	for _, o := range h.Observations {
		if o.Cell == name {
			seen[o.Release] = append(seen[o.Release], o)
		}
	}
	for _, s := range h.Stays {
		if s.Cell != name || !q.about(s) || s.From.After(now) {
			continue
		}
		out.ran, out.runs = true, out.runs || s.Until.IsZero() || s.Until.After(now)
		stay := s.counts(now, void)
		if stay.until.Before(stay.from) {
			continue
		}
		stays = append(stays, stay)
		for _, o := range seen[s.Release] {
			part, ok := o.within(stay)
			switch {
			case !ok:
			case o.Status == release.Pass:
				healthy = append(healthy, part)
			case o.Status == release.Fail:
				sick = append(sick, part)
				if out.sick == nil || o.To.After(out.sick.To) {
					out.sick = &o
				}
			}
		}
	}
	stays = union(stays)
	out.proven = bridge(subtract(union(healthy), sick), stays, sick, q.gap())
	out.possible = subtract(stays, sick)
	return out
}

// counts returns the part of the stay that counts: up to now, and after what last took the soak.
func (s Stay) counts(now time.Time, void *Void) span {
	part := span{s.From, s.Until}
	if part.until.IsZero() {
		part.until = now
	}
	part.until = earliest(part.until, now)
	if void != nil {
		part.from = latest(part.from, void.At)
	}
	return part
}

// within returns the part of the observation that lies in a stay. It is a moment only if the observation is one.
func (o Observation) within(stay span) (span, bool) {
	part, ok := span{o.From, o.To}.within(stay)
	return part, ok && (part.length() > 0 || o.From.Equal(o.To))
}

// bridge joins spans of one stay that follow each other within gap, if nothing sick was seen between them.
func bridge(spans, stays, sick []span, gap time.Duration) []span {
	var out []span
	for _, s := range spans {
		last := len(out) - 1
		if last >= 0 {
			between := span{out[last].until, s.from}
			same := slices.ContainsFunc(stays, func(stay span) bool { return stay.covers(between) })
			if same && between.length() <= gap && !slices.ContainsFunc(sick, between.touches) {
				out[last].until = s.until
				continue
			}
		}
		out = append(out, s)
	}
	return out
}

// SoakGate asks for a soak in a history.
type SoakGate struct {
	Soak    Soak
	History History
	// At is the moment up to which the history counts. Default is now.
	At time.Time
}

// SoakRecord is what a [SoakGate] looked at.
type SoakRecord struct {
	Soak
	History
}

// Observe records the part of the history that matters.
func (g SoakGate) Observe(_ context.Context, s Subject) Record {
	r := newRecord(moment(g.At), s)
	rec := &SoakRecord{Soak: g.Soak}
	ran := map[string]bool{}
	for _, stay := range g.History.Stays {
		if slices.Contains(g.Soak.Cells, stay.Cell) && g.Soak.about(stay) {
			stay.Changes = g.Soak.only(stay.Changes)
			rec.Stays, ran[stay.Release] = append(rec.Stays, stay), true
		}
	}
	for _, o := range g.History.Observations {
		if slices.Contains(g.Soak.Cells, o.Cell) && ran[o.Release] {
			rec.Observations = append(rec.Observations, o)
		}
	}
	for _, v := range g.History.Voids {
		if v.Release == g.Soak.Release || slices.Contains(v.Changes, g.Soak.Change) {
			v.Changes, v.Exonerated = g.Soak.only(v.Changes), g.Soak.only(v.Exonerated)
			rec.Voids = append(rec.Voids, v)
		}
	}
	r.Soak = rec
	return r
}

// only returns those of changes that are asked for.
func (q Soak) only(changes []string) []string {
	if q.Change == "" || !slices.Contains(changes, q.Change) {
		return nil
	}
	return []string{q.Change}
}

func (r *SoakRecord) judge(at time.Time) release.Verdict {
	if len(r.Cells) == 0 || !sane(r.For) || !sane(r.MaxGap) || (r.Change == "") == (r.Release == "") {
		return errored("a soak needs cells, a time, the longest gap, and either a release or a change")
	}
	for _, o := range r.Observations {
		if o.To.Before(o.From) {
			return errored("an observation of %s ends before it begins at %s", o.Cell, clock(o.From))
		}
	}
	s := r.Measure(r.History, at)
	got := fmt.Sprintf("healthy for %s of %s", length(s.Healthy()), length(r.need()))
	switch unknown := s.Possible - s.Healthy(); {
	case r.Current && len(s.Left) > 0:
		return failed("%s does not run it any more", strings.Join(s.Left, ", "))
	case s.Healthy() >= r.need():
		return passed("%s, from %s to %s", got, clock(s.From), clock(s.Until))
	case len(s.Missing) > 0:
		return noData("it never ran in %s", strings.Join(s.Missing, ", "))
	case s.Possible >= r.need() || unknown > 2*r.gap():
		return noData("%s; nothing is known of %s more", got, length(unknown))
	case s.Void != nil:
		return failed("%s since the %s of %s at %s", got, s.Void.Kind, s.Void.Release, clock(s.Void.At))
	case s.Sick != nil:
		return failed("%s; %s was not healthy at %s", got, s.Sick.Cell, clock(s.Sick.To))
	case r.Current:
		return failed("%s; due at %s", got, clock(r.Due(s, at)))
	}
	return failed("%s", got)
}

// sane reports whether a number of seconds is a time span of at most a hundred years.
func sane(seconds int64) bool { return seconds > 0 && seconds <= 100*366*24*60*60 }

// length writes a time span for people, such as 72h or 1h30m, in whole seconds.
func length(d time.Duration) string {
	return release.Span(d.Truncate(time.Second))
}
