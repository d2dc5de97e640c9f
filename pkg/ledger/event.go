package ledger

import (
	"errors"
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

	// What happens to a release in the rings of a rolling channel.
	TypePromote   Type = "promote"
	TypeRollback  Type = "rollback"
	TypeReject    Type = "reject"
	TypeExonerate Type = "exonerate"
	TypeHold      Type = "hold"
	TypeResume    Type = "resume"
	TypeFreeze    Type = "freeze"
	TypeThaw      Type = "thaw"
	TypeObserve   Type = "observe"

	// The life of a channel and of what it published.
	TypeOpen     Type = "open"
	TypeEOL      Type = "eol"
	TypeWithdraw Type = "withdraw"
	TypeFloor    Type = "floor"
	TypeReveal   Type = "reveal"

	// Trust metadata, see [TrustSet].
	TypeTrust        Type = "trust"
	TypeTrustRequest Type = "trust-request"

	// The verdicts about a change, see [Mark].
	TypeEquivalent Type = "equivalent"
	TypeWont       Type = "wont"
	TypeLTSOnly    Type = "lts-only"
)

// payload is the data of one type of event.
type payload interface {
	// check reports what is wrong with it as a part of e, whose type is the one that it belongs to.
	check(e *Event) error
	// summary says in a few words what it did, without the event's reason.
	summary() string
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
	Endorse *Endorse `json:"endorse,omitempty"`

	Promote   *Promote   `json:"promote,omitempty"`
	Rollback  *Rollback  `json:"rollback,omitempty"`
	Reject    *Reject    `json:"reject,omitempty"`
	Exonerate *Exonerate `json:"exonerate,omitempty"`
	Hold      *Hold      `json:"hold,omitempty"`
	Resume    *Resume    `json:"resume,omitempty"`
	Freeze    *Freeze    `json:"freeze,omitempty"`
	Thaw      *Thaw      `json:"thaw,omitempty"`
	Observe   *Observe   `json:"observe,omitempty"`

	Open     *Open     `json:"open,omitempty"`
	EOL      *EOL      `json:"eol,omitempty"`
	Withdraw *Withdraw `json:"withdraw,omitempty"`
	Floor    *Floor    `json:"floor,omitempty"`
	Reveal   *Reveal   `json:"reveal,omitempty"`

	Trust *TrustSet `json:"trust,omitempty"`
}

// payloads returns the data that is set, by the types that it may belong to.
func (e *Event) payloads() map[Type]payload {
	set := map[Type]payload{}
	put(set, e.Genesis, TypeGenesis)
	put(set, e.Adopt, TypeAdopt)
	put(set, e.Reserve, TypeReserve)
	put(set, e.Cut, TypeCut)
	put(set, e.Abandon, TypeAbandon)
	put(set, e.Approve, TypeApprove)
	put(set, e.Waive, TypeWaive)
	put(set, e.Mark, TypeEquivalent, TypeWont, TypeLTSOnly)
	put(set, e.Endorse, TypeEndorse)
	put(set, e.Promote, TypePromote)
	put(set, e.Rollback, TypeRollback)
	put(set, e.Reject, TypeReject)
	put(set, e.Exonerate, TypeExonerate)
	put(set, e.Hold, TypeHold)
	put(set, e.Resume, TypeResume)
	put(set, e.Freeze, TypeFreeze)
	put(set, e.Thaw, TypeThaw)
	put(set, e.Observe, TypeObserve)
	put(set, e.Open, TypeOpen)
	put(set, e.EOL, TypeEOL)
	put(set, e.Withdraw, TypeWithdraw)
	put(set, e.Floor, TypeFloor)
	put(set, e.Reveal, TypeReveal)
	put(set, e.Trust, TypeTrust, TypeTrustRequest)
	return set
}

// put adds data that is not nil.
func put[T any, P interface {
	*T
	payload
}](set map[Type]payload, data P, types ...Type) {
	if data == nil {
		return
	}
	for _, t := range types {
		set[t] = data
	}
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
	Gate   string `json:"gate,omitempty"`
	Change string `json:"change,omitempty"`
	// Ring and Release are where the gate is waived, and for what: for that release when it leaves that ring. Without
	// them the gate is waived wherever the channel asks it.
	Ring    string          `json:"ring,omitempty"`
	Release release.Version `json:"release,omitzero"`
	Expires time.Time       `json:"expires"`
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

// Brief says in a few words what an event did, without its reason.
func (e *Event) Brief() string {
	if data := e.payloads()[e.Type]; data != nil {
		return data.summary()
	}
	return ""
}

// Summary says in a few words what an event did, and why, for a list.
func (e *Event) Summary() string {
	text := e.Brief()
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

func (g *Genesis) check(*Event) error { return nil }
func (g *Genesis) summary() string    { return "policy comes from branch " + g.DefaultBranch }

func (a *Adopt) check(*Event) error { return nil }
func (a *Adopt) summary() string {
	text := release.Count(len(a.Releases), "release") + " from before"
	if n := len(a.Releases); n > 0 {
		text += fmt.Sprintf(", up to %s", a.Releases[n-1].Version)
	}
	return text
}

func (r *Reserve) check(*Event) error { return nil }
func (r *Reserve) summary() string {
	in := r.Plan.Inputs
	return fmt.Sprintf("%s at %s, sequence %d", in.Version, release.Short(in.Commit), r.Sequence)
}

func (c *Cut) check(*Event) error { return nil }
func (c *Cut) summary() string {
	return fmt.Sprintf("%s at %s, release %.19s…", c.Version, release.Short(c.Commit), c.Release)
}

func (a *Abandon) check(*Event) error { return nil }
func (a *Abandon) summary() string {
	if a.Burned {
		return a.Version.String() + ", burned"
	}
	return a.Version.String()
}

func (a *Approve) check(*Event) error { return nil }
func (a *Approve) summary() string {
	return fmt.Sprintf("gate %s for %s", a.Gate, release.Short(a.Commit))
}

func (w *Waive) check(*Event) error {
	if (w.Ring == "") != w.Release.IsZero() || w.Ring != "" && w.Gate == "" {
		return errors.New("a waiver names a gate, a ring and a release together, or neither ring nor release")
	}
	return nil
}

func (w *Waive) summary() string {
	if w.Ring != "" {
		return fmt.Sprintf("gate %s for %s in ring %s until %s", w.Gate, w.Release, w.Ring, w.Expires.Format(time.DateOnly))
	}
	if w.Gate != "" {
		return fmt.Sprintf("gate %s until %s", w.Gate, w.Expires.Format(time.DateOnly))
	}
	return fmt.Sprintf("change %s until %s", release.Short(w.Change), w.Expires.Format(time.DateOnly))
}

// Version returns the version that the event is about, zero for none. A rollback is about the one that it leaves.
func (e *Event) Version() release.Version {
	switch {
	case e.Reserve != nil:
		return e.Reserve.Plan.Inputs.Version
	case e.Cut != nil:
		return e.Cut.Version
	case e.Abandon != nil:
		return e.Abandon.Version
	case e.Promote != nil:
		return e.Promote.Version
	case e.Rollback != nil:
		return e.Rollback.From
	case e.Reject != nil:
		return e.Reject.Version
	case e.Exonerate != nil:
		return e.Exonerate.Version
	case e.Observe != nil:
		return e.Observe.Version
	case e.Open != nil:
		return e.Open.Version
	case e.EOL != nil:
		return e.EOL.Last
	case e.Withdraw != nil:
		return e.Withdraw.Version
	case e.Floor != nil:
		return e.Floor.Version
	case e.Reveal != nil:
		return e.Reveal.Version
	}
	return release.Version{}
}

// Ring returns the ring that the event is about, "" for none or for all.
func (e *Event) Ring() string {
	switch {
	case e.Promote != nil:
		return e.Promote.Ring
	case e.Rollback != nil:
		return e.Rollback.Ring
	case e.Hold != nil:
		return e.Hold.Ring
	case e.Resume != nil:
		return e.Resume.Ring
	case e.Observe != nil:
		return e.Observe.Ring
	}
	return ""
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

// types are all that this relctl knows.
var types = func() map[Type]bool {
	all := Event{
		Genesis: &Genesis{}, Adopt: &Adopt{}, Reserve: &Reserve{}, Cut: &Cut{}, Abandon: &Abandon{}, Approve: &Approve{},
		Waive: &Waive{}, Mark: &Mark{}, Endorse: &Endorse{}, Promote: &Promote{}, Rollback: &Rollback{}, Reject: &Reject{}, Exonerate: &Exonerate{},
		Hold: &Hold{}, Resume: &Resume{}, Freeze: &Freeze{}, Thaw: &Thaw{}, Observe: &Observe{}, Open: &Open{}, EOL: &EOL{},
		Withdraw: &Withdraw{}, Floor: &Floor{}, Reveal: &Reveal{}, Trust: &TrustSet{},
	}
	known := map[Type]bool{}
	for t := range all.payloads() {
		known[t] = true
	}
	return known
}()

func (e *Event) validate() error {
	if e.Schema != EventSchema {
		return fmt.Errorf("event schema is %q, this relctl reads %q", e.Schema, EventSchema)
	}
	if e.Number == 0 {
		return fmt.Errorf("event has no number")
	}
	if !types[e.Type] {
		return fmt.Errorf("event type %q is unknown to this relctl", e.Type)
	}
	set := e.payloads()
	data := set[e.Type]
	for typ, other := range set {
		if other != data {
			return fmt.Errorf("event of type %q carries the data of %q", e.Type, typ)
		}
	}
	if data == nil {
		return fmt.Errorf("event of type %q carries no data", e.Type)
	}
	if err := e.checkChannel(); err != nil {
		return err
	}
	return data.check(e)
}

// checkChannel demands a channel, but for the events that are about none: genesis, trust and the checks of commits; a freeze
// may be of all channels.
func (e *Event) checkChannel() error {
	none := e.Observe != nil && e.Observe.Kind == ObserveCheck
	switch {
	case e.Trust != nil:
		if e.Channel != "" {
			return fmt.Errorf("trust is about the product, not about channel %.50q", e.Channel)
		}
		return nil
	case e.Type == TypeGenesis, e.Channel == "" && (none || e.Type == TypeFreeze || e.Type == TypeThaw || e.Type == TypeEndorse):
		return nil
	case none:
		return fmt.Errorf("a check is about a commit, not about channel %.50q", e.Channel)
	}
	if err := release.CheckName(e.Channel); err != nil {
		return fmt.Errorf("event's channel: %w", err)
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
