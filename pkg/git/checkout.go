package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/relctl/relctl/internal/disk"
)

// Checkout makes a scratch clone of a commit in the new or empty folder dst. It shares this repository's objects (as
// git clone --shared), is detached at the commit, has no branches or tags, runs no hooks, and has origin set to the
// URL of the given remote, if any, so that relative submodule URLs resolve and build tools find a remote. Submodules
// are fetched. Files in Git LFS are fetched, or refused with an [*LFSError] if git-lfs is not there.
func (r *Repo) Checkout(ctx context.Context, dst, remote, commit string) error {
	if err := r.refuseShallow(); err != nil {
		return err
	}
	url := ""
	if remote != "" {
		var err error
		if url, err = r.remoteURL(ctx, remote); err != nil {
			return err
		}
		url = r.absolute(url)
	}
	s, err := r.scratch(ctx, dst, commit)
	if err != nil {
		return err
	}
	if url != "" {
		if err := s.git(ctx, "remote", "add", "origin", url); err != nil {
			return err
		}
	}
	if err := s.fillLFS(ctx, r, commit); err != nil {
		return err
	}
	return s.submodules(ctx, commit)
}

// Export writes the files of a commit into the new or empty folder dst, without git data, submodules, LFS contents or
// filters of anybody's configuration.
func (r *Repo) Export(ctx context.Context, commit, dst string) error {
	s, err := r.scratch(ctx, dst, commit)
	if err != nil {
		return err
	}
	return disk.RemoveAll(filepath.Join(s.dir, ".git"))
}

// scratch is a clone that may be thrown away.
type scratch struct{ dir string }

// scratch lays a commit out in dst, on the objects of this repository.
func (r *Repo) scratch(ctx context.Context, dst, commit string) (*scratch, error) {
	if !isID(commit) {
		return nil, fmt.Errorf("check out: %q is not a full commit id", commit)
	}
	if _, err := r.Resolve(ctx, commit); err != nil {
		return nil, fmt.Errorf("check out: %w", err)
	}
	dst, err := filepath.Abs(dst)
	if err != nil {
		return nil, err
	}
	if err := disk.MkdirAll(dst, 0o755); err != nil {
		return nil, err
	}
	if list, err := os.ReadDir(dst); err != nil {
		return nil, err
	} else if len(list) > 0 {
		return nil, fmt.Errorf("check out %s: %s is not empty", commit, dst)
	}
	s := &scratch{dir: dst}
	if err := s.git(ctx, "init", "--quiet", "--template=", "--initial-branch=main"); err != nil {
		return nil, err
	}
	info := filepath.Join(dst, ".git", "objects", "info")
	objects := filepath.ToSlash(filepath.Join(r.commonDir, "objects")) + "\n"
	if err := errors.Join(disk.MkdirAll(info, 0o755), disk.WriteFile(filepath.Join(info, "alternates"), []byte(objects), 0o644)); err != nil {
		return nil, err
	}
	if err := s.git(ctx, "checkout", "--quiet", "--detach", commit, "--"); err != nil {
		return nil, fmt.Errorf("check out %s: %w", commit, err)
	}
	return s, nil
}

// git runs a hermetic command in the scratch clone.
func (s *scratch) git(ctx context.Context, args ...string) error {
	_, err := call{dir: s.dir, args: args}.run(ctx)
	return err
}

// asUser runs a command that may need credentials, but no hooks.
func (s *scratch) asUser(ctx context.Context, args ...string) error {
	_, err := call{dir: s.dir, user: true, args: append([]string{"-c", "core.hooksPath=" + os.DevNull}, args...)}.run(ctx)
	return err
}

// submodules fetches what .gitmodules lists.
func (s *scratch) submodules(ctx context.Context, commit string) error {
	if _, err := os.Lstat(filepath.Join(s.dir, ".gitmodules")); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := s.asUser(ctx, "submodule", "--quiet", "update", "--init", "--recursive", "--checkout"); err != nil {
		return &SubmoduleError{Commit: commit, Err: err}
	}
	return nil
}

// SubmoduleError is a submodule that cannot be fetched.
type SubmoduleError struct {
	Commit string
	Err    error
}

func (e *SubmoduleError) Error() string {
	return fmt.Sprintf("submodules of commit %.10s: %v", e.Commit, e.Err)
}
func (e *SubmoduleError) Unwrap() error { return e.Err }

// Hint says how to try by hand.
func (e *SubmoduleError) Hint() string {
	return "git submodule update --init --recursive in a fresh clone must work, with the credentials that are there"
}

// absolute resolves the URL of a remote that is a relative path, as git does.
func (r *Repo) absolute(url string) string {
	if strings.Contains(url, ":") || filepath.IsAbs(url) {
		return url
	}
	return filepath.Join(r.dir(), filepath.FromSlash(url))
}
