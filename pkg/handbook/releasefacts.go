package handbook

import (
	"context"
	"fmt"
	"strings"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/site"
)

// FactDocs are what a release carries of its facts, and whether they keep the contract.
type FactDocs struct {
	// Files are facts.json and the rules of alerts, with paths below the docs/ of a release.
	Files []site.File
	// Reference tells the facts to people.
	Reference []site.Page
	Contract  *Contract
}

// FactDocs gathers what a release of a plan carries of its facts, by the sources of the product as it was reserved; nothing if
// it names none.
func (p *Handbook) FactDocs(ctx context.Context, product channel.Product, in release.Inputs) (*FactDocs, error) {
	if len(product.Docs.Facts) == 0 {
		return &FactDocs{Contract: &Contract{}}, nil
	}
	s, err := p.factsOf(ctx, product, in.Commit)
	if err != nil {
		return nil, fmt.Errorf("facts of %s: %w", release.Short(in.Commit), err)
	}
	s.Commit, s.Version = in.Commit, in.Version
	data, err := release.Encode(s)
	if err != nil {
		return nil, err
	}
	tree, err := p.Repo.FS(ctx, in.Commit)
	if err != nil {
		return nil, err
	}
	rules, err := alertFiles(product.Docs, s, tree)
	if err != nil {
		return nil, err
	}
	d := &FactDocs{
		Files:     append([]site.File{{Path: strings.TrimPrefix(fact.ReleasePath, DocsDir), Data: data}}, rules...),
		Reference: referencePages(product.Docs, s),
	}
	d.Contract, err = p.contractOf(ctx, product, s, tree)
	return d, err
}

// factsOf gathers the facts of a commit by the sources of a product.
func (p *Handbook) factsOf(ctx context.Context, product channel.Product, commit string) (*fact.Set, error) {
	fsys, err := p.Repo.FS(ctx, commit)
	if err != nil {
		return nil, err
	}
	run := &factRun{project: p.Project, commit: commit}
	defer run.remove()
	return p.gather(ctx, product, fsys, run)
}

// Clash tells of pages in the place of what a release carries of its facts.
func (d *FactDocs) Clash(dir string, pages []site.File) []site.Problem {
	var out []site.Problem
	for _, page := range pages {
		for _, f := range d.Files {
			if page.Path == f.Path {
				out = append(out, site.Problem{File: dir + "/" + page.Path, Text: "a release has its facts in this place: give the file another name"})
			}
		}
	}
	return out
}
