package ledger

import (
	"fmt"
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// Ring is one ring's part of a channel's state.
type Ring struct {
	// Stays are the releases that the ring was pointed to, oldest first. The last is what it runs.
	Stays []Stay `json:"stays"`
	// Held and RolledBack are why nothing is promoted into the ring until it is resumed, or nil.
	Held       *Stop `json:"held,omitempty"`
	RolledBack *Stop `json:"rolled_back,omitempty"`
	// Resumed is what ended them last, or nil.
	Resumed *Stop `json:"resumed,omitempty"`
}

// Stay is a release's time in a ring; it ends where the next begins.
type Stay struct {
	Version release.Version `json:"version"`
	Event   uint64          `json:"event"`
	Time    time.Time       `json:"time"`
	// By is how it began: by a promotion or by a rollback.
	By Type `json:"by"`
	// Ledger is the ledger commit that holds the event.
	Ledger string `json:"ledger"`
}

// Stop is an event that stopped promotions, or let them go on.
type Stop struct {
	Event  uint64    `json:"event"`
	Time   time.Time `json:"time"`
	Actor  string    `json:"actor"`
	Reason string    `json:"reason"`
	// Ledger is the ledger commit that holds the event.
	Ledger string `json:"ledger"`
}

// Void takes the soak away that changes had before it: those that came with the releases after To, up to From.
type Void struct {
	Stop
	// Ring is where From was rolled back, "" if it was rejected.
	Ring string          `json:"ring,omitempty"`
	From release.Version `json:"from"`
	// To is where the ring went back to; zero for a rejection, which is about From alone.
	To release.Version `json:"to,omitzero"`
}

// Exonerated is an exonerate event in the state.
type Exonerated struct {
	Exonerate
	Event uint64 `json:"event"`
}

// Frozen is a freeze that was not thawed.
type Frozen struct {
	Freeze
	Stop
	// Channel is the one that it is for, "" for all.
	Channel string `json:"channel,omitempty"`
}

// FastLane is how a release got onto the fast lane.
type FastLane struct {
	Event     uint64   `json:"event"`
	Reason    string   `json:"reason"`
	Approvals []uint64 `json:"approvals"`
}

// Opened is how an LTS line began.
type Opened struct {
	Open
	Event uint64    `json:"event"`
	Time  time.Time `json:"time"`
}

// Episode is an unbroken time of a release in a ring, as the ledger tells it.
type Episode struct {
	Version release.Version `json:"version"`
	From    time.Time       `json:"from"`
	// Until is zero while it lasts.
	Until time.Time `json:"until,omitzero"`
	// Event is the number of the event that began it. End is that of the one that ended it, and By the type of that:
	// promote, rollback or reject. A rejected release may still be there; its episode is over.
	Event uint64 `json:"event"`
	End   uint64 `json:"end,omitempty"`
	By    Type   `json:"by,omitempty"`
}

// Runs returns what the ring runs; false if it runs nothing yet.
func (r *Ring) Runs() (Stay, bool) {
	if r == nil || len(r.Stays) == 0 {
		return Stay{}, false
	}
	return r.Stays[len(r.Stays)-1], true
}

// Covers reports whether the freeze is for a ring of a channel at a time.
func (f Frozen) Covers(channel, ring string, t time.Time) bool {
	return (f.Channel == "" || f.Channel == channel) && (len(f.Rings) == 0 || slices.Contains(f.Rings, ring)) &&
		!t.Before(f.From) && !f.over(t)
}

func (f Frozen) over(t time.Time) bool { return !f.Until.IsZero() && !t.Before(f.Until) }

// Frozen returns the freeze that covers a ring of a channel at a time, or nil.
func (s *State) Frozen(channel, ring string, t time.Time) *Frozen {
	for i := range s.Freezes {
		if f := &s.Freezes[i]; f.Covers(channel, ring, t) {
			return f
		}
	}
	return nil
}

// Find returns the release of a version, or nil.
func (c *Channel) Find(v release.Version) *Release {
	if i := c.Index(v); i >= 0 {
		return &c.Releases[i]
	}
	return nil
}

// Index returns the place of a release in the order of the ledger, -1 for one that is not there.
func (c *Channel) Index(v release.Version) int {
	for i := len(c.Releases) - 1; i >= 0; i-- {
		if c.Releases[i].Version.Compare(v) == 0 {
			return i
		}
	}
	return -1
}

// Runs returns what a ring runs, the zero Version for nothing.
func (c *Channel) Runs(ring string) release.Version {
	stay, _ := c.Rings[ring].Runs()
	return stay.Version
}

// Previous returns the release to which a rollback of a ring goes back: the one that it ran last of those that are
// older, usable and not themselves rolled back. It is the zero Version if there is none.
func (c *Channel) Previous(ring string) release.Version {
	runs := c.Index(c.Runs(ring))
	if runs < 0 {
		return release.Version{}
	}
	for _, stay := range slices.Backward(c.Rings[ring].Stays) {
		i := c.Index(stay.Version)
		if _, refused := c.Usable(stay.Version); i < runs && refused == "" && c.Voided(stay.Version) == nil {
			return stay.Version
		}
	}
	return release.Version{}
}

// Episodes returns the times of releases in a ring, oldest first.
func (c *Channel) Episodes(ring string) []Episode {
	r := c.Rings[ring]
	if r == nil {
		return nil
	}
	out := make([]Episode, len(r.Stays))
	for i, stay := range r.Stays {
		e := Episode{Version: stay.Version, From: stay.Time, Event: stay.Event}
		if i+1 < len(r.Stays) {
			next := r.Stays[i+1]
			e.Until, e.End, e.By = next.Time, next.Event, next.By
		}
		if stop := c.rejection(stay.Version); stop != nil && stop.Event > e.Event && (e.End == 0 || stop.Event < e.End) {
			e.Until, e.End, e.By = stop.Time, stop.Event, TypeReject
		}
		out[i] = e
	}
	return out
}

// rejection returns the event that rejected a release and was not taken back, or nil.
func (c *Channel) rejection(v release.Version) *Stop {
	rel := c.Find(v)
	if rel == nil || rel.Rejected == 0 {
		return nil
	}
	for i := range c.Voids {
		if c.Voids[i].Event == rel.Rejected {
			return &c.Voids[i].Stop
		}
	}
	return nil
}

// Voided returns the newest void that took the soak of what came with a release, nil if there is none or if the release
// as a whole was exonerated from it.
func (c *Channel) Voided(v release.Version) *Void {
	for i := len(c.Voids) - 1; i >= 0; i-- {
		if void := &c.Voids[i]; c.InVoid(void, v) {
			if _, all := c.Cleared(void, v); !all {
				return void
			}
		}
	}
	return nil
}

// InVoid reports whether a void is about the changes that came with a release.
func (c *Channel) InVoid(void *Void, v release.Version) bool {
	if void.To.IsZero() {
		return void.From.Compare(v) == 0
	}
	i := c.Index(v)
	return c.Index(void.To) < i && i <= c.Index(void.From)
}

// Cleared returns the changes of a release that were exonerated from a void, or true if all were.
func (c *Channel) Cleared(void *Void, v release.Version) (changes []string, all bool) {
	for _, x := range c.Exonerated {
		if x.Event < void.Event || x.Version.Compare(v) != 0 && x.Version.Compare(void.From) != 0 {
			continue
		}
		if len(x.Changes) == 0 {
			return nil, true
		}
		changes = append(changes, x.Changes...)
	}
	return changes, false
}

// Usable returns a release that may be pointed to, or why it may not.
func (c *Channel) Usable(v release.Version) (rel *Release, refused string) {
	rel = c.Find(v)
	switch {
	case rel == nil:
		return nil, fmt.Sprintf("%s is not released", v)
	case rel.Adopted:
		return nil, fmt.Sprintf("%s is from before the ledger and has no release.json", v)
	case rel.Rejected != 0:
		return nil, fmt.Sprintf("%s was rejected by event %d", v, rel.Rejected)
	case rel.Withdrawn != 0:
		return nil, fmt.Sprintf("%s was withdrawn by event %d", v, rel.Withdrawn)
	}
	return rel, ""
}

// Pinned reports whether a ring's release keeps its place: it has not reached the next ring, and was neither rejected
// nor withdrawn nor rolled back. Of the last ring only its soak can tell, which the ledger does not know.
func (c *Channel) Pinned(ring string, rings []string) bool {
	runs, next := c.Runs(ring), slices.Index(rings, ring)+1
	if runs.IsZero() || next >= len(rings) || c.Index(c.Runs(rings[next])) >= c.Index(runs) {
		return false
	}
	_, refused := c.Usable(runs)
	return refused == "" && c.Voided(runs) == nil
}

// ForFastLane reports whether the event is an approval of a channel's release for the fast lane. Whether its signature
// is good is another question, see [Approvals].
func (r Recorded) ForFastLane(channel string, rel *Release) bool {
	a := r.Approve
	return a != nil && r.Channel == channel && a.Gate == GateFastLane && a.Role == RoleEmergency && a.Commit == rel.Commit && a.Build == rel.Build
}
