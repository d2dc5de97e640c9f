package ring

import (
	"fmt"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

// Contents tells what is in releases, for the soak of changes. Without its functions a history is about releases only.
type Contents struct {
	// Holds returns the changes that a release holds, as far as anybody asks for them; New those of them that came with
	// it, not with an older one.
	Holds, New func(release.Version) []string
}

func ask(of func(release.Version) []string, v release.Version) []string {
	if of == nil {
		return nil
	}
	return of(v)
}

// History gathers what happened in a ring for [gate.Soak]: when its cells ran which release, how they did, and which
// rollbacks and rejections, in any ring of the channel, took their soak. A cell ran a release from the moment at which
// it first said so: that the ledger points a ring to a release proves nothing about the cell.
func History(c *ledger.Channel, ring string, observed []ledger.Observation, in Contents) gate.History {
	h := gate.History{Stays: []gate.Stay{}, Observations: []gate.Observation{}}
	episodes := c.Episodes(ring)
	type key struct {
		cell    string
		episode int
	}
	stays := map[key]int{}
	for _, o := range observed {
		if o.Ring != ring {
			continue
		}
		for i, e := range episodes {
			if e.Version.Compare(o.Version) != 0 || !overlaps(o, e) {
				continue
			}
			from := latest(o.From, e.From)
			k, ok := stays[key{o.Cell, i}]
			if !ok {
				stays[key{o.Cell, i}] = len(h.Stays)
				h.Stays = append(h.Stays, gate.Stay{Cell: o.Cell, Release: e.Version.String(), From: from, Until: e.Until, Changes: ask(in.Holds, e.Version)})
			} else if from.Before(h.Stays[k].From) {
				h.Stays[k].From = from
			}
		}
		if o.Kind == ledger.ObserveHealth {
			h.Observations = append(h.Observations, gate.Observation{Cell: o.Cell, Release: o.Version.String(), From: o.From, To: o.To, Status: o.Status})
		}
	}
	h.Voids = voids(c, in)
	return h
}

// overlaps reports whether an observation is, at least for a moment, of the time of an episode.
func overlaps(o ledger.Observation, e ledger.Episode) bool {
	end := o.To
	if o.Kind == ledger.ObserveDeployed {
		end = o.Time
	}
	return end.After(e.From) && (e.Until.IsZero() || o.From.Before(e.Until))
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// voids returns one void for each release that a rollback or a rejection is about.
func voids(c *ledger.Channel, in Contents) []gate.Void {
	var out []gate.Void
	for i := range c.Voids {
		v := &c.Voids[i]
		kind, first := string(ledger.TypeRollback), c.Index(v.To)+1
		if v.To.IsZero() {
			kind, first = string(ledger.TypeReject), c.Index(v.From)
		}
		for _, rel := range c.Releases[first : c.Index(v.From)+1] {
			changes, all := c.Cleared(v, rel.Version)
			out = append(out, gate.Void{
				Kind: kind, Release: rel.Version.String(), At: v.Time,
				Changes: ask(in.New, rel.Version), Exonerated: changes, Cleared: all,
			})
		}
	}
	return out
}

// progress is how far the soak of a release in a ring has come.
type progress struct {
	release.Verdict
	// until is when it will be done if all stays well, zero if that cannot be said.
	until time.Time
}

// soak asks how long the release that a ring runs was healthy there. need is the time it needs. current asks for the
// time that reaches up to now: what was healthy once may be sick now.
func (m Model) soak(r Ring, need time.Duration, current bool) progress {
	p := m.measure(r, need, current)
	if p.Status == release.Pass || m.Waived == nil {
		return p
	}
	event, reason, ok := m.Waived(Question{Ring: r.Name, Version: m.channel().Runs(r.Name)}, GateSoak)
	if !ok {
		return p
	}
	return progress{Verdict: release.Verdict{
		Gate: GateSoak, Status: release.Waived, Waiver: event, Reason: fmt.Sprintf("%s (was %s: %s)", reason, p.Status, p.Reason),
	}}
}

func (m Model) measure(r Ring, need time.Duration, current bool) progress {
	say := func(s release.Status, format string, args ...any) progress {
		return progress{Verdict: release.Verdict{Gate: GateSoak, Status: s, Reason: fmt.Sprintf(format, args...)}}
	}
	if need <= 0 {
		return say(release.Pass, "ring %s asks for no soak", r.Name)
	}
	stay, _ := m.channel().Rings[r.Name].Runs()
	g := m.gate(r, need, current)
	s := g.Soak.Measure(g.History, m.Now)
	began := stay.Time
	if s.Void != nil {
		began = latest(began, s.Void.At)
	}
	sofar := fmt.Sprintf("healthy in %s for %s of %s", r.Name, release.SpanMinutes(s.Healthy()), release.SpanMinutes(need))
	pending := func(done time.Time) progress {
		return progress{Verdict: release.Verdict{Gate: GateSoak, Status: release.Pending, Reason: sofar}, until: done}
	}
	switch {
	case s.Healthy() >= need:
		return say(release.Pass, "%s", sofar)
	case s.Sick != nil && !s.Sick.To.Before(latest(began, s.Until)):
		return say(release.Fail, "%s; %s was not healthy at %s", sofar, s.Sick.Cell, clock(s.Sick.To))
	case s.Healthy() > 0 && m.Now.Sub(s.Until) <= r.maxGap():
		return pending(s.From.Add(need))
	case m.Now.Sub(began) <= r.maxGap():
		return pending(began.Add(need))
	case len(s.Missing) > 0:
		return say(release.NoData, "%s; no word from %s", sofar, strings.Join(s.Missing, ", "))
	case s.Healthy() > 0:
		return say(release.NoData, "%s; nothing is known after %s", sofar, clock(s.Until))
	}
	return say(release.NoData, "%s; no observations of a healthy time up to now", sofar)
}

// SoakGate returns the question how long the release that a ring runs was healthy there, with all that the answer follows
// from, so that it can be recorded and replayed. [Model.Decide] asks the same.
func (m Model) SoakGate(name string) (gate.SoakGate, error) {
	i, err := m.known(name)
	if err != nil {
		return gate.SoakGate{}, err
	}
	c, r := m.channel(), m.Policy.Rings[i]
	rel := c.Find(c.Runs(name))
	return m.gate(r, share(r.Soak, rel != nil && rel.FastLane != nil), true), nil
}

func (m Model) gate(r Ring, need time.Duration, current bool) gate.SoakGate {
	c := m.channel()
	v := c.Runs(r.Name)
	return gate.SoakGate{
		Soak: gate.Soak{
			Release: v.String(), Cells: r.Cells, For: seconds(need), MaxGap: seconds(r.maxGap()), Current: current,
		},
		History: History(c, r.Name, m.seen(r.Name, v), Contents{}), At: m.Now,
	}
}

// seen returns the observations of a release in a ring.
func (m Model) seen(ring string, v release.Version) []ledger.Observation {
	var out []ledger.Observation
	for _, o := range m.Observed {
		if o.Ring == ring && o.Version.Compare(v) == 0 {
			out = append(out, o)
		}
	}
	return out
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

func clock(t time.Time) string {
	return t.UTC().Format("2006-01-02 15:04 MST")
}
