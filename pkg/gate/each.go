package gate

import (
	"context"
	"fmt"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// Each asks the same gate once for each cell of a ring; all must pass.
type Each []Cell

// Cell is one cell with the gate about it.
type Cell struct {
	Name string
	Observer
}

// Observe asks for each cell in turn.
func (e Each) Observe(ctx context.Context, s Subject) Record {
	out := newRecord(moment(time.Time{}), s)
	out.Each = []Record{}
	for _, c := range e {
		r := c.Observe(ctx, s)
		r.Cell = c.Name
		out.At = r.At
		out.Each = append(out.Each, r)
	}
	return out
}

// each are the records of the cells.
type each []Record

// judge gives the first verdict of the gravest kind: one cell that is known to be sick says more than one that is not
// known.
func (e each) judge(time.Time) release.Verdict {
	if len(e) == 0 {
		return errored("there is no cell to ask about")
	}
	var worst release.Verdict
	for _, r := range e {
		v := errored("the record of a cell cannot hold cells")
		if r.Each == nil {
			v = Judge(r)
		}
		if gravity[v.Status] > gravity[worst.Status] {
			worst = v
			worst.Reason = fmt.Sprintf("%s: %s", r.Cell, v.Reason)
		}
	}
	if n := len(e); worst.Status == release.Pass && n > 1 {
		worst.Reason += fmt.Sprintf("; and %d more", n-1)
	}
	return worst
}

var gravity = map[release.Status]int{release.Pass: 1, release.NoData: 2, release.Errored: 3, release.Fail: 4}
