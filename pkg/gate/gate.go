// Package gate asks the questions that stand between a plan and a release.
//
// A gate answers with a [release.Verdict]: pass, fail, no-data or error. The last two are kept apart from fail because
// they call for another remedy, and apart from pass because silence is no consent: only a pass, or a recorded waiver,
// lets a release through.
//
// A gate that looks at the world has two halves. Observe asks whatever must be asked and writes it down as a [Record];
// [Judge] says what follows from a record, without asking anything or reading a clock. So each verdict can be given
// again, years later and by somebody else, from the JSON of its record: [Replay]. These gates are here:
//
//   - [Approval]: people of a role have signed; who counts is known to pkg/ledger
//   - [Each]: a gate that is asked once for each cell
//   - [Command]: a program of the policy ends with exit code 0
//   - [FreezeGate]: no freeze [Window] holds the moment
//   - [GitOps]: Argo CD or Flux has applied our revision, and it is healthy
//   - [Metric]: a number of a Prometheus server, alone or against its control, meets an [Expression]
//   - [SoakGate]: a release or a change was healthy in a ring for long enough, without a break
package gate

import (
	"context"
	"fmt"

	"github.com/relctl/relctl/pkg/release"
)

// Subject is what a gate judges.
type Subject struct {
	// Inputs of the plan.
	Inputs release.Inputs
	// Dir holds the release's files at the built moment, laid out as in the bundle; "" at the planned moment.
	Dir string
}

// Gate is one condition. Evaluate fills Status, Reason and Hint; the evaluator fills the rest.
type Gate interface {
	Evaluate(ctx context.Context, s Subject) release.Verdict
}

// Func is a function as a gate.
type Func func(ctx context.Context, s Subject) release.Verdict

// Evaluate calls f.
func (f Func) Evaluate(ctx context.Context, s Subject) release.Verdict { return f(ctx, s) }

// Entry is a gate with the name and the moment that the channel file gives it.
type Entry struct {
	Name   string
	Moment release.Moment
	Gate   Gate
}

// Waiver says whether a gate was waived, and by which ledger event and reason.
type Waiver func(gate string) (event uint64, reason string, ok bool)

// Evaluate asks the gates of one moment in order. Built gates are pending at the planned moment; at the built moment
// the planned ones are left out, since they were asked before. A waiver turns a blocking verdict into waived; it never
// hides a pass. waived may be nil.
func Evaluate(ctx context.Context, entries []Entry, m release.Moment, s Subject, waived Waiver) []release.Verdict {
	var out []release.Verdict
	for _, e := range entries {
		switch {
		case e.Moment == m:
			v := e.Gate.Evaluate(ctx, s)
			v.Gate, v.Moment = e.Name, e.Moment
			if v.Status == "" {
				v.Status, v.Reason = release.Errored, "the gate gave no verdict"
			}
			out = append(out, waive(v, waived))
		case m == release.Planned:
			out = append(out, release.Verdict{Gate: e.Name, Moment: e.Moment, Status: release.Pending, Reason: "asked on the built files"})
		}
	}
	return out
}

func waive(v release.Verdict, waived Waiver) release.Verdict {
	if waived == nil || !v.Blocks() {
		return v
	}
	event, reason, ok := waived(v.Gate)
	if !ok {
		return v
	}
	return release.Verdict{
		Gate: v.Gate, Moment: v.Moment, Status: release.Waived, Waiver: event, Record: v.Record,
		Reason: fmt.Sprintf("%s (was %s: %s)", reason, v.Status, v.Reason),
	}
}
