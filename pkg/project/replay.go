package project

import (
	"fmt"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

// Replay is a verdict, and what its record is judged to be now.
type Replay struct {
	Ring     string          `json:"ring,omitempty"`
	Recorded release.Verdict `json:"recorded"`
	// Replayed is nil for a verdict without a record: one that follows from the repository and the ledger alone.
	Replayed *release.Verdict `json:"replayed,omitempty"`
	// Same says that both have the same status; a waived verdict is compared by the status that was waived.
	Same bool `json:"same"`
}

// Holds reports whether the verdict is what it was, and let the release through.
func (r Replay) Holds() bool {
	return !r.Recorded.Blocks() && (r.Replayed == nil || r.Same)
}

// ReplayVerdicts judges the records of verdicts again. Those without a record are told as they are, and those of gates
// whose moment had not come are left out.
func ReplayVerdicts(verdicts []release.Verdict) ([]Replay, error) {
	out := []Replay{}
	for _, v := range verdicts {
		if v.Status == release.Pending {
			continue
		}
		r := Replay{Recorded: v}
		if len(v.Record) > 0 {
			rec, again, err := gate.Replay(v.Record)
			if err != nil {
				return nil, fmt.Errorf("gate %s: %w", v.Gate, err)
			}
			again.Gate, again.Moment = v.Gate, v.Moment
			r.Ring, r.Replayed = rec.Ring, &again
			r.Same = again.Status == v.Status || v.Status == release.Waived && again.Blocks()
		}
		out = append(out, r)
	}
	return out, nil
}

// EventVerdicts returns the verdicts that an event relied on, none for an event of another type.
func EventVerdicts(e *ledger.Event) []release.Verdict {
	switch {
	case e.Reserve != nil:
		return e.Reserve.Plan.Verdicts
	case e.Cut != nil:
		return e.Cut.Verdicts
	case e.Promote != nil:
		return e.Promote.Verdicts
	}
	return nil
}
