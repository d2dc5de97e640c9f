package gittest

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
)

// SyntheticOptions say how large a synthetic history is. Equal options give equal commit ids.
type SyntheticOptions struct {
	// Commits on main, at least; what merges bring counts. A hundred or more make a history.
	Commits int
	// Lines is the number of release branches. They leave main, evenly spread, in its last third.
	Lines int
	// Picks is how many changes of main each line gets.
	Picks int
	Seed  uint64
	// Files of the tree; 0 means 2000.
	Files int
}

// SyntheticRepo is a repository with a history made up at random, and the truth about it.
type SyntheticRepo struct {
	// Dir is the bare repository.
	Dir string
	// Main is the full ref name of the main branch, Tip the commit it stands at.
	Main, Tip string
	// Parts are the commits that each merge of main brought, the oldest first.
	Parts map[string][]string
	// Lines, the oldest first.
	Lines []*SyntheticLine
}

// SyntheticLine is a release branch.
type SyntheticLine struct {
	// Name is such as "1.3", Ref the full ref name of its branch.
	Name, Ref string
	// Fork is the commit of main at which it begins, Tip the one at which it stands.
	Fork, Tip string
	// Commits after the fork, the oldest first.
	Commits []SyntheticCommit
	// Releases, the oldest first. Each has a lightweight tag such as v1.3.1.
	Releases []SyntheticRelease
	// States tells of every change of main after the fork that came to the line, by its commit on main. What is not in
	// here is missing on the line.
	States map[string]SyntheticState
}

// SyntheticRelease is a release of a line.
type SyntheticRelease struct{ Version, Commit string }

// SyntheticCommit is a commit of a line.
type SyntheticCommit struct {
	ID   string
	Kind SyntheticKind
	// Origin is the commit of main whose change it carries, the merge for that of a pull request that was merged; "" if
	// there is none, and for a revert.
	Origin string
	// SamePatch says of a pick that it does to the line what the origin did to main, down to the lines around it.
	SamePatch bool
}

// SyntheticKind is what a commit of a line is.
type SyntheticKind string

// The kinds of commits of a line.
const (
	SyntheticPlain     SyntheticKind = "plain"     // git cherry-pick: subject, author and author date stay
	SyntheticTrailer   SyntheticKind = "trailer"   // git cherry-pick -x, some from a newer line and with both trailers
	SyntheticDecorated SyntheticKind = "decorated" // a bot's squash merge, whose subject says where it goes
	SyntheticAdapted   SyntheticKind = "adapted"   // decorated, and with a patch of its own
	SyntheticRevert    SyntheticKind = "revert"    // takes a pick of the line back
	SyntheticReapply   SyntheticKind = "reapply"   // takes such a revert back
	SyntheticOwn       SyntheticKind = "own"       // of the line alone
)

// SyntheticState is how it stands with a change on a line.
type SyntheticState struct {
	// Reverted says that it came, and was taken back.
	Reverted bool
	// Since is the first release with the commit that carries the change now, "" if it is in none yet, or reverted.
	Since string
}

// Synthetic makes up a repository in a temporary folder.
func Synthetic(t testing.TB, opts SyntheticOptions) *SyntheticRepo {
	t.Helper()
	Isolate()
	r, err := WriteSynthetic(t.Context(), filepath.Join(t.TempDir(), "synthetic.git"), opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// WriteSynthetic makes up a repository in the folder dir, which must not exist.
func WriteSynthetic(ctx context.Context, dir string, opts SyntheticOptions) (*SyntheticRepo, error) {
	if out, err := exec.CommandContext(ctx, "git", "init", "--quiet", "--bare", "--initial-branch=main", dir).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("git init: %w\n%s", err, out)
	}
	w, err := startImport(ctx, dir)
	if err != nil {
		return nil, err
	}
	a := newAuthor(w, opts)
	a.writeMain()
	lines := a.writeLines()
	if err := w.end(); err != nil {
		return nil, err
	}
	if len(lines) != opts.Lines {
		return nil, fmt.Errorf("%d commits are too few for %d lines", opts.Commits, opts.Lines)
	}
	r := &SyntheticRepo{Dir: dir, Main: mainRef, Tip: w.ids[a.tip], Parts: map[string][]string{}}
	for _, c := range a.changes {
		for _, part := range c.parts {
			r.Parts[w.ids[c.mark]] = append(r.Parts[w.ids[c.mark]], w.ids[part])
		}
	}
	for _, l := range lines {
		r.Lines = append(r.Lines, l.truth())
	}
	return r, nil
}
