package project

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
)

// GateOpen is the name under which the soak of the release that a line begins at is waived.
const GateOpen = "open"

// OpenLine says which LTS line to open, and where.
type OpenLine struct {
	// Channel is the name of the new channel, such as lts-2.6.
	Channel string
	// From is a release of a rolling channel.
	From release.Version
	// Line is the range of versions; zero takes it from the end of the name.
	Line release.Line
	// Branch is the short name of the new branch; default is release/<line>.
	Branch string
	// Waive opens the line at a release that has not soaked, for this reason.
	Waive string
	Now   time.Time
}

// Opening is what opening a line does.
type Opening struct {
	Channel string          `json:"channel"`
	Line    release.Line    `json:"line"`
	Branch  string          `json:"branch"`
	Source  string          `json:"source"`
	Version release.Version `json:"version"`
	Commit  string          `json:"commit"`
	// Soak is what the release proved in the ring that counts.
	Soak release.Verdict `json:"soak"`
	// Topic is the branch with the channel file, File its path and Text its content.
	Topic string `json:"topic"`
	File  string `json:"file"`
	Text  string `json:"text"`
	// Proposal is the commit on Topic, "" for a dry run, and Base what it stands on.
	Proposal string `json:"proposal,omitempty"`
	Base     string `json:"base"`
	// Event is the number in the ledger, 0 for a dry run.
	Event uint64 `json:"event,omitempty"`

	rules channel.Soak
	tree  string
}

// OpenError is a line that cannot be opened so.
type OpenError struct{ Text, Remedy string }

func (e *OpenError) Error() string { return e.Text }

// Hint says what to do instead.
func (e *OpenError) Hint() string { return e.Remedy }

// PlanOpen is the read-only twin of [Project.OpenLine]. A release that has not soaked is a [*RefusedError].
func (p *Project) PlanOpen(ctx context.Context, req OpenLine) (*Opening, error) {
	o := &Opening{Channel: req.Channel, Topic: "relctl/open-" + req.Channel, File: "channels/" + req.Channel + ".yaml"}
	if err := o.name(p, req); err != nil {
		return nil, err
	}
	if err := o.find(p, req.From); err != nil {
		return nil, err
	}
	if err := o.checkFree(ctx, p); err != nil {
		return nil, err
	}
	if err := o.propose(ctx, p); err != nil {
		return nil, err
	}
	var err error
	o.Soak, err = p.openSoak(ctx, p.State, o, req)
	if err == nil && o.Soak.Blocks() {
		err = &RefusedError{Channel: o.Channel, Version: o.Version, Verdicts: []release.Verdict{o.Soak}}
	}
	return o, err
}

// OpenLine starts an LTS line at a release of a rolling channel: one atomic push makes the branch, the ledger's event, and
// a branch that proposes the channel file.
func (p *Project) OpenLine(ctx context.Context, req OpenLine) (*Opening, error) {
	o, err := p.PlanOpen(ctx, req)
	if err != nil {
		return nil, err
	}
	if req.Waive != "" && o.Soak.Status == release.Waived && o.Soak.Waiver == 0 {
		if err := p.waiveOpen(ctx, o, req); err != nil {
			return nil, err
		}
		req.Waive = ""
	}
	if o.Proposal, err = o.commit(ctx, p, git.SignAsConfigured); err != nil {
		return nil, err
	}
	rec, err := p.Append(ctx, func(s *ledger.State) (*ledger.Event, error) {
		verdict, err := p.openSoak(ctx, s, o, req)
		if err != nil {
			return nil, err
		}
		if o.Soak = verdict; verdict.Blocks() {
			return nil, &RefusedError{Channel: o.Channel, Version: o.Version, Verdicts: []release.Verdict{verdict}}
		}
		return &ledger.Event{Type: ledger.TypeOpen, Channel: o.Channel, Reason: verdict.Reason, Open: &ledger.Open{
			Source: o.Source, Version: o.Version, Commit: o.Commit, Branch: "refs/heads/" + o.Branch,
		}}, nil
	}, git.Update{Ref: "refs/heads/" + o.Branch, New: o.Commit}, git.Update{Ref: "refs/heads/" + o.Topic, New: o.Proposal})
	if err != nil {
		return nil, err
	}
	o.Event = rec.Number
	return o, nil
}

// waiveOpen records why a line begins at a release that has not soaked.
func (p *Project) waiveOpen(ctx context.Context, o *Opening, req OpenLine) error {
	_, err := p.Append(ctx, func(*ledger.State) (*ledger.Event, error) {
		return &ledger.Event{Type: ledger.TypeWaive, Channel: o.Channel, Reason: req.Waive, Waive: &ledger.Waive{
			Gate: GateOpen, Expires: req.Now.UTC().Add(24 * time.Hour).Truncate(time.Second),
		}}, nil
	})
	return err
}

var lineAtEnd = regexp.MustCompile(`[0-9]+(?:\.[0-9]+)?$`)

// name checks the names of channel, line and branch.
func (o *Opening) name(p *Project, req OpenLine) error {
	if err := release.CheckName(o.Channel); err != nil {
		return &OpenError{Text: fmt.Sprintf("a channel cannot be called %q: %v", o.Channel, err), Remedy: "take a name such as lts-2.6"}
	}
	if o.Channel == "product" {
		return &OpenError{Text: "channels/product.yaml holds what all channels share", Remedy: "take a name such as lts-2.6"}
	}
	if ch, err := p.Policy.Channel(o.Channel); err == nil {
		return &OpenError{
			Text:   fmt.Sprintf("there is a channel %s already, with branch %s", ch.Name, ch.Branch),
			Remedy: "take another name; relctl channels lists what there is",
		}
	}
	o.Line, o.Branch = req.Line, req.Branch
	if o.Line.IsZero() {
		var err error
		if o.Line, err = release.ParseLine(lineAtEnd.FindString(o.Channel)); err != nil {
			return &OpenError{Text: fmt.Sprintf("the name %s does not end in a line such as 2.6", o.Channel), Remedy: "say which versions it owns with --line 2.6"}
		}
	}
	for _, other := range p.Policy.Channels {
		if other.Line.IsZero() {
			continue
		}
		if other.Line.Contains(o.Line.First()) || o.Line.Contains(other.Line.First()) {
			return &OpenError{Text: fmt.Sprintf("line %s lies in line %s of channel %s", o.Line, other.Line, other.Name), Remedy: "choose another line"}
		}
	}
	if o.Branch == "" {
		o.Branch = "release/" + o.Line.String()
	}
	if err := git.CheckRef("refs/heads/" + o.Branch); err != nil {
		return &OpenError{Text: err.Error(), Remedy: "give a short name such as --branch release/" + o.Line.String()}
	}
	return nil
}

// find looks the release up in the rolling channels.
func (o *Opening) find(p *Project, from release.Version) error {
	var known []string
	for _, ch := range p.Policy.Channels {
		st := p.State.Channels[ch.Name]
		if ch.Kind != release.Rolling || st == nil {
			continue
		}
		rel, refused := st.Usable(from)
		switch {
		case rel != nil:
			o.Source, o.Version, o.Commit = ch.Name, rel.Version, rel.Commit
			o.rules = p.soakOf(ch)
			return nil
		case st.Find(from) != nil:
			return &OpenError{Text: fmt.Sprintf("a line cannot begin there: %s", refused), Remedy: "choose another release of " + ch.Name + ": relctl ledger log"}
		}
		for _, r := range slices.Backward(st.Releases) {
			if len(known) < 5 {
				known = append(known, ch.Name+" "+r.Version.String())
			}
		}
	}
	if len(known) == 0 {
		return &OpenError{Text: fmt.Sprintf("no rolling channel has released %s; there is no release yet", from), Remedy: "cut the rolling channel first, and let the release soak"}
	}
	return &OpenError{Text: fmt.Sprintf("no rolling channel has released %s", from), Remedy: "the newest are " + strings.Join(known, ", ")}
}

// sibling is the LTS channel with the highest line among those that take their changes from a rolling channel, or nil.
func (p *Project) sibling(source string) *channel.Channel {
	var out *channel.Channel
	for _, ch := range p.Policy.Channels {
		if ch.Kind == release.LTS && ch.Source == source && (out == nil || ch.Line.First().Compare(out.Line.First()) > 0) {
			out = ch
		}
	}
	return out
}

// soakOf returns how long the releases of a rolling channel soak before a line begins at one: as the newest line that
// takes its changes from there asks, else in the last ring for as long as that ring asks.
func (p *Project) soakOf(source *channel.Channel) channel.Soak {
	if ch := p.sibling(source.Name); ch != nil && ch.Soak != nil {
		return *ch.Soak
	}
	if len(source.Rings) == 0 {
		return channel.Soak{}
	}
	last := source.Rings[len(source.Rings)-1]
	return channel.Soak{Ring: last.Name, For: last.Soak, Gap: last.Gap}
}

// checkFree refuses what is there already.
func (o *Opening) checkFree(ctx context.Context, p *Project) error {
	if st := p.State.Channels[o.Channel]; st != nil {
		switch {
		case st.Opened != nil:
			return &OpenError{
				Text:   fmt.Sprintf("%s was opened by event %d, at %s %s", o.Channel, st.Opened.Event, st.Opened.Source, st.Opened.Version),
				Remedy: fmt.Sprintf("merge %s into %s if the channel file is not there yet", o.Topic, p.Policy.Branch),
			}
		case len(st.Releases) > 0 || st.Open != nil:
			return &OpenError{Text: fmt.Sprintf("the ledger knows releases of %s already", o.Channel), Remedy: "take another name"}
		}
	}
	refs, err := p.Repo.LsRemote(ctx, p.Remote)
	if err != nil {
		return err
	}
	for _, branch := range []string{o.Branch, o.Topic} {
		if at, ok := refs.Ref("refs/heads/" + branch); ok {
			return &OpenError{
				Text:   fmt.Sprintf("%s has a branch %s already, at %s", p.Remote, branch, release.Short(at.Commit)),
				Remedy: "take another name with --branch, or delete the branch if nobody needs it: git push " + p.Remote + " --delete " + branch,
			}
		}
	}
	return nil
}

// openSoak asks whether the release has soaked, by a state of the ledger.
func (p *Project) openSoak(ctx context.Context, s *ledger.State, o *Opening, req OpenLine) (release.Verdict, error) {
	source, err := p.Policy.Channel(o.Source)
	if err != nil {
		return release.Verdict{}, err
	}
	v := release.Verdict{Status: release.NoData, Reason: fmt.Sprintf("channel %s has no rings, so nobody knows how %s did", o.Source, o.Version)}
	if i := slices.IndexFunc(source.Rings, func(r channel.Ring) bool { return r.Name == o.rules.Ring }); i >= 0 {
		h, err := service{p}.Ring(ctx, s, source, o.rules.Ring)
		if err != nil {
			return v, err
		}
		gap := gate.DefaultMaxGap
		if d := o.rules.Gap.Duration(); d > 0 {
			gap = d
		}
		q := gate.Soak{
			Release: o.Version.String(), Cells: source.Rings[i].Cells,
			For: int64(o.rules.For.Duration() / time.Second), MaxGap: int64(gap / time.Second),
		}
		if v = o.judge(ctx, q, h.History, req.Now); v.Status != release.Pass {
			soaked := q.Measure(h.History, req.Now)
			v.Reason += fmt.Sprintf("; it lacks %s", channel.Duration((o.rules.For.Duration() - soaked.Healthy()).Round(time.Minute)))
		}
		v.Reason = fmt.Sprintf("%s %s in %s: %s", o.Source, o.Version, o.rules.Ring, v.Reason)
	}
	v.Gate, v.Moment = plan.GateSoak, release.Planned
	if !v.Blocks() {
		return v, nil
	}
	v.Hint = fmt.Sprintf("wait until it has soaked, choose a release that has, or say why not: relctl open %s --from %s --waive '…'", o.Channel, o.Version)
	return p.waivedOpen(ctx, s, v, req)
}

// judge asks for the soak of a release; a ring that asks for no time passes it.
func (o *Opening) judge(ctx context.Context, q gate.Soak, h gate.History, now time.Time) release.Verdict {
	if q.For == 0 {
		return release.Verdict{Status: release.Pass, Reason: "no soak is asked for"}
	}
	return gate.Judge(gate.SoakGate{Soak: q, History: h, At: now}.Observe(ctx, gate.Subject{}))
}

// waivedOpen lets a refusal pass with the reason that the request gives, or that the ledger has.
func (p *Project) waivedOpen(ctx context.Context, s *ledger.State, v release.Verdict, req OpenLine) (release.Verdict, error) {
	trust, err := p.WaiverTrust()
	if err != nil {
		return v, err
	}
	waivers, err := p.Ledger.Waivers(ctx, s, req.Now, trust)
	if err != nil {
		return v, err
	}
	event, reason, ok := waivers.Gate(req.Channel, GateOpen)
	if !ok && req.Waive != "" {
		reason, ok = req.Waive, true
	}
	if ok {
		v.Reason, v.Status, v.Waiver, v.Hint = fmt.Sprintf("%s (was %s: %s)", reason, v.Status, v.Reason), release.Waived, event, ""
	}
	return v, nil
}
