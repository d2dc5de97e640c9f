package handbook

import (
	"cmp"
	"context"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/attest"
	"github.com/relctl/relctl/pkg/changelog"
	"github.com/relctl/relctl/pkg/guide"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/upgrade"
)

// Point is a release, or another commit, between which and others a guide is made.
type Point struct {
	project.Found
	// Name is what people call it.
	Name string
}

// Guide makes the guide for the way from one release to another over the steps of a path, the last of which is to. With
// no steps the way is taken as one.
func (p *Handbook) Guide(ctx context.Context, from, to Point, steps []upgrade.Step) (*guide.Guide, error) {
	way := []Point{from}
	for _, s := range steps[:max(len(steps)-1, 0)] {
		found, err := p.FindCommit(ctx, s.Version.String())
		if err != nil {
			return nil, err
		}
		way = append(way, Point{found, s.Version.String()})
	}
	way = append(way, to)
	files, err := p.releasedFiles(ctx, to.Found)
	if err != nil {
		return nil, err
	}
	return p.guide(ctx, way, steps, files, nil)
}

// guide makes a guide over releases.
func (p *Handbook) guide(ctx context.Context, way []Point, steps []upgrade.Step, files []guide.File, others []guide.Page) (*guide.Guide, error) {
	first, last := way[0], way[len(way)-1]
	req := guide.Request{Product: p.Policy.Product.Name, Steps: steps, Files: files, Others: others}
	for _, at := range way {
		point, err := p.guidePoint(ctx, at)
		if err != nil {
			return nil, err
		}
		req.Points = append(req.Points, point)
	}
	if ch, err := p.Policy.Channel(last.Channel); err == nil {
		req.Bundles = ch.Kind == release.LTS
	}
	tree, err := p.Repo.FS(ctx, last.Commit)
	if err != nil {
		return nil, err
	}
	req.Install, req.Pages = p.guidePages(tree)
	req.Security, err = p.weaknesses(ctx, first, last)
	return guide.New(req), err
}

// guidePoint gathers what is known of a release. What cannot be read is a problem of the guide, and no reason not to
// make it: the gate of notes has said so before.
func (p *Handbook) guidePoint(ctx context.Context, at Point) (guide.Point, error) {
	out := guide.Point{Version: at.Version, Name: at.Name, Channel: at.Channel}
	c, err := p.Repo.Commit(ctx, at.Commit)
	if err != nil {
		return out, err
	}
	out.Date = c.Committer.When.UTC().Truncate(time.Second)
	tree, err := p.Repo.FS(ctx, at.Commit)
	if err != nil {
		return out, err
	}
	if p.OperatorDir() != "" {
		if out.Notes, err = readNotes(tree, p.NotesDir()); err != nil {
			out.Problem = err.Error()
		}
	}
	if out.Facts, err = p.factsAt(ctx, at.Commit); err != nil {
		out.Facts, out.Problem = nil, err.Error()
	}
	return out, ctx.Err()
}

// guidePages are the pages that the policy names, and those with a usual name.
func (p *Handbook) guidePages(tree fs.FS) ([]guide.Page, map[string]guide.Page) {
	var install []guide.Page
	byKind := p.Policy.Product.Docs.Install
	for _, kind := range slices.Sorted(maps.Keys(byKind)) {
		page := guide.Page{Name: kind, Wanted: byKind[kind]}
		file, _, _ := strings.Cut(page.Wanted, "#")
		if _, err := fs.Stat(tree, path.Join(p.OperatorDir(), file)); err == nil {
			page.Path = page.Wanted
		}
		install = append(install, page)
	}
	pages := map[string]guide.Page{}
	for what, names := range usualPages {
		for _, name := range names {
			data, err := fs.ReadFile(tree, path.Join(p.OperatorDir(), name))
			if err == nil {
				pages[what] = guide.Page{Name: pageTitle(name, data), Path: name}
				break
			}
		}
	}
	return install, pages
}

var usualPages = map[string][]string{
	"backup": {"backup.md", "back-up.md"}, "restore": {"restore.md"}, "install": {"install.md", "installation.md"},
	"upgrade": {"upgrade.md", "upgrading.md"}, "troubleshoot": {"troubleshoot.md", "troubleshooting.md"},
}

// pageTitle is the first heading of a page, or its name.
func pageTitle(name string, data []byte) string {
	for line := range strings.Lines(string(data)) {
		if title, ok := strings.CutPrefix(line, "# "); ok {
			return strings.TrimSpace(title)
		}
	}
	return strings.TrimSuffix(name, ".md")
}

// releasedFiles are the files of a release that an operator installs, if its release.json is at hand.
func (p *Handbook) releasedFiles(ctx context.Context, at project.Found) ([]guide.File, error) {
	st := p.State.Channels[at.Channel]
	if st == nil || at.Version.IsZero() {
		return nil, nil
	}
	rel := st.Find(at.Version)
	if rel == nil || rel.Adopted {
		return nil, nil
	}
	m, err := p.Manifest(ctx, at.Channel, *rel)
	if err != nil || m == nil {
		return nil, err
	}
	var out []guide.File
	for _, f := range m.Files {
		if strings.HasPrefix(f.Path, "artifacts/") || strings.HasPrefix(f.Path, "images/") {
			out = append(out, guide.File{Path: f.Path, SHA256: f.SHA256})
		}
	}
	return out, nil
}

// weaknesses are those that the way mends, and those that concern the release that it leads to.
func (p *Handbook) weaknesses(ctx context.Context, from, to Point) ([]guide.Weakness, error) {
	advisories, err := p.advisories()
	if err != nil {
		return nil, err
	}
	fixed, err := p.securityFixes(ctx, from.Commit, to.Commit)
	if err != nil {
		return nil, err
	}
	var out []guide.Weakness
	for _, a := range advisories {
		w := guide.Weakness{IDs: append([]string{a.ID}, a.Aliases...), Text: a.About}
		i := slices.IndexFunc(fixed, func(f guide.Weakness) bool {
			return slices.ContainsFunc(f.IDs, func(id string) bool { return slices.Contains(w.IDs, id) })
		})
		if w.Fixed = i >= 0; w.Fixed {
			fixed = slices.Delete(fixed, i, i+1)
		}
		was, is := advised(a, from.Version), advised(a, to.Version)
		if is != nil {
			w.Status = is.Status
			w.Detail = strings.Join(slices.DeleteFunc([]string{is.Action, strings.ReplaceAll(is.Justification, "_", " "), is.Impact}, func(s string) bool { return s == "" }), "; ")
		}
		mended := was != nil && was.Status == "affected" && is != nil && is.Status != "affected" && is.Status != "under_investigation"
		w.Fixed = w.Fixed || mended
		if w.Fixed || w.Status == "affected" || w.Status == "under_investigation" {
			out = append(out, w)
		}
	}
	for i := range fixed {
		if len(fixed[i].IDs) > 0 {
			fixed[i].Status = "fixed"
		}
	}
	return append(out, fixed...), nil
}

func advised(a *attest.Advisory, v release.Version) *attest.AdvisoryVersions {
	if v.IsZero() {
		return nil
	}
	return a.Of(v)
}

// securityFixes are the changes that an upgrade brings and that mend a weakness.
func (p *Handbook) securityFixes(ctx context.Context, from, to string) ([]guide.Weakness, error) {
	brings, err := history.Changes(ctx, p.Repo, history.Options{From: from, To: to})
	if err != nil {
		return nil, err
	}
	has, err := history.Changes(ctx, p.Repo, history.Options{From: to, To: from}) // as picks, where the lines parted
	if err != nil {
		return nil, err
	}
	had := map[string]bool{}
	for _, c := range has.Changes {
		for _, id := range append([]string{c.ID, c.Commit}, c.PickedFrom...) {
			had[id] = true
		}
	}
	overrides, err := changelog.LoadOverrides(p.Policy.FS)
	if err != nil {
		return nil, err
	}
	told := changelog.Release{Changes: brings.Changes}
	changelog.Apply(overrides, &told)
	var out []guide.Weakness
	for _, c := range told.Changes {
		known := slices.ContainsFunc(append([]string{c.ID, c.Commit}, c.PickedFrom...), func(id string) bool { return had[id] })
		if !known && c.Type != "revert" && len(c.Reverts) == 0 && (c.Type == "security" || len(c.CVEs) > 0) {
			out = append(out, guide.Weakness{IDs: c.CVEs, Text: c.Subject, Fixed: true})
		}
	}
	slices.SortStableFunc(out, func(a, b guide.Weakness) int { return cmp.Compare(strings.Join(a.IDs, " "), strings.Join(b.IDs, " ")) })
	return slices.CompactFunc(out, func(a, b guide.Weakness) bool { return len(a.IDs) > 0 && slices.Equal(a.IDs, b.IDs) }), nil
}
