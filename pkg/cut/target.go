package cut

import (
	"context"
	"errors"
	"fmt"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/handbook"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/trust"
)

// cutter is one run of the pipeline: what it works with, none of what the stages make.
type cutter struct {
	*handbook.Handbook
	ch      *channel.Channel
	opts    Options
	builder project.Builder
	stores  []project.Store
	// registries get the images.
	registries []project.Registry
	signers    *project.Signers
	gates      []gate.Entry
	journal    *journal
	// shards are those that the build is taken from.
	shards  []stagedShard
	unlock  func()
	scripts *project.Scripts
	// trust are the files of trust that the bundle carries.
	trust []trust.Named
	// told are the facts of the plan's commit.
	told map[string]*handbook.FactDocs
}

func newCutter(p *project.Project, ch *channel.Channel, opts Options) (*cutter, error) {
	if opts.Progress == nil {
		opts.Progress = func(project.Progress) {}
	}
	c := &cutter{Handbook: handbook.New(p), ch: ch, opts: opts, builder: opts.Builder, stores: opts.Stores, unlock: func() {}, scripts: p.Scripts()}
	var err error
	if c.builder == nil {
		c.builder = p.Builder(opts.Goreleaser)
	}
	c.registries = opts.Registries
	if len(c.stores) == 0 {
		c.stores = p.Stores()
		if len(c.registries) == 0 {
			c.registries = p.Registries()
		}
	}
	if len(c.stores) == 0 && !opts.DryRun {
		return nil, &project.StoreError{}
	}
	gates, err := p.Gates(ch, c.scripts.Dir)
	if err != nil {
		return nil, err
	}
	c.gates = append(c.NotesGate(ch), gates...)
	if !opts.DryRun {
		if c.signers, err = p.Signers(ch, opts.Signers); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// request is what a plan of this channel is made of, by the state as it was read last.
func (c *cutter) request(ctx context.Context) (plan.Request, error) {
	waivers, err := c.Waivers(ctx, c.opts.Now)
	if err != nil {
		return plan.Request{}, err
	}
	checks, err := c.Checks()
	return plan.Request{
		Repo: c.Repo, Remote: c.Remote, Policy: c.Policy, State: c.State, Waivers: waivers, Index: c.Index, Service: c.Service(), Checks: checks, Channel: c.ch,
		Builder: c.builder, Gates: c.gates, Pre: c.opts.Pre, Now: c.opts.Now, Strict: true,
	}, err
}

// target is the plan that this run works on.
type target struct {
	plan release.Plan
	// open is the reservation that an earlier run made for it, or nil.
	open *ledger.Reservation
}

// target takes the plan of an open reservation, so that a run that died is finished before anything new begins, and
// makes a new plan otherwise. A pinned digest wins over both.
func (c *cutter) target(ctx context.Context) (*target, error) {
	open := c.open()
	if open != nil && (c.opts.Plan == "" || c.opts.Plan == open.Plan.Digest) {
		if err := c.stillThere(ctx, open.Plan.Inputs); err != nil {
			return nil, err
		}
		c.opts.Progress(project.Progress{Stage: "plan", State: "kept", Text: fmt.Sprintf("going on with %s, reserved at %s", open.Plan.Inputs.Version, release.Short(open.Plan.Inputs.Commit))})
		return &target{plan: open.Plan, open: open}, nil
	}
	c.opts.Progress(project.Progress{Stage: "plan", State: "start"})
	req, err := c.request(ctx)
	if err != nil {
		return nil, err
	}
	p, err := plan.New(ctx, req)
	if err != nil {
		return nil, err
	}
	if c.opts.Plan != "" && c.opts.Plan != p.Digest {
		moved := &plan.MovedError{Want: c.opts.Plan, Got: p.Digest}
		if open != nil {
			moved.Moved = append(moved.Moved, fmt.Sprintf("and %s is reserved by another plan, %s", open.Plan.Inputs.Version, open.Plan.Digest))
		}
		return nil, moved
	}
	if refused := release.Blocking(p.Verdicts); len(refused) > 0 {
		if err := c.KeepRefused(c.ch.Name, "", p.Inputs.Version, p.Verdicts); err != nil {
			return nil, err
		}
		return nil, &project.RefusedError{Channel: c.ch.Name, Version: p.Inputs.Version, Verdicts: refused, Lacking: plan.Lacking(p.Evidence)}
	}
	text := fmt.Sprintf("%s at %s, %s", p.Inputs.Version, release.Short(p.Inputs.Commit), p.Digest)
	if len(p.Skipped) > 0 {
		text += "; passed over: " + plan.Skipped(p.Skipped, p.SkippedCount)
	}
	c.opts.Progress(project.Progress{Stage: "plan", State: "done", Text: text})
	return &target{plan: *p}, nil
}

func (c *cutter) open() *ledger.Reservation {
	if ch := c.State.Channels[c.ch.Name]; ch != nil {
		return ch.Open
	}
	return nil
}

// stillThere makes sure that a reserved commit is still part of its branch on the remote.
func (c *cutter) stillThere(ctx context.Context, in release.Inputs) error {
	head, err := c.Repo.Resolve(ctx, plan.RemoteRef(c.Remote, c.ch.Branch))
	if err != nil {
		return err
	}
	ok, err := c.Repo.IsAncestor(ctx, in.Commit, head)
	if err != nil || !ok {
		return errors.Join(err, &plan.MovedError{
			Want: in.Digest(), Got: "no plan at all",
			Moved: []string{fmt.Sprintf("%s was rewritten and does not contain %s any more", in.Branch, release.Short(in.Commit))},
		})
	}
	return nil
}

// finished rolls the channel's newest release forward if a run died between the commit point and the last store, and
// answers for a pinned plan that was released already.
func (c *cutter) finished(ctx context.Context) (*Result, error) {
	ch := c.State.Channels[c.ch.Name]
	if ch == nil || c.opts.DryRun {
		return nil, nil //nolint:nilnil // nothing released is an answer
	}
	for i := len(ch.Releases) - 1; i >= 0; i-- {
		r := ch.Releases[i]
		if r.Adopted {
			continue
		}
		if c.opts.Plan != "" && r.Plan == c.opts.Plan {
			return c.revealAgain(ctx, r)
		}
		if i == len(ch.Releases)-1 {
			hidden, err := c.hidden(ctx, r)
			if err != nil {
				return nil, err
			}
			if hidden {
				return c.revealAgain(ctx, r)
			}
			if err := c.tell(ctx); err != nil {
				return nil, &PartlyError{Channel: c.ch.Name, Version: r.Version, Err: err}
			}
		}
	}
	return nil, nil //nolint:nilnil // nothing left over is an answer
}

// begin opens the journal of the target's plan; another run of the same plan on this machine is waited for.
func (c *cutter) begin(_ context.Context, t *target) error {
	var err error
	c.journal, c.unlock, err = openJournal(c.Dist(), t.plan.Digest, c.opts.Progress)
	return err
}

func (c *cutter) end() {
	c.scripts.Remove()
	c.unlock()
}
