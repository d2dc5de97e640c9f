package project

import (
	"context"
	"strings"

	"github.com/relctl/relctl/internal/disk"
	"github.com/relctl/relctl/pkg/git"
)

// Preview is a project as it would stand after a merge. Close it after use.
type Preview struct {
	*Project
	// Since is where the branch stands now.
	Since string
	dir   string
}

// OpenPreview opens the project for reading, as if a branch of the remote were at a commit, say at what a pull request
// would make of it. Nothing is fetched, and the clone is not changed. If the branch is the default branch, its channel
// files count, too.
func OpenPreview(ctx context.Context, dir, remote, branch, commit string) (*Preview, error) {
	repo, err := git.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer repo.Close() //nolint:errcheck // a process that ends
	name, err := ChooseRemote(ctx, repo, OpenOptions{Remote: remote, Act: true})
	if err != nil {
		return nil, err
	}
	v := &Preview{}
	if v.Since, err = repo.Resolve(ctx, "refs/remotes/"+name+"/"+branch); err != nil {
		return nil, err
	}
	id, err := previewed(ctx, repo, commit)
	if err != nil {
		return nil, err
	}
	if v.dir, err = disk.MkdirTemp("", "relctl-preview-"); err != nil {
		return nil, err
	}
	if err = repo.Preview(ctx, v.dir, name, branch, id); err == nil {
		v.Project, err = Open(ctx, v.dir, OpenOptions{Remote: name})
	}
	if err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// previewed finds the commit of a preview: HEAD, a full ref name, or the beginning of an id.
func previewed(ctx context.Context, repo *git.Repo, name string) (string, error) {
	switch {
	case name == "HEAD":
		return repo.Head(ctx)
	case strings.HasPrefix(name, "refs/"):
		return repo.Resolve(ctx, name)
	}
	return repo.Expand(ctx, name)
}

// Close removes what the preview left.
func (v *Preview) Close() {
	if v.Project != nil {
		_ = v.Repo.Close() // a process that ends
	}
	_ = disk.RemoveAll(v.dir) // a scratch folder
}
