package ledger

import (
	"fmt"
	"slices"
)

// The events of rings: each of these methods changes the state, or leaves it alone and says why the event cannot stand.

func (s *State) promote(c *Channel, r Recorded) string {
	p := r.Promote
	rel, refused := c.Usable(p.Version)
	if refused == "" {
		refused = c.mayEnter(p)
	}
	if refused != "" {
		return refused
	}
	if p.FastLane {
		refused = rel.approved(p.Approvals, s.Approvals, r.Channel)
	} else {
		refused = s.frozen(r, p.Ring)
	}
	if refused != "" {
		return refused
	}
	if p.FastLane && rel.FastLane == nil {
		rel.FastLane = &FastLane{Event: r.Number, Reason: r.Reason, Approvals: p.Approvals}
	}
	ring := c.ring(p.Ring)
	ring.Stays = append(ring.Stays, r.stay())
	return ""
}

// mayEnter says why the order of releases and rings, or a person, keeps a release out of a ring, or returns "".
func (c *Channel) mayEnter(p *Promote) string {
	now, at, ring := c.Runs(p.Ring), slices.Index(p.Rings, p.Ring), c.Rings[p.Ring]
	switch {
	case now.Compare(p.Version) == 0:
		return fmt.Sprintf("ring %s runs %s already", p.Ring, now)
	case c.Index(now) > c.Index(p.Version):
		return fmt.Sprintf("ring %s runs %s, which is newer; going back is a rollback", p.Ring, now)
	case c.Held != nil:
		return fmt.Sprintf("the channel is held by event %d", c.Held.Event)
	case ring != nil && ring.Held != nil:
		return fmt.Sprintf("ring %s is held by event %d", p.Ring, ring.Held.Event)
	case ring != nil && ring.RolledBack != nil:
		return fmt.Sprintf("ring %s was rolled back by event %d and not resumed", p.Ring, ring.RolledBack.Event)
	case at > 0 && c.Runs(p.Rings[at-1]).Compare(p.Version) != 0:
		return fmt.Sprintf("%s does not run in ring %s, which comes before %s", p.Version, p.Rings[at-1], p.Ring)
	case !p.FastLane && c.Pinned(p.Ring, p.Rings):
		return fmt.Sprintf("%s has not gone on from ring %s to %s", now, p.Ring, p.Rings[at+1])
	}
	return ""
}

// frozen says which freeze covers a ring when the event happens, or returns "".
func (s *State) frozen(r Recorded, ring string) string {
	if f := s.Frozen(r.Channel, ring, r.Time); f != nil {
		return fmt.Sprintf("ring %s is frozen by %s (event %d)", ring, f.Name, f.Event)
	}
	return ""
}

// approved says why the named events do not approve the fast lane for the release, or returns "".
func (rel *Release) approved(events []uint64, all []Recorded, channel string) string {
	actors := map[string]bool{}
	for _, n := range events {
		i := slices.IndexFunc(all, func(a Recorded) bool { return a.Number == n && a.ForFastLane(channel, rel) })
		if i < 0 {
			return fmt.Sprintf("event %d does not approve %s for the fast lane", n, rel.Version)
		}
		actors[all[i].Actor] = true
	}
	if len(actors) < FastLaneApprovals {
		return fmt.Sprintf("the fast lane needs the approvals of %d people", FastLaneApprovals)
	}
	return ""
}

func (s *State) rollback(c *Channel, r Recorded) string {
	b := r.Rollback
	now := c.Runs(b.Ring)
	_, refused := c.Usable(b.To)
	switch {
	case now.IsZero():
		return fmt.Sprintf("ring %s runs nothing", b.Ring)
	case now.Compare(b.From) != 0:
		return fmt.Sprintf("ring %s runs %s, not %s", b.Ring, now, b.From)
	case refused != "":
		return refused
	case c.Index(b.To) >= c.Index(b.From):
		return fmt.Sprintf("%s is not older than %s", b.To, b.From)
	case !slices.ContainsFunc(c.Rings[b.Ring].Stays, func(s Stay) bool { return s.Version.Compare(b.To) == 0 }):
		return fmt.Sprintf("%s was never in ring %s", b.To, b.Ring)
	}
	if text := s.frozen(r, b.Ring); text != "" && !b.Emergency {
		return text
	}
	ring := c.ring(b.Ring)
	ring.RolledBack = r.stop()
	ring.Stays = append(ring.Stays, r.stay())
	c.Voids = append(c.Voids, Void{Stop: *r.stop(), Ring: b.Ring, From: b.From, To: b.To})
	return ""
}

func (c *Channel) reject(r Recorded) string {
	rel := c.Find(r.Reject.Version)
	switch {
	case rel == nil:
		return fmt.Sprintf("%s is not released", r.Reject.Version)
	case rel.Rejected != 0:
		return fmt.Sprintf("%s was rejected by event %d", rel.Version, rel.Rejected)
	}
	rel.Rejected = r.Number
	c.Voids = append(c.Voids, Void{Stop: *r.stop(), From: rel.Version})
	return ""
}

func (c *Channel) exonerate(r Recorded) string {
	x := r.Exonerate
	rel := c.Find(x.Version)
	if rel == nil {
		return fmt.Sprintf("%s is not released", x.Version)
	}
	if c.Voided(x.Version) == nil {
		return fmt.Sprintf("%s was neither rolled back nor rejected, or is exonerated already", x.Version)
	}
	if len(x.Changes) == 0 {
		rel.Rejected = 0
	}
	c.Exonerated = append(c.Exonerated, Exonerated{Exonerate: *x, Event: r.Number})
	return ""
}

func (c *Channel) hold(r Recorded) string {
	name := r.Hold.Ring
	held := c.Held
	if ring := c.Rings[name]; name != "" {
		held = nil
		if ring != nil {
			held = ring.Held
		}
	}
	if held != nil {
		return fmt.Sprintf("%s: held by event %d already", scope(name), held.Event)
	}
	if name == "" {
		c.Held = r.stop()
	} else {
		c.ring(name).Held = r.stop()
	}
	return ""
}

func (c *Channel) resume(r Recorded) string {
	if r.Resume.Ring == "" {
		if c.Held == nil {
			return "the channel is not held; name the ring to resume"
		}
		c.Held, c.Resumed = nil, r.stop()
		return ""
	}
	ring := c.Rings[r.Resume.Ring]
	if ring == nil || ring.Held == nil && ring.RolledBack == nil {
		return fmt.Sprintf("ring %s is neither held nor rolled back", r.Resume.Ring)
	}
	ring.Held, ring.RolledBack, ring.Resumed = nil, nil, r.stop()
	return ""
}

func (s *State) freeze(r Recorded) string {
	i := s.freezeIndex(r.Channel, r.Freeze.Name)
	f := Frozen{Freeze: *r.Freeze, Stop: *r.stop(), Channel: r.Channel}
	switch {
	case i < 0:
		s.Freezes = append(s.Freezes, f)
	case s.Freezes[i].over(r.Time):
		s.Freezes[i] = f
	default:
		return fmt.Sprintf("freeze %s stands since event %d", f.Name, s.Freezes[i].Event)
	}
	return ""
}

func (s *State) thaw(r Recorded) string {
	i := s.freezeIndex(r.Channel, r.Thaw.Name)
	if i < 0 {
		return fmt.Sprintf("there is no freeze %s of %s", r.Thaw.Name, everything(r.Channel))
	}
	s.Freezes = slices.Delete(s.Freezes, i, i+1)
	return ""
}

func (s *State) freezeIndex(channel, name string) int {
	return slices.IndexFunc(s.Freezes, func(f Frozen) bool { return f.Channel == channel && f.Name == name })
}

// everything names a channel, or all of them.
func everything(channel string) string {
	if channel == "" {
		return "all channels"
	}
	return "channel " + channel
}

// ring returns a ring's state, new if there is none.
func (c *Channel) ring(name string) *Ring {
	if r := c.Rings[name]; r != nil {
		return r
	}
	if c.Rings == nil {
		c.Rings = map[string]*Ring{}
	}
	c.Rings[name] = &Ring{}
	return c.Rings[name]
}

func (r Recorded) stop() *Stop {
	return &Stop{Event: r.Number, Time: r.Time, Actor: r.Actor, Reason: r.Reason, Ledger: r.Commit}
}

// stay is the one that a promotion or a rollback begins.
func (r Recorded) stay() Stay {
	s := Stay{Event: r.Number, Time: r.Time, By: r.Type, Ledger: r.Commit}
	if r.Promote != nil {
		s.Version = r.Promote.Version
	} else {
		s.Version = r.Rollback.To
	}
	return s
}
