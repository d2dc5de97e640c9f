package ring

import (
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

// GateSoak is the name under which a ring's soak is reported, and waived.
const GateSoak = "soak"

// FastLaneShare is the part of a ring's soak that a release on the fast lane needs: one eighth.
const FastLaneShare = 8

// Ring is one stage of a rollout.
type Ring struct {
	Name  string
	Cells []string
	// Soak is how long a release must have been healthy in all cells of this ring before it goes on.
	Soak time.Duration
	// MaxGap is the longest time between two healthy observations of a cell that counts as unbroken. Default is
	// [gate.DefaultMaxGap].
	MaxGap time.Duration
	// Gates are the names of the further conditions for going on.
	Gates []string
}

// Policy is what a channel file says about the rollout.
type Policy struct {
	Channel string
	// Rings in order: a release enters the first.
	Rings []Ring
	// Freeze are the windows of the channel file; those that people declared stand in the ledger.
	Freeze []gate.Window
}

// PolicyOf returns what a rolling channel's file says.
func PolicyOf(c *channel.Channel) Policy {
	p := Policy{Channel: c.Name}
	for _, r := range c.Rings {
		ring := Ring{Name: r.Name, Cells: r.Cells, Soak: r.Soak.Duration(), MaxGap: r.Gap.Duration()}
		for _, g := range r.Gates {
			ring.Gates = append(ring.Gates, g.Name)
		}
		p.Rings = append(p.Rings, ring)
	}
	for _, f := range c.Freeze {
		p.Freeze = append(p.Freeze, gate.Window{
			Name: f.Name, From: f.From.String(), To: f.To.String(),
			Weekdays: f.Weekdays, Start: f.Start, End: f.End, Timezone: f.Timezone,
		})
	}
	return p
}

// Names returns the names of the rings in order.
func (p Policy) Names() []string {
	names := make([]string, len(p.Rings))
	for i, r := range p.Rings {
		names[i] = r.Name
	}
	return names
}

func (p Policy) index(ring string) int {
	return slices.IndexFunc(p.Rings, func(r Ring) bool { return r.Name == ring })
}

func (r Ring) maxGap() time.Duration {
	if r.MaxGap > 0 {
		return r.MaxGap
	}
	return gate.DefaultMaxGap
}

// Wants returns which observations decisions depend on: those of what the rings run. Only they need to be verified.
func (p Policy) Wants(s *ledger.State) func(ledger.Observation) bool {
	c := s.Channels[p.Channel]
	return func(o ledger.Observation) bool {
		return c != nil && p.index(o.Ring) >= 0 && c.Runs(o.Ring).Compare(o.Version) == 0
	}
}

// Question is a release in a ring whose gates must be asked before it goes on.
type Question struct {
	Ring    string
	Version release.Version
}

// Model is everything that a decision follows from. It asks nobody and reads no clock.
type Model struct {
	Policy Policy
	State  *ledger.State
	// Observed is what the cells of the channel saw, as far as it counts: see [ledger.Ledger.Observed].
	Observed []ledger.Observation
	// Verdicts are the answers of the gates to [Model.Questions]. A gate that is not there was not asked.
	Verdicts map[Question][]release.Verdict
	// Waived says which gates were waived for a release that leaves a ring, the soak as [GateSoak]; nil for none. Those of
	// Verdicts carry their waivers.
	Waived func(q Question, gate string) (event uint64, reason string, ok bool)
	// Unsigned is the number of an event of the rings that lacks the signature that it needs, see
	// [ledger.Ledger.Unsigned]; 0 for none. Nothing happens because of it, or after it.
	Unsigned uint64
	Now      time.Time
}

// channel returns the channel's state, an empty one if nothing happened yet.
func (m Model) channel() *ledger.Channel {
	if c := m.State.Channels[m.Policy.Channel]; c != nil {
		return c
	}
	return &ledger.Channel{}
}

// Target is what a ring must run.
type Target struct {
	Ring    string          `json:"ring"`
	Version release.Version `json:"version"`
	// Release is the digest of release.json.
	Release string `json:"release"`
	// Event is the number of the event that says so.
	Event uint64 `json:"event"`
}

// Targets returns what the rings must run, in order and without those that run nothing yet. Whatever was interrupted,
// bringing the deploy branch to this ends it.
func (m Model) Targets() []Target {
	c := m.channel()
	var out []Target
	for _, name := range m.Policy.Names() {
		stay, ok := c.Rings[name].Runs()
		rel := c.Find(stay.Version)
		if ok && rel != nil {
			out = append(out, Target{Ring: name, Version: stay.Version, Release: rel.Release, Event: stay.Event})
		}
	}
	return out
}

// Questions returns the releases that wait to leave a ring, whose gates are to be asked.
func (m Model) Questions() []Question {
	c := m.channel()
	var out []Question
	for i, r := range m.Policy.Rings {
		if len(r.Gates) == 0 || i+1 == len(m.Policy.Rings) {
			continue
		}
		v := c.Runs(r.Name)
		if _, refused := c.Usable(v); refused == "" && c.Index(c.Runs(m.Policy.Rings[i+1].Name)) < c.Index(v) {
			out = append(out, Question{Ring: r.Name, Version: v})
		}
	}
	return out
}
