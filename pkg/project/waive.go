package project

import (
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
)

// GateNotes is the gate that asks for a note about each breaking fact, where channels/product.yaml names facts and an
// operator's guide.
const GateNotes = "notes"

// Waive returns what a waiver of a gate covers. A gate that rings ask is waived for one release in one of them: any more
// would let through what nobody has seen yet. A gate that cuts ask has no such scope.
func (p *Project) Waive(ch *channel.Channel, gate, name string, v release.Version) (*ledger.Waive, error) {
	notes := gate == GateNotes && p.Policy.Product.Docs.WantsNotes() == channel.NotesRefuse
	if err := CheckGate(ch, gate); err != nil && !notes {
		return nil, err
	}
	asking := ringsAsking(ch, gate)
	switch {
	case len(asking) == 0 && (name != "" || !v.IsZero()):
		return nil, &WaiverScopeError{Channel: ch.Name, Gate: gate}
	case len(asking) == 0:
		return &ledger.Waive{Gate: gate}, nil
	case name == "" || v.IsZero() || !slices.Contains(asking, name):
		e := &WaiverScopeError{Channel: ch.Name, Gate: gate, Ring: name, Rings: asking, Version: v}
		if st := p.State.Channels[ch.Name]; st != nil && v.IsZero() {
			e.Version = st.Runs(e.example())
		}
		return nil, e
	}
	if _, err := p.Released(ch, v); err != nil {
		return nil, err
	}
	return &ledger.Waive{Gate: gate, Ring: name, Release: v}, nil
}

// ringsAsking lists the rings that ask a gate before a release leaves them.
func ringsAsking(ch *channel.Channel, gate string) []string {
	var out []string
	for _, r := range ring.PolicyOf(ch).Rings {
		if gate == ring.GateSoak && r.Soak > 0 || slices.Contains(r.Gates, gate) {
			out = append(out, r.Name)
		}
	}
	return out
}

// WaiverScopeError is a waiver that would cover more than one release in one ring, or that names a ring for a gate which
// no ring asks.
type WaiverScopeError struct {
	Channel, Gate string
	// Ring as given, Rings those that ask the gate.
	Ring    string
	Rings   []string
	Version release.Version
}

func (e *WaiverScopeError) Error() string {
	switch {
	case len(e.Rings) == 0:
		return fmt.Sprintf("no ring of %s asks gate %s, so a waiver of it has no --ring and no --release", e.Channel, e.Gate)
	case e.Ring != "" && !slices.Contains(e.Rings, e.Ring):
		return fmt.Sprintf("channel %s has no ring %q that asks gate %s; those that do: %s", e.Channel, e.Ring, e.Gate, strings.Join(e.Rings, ", "))
	}
	return fmt.Sprintf("gate %s is asked by rings of %s (%s): waive it for one release in one of them, with --ring and --release",
		e.Gate, e.Channel, strings.Join(e.Rings, ", "))
}

// Hint is the command line with the scope.
func (e *WaiverScopeError) Hint() string {
	if len(e.Rings) == 0 {
		return "leave them out"
	}
	v := "<version>"
	if !e.Version.IsZero() {
		v = e.Version.String()
	}
	return fmt.Sprintf("relctl waive %s --gate %s --ring %s --release %s --reason '…'", e.Channel, e.Gate, e.example(), v)
}

func (e *WaiverScopeError) example() string {
	if slices.Contains(e.Rings, e.Ring) {
		return e.Ring
	}
	return e.Rings[0]
}
