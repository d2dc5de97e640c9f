package project

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/release"
)

// Found is a commit that somebody named.
type Found struct {
	Commit string
	// Version and Channel are those of a release, and empty if the name is not a version.
	Version release.Version
	Channel string
}

// FindCommit finds what people call commits: a released version, a branch, a tag, a full ref name, or the beginning of
// an id.
func (p *Project) FindCommit(ctx context.Context, name string) (Found, error) {
	if v, err := release.ParseVersion(strings.TrimPrefix(name, "v")); err == nil {
		lines, err := p.Lines(ctx)
		if err != nil {
			return Found{}, err
		}
		if ch, r, err := lines.Release(ctx, v.String()); err == nil {
			return Found{Commit: r.Commit, Version: r.Version, Channel: ch.Name}, nil
		}
	}
	for _, prefix := range []string{"", "refs/heads/", "refs/remotes/" + p.Remote + "/", "refs/tags/", "refs/remotes/"} {
		ref := prefix + name
		if git.CheckRef(ref) != nil {
			continue
		}
		commit, err := p.Repo.Resolve(ctx, ref)
		if err == nil || !errors.Is(err, git.ErrNotFound) {
			return Found{Commit: commit}, err
		}
	}
	commit, err := p.Repo.Expand(ctx, strings.ToLower(name))
	if errors.Is(err, git.ErrNotFound) {
		err = &NoCommitError{Name: name}
	}
	return Found{Commit: commit}, err
}

// NoCommitError is a name that no commit answers to.
type NoCommitError struct{ Name string }

func (e *NoCommitError) Error() string {
	return fmt.Sprintf("there is no release, branch, tag or commit %q", e.Name)
}

// Hint says what a commit may be called.
func (*NoCommitError) Hint() string {
	return "relctl status lists the releases; git fetch --tags brings what is new"
}
