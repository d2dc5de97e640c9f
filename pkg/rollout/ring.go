package rollout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/deploy"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/ring"
)

// stale reports whether the branch has another release than the ledger says in any cell of a ring, or another cell.
func (w *deployer) stale(files fs.FS, t ring.Target) (bool, error) {
	cells := w.ring(t.Ring).Cells
	for _, cell := range cells {
		d, err := deploy.ReadDeployed(files, t.Ring, cell)
		if err != nil {
			return false, err
		}
		if d == nil || d.Release != t.Release || d.Channel != w.Channel.Name {
			return true, nil
		}
	}
	if files == nil {
		return true, nil
	}
	entries, err := fs.ReadDir(files, path.Join("rendered", t.Ring))
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !slices.Contains(cells, e.Name()) }), err
}

// ring returns a ring of the channel as manifests know it.
func (w *deployer) ring(name string) deploy.Ring {
	for _, r := range w.rings() {
		if r.Name == name {
			return r
		}
	}
	return deploy.Ring{Name: name}
}

func (w *deployer) rings() []deploy.Ring {
	var out []deploy.Ring
	for _, r := range w.Channel.Rings {
		out = append(out, deploy.Ring{Name: r.Name, Cells: r.Cells})
	}
	return out
}

// render makes the manifests of a ring, and what they change.
func (w *deployer) render(ctx context.Context, files fs.FS, t ring.Target) (*deploy.Set, []deploy.Diff, error) {
	rel, err := w.Released(w.Channel, t.Version)
	if err != nil {
		return nil, nil, err
	}
	set, err := rendered(ctx, w.Project, w.Channel, w.ring(t.Ring), rel, files)
	if err != nil {
		return nil, nil, err
	}
	diffs, err := set.Diff(files)
	return set, diffs, err
}

// objects renders the engine's own objects, for the branch as sets are about to leave it.
func (w *deployer) objects(ctx context.Context, files fs.FS, sets []*deploy.Set) (*deploy.Set, error) {
	d := w.Policy.Product.Deploy
	g := deploy.GitOps{
		Product: w.Policy.Product.Name, Channel: w.Channel.Name, Engine: engine(w.Project, w.Channel), Rings: w.rings(),
		Repository: d.Repository, Branch: strings.TrimPrefix(w.branch.Ref(), "refs/heads/"), At: w.model.Now,
		Secret: d.Secret,
	}
	if len(d.Keys) > 0 {
		g.Keys = deploy.KeysName(g.Product)
	}
	var err error
	if g.Repository == "" {
		if g.Repository, err = w.Repo.RemoteURL(ctx, w.Remote); err != nil {
			return nil, err
		}
	}
	if g.Freezes, err = w.freezes(); err != nil {
		return nil, err
	}
	if g.Deployed, err = deploy.Running(files, g.Rings, sets...); err != nil {
		return nil, err
	}
	return g.Render()
}

// renders makes sure that the release that an event points a ring to can be rendered there, before the event stands.
func (r *Rollout) renders(ctx context.Context, e *ledger.Event) error {
	t := ring.Target{}
	switch {
	case e.Promote != nil:
		t.Ring, t.Version = e.Promote.Ring, e.Promote.Version
	case e.Rollback != nil:
		t.Ring, t.Version = e.Rollback.Ring, e.Rollback.To
	default:
		return nil
	}
	branch, err := deployBranch(ctx, r.Project)
	if err != nil {
		return err
	}
	if err := reached(r.Project, branch, branch.Fetch(ctx)); err != nil {
		return err
	}
	files, err := branch.Files(ctx)
	if err != nil {
		return err
	}
	_, _, err = (&deployer{Rollout: r, branch: branch}).render(ctx, files, t)
	if err != nil {
		return fmt.Errorf("ring %s cannot run %s: %w", t.Ring, t.Version, err)
	}
	return nil
}

func summaries(diffs []deploy.Diff) []string {
	var out []string
	for i := range diffs {
		out = append(out, diffs[i].Summary())
	}
	return out
}
