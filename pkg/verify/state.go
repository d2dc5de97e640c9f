package verify

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// StateSchema names the format of [State].
const StateSchema = "https://relctl.dev/schema/site-state/v1"

// Limits of a site's state.
const (
	maxStateBytes = 8 << 20
	maxHistory    = 1000
	maxSeen       = 5000
)

// State is all that a site remembers, in one file, so that it changes as a whole or not at all. What a signature made
// known only ever grows: withdrawals, floors, the newest time. Metadata is kept as text, as it was signed.
type State struct {
	Schema string `json:"schema"`
	// Floor is the newest time that keys without network have signed. No clock of this site is earlier.
	Floor time.Time `json:"floor,omitzero"`
	// Root is the newest root that was reached, Roots the digests of what the roots up to it say.
	Root  string     `json:"root"`
	Roots []RootSeen `json:"roots"`
	// Timestamp, Snapshot and Targets are the current metadata, "" before the first.
	Timestamp string         `json:"timestamp,omitempty"`
	Snapshot  string         `json:"snapshot,omitempty"`
	Targets   string         `json:"targets,omitempty"`
	Channels  []ChannelState `json:"channels"`
	// Installed is nil while nobody has said what is installed.
	Installed *Installed `json:"installed,omitempty"`
	// History is what changed here, oldest first, at most 1000 entries.
	History []Event `json:"history"`
}

// RootSeen is a root that a site has passed.
type RootSeen struct {
	Version int64 `json:"version"`
	// Statement is the digest of what it says, without its signatures.
	Statement string `json:"statement"`
}

// ChannelState is what a site knows of one channel.
type ChannelState struct {
	Channel string `json:"channel"`
	// Status is the metadata of the channel's status role, Standing the statement that it vouches for.
	Status   string `json:"status"`
	Standing string `json:"standing"`
	// AsOf is when the vendor vouched that nothing about the channel is newer.
	AsOf time.Time `json:"as_of"`
	// Withdrawn are all withdrawals ever seen, sorted by version.
	Withdrawn []release.Withdrawal `json:"withdrawn,omitempty"`
	// Floor is the highest ever seen.
	Floor *release.Floor `json:"floor,omitempty"`
	// Releases are those that were met, sorted by version.
	Releases []ReleaseSeen `json:"releases,omitempty"`
}

// ReleaseSeen is a release that a site has met: another one of its version is a fraud.
type ReleaseSeen struct {
	Version  release.Version `json:"version"`
	Sequence uint64          `json:"sequence"`
	// Release is the digest of its release.json.
	Release string `json:"release"`
	// Ledger is the commit of the vendor's ledger that brought it, "" if it is not known.
	Ledger string `json:"ledger,omitempty"`
}

// Installed is what runs at a site.
type Installed struct {
	// Version is zero if nothing is installed yet.
	Version release.Version `json:"version,omitzero"`
	// Channel, Sequence and Release are known if the release was unpacked or met here.
	Channel  string `json:"channel,omitempty"`
	Sequence uint64 `json:"sequence,omitempty"`
	Release  string `json:"release,omitempty"`
}

// Event is one change of a site.
type Event struct {
	Time time.Time `json:"time"`
	// What is "init", "trust", "unpack", "installed", "follow", "accept" or "import".
	What string `json:"what"`
	Text string `json:"text"`
}

// decodeState reads a state strictly and validates it.
func decodeState(data []byte) (*State, error) {
	var s State
	if err := release.Decode(data, &s); err != nil {
		return nil, err
	}
	return &s, s.validate()
}

func (s *State) validate() error {
	if s.Schema != StateSchema {
		return fmt.Errorf("schema is %q, this relverify reads %q", s.Schema, StateSchema)
	}
	if err := checkMetadata(release.RoleRoot, []byte(s.Root)); err != nil {
		return fmt.Errorf("root: %w", err)
	}
	if len(s.Roots) == 0 || len(s.Roots) > release.MaxRoots {
		return errors.New("it does not name the roots that were passed")
	}
	for i, r := range s.Roots {
		if i > 0 && r.Version != s.Roots[i-1].Version+1 {
			return errors.New("the roots that were passed have gaps")
		}
	}
	for role, text := range map[string]string{release.RoleTimestamp: s.Timestamp, release.RoleSnapshot: s.Snapshot, release.RoleTargets: s.Targets} {
		if text != "" {
			if err := checkMetadata(role, []byte(text)); err != nil {
				return fmt.Errorf("%s: %w", role, err)
			}
		}
	}
	for i := range s.Channels {
		if err := s.Channels[i].validate(); err != nil {
			return fmt.Errorf("channel %q: %w", s.Channels[i].Channel, err)
		}
		if i > 0 && s.Channels[i-1].Channel >= s.Channels[i].Channel {
			return errors.New("the channels are out of order")
		}
	}
	return nil
}

func (c *ChannelState) validate() error {
	if err := release.CheckName(c.Channel); err != nil {
		return err
	}
	st, err := release.DecodeStanding([]byte(c.Standing))
	if err != nil {
		return fmt.Errorf("standing: %w", err)
	}
	if st.Channel != c.Channel {
		return fmt.Errorf("its standing is that of %s", st.Channel)
	}
	if err := checkMetadata(release.StatusRole(c.Channel), []byte(c.Status)); err != nil {
		return fmt.Errorf("status: %w", err)
	}
	for i, w := range c.Withdrawn {
		if w.Version.IsZero() || i > 0 && c.Withdrawn[i-1].Version.Compare(w.Version) >= 0 {
			return errors.New("the withdrawals are out of order")
		}
	}
	for i, r := range c.Releases {
		if r.Version.IsZero() || i > 0 && c.Releases[i-1].Version.Compare(r.Version) >= 0 {
			return errors.New("the releases are out of order")
		}
	}
	return nil
}

// clone returns a state that can be changed without touching s. Texts are shared, lists are not.
func (s *State) clone() *State {
	c := *s
	c.Roots = slices.Clone(s.Roots)
	c.History = slices.Clone(s.History)
	c.Channels = slices.Clone(s.Channels)
	for i := range c.Channels {
		c.Channels[i].Withdrawn = slices.Clone(c.Channels[i].Withdrawn)
		c.Channels[i].Releases = slices.Clone(c.Channels[i].Releases)
	}
	return &c
}

// channel returns what is known of a channel, nil if nothing is.
func (s *State) channel(name string) *ChannelState {
	i, ok := slices.BinarySearchFunc(s.Channels, name, compareChannel)
	if !ok {
		return nil
	}
	return &s.Channels[i]
}

func compareChannel(c ChannelState, name string) int {
	switch {
	case c.Channel < name:
		return -1
	case c.Channel > name:
		return 1
	}
	return 0
}

// note adds to the history.
func (s *State) note(now time.Time, what, format string, args ...any) {
	s.History = append(s.History, Event{Time: now.UTC().Truncate(time.Second), What: what, Text: fmt.Sprintf(format, args...)})
	if extra := len(s.History) - maxHistory; extra > 0 {
		s.History = slices.Delete(s.History, 0, extra)
	}
}

// learn takes a verified standing in: the newest counts, withdrawals and floors add up.
func (s *State) learn(channel, status string, raw []byte, st *release.Standing, asOf time.Time) {
	i, ok := slices.BinarySearchFunc(s.Channels, channel, compareChannel)
	if !ok {
		s.Channels = slices.Insert(s.Channels, i, ChannelState{Channel: channel})
	}
	c := &s.Channels[i]
	c.Status, c.Standing = status, string(raw)
	if asOf.After(c.AsOf) {
		c.AsOf = asOf
	}
	for _, w := range st.Withdrawn {
		at, known := slices.BinarySearchFunc(c.Withdrawn, w.Version, func(w release.Withdrawal, v release.Version) int { return w.Version.Compare(v) })
		if known {
			c.Withdrawn[at] = w // the newer wording
		} else {
			c.Withdrawn = slices.Insert(c.Withdrawn, at, w)
		}
	}
	if st.Floor != nil && (c.Floor == nil || st.Floor.Version.Compare(c.Floor.Version) >= 0) {
		c.Floor = st.Floor
	}
	if st.Issued.After(s.Floor) {
		s.Floor = st.Issued
	}
}

// effective is the standing with everything that was ever withdrawn, the highest floor, and the newest release that was
// met: a standing is signed by keys without network, often before the release.
func (c *ChannelState) effective() (*release.Standing, error) {
	st, err := release.DecodeStanding([]byte(c.Standing))
	if err != nil {
		return nil, fmt.Errorf("what this site keeps of %s is damaged: %w", c.Channel, err)
	}
	st.Withdrawn, st.Floor = c.Withdrawn, c.Floor
	if n := len(c.Releases); n > 0 {
		last := c.Releases[n-1]
		if st.Newest == nil || last.Version.Compare(st.Newest.Version) > 0 {
			st.Newest = &release.Head{Version: last.Version, Sequence: last.Sequence, Release: last.Release}
		}
	}
	return st, nil
}

// meet remembers a release, and refuses another one than the one that was met before.
func (c *ChannelState) meet(r ReleaseSeen) error {
	for _, old := range c.Releases {
		sameVersion, sameSequence := old.Version.Compare(r.Version) == 0, old.Sequence == r.Sequence
		if sameVersion != sameSequence || sameVersion && (old.Release != r.Release || old.Ledger != "" && r.Ledger != "" && old.Ledger != r.Ledger) {
			return &Refusal{
				Code: CodeEquivocation, Verdict: authenticity,
				Text:   fmt.Sprintf("this site has met %s (sequence %d) of %s as %s, and is now shown %s (sequence %d) as %s", old.Version, old.Sequence, c.Channel, short(old.Release), r.Version, r.Sequence, short(r.Release)),
				Remedy: "the vendor's key shows two histories: install nothing, and call your vendor",
			}
		}
	}
	i, ok := slices.BinarySearchFunc(c.Releases, r.Version, func(s ReleaseSeen, v release.Version) int { return s.Version.Compare(v) })
	switch {
	case ok && c.Releases[i].Ledger == "":
		c.Releases[i].Ledger = r.Ledger
	case !ok && len(c.Releases) < maxSeen:
		c.Releases = slices.Insert(c.Releases, i, r)
	}
	return nil
}

// short is the beginning of a digest, for people.
func short(digest string) string {
	if len(digest) > 19 {
		return digest[:19] + "…"
	}
	return digest
}
