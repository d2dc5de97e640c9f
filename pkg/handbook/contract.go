package handbook

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/fact/contract"
	"github.com/relctl/relctl/pkg/fact/extract"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/site"
)

// Contract is what alerts, runbooks and facts of a commit do not agree on.
type Contract struct {
	// Refuse says that a release is refused for it, by the policy.
	Refuse   bool
	Breaches []site.Problem
}

// Err is the refusal, nil if there is none.
func (c *Contract) Err() error {
	if !c.Refuse || len(c.Breaches) == 0 {
		return nil
	}
	return &site.ProblemsError{Problems: c.Breaches}
}

// contractMode is what the policy says about breaches: refuse, warn or off.
func contractMode(d channel.Docs) string {
	named := func(kind string) bool {
		return slices.ContainsFunc(d.Facts, func(s channel.FactSource) bool { return s.Kind == kind })
	}
	switch {
	case d.Contract != "":
		return d.Contract
	case d.Operator != "" && named("rules") && named("runbooks"):
		return "refuse"
	}
	return "off"
}

// Contract holds alerts, runbooks and facts of a plan's commit against each other.
func (p *Handbook) Contract(ctx context.Context, in release.Inputs) (*Contract, error) {
	tree, err := p.Repo.FS(ctx, in.Commit)
	if err != nil {
		return nil, err
	}
	return p.contractIn(ctx, in.Commit, tree)
}

// contractOf holds a set of facts against the pages of its tree.
func (p *Handbook) contractOf(ctx context.Context, product channel.Product, s *fact.Set, tree fs.FS) (*Contract, error) {
	mode := contractMode(product.Docs)
	if mode == "off" || s == nil {
		return &Contract{}, nil
	}
	in := contract.Input{Facts: s, Runbooks: map[string][]byte{}, Folder: strings.TrimSuffix(product.Docs.Operator, "/"), External: product.Docs.External}
	for _, f := range s.Facts {
		if f.Kind != fact.Runbook {
			continue
		}
		data, err := fs.ReadFile(tree, f.Path)
		if err != nil {
			return nil, err
		}
		in.Runbooks[f.Name] = data
	}
	in.Releases = p.releasedFacts(ctx, product)
	out := &Contract{Refuse: mode == "refuse"}
	for _, b := range contract.Check(in) {
		out.Breaches = append(out.Breaches, site.Problem{File: b.File, Line: b.Line, Text: b.Text})
	}
	return out, nil
}

// releasedFacts are those of the newest release of each channel, as far as files tell them at that commit. They only tell
// names that are no more from names of other programs, so one that cannot be read is left out.
func (p *Handbook) releasedFacts(ctx context.Context, product channel.Product) []*fact.Set {
	product.Docs.Facts = slices.DeleteFunc(slices.Clone(product.Docs.Facts), func(s channel.FactSource) bool { return s.Command != nil })
	if len(product.Docs.Facts) == 0 {
		return nil
	}
	var out []*fact.Set
	for _, one := range p.Policy.Channels {
		ch := p.State.Channels[one.Name]
		if ch == nil || len(ch.Releases) == 0 {
			continue
		}
		last := slices.MaxFunc(ch.Releases, func(a, b ledger.Release) int { return a.Version.Compare(b.Version) })
		s, err := p.factsOf(ctx, product, last.Commit)
		if err != nil {
			continue
		}
		s.Version = last.Version
		out = append(out, s)
	}
	return out
}

// alertsDir is where a release carries the rules of its alerts, below its documentation.
const alertsDir = "alerts"

// alertFiles are the rules of a commit, with runbooks that lie beside them.
func alertFiles(docs channel.Docs, s *fact.Set, tree fs.FS) ([]site.File, error) {
	var paths []string
	for _, f := range s.Facts {
		if (f.Kind == fact.Alert || f.Kind == fact.Recording) && fs.ValidPath(f.Path) {
			paths = append(paths, f.Path)
		}
	}
	slices.Sort(paths)
	paths = slices.Compact(paths)
	shared := sharedDir(paths)
	var out []site.File
	for _, from := range paths {
		data, err := fs.ReadFile(tree, from)
		if err != nil {
			return nil, err
		}
		to := path.Join(alertsDir, strings.TrimPrefix(from, shared))
		data, err = extract.RewriteRunbooks(data, func(url string) (string, bool) { return runbookAddress(docs, s, to, url) })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", from, err)
		}
		out = append(out, site.File{Path: to, Data: data})
	}
	return out, nil
}

// runbookAddress is where a runbook lies for whoever has the release: below the base that the policy names, or beside the
// file of rules.
func runbookAddress(docs channel.Docs, s *fact.Set, rules, url string) (string, bool) {
	page, fragment, err := contract.Resolve(s, url)
	if err != nil {
		return "", false
	}
	below, ships := strings.CutPrefix(page.Name, strings.TrimSuffix(docs.Operator, "/")+"/")
	if !ships || docs.Operator == "" {
		return "", false
	}
	base := strings.Repeat("../", strings.Count(rules, "/"))
	if docs.RunbookBase != "" {
		base = strings.TrimSuffix(docs.RunbookBase, "/") + "/"
	}
	address := base + site.PagePath(below)
	if fragment != "" {
		address += "#" + fragment
	}
	return address, true
}

// sharedDir is the folder in which all paths lie, with a slash at its end; "" for the top.
func sharedDir(paths []string) string {
	if len(paths) == 0 {
		return ""
	}
	dir := path.Dir(paths[0]) + "/"
	for _, p := range paths {
		for !strings.HasPrefix(p, dir) {
			dir = path.Dir(strings.TrimSuffix(dir, "/")) + "/"
			if dir == "./" {
				return ""
			}
		}
	}
	return dir
}
