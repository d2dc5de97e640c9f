package gate

import (
	"context"
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// Approval asks that people of a role have approved. Whose signature counts is for the ledger to say.
type Approval struct {
	Role string
	// Count is how many must have approved. Default is 1.
	Count int
	// Find returns the numbers of the ledger's events that count, one for each key, and in words what it found.
	Find func(ctx context.Context, s Subject) (events []uint64, said string, err error)
	// Hint is how to approve.
	Hint string
}

// ApprovalRecord is which approvals an [Approval] found.
type ApprovalRecord struct {
	Role   string   `json:"role"`
	Count  int      `json:"count"`
	Events []uint64 `json:"events,omitempty"`
	Said   string   `json:"said,omitempty"`
	Hint   string   `json:"hint,omitempty"`
	// Failure says why the ledger cannot be read.
	Failure string `json:"failure,omitempty"`
}

// Observe looks for the approvals.
func (g Approval) Observe(ctx context.Context, s Subject) Record {
	r := newRecord(moment(time.Time{}), s)
	r.Approval = &ApprovalRecord{Role: g.Role, Count: max(g.Count, 1), Hint: g.Hint}
	events, said, err := g.Find(ctx, s)
	r.Approval.Events, r.Approval.Said = events, said
	if err != nil {
		r.Approval.Failure = clip(err.Error())
	}
	return r
}

func (r *ApprovalRecord) judge(time.Time) release.Verdict {
	if r.Failure != "" {
		return errored("%s", r.Failure)
	}
	events := slices.Sorted(slices.Values(r.Events))
	found := len(slices.Compact(events))
	said := orElse(r.Said, "by role "+r.Role)
	if r.Count >= 1 && found >= r.Count {
		return passed("%s", said)
	}
	v := failed("%s", said)
	v.Hint = r.Hint
	return v
}
