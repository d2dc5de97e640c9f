package backport

import (
	"context"
	"slices"

	"github.com/relctl/relctl/pkg/git"
)

// search looks for the earlier changes that a change needs.
type search struct {
	repo    *git.Repo
	f       *git.Forecaster
	request Request
	tries   int  // left
	bounded bool // something was left out for want of tries
}

// needs finds a small set of earlier changes such that they and then the change apply, or nil. One change is tried
// first, then all of them; of these, each that can be spared is dropped.
func (s *search) needs(ctx context.Context, earlier []Change) ([]Change, error) {
	if n := len(earlier) - s.tries; n > 0 {
		earlier, s.bounded = earlier[n:], true
	}
	if len(earlier) == 0 {
		return nil, nil
	}
	one, err := s.single(ctx, earlier)
	if err != nil || one != nil || len(earlier) == 1 {
		return one, err
	}
	if !s.may() {
		return nil, nil
	}
	set, err := s.applied(ctx, earlier)
	if err != nil || set == nil {
		return nil, err
	}
	return s.drop(ctx, set)
}

// may takes one of the tries that are left.
func (s *search) may() bool {
	if s.tries == 0 {
		s.bounded = true
		return false
	}
	s.tries--
	return true
}

// single tries each change alone, the newest first, with at most half of the tries.
func (s *search) single(ctx context.Context, earlier []Change) ([]Change, error) {
	most := min(len(earlier), (s.tries+1)/2)
	s.bounded = s.bounded || most < len(earlier)
	var rows []row
	for _, c := range slices.Backward(earlier[len(earlier)-most:]) {
		rows = append(rows, s.row(c))
	}
	s.tries -= most
	results, err := simulate(ctx, s.f, rows)
	if err != nil {
		return nil, err
	}
	for i, r := range results {
		if r.clean {
			s.bounded = false
			return rows[i].changes[:1], nil
		}
	}
	return nil, nil
}

// row is some earlier changes, and the change on top.
func (s *search) row(earlier ...Change) row {
	return row{onto: s.request.Onto, changes: append(slices.Clone(earlier), s.request.Change)}
}

// applied tries all changes and returns those that bring something, nil if the change does not apply after them.
func (s *search) applied(ctx context.Context, earlier []Change) ([]Change, error) {
	all := s.row(earlier...)
	all.lenient = true
	results, err := simulate(ctx, s.f, []row{all})
	if err != nil || !results[0].clean {
		return nil, err
	}
	var set []Change
	for i, c := range earlier {
		if results[0].brought[i] {
			set = append(set, c)
		}
	}
	return set, nil
}

// drop leaves out each change without which the rest still applies, the newest first: an older one may be there for it
// only.
func (s *search) drop(ctx context.Context, set []Change) ([]Change, error) {
	for i := len(set) - 1; i >= 0 && len(set) > 1 && s.may(); i-- {
		without := slices.Delete(slices.Clone(set), i, i+1)
		results, err := simulate(ctx, s.f, []row{s.row(without...)})
		if err != nil {
			return nil, err
		}
		if results[0].clean {
			set = without
		}
	}
	return set, nil
}
