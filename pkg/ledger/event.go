package ledger

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// EventSchema names the format of [Event].
const EventSchema = "https://relctl.dev/schema/event/v1"

// MaxEventBytes limits one event's file.
const MaxEventBytes = 8 << 20

// Type is the kind of an event.
type Type string

// The events of this version of relctl.
const (
	TypeGenesis Type = "genesis"
	TypeAdopt   Type = "adopt"
	TypeReserve Type = "reserve"
	TypeCut     Type = "cut"
	TypeAbandon Type = "abandon"
	TypeApprove Type = "approve"
	TypeWaive   Type = "waive"

	// The verdicts about a change, see [Mark].
	TypeEquivalent Type = "equivalent"
	TypeWont       Type = "wont"
	TypeLTSOnly    Type = "lts-only"
)

// fields names the field of [Event] that holds each type's data.
var fields = map[Type]string{
	TypeGenesis: "genesis", TypeAdopt: "adopt", TypeReserve: "reserve", TypeCut: "cut", TypeAbandon: "abandon",
	TypeApprove: "approve", TypeWaive: "waive", TypeEquivalent: "mark", TypeWont: "mark", TypeLTSOnly: "mark",
}

// Event is one entry. Exactly the field that its type names is set.
type Event struct {
	Schema string `json:"schema"`
	// Number counts from 1 without gaps.
	Number uint64    `json:"number"`
	Type   Type      `json:"type"`
	Time   time.Time `json:"time"` // UTC, whole seconds; for people, order comes from Number
	// Actor is "Name <address>" of who appended it; only a signature proves it.
	Actor   string `json:"actor"`
	Channel string `json:"channel,omitempty"`
	Reason  string `json:"reason,omitempty"`

	Genesis *Genesis `json:"genesis,omitempty"`
	Adopt   *Adopt   `json:"adopt,omitempty"`
	Reserve *Reserve `json:"reserve,omitempty"`
	Cut     *Cut     `json:"cut,omitempty"`
	Abandon *Abandon `json:"abandon,omitempty"`
	Approve *Approve `json:"approve,omitempty"`
	Waive   *Waive   `json:"waive,omitempty"`
	Mark    *Mark    `json:"mark,omitempty"`
}

// Genesis is the first event: it pins the branch whose channel files are policy.
type Genesis struct {
	DefaultBranch string `json:"default_branch"`
}

// Adopt takes over releases from before the ledger.
type Adopt struct {
	Releases []Adopted `json:"releases"`
}

// Adopted is one release known by its tag.
type Adopted struct {
	Version   release.Version `json:"version"`
	Tag       string          `json:"tag"`
	Commit    string          `json:"commit"`
	TagObject string          `json:"tag_object"`
}

// Reserve gives a plan its version and the channel's next sequence. It holds the plan with its evidence as it stood.
type Reserve struct {
	Plan     release.Plan `json:"plan"`
	Sequence uint64       `json:"sequence"`
}

// Cut is the commit point of a release.
type Cut struct {
	Plan      string          `json:"plan"`
	Version   release.Version `json:"version"`
	Sequence  uint64          `json:"sequence"`
	Commit    string          `json:"commit"`
	Tag       string          `json:"tag,omitempty"`
	TagObject string          `json:"tag_object,omitempty"`
	// Reserve is the ledger commit of the reservation.
	Reserve string `json:"reserve"`
	// Release is the digest of release.json.
	Release string `json:"release"`
	// Verdicts are those of the gates that were asked on the built files.
	Verdicts []release.Verdict `json:"verdicts,omitempty"`
}

// Abandon gives a reservation up.
type Abandon struct {
	Plan     string          `json:"plan"`
	Version  release.Version `json:"version"`
	Sequence uint64          `json:"sequence"`
	// Burned says that release.json was signed: version and sequence are never used again.
	Burned bool `json:"burned"`
}

// Approve is somebody's word for a commit and its build inputs.
type Approve struct {
	Gate   string `json:"gate"`
	Role   string `json:"role"`
	Commit string `json:"commit"`
	// Build is [release.Inputs.BuildDigest], so that the approval of a candidate carries to its final release.
	Build string `json:"build"`
}

// Waive lets one gate, or one change by its commit id, through; the event's Reason says why.
type Waive struct {
	Gate    string    `json:"gate,omitempty"`
	Change  string    `json:"change,omitempty"`
	Expires time.Time `json:"expires"`
}

// Recorded is an event in the ledger.
type Recorded struct {
	Event
	// Commit is the ledger commit that holds the event.
	Commit string `json:"commit"`
}

// Path is where an event lies in the ledger's tree: events/0004/00004212-cut.json.
func (e *Event) Path() string {
	return fmt.Sprintf("events/%04d/%08d-%s.json", e.Number/1000, e.Number, e.Type)
}

var eventPath = regexp.MustCompile(`^events/([0-9]{4,})/([0-9]{8,})-([a-z]+(?:-[a-z]+)*)\.json$`)

// parsePath returns the number and the type that a path stands for.
func parsePath(path string) (uint64, Type, bool) {
	m := eventPath.FindStringSubmatch(path)
	if m == nil {
		return 0, "", false
	}
	n, err := strconv.ParseUint(m[2], 10, 53)
	e := Event{Number: n, Type: Type(m[3])}
	return n, e.Type, err == nil && e.Path() == path
}

// Summary says in a few words what an event did, for a list.
func (e *Event) Summary() string {
	text := ""
	switch {
	case e.Genesis != nil:
		text = "policy comes from branch " + e.Genesis.DefaultBranch
	case e.Adopt != nil:
		text = fmt.Sprintf("%d releases from before", len(e.Adopt.Releases))
		if n := len(e.Adopt.Releases); n > 0 {
			text += fmt.Sprintf(", up to %s", e.Adopt.Releases[n-1].Version)
		}
	case e.Reserve != nil:
		in := e.Reserve.Plan.Inputs
		text = fmt.Sprintf("%s at %s, sequence %d", in.Version, release.Short(in.Commit), e.Reserve.Sequence)
	case e.Cut != nil:
		text = fmt.Sprintf("%s at %s, release %.19s…", e.Cut.Version, release.Short(e.Cut.Commit), e.Cut.Release)
	case e.Abandon != nil:
		text = e.Abandon.Version.String()
		if e.Abandon.Burned {
			text += ", burned"
		}
	case e.Approve != nil:
		text = fmt.Sprintf("gate %s for %s", e.Approve.Gate, release.Short(e.Approve.Commit))
	case e.Waive != nil && e.Waive.Gate != "":
		text = fmt.Sprintf("gate %s until %s", e.Waive.Gate, e.Waive.Expires.Format(time.DateOnly))
	case e.Waive != nil:
		text = fmt.Sprintf("change %s until %s", release.Short(e.Waive.Change), e.Waive.Expires.Format(time.DateOnly))
	case e.Mark != nil:
		text = e.Mark.summary()
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// DecodeEvent reads an event strictly and checks that it is whole.
func DecodeEvent(data []byte) (*Event, error) {
	if len(data) > MaxEventBytes {
		return nil, fmt.Errorf("event is %d bytes long, at most %d are read", len(data), MaxEventBytes)
	}
	var e Event
	if err := release.Decode(data, &e); err != nil {
		return nil, err
	}
	return &e, e.validate()
}

// data returns whether each field is set, by its name.
func (e *Event) data() map[string]bool {
	return map[string]bool{
		"genesis": e.Genesis != nil, "adopt": e.Adopt != nil, "reserve": e.Reserve != nil, "cut": e.Cut != nil,
		"abandon": e.Abandon != nil, "approve": e.Approve != nil, "waive": e.Waive != nil, "mark": e.Mark != nil,
	}
}

func (e *Event) validate() error {
	if e.Schema != EventSchema {
		return fmt.Errorf("event schema is %q, this relctl reads %q", e.Schema, EventSchema)
	}
	if e.Number == 0 {
		return fmt.Errorf("event has no number")
	}
	field, ok := fields[e.Type]
	if !ok {
		return fmt.Errorf("event type %q is unknown to this relctl", e.Type)
	}
	data := e.data()
	for name, set := range data {
		if set && name != field {
			return fmt.Errorf("event of type %q carries the data of %q", e.Type, name)
		}
	}
	if !data[field] {
		return fmt.Errorf("event of type %q carries no data", e.Type)
	}
	if e.Type != TypeGenesis {
		if err := release.CheckName(e.Channel); err != nil {
			return fmt.Errorf("event's channel: %w", err)
		}
	}
	if e.Mark != nil {
		return e.validateMark()
	}
	return nil
}

// TagMessage is what the message of a release's tag carries, so that a rewritten ledger shows.
type TagMessage struct {
	// Reserve is the ledger commit of the reservation, Release the digest of release.json.
	Reserve, Release string
}

// FormatTagMessage returns a tag's message: a title and the two trailers.
func FormatTagMessage(title string, m TagMessage) string {
	return fmt.Sprintf("%s\n\nRelctl-Reserve: %s\nRelctl-Release: %s\n", title, m.Reserve, m.Release)
}

// ParseTagMessage reads the trailers of a tag's message, which a signature may follow.
func ParseTagMessage(message string) (TagMessage, error) {
	var m TagMessage
	for line := range strings.Lines(message) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "Relctl-Reserve":
			m.Reserve = value
		case "Relctl-Release":
			m.Release = value
		}
	}
	if m.Reserve == "" || m.Release == "" {
		return m, fmt.Errorf("the tag's message names no release of relctl")
	}
	return m, nil
}
