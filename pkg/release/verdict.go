package release

import (
	"encoding/json"
	"slices"
	"time"
)

// Status is what a gate says.
type Status string

// The statuses of a gate. Only Pass and Waived let a release through; NotEvaluated says that relctl did not ask, is
// recorded in the release as such, and is never shown as a pass.
const (
	Pass         Status = "pass"
	Fail         Status = "fail"
	NoData       Status = "no-data"
	Errored      Status = "error"
	Waived       Status = "waived"
	NotEvaluated Status = "not-evaluated"
	// Pending is a gate whose moment has not come: a built gate in a plan.
	Pending Status = "pending"
)

// Moment says when a gate is asked: before the build, or on the staged bytes.
type Moment string

// The two moments of gates.
const (
	Planned Moment = "planned"
	Built   Moment = "built"
)

// Verdict is the answer of one gate.
type Verdict struct {
	Gate   string `json:"gate"`
	Moment Moment `json:"moment"`
	Status Status `json:"status"`
	// Reason in words, one line.
	Reason string `json:"reason"`
	// Hint is the command or step that would change the verdict, or "".
	Hint string `json:"hint,omitempty"`
	// Waiver is the number of the ledger event that waived the gate, or 0.
	Waiver uint64 `json:"waiver,omitempty"`
	// Record is what the gate asked and was answered, from which relctl gate replay comes to the same status again. The
	// ledger and plans have it; a release has not, since it holds addresses and answers from inside the service.
	Record json.RawMessage `json:"record,omitempty"`
}

// WithoutRecords returns verdicts as they may leave the house.
func WithoutRecords(vs []Verdict) []Verdict {
	out := slices.Clone(vs)
	for i := range out {
		out[i].Record = nil
	}
	return out
}

// Blocks reports whether the verdict stops a cut now.
func (v Verdict) Blocks() bool {
	switch v.Status {
	case Pass, Waived, NotEvaluated, Pending:
		return false
	}
	return true
}

// Blocking returns the verdicts that stop a cut now.
func Blocking(vs []Verdict) []Verdict {
	var out []Verdict
	for _, v := range vs {
		if v.Blocks() {
			out = append(out, v)
		}
	}
	return out
}

// Grade says how far a change of a release is proven to have run healthy in the service.
type Grade string

// The grades, best first. The others than these first five let a change through only where the whole gate is waived.
const (
	GradeSamePatchSoaked Grade = "same-patch-soaked"
	GradeAdaptedApproved Grade = "adapted-pick-approved"
	GradeLineApproved    Grade = "line-only-approved" // a change of the line alone, approved
	GradeWaived          Grade = "waived"
	GradeNotEvaluated    Grade = "not-evaluated" // the channel asks for no soak

	GradeAdapted   Grade = "adapted"    // a pick that is another patch than its original
	GradeLineOnly  Grade = "line-only"  // no original that could have run
	GradeNotSoaked Grade = "not-soaked" // the original did not run long enough, or nobody knows
)

// Evidence is the proof for one change as it stood when the release was reserved.
type Evidence struct {
	// Change and Commit as in [Change]: the original and the commit on the branch.
	Change  string `json:"change"`
	Commit  string `json:"commit"`
	Type    string `json:"type"`
	Subject string `json:"subject"`
	Grade   Grade  `json:"grade"`
	// Reason in words: the waiver's reason, how long the change soaked, or what it lacks.
	Reason string `json:"reason,omitempty"`
	// Soak is how the change's original ran in the service, nil if it did not or nobody asked.
	Soak *Soak `json:"soak,omitempty"`
	// Approvals are the numbers of the ledger events that approve the commit.
	Approvals []uint64 `json:"approvals,omitempty"`
	// Waiver is the number of the ledger event, or 0.
	Waiver uint64 `json:"waiver,omitempty"`
}

// Soak is the longest unbroken time for which a change ran healthy in all cells of a ring.
type Soak struct {
	// Channel is the rolling one, Ring the one of its rings that counts.
	Channel string `json:"channel"`
	Ring    string `json:"ring"`
	// Originals are the commits that carried the change there.
	Originals []string `json:"originals"`
	// Release is the one that ran when the time began, zero if there was none.
	Release Version `json:"release,omitzero"`
	// From and To are the unbroken time.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	// Length of that time, and what the channel asks for, in seconds.
	Length int64 `json:"length"`
	Need   int64 `json:"need"`
	// Events are the numbers of the ledger events on which it rests: the promotions of the releases that ran in it, the
	// first and the last observation.
	Events []uint64 `json:"events,omitempty"`
	// Missing is how much is lacking of the time that counts now, in seconds, and Due the earliest moment at which it can
	// be there; for a change that has soaked both are zero.
	Missing int64     `json:"missing,omitempty"`
	Due     time.Time `json:"due,omitzero"`
}
