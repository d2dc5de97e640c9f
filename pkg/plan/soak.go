package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

// soak asks whether every change of the plan is proven.
func (d *draft) soak(context.Context, gate.Subject) release.Verdict {
	if d.grades.err != nil {
		return release.Verdict{Status: release.Errored, Reason: d.grades.err.Error()}
	}
	status, hint := release.Pass, ""
	count := map[release.Grade]int{}
	lacking := map[release.Grade]int{}
	var due time.Time
	for i, e := range d.grades.evidence {
		count[e.Grade]++
		st := d.grades.status[i]
		if st == release.Pass || st == release.Waived {
			continue
		}
		lacking[e.Grade]++
		status = worst(status, st)
		if e.Soak != nil && e.Soak.Due.After(due) {
			due = e.Soak.Due
		}
		if hint == "" || lacking[release.GradeAdapted]+lacking[release.GradeLineOnly] == 1 {
			hint = d.soakHint(e)
		}
	}
	if status == release.Pass {
		return release.Verdict{Status: status, Reason: d.proven(count)}
	}
	if !due.IsZero() {
		hint += "; the soak can be over at " + instant(due) + " at the earliest"
	}
	return release.Verdict{Status: status, Reason: d.unproven(lacking), Hint: hint}
}

// proven says in words why the gate passes.
func (d *draft) proven(count map[release.Grade]int) string {
	s := d.Channel.Soak
	reason := fmt.Sprintf("every change ran healthy for %s in %s", length(s.For.Duration()), s.Ring)
	for _, other := range []struct {
		grade release.Grade
		text  string
	}{
		{release.GradeAdaptedApproved, "was adapted and is approved"}, {release.GradeLineApproved, "is for this line only and approved"}, {release.GradeWaived, "is waived"},
	} {
		if n := count[other.grade]; n > 0 {
			reason += fmt.Sprintf(", or %s (%d)", other.text, n)
		}
	}
	return reason
}

// unproven says in words what is lacking.
func (d *draft) unproven(lacking map[release.Grade]int) string {
	s := d.Channel.Soak
	total := 0
	var parts []string
	for _, what := range []struct {
		grade release.Grade
		text  string
	}{
		{release.GradeNotSoaked, fmt.Sprintf("%%d did not run healthy for %s in %s", length(s.For.Duration()), s.Ring)},
		{release.GradeAdapted, "%d of an adapted patch"}, {release.GradeLineOnly, "%d for this line only"},
	} {
		if n := lacking[what.grade]; n > 0 {
			total += n
			parts = append(parts, fmt.Sprintf(what.text, n))
		}
	}
	return fmt.Sprintf("%d of %s not proven: %s", total, changes(len(d.grades.evidence)), strings.Join(parts, ", "))
}

func changes(n int) string {
	if n == 1 {
		return "1 change"
	}
	return fmt.Sprintf("%d changes", n)
}

// Lacking returns the evidence of those changes that no soak, approval or waiver lets through, in the plan's order.
func Lacking(evidence []release.Evidence) []release.Evidence {
	var out []release.Evidence
	for _, e := range evidence {
		switch e.Grade {
		case release.GradeNotSoaked, release.GradeAdapted, release.GradeLineOnly:
			out = append(out, e)
		}
	}
	return out
}

// Lacks says in words how much soak is missing and when it can be there, "lacks 72h, which …", "" if none is.
func Lacks(e release.Evidence) string {
	if e.Soak == nil || e.Soak.Missing == 0 {
		return ""
	}
	return fmt.Sprintf("lacks %s, which can be there at %s at the earliest", length(seconds(e.Soak.Missing)), instant(e.Soak.Due))
}

// Lasting returns evidence as it stands in a release: without what it lacked at the moment of the plan.
func Lasting(evidence []release.Evidence) []release.Evidence {
	out := slices.Clone(evidence)
	for i, e := range out {
		if e.Soak != nil {
			soak := *e.Soak
			soak.Missing, soak.Due = 0, time.Time{}
			out[i].Soak = &soak
		}
	}
	return out
}

func (d *draft) soakHint(e release.Evidence) string {
	commit := release.Short(e.Commit)
	waive := fmt.Sprintf("relctl waive %s --change %s --reason '…'", d.Channel.Name, commit)
	switch {
	case (e.Grade == release.GradeAdapted || e.Grade == release.GradeLineOnly) && d.Channel.Soak.Approval != nil && len(e.Approvals) == 0:
		return fmt.Sprintf("whoever tested it: relctl approve %s --change %s; or: %s", d.Channel.Name, commit, waive)
	case e.Soak != nil:
		return fmt.Sprintf("let it soak in %s, or: %s", d.Channel.Soak.Ring, waive)
	}
	return waive
}

// measured is what is known of the soak of a change.
type measured struct {
	status release.Status
	reason string
	gate.Soaked
	release release.Version
	events  []uint64
	need    int64
	missing int64
	due     time.Time
}

func (m measured) soak(g *grader, originals []string) *release.Soak {
	s := &release.Soak{
		Channel: g.Channel.Source, Ring: g.ring.Name, Originals: originals, Length: int64(m.Healthy() / time.Second),
		Need: m.need, Events: m.events, Missing: m.missing, Due: m.due, Release: m.release,
	}
	if s.Length > 0 {
		s.From, s.To = m.From.UTC(), m.Until.UTC()
	}
	return s
}

// measure asks how long a change ran healthy in the ring, by those of the releases there that count. Changes of the same
// fate are asked for once.
func (g *grader) measure(c release.Change, versions []string) measured {
	h, fate := g.fate(c, versions)
	m, ok := g.measured[fate]
	if !ok {
		m = g.ask(h, versions)
		g.measured[fate] = m
	}
	return m
}

// change is the name under which a history knows the one that is asked for.
const change = "change"

// fate is the ring's history with the releases that count for a change, and the voids that take its soak.
func (g *grader) fate(c release.Change, versions []string) (h gate.History, key string) {
	h = gate.History{Stays: slices.Clone(g.Stays), Observations: g.Observations, Voids: slices.Clone(g.Voids)}
	var fate strings.Builder
	for i, s := range h.Stays {
		h.Stays[i].Changes = nil
		if slices.Contains(versions, s.Release) {
			h.Stays[i].Changes = []string{change}
			fmt.Fprintf(&fate, "stay %d\n", i)
		}
	}
	for i := range h.Voids {
		v := &h.Voids[i]
		exonerated := v.Exonerated
		v.Changes, v.Exonerated = nil, nil
		carriers := g.newIn(v.Release, c)
		if len(carriers) == 0 {
			continue
		}
		v.Changes = []string{change}
		if len(exonerated) > 0 && !slices.ContainsFunc(carriers, func(id string) bool { return !slices.Contains(exonerated, id) }) {
			v.Exonerated = v.Changes
		}
		fmt.Fprintf(&fate, "void %d %v\n", i, len(v.Exonerated))
	}
	return h, fate.String()
}

// newIn returns the commits that carry a change in a release, if it came with that one: the release before lacks it.
func (g *grader) newIn(version string, c release.Change) []string {
	i, ok := g.places[version]
	if !ok || i > 0 && len(g.in(i - 1)[c.Commit]) > 0 {
		return nil
	}
	return g.in(i)[c.Commit]
}

func (g *grader) ask(h gate.History, versions []string) measured {
	rules := g.Channel.Soak
	q := gate.Soak{Change: change, Cells: g.ring.Cells, For: int64(rules.For.Duration() / time.Second), MaxGap: int64(gate.DefaultMaxGap / time.Second)}
	if rules.Gap.Duration() > 0 {
		q.MaxGap = int64(rules.Gap.Duration() / time.Second)
	}
	record := gate.SoakGate{Soak: q, History: h, At: g.Now}.Observe(context.Background(), gate.Subject{Inputs: g.plan.Inputs})
	v := gate.Judge(record)
	m := measured{status: v.Status, need: q.For, Soaked: q.Measure(h, g.Now)}
	m.release, m.events = g.rests(m.Soaked, versions)
	if m.status == release.Pass {
		m.reason = fmt.Sprintf("ran healthy in %s for %s, from %s to %s, beginning with %s %s",
			g.ring.Name, length(m.Healthy()), instant(m.From), instant(m.Until), g.Channel.Source, m.release)
		return m
	}
	q.Current = true
	now := q.Measure(h, g.Now)
	m.missing = q.For - int64(now.Healthy()/time.Second)
	m.due = q.Due(now, g.Now).UTC().Truncate(time.Second)
	m.reason = g.shortfall(m.Soaked, now, versions)
	return m
}

// shortfall says why a soak is not enough, by what the ledger knows and not by the time at which it is asked.
func (g *grader) shortfall(best, now gate.Soaked, versions []string) string {
	if len(versions) == 0 {
		return "is in no release that ran in " + g.ring.Name
	}
	text := fmt.Sprintf("ran healthy in %s for %s of %s", g.ring.Name, length(best.Healthy()), length(g.Channel.Soak.For.Duration()))
	switch {
	case len(best.Missing) > 0:
		text += ", and never in " + strings.Join(best.Missing, ", ")
	case best.Void != nil:
		text += fmt.Sprintf(" since the %s of %s at %s", best.Void.Kind, best.Void.Release, instant(best.Void.At))
	case best.Sick != nil:
		text += fmt.Sprintf("; %s was not healthy at %s", best.Sick.Cell, instant(best.Sick.To))
	}
	if len(now.Left) > 0 {
		text += "; it does not run there any more"
	}
	return text
}

// rests returns the release with which an unbroken time began, and the events that the time rests on.
func (g *grader) rests(s gate.Soaked, versions []string) (release.Version, []uint64) {
	var began release.Version
	if s.Healthy() <= 0 {
		return began, nil
	}
	var events []uint64
	within := func(from, until time.Time) bool {
		return from.Before(s.Until) && (until.IsZero() || until.After(s.From))
	}
	for _, e := range g.source.Episodes(g.ring.Name) {
		if !slices.Contains(versions, e.Version.String()) || !within(e.From, e.Until) {
			continue
		}
		if began.IsZero() {
			began = e.Version
		}
		events = append(events, e.Event)
	}
	var first, last *ledger.Observation
	for i := range g.Observed {
		o := &g.Observed[i]
		if o.Kind != ledger.ObserveHealth || o.Status != release.Pass || !slices.Contains(versions, o.Version.String()) || !within(o.From, o.To) {
			continue
		}
		if first == nil {
			first = o
		}
		last = o
	}
	if first != nil {
		events = append(events, first.Event, last.Event)
	}
	slices.Sort(events)
	return began, slices.Compact(events)
}

// patchesOf returns the patches of commits against their first parents, as patch-ids with by how many bytes each file
// grows: patch-ids alone leave blanks out, and an indentation may be all that matters. A patch that changes nothing is
// "empty", and "" stands for what has no text to compare.
func patchesOf(ctx context.Context, repo *git.Repo, commits []string) ([]string, error) {
	diffs := make([]git.Diff, len(commits))
	for i, id := range commits {
		c, err := repo.Commit(ctx, id)
		if err != nil {
			return nil, err
		}
		diffs[i] = git.Diff{Commit: id}
		if len(c.Parents) > 1 {
			diffs[i].Parent = c.Parents[0]
		}
	}
	ids, err := repo.PatchIDs(ctx, diffs)
	if err != nil {
		return nil, err
	}
	touched, err := repo.Touched(ctx, diffs)
	if err != nil {
		return nil, err
	}
	growth, err := repo.Growth(ctx, diffs)
	if err != nil {
		return nil, err
	}
	for i := range ids {
		switch {
		case touched[i].Files == 0:
			ids[i] = "empty"
		case ids[i] != "":
			ids[i] += " " + growth[i]
		}
	}
	return ids, nil
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

// length writes a time span for people: 72h, 1h30m or 45s.
func length(d time.Duration) string {
	if d > time.Minute {
		d = d.Round(time.Minute)
	}
	return release.Span(d)
}
