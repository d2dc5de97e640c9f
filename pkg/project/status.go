package project

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
)

// StatusSchema names the format of [Status].
const StatusSchema = "https://relctl.dev/schema/status/v1"

// Status is how the channels of a product stand at a time.
type Status struct {
	Schema   string          `json:"schema"`
	Product  string          `json:"product"`
	Time     time.Time       `json:"time"`
	Channels []ChannelStatus `json:"channels"`
	// Trust is metadata that ends soon, or has ended.
	Trust []TrustWarning `json:"trust,omitempty"`
}

// ChannelStatus is how one channel stands.
type ChannelStatus struct {
	Name string       `json:"name"`
	Kind release.Kind `json:"kind"`
	// Last is the newest release, left out if there is none yet.
	Last *LastRelease `json:"last,omitempty"`
	// Unreleased is the number of changes on the branch since the last release that is no pre-release, left out if there is
	// no such release, or if the branch is not there.
	Unreleased *int `json:"unreleased,omitempty"`
	// Missing says which branch is not there, "" if it is.
	Missing string `json:"missing,omitempty"`
	// Open is a release that was begun and neither finished nor given up.
	Open *OpenRelease `json:"open,omitempty"`
	// Support is how long customers can count on an LTS channel, left out where its file does not say.
	Support *SupportLeft `json:"support,omitempty"`
	// Freezes that people declared, that cover rings of the channel, and that are not over.
	Freezes []ledger.Frozen `json:"freezes,omitempty"`
	// Rings of a rolling channel, in order.
	Rings []RingStatus `json:"rings,omitempty"`
	// Withdrawn are the releases that must not be installed, and Floor the lowest that may be, left out for none.
	Withdrawn []SaidStatus `json:"withdrawn,omitempty"`
	Floor     *SaidStatus  `json:"floor,omitempty"`
	// Unsigned are the events about the channel that lack the signature of the role security and count for nothing.
	Unsigned []uint64 `json:"unsigned,omitempty"`
}

// SaidStatus is what people said about a version.
type SaidStatus struct {
	Version  release.Version `json:"version"`
	Event    uint64          `json:"event"`
	Since    time.Time       `json:"since"`
	Reason   string          `json:"reason"`
	Advisory string          `json:"advisory,omitempty"`
}

// LastRelease is a channel's newest release.
type LastRelease struct {
	Version release.Version `json:"version"`
	Commit  string          `json:"commit"`
	// Time is when the ledger recorded it; Adopted says that this is not when it was made.
	Time    time.Time `json:"time"`
	Adopted bool      `json:"adopted,omitempty"`
}

// OpenRelease is a reservation.
type OpenRelease struct {
	Version release.Version `json:"version"`
	Commit  string          `json:"commit"`
	Event   uint64          `json:"event"`
	Since   time.Time       `json:"since"`
	// By is who reserved it, as they said.
	By string `json:"by"`
}

// Phase is a part of a line's life.
type Phase string

// The phases, in their order.
const (
	PhaseFull        Phase = "full"        // everything that the channel accepts
	PhaseMaintenance Phase = "maintenance" // serious faults only
	PhaseEOL         Phase = "eol"         // nothing any more
)

// SupportLeft is where a line is in its life.
type SupportLeft struct {
	Phase Phase `json:"phase"`
	// Maintenance and EOL are the first days of those phases, "" where the channel's file gives none.
	Maintenance channel.Date `json:"maintenance,omitzero"`
	EOL         channel.Date `json:"eol,omitzero"`
	// Days until the next phase begins, left out if none follows.
	Days *int `json:"days,omitempty"`
	// Ended is the number of the event that ended the channel, 0 for none.
	Ended uint64 `json:"ended,omitempty"`
	// Reason of that end, and the channel to go to, "" for none.
	Reason    string `json:"reason,omitempty"`
	Successor string `json:"successor,omitempty"`
}

// RingStatus is how a ring stands, and what happens next with it.
type RingStatus struct {
	ring.Decision
	Cells []string `json:"cells"`
	// Refused says why what runs may go nowhere else: it was rejected or withdrawn. "" if it may.
	Refused string `json:"refused,omitempty"`
	// Soak of what runs, left out if the ring asks for none or runs nothing.
	Soak *SoakStatus `json:"soak,omitempty"`
	// Gates are the conditions for what runs to go on to the next ring, as they were recorded last. One that was not
	// asked is not-evaluated.
	Gates []release.Verdict `json:"gates,omitempty"`
}

// SoakStatus is how far the soak of what a ring runs has come.
type SoakStatus struct {
	// Needed and Healthy are in seconds. Healthy is the unbroken time that is proven and reaches up to now.
	Needed  int64 `json:"needed"`
	Healthy int64 `json:"healthy"`
	// Missing are cells that never said that they run it.
	Missing []string `json:"missing,omitempty"`
	// Sick is the cell that was seen unhealthy last, and SickAt when, if that was after the healthy time.
	Sick   string    `json:"sick,omitempty"`
	SickAt time.Time `json:"sick_at,omitzero"`
	// Waiver is the number of the event that waived the soak, or 0.
	Waiver uint64 `json:"waiver,omitempty"`
	// MovedOn is the number of the event that promoted the release into the next ring, since when this soak has no say,
	// or 0.
	MovedOn uint64 `json:"moved_on,omitempty"`
}

// Status tells how channels stand, in the order of the policy; without names, all. It reads and asks no gate.
func (p *Project) Status(ctx context.Context, now time.Time, names ...string) (*Status, error) {
	out := &Status{Schema: StatusSchema, Product: p.Policy.Product.Name, Time: now.UTC().Truncate(time.Second), Channels: []ChannelStatus{}}
	for _, name := range names {
		if _, err := p.Policy.Channel(name); err != nil {
			return nil, err
		}
	}
	for _, ch := range p.Policy.Channels {
		if len(names) > 0 && !slices.Contains(names, ch.Name) {
			continue
		}
		st, err := p.channelStatus(ctx, ch, now)
		if err != nil {
			return nil, err
		}
		out.Channels = append(out.Channels, *st)
	}
	repo, err := p.TrustRepository(ctx)
	if err != nil {
		return nil, err
	}
	out.Trust = p.TrustWarnings(repo, now)
	return out, nil
}

func (p *Project) channelStatus(ctx context.Context, ch *channel.Channel, now time.Time) (*ChannelStatus, error) {
	out := &ChannelStatus{Name: ch.Name, Kind: ch.Kind}
	st := p.State.Channels[ch.Name]
	if st == nil {
		st = &ledger.Channel{}
	}
	if n := len(st.Releases); n > 0 {
		r := st.Releases[n-1]
		out.Last = &LastRelease{Version: r.Version, Commit: r.Commit, Time: r.Time, Adopted: r.Adopted}
	}
	if o := st.Open; o != nil {
		in := o.Plan.Inputs
		out.Open = &OpenRelease{Version: in.Version, Commit: in.Commit, Event: o.Event, Since: o.Time, By: o.Actor}
	}
	out.Support = supportLeft(ch, st, now)
	if err := p.told(ctx, out); err != nil {
		return nil, err
	}
	if err := p.unreleased(ctx, ch, st, out); err != nil {
		return nil, err
	}
	var err error
	if ch.Kind == release.Rolling && len(ch.Rings) > 0 {
		out.Freezes = p.declaredFreezes(ch, now)
		out.Rings, err = p.ringStatus(ctx, ch, st, now)
	}
	return out, err
}

// unreleased counts the changes that a branch has since the last release that is no pre-release.
func (p *Project) unreleased(ctx context.Context, ch *channel.Channel, st *ledger.Channel, out *ChannelStatus) error {
	ref := plan.RemoteRef(p.Remote, ch.Branch)
	head, err := p.Repo.Resolve(ctx, ref)
	if errors.Is(err, git.ErrNotFound) {
		out.Missing = ref
		return nil
	}
	if err != nil {
		return err
	}
	for _, r := range slices.Backward(st.Releases) {
		if r.Version.Prerelease() != "" {
			continue
		}
		n := 0
		if r.Commit != head {
			res, err := history.Changes(ctx, p.Repo, history.Options{From: r.Commit, To: head})
			if err != nil {
				return err
			}
			n = len(res.Changes)
		}
		out.Unreleased = &n
		return nil
	}
	return nil
}

// supportLeft tells where a line is in its life. Days begin in UTC.
func supportLeft(ch *channel.Channel, st *ledger.Channel, now time.Time) *SupportLeft {
	if ch.Support == nil && st.EOL == 0 {
		return nil
	}
	out := &SupportLeft{Phase: PhaseFull, Ended: st.EOL}
	if ch.Support != nil {
		out.Maintenance, out.EOL = ch.Support.Maintenance, ch.Support.EOL
	}
	for _, next := range []struct {
		phase Phase
		from  channel.Date
	}{{PhaseMaintenance, out.Maintenance}, {PhaseEOL, out.EOL}} {
		if next.from.IsZero() {
			continue
		}
		if begin := next.from.In(time.UTC); now.Before(begin) {
			days := int((begin.Sub(now) + 24*time.Hour - 1) / (24 * time.Hour))
			out.Days = &days
			break
		}
		out.Phase = next.phase
	}
	if st.EOL != 0 {
		out.Phase, out.Days = PhaseEOL, nil
	}
	return out
}

// ringStatus tells how a channel's rings stand. Gates are not asked: what was recorded about them stands in the ledger.
func (p *Project) ringStatus(ctx context.Context, ch *channel.Channel, st *ledger.Channel, now time.Time) ([]RingStatus, error) {
	m, err := p.Rings(ctx, ch, p.State, now, nil)
	if err != nil {
		return nil, err
	}
	recorded, err := p.recorded(ctx, ch, st)
	if err != nil {
		return nil, err
	}
	m.Verdicts = map[ring.Question][]release.Verdict{}
	for _, q := range m.Questions() {
		m.Verdicts[q] = notAsked(m, q.Ring)
	}
	out := make([]RingStatus, len(ch.Rings))
	for i, d := range m.Decide() {
		r := &out[i]
		r.Decision, r.Cells = d, ch.Rings[i].Cells
		if r.Cells == nil {
			r.Cells = []string{}
		}
		if d.Runs.IsZero() {
			continue
		}
		_, r.Refused = st.Usable(d.Runs)
		if r.Soak, err = soakStatus(m, d.Ring); err != nil {
			return nil, err
		}
		if r.Soak != nil && i+1 < len(ch.Rings) {
			r.Soak.MovedOn = promotedTo(st, ch.Rings[i+1].Name, d.Runs)
		}
		if r.Gates = m.Verdicts[ring.Question{Ring: d.Ring, Version: d.Runs}]; r.Gates == nil {
			r.Gates = recorded[d.Ring]
		}
	}
	return out, nil
}

// declaredFreezes returns those of the ledger that cover a channel and are not over.
func (p *Project) declaredFreezes(ch *channel.Channel, now time.Time) []ledger.Frozen {
	var out []ledger.Frozen
	for _, f := range p.State.Freezes {
		if (f.Channel == "" || f.Channel == ch.Name) && (f.Until.IsZero() || now.Before(f.Until)) {
			out = append(out, f)
		}
	}
	return out
}

// running is what a ring runs, as its gates are asked about it.
func running(m ring.Model, name string) ring.Question {
	q := ring.Question{Ring: name}
	if c := m.State.Channels[m.Policy.Channel]; c != nil {
		q.Version = c.Runs(name)
	}
	return q
}

// notAsked are the verdicts of a ring's gates as long as nobody asks them; waivers count all the same.
func notAsked(m ring.Model, name string) []release.Verdict {
	var out []release.Verdict
	runs := running(m, name)
	for _, r := range m.Policy.Rings {
		if r.Name != name {
			continue
		}
		for _, g := range r.Gates {
			v := release.Verdict{Gate: g, Status: release.NotEvaluated, Reason: "not asked", Hint: "relctl advance " + m.Policy.Channel}
			if event, reason, ok := m.Waived(runs, g); ok {
				v = release.Verdict{Gate: g, Status: release.Waived, Reason: reason, Waiver: event}
			}
			out = append(out, v)
		}
	}
	return out
}

// recorded returns for each ring with gates what they said when the release that runs there went on to the next ring.
func (p *Project) recorded(ctx context.Context, ch *channel.Channel, st *ledger.Channel) (map[string][]release.Verdict, error) {
	out := map[string][]release.Verdict{}
	var files fs.FS
	for i, r := range ch.Rings {
		if len(r.Gates) == 0 || i+1 == len(ch.Rings) {
			continue
		}
		event := promotedTo(st, ch.Rings[i+1].Name, st.Runs(r.Name))
		if event == 0 {
			continue
		}
		if files == nil {
			var err error
			if files, err = p.Repo.FS(ctx, p.State.Head); err != nil {
				return nil, err
			}
		}
		data, err := fs.ReadFile(files, (&ledger.Event{Number: event, Type: ledger.TypePromote}).Path())
		if err != nil {
			return nil, err
		}
		e, err := ledger.DecodeEvent(data)
		if err != nil {
			return nil, err
		}
		for _, v := range e.Promote.Verdicts {
			if slices.ContainsFunc(r.Gates, func(g channel.Gate) bool { return g.Name == v.Gate }) {
				out[r.Name] = append(out[r.Name], v)
			}
		}
	}
	return out, nil
}

// promotedTo returns the number of the event that last promoted a release into a ring, 0 for none.
func promotedTo(st *ledger.Channel, name string, v release.Version) uint64 {
	to := st.Rings[name]
	if to == nil || v.IsZero() {
		return 0
	}
	for _, stay := range slices.Backward(to.Stays) {
		if stay.By == ledger.TypePromote && stay.Version.Compare(v) == 0 {
			return stay.Event
		}
	}
	return 0
}

// soakStatus measures the soak of what a ring runs, nil if it needs none.
func soakStatus(m ring.Model, name string) (*SoakStatus, error) {
	g, err := m.SoakGate(name)
	if err != nil || g.Soak.For == 0 {
		return nil, err
	}
	s := g.Soak.Measure(g.History, m.Now)
	out := &SoakStatus{Needed: g.Soak.For, Healthy: int64(s.Healthy() / time.Second), Missing: s.Missing}
	if s.Sick != nil && !s.Sick.To.Before(s.Until) {
		out.Sick, out.SickAt = s.Sick.Cell, s.Sick.To
	}
	if event, _, ok := m.Waived(running(m, name), ring.GateSoak); ok && out.Healthy < out.Needed {
		out.Waiver = event
	}
	return out, nil
}

// Explain says in one line what happens next with the ring, "" if nothing is to be said.
func (r *RingStatus) Explain() string {
	var open []string
	for _, v := range r.Verdicts {
		if v.Status == release.NotEvaluated {
			open = append(open, v.Gate)
		}
	}
	d := r.Decision
	switch {
	case d.Action == ring.UpToDate:
		return ""
	case d.Action == ring.Blocked && len(open) > 0 && strings.HasPrefix(d.Reason, "gate "+open[0]+" "+string(release.NotEvaluated)):
		return d.Candidate.String() + " may come once the gates are asked: " + strings.Join(open, ", ")
	case d.Action == ring.Promote:
		return d.Candidate.String() + " may come now: " + d.Reason
	}
	return d.Reason
}
