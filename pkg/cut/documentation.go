package cut

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/guide"
	"github.com/relctl/relctl/pkg/handbook"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/site"
)

// checkDocs refuses documentation with broken links, facts that cannot be read, and runbooks and alerts that do not agree
// with them, before anything is reserved or built.
func (c *cutter) checkDocs(ctx context.Context, p release.Plan) error {
	facts, err := c.facts(ctx, p.Inputs)
	if err != nil {
		return err
	}
	if !facts.Contract.Refuse {
		c.warn(facts.Contract.Breaches)
	}
	if c.OperatorDir() == "" {
		return facts.Contract.Err()
	}
	_, people, err := c.changes(ctx, p)
	if err != nil {
		return err
	}
	guides, err := c.Guides(ctx, c.ch, p, "", nil)
	if err != nil {
		return err
	}
	built, err := c.PlanDocs(ctx, p.Inputs, people, append(guides, facts.Reference...))
	var broken *site.ProblemsError
	if err != nil && !errors.As(err, &broken) {
		return err
	}
	var problems []site.Problem
	if broken != nil {
		problems = broken.Problems
	}
	problems = append(problems, facts.Clash(c.OperatorDir(), built.Files)...)
	if facts.Contract.Refuse {
		problems = append(problems, facts.Contract.Breaches...)
	}
	if len(problems) > 0 {
		return &site.ProblemsError{Problems: problems}
	}
	return nil
}

// warn tells of problems that the policy lets pass.
func (c *cutter) warn(problems []site.Problem) {
	for _, p := range problems {
		c.opts.Progress(project.Progress{Stage: "documents", State: "warning", Text: p.String()})
	}
}

// operatorDocs writes the documentation of a release.
func (c *cutter) operatorDocs(ctx context.Context, r *reserved, images *imaged, changes []byte) ([]release.File, error) {
	if c.OperatorDir() == "" {
		return nil, nil
	}
	guides, err := c.Guides(ctx, c.ch, r.Plan, r.Commit, guideFiles(images))
	if err != nil {
		return nil, err
	}
	facts, err := c.facts(ctx, r.Plan.Inputs)
	if err != nil {
		return nil, err
	}
	built, err := c.PlanDocs(ctx, r.Plan.Inputs, changes, append(guides, facts.Reference...))
	if err != nil {
		return nil, err
	}
	files := make([]release.File, 0, len(built.Files))
	for _, doc := range built.Files {
		to := handbook.DocsDir + doc.Path
		if err := release.CheckPath(to); err != nil {
			return nil, err
		}
		f, err := c.put(to, mediaType(doc.Path), doc.Data)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// facts gathers those of a plan's commit by the sources that it was reserved with, once; there are no files if none are
// named.
func (c *cutter) facts(ctx context.Context, in release.Inputs) (*handbook.FactDocs, error) {
	at := in.Commit + " " + in.Version.String()
	if c.told[at] == nil {
		product, err := c.reservedProduct(ctx, in)
		if err != nil {
			return nil, err
		}
		d, err := c.FactDocs(ctx, product, in)
		if err != nil {
			return nil, err
		}
		c.told = map[string]*handbook.FactDocs{at: d}
	}
	return c.told[at], nil
}

// factFiles writes what a release carries of its facts.
func (c *cutter) factFiles(ctx context.Context, in release.Inputs) ([]release.File, error) {
	d, err := c.facts(ctx, in)
	if err != nil {
		return nil, err
	}
	var out []release.File
	for _, doc := range d.Files {
		to, media := handbook.DocsDir+doc.Path, mediaType(doc.Path)
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

// guideFiles are the files that an operator installs.
func guideFiles(images *imaged) []guide.File {
	var out []guide.File
	for _, a := range images.Artifacts {
		if a.Shipped {
			out = append(out, guide.File{Path: a.Path, SHA256: a.SHA256})
		}
	}
	slices.SortFunc(out, func(a, b guide.File) int { return cmp.Compare(a.Path, b.Path) })
	return out
}
