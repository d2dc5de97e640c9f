package git

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// AmbiguousError is the beginning of the ids of several commits.
type AmbiguousError struct {
	Prefix string
	// Commits are their full ids, sorted.
	Commits []string
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%s begins the ids of %d commits", e.Prefix, len(e.Commits))
}

// Hint lists them.
func (e *AmbiguousError) Hint() string {
	return "give more digits: " + strings.Join(e.Commits[:min(len(e.Commits), 5)], ", ")
}

// Expand returns the full id of the commit whose id begins with at least 4 digits. Errors are [ErrNotFound] and
// [*AmbiguousError].
func (r *Repo) Expand(ctx context.Context, prefix string) (string, error) {
	if len(prefix) < 4 || len(prefix) > 40 || strings.Trim(prefix, "0123456789abcdef") != "" {
		return "", fmt.Errorf("%q is not an id of a commit, in full or its first digits: %w", prefix, ErrNotFound)
	}
	if isID(prefix) {
		return r.Resolve(ctx, prefix)
	}
	out, err := r.read(ctx, "rev-parse", "--disambiguate="+prefix)
	if err != nil {
		return "", err
	}
	ids := strings.Fields(string(out))
	found, err := r.objects.info(ctx, ids...)
	if err != nil {
		return "", err
	}
	var commits []string
	for _, i := range found {
		if i.kind == "commit" {
			commits = append(commits, i.id)
		}
	}
	switch len(commits) {
	case 0:
		return "", fmt.Errorf("commit %s: %w", prefix, ErrNotFound)
	case 1:
		return commits[0], nil
	}
	slices.Sort(commits)
	return "", &AmbiguousError{Prefix: prefix, Commits: commits}
}

// PickPaths returns the paths that a pick touches, sorted; both names of a renamed file.
func (r *Repo) PickPaths(ctx context.Context, p Pick) ([]string, error) {
	c, err := r.Commit(ctx, p.Commit)
	if err != nil {
		return nil, err
	}
	parent, err := c.parentOfPick(p.Parent)
	if err != nil {
		return nil, err
	}
	if parent == "" {
		parent = emptyTree
	}
	out, err := r.read(ctx, "diff-tree", "-r", "-z", "--no-renames", "--name-only", parent, p.Commit)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"), nil
}

// LastTouching returns the commits of to that not does not have and that touch one of the paths, merges left out: the last
// n, oldest first.
func (r *Repo) LastTouching(ctx context.Context, not, to string, paths []string, n int) ([]string, error) {
	if err := r.refuseShallow(); err != nil {
		return nil, err
	}
	ids, err := r.ids(ctx, not, to)
	if err != nil || len(paths) == 0 {
		return nil, err
	}
	args := []string{"--literal-pathspecs", "rev-list", "--topo-order", "--no-merges", fmt.Sprintf("--max-count=%d", n), ids[1], "^" + ids[0], "--"}
	out, err := call{dir: r.gitDir, args: r.args(append(args, paths...))}.run(ctx) // there, paths count from the root
	if err != nil {
		return nil, err
	}
	commits := strings.Fields(string(out))
	slices.Reverse(commits)
	return commits, nil
}
