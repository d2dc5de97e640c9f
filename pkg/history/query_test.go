package history_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/history"
)

// subjectsOf lists changes.
func subjectsOf(list []*history.Known) string {
	var out []string
	for _, c := range list {
		out = append(out, c.Subject)
	}
	return strings.Join(out, " | ")
}

func TestFindTakesWhatPeopleKnowOfAChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cut("2.4")
	w.on("main")
	spaces := w.Commit("fix(orders): keep spaces (#12)")
	w.Commit("fix: trim spaces of names (#13)\n\nFixes CVE-2026-31337.", "x.txt", "1\n")
	w.Commit("feat: something else (#14)")
	w.on("2.4")
	pick := w.Pick(spaces)
	w.Commit("fix: trim the names (#40)\n\nBackport of #13.", "x.txt", "2\n")
	ix := w.load()
	for query, want := range map[string]string{
		spaces:                      "keep spaces",
		spaces[:8]:                  "keep spaces",
		strings.ToUpper(spaces[:8]): "keep spaces",
		pick:                        "keep spaces",
		"#12":                       "keep spaces",
		"PR 13":                     "trim spaces of names",
		"#40":                       "trim spaces of names",
		"cve-2026-31337":            "trim spaces of names",
		"CVE-2026-3133":             "",
		"SPACES":                    "trim spaces of names | keep spaces",
		"spaces orders":             "keep spaces",
		"#999":                      "",
		"":                          "",
		"nobody wrote this":         "",
		"0123456":                   "",
	} {
		if got := subjectsOf(ix.Find(query)); got != want {
			t.Errorf("%q finds %q, want %q", query, got, want)
		}
	}
	if ix.Main() != "main" || !slices.Equal(ix.Lines(), []string{"2.4"}) || ix.Tip("2.4") != w.Git("rev-parse", "release/2.4") || ix.Tip("2.3") != "" {
		t.Errorf("main %s, lines %v, tip %s", ix.Main(), ix.Lines(), ix.Tip("2.4"))
	}
	if s := ix.State(ix.Find("#12")[0], "2.3"); s.Presence != history.Missing {
		t.Errorf("on a line that is not there: %+v", s)
	}
}

func TestAnUpgradeMustNotLoseFixes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cut("2.4")
	w.cut("2.5")
	w.on("main")
	both, only, refused := w.Commit("fix: on both (#1)"), w.Commit("fix: on the old line only (#2)"), w.Commit("fix: not for 2.5 (#3)")
	feature, undone := w.Commit("feat: on the old line only (#4)"), w.Commit("fix: taken back on 2.5 (#5)")
	w.on("2.4")
	for _, c := range []string{both, only, refused, feature, undone} {
		w.Pick(c)
	}
	w.release("2.4", "2.4.1")
	from := w.Head()
	w.Commit("fix: after the release")
	w.on("2.5")
	w.carry(both, "fix: on both, without a trailer")
	w.Revert(w.Pick(undone))
	to := w.Head()
	w.opts.Marks = []history.Mark{{Verdict: history.MarkWont, Line: "2.5", Change: refused, Reason: "no such code"}}
	ix := w.load()
	for _, c := range []struct {
		name, want string
		found      func() ([]*history.Known, error)
	}{
		{"lost", "taken back on 2.5 | on the old line only", func() ([]*history.Known, error) { return ix.Losses(from, to, "2.5") }},
		{"between", "taken back on 2.5 | on the old line only | not for 2.5 | on the old line only", func() ([]*history.Known, error) { return ix.Between(from, to) }},
		{"between a release and itself", "", func() ([]*history.Known, error) { return ix.Between(to, to) }},
	} {
		if got, err := c.found(); err != nil || subjectsOf(got) != c.want {
			t.Errorf("%s: %q, want %q (%v)", c.name, subjectsOf(got), c.want, err)
		}
	}
	nowhere := strings.Repeat("0123456789", 4)
	for _, pair := range [][2]string{{nowhere, to}, {to, nowhere}} {
		if got, err := ix.Losses(pair[0], pair[1], "2.5"); err == nil || !strings.Contains(err.Error(), nowhere[:10]) {
			t.Errorf("from nowhere: %q, %v", subjectsOf(got), err)
		}
	}
}
