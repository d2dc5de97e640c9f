package project

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/backport"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
)

// FindChange finds what people call changes: ids of commits, in full or their first digits, or what [history.Index.Find]
// takes if one change alone answers to it. A branch of the product must have each. Several become one change, in the order
// given. Errors are [*NoChangeError], [*git.AmbiguousError], [*SeveralError] and [*OffBranchError].
func (p *Project) FindChange(ctx context.Context, ix *history.Index, names []string) (backport.Change, error) {
	var commits []string
	for _, name := range names {
		full, err := p.Repo.Expand(ctx, strings.ToLower(name))
		if errors.Is(err, git.ErrNotFound) {
			full, err = oneChange(ix, name)
		}
		if err != nil {
			return backport.Change{}, err
		}
		if err := p.onBranch(ctx, full); err != nil {
			return backport.Change{}, err
		}
		commits = append(commits, full)
	}
	return backport.NewChange(ctx, p.Repo, commits...)
}

// oneChange finds the only change that answers to a pull request, a CVE or words.
func oneChange(ix *history.Index, name string) (string, error) {
	found := ix.Find(name)
	switch len(found) {
	case 0:
		return "", &NoChangeError{Name: name}
	case 1:
		return found[0].Commit, nil
	}
	return "", &SeveralError{Name: name, Found: found}
}

// NoChangeError is a name that no change answers to.
type NoChangeError struct{ Name string }

func (e *NoChangeError) Error() string { return fmt.Sprintf("no change answers to %q", e.Name) }

// Hint says what a change may be called.
func (e *NoChangeError) Hint() string {
	return "give the id of a commit, the number of a pull request as #123, a CVE, or words of the subject; git fetch brings what is new"
}

// SeveralError is a name that several changes answer to.
type SeveralError struct {
	Name string
	// Found are they, newest first.
	Found []*history.Known
}

func (e *SeveralError) Error() string {
	return fmt.Sprintf("%q stands for %d changes", e.Name, len(e.Found))
}

// Hint lists the newest.
func (e *SeveralError) Hint() string {
	const most = 5
	var names []string
	for _, c := range e.Found[:min(len(e.Found), most)] {
		names = append(names, fmt.Sprintf("%s %q", release.Short(c.Commit), c.Subject))
	}
	more := ""
	if n := len(e.Found) - most; n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return "say which, by its commit: " + strings.Join(names, ", ") + more
}

// onBranch makes sure that a branch of the product has a commit: a backport names it for ever.
func (p *Project) onBranch(ctx context.Context, commit string) error {
	branches := []string{p.Policy.Branch}
	for _, ch := range p.Policy.Channels {
		branches = append(branches, ch.Branch)
	}
	for _, b := range branches {
		if b == "" {
			continue
		}
		has, err := p.Repo.IsAncestor(ctx, commit, plan.RemoteRef(p.Remote, b))
		if err != nil && !errors.Is(err, git.ErrNotFound) {
			return err
		}
		if has {
			return nil
		}
	}
	return &OffBranchError{Commit: commit, Remote: p.Remote}
}

// OffBranchError is a commit that no branch of the product has.
type OffBranchError struct{ Commit, Remote string }

func (e *OffBranchError) Error() string {
	return fmt.Sprintf("commit %s is on no channel's branch of %s", release.Short(e.Commit), e.Remote)
}

// Hint says how it gets there.
func (e *OffBranchError) Hint() string {
	return "merge it into main and push first, so that the backport names a commit that stays"
}

// Has reports whether a line has all that a commit brings.
func Has(ix *history.Index, line, commit string) bool {
	found := ix.Of(commit)
	return len(found) > 0 && !slices.ContainsFunc(found, func(c *history.Known) bool {
		p := ix.State(c, line).Presence
		return p != history.Present && p != history.Picked && p != history.Equivalent
	})
}

// Refusal is what somebody recorded against taking a change to a line, a [*WontError], or nil.
func Refusal(ix *history.Index, change backport.Change, line string) error {
	for _, pick := range change.Picks {
		for _, c := range ix.Of(pick.Commit) {
			if s := ix.State(c, line); s.Presence == history.Wont {
				return &WontError{Line: line, Change: c.Commit, Reason: s.Reason}
			}
		}
	}
	return nil
}

// WontError is a change that a line will not get, as somebody recorded.
type WontError struct{ Line, Change, Reason string }

func (e *WontError) Error() string {
	return fmt.Sprintf("%s will not get %s: %s", e.Line, release.Short(e.Change), e.Reason)
}

// Hint says how to change one's mind.
func (e *WontError) Hint() string {
	return fmt.Sprintf("if that is no longer so: relctl changes mark %s --channel %s --clear --reason '…'", release.Short(e.Change), e.Line)
}
