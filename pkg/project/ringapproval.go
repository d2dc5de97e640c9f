package project

import (
	"fmt"
	"slices"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

// ReleaseToApprove returns what an approval of a gate is about where that is a release that exists, and the role that the
// gate asks for: a gate of a ring asks about what runs there, the fast lane about the newest release, unless v names
// another. It returns nil for a gate that a cut asks.
func (p *Project) ReleaseToApprove(ch *channel.Channel, gate string, v release.Version) (*ledger.Release, string, error) {
	c := p.State.Channels[ch.Name]
	if c == nil {
		c = &ledger.Channel{}
	}
	role := ""
	if gate == ledger.GateFastLane && len(ch.Rings) > 0 {
		role = ledger.RoleEmergency
		for _, r := range slices.Backward(c.Releases) {
			if _, refused := c.Usable(r.Version); v.IsZero() && refused == "" {
				v = r.Version
			}
		}
	}
	for _, r := range ch.Rings {
		for _, g := range r.Gates {
			if g.Name != gate || g.Approval == nil {
				continue
			}
			role = g.Approval.Role
			if v.IsZero() {
				v = c.Runs(r.Name)
			}
		}
	}
	switch rel, refused := c.Usable(v); {
	case role == "":
		return nil, "", nil
	case v.IsZero():
		return nil, "", fmt.Errorf("there is no release of %s that gate %s could be about yet", ch.Name, gate)
	case refused != "":
		return nil, "", fmt.Errorf("gate %s cannot be approved: %s", gate, refused)
	default:
		return rel, role, nil
	}
}
