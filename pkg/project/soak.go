package project

import (
	"context"
	"fmt"
	"slices"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
)

// service is what the ledger knows of the rings, as [plan.Service] asks for it.
type service struct{ *Project }

// Service answers for plans what the ledger knows of the rings.
func (p *Project) Service() plan.Service { return service{p} }

// Ring reads what happened in a ring. Observations count with the signature of their cell's own key, and what was
// exonerated with that of the role that deploys; rollbacks and rejections count in any case.
func (p service) Ring(ctx context.Context, s *ledger.State, source *channel.Channel, name string) (*plan.RingHistory, error) {
	c := s.Channels[source.Name]
	if c == nil {
		return &plan.RingHistory{}, nil
	}
	cells, err := p.Keyring(ledger.RoleCells)
	if err != nil {
		return nil, err
	}
	observed, err := p.Ledger.Observed(ctx, c, cells, func(o ledger.Observation) bool { return o.Ring == name })
	if err != nil {
		return nil, err
	}
	known := *c
	if known.Exonerated, err = p.exonerated(ctx, c); err != nil {
		return nil, err
	}
	return &plan.RingHistory{History: ring.History(&known, name, observed, ring.Contents{}), Observed: observed}, nil
}

// exonerated returns those exonerations that count.
func (p service) exonerated(ctx context.Context, c *ledger.Channel) ([]ledger.Exonerated, error) {
	if len(c.Exonerated) == 0 || !p.HasRole(ledger.RoleDeploy) {
		return c.Exonerated, nil
	}
	keys, err := p.Keyring(ledger.RoleDeploy)
	if err != nil {
		return nil, err
	}
	endorsed, err := p.Ledger.Endorsed(ctx, p.State, ledger.Trust{Signed: true, Keys: keys})
	if err != nil {
		return nil, err
	}
	signed := map[uint64]bool{}
	for rec, err := range p.Ledger.Log(ctx) {
		if err != nil {
			return nil, err
		}
		if rec.Type != ledger.TypeExonerate {
			continue
		}
		sig, err := p.Ledger.Signature(ctx, *rec, map[string]git.Keyring{ledger.RoleDeploy: keys})
		if err != nil {
			return nil, err
		}
		signed[rec.Number] = sig.Status == ledger.Signed || endorsed[rec.Commit] != 0
	}
	return slices.DeleteFunc(slices.Clone(c.Exonerated), func(x ledger.Exonerated) bool { return !signed[x.Event] }), nil
}

// Approved finds the approvals of a change by the commit that carries it. They bind no build: the same commit is the
// same change, whatever builds it.
func (p service) Approved(ctx context.Context, s *ledger.State, ch *channel.Channel, commit string) ([]uint64, release.Verdict) {
	a := ch.Soak.Approval
	keys, err := p.Keyring(a.Role)
	if err != nil {
		return nil, release.Verdict{Status: release.Errored, Reason: err.Error()}
	}
	own := *s // so that those of other changes are not told as ones that do not count
	own.Approvals = slices.DeleteFunc(slices.Clone(s.Approvals), func(r ledger.Recorded) bool { return r.Approve.Commit != commit })
	return ledger.Approvals{Ledger: p.Ledger, Channel: ch.Name, Gate: plan.GateSoak, Role: a.Role, Count: a.Count, Keys: keys}.Find(ctx, &own, commit, "")
}

// ApproveChange records a signed approval of a change that no ring can vouch for, by the commit that carries it on the
// channel's branch.
func (p *Project) ApproveChange(ctx context.Context, ch *channel.Channel, id, reason string) (*ledger.Recorded, error) {
	if ch.Soak == nil || ch.Soak.Approval == nil {
		return nil, &NoChangeApprovalError{Channel: ch.Name, Soak: ch.Soak != nil}
	}
	commit, err := p.UnreleasedChange(ctx, ch, id)
	if err != nil {
		return nil, err
	}
	return p.Append(ctx, func(*ledger.State) (*ledger.Event, error) {
		return &ledger.Event{Type: ledger.TypeApprove, Channel: ch.Name, Reason: reason, Approve: &ledger.Approve{
			Gate: plan.GateSoak, Role: ch.Soak.Approval.Role, Commit: commit,
		}}, nil
	})
}

// NoChangeApprovalError is a channel on which changes cannot be approved one by one.
type NoChangeApprovalError struct {
	Channel string
	Soak    bool
}

func (e *NoChangeApprovalError) Error() string {
	if !e.Soak {
		return fmt.Sprintf("channel %s asks for no soak, so its changes need no approval of their own", e.Channel)
	}
	return fmt.Sprintf("channel %s does not say who may approve a change in place of its soak", e.Channel)
}

// Hint says how to have such approvals.
func (e *NoChangeApprovalError) Hint() string {
	if !e.Soak {
		return "relctl plan " + e.Channel + " says what its gates need"
	}
	return fmt.Sprintf("add approval: {role: …} to soak in channels/%s.yaml, or: relctl waive %s --change <commit> --reason '…'", e.Channel, e.Channel)
}
