package project

import (
	"context"
	"time"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
)

// Rings returns what decisions about a rolling channel's rings follow from, on a state of the ledger: the project's own,
// or the one that an append is drafted on. verdicts are the answers of the gates to [ring.Model.Questions], nil if they
// were not asked.
func (p *Project) Rings(ctx context.Context, ch *channel.Channel, s *ledger.State, now time.Time, verdicts map[ring.Question][]release.Verdict) (ring.Model, error) {
	if ch.Kind != release.Rolling || len(ch.Rings) == 0 {
		return ring.Model{}, &NoRingsError{Channel: ch.Name}
	}
	m := ring.Model{Policy: ring.PolicyOf(ch), State: s, Verdicts: verdicts, Now: now}
	cells, err := p.Keyring(ledger.RoleCells)
	if err != nil {
		return m, err
	}
	if c := s.Channels[ch.Name]; c != nil {
		if m.Observed, err = p.Ledger.Observed(ctx, c, cells, m.Policy.Wants(s)); err != nil {
			return m, err
		}
	}
	deploy, err := p.Trust(ledger.RoleDeploy)
	if err != nil {
		return m, err
	}
	if m.Unsigned, err = p.Ledger.Unsigned(ctx, s, ch.Name, deploy); err != nil {
		return m, err
	}
	trust, err := p.WaiverTrust()
	if err != nil {
		return m, err
	}
	waivers, err := p.Ledger.Waivers(ctx, s, now, trust)
	if err != nil {
		return m, err
	}
	m.Waived = func(q ring.Question, name string) (uint64, string, bool) {
		return waivers.Ring(ch.Name, name, q.Ring, q.Version)
	}
	return m, nil
}

// Trust says which events of a role count: if the policy has the role, only signed ones do.
func (p *Project) Trust(role string) (ledger.Trust, error) {
	keys, err := p.Keyring(role)
	return ledger.Trust{Signed: p.HasRole(role), Keys: keys}, err
}

// HasRole reports whether the policy has a role, so that its events must be signed.
func (p *Project) HasRole(role string) bool { return len(p.Policy.Product.Roles[role]) > 0 }

// NoRingsError is a channel that has no rings.
type NoRingsError struct{ Channel string }

func (e *NoRingsError) Error() string { return "channel " + e.Channel + " has no rings" }

// Hint says which channels have some.
func (e *NoRingsError) Hint() string {
	return "rings belong to rolling channels, see rings: in the channel's file and relctl channels show " + e.Channel
}
