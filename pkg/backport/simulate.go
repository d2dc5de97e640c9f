package backport

import (
	"context"

	"github.com/relctl/relctl/pkg/git"
)

// row is a number of changes that are picked one on top of the other.
type row struct {
	onto    string
	changes []Change
	// lenient: a change that conflicts is left out, except for the last one.
	lenient bool
}

// result is what came of a row.
type result struct {
	clean bool
	// brought tells of each change whether it would change something.
	brought []bool
	// conflicts of the pick at which the row ended, or why git could not tell.
	conflicts []git.Conflict
	reason    string
}

// run is a row under way.
type run struct {
	row
	result
	change, pick int    // the next one
	tree         string // so far
	before       string // what the change under way began with
	dirty        bool   // the change under way did something
	done         bool
}

// simulate picks many rows at once: the first pick of each, then the second, and so on.
func simulate(ctx context.Context, f *git.Forecaster, rows []row) ([]result, error) {
	runs := make([]run, len(rows))
	for i, r := range rows {
		runs[i] = run{row: r, tree: r.onto, before: r.onto, result: result{brought: make([]bool, len(r.changes))}}
		runs[i].skip()
	}
	for {
		var tries []git.Try
		var at []int
		for i := range runs {
			if r := &runs[i]; !r.done {
				p := r.changes[r.change].Picks[r.pick]
				tries, at = append(tries, git.Try{Commit: p.Commit, Parent: p.Parent, Onto: r.tree}), append(at, i)
			}
		}
		if len(tries) == 0 {
			break
		}
		forecasts, err := f.Picks(ctx, tries)
		if err != nil {
			return nil, err
		}
		for i, got := range forecasts {
			runs[at[i]].step(got)
		}
	}
	out := make([]result, len(runs))
	for i := range runs {
		out[i] = runs[i].result
	}
	return out, nil
}

// step takes the outcome of one pick.
func (r *run) step(got git.Forecast) {
	last := r.change == len(r.changes)-1
	switch {
	case got.Clean:
		r.tree = got.Tree
		r.dirty = r.dirty || !got.Empty
		r.pick++
		r.skip()
	case r.lenient && !last:
		r.tree, r.dirty = r.before, false
		r.pick = len(r.changes[r.change].Picks)
		r.skip()
	default:
		r.conflicts, r.done = got.Conflicts, true
		if got.Err != nil {
			r.reason = got.Err.Error()
		}
	}
}

// skip goes to the next change if the one under way is complete.
func (r *run) skip() {
	for r.change < len(r.changes) && r.pick == len(r.changes[r.change].Picks) {
		r.brought[r.change] = r.dirty
		r.change, r.pick, r.before, r.dirty = r.change+1, 0, r.tree, false
	}
	if r.change == len(r.changes) {
		r.clean, r.done = true, true
	}
}
