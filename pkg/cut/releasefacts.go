package cut

import (
	"context"
	"fmt"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/release"
)

// facts gathers those of a plan's commit by the sources that it was reserved with; nil if none are named.
func (c *cutter) facts(ctx context.Context, in release.Inputs) (*fact.Set, error) {
	product, err := c.reservedProduct(ctx, in)
	if err != nil || len(product.Docs.Facts) == 0 {
		return nil, err
	}
	s, err := c.factsOf(ctx, product, in.Commit)
	if err != nil {
		return nil, fmt.Errorf("facts of %s: %w", release.Short(in.Commit), err)
	}
	s.Commit, s.Version = in.Commit, in.Version
	return s, nil
}

// factsOf gathers the facts of a commit by the sources of a product.
func (p *Project) factsOf(ctx context.Context, product channel.Product, commit string) (*fact.Set, error) {
	fsys, err := p.Repo.FS(ctx, commit)
	if err != nil {
		return nil, err
	}
	run := &factRun{project: p, commit: commit}
	defer run.remove()
	return p.gather(ctx, product, fsys, run)
}

// factsFile writes the facts of a release.
func (c *cutter) factsFile(ctx context.Context, in release.Inputs) ([]release.File, error) {
	s, err := c.facts(ctx, in)
	if s == nil || err != nil {
		return nil, err
	}
	data, err := release.Encode(s)
	if err != nil {
		return nil, err
	}
	f, err := c.put(fact.ReleasePath, release.MediaTypeFacts, data)
	return []release.File{f}, err
}
