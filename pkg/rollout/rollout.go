package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
)

// Rollout moves the releases of a rolling channel through its rings. The ledger says where they stand, and the deploy
// branch is brought to that: whatever dies in between, the next command ends it.
type Rollout struct {
	*project.Project
	Channel *channel.Channel

	opts    Options
	scripts *project.Scripts
	// signers sign the artifacts of rings, nil if Flux reads the deploy branch.
	signers  *project.Signers
	verdicts map[ring.Question][]release.Verdict
	// imagined says that the state holds events that are not recorded.
	imagined bool
}

// Options say how a rollout is run.
type Options struct {
	// Now is the clock. Default is time.Now.
	Now func() time.Time
	// Signers are the keys at hand for artifacts of the rings, see channel.ProductDeploy.
	Signers []project.Signer
	// DryRun records and pushes nothing: what would be done is told.
	DryRun bool
	// Reveal makes a release visible that a cut left unseen, as cut.Reveal does; nil leaves such a release to the next cut.
	Reveal func(ctx context.Context, rel ledger.Release) error
	// Progress is told of each event ("event") and each commit on the deploy branch ("deploy"); may be nil.
	Progress func(project.Progress)
}

// New returns the rollout of a rolling channel. Close it after use.
func New(p *project.Project, ch *channel.Channel, opts Options) (*Rollout, error) {
	if ch.Kind != release.Rolling || len(ch.Rings) == 0 {
		return nil, &project.NoRingsError{Channel: ch.Name}
	}
	if base := p.Policy.Product.Deploy; base == nil || base.Base == "" {
		return nil, &NoBaseError{Channel: ch.Name}
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Progress == nil {
		opts.Progress = func(project.Progress) {}
	}
	signers, err := artifactSigners(p, ch, opts.Signers)
	if err != nil {
		return nil, err
	}
	return &Rollout{Project: p, Channel: ch, opts: opts, scripts: p.Scripts(), signers: signers}, nil
}

// Close removes what the gates left.
func (r *Rollout) Close() { r.scripts.Remove() }

// NoBaseError is a product of which no manifests can be rendered.
type NoBaseError struct{ Channel string }

func (e *NoBaseError) Error() string {
	return fmt.Sprintf("the rings of %s have nothing to deploy: channels/product.yaml names no base", e.Channel)
}

// Hint says how to name one.
func (*NoBaseError) Hint() string {
	return "add deploy: {base: deploy/base} with the folder of the product's kustomization to channels/product.yaml"
}

// Result is what a command about rings did.
type Result struct {
	// Revealed is a release that a cut had left unseen and that was made visible, or would be; zero for none.
	Revealed release.Version `json:"revealed,omitzero"`
	// Events that were appended to the ledger, or would be.
	Events []ledger.Event `json:"events"`
	// Deploys are the commits on the deploy branch, or what they would be.
	Deploys []Deploy `json:"deploys"`
	// Artifacts that were brought to a registry, or would be.
	Artifacts []Artifact `json:"artifacts,omitempty"`
	// Decisions say of each ring what happens next, and why.
	Decisions []ring.Decision `json:"decisions"`
}

// Decide draws an event from what the ledger says now, nil for none.
type Decide func(m ring.Model) (*ledger.Event, error)

// Model returns what decisions follow from, by the project's state. The gates are asked.
func (r *Rollout) Model(ctx context.Context) (ring.Model, error) {
	m, err := r.Rings(ctx, r.Channel, r.State, r.opts.Now(), nil)
	if err != nil {
		return m, err
	}
	if r.imagined {
		m.Unsigned = 0 // nothing signs what is not recorded
	}
	m.Verdicts, err = r.ask(ctx, m.Questions(), m)
	return m, err
}

// Do appends the event of one command and brings the deploy branch to what the ledger says then.
func (r *Rollout) Do(ctx context.Context, decide Decide) (*Result, error) {
	out := &Result{}
	if _, err := r.step(ctx, out, decide); err != nil {
		return out, err
	}
	return r.settle(ctx, out)
}

// Settle brings the deploy branch to what the ledger says, and tells what happens next.
func (r *Rollout) Settle(ctx context.Context) (*Result, error) { return r.settle(ctx, &Result{}) }

// Advance does all that may be done without a person: it finishes the last cut if that died when it was about to show
// what it had made, brings every release as far as it may go, and then the deploy branch to what the ledger says. With
// nothing to do it writes nothing.
func (r *Rollout) Advance(ctx context.Context) (*Result, error) {
	out := &Result{}
	var err error
	if out.Revealed, err = r.reveal(ctx); err != nil {
		_, settled := r.settle(ctx, out) // what is deployed does not wait for a store
		return out, errors.Join(err, settled)
	}
	for {
		m, err := r.Model(ctx)
		if err != nil {
			return out, err
		}
		if m.Next() == nil {
			break
		}
		went, err := r.step(ctx, out, func(m ring.Model) (*ledger.Event, error) { return m.Next(), nil })
		if err != nil {
			_, settled := r.settle(ctx, out)
			return out, errors.Join(err, settled)
		}
		if !went {
			break // somebody else was first
		}
	}
	return r.settle(ctx, out)
}

// step appends the event that decide draws, and reports whether there was one. What could not be deployed is refused
// before.
func (r *Rollout) step(ctx context.Context, out *Result, decide Decide) (bool, error) {
	m, err := r.Model(ctx)
	if err != nil {
		return false, err
	}
	e, err := decide(m)
	if e == nil || err != nil {
		return false, err
	}
	if err := r.renders(ctx, e); err != nil {
		return false, err
	}
	if r.opts.DryRun {
		out.Events = append(out.Events, *e)
		return true, r.imagine(e)
	}
	rec, err := r.append(ctx, m.Verdicts, decide)
	if rec == nil || err != nil {
		return false, err
	}
	out.Events = append(out.Events, rec.Event)
	if r.State, err = r.Ledger.State(ctx); err != nil {
		return true, err
	}
	r.opts.Progress(project.Progress{Stage: "event", State: "done", Text: fmt.Sprintf("ledger %d: %s %s", rec.Number, rec.Type, rec.Summary())})
	return true, nil
}

// append lets decide draw the event once more on each state that it would follow, so that of two who race the second
// decides on what the first did.
func (r *Rollout) append(ctx context.Context, verdicts map[ring.Question][]release.Verdict, decide Decide) (*ledger.Recorded, error) {
	return r.Append(ctx, func(s *ledger.State) (*ledger.Event, error) {
		m, err := r.Rings(ctx, r.Channel, s, r.opts.Now(), verdicts)
		if err != nil {
			return nil, err
		}
		return decide(m)
	})
}

// imagine folds an event that is not recorded into a copy of the state, for a dry run.
func (r *Rollout) imagine(e *ledger.Event) error {
	raw, err := release.Encode(r.State)
	if err != nil {
		return err
	}
	next := ledger.NewState()
	if err := release.Decode(raw, next); err != nil {
		return err
	}
	is := *e
	is.Schema, is.Number, is.Time, is.Actor = ledger.EventSchema, next.Next, r.opts.Now().UTC().Truncate(time.Second), "dry run"
	r.State, r.imagined = next, true
	return next.Apply(ledger.Recorded{Event: is, Commit: next.Head})
}

// settle brings the deploy branch to what the ledger says, and tells what happens next.
func (r *Rollout) settle(ctx context.Context, out *Result) (*Result, error) {
	m, err := r.Model(ctx)
	if err != nil {
		return out, err
	}
	deploys, failed := r.converge(ctx, m)
	out.Deploys = append(out.Deploys, deploys...)
	artifacts, unpublished := r.artifacts(ctx, m, deploys)
	out.Artifacts = append(out.Artifacts, artifacts...)
	if m, err = r.Model(ctx); err == nil { // others may have been at work
		out.Decisions = m.Decide()
	}
	return out, errors.Join(failed, unpublished, err)
}

// FastLane returns the two approvals of a release that the fast lane needs.
func (r *Rollout) FastLane(ctx context.Context, s *ledger.State, v release.Version, reason string) (*ring.FastLane, error) {
	keys, err := r.Keyring(ledger.RoleEmergency)
	if err != nil {
		return nil, err
	}
	c := s.Channels[r.Channel.Name]
	if c == nil || c.Find(v) == nil {
		return &ring.FastLane{Reason: reason}, nil
	}
	rel := c.Find(v)
	a := ledger.Approvals{
		Ledger: r.Ledger, Channel: r.Channel.Name, Gate: ledger.GateFastLane, Role: ledger.RoleEmergency, Count: ledger.FastLaneApprovals, Keys: keys,
	}
	f := &ring.FastLane{Reason: reason}
	f.Approvals, f.Approved = a.Find(ctx, s, rel.Commit, rel.Build)
	return f, nil
}

// NextRing returns the ring that a person means who names none: the one after the last that runs the version, or without
// a version the last that something may enter now.
func NextRing(m ring.Model, v release.Version) (string, error) {
	decisions := m.Decide()
	if v.IsZero() {
		for _, d := range slices.Backward(decisions) {
			if d.Action == ring.Promote {
				return d.Ring, nil
			}
		}
		return "", &NothingError{Channel: m.Policy.Channel, Decisions: decisions}
	}
	next := 0
	for i, d := range decisions {
		if d.Runs.Compare(v) == 0 {
			next = i + 1
		}
	}
	return decisions[min(next, len(decisions)-1)].Ring, nil
}

// NothingError is a channel of which no release may enter any ring now.
type NothingError struct {
	Channel   string
	Decisions []ring.Decision
}

func (e *NothingError) Error() string {
	text := "nothing of " + e.Channel + " may be promoted now"
	for _, d := range e.Decisions {
		text += "\n  " + d.String()
	}
	return text
}

// Hint collects what would change that.
func (e *NothingError) Hint() string {
	text := ""
	for _, d := range e.Decisions {
		if d.Hint != "" {
			text += d.Hint + "\n"
		}
	}
	return text
}
