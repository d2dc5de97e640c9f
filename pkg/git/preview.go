package git

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/relctl/relctl/internal/disk"
)

// Preview makes a bare repository in the new or empty folder dst that stands as this one would if a remote's branch were
// at a commit: it shares this repository's objects and has the tags and the remote's refs, as they were fetched last,
// but for the branch. This repository is not changed, and the remote is not asked.
func (r *Repo) Preview(ctx context.Context, dst, remote, branch, commit string) error {
	if err := r.refuseShallow(); err != nil {
		return err
	}
	if err := errors.Join(checkRemote(remote), CheckRef("refs/heads/"+branch)); err != nil {
		return err
	}
	if _, err := r.Resolve(ctx, commit); err != nil || !isID(commit) {
		return fmt.Errorf("preview of %s at %q: %w", branch, commit, ErrNotFound)
	}
	url, err := r.remoteURL(ctx, remote)
	if err != nil {
		return err
	}
	list, err := r.previewRefs(ctx, remote, branch, commit)
	if err != nil {
		return err
	}
	s := &scratch{dir: dst}
	if err := disk.MkdirAll(dst, 0o755); err != nil {
		return err
	}
	if err := s.git(ctx, "init", "--quiet", "--bare", "--template=", "--initial-branch=main"); err != nil {
		return err
	}
	info := filepath.Join(dst, "objects", "info")
	objects := filepath.ToSlash(filepath.Join(r.commonDir, "objects")) + "\n"
	err = errors.Join(
		disk.MkdirAll(info, 0o755), disk.WriteFile(filepath.Join(info, "alternates"), []byte(objects), 0o644),
		s.git(ctx, "remote", "add", remote, r.absolute(url)),
	)
	if err != nil {
		return err
	}
	if _, err := (call{dir: dst, stdin: []byte(list), args: []string{"update-ref", "--no-deref", "--stdin"}}).run(ctx); err != nil {
		return err
	}
	head := "refs/remotes/" + remote + "/HEAD"
	if to := r.symbolic(head); to != "" {
		return s.git(ctx, "symbolic-ref", head, to)
	}
	return nil
}

// previewRefs are the refs of a preview, as git update-ref --stdin reads them.
func (r *Repo) previewRefs(ctx context.Context, remote, branch, commit string) (string, error) {
	prefix := "refs/remotes/" + remote + "/"
	var b strings.Builder
	fmt.Fprintf(&b, "create %s%s %s\n", prefix, branch, commit)
	for _, p := range []string{prefix, "refs/tags/"} {
		refs, err := r.Refs(ctx, p)
		if err != nil {
			return "", err
		}
		for _, ref := range refs {
			if ref.Name != prefix+branch && ref.Name != prefix+"HEAD" {
				fmt.Fprintf(&b, "create %s %s\n", ref.Name, ref.ID)
			}
		}
	}
	return b.String(), nil
}

// Head returns the commit that is checked out, or [ErrNotFound] if there is none yet.
func (r *Repo) Head(ctx context.Context) (string, error) {
	out, err := r.read(ctx, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
	if _, ok := exitCode(err); ok {
		return "", fmt.Errorf("HEAD: %w", ErrNotFound)
	}
	return strings.TrimSpace(string(out)), err
}
