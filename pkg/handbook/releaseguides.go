package handbook

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/guide"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/site"
	"github.com/relctl/relctl/pkg/upgrade"
)

// Pages of guides.
const (
	guidePage       = "upgrade.md"
	guidePageBeside = "upgrade-guide.md" // where the folder has an upgrade.md of its own
)

// maxGuides bounds the guides of a release, beside that from the release before it.
const maxGuides = 3

// hasGuides reports whether releases carry guides.
func (p *Handbook) hasGuides() bool { return len(p.Policy.Product.Docs.Facts) > 0 }

// guideName is where the guide from the release before lies in the documentation of a tree.
func (p *Handbook) guideName(tree fs.FS) string {
	if _, err := fs.Stat(tree, path.Join(p.OperatorDir(), guidePage)); err == nil {
		return guidePageBeside
	}
	return guidePage
}

// previewGuide stands in the place of the guide while there is no release to lead to.
func (p *Handbook) previewGuide(tree fs.FS) site.Page {
	return site.Page{
		Path: p.guideName(tree), Title: "Upgrade guide", Source: "the upgrade guide",
		Markdown: []byte("# Upgrade guide\n\nThe way from the release before stands here once a release is cut. `relctl docs guide` shows it before.\n"),
	}
}

// Guides makes the upgrade guides of a release, none if the policy names no facts: from the one before it, and from the
// newest of each line before that is still supported. What they say follows from the plan and from what the ledger held when
// it was reserved, so that a rebuild comes to the same. reserved is the commit of the reservation in the ledger, "" before
// there is one; files are those that an operator installs.
func (p *Handbook) Guides(ctx context.Context, ch *channel.Channel, pl release.Plan, reserved string, files []guide.File) ([]site.Page, error) {
	in := pl.Inputs
	if !p.hasGuides() {
		return nil, nil
	}
	before, err := p.reservedBefore(ctx, reserved)
	if err != nil {
		return nil, err
	}
	tree, err := p.Repo.FS(ctx, in.Commit)
	if err != nil {
		return nil, err
	}
	goal := Point{project.Found{Commit: in.Commit, Version: in.Version, Channel: in.Channel}, in.Version.String()}
	var ways []guideWay
	for _, start := range p.starts(in, before) {
		if plan.Loses(pl, start.Channel, start.Version) {
			continue
		}
		w, err := p.way(ch, start, goal, before)
		var no *upgrade.Refusal
		if errors.As(err, &no) {
			continue // what is not offered has no guide
		}
		if err != nil {
			return nil, err
		}
		ways = append(ways, w)
	}
	if len(ways) == 0 {
		return []site.Page{{
			Path: p.guideName(tree), Title: "Upgrade guide", Source: "the upgrade guide",
			Markdown: []byte("# Upgrade guide\n\nThere is no release from which an upgrade leads to this one.\n"),
		}}, nil
	}
	for i := range ways {
		ways[i].page = "upgrade-from-" + ways[i].points[0].Name + ".md"
	}
	ways[0].page = p.guideName(tree)
	var pages []site.Page
	for i, w := range ways {
		var others []guide.Page
		for j, o := range ways {
			if j != i {
				others = append(others, guide.Page{Name: "from " + o.points[0].Name, Path: o.page})
			}
		}
		g, err := p.guide(ctx, w.points, w.steps, files, others)
		if err != nil {
			return nil, err
		}
		pages = append(pages, site.Page{Path: w.page, Title: g.Title(), Markdown: g.Markdown(), Source: "the upgrade guide from " + w.points[0].Name})
	}
	return pages, nil
}

// guideWay is what one guide is about.
type guideWay struct {
	page   string
	points []Point
	steps  []upgrade.Step
}

// reservedBefore is the number of the event that reserved a plan, so that nothing of later counts; with no reservation
// yet, all counts.
func (p *Handbook) reservedBefore(ctx context.Context, commit string) (uint64, error) {
	if commit == "" {
		return math.MaxUint64, nil
	}
	for rec, err := range p.Ledger.Log(ctx) {
		if err != nil {
			return 0, err
		}
		if rec.Commit == commit {
			return rec.Number, nil
		}
	}
	return 0, fmt.Errorf("the ledger has no reservation %s", release.Short(commit))
}

// known are the final releases of a channel that were recorded before an event and not withdrawn by then.
func (p *Handbook) known(ch *channel.Channel, before uint64) []Point {
	var out []Point
	st := p.State.Channels[ch.Name]
	if st == nil {
		return nil
	}
	for _, r := range st.Releases {
		withdrawn := r.Withdrawn != 0 && r.Withdrawn < before
		if r.Event < before && !withdrawn && r.Version.Prerelease() == "" {
			out = append(out, Point{project.Found{Commit: r.Commit, Version: r.Version, Channel: ch.Name}, r.Version.String()})
		}
	}
	return out
}

// starts are the releases from which guides begin.
func (p *Handbook) starts(in release.Inputs, before uint64) []Point {
	var out []Point
	if last := in.Previous; last != nil {
		out = append(out, Point{project.Found{Commit: last.Commit, Version: last.Version, Channel: in.Channel}, last.Version.String()})
	}
	if in.Kind != release.LTS {
		return out
	}
	var earlier []Point
	for _, ch := range p.Policy.Channels {
		ended := ch.Support != nil && ch.Support.EOL.String() != "" && ch.Support.EOL.String() <= in.SourceDate.Format(time.DateOnly)
		if ch.Kind != release.LTS || ch.Name == in.Channel || ended {
			continue
		}
		var newest Point
		for _, r := range p.known(ch, before) {
			if r.Version.Compare(in.Version) < 0 && r.Version.Compare(newest.Version) > 0 {
				newest = r
			}
		}
		if newest.Commit != "" {
			earlier = append(earlier, newest)
		}
	}
	slices.SortFunc(earlier, func(a, b Point) int { return b.Version.Compare(a.Version) })
	return append(out, earlier[:min(len(earlier), maxGuides)]...)
}

// way plans the way from one release to another by the policy alone. The error is an [*upgrade.Refusal] where none is
// offered.
func (p *Handbook) way(own *channel.Channel, from, to Point, before uint64) (guideWay, error) {
	if to.Channel == from.Channel && own.Kind != release.LTS {
		return guideWay{points: []Point{from, to}}, nil
	}
	var lines []upgrade.Line
	all := map[string]Point{to.Name: to}
	for _, ch := range p.Policy.Channels {
		if ch.Kind != release.LTS {
			continue
		}
		l := upgrade.Line{Standing: &release.Standing{Channel: ch.Name, Line: ch.Line, Upgrade: project.PolicyUpgrades(ch)}}
		for _, r := range p.known(ch, before) {
			all[r.Name] = r
			l.Releases = append(l.Releases, r.Version)
		}
		if ch.Name == to.Channel {
			l.Releases = append(l.Releases, to.Version)
		}
		lines = append(lines, l)
	}
	steps, err := upgrade.Plan(lines, from.Version, to.Version)
	if err != nil {
		return guideWay{}, err
	}
	w := guideWay{steps: steps, points: []Point{from}}
	for _, s := range steps {
		at, ok := all[s.Version.String()]
		if !ok { // a stop that the policy names and nobody released
			return guideWay{}, &upgrade.Refusal{Code: upgrade.CodeUnknown, Text: s.Version.String() + " is not released"}
		}
		w.points = append(w.points, at)
	}
	return w, nil
}
