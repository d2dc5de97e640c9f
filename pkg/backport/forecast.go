package backport

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/git"
)

// Outcome is what a change would do on a line.
type Outcome string

// The outcomes.
const (
	Applies       Outcome = "applies"
	Present       Outcome = "present"        // it would change nothing: the line has it already
	Conflicts     Outcome = "conflicts"      // in the files of the forecast
	Needs         Outcome = "needs"          // it applies after the earlier changes of the forecast
	NotApplicable Outcome = "not-applicable" // the line has none of the files that it changes
	Unknown       Outcome = "unknown"        // git cannot tell, see the forecast's reason
)

// Forecast tells how a change would do on a line.
type Forecast struct {
	Outcome Outcome `json:"outcome"`
	// Files in conflict, if the change is picked alone.
	Files []File `json:"files,omitempty"`
	// Needs are the ids of the earlier changes to pick first, in order.
	Needs []string `json:"needs,omitempty"`
	// Bounded: the search for earlier changes ended at its limit. There may be some that were not found, or fewer may
	// do.
	Bounded bool `json:"bounded,omitempty"`
	// Reason says why the outcome is unknown.
	Reason string `json:"reason,omitempty"`
}

// File is a file in conflict.
type File struct {
	Path string `json:"path"`
	// Kind is git's word for it, such as content or modify/delete.
	Kind string `json:"kind"`
}

// Request is a question for a forecast.
type Request struct {
	Change Change
	// Onto is the full id of the line's tip.
	Onto string
	// Earlier returns changes that the line misses and that touch one of the files, oldest first. It is asked only if
	// there is a conflict; nil if nobody knows.
	Earlier func(ctx context.Context, files []string) ([]Change, error)
}

// DefaultTries is how many sets of earlier changes are tried for one forecast.
const DefaultTries = 40

// Options of forecasts.
type Options struct {
	// Tries replaces [DefaultTries].
	Tries int
}

// Forecasts answers many requests, in their order. It touches no working tree, no ref and no object of the repository.
func Forecasts(ctx context.Context, repo *git.Repo, f *git.Forecaster, requests []Request, opts Options) ([]Forecast, error) {
	if opts.Tries <= 0 {
		opts.Tries = DefaultTries
	}
	rows := make([]row, len(requests))
	for i, r := range requests {
		rows[i] = row{onto: r.Onto, changes: []Change{r.Change}}
	}
	results, err := simulate(ctx, f, rows)
	if err != nil {
		return nil, err
	}
	out := make([]Forecast, len(requests))
	for _, i := range byTarget(requests) {
		s := search{repo: repo, f: f, request: requests[i], tries: opts.Tries}
		if out[i], err = s.judge(ctx, results[i]); err != nil {
			return nil, fmt.Errorf("forecast %.10s: %w", requests[i].Change.ID, err)
		}
	}
	return out, nil
}

// byTarget orders requests by what is picked onto: a forecaster starts anew for other attributes.
func byTarget(requests []Request) []int {
	out := make([]int, len(requests))
	for i := range out {
		out[i] = i
	}
	slices.SortStableFunc(out, func(a, b int) int { return strings.Compare(requests[a].Onto, requests[b].Onto) })
	return out
}

// judge makes a forecast of what came of the change alone.
func (s *search) judge(ctx context.Context, r result) (Forecast, error) {
	switch {
	case r.clean && r.brought[0]:
		return Forecast{Outcome: Applies}, nil
	case r.clean:
		return Forecast{Outcome: Present}, nil
	case r.reason != "":
		return Forecast{Outcome: Unknown, Reason: r.reason}, nil
	}
	out := Forecast{Outcome: Conflicts}
	for _, c := range r.conflicts {
		out.Files = append(out.Files, File{Path: c.Path, Kind: c.Kind})
	}
	strange, err := s.strange(ctx, r.conflicts)
	if err != nil || strange {
		out.Outcome = NotApplicable
		return out, err
	}
	if s.request.Earlier == nil {
		return out, nil
	}
	var paths []string
	for _, f := range out.Files {
		paths = append(paths, f.Path)
	}
	earlier, err := s.request.Earlier(ctx, paths)
	if err != nil {
		return out, err
	}
	needs, err := s.needs(ctx, earlier)
	for _, c := range needs {
		out.Outcome = Needs
		out.Needs = append(out.Needs, c.ID)
	}
	out.Bounded = s.bounded
	return out, err
}

// strange reports whether the line has none of the files that the change touches, whichever of its picks is tried. The
// conflicts are those at which all of them ended.
func (s *search) strange(ctx context.Context, conflicts []git.Conflict) (bool, error) {
	picks := s.request.Change.Picks
	for _, p := range picks {
		if len(absent(conflicts)) == 0 {
			return false, nil
		}
		if len(picks) > 1 {
			got, err := s.f.Picks(ctx, []git.Try{{Commit: p.Commit, Parent: p.Parent, Onto: s.request.Onto}})
			if err != nil {
				return false, err
			}
			conflicts = got[0].Conflicts // none if git cannot tell
		}
		touched, err := s.repo.PickPaths(ctx, p)
		if err != nil || len(touched) == 0 || !slices.Equal(slices.Sorted(slices.Values(touched)), absent(conflicts)) {
			return false, err
		}
	}
	return len(picks) > 0, nil
}

// absent returns the files in conflict if the line has none of them, or nothing.
func absent(conflicts []git.Conflict) []string {
	var out []string
	for _, c := range conflicts {
		if c.Kind != "modify/delete" || !c.Absent {
			return nil
		}
		out = append(out, c.Path)
	}
	return out
}
