package cut

import (
	"context"
	"time"

	"github.com/relctl/relctl/pkg/changelog"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/handbook"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

// PlanOptions say how a channel is planned.
type PlanOptions struct {
	// Pre asks for a pre-release such as "rc".
	Pre string
	// Goreleaser is the path of the program, "" looks on the PATH.
	Goreleaser string
	// Builder overrides the one of the policy; nil takes the policy's.
	Builder project.Builder
	// Now is the time by which waivers and calendar versions are judged.
	Now time.Time
	// Strict refuses what a cut would refuse: unknown tags, a missing builder.
	Strict bool
}

// Plan is the read-only twin of [Run]: what a cut of the channel would release now, with the verdicts of its gates.
func Plan(ctx context.Context, p *project.Project, ch *channel.Channel, opts PlanOptions) (*release.Plan, error) {
	scripts := p.Scripts()
	defer scripts.Remove()
	gates, err := p.Gates(ch, scripts.Dir)
	if err != nil {
		return nil, err
	}
	builder := opts.Builder
	if builder == nil {
		builder = p.Builder(opts.Goreleaser)
	}
	waivers, err := p.Waivers(ctx, opts.Now)
	if err != nil {
		return nil, err
	}
	if _, err := changelog.LoadOverrides(p.Policy.FS); err != nil { // better now than in the middle of a cut
		return nil, err
	}
	checks, err := p.Checks()
	if err != nil {
		return nil, err
	}
	book := handbook.New(p)
	made, err := plan.New(ctx, plan.Request{
		Repo: p.Repo, Remote: p.Remote, Policy: p.Policy, State: p.State, Waivers: waivers, Channel: ch,
		Builder: builder, Index: p.Index, Service: p.Service(), Checks: checks, Gates: append(book.NotesGate(ch), gates...), Pre: opts.Pre, Now: opts.Now, Strict: opts.Strict,
	})
	if err != nil {
		return made, err
	}
	warning, err := book.NotesWarning(ctx, ch, made.Inputs)
	if warning != "" {
		made.Warnings = append(made.Warnings, warning)
	}
	return made, err
}

// Candidate returns the inputs of what a cut of the channel would release now: the open reservation, else a new plan.
// An approval binds to its commit and build.
func Candidate(ctx context.Context, p *project.Project, ch *channel.Channel, opts PlanOptions) (release.Inputs, error) {
	if st := p.State.Channels[ch.Name]; st != nil && st.Open != nil {
		return st.Open.Plan.Inputs, nil
	}
	made, err := Plan(ctx, p, ch, opts)
	if err != nil {
		return release.Inputs{}, err
	}
	return made.Inputs, nil
}
