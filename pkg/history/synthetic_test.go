package history_test

import (
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/internal/gittest"
	"github.com/relctl/relctl/pkg/release"
)

// synthetic names the lines of a synthetic repository, the newest first.
func synthetic(r *gittest.SyntheticRepo) history.IndexOptions {
	opts := history.IndexOptions{Main: history.Line{Name: "main", Ref: r.Main}}
	for i := len(r.Lines) - 1; i >= 0; i-- {
		l := history.Line{Name: r.Lines[i].Name, Ref: r.Lines[i].Ref}
		for _, rel := range r.Lines[i].Releases {
			l.Releases = append(l.Releases, history.Released{Version: release.MustVersion(rel.Version), Commit: rel.Commit})
		}
		opts.Lines = append(opts.Lines, l)
	}
	return opts
}

// Whatever a line carries by trailer, patch or author is found; adapted picks whose words say too little may be missed.
// Nothing else counts as present.
func TestTheIndexAgreesWithTheTruthAboutSyntheticHistories(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, 2, 3} {
		opts := small
		opts.Seed = seed
		r := gittest.Synthetic(t, opts)
		ix := load(t, r.Dir, synthetic(r))
		found, missed := 0, 0
		for _, l := range r.Lines {
			for _, c := range l.Commits {
				root, by, ok := ix.Origin(c.ID)
				switch {
				case c.Kind == gittest.SyntheticOwn && ok:
					t.Errorf("seed %d: %s of line %s is its own, and counts as %s by %s", seed, c.ID, l.Name, root, by)
				case c.Origin == "" || c.Kind == gittest.SyntheticReapply:
				case ok && unit(ix, root) != c.Origin:
					t.Errorf("seed %d: %s %s of line %s carries %s, not %s by %s", seed, c.Kind, c.ID, l.Name, c.Origin, root, by)
				case ok:
					found++
				case c.Kind == gittest.SyntheticPlain || c.Kind == gittest.SyntheticTrailer || c.SamePatch:
					t.Errorf("seed %d: %s %s of line %s has no origin, want %s", seed, c.Kind, c.ID, l.Name, c.Origin)
				default:
					missed++
				}
			}
			checkStates(t, ix, l, shell(t, r.Dir, `git rev-list "$1"`, l.Fork))
		}
		if missed*20 > found {
			t.Errorf("seed %d: %d picks are found, %d are missed", seed, found, missed)
		}
	}
}

// unit is the change that a commit stands for or is a part of.
func unit(ix *history.Index, commit string) string { return ix.Of(commit)[0].Commit }

// checkStates compares what main has since a line began with the truth about the line.
func checkStates(t *testing.T, ix *history.Index, l *gittest.SyntheticLine, before string) {
	t.Helper()
	missed := 0
	for _, c := range ix.Changes() {
		if c.Home != "" || strings.Contains(before, c.Commit) {
			continue
		}
		s := ix.State(c, l.Name)
		got, truth := string(s.Presence), l.States[c.Commit]
		if s.Presence == history.Present {
			got += " " + s.Since.String()
		}
		want := "missing"
		if _, there := l.States[c.Commit]; there {
			want = "picked"
		}
		switch {
		case truth.Reverted:
			want = "reverted"
		case truth.Since != "":
			want = "present " + truth.Since
		}
		switch {
		case got == want, got == "not-applicable" && want == "missing":
		case got == "missing":
			missed++ // by a commit without an origin, see above
		default:
			t.Errorf("line %s: %s %q is %s, want %s", l.Name, c.Commit, c.Subject, got, want)
		}
	}
	if missed > len(l.States)/10 {
		t.Errorf("line %s: %d of %d changes are missed", l.Name, missed, len(l.States))
	}
}
