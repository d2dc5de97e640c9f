package ledger

import (
	"fmt"
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// State is what the events add up to.
type State struct {
	// Head is the ledger commit that was folded last, "" for an empty ledger.
	Head string `json:"head"`
	// Next is the number of the next event.
	Next uint64 `json:"next"`
	// DefaultBranch is what genesis pinned, "" for an empty ledger.
	DefaultBranch string              `json:"default_branch"`
	Channels      map[string]*Channel `json:"channels"`
	Approvals     []Recorded          `json:"approvals"`
	Waivers       []Recorded          `json:"waivers"`
	// Marks are all that were made or taken back; [Ledger.Marks] tells which stand.
	Marks []Recorded `json:"marks"`
	// Endorsements vouch for events; [Ledger.Endorsed] tells which count.
	Endorsements []Recorded `json:"endorsements,omitempty"`
	// Freezes are those that were not thawed, also those that are over.
	Freezes []Frozen `json:"freezes,omitempty"`
	// Checks are all results of checks of commits; [Ledger.Checks] tells which count.
	Checks []Observation `json:"checks,omitempty"`
	// Trust is the trust metadata, nil before there is any. It is never changed, only replaced.
	Trust *Trusted `json:"trust,omitempty"`
}

// Channel is one channel's part of the state.
type Channel struct {
	// Releases in the order of the ledger.
	Releases []Release `json:"releases"`
	// Open is the reservation that is neither cut nor given up, or nil.
	Open *Reservation `json:"open,omitempty"`
	// LastSequence is the highest that was cut or burned.
	LastSequence uint64 `json:"last_sequence"`
	// Abandoned reservations, burned or not.
	Abandoned []GivenUp `json:"abandoned"`
	// Opened is how an LTS line began at a rolling release, or nil; EOL the event that ended the channel, or 0.
	Opened *Opened `json:"opened,omitempty"`
	EOL    uint64  `json:"eol,omitempty"`
	// Statements are all that were made about the channel and its releases (withdraw, eol, floor); [Ledger.Told] tells
	// which count.
	Statements []Recorded `json:"statements,omitempty"`

	// Rings are those of a rolling channel that something happened to.
	Rings map[string]*Ring `json:"rings,omitempty"`
	// Held is why nothing is promoted on the channel until it is resumed, or nil.
	Held *Stop `json:"held,omitempty"`
	// Resumed is what ended that last, or nil.
	Resumed *Stop `json:"resumed,omitempty"`
	// Voids took the soak of changes, and Exonerated gave it back, in the order of the ledger.
	Voids      []Void       `json:"voids,omitempty"`
	Exonerated []Exonerated `json:"exonerated,omitempty"`
	// Observations of cells, in the order of the ledger; [Ledger.Observed] tells which count.
	Observations []Observation `json:"observations,omitempty"`
}

// Release is a release that happened.
type Release struct {
	Version   release.Version `json:"version"`
	Commit    string          `json:"commit"`
	Tag       string          `json:"tag"`
	TagObject string          `json:"tag_object"`
	// Adopted says that it is from before the ledger; the fields below are then empty.
	Adopted  bool   `json:"adopted"`
	Plan     string `json:"plan"`
	Release  string `json:"release"`
	Reserve  string `json:"reserve"`
	Sequence uint64 `json:"sequence"`
	// Event is the number of the event that recorded it.
	Event uint64 `json:"event"`
	// Ledger is the commit of that event.
	Ledger string `json:"ledger,omitempty"`
	// Time is when it was recorded.
	Time time.Time `json:"time"`
	// Build is [release.Inputs.BuildDigest], by which approvals know it.
	Build string `json:"build,omitempty"`
	// Rejected and Withdrawn are the numbers of the events that said so, 0 for none.
	Rejected  uint64 `json:"rejected,omitempty"`
	Withdrawn uint64 `json:"withdrawn,omitempty"`
	// FastLane is how it got onto the fast lane, or nil.
	FastLane *FastLane `json:"fast_lane,omitempty"`
	// Revealed are the stores in which it is visible, as far as that was recorded.
	Revealed []string `json:"revealed,omitempty"`
}

// Reservation is a plan that owns its version.
type Reservation struct {
	Plan     release.Plan `json:"plan"`
	Sequence uint64       `json:"sequence"`
	Event    uint64       `json:"event"`
	// Commit is the ledger commit that holds it.
	Commit string    `json:"commit"`
	Time   time.Time `json:"time"`
	Actor  string    `json:"actor"`
}

// NewState returns the state of an empty ledger.
func NewState() *State {
	return &State{Next: 1, Channels: map[string]*Channel{}}
}

// PreconditionError is an event that cannot follow the ones before it.
type PreconditionError struct {
	Event uint64
	Type  Type
	Text  string
}

func (e *PreconditionError) Error() string {
	return fmt.Sprintf("ledger event %d (%s) cannot stand: %s", e.Event, e.Type, e.Text)
}

// Apply folds one event into the state, or refuses it with a [*PreconditionError] and leaves the state alone.
func (s *State) Apply(r Recorded) error {
	refuse := func(format string, args ...any) error {
		return &PreconditionError{Event: r.Number, Type: r.Type, Text: fmt.Sprintf(format, args...)}
	}
	if err := r.validate(); err != nil {
		return refuse("%v", err)
	}
	if r.Number != s.Next {
		return refuse("its number should be %d", s.Next)
	}
	if (r.Number == 1) != (r.Type == TypeGenesis) {
		return refuse("genesis is the first event, and no other is")
	}
	ch := s.Channels[r.Channel]
	if ch == nil {
		ch = &Channel{}
	}
	if text := s.fold(ch, r); text != "" {
		return refuse("%s", text)
	}
	if r.Channel != "" {
		s.Channels[r.Channel] = ch
	}
	s.Head, s.Next = r.Commit, r.Number+1
	return nil
}

// fold applies an event of a channel, or leaves the state alone and says why the event cannot stand.
func (s *State) fold(c *Channel, r Recorded) string {
	switch r.Type {
	case TypeGenesis:
		s.DefaultBranch = r.Genesis.DefaultBranch
	case TypeAdopt:
		return c.adopt(r)
	case TypeReserve:
		return c.reserve(r)
	case TypeCut:
		return c.cut(r)
	case TypeAbandon:
		return c.abandon(r)
	case TypeApprove:
		s.Approvals = append(s.Approvals, r)
	case TypeWaive:
		s.Waivers = append(s.Waivers, r)
	case TypeEquivalent, TypeWont, TypeLTSOnly:
		s.Marks = append(s.Marks, r)
	case TypeEndorse:
		return s.endorse(r)
	case TypePromote:
		return s.promote(c, r)
	case TypeRollback:
		return s.rollback(c, r)
	case TypeReject:
		return c.reject(r)
	case TypeExonerate:
		return c.exonerate(r)
	case TypeHold:
		return c.hold(r)
	case TypeResume:
		return c.resume(r)
	case TypeFreeze:
		return s.freeze(r)
	case TypeThaw:
		return s.thaw(r)
	case TypeObserve:
		return s.observe(c, r)
	case TypeOpen:
		return c.open(r, s.Channels[r.Open.Source])
	case TypeEOL:
		return c.end(r)
	case TypeWithdraw:
		return c.withdraw(r)
	case TypeFloor:
		return c.floor(r)
	case TypeReveal:
		return c.reveal(r)
	case TypeTrust:
		return s.trust(r)
	case TypeTrustRequest:
		return s.requestTrust(r)
	}
	return ""
}

// Try reports why an event could not be appended now, at a time, as a [*PreconditionError], or returns nil. The state
// stays as it is.
func (s *State) Try(e *Event, at time.Time) error {
	next := *e
	next.Schema, next.Number, next.Time = EventSchema, s.Next, at.UTC().Truncate(time.Second)
	return s.clone().Apply(Recorded{Event: next})
}

// clone returns a copy that may be folded on without a trace in s.
func (s *State) clone() *State {
	out := *s
	out.Approvals, out.Waivers, out.Marks = slices.Clip(s.Approvals), slices.Clip(s.Waivers), slices.Clip(s.Marks)
	out.Endorsements = slices.Clip(s.Endorsements)
	out.Freezes, out.Checks = slices.Clone(s.Freezes), slices.Clip(s.Checks)
	out.Channels = make(map[string]*Channel, len(s.Channels))
	for name, ch := range s.Channels {
		out.Channels[name] = ch.clone()
	}
	return &out
}

func (c *Channel) clone() *Channel {
	out := *c
	out.Releases, out.Abandoned = slices.Clone(c.Releases), slices.Clip(c.Abandoned)
	out.Statements = slices.Clip(c.Statements)
	out.Voids, out.Exonerated, out.Observations = slices.Clip(c.Voids), slices.Clip(c.Exonerated), slices.Clip(c.Observations)
	out.Rings = make(map[string]*Ring, len(c.Rings))
	for name, r := range c.Rings {
		ring := *r
		ring.Stays = slices.Clip(r.Stays)
		out.Rings[name] = &ring
	}
	return &out
}

func (c *Channel) has(v release.Version) bool {
	return slices.ContainsFunc(c.Releases, func(r Release) bool { return r.Version.Compare(v) == 0 })
}

// burned reports whether an abandoned release used the version up.
func (c *Channel) burned(v release.Version) bool {
	return slices.ContainsFunc(c.Abandoned, func(a GivenUp) bool { return a.Burned && a.Version.Compare(v) == 0 })
}

func (c *Channel) adopt(r Recorded) string {
	var add []Release
	for _, a := range r.Adopt.Releases {
		if c.has(a.Version) || slices.ContainsFunc(add, func(o Release) bool { return o.Version.Compare(a.Version) == 0 }) {
			return fmt.Sprintf("%s is recorded already", a.Version)
		}
		add = append(add, Release{Version: a.Version, Commit: a.Commit, Tag: a.Tag, TagObject: a.TagObject, Adopted: true, Event: r.Number, Time: r.Time})
	}
	c.Releases = append(c.Releases, add...)
	return ""
}

func (c *Channel) reserve(r Recorded) string {
	in := r.Reserve.Plan.Inputs
	switch {
	case r.Reserve.Plan.Digest != in.Digest():
		return "the plan's digest is not that of its inputs"
	case in.Channel != r.Channel:
		return "the plan is another channel's"
	case c.EOL != 0:
		return fmt.Sprintf("the channel ended with event %d", c.EOL)
	case c.has(in.Version):
		return fmt.Sprintf("%s is released already", in.Version)
	case c.burned(in.Version):
		return fmt.Sprintf("%s was signed and given up", in.Version)
	case r.Reserve.Sequence != c.LastSequence+1:
		return fmt.Sprintf("its sequence should be %d", c.LastSequence+1)
	}
	c.Open = &Reservation{Plan: r.Reserve.Plan, Sequence: r.Reserve.Sequence, Event: r.Number, Commit: r.Commit, Time: r.Time, Actor: r.Actor}
	return ""
}

func (c *Channel) cut(r Recorded) string {
	k := r.Cut
	switch {
	case c.Open == nil:
		return "no reservation is open"
	case c.Open.Plan.Digest != k.Plan, c.Open.Commit != k.Reserve:
		return "the open reservation is another one"
	case c.Open.Sequence != k.Sequence, c.Open.Plan.Inputs.Version.Compare(k.Version) != 0, c.Open.Plan.Inputs.Commit != k.Commit, c.Open.Plan.Inputs.Tag != k.Tag:
		return "it is not what was reserved"
	}
	if err := release.CheckDigest(k.Release); err != nil {
		return err.Error()
	}
	c.Releases = append(c.Releases, Release{
		Version: k.Version, Commit: k.Commit, Tag: k.Tag, TagObject: k.TagObject,
		Plan: k.Plan, Release: k.Release, Reserve: k.Reserve, Sequence: k.Sequence, Event: r.Number,
		Ledger: r.Commit, Time: r.Time, Build: c.Open.Plan.Inputs.BuildDigest(),
	})
	c.Open, c.LastSequence = nil, k.Sequence
	return ""
}

func (c *Channel) abandon(r Recorded) string {
	a := r.Abandon
	switch {
	case c.Open == nil:
		return "no reservation is open"
	case c.Open.Plan.Digest != a.Plan, c.Open.Sequence != a.Sequence:
		return "the open reservation is another one"
	}
	if a.Burned {
		c.LastSequence = a.Sequence
	}
	c.Abandoned = append(c.Abandoned, GivenUp{*a, r.Number, r.Time, r.Reason})
	c.Open = nil
	return ""
}

// NextSequence is the sequence that a channel's next release gets.
func (s *State) NextSequence(channel string) uint64 {
	if ch := s.Channels[channel]; ch != nil {
		return ch.LastSequence + 1
	}
	return 1
}

// Released reports whether a channel's release of that version is recorded.
func (s *State) Released(channel string, v release.Version) bool {
	ch := s.Channels[channel]
	return ch != nil && ch.has(v)
}
