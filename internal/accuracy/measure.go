package main

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/history"
)

// Detector is what is measured: it says which commit's change a commit of a line carries, and by what evidence; ok is
// false for one that it takes for a change of its own.
type Detector interface {
	Origin(commit string) (origin string, by history.Evidence, ok bool)
}

// evidence are the kinds that can be found, in the order of trust.
var evidence = []history.Evidence{history.ByTrailer, history.ByRecord, history.ByPatch, history.ByAuthor, history.ByPR, history.BySubject}

// Oracle names what the detector is held against.
type Oracle string

// The oracles.
const (
	ByTrailers   Oracle = "trailers"
	ByCherry     Oracle = "git cherry"
	ByCherryMark Oracle = "--cherry-mark"
)

// Disagreement is one commit of a line that detector and oracle see differently.
type Disagreement struct {
	Oracle Oracle
	// Kind is "wrong", "missed", or "more" for a pick that the oracle does not see.
	Kind   string
	Commit *commit // of the line
	// Ours is the commit of main that the detector names, Theirs that of the oracle; nil where there is none.
	Ours, Theirs *commit
	By           history.Evidence
}

// Score counts how often the detector found what is known, by evidence.
type Score struct {
	Right, Wrong map[history.Evidence]int
	Missed       int
}

func (s *Score) right() int { return total(s.Right) }
func (s *Score) wrong() int { return total(s.Wrong) }
func (s *Score) known() int { return s.right() + s.wrong() + s.Missed }

// Agreement counts in how many commits detector and oracle see a pick.
type Agreement struct{ Both, Neither, More, Missed int }

// LineResult is what was measured on one line.
type LineResult struct {
	Name, Tip string
	Commits   int
	// Trailers is how many have one of their own.
	Trailers int
	// Found counts picks from main by evidence, with all trailers in sight.
	Found map[history.Evidence]int
	// Hidden is held against the trailers while the detector does not see them.
	Hidden             Score
	Cherry, CherryMark Agreement
}

// Result is what was measured on a clone.
type Result struct {
	Main, Tip     string
	Lines         []*LineResult
	Disagreements []Disagreement
}

func total(of map[history.Evidence]int) int {
	n := 0
	for _, v := range of {
		n += v
	}
	return n
}

// measurement is one under way.
type measurement struct {
	*branches
	clone clone
	open  Detector // sees everything
	blind Detector // does not see the lines' trailers
	known truth
	Result
}

// measure holds the detectors against all oracles.
func (m *measurement) measure(ctx context.Context) error {
	m.Tip = m.tip
	for _, l := range m.lines {
		r := &LineResult{
			Name: l.name(), Tip: l.tip, Commits: len(l.commits), Found: map[history.Evidence]int{},
			Hidden: Score{Right: map[history.Evidence]int{}, Wrong: map[history.Evidence]int{}},
		}
		for _, c := range l.commits {
			if len(trailers(c.message)) > 0 {
				r.Trailers++
			}
			if main, by := m.origin(m.open, c.id); main != nil {
				r.Found[by]++
			}
			m.score(&r.Hidden, c)
		}
		cherry, err := m.clone.cherry(ctx, m.Main, l.ref)
		if err != nil {
			return err
		}
		m.agree(&r.Cherry, ByCherry, l, cherry)
		both, err := m.clone.cherryMark(ctx, m.Main, l.ref)
		if err != nil {
			return err
		}
		m.agree(&r.CherryMark, ByCherryMark, l, both)
		m.Lines = append(m.Lines, r)
	}
	return nil
}

// origin is a detector's answer, if it lies on main.
func (m *measurement) origin(d Detector, id string) (*commit, history.Evidence) {
	origin, by, ok := d.Origin(id)
	if !ok || m.main[origin] == nil {
		return nil, ""
	}
	return m.main[origin], by
}

// score holds the blind detector against what is known about a commit.
func (m *measurement) score(s *Score, c *commit) {
	roots := m.known[c.id]
	if len(roots) == 0 {
		return
	}
	ours, by := m.origin(m.blind, c.id)
	d := Disagreement{Oracle: ByTrailers, Commit: c, Ours: ours, Theirs: m.main[roots[0]], By: by}
	switch {
	case ours == nil:
		s.Missed++
		d.Kind = "missed"
	case slices.ContainsFunc(roots, func(root string) bool { return m.same(ours.id, root) }):
		s.Right[by]++
		return
	default:
		s.Wrong[by]++
		d.Kind = "wrong"
	}
	m.Disagreements = append(m.Disagreements, d)
}

// agree compares in which commits of a line detector and oracle see a pick. Where the oracle tells about commits of main
// too, a patch that the detector calls the same must be one of those that have a twin.
func (m *measurement) agree(a *Agreement, oracle Oracle, l *line, said marks) {
	for _, c := range l.commits {
		theirs, asked := said[c.id]
		if !asked {
			continue
		}
		ours, by := m.origin(m.open, c.id)
		d := Disagreement{Oracle: oracle, Commit: c, Ours: ours, By: by}
		switch {
		case ours == nil && !theirs:
			a.Neither++
			continue
		case ours == nil:
			a.Missed++
			d.Kind = "missed"
		case !theirs:
			a.More++
			d.Kind = "more"
		default:
			a.Both++
			if twin, told := said[ours.id]; by != history.ByPatch || !told || twin {
				continue
			}
			d.Kind = "wrong"
		}
		m.Disagreements = append(m.Disagreements, d)
	}
}

// sample picks at most n disagreements, in turn from each kind for each oracle and evidence. Ids are as good as random,
// so their order makes the choice, and makes it the same every time.
func sample(all []Disagreement, n int) []Disagreement {
	groups := map[string][]Disagreement{}
	for _, d := range merge(all) {
		key := strings.Join([]string{d.Kind, string(d.Oracle), string(d.By)}, " ")
		groups[key] = append(groups[key], d)
	}
	var out []Disagreement
	for turn := 0; len(groups) > 0; turn++ {
		for _, key := range slices.Sorted(maps.Keys(groups)) {
			if turn == len(groups[key]) {
				delete(groups, key)
			} else if len(out) < n {
				out = append(out, groups[key][turn])
			}
		}
	}
	slices.SortStableFunc(out, func(x, y Disagreement) int {
		return cmp.Or(cmp.Compare(rank(x), rank(y)), cmp.Compare(x.Oracle, y.Oracle), cmp.Compare(x.By, y.By))
	})
	return out
}

// rank puts what may be an error of the detector first.
func rank(d Disagreement) int { return slices.Index([]string{"wrong", "missed", "more"}, d.Kind) }

// merge sorts by commit, and makes one of what two oracles say alike.
func merge(all []Disagreement) []Disagreement {
	all = slices.Clone(all)
	slices.SortFunc(all, func(x, y Disagreement) int {
		return cmp.Or(cmp.Compare(x.Commit.id, y.Commit.id), cmp.Compare(x.Kind, y.Kind), cmp.Compare(y.Oracle, x.Oracle))
	})
	var out []Disagreement
	for _, d := range all {
		if n := len(out); n > 0 && out[n-1].Commit == d.Commit && out[n-1].Kind == d.Kind && out[n-1].Oracle != ByTrailers {
			out[n-1].Oracle += " and " + d.Oracle
			continue
		}
		out = append(out, d)
	}
	return out
}

// addTwins finds the commits of main that git means where it sees a pick and names none.
func (m *measurement) addTwins(ctx context.Context, shown []Disagreement) error {
	for i, d := range shown {
		if d.Theirs != nil || d.Kind == "more" {
			continue
		}
		id, err := m.clone.twin(ctx, m.Main, d.Commit.id)
		if err != nil {
			return err
		}
		shown[i].Theirs = m.main[id]
	}
	return nil
}
