package project

import (
	"context"
	"time"

	"github.com/relctl/relctl/pkg/changelog"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
)

// PlanOptions say how a channel is planned.
type PlanOptions struct {
	// Pre asks for a pre-release such as "rc".
	Pre string
	// Goreleaser is the path of the program, "" looks on the PATH.
	Goreleaser string
	// Builder overrides the one of the policy; nil takes the policy's.
	Builder Builder
	// Now is the time by which waivers and calendar versions are judged.
	Now time.Time
	// Strict refuses what a cut would refuse: unknown tags, a missing builder.
	Strict bool
}

// Plan returns what a cut of the channel would release now, with the verdicts of its gates. It changes nothing.
func (p *Project) Plan(ctx context.Context, ch *channel.Channel, opts PlanOptions) (*release.Plan, error) {
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
	made, err := plan.New(ctx, plan.Request{
		Repo: p.Repo, Remote: p.Remote, Policy: p.Policy, State: p.State, Waivers: waivers, Channel: ch,
		Builder: builder, Index: p.Index, Service: p.Service(), Checks: checks, Gates: gates, Pre: opts.Pre, Now: opts.Now, Strict: opts.Strict,
	})
	if err != nil || p.Policy.Product.Docs.WantsNotes() != channel.NotesWarn {
		return made, err
	}
	base, missing, err := p.planNotes(ctx, ch, made.Inputs)
	if err == nil && len(missing) > 0 {
		made.Warnings = append(made.Warnings, notesReason(base.version, missing))
	}
	return made, err
}

// Waivers returns the waivers that count at a time. If the policy has the role of waivers, only signed ones do.
func (p *Project) Waivers(ctx context.Context, now time.Time) (*ledger.Waivers, error) {
	trust, err := p.WaiverTrust()
	if err != nil {
		return nil, err
	}
	return p.Ledger.Waivers(ctx, p.State, now, trust)
}
