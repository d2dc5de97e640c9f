package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

// Service knows how releases did in the rings of rolling channels, as far as that is signed as it must be.
type Service interface {
	// Ring tells what happened in a ring.
	Ring(ctx context.Context, s *ledger.State, source *channel.Channel, ring string) (*RingHistory, error)
	// Approved finds the approvals of a change of an LTS channel, by the commit that carries it there.
	Approved(ctx context.Context, s *ledger.State, ch *channel.Channel, commit string) ([]uint64, release.Verdict)
}

// RingHistory is what happened in a ring.
type RingHistory struct {
	// History names releases and no changes: what they hold is found here.
	gate.History
	// Observed is what the cells' own keys signed.
	Observed []ledger.Observation
}

// grades is the evidence of each change, with what the soak gate thinks of it.
type grades struct {
	evidence []release.Evidence
	status   []release.Status
	// err is why nothing could be graded.
	err error
}

// gradeEvidence says of each change how far it is proven. Where the channel asks for no soak, nothing is asked.
func (d *draft) gradeEvidence(ctx context.Context) {
	d.grades = grades{evidence: make([]release.Evidence, len(d.plan.Changes)), status: make([]release.Status, len(d.plan.Changes))}
	for i, c := range d.plan.Changes {
		e := release.Evidence{Change: c.ID, Commit: c.Commit, Type: c.Type, Subject: c.Subject, Grade: release.GradeNotEvaluated}
		if event, reason, ok := d.changeWaiver(c); ok {
			e.Grade, e.Reason, e.Waiver = release.GradeWaived, reason, event
		}
		d.grades.evidence[i], d.grades.status[i] = e, release.NotEvaluated
	}
	if d.Channel.Soak != nil {
		d.grades.err = d.gradeSoak(ctx)
	}
	d.plan.Evidence = d.grades.evidence
}

func (d *draft) gradeSoak(ctx context.Context) error {
	g, err := d.grader(ctx)
	if err != nil {
		return err
	}
	if err := g.compare(ctx); err != nil {
		return err
	}
	for i, c := range d.plan.Changes {
		d.grades.evidence[i], d.grades.status[i] = g.grade(ctx, c)
	}
	return nil
}

// carriers are the commits that carry a change, by the commit of the plan that brings it.
type carriers map[string][]string

// grader holds the changes of a plan against what ran in a ring of their source.
type grader struct {
	*draft
	ix     *history.Index
	ring   channel.Ring
	source *ledger.Channel
	*RingHistory
	// ran are the releases that the ring's cells ran, each once.
	ran []string
	// tip has what carries each change on main now, and holds the same for releases of the source, by their place.
	tip   carriers
	holds map[int]carriers
	// places are those of the source's releases, by version.
	places map[string]int
	// patches are the patch-ids of the changes and of what carries them on main, by commit.
	patches map[string]string
	// measured holds the answers for changes of the same fate.
	measured map[string]measured
}

func (d *draft) grader(ctx context.Context) (*grader, error) {
	if d.Service == nil {
		return nil, errors.New("nobody reads the rings here")
	}
	ix, err := d.lines(ctx)
	if err != nil {
		return nil, err
	}
	source, err := d.Policy.Channel(d.Channel.Source)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(source.Rings, func(r channel.Ring) bool { return r.Name == d.Channel.Soak.Ring })
	if i < 0 {
		return nil, fmt.Errorf("channel %s has no ring %s", source.Name, d.Channel.Soak.Ring)
	}
	g := &grader{
		draft: d, ix: ix, ring: source.Rings[i], holds: map[int]carriers{}, places: map[string]int{},
		patches: map[string]string{}, measured: map[string]measured{},
	}
	if g.source = d.State.Channels[source.Name]; g.source == nil {
		g.source = &ledger.Channel{}
	}
	for i, rel := range g.source.Releases {
		g.places[rel.Version.String()] = i
	}
	if g.tip, err = g.at(ix.Tip(ix.Main())); err != nil {
		return nil, err
	}
	if g.RingHistory, err = d.Service.Ring(ctx, d.State, source, g.ring.Name); err != nil {
		return nil, err
	}
	for _, s := range g.Stays {
		if !slices.Contains(g.ran, s.Release) {
			g.ran = append(g.ran, s.Release)
		}
	}
	return g, nil
}

// at finds what carries the plan's changes at a commit.
func (g *grader) at(commit string) (carriers, error) {
	s, err := g.ix.At(commit)
	if err != nil {
		return nil, err
	}
	out := carriers{}
	for _, c := range g.plan.Changes {
		if found := s.Carriers(c.Commit); len(found) > 0 {
			out[c.Commit] = found
		}
	}
	return out, nil
}

// in returns what carries the plan's changes in a release of the source, by its place: nothing where that is not known,
// because main was rewritten since.
func (g *grader) in(i int) carriers {
	found, ok := g.holds[i]
	if !ok {
		found, _ = g.at(g.source.Releases[i].Commit)
		g.holds[i] = found
	}
	return found
}

// running returns what carries the changes in a release that the ring ran; one that was withdrawn proves nothing.
func (g *grader) running(version string) carriers {
	i, ok := g.places[version]
	if !ok || g.source.Releases[i].Withdrawn != 0 {
		return nil
	}
	return g.in(i)
}

// compare finds the patches of all changes and of the commits that carry them on main.
func (g *grader) compare(ctx context.Context) error {
	var commits []string
	all := []carriers{g.tip}
	for _, version := range g.ran {
		all = append(all, g.running(version))
	}
	for _, found := range all {
		for commit, list := range found {
			if len(list) == 1 && list[0] != commit {
				commits = append(commits, list[0], commit)
			}
		}
	}
	slices.Sort(commits)
	commits = slices.Compact(commits)
	ids, err := patchesOf(ctx, g.Repo, commits)
	for i, id := range ids {
		g.patches[commits[i]] = id
	}
	return err
}

// same reports whether one commit alone carries a change, by the very patch.
func (g *grader) same(c release.Change, carriers []string) bool {
	if len(carriers) != 1 {
		return false
	}
	a, b := g.patches[c.Commit], g.patches[carriers[0]]
	return carriers[0] == c.Commit || a != "" && a == b
}

// grade says how far a change is proven, and what the soak gate thinks of it.
func (g *grader) grade(ctx context.Context, c release.Change) (release.Evidence, release.Status) {
	e := release.Evidence{Change: c.ID, Commit: c.Commit, Type: c.Type, Subject: c.Subject}
	status := g.prove(ctx, c, &e)
	if event, reason, ok := g.Waivers.Change(g.Channel.Name, c.Commit); ok { // by its own commit: a trailer proves nothing
		e.Grade, e.Reason, e.Waiver = release.GradeWaived, reason, event
		return e, release.Waived
	}
	return e, status
}

func (g *grader) prove(ctx context.Context, c release.Change, e *release.Evidence) release.Status {
	onMain := g.tip[c.Commit]
	held := func(wanted func([]string) bool) (versions, originals []string) {
		for _, version := range g.ran {
			if list := g.running(version)[c.Commit]; len(list) > 0 && wanted(list) {
				versions, originals = append(versions, version), append(originals, list...)
			}
		}
		if len(originals) == 0 {
			originals = onMain
		}
		slices.Sort(originals)
		return versions, slices.Compact(originals)
	}
	equal, originals := held(func(list []string) bool { return g.same(c, list) })
	if len(equal) > 0 || g.same(c, onMain) {
		m := g.measure(c, equal)
		e.Soak, e.Reason, e.Grade = m.soak(g, originals), m.reason, release.GradeNotSoaked
		if m.status == release.Pass {
			e.Grade = release.GradeSamePatchSoaked
		}
		return m.status
	}
	adapted, originals := held(func([]string) bool { return true })
	if len(adapted) == 0 && len(onMain) == 0 {
		return g.lineOnly(ctx, c, e)
	}
	m := g.measure(c, adapted)
	e.Soak, e.Grade = m.soak(g, originals), release.GradeAdapted
	e.Reason = fmt.Sprintf("its patch is not that of %s on %s, which %s", shortList(originals), g.ix.Main(), m.reason)
	return g.approve(ctx, e, m.status, release.GradeAdaptedApproved)
}

// lineOnly grades a change that its source lacks. Only one that somebody declared to belong to the line, or that takes
// back what the line had, may be approved in place of a soak.
func (g *grader) lineOnly(ctx context.Context, c release.Change, e *release.Evidence) release.Status {
	undoes := slices.ContainsFunc(g.ix.Of(c.Commit), func(k *history.Known) bool { return len(k.Undoes) > 0 })
	if !ltsOnly(g.ix, c) && !undoes {
		e.Grade, e.Reason = release.GradeNotSoaked, fmt.Sprintf("it is not on %s, so it ran nowhere", g.ix.Main())
		return release.Fail
	}
	e.Grade, e.Reason = release.GradeLineOnly, "it is for this line only and ran nowhere"
	return g.approve(ctx, e, release.Pass, release.GradeLineApproved)
}

// approve raises the grade of a change that people of the soak's role approved, if nothing else is missing.
func (g *grader) approve(ctx context.Context, e *release.Evidence, status release.Status, better release.Grade) release.Status {
	if g.Channel.Soak.Approval == nil {
		e.Reason += "; the channel has no soak.approval by which people could approve it"
		return worst(status, release.Fail)
	}
	events, v := g.Service.Approved(ctx, g.State, g.Channel, e.Commit)
	switch {
	case v.Status == release.Errored:
		e.Reason += "; " + v.Reason
		return release.Errored
	case v.Status != release.Pass:
		e.Reason += "; it needs an approval over its own commit, " + v.Reason
		return worst(status, release.Fail)
	}
	e.Approvals = events
	e.Reason += "; " + v.Reason
	if status == release.Pass {
		e.Grade = better
	}
	return status
}

// worst returns the status that says more about a refusal.
func worst(a, b release.Status) release.Status {
	for _, s := range []release.Status{release.Errored, release.Fail, release.NoData} {
		if a == s || b == s {
			return s
		}
	}
	return a
}

func shortList(commits []string) string {
	out := make([]string, len(commits))
	for i, c := range commits {
		out[i] = release.Short(c)
	}
	return strings.Join(out, " and ")
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }
