package ring

import (
	"context"
	"slices"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/release"
)

// GateFreeze is the name under which a promotion records that nothing was frozen.
const GateFreeze = "freeze"

// recorded returns the verdicts of a decision to promote as the ledger keeps them: the soak with what it follows from,
// as far as that is not too large, and that no freeze covered the ring. Whoever passes a freeze on the fast lane says so
// in the event.
func (m Model) recorded(d Decision) []release.Verdict {
	out := slices.Clone(d.Verdicts)
	if i := m.Policy.index(d.Ring); i > 0 {
		before := m.Policy.Rings[i-1]
		need := share(before.Soak, d.FastLane)
		for k := range out {
			if out[k].Gate == GateSoak && need > 0 {
				out[k].Record = m.record(d, GateSoak, before.Name, m.gate(before, need, true)).Record
			}
		}
	}
	if v := m.record(d, GateFreeze, d.Ring, gate.FreezeGate{Windows: m.windows(d.Ring), At: m.Now}); v.Status == release.Pass {
		out = append(out, v)
	}
	return out
}

// record asks a gate that looks at nothing but its own fields.
func (m Model) record(d Decision, name, ring string, o gate.Observer) release.Verdict {
	s := gate.Subject{Inputs: release.Inputs{Channel: m.Policy.Channel, Version: d.Candidate}}
	if rel := m.channel().Find(d.Candidate); rel != nil {
		s.Inputs.Commit = rel.Commit
	}
	v := gate.Recorded(o, func(r *gate.Record) { r.Gate, r.Ring = name, ring }).Evaluate(context.Background(), s)
	v.Gate = name
	return v
}

// windows are the freezes that cover a ring: those of the channel file, and those that people declared.
func (m Model) windows(ring string) []gate.Window {
	windows := slices.Clone(m.Policy.Freeze)
	for _, f := range m.State.Freezes {
		if f.Covers(m.Policy.Channel, ring, m.Now) {
			windows = append(windows, gate.Window{Name: f.Name, Since: latest(f.From, f.Time), Until: f.Until})
		}
	}
	return windows
}
