package project

import (
	"context"

	"github.com/relctl/relctl/pkg/ledger"
)

// Checks answers what CI said about a commit, as far as it counts: if the policy has the role of CI, only what it signed
// does.
func (p *Project) Checks() (func(context.Context, string) (map[string]ledger.Check, error), error) {
	trust, err := p.Trust(ledger.RoleCI)
	if err != nil {
		return nil, err
	}
	return p.Ledger.Checks(p.State, trust).Of, nil
}
