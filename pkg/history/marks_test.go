package history_test

import (
	"testing"

	"github.com/relctl/relctl/pkg/history"
)

func TestWhatPeopleRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cut("2.4")
	w.on("main")
	rewritten, also := w.Commit("fix: one"), w.Commit("fix: two")
	unit, part, _ := w.pull("fix: in two steps (#7)")
	refused, other := w.Commit("fix: three"), w.Commit("fix: four")
	w.on("2.4")
	w.release("2.4", "2.4.0")
	anew := w.Commit("fix: made anew for this line", "x.txt", "1\n")
	w.release("2.4", "2.4.1")
	for name, marks := range map[string][]history.Mark{
		"they say so": {
			{Verdict: history.MarkEquivalent, Line: "2.4", Change: rewritten, Commit: anew, Reason: "anew", Event: 7},
			{Verdict: history.MarkEquivalent, Line: "2.4", Change: also, Commit: anew, Reason: "the same", Event: 8},
			{Verdict: history.MarkWont, Line: "2.4", Change: part, Reason: "too large", Event: 9},
			{Verdict: history.MarkWont, Line: "2.4", Change: refused, Reason: "needs the new storage", Event: 10},
		},
		"the newest mark counts": {
			{Verdict: history.MarkWont, Line: "2.4", Change: rewritten, Reason: "no", Event: 1},
			{Verdict: history.MarkEquivalent, Line: "2.4", Change: rewritten, Commit: anew, Reason: "anew", Event: 7},
			{Verdict: history.MarkEquivalent, Line: "2.4", Change: also, Commit: anew, Reason: "the same", Event: 8},
			{Verdict: history.MarkWont, Line: "2.4", Change: unit, Reason: "too large", Event: 9},
			{Verdict: history.MarkWont, Line: "2.4", Change: refused, Reason: "hm", Event: 3},
			{Verdict: history.MarkWont, Line: "2.4", Change: refused, Reason: "needs the new storage", Event: 10},
		},
	} {
		w.opts.Marks = marks
		ix := w.load()
		check(t, ix,
			claim{rewritten, "2.4", "equivalent 2.4.1 record certain", anew}, claim{also, "2.4", "equivalent 2.4.1 record certain", anew},
			claim{unit, "2.4", "wont record certain", ""}, claim{refused, "2.4", "wont record certain", ""},
			claim{other, "2.4", "missing", ""}, claim{rewritten, "main", "picked ancestry certain", rewritten},
		)
		s := ix.State(ix.Of(refused)[0], "2.4")
		if s.Reason != "needs the new storage" || s.Event != 10 {
			t.Errorf("%s: the reason is %q of event %d", name, s.Reason, s.Event)
		}
		if m, ok := ix.Mark(ix.Of(part)[0], "2.4"); !ok || m.Event != 9 {
			t.Errorf("%s: the mark of the unit is %+v", name, m)
		}
		if found := ix.Of(anew); len(found) != 2 {
			t.Errorf("%s: the rewritten commit is %d changes, want 2", name, len(found))
		}
	}
	w.opts.Marks = nil // cleared
	check(t, w.load(), claim{rewritten, "2.4", "missing", ""}, claim{refused, "2.4", "missing", ""}, claim{anew, "main", "missing", ""})
}

func TestARecordMakesNothingPresentThatIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cut("2.4")
	w.on("main")
	fix, elsewhere := w.Commit("fix: one"), w.Commit("fix: on main only")
	taken := w.Commit("fix: two")
	w.on("2.4")
	anew := w.Commit("fix: anew", "x.txt", "1\n")
	revert := w.Revert(anew)
	w.opts.Marks = []history.Mark{
		{Verdict: history.MarkEquivalent, Line: "2.4", Change: fix, Commit: elsewhere, Reason: "wrong"},
		{Verdict: history.MarkEquivalent, Line: "2.4", Change: taken, Commit: anew, Reason: "right"},
		{Verdict: history.MarkWont, Line: "2.9", Change: fix, Reason: "no such line"},
		{Verdict: history.MarkWont, Line: "2.4", Change: "0123456789012345678901234567890123456789", Reason: "no such change"},
	}
	check(t, w.load(), claim{fix, "2.4", "missing", ""}, claim{taken, "2.4", "reverted record certain", revert})
}

func TestWhatALineHasForItselfBelongsNowhereElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cut("2.4")
	byFooter := w.Commit("fix: one\n\nLTS-Only: main dropped the old clients")
	byMark, plain := w.Commit("fix: two"), w.Commit("fix: three")
	w.on("main")
	w.Commit("fix: of main")
	w.opts.Marks = []history.Mark{{Verdict: history.MarkLTSOnly, Line: "2.4", Change: byMark, Reason: "the old storage", Event: 4}}
	ix := w.load()
	check(t, ix,
		claim{byFooter, "main", "wont record certain", ""}, claim{byMark, "main", "wont record certain", ""}, claim{plain, "main", "missing", ""},
		claim{byFooter, "2.4", "picked ancestry certain", byFooter},
	)
	for commit, want := range map[string]string{byFooter: "main dropped the old clients", byMark: "the old storage"} {
		c := ix.Of(commit)[0]
		if s := ix.State(c, "main"); s.Reason != want || c.Home != "2.4" {
			t.Errorf("%s of %s: %q, want %q", c.Subject, c.Home, s.Reason, want)
		}
	}
}
