package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Checkout makes a scratch clone of a commit in the new folder dst. It shares this repository's objects, runs no hooks,
// is detached at the commit, and has origin set to the real remote's URL, so that relative submodule URLs resolve and
// build tools find a remote. Files in Git LFS are fetched, or refused if git-lfs is not there.
func (r *Repo) Checkout(ctx context.Context, dst, remote, commit string) error {
	// The URL is the user's own, with whatever credentials it carries.
	url := ""
	if remote != "" {
		out, err := r.run(ctx, nil, "remote", "get-url", remote)
		if err != nil {
			return err
		}
		url = strings.TrimSpace(string(out))
		if !strings.Contains(url, ":") && !filepath.IsAbs(url) {
			url = filepath.Join(r.dir(), url)
		}
	}
	if _, err := r.read(ctx, "clone", "--quiet", "--shared", "--no-checkout", "--no-tags", "--template=", r.commonDir, dst); err != nil {
		return fmt.Errorf("scratch clone: %w", err)
	}
	in := func(env []string, args ...string) error {
		_, err := execute(command(ctx, dst, env, append([]string{"-c", "core.hooksPath=" + os.DevNull, "-c", "advice.detachedHead=false"}, args...)...), nil)
		return err
	}
	if url != "" {
		if err := in(hermetic(), "remote", "set-url", "origin", url); err != nil {
			return err
		}
	}
	lfs, err := r.usesLFS(ctx, commit)
	if err != nil {
		return err
	}
	env := hermetic()
	if lfs {
		if _, err := exec.LookPath("git-lfs"); err != nil {
			return &LFSError{Commit: commit}
		}
		env = inherited() // git-lfs needs the user's filters and credentials
	}
	if err := in(env, "-c", "core.autocrlf=false", "checkout", "--quiet", "--detach", commit); err != nil {
		return fmt.Errorf("check out %s: %w", commit, err)
	}
	if _, err := os.Stat(filepath.Join(dst, ".gitmodules")); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := in(inherited(), "submodule", "update", "--quiet", "--init", "--recursive"); err != nil {
		return fmt.Errorf("submodules of %s: %w", commit, err)
	}
	return nil
}

// usesLFS reports whether a commit's attributes send files through the lfs filter.
func (r *Repo) usesLFS(ctx context.Context, commit string) (bool, error) {
	_, err := r.read(ctx, "grep", "--quiet", "-e", "filter=lfs", commit, "--", ":(glob)**/.gitattributes")
	var exit *Error
	if errors.As(err, &exit) && exit.Code == 1 {
		return false, nil
	}
	return err == nil, err
}

// LFSError is a commit with files in Git LFS on a machine without git-lfs: a build would get pointers for files.
type LFSError struct{ Commit string }

func (e *LFSError) Error() string {
	return fmt.Sprintf("commit %.10s keeps files in Git LFS, and git-lfs is not on the PATH", e.Commit)
}

// Hint says what to install.
func (e *LFSError) Hint() string { return "install git-lfs and run git lfs install" }
