package cut

import (
	"context"
	"fmt"
	"strings"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/site"
)

// factDocs are what a release carries of its facts, and whether they keep the contract.
type factDocs struct {
	// files are docs/facts.json and the rules of alerts, with paths below docs/.
	files []site.File
	// reference tells the facts to people.
	reference []site.Page
	contract  *Contract
}

// facts gathers those of a plan's commit by the sources that it was reserved with, once; there are no files if none are
// named.
func (c *cutter) facts(ctx context.Context, in release.Inputs) (*factDocs, error) {
	at := in.Commit + " " + in.Version.String()
	if c.told[at] == nil {
		d, err := c.gatherFacts(ctx, in)
		if err != nil {
			return nil, err
		}
		c.told = map[string]*factDocs{at: d}
	}
	return c.told[at], nil
}

func (c *cutter) gatherFacts(ctx context.Context, in release.Inputs) (*factDocs, error) {
	product, err := c.reservedProduct(ctx, in)
	if err != nil || len(product.Docs.Facts) == 0 {
		return &factDocs{contract: &Contract{}}, err
	}
	s, err := c.factsOf(ctx, product, in.Commit)
	if err != nil {
		return nil, fmt.Errorf("facts of %s: %w", release.Short(in.Commit), err)
	}
	s.Commit, s.Version = in.Commit, in.Version
	data, err := release.Encode(s)
	if err != nil {
		return nil, err
	}
	tree, err := c.Repo.FS(ctx, in.Commit)
	if err != nil {
		return nil, err
	}
	rules, err := alertFiles(product.Docs, s, tree)
	if err != nil {
		return nil, err
	}
	d := &factDocs{
		files:     append([]site.File{{Path: strings.TrimPrefix(fact.ReleasePath, docsDir), Data: data}}, rules...),
		reference: referencePages(product.Docs, s),
	}
	d.contract, err = c.contractOf(ctx, product, s, tree)
	return d, err
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

// clash tells of pages in the place of what a release carries of its facts.
func (d *factDocs) clash(dir string, pages []site.File) []site.Problem {
	var out []site.Problem
	for _, page := range pages {
		for _, f := range d.files {
			if page.Path == f.Path {
				out = append(out, site.Problem{File: dir + "/" + page.Path, Text: "a release has its facts in this place: give the file another name"})
			}
		}
	}
	return out
}

// factFiles writes what a release carries of its facts.
func (c *cutter) factFiles(ctx context.Context, in release.Inputs) ([]release.File, error) {
	d, err := c.facts(ctx, in)
	if err != nil {
		return nil, err
	}
	var out []release.File
	for _, doc := range d.files {
		to, media := docsDir+doc.Path, mediaType(doc.Path)
		if to == fact.ReleasePath {
			media = release.MediaTypeFacts
		}
		if err := release.CheckPath(to); err != nil {
			return nil, err
		}
		f, err := c.put(to, media, doc.Data)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}
