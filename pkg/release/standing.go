package release

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
)

// StandingSchema names the format of [Standing].
const StandingSchema = "https://relctl.dev/schema/standing/v1"

// Limits of a standing, applied before anything is allocated for it.
const (
	MaxStandingBytes = 256 << 10
	maxStatements    = 2000
	maxTextBytes     = 2000
	maxRangeBytes    = 200
)

// Standing is channels/<channel>.json, the one signed statement about a channel that changes over time: how long it is
// supported, what was withdrawn, which upgrades are offered. The highest that a site has seen wins, but withdrawals only
// ever add up.
type Standing struct {
	Schema string `json:"schema"`
	// Critical names fields that a reader must understand, as in [Manifest].
	Critical []string `json:"critical,omitempty"`
	Product  string   `json:"product"`
	Channel  string   `json:"channel"`
	Line     Line     `json:"line,omitzero"`
	// Issued is when the statement was made, in UTC and whole seconds. No clock of a site is earlier.
	Issued  time.Time     `json:"issued"`
	Support SupportWindow `json:"support,omitzero"`
	// Ended says that the line's life is over, nil while it lasts.
	Ended *Ending `json:"ended,omitempty"`
	// Newest is the newest release at that time, nil before the first.
	Newest *Head `json:"newest,omitempty"`
	// Floor is the version below which nothing may be installed any more, nil for none.
	Floor *Floor `json:"floor,omitempty"`
	// Withdrawn are the releases that must not be installed, sorted by version.
	Withdrawn []Withdrawal `json:"withdrawn,omitempty"`
	Upgrade   Upgrades     `json:"upgrade,omitzero"`
}

// SupportWindow is how long customers can count on a line: days such as 2027-03-01, "" for open.
type SupportWindow struct {
	// Maintenance is the first day on which only serious faults are fixed.
	Maintenance string `json:"maintenance,omitempty"`
	// EOL is the first day on which nothing is fixed.
	EOL string `json:"eol,omitempty"`
}

// Ending is the declared end of a line's life.
type Ending struct {
	Time   time.Time `json:"time"`
	Reason string    `json:"reason"`
	// Successor is the channel to go to, or "".
	Successor string `json:"successor,omitempty"`
}

// Head names a channel's newest release.
type Head struct {
	Version  Version `json:"version"`
	Sequence uint64  `json:"sequence"`
	// Release is the digest of its release.json.
	Release string `json:"release"`
}

// Floor is the lowest version that may still be installed.
type Floor struct {
	Version Version `json:"version"`
	Reason  string  `json:"reason"`
	// Advisory names what was published about it, such as a CVE, or "".
	Advisory string `json:"advisory,omitempty"`
}

// Withdrawal is a release that must not be installed.
type Withdrawal struct {
	Version  Version   `json:"version"`
	Time     time.Time `json:"time"`
	Reason   string    `json:"reason"`
	Advisory string    `json:"advisory,omitempty"`
	// Abandoned says that the version was signed, and never released.
	Abandoned bool `json:"abandoned,omitempty"`
}

// Upgrades says how one gets to the releases of a channel. Ranges are constraints as Masterminds/semver reads them, such
// as ">=2.2.0 <2.4.0", pre-releases included; "" is every version.
type Upgrades struct {
	// From is the range of versions that may go to the channel's releases, "" for those of its own line only.
	From string `json:"from,omitempty"`
	// Stops are releases that must be installed on the way, sorted by version.
	Stops []Stop `json:"stops,omitempty"`
	// Blocked are single ways that are not offered.
	Blocked []Block `json:"blocked,omitempty"`
	// Conditions are what must be done or hold before a way is taken.
	Conditions []Condition `json:"conditions,omitempty"`
}

// Stop is a release, of this line or an older one, that must be installed on the way from older versions to newer ones of
// this channel.
type Stop struct {
	Version Version `json:"version"`
	// For is the range of installed versions below it that must stop here, "" for all.
	For    string `json:"for,omitempty"`
	Reason string `json:"reason"`
}

// Block is a way that is not offered, though From would allow it.
type Block struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Reason string `json:"reason"`
}

// Condition must hold before a way is taken.
type Condition struct {
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	Text string `json:"text"`
}

// DecodeStanding reads channels/<channel>.json strictly (see [Decode]) and validates it.
func DecodeStanding(data []byte) (*Standing, error) {
	if len(data) > MaxStandingBytes {
		return nil, fmt.Errorf("%d bytes, at most %d are allowed", len(data), MaxStandingBytes)
	}
	var s Standing
	if err := Decode(data, &s); err != nil {
		return nil, err
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return &s, nil
}

// knownStanding are the fields of a standing that this version understands.
var knownStanding = []string{"product", "channel", "line", "issued", "support", "ended", "newest", "floor", "withdrawn", "upgrade"}

// Validate checks everything about a standing that can be known from itself.
func (s *Standing) Validate() error {
	if s.Schema != StandingSchema {
		return fmt.Errorf("schema is %q, this relctl reads %q", s.Schema, StandingSchema)
	}
	for _, c := range s.Critical {
		if !slices.Contains(knownStanding, c) {
			return &CriticalError{Field: c}
		}
	}
	if err := CheckName(s.Product); err != nil {
		return fmt.Errorf("product: %w", err)
	}
	if err := CheckName(s.Channel); err != nil {
		return fmt.Errorf("channel: %w", err)
	}
	if err := checkMoment(s.Issued); err != nil {
		return fmt.Errorf("issued: %w", err)
	}
	for _, day := range []string{s.Support.Maintenance, s.Support.EOL} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return fmt.Errorf("support: %q is not a day such as 2027-03-01", day)
		}
	}
	if s.Ended != nil {
		if err := s.Ended.validate(); err != nil {
			return fmt.Errorf("ended: %w", err)
		}
	}
	if s.Newest != nil {
		if s.Newest.Version.IsZero() || s.Newest.Sequence == 0 {
			return fmt.Errorf("newest: version or sequence is missing")
		}
		if err := CheckDigest(s.Newest.Release); err != nil {
			return fmt.Errorf("newest: %w", err)
		}
	}
	if s.Floor != nil {
		if s.Floor.Version.IsZero() {
			return fmt.Errorf("floor: version is missing")
		}
		if err := checkTexts(s.Floor.Reason, s.Floor.Advisory); err != nil {
			return fmt.Errorf("floor: %w", err)
		}
	}
	if err := checkWithdrawn(s.Withdrawn); err != nil {
		return err
	}
	if err := s.Upgrade.validate(); err != nil {
		return fmt.Errorf("upgrade: %w", err)
	}
	return nil
}

// Withdrawal returns the withdrawal of a version, nil if it is not withdrawn.
func (s *Standing) Withdrawal(v Version) *Withdrawal {
	i, ok := slices.BinarySearchFunc(s.Withdrawn, v, func(w Withdrawal, v Version) int { return w.Version.Compare(v) })
	if !ok {
		return nil
	}
	return &s.Withdrawn[i]
}

func (e *Ending) validate() error {
	if err := checkMoment(e.Time); err != nil {
		return err
	}
	if e.Successor != "" {
		if err := CheckName(e.Successor); err != nil {
			return fmt.Errorf("successor: %w", err)
		}
	}
	return checkTexts(e.Reason)
}

func checkWithdrawn(list []Withdrawal) error {
	if len(list) > maxStatements {
		return fmt.Errorf("withdrawn: %d entries, at most %d are allowed", len(list), maxStatements)
	}
	for i, w := range list {
		if w.Version.IsZero() || i > 0 && list[i-1].Version.Compare(w.Version) >= 0 {
			return fmt.Errorf("withdrawn: %q is missing, repeated, or out of order", w.Version)
		}
		if err := checkMoment(w.Time); err != nil {
			return fmt.Errorf("withdrawn %s: %w", w.Version, err)
		}
		if err := checkTexts(w.Reason, w.Advisory); err != nil {
			return fmt.Errorf("withdrawn %s: %w", w.Version, err)
		}
	}
	return nil
}

func (u Upgrades) validate() error {
	if len(u.Stops) > maxStatements || len(u.Blocked) > maxStatements || len(u.Conditions) > maxStatements {
		return fmt.Errorf("more than %d entries", maxStatements)
	}
	if err := CheckRange(u.From); err != nil {
		return fmt.Errorf("from: %w", err)
	}
	for i, x := range u.Stops {
		if x.Version.IsZero() || i > 0 && u.Stops[i-1].Version.Compare(x.Version) >= 0 {
			return fmt.Errorf("stop %q is missing, repeated, or out of order", x.Version)
		}
		if err := checkWay(x.For, "", x.Reason); err != nil {
			return fmt.Errorf("stop %s: %w", x.Version, err)
		}
	}
	for _, x := range u.Blocked {
		if err := checkWay(x.From, x.To, x.Reason); err != nil {
			return fmt.Errorf("blocked %q to %q: %w", x.From, x.To, err)
		}
	}
	for _, x := range u.Conditions {
		if err := checkWay(x.From, x.To, x.Text); err != nil {
			return fmt.Errorf("condition %q to %q: %w", x.From, x.To, err)
		}
	}
	return nil
}

func checkWay(from, to, text string) error {
	if err := CheckRange(from); err != nil {
		return err
	}
	if err := CheckRange(to); err != nil {
		return err
	}
	return checkTexts(text)
}

// CheckRange reports whether s is a range of versions as [Upgrades] carries it, "" for every version.
func CheckRange(s string) error {
	if s == "" {
		return nil
	}
	_, err := ParseRange(s)
	return err
}

// ParseRange reads a range of versions of at most 200 bytes that takes pre-releases in as what they lead to.
func ParseRange(s string) (*semver.Constraints, error) {
	if len(s) > maxRangeBytes {
		return nil, fmt.Errorf("a range of %d bytes, at most %d are allowed", len(s), maxRangeBytes)
	}
	c, err := semver.NewConstraint(s)
	if err != nil {
		return nil, fmt.Errorf("%q is no range of versions such as %q", s, ">=2.2.0 <2.4.0")
	}
	c.IncludePrerelease = true
	return c, nil
}

// Within reports whether v lies in a range.
func Within(c *semver.Constraints, v Version) bool { return c.Check(&v.v) }

// checkMoment wants a time in UTC and whole seconds, as all times in signed statements are written.
func checkMoment(t time.Time) error {
	if t.IsZero() || t.Location() != time.UTC || t.Nanosecond() != 0 {
		return fmt.Errorf("%s is not a time in UTC and whole seconds", t.Format(time.RFC3339Nano))
	}
	return nil
}

// CheckTexts reports whether a standing may carry a reason and the texts after it: the reason must be there, and each
// must have at most 2,000 bytes and no control characters but line ends.
func CheckTexts(reason string, more ...string) error {
	return checkTexts(append([]string{reason}, more...)...)
}

// checkTexts wants a reason first, and texts for people of a bearable length without control characters.
func checkTexts(texts ...string) error {
	if strings.TrimSpace(texts[0]) == "" {
		return fmt.Errorf("the reason is missing")
	}
	for _, s := range texts {
		if len(s) > maxTextBytes {
			return fmt.Errorf("a text of %d bytes, at most %d are allowed", len(s), maxTextBytes)
		}
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f }) {
			return fmt.Errorf("%.40q has control characters", s)
		}
	}
	return nil
}
