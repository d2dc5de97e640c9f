package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/relctl/relctl/internal/disk"
)

// Pick is a commit to cherry-pick.
type Pick struct {
	Commit string
	// Parent is the parent that its change is told against: "" for the only one. A merge needs its mainline here.
	Parent string
}

// Picked is what cherry-picks made.
type Picked struct {
	// Head is the last commit that was made, the target itself if none was.
	Head string
	// Empty are the picks that would have changed nothing, and were left out.
	Empty []string
}

// PickError is a cherry-pick that stopped at a conflict. Nothing is left of it or of the picks before it.
type PickError struct {
	Commit string
	// Files are those that git could not merge, sorted.
	Files []string
}

func (e *PickError) Error() string {
	return fmt.Sprintf("commit %.10s conflicts in %s", e.Commit, strings.Join(e.Files, ", "))
}

// CherryPick picks commits onto a commit with `git cherry-pick -x`: authors and author dates stay, and the messages end
// in "(cherry picked from commit …)". The user's configuration counts, for identity, signing and merge drivers, but no
// hooks run. It happens in a working tree of its own, which holds no file but those in conflict; no ref moves. Errors
// are [*PickError], [*IdentityError] and [*SignError] where those are the reason.
func (r *Repo) CherryPick(ctx context.Context, onto string, picks []Pick) (_ *Picked, err error) {
	if err := r.refuseShallow(); err != nil {
		return nil, err
	}
	if onto, err = r.Resolve(ctx, onto); err != nil {
		return nil, err
	}
	w, err := r.pickTree(ctx, onto)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, disk.RemoveAll(w.dir)) }()
	done := &Picked{Head: onto}
	for _, p := range picks {
		made, err := w.pick(ctx, p)
		if err != nil {
			return nil, err
		}
		if !made {
			done.Empty = append(done.Empty, p.Commit)
		}
	}
	head, err := w.git(ctx, "rev-parse", "--verify", "HEAD")
	done.Head = strings.TrimSpace(string(head))
	return done, err
}

// pickTree is a working tree outside of the repository, on its objects and configuration. Git does not list it as a
// worktree, so that nothing is left to prune if relctl is killed.
type pickTree struct {
	repo *Repo
	dir  string
}

func (r *Repo) pickTree(ctx context.Context, head string) (*pickTree, error) {
	dir, err := disk.MkdirTemp("", "relctl-pick-")
	if err != nil {
		return nil, err
	}
	w := &pickTree{repo: r, dir: dir}
	err = disk.MkdirAll(filepath.Join(w.gitDir(), "info"), 0o755)
	for file, text := range map[string]string{
		"HEAD":                 head,
		"commondir":            r.commonDir,
		"info/sparse-checkout": ".gitattributes", // say how files are merged
	} {
		err = errors.Join(err, disk.WriteFile(filepath.Join(w.gitDir(), filepath.FromSlash(file)), []byte(text+"\n"), 0o644))
	}
	if err = errors.Join(err, disk.Mkdir(w.tree(), 0o755)); err == nil {
		_, err = w.git(ctx, "reset", "--quiet", "--hard")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a scratch working tree: %w", err), disk.RemoveAll(dir))
	}
	return w, nil
}

func (w *pickTree) gitDir() string { return filepath.Join(w.dir, "git") }
func (w *pickTree) tree() string   { return filepath.Join(w.dir, "tree") }

// pickConfig overrides what would ask, remember, or reach beyond the scratch working tree.
var pickConfig = []string{
	"-c", "core.sparseCheckout=true", "-c", "core.sparseCheckoutCone=false", "-c", "core.hooksPath=" + os.DevNull,
	"-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "-c", "core.editor=true", "-c", "rerere.enabled=false",
	"-c", "submodule.recurse=false", "-c", "user.useConfigOnly=true", "-c", "i18n.commitEncoding=UTF-8",
}

func (w *pickTree) git(ctx context.Context, args ...string) ([]byte, error) {
	all := append([]string{"--git-dir=" + w.gitDir(), "--work-tree=" + w.tree()}, pickConfig...)
	return call{dir: w.tree(), user: true, args: append(all, args...)}.run(ctx)
}

// pick makes one commit, unless it would be empty.
func (w *pickTree) pick(ctx context.Context, p Pick) (made bool, err error) {
	mainline, err := w.repo.Mainline(ctx, p)
	if err != nil {
		return false, err
	}
	args := []string{"cherry-pick", "-x", "--allow-empty-message"}
	if mainline > 0 {
		args = append(args, "--mainline="+strconv.Itoa(mainline))
	}
	_, failed := w.git(ctx, append(args, p.Commit)...)
	if failed == nil {
		return true, nil
	}
	files, err := w.unmerged(ctx)
	if err != nil {
		return false, errors.Join(createError(failed), err)
	}
	if len(files) > 0 {
		return false, &PickError{Commit: p.Commit, Files: files}
	}
	if code, ok := exitCode(failed); !ok || code != 1 {
		return false, createError(failed)
	}
	if _, err := w.git(ctx, "diff-index", "--cached", "--quiet", "HEAD", "--"); err != nil {
		return false, createError(failed)
	}
	_, err = w.git(ctx, "reset", "--quiet", "--hard")
	return false, err
}

// Mainline returns the number of a merge's mainline parent, as git cherry-pick -m wants it, and 0 for other commits.
func (r *Repo) Mainline(ctx context.Context, p Pick) (int, error) {
	c, err := r.Commit(ctx, p.Commit)
	if err != nil {
		return 0, err
	}
	parent, err := c.parentOfPick(p.Parent)
	if err != nil || len(c.Parents) < 2 {
		return 0, err
	}
	return slices.Index(c.Parents, parent) + 1, nil
}

func (w *pickTree) unmerged(ctx context.Context) ([]string, error) {
	out, err := w.git(ctx, "ls-files", "--unmerged", "-z")
	if err != nil {
		return nil, err
	}
	var files []string
	for line := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if _, path, ok := strings.Cut(line, "\t"); ok {
			files = append(files, path)
		}
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}
