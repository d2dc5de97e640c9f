package deploy

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"github.com/relctl/relctl/pkg/git"
)

// maxRevisions bounds how far back the branch is followed.
const maxRevisions = 1000

// Revisions returns the commits of the branch, as fetched last and newest first, in which the cells of a ring hold what
// they hold now: an engine that has applied any of them runs that. The branch moves on for other rings, so there may be
// many. There are none if not all cells hold the release with the given digest.
func (b *Branch) Revisions(ctx context.Context, ring string, cells []string, digest string) ([]string, error) {
	head, err := b.Head(ctx)
	if head == "" || err != nil {
		return nil, err
	}
	files, err := b.Files(ctx)
	if err != nil {
		return nil, err
	}
	for _, cell := range cells {
		d, err := ReadDeployed(files, ring, cell)
		if d == nil || d.Release != digest || err != nil {
			return nil, err
		}
	}
	now := content(files, ring, cells)
	var out []string
	for c, err := range b.repo.Log(ctx, git.LogOptions{To: []string{head}, FirstParent: true}) {
		if err != nil {
			return nil, fmt.Errorf("deploy: %w", err)
		}
		then, err := b.repo.FS(ctx, c.ID)
		if err != nil {
			return nil, fmt.Errorf("deploy: %w", err)
		}
		if len(out) == maxRevisions || content(then, ring, cells) != now {
			break
		}
		out = append(out, c.ID)
	}
	return out, nil
}

// content names what the cells of a ring hold, by the ids of their files.
func content(files fs.FS, ring string, cells []string) string {
	var ids []string
	for _, cell := range cells {
		for _, name := range []string{manifestsName, stateName} {
			id := ""
			if info, err := fs.Stat(files, renderedDir(ring, cell)+"/"+name); err == nil {
				id = git.BlobID(info)
			}
			ids = append(ids, id)
		}
	}
	return strings.Join(ids, " ")
}
