package project

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

// Gates returns the gates that a channel's file lists. scripts gives the folder in which gate commands run. Each verdict
// carries the record from which it follows, and so does the event of the ledger that relies on it.
func (p *Project) Gates(ch *channel.Channel, scripts func(context.Context) (string, error)) ([]gate.Entry, error) {
	var out []gate.Entry
	for _, g := range ch.Gates {
		asked, err := p.asker(ch, g, scripts)
		if err != nil {
			return nil, err
		}
		out = append(out, gate.Entry{Name: g.Name, Moment: g.When, Gate: gate.Func(func(ctx context.Context, s gate.Subject) release.Verdict {
			c := candidate{version: s.Inputs.Version, commit: s.Inputs.Commit, build: s.Inputs.BuildDigest()}
			if s.Inputs.Previous != nil {
				c.previous = s.Inputs.Previous.Version
			}
			c.revisions = []string{c.commit, c.version.String()}
			return asked.ask(ctx, c, s)
		})})
	}
	return out, nil
}

// RingGate returns one of the gates that guard leaving a ring, about a release that the ring runs. Whatever it is asked
// about, it answers about that release. deployed gives the revisions by which a GitOps engine knows it there, and is called
// only for gates that ask such an engine.
func (p *Project) RingGate(ch *channel.Channel, r channel.Ring, g channel.Gate, rel *ledger.Release, scripts func(context.Context) (string, error), deployed func(context.Context) ([]string, error)) (gate.Gate, error) {
	asked, err := p.asker(ch, g, scripts)
	if err != nil {
		return nil, err
	}
	c := candidate{ring: r.Name, cells: r.Cells, version: rel.Version, commit: rel.Commit, build: rel.Build}
	if st := p.State.Channels[ch.Name]; st != nil {
		c.previous = st.Previous(r.Name)
	}
	about := gate.Subject{Inputs: release.Inputs{
		Product: p.Policy.Product.Name, Channel: ch.Name, Kind: ch.Kind, Branch: ch.Ref(), Commit: rel.Commit, Version: rel.Version,
	}}
	return gate.Func(func(ctx context.Context, _ gate.Subject) release.Verdict {
		if g.GitOps != nil {
			if c.revisions, err = deployed(ctx); err != nil {
				return release.Verdict{Status: release.Errored, Reason: err.Error()}
			}
		}
		return asked.ask(ctx, c, about)
	}), nil
}

// candidate is what a gate judges.
type candidate struct {
	// ring and cells are those that it is to leave, none before it is released.
	ring  string
	cells []string
	// version is the candidate's, previous that of the release before it, on the channel or in the ring.
	version, previous release.Version
	// commit and build are what an approval binds.
	commit, build string
	// revisions are those by which a GitOps engine may know it.
	revisions []string
}

// asker asks one gate of a channel file.
type asker struct {
	project *Project
	channel *channel.Channel
	gate    channel.Gate
	scripts func(context.Context) (string, error)
	// keys are those of the role whose approval is asked for.
	keys git.Keyring
}

func (p *Project) asker(ch *channel.Channel, g channel.Gate, scripts func(context.Context) (string, error)) (asker, error) {
	a := asker{project: p, channel: ch, gate: g, scripts: scripts}
	if g.Approval == nil {
		return a, nil
	}
	var err error
	if a.keys, err = p.Keyring(g.Approval.Role); err != nil {
		return a, fmt.Errorf("gate %s: %w", g.Name, err)
	}
	return a, nil
}

// ask asks the gate about a candidate.
func (a asker) ask(ctx context.Context, c candidate, s gate.Subject) release.Verdict {
	o, err := a.observer(c)
	if err != nil {
		v := release.Verdict{Status: release.Errored, Reason: err.Error()}
		var first *NoPreviousError
		if errors.As(err, &first) {
			v.Status = release.NoData
		}
		var hinted interface{ Hint() string }
		if errors.As(err, &hinted) {
			v.Hint = hinted.Hint()
		}
		return v
	}
	return gate.Recorded(o, func(r *gate.Record) { r.Gate, r.Ring = a.gate.Name, c.ring }).Evaluate(ctx, s)
}

// observer returns the gate as it is asked about a candidate.
func (a asker) observer(c candidate) (gate.Observer, error) {
	switch g := a.gate; {
	case g.Approval != nil:
		return a.approval(c), nil
	case len(g.Command) > 0:
		return a.command(g.Command), nil
	case g.GitOps != nil:
		read := gate.File(g.GitOps.File, 0)
		if len(g.GitOps.Command) > 0 {
			read = gate.Output(a.command(g.GitOps.Command))
		}
		return gate.GitOps{Read: read, Names: g.GitOps.Names, Revisions: c.revisions, At: a.project.now()}, nil
	case g.Prometheus != nil:
		return a.metrics(c)
	}
	return nil, errors.New("this relctl cannot ask gates of this kind")
}

func (a asker) command(argv []string) gate.Command {
	return gate.Command{Argv: argv, Dir: a.scripts, Timeout: a.gate.Timeout.Duration()}
}

func (a asker) approval(c candidate) gate.Approval {
	want := a.gate.Approval
	approvals := ledger.Approvals{
		Ledger: a.project.Ledger, Channel: a.channel.Name, Gate: a.gate.Name, Role: want.Role, Count: want.Count, Keys: a.keys,
	}
	return gate.Approval{
		Role: want.Role, Count: want.Count, Hint: fmt.Sprintf("relctl approve %s --gate %s", a.channel.Name, a.gate.Name),
		Find: func(ctx context.Context, _ gate.Subject) ([]uint64, string, error) {
			events, v := approvals.Find(ctx, a.project.State, c.commit, c.build)
			if v.Status == release.Errored {
				return nil, "", errors.New(v.Reason)
			}
			return events, v.Reason, nil
		},
	}
}

// metrics asks a metric once, or, if it is about a cell, once for each cell of the ring.
func (a asker) metrics(c candidate) (gate.Observer, error) {
	q := a.gate.Prometheus
	all := q.Query + q.Control
	if q.Traffic != nil {
		all += q.Traffic.Query
	}
	if strings.Contains(all, "{previous}") && c.previous.IsZero() {
		return nil, &NoPreviousError{Channel: a.channel.Name, Gate: a.gate.Name, Ring: c.ring, Version: c.version}
	}
	if !strings.Contains(all, "{cell}") || len(c.cells) == 0 {
		return a.metric(c, "")
	}
	var each gate.Each
	for _, cell := range c.cells {
		m, err := a.metric(c, cell)
		if err != nil {
			return nil, err
		}
		each = append(each, gate.Cell{Name: cell, Observer: m})
	}
	return each, nil
}

// metric fills the placeholders with what is known about the candidate.
func (a asker) metric(c candidate, cell string) (gate.Metric, error) {
	q := a.gate.Prometheus
	m := gate.Metric{
		URL: q.Server, Query: q.Query, Pass: q.Pass, Control: q.Control, At: a.project.now(),
		Window: q.Window.Duration(), Step: q.Step.Duration(), Timeout: a.gate.Timeout.Duration(),
		Values: map[string]string{"channel": a.channel.Name, "version": c.version.String()},
	}
	if m.URL == "" {
		m.URL = a.project.Prometheus
	}
	if m.URL == "" {
		return m, &NoServerError{Gate: a.gate.Name}
	}
	if c.ring != "" {
		m.Values["ring"] = c.ring
	}
	if cell != "" {
		m.Values["cell"] = cell
	}
	if !c.previous.IsZero() {
		m.Values["previous"] = c.previous.String()
	}
	if q.Traffic == nil {
		return m, nil
	}
	var err error
	m.Traffic = q.Traffic.Query
	if m.MinTraffic, err = strconv.ParseFloat(q.Traffic.Least, 64); err != nil {
		return m, fmt.Errorf("least is %q, which is no number", q.Traffic.Least)
	}
	return m, nil
}

// now is the moment for which gates are asked.
func (p *Project) now() time.Time {
	if p.Clock != nil {
		return p.Clock()
	}
	return time.Now()
}

// NoPreviousError is a comparison with the release before where there is none.
type NoPreviousError struct {
	Channel, Gate string
	// Ring that the release is to leave, "" for a cut.
	Ring    string
	Version release.Version
}

func (e *NoPreviousError) Error() string {
	where := "channel " + e.Channel
	if e.Ring != "" {
		where = "ring " + e.Ring
	}
	return fmt.Sprintf("its query compares with {previous}, and %s has no release before %s that still counts", where, e.Version)
}

// Hint is the waiver for this one release.
func (e *NoPreviousError) Hint() string {
	scope := ""
	if e.Ring != "" {
		scope = fmt.Sprintf(" --ring %s --release %s", e.Ring, e.Version)
	}
	return fmt.Sprintf("look at it yourself, then: relctl waive %s --gate %s%s --reason 'nothing to compare with yet: …'", e.Channel, e.Gate, scope)
}

// NoServerError is a gate that asks a metric where nobody said which server has it.
type NoServerError struct{ Gate string }

func (e *NoServerError) Error() string {
	return "no metric server is named that gate " + e.Gate + " could ask"
}

// Hint says how to name one.
func (*NoServerError) Hint() string {
	return "give --prometheus http://prometheus:9090, set RELCTL_PROMETHEUS, or write server: into the gate"
}
