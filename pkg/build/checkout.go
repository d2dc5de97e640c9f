package build

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/relctl/relctl/internal/disk"
	"github.com/relctl/relctl/pkg/git"
)

// workspace is the scratch folder of one build.
type workspace struct {
	// src is the checkout, log the builder's log beside it.
	src, log string
	env      []string
}

// open lays out a scratch checkout of the request's commit.
func open(ctx context.Context, req Request) (*workspace, error) {
	scratch, err := filepath.Abs(req.Scratch)
	if err != nil {
		return nil, err
	}
	for _, dir := range []string{scratch, req.Out} {
		if err := makeEmpty(dir); err != nil {
			return nil, err
		}
	}
	env, err := environ(ctx, req)
	if err != nil {
		return nil, err
	}
	w := &workspace{src: filepath.Join(scratch, "src"), log: filepath.Join(scratch, "build.log"), env: env}
	if err := req.Repo.Checkout(ctx, w.src, req.Remote, req.Commit); err != nil {
		return nil, err
	}
	return w, settle(w.src, req.SourceDate)
}

// makeEmpty makes a folder, or accepts one in which there is nothing yet.
func makeEmpty(dir string) error {
	if err := disk.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	list, err := os.ReadDir(dir)
	if err == nil && len(list) > 0 {
		err = fmt.Errorf("%s is not empty: a build starts from nothing", dir)
	}
	return err
}

// settle gives everything in a checkout the commit's date and the permissions that git knows, so that neither the hour
// nor the umask of the checkout gets into an archive.
func settle(dir string, date time.Time) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == ".git" {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o644)
		if d.IsDir() || info.Mode()&0o100 != 0 {
			want = 0o755
		}
		if (d.IsDir() || d.Type().IsRegular()) && info.Mode().Perm() != want {
			if err := disk.Chmod(path, want); err != nil {
				return err
			}
		}
		return setTime(path, date)
	})
}

// tag names the checkout's commit there, and the release before where it is known here. Goreleaser wants the tag of the
// version at the checkout's commit; no other tag is there to confuse it.
func (w *workspace) tag(ctx context.Context, req Request, name string) error {
	scratch, err := git.Open(ctx, w.src)
	if err != nil {
		return err
	}
	defer func() { _ = scratch.Close() }()
	if err := scratch.UpdateRef(ctx, "refs/tags/"+name, req.Commit, ""); err != nil {
		return err
	}
	if req.PreviousTag == "" || req.PreviousTag == name {
		return nil
	}
	ref := "refs/tags/" + req.PreviousTag
	commit, err := req.Repo.Resolve(ctx, ref)
	if errors.Is(err, git.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return scratch.UpdateRef(ctx, ref, commit, "")
}
