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
	Abandoned []Abandon `json:"abandoned"`
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
	var text string
	switch r.Type {
	case TypeGenesis:
		s.DefaultBranch = r.Genesis.DefaultBranch
	case TypeAdopt:
		text = ch.adopt(r)
	case TypeReserve:
		text = ch.reserve(r)
	case TypeCut:
		text = ch.cut(r)
	case TypeAbandon:
		text = ch.abandon(r)
	case TypeApprove:
		s.Approvals = append(s.Approvals, r)
	case TypeWaive:
		s.Waivers = append(s.Waivers, r)
	case TypeEquivalent, TypeWont, TypeLTSOnly:
		s.Marks = append(s.Marks, r)
	}
	if text != "" {
		return refuse("%s", text)
	}
	if r.Channel != "" {
		s.Channels[r.Channel] = ch
	}
	s.Head, s.Next = r.Commit, r.Number+1
	return nil
}

func (c *Channel) has(v release.Version) bool {
	return slices.ContainsFunc(c.Releases, func(r Release) bool { return r.Version.Compare(v) == 0 })
}

// burned reports whether an abandoned release used the version up.
func (c *Channel) burned(v release.Version) bool {
	return slices.ContainsFunc(c.Abandoned, func(a Abandon) bool { return a.Burned && a.Version.Compare(v) == 0 })
}

func (c *Channel) adopt(r Recorded) string {
	var add []Release
	for _, a := range r.Adopt.Releases {
		if c.has(a.Version) || slices.ContainsFunc(add, func(o Release) bool { return o.Version.Compare(a.Version) == 0 }) {
			return fmt.Sprintf("%s is recorded already", a.Version)
		}
		add = append(add, Release{Version: a.Version, Commit: a.Commit, Tag: a.Tag, TagObject: a.TagObject, Adopted: true, Event: r.Number})
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
	c.Abandoned = append(c.Abandoned, *a)
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
