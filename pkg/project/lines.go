package project

import (
	"context"
	"time"

	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
)

// Index reads which change is on which line.
func (p *Project) Index(ctx context.Context) (*history.Index, error) {
	lines, err := p.Lines(ctx)
	if err != nil {
		return nil, err
	}
	return lines.Index(ctx)
}

// Absent are the LTS channels whose branch is not there, and of which an index knows nothing.
func (p *Project) Absent(ctx context.Context) ([]*plan.BranchError, error) {
	return plan.Lines{Repo: p.Repo, Remote: p.Remote, Policy: p.Policy}.Absent(ctx)
}

// Lines is what the history of all channels is read from.
func (p *Project) Lines(ctx context.Context) (plan.Lines, error) {
	trust, err := p.WaiverTrust()
	if err != nil {
		return plan.Lines{}, err
	}
	marks, err := p.Ledger.Marks(ctx, p.State, trust)
	return plan.Lines{Repo: p.Repo, Remote: p.Remote, Policy: p.Policy, State: p.State, Marks: marks}, err
}

// WaiverTrust says whose waivers and marks count: if the policy has the role of waivers, only signed ones do.
func (p *Project) WaiverTrust() (ledger.Trust, error) { return p.Trust(ledger.RoleWaiver) }

// Waivers returns the waivers that count at a time. If the policy has the role of waivers, only signed ones do.
func (p *Project) Waivers(ctx context.Context, now time.Time) (*ledger.Waivers, error) {
	trust, err := p.WaiverTrust()
	if err != nil {
		return nil, err
	}
	return p.Ledger.Waivers(ctx, p.State, now, trust)
}
