package handbook

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/site"
)

// DocsDir is the folder of a release that holds the operator's documentation.
const DocsDir = "docs/"

// DocsError is documentation that cannot be found.
type DocsError struct{ Text, Remedy string }

func (e *DocsError) Error() string { return e.Text }

// Hint says what to do about it.
func (e *DocsError) Hint() string { return e.Remedy }

// Documentation is what operators would get at a state of the product.
type Documentation struct {
	Site  site.Site
	Built *site.Built
	// Contract is what alerts, runbooks and facts do not agree on.
	Contract *Contract
}

// Docs makes the operator's documentation as it is at a version, a branch, a tag or a commit, or in the working tree for
// "", with the given upgrade guides and a reference of its facts, and what its alerts and runbooks break. In place of the
// changelog, which belongs to a release, and of guides, if none are given, it has pages that say so.
func (p *Handbook) Docs(ctx context.Context, at string, guides ...site.Page) (*Documentation, error) {
	if p.OperatorDir() == "" {
		return nil, &DocsError{
			Text:   "channels/product.yaml names no folder with the operator's documentation",
			Remedy: "add the line: docs: {operator: docs/operator}",
		}
	}
	d := &Documentation{}
	var tree fs.FS
	var err error
	if d.Site, tree, err = p.docsAt(ctx, at); err != nil {
		return nil, err
	}
	d.Site.Product = p.Policy.Product.Name
	if p.hasGuides() && len(guides) == 0 {
		guides = append(guides, p.previewGuide(tree))
	}
	facts, err := p.factsIn(ctx, d.Site.Commit, tree)
	if err != nil {
		return nil, err
	}
	product := p.Policy.Product
	guides = append(guides, referencePages(product.Docs, facts)...)
	if d.Built, err = p.buildDocs(tree, &d.Site, []byte("# Changelog\n\nThe changes of a release stand here once it is cut.\n"), guides); err != nil {
		return nil, err
	}
	d.Contract, err = p.contractOf(ctx, product, facts, tree)
	return d, err
}

// contractIn holds alerts, runbooks and facts of a tree against each other; commit is "" for the working tree.
func (p *Handbook) contractIn(ctx context.Context, commit string, tree fs.FS) (*Contract, error) {
	product := p.Policy.Product
	if contractMode(product.Docs) == "off" {
		return &Contract{}, nil
	}
	s, err := p.factsIn(ctx, commit, tree)
	if err != nil {
		return nil, err
	}
	return p.contractOf(ctx, product, s, tree)
}

// factsIn gathers the facts of a tree, nil if the policy names no sources; commit is "" for the working tree.
func (p *Handbook) factsIn(ctx context.Context, commit string, tree fs.FS) (*fact.Set, error) {
	if len(p.Policy.Product.Docs.Facts) == 0 {
		return nil, nil //nolint:nilnil // no sources, no facts
	}
	run := &factRun{project: p.Project, commit: commit}
	if commit == "" {
		run.dir = p.Repo.Top()
	}
	defer run.remove()
	return p.gather(ctx, p.Policy.Product, tree, run)
}

// OperatorDir is the folder with the operator's documentation, from the root of the repository, "" if the policy names none.
func (p *Handbook) OperatorDir() string {
	return strings.TrimSuffix(p.Policy.Product.Docs.Operator, "/")
}

// docsAt finds the files of a state of the product, and what it is called.
func (p *Handbook) docsAt(ctx context.Context, at string) (s site.Site, tree fs.FS, err error) {
	if at == "" {
		s.Version = "working tree"
		return s, os.DirFS(p.Repo.Top()), nil
	}
	found, err := p.FindCommit(ctx, at)
	if err != nil {
		return s, nil, err
	}
	s.Version, s.Channel, s.Commit = at, found.Channel, found.Commit
	switch {
	case found.Channel != "":
		s.Version = found.Version.String()
	case strings.HasPrefix(found.Commit, strings.ToLower(at)):
		s.Version = release.Short(found.Commit)
	}
	c, err := p.Repo.Commit(ctx, s.Commit)
	if err != nil {
		return s, nil, err
	}
	s.Date = c.Committer.When.UTC()
	tree, err = p.Repo.FS(ctx, s.Commit)
	return s, tree, err
}

// buildDocs makes the documentation out of the operator's folder of a tree, of a changelog, and of pages that were made: upgrade
// guides and the reference.
func (p *Handbook) buildDocs(tree fs.FS, s *site.Site, changes []byte, guides []site.Page) (*site.Built, error) {
	dir := p.OperatorDir()
	pages, assets, err := site.Read(tree, dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, git.ErrNotFound) {
		where := "the working tree"
		if s.Commit != "" {
			where = "the commit " + release.Short(s.Commit)
		}
		return nil, &DocsError{
			Text:   fmt.Sprintf("%s has no folder %s, which channels/product.yaml names", where, dir),
			Remedy: "write it, beginning with " + dir + "/install.md, or correct docs.operator in channels/product.yaml",
		}
	}
	if err != nil {
		return nil, err
	}
	s.Pages, s.Assets = pages, assets
	s.Add(site.Page{Path: "changelog.md", Title: "Changelog", Markdown: changes, Source: "the changelog"})
	for _, g := range guides {
		s.Add(g)
	}
	return site.Build(*s)
}

// PlanDocs makes the operator's documentation that a release of a plan carries, with its changelog and with pages that were
// made, such as guides. What is wrong with it is a [*site.ProblemsError], which comes with what could be built.
func (p *Handbook) PlanDocs(ctx context.Context, in release.Inputs, changes []byte, made []site.Page) (*site.Built, error) {
	tree, err := p.Repo.FS(ctx, in.Commit)
	if err != nil {
		return nil, err
	}
	built, err := p.buildDocs(tree, &site.Site{Product: in.Product, Version: in.Version.String(), Channel: in.Channel, Commit: in.Commit, Date: in.SourceDate}, changes, made)
	if err == nil && len(built.Problems) > 0 {
		err = &site.ProblemsError{Problems: built.Problems}
	}
	return built, err
}
