package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/history"
)

// measured reads the history of picked.
func measured(t *testing.T) (*measurement, map[string]string) {
	t.Helper()
	r, id := picked(t)
	m := &measurement{clone: clone{r.dir}, Result: Result{Main: mainRef}}
	var err error
	if m.branches, err = m.clone.read(t.Context(), mainRef, []string{newRef, oldRef}); err != nil {
		t.Fatal(err)
	}
	if m.known, err = m.clone.known(t.Context(), m.branches); err != nil {
		t.Fatal(err)
	}
	return m, id
}

func TestBranchesAreReadAsGitHasThem(t *testing.T) {
	t.Parallel()
	m, id := measured(t)
	var got []string
	for _, l := range m.lines {
		got = append(got, l.name()+":")
		for _, c := range l.commits {
			got = append(got, names(id, c.id))
		}
	}
	want := "release/1.1: hotfix adapted-c plain-b x-a release/1.0: squash lines-only x-merge stray via-c short-d chained-a"
	if strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
	for _, c := range []struct {
		x, y string
		same bool
	}{{"a", "a", true}, {"a", "b", false}, {"merge", "part", true}, {"side", "merge", true}, {"part", "side", false}, {"part", "merge", true}, {"merge", "d", false}, {"begin", "a", false}, {"part", "d", false}} {
		if got := m.same(id[c.x], id[c.y]); got != c.same {
			t.Errorf("%s and %s are one change: %v", c.x, c.y, got)
		}
	}
	if got := m.complete(id["d"][:9]); got != id["d"] {
		t.Errorf("short id: %q", got)
	}
	if got := m.complete(""); got != "" {
		t.Errorf("an id that all have stands for %q", got)
	}
}

func TestACommitOfTwoLinesCountsOnce(t *testing.T) {
	t.Parallel()
	r, _ := picked(t)
	dir := filepath.Join(t.TempDir(), "clone")
	r.git("clone", "--quiet", "--mirror", r.dir, dir)
	r.git("--git-dir", dir, "branch", "release/1.2", "release/1.1")
	b, err := clone{dir}.read(t.Context(), mainRef, []string{"refs/heads/release/1.2", newRef})
	if err != nil || len(b.lines[0].commits) != 4 || len(b.lines[1].commits) != 0 {
		t.Errorf("%+v, %v", b, err)
	}
}

func TestTrailersLeadToMain(t *testing.T) {
	t.Parallel()
	m, id := measured(t)
	got := map[string]string{}
	for commit, roots := range m.known {
		got[names(id, commit)] = names(id, roots...)
	}
	want := map[string]string{"x-a": "a", "adapted-c": "c", "chained-a": "a", "short-d": "d", "via-c": "c", "x-merge": "merge", "squash": "e"}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestTrailersThatNameEachOtherEnd(t *testing.T) {
	t.Parallel()
	a, b := strings.Repeat("a", 40), strings.Repeat("b", 40)
	x := &branches{sorted: []string{a, b}}
	if got := x.roots(map[string][]string{a: {b}, b: {a}}, a, 0); len(got) != 0 {
		t.Error(got)
	}
}

func TestOnlyWholeTrailersCount(t *testing.T) {
	t.Parallel()
	id := strings.Repeat("a", 40)
	for message, want := range map[string]int{
		"fix: a\n\n(cherry picked from commit " + id + ")":                  1,
		"fix: a\n\n(cherry picked from commit " + id + ")\r\n":              1,
		"fix: a\n\n  (cherry picked from commit " + id[:7] + ")\nRefs: 1":   1,
		"fix: a\n\n(cherry picked from commit " + id[:6] + ")":              0,
		"fix: a\n\nas (cherry picked from commit " + id + ") says":          0,
		"fix: a (cherry picked from commit " + id + ")":                     0,
		strings.Repeat("(cherry picked from commit "+id+")\n", 2):           2,
		"fix: a\n\n(cherry picked from commit " + strings.ToUpper(id) + ")": 0,
	} {
		if got := trailers(message); len(got) != want {
			t.Errorf("%q names %v", message, got)
		}
	}
}

func TestGitFindsEqualPatches(t *testing.T) {
	t.Parallel()
	m, id := measured(t)
	for ref, want := range map[string]string{newRef: "plain-b x-a", oldRef: "chained-a"} {
		for name, ask := range map[string]func() (marks, error){
			"git cherry":        func() (marks, error) { return m.clone.cherry(t.Context(), mainRef, ref) },
			"git --cherry-mark": func() (marks, error) { return m.clone.cherryMark(t.Context(), mainRef, ref) },
		} {
			said, err := ask()
			if err != nil {
				t.Fatal(err)
			}
			var same []string
			for commit, yes := range said {
				if yes && m.main[commit] == nil {
					same = append(same, names(id, commit))
				}
			}
			slices.Sort(same)
			if got := strings.Join(same, " "); got != want {
				t.Errorf("%s says of %s that %q are on main, want %q", name, ref, got, want)
			}
		}
	}
	if twin, err := m.clone.twin(t.Context(), mainRef, id["plain-b"]); err != nil || twin != id["b"] {
		t.Errorf("the twin is %s, %v", names(id, twin), err)
	}
	if twin, err := m.clone.twin(t.Context(), mainRef, id["hotfix"]); err != nil || twin != "" {
		t.Errorf("the hotfix has the twin %s, %v", names(id, twin), err)
	}
}

// answers is a detector that knows what it is told, as "commit: origin evidence".
type answers map[string][2]string

func (a answers) Origin(commit string) (string, history.Evidence, bool) {
	x, ok := a[commit]
	return x[0], history.Evidence(x[1]), ok
}

// told makes answers from lines such as "x-a a patch".
func told(id map[string]string, lines ...string) answers {
	a := answers{}
	for _, l := range lines {
		f := strings.Fields(l)
		a[id[f[0]]] = [2]string{id[f[1]], f[2]}
	}
	return a
}

func TestADetectorIsCountedAgainstTheTruth(t *testing.T) {
	t.Parallel()
	m, id := measured(t)
	m.blind = told(id, "x-a a patch", "adapted-c d pr", "chained-a a patch", "short-d d subject", "x-merge part pr", "hotfix b pr", "lines-only hotfix patch")
	m.open = told(id, "x-a a trailer", "plain-b b patch", "adapted-c c trailer", "x-merge merge trailer", "lines-only hotfix trailer", "stray e subject", "chained-a e patch")
	if err := m.measure(t.Context()); err != nil {
		t.Fatal(err)
	}
	newer, older := m.Lines[0], m.Lines[1]
	type counts = map[history.Evidence]int
	if !maps.Equal(newer.Hidden.Right, counts{"patch": 1}) || !maps.Equal(newer.Hidden.Wrong, counts{"pr": 1}) || newer.Hidden.Missed != 0 {
		t.Errorf("1.1: %+v", newer.Hidden)
	}
	if !maps.Equal(older.Hidden.Right, counts{"patch": 1, "subject": 1, "pr": 1}) || older.Hidden.wrong() != 0 || older.Hidden.Missed != 2 {
		t.Errorf("1.0: %+v", older.Hidden)
	}
	if newer.Commits != 4 || newer.Trailers != 2 || older.Commits != 7 || older.Trailers != 6 {
		t.Errorf("%+v\n%+v", newer, older)
	}
	// What lies on another line only is not found on main.
	if !maps.Equal(newer.Found, counts{"trailer": 2, "patch": 1}) || !maps.Equal(older.Found, counts{"trailer": 1, "subject": 1, "patch": 1}) {
		t.Errorf("%v, %v", newer.Found, older.Found)
	}
	if want := (Agreement{Both: 2, Neither: 1, More: 1}); newer.Cherry != want || newer.CherryMark != want {
		t.Errorf("%+v, %+v", newer.Cherry, newer.CherryMark)
	}
	if want := (Agreement{Both: 1, Neither: 4, More: 2}); older.Cherry != want || older.CherryMark != want {
		t.Errorf("%+v, %+v", older.Cherry, older.CherryMark)
	}
	var got []string
	for _, d := range m.Disagreements {
		ours, theirs := "-", "-"
		if d.Ours != nil {
			ours = names(id, d.Ours.id)
		}
		if d.Theirs != nil {
			theirs = names(id, d.Theirs.id)
		}
		got = append(got, fmt.Sprintf("%s: %s %s, ours %s, theirs %s", d.Oracle, d.Kind, names(id, d.Commit.id), ours, theirs))
	}
	slices.Sort(got)
	want := []string{
		"--cherry-mark: more adapted-c, ours c, theirs -",
		"--cherry-mark: more stray, ours e, theirs -",
		"--cherry-mark: more x-merge, ours merge, theirs -",
		"--cherry-mark: wrong chained-a, ours e, theirs -", // e has no twin, so its patch cannot be the same
		"git cherry: more adapted-c, ours c, theirs -",
		"git cherry: more stray, ours e, theirs -",
		"git cherry: more x-merge, ours merge, theirs -",
		"trailers: missed squash, ours -, theirs e",
		"trailers: missed via-c, ours -, theirs c",
		"trailers: wrong adapted-c, ours d, theirs c",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestTheSampleIsTheSameInAnyOrder(t *testing.T) {
	t.Parallel()
	var all []Disagreement
	for i := range 40 {
		c := &commit{id: fmt.Sprintf("%040x", i*7919%1000)}
		if i < 2 {
			all = append(all, Disagreement{Oracle: ByTrailers, Kind: "wrong", Commit: c})
		}
		all = append(all, Disagreement{Oracle: ByCherry, Kind: "more", Commit: c, By: history.ByPR}, Disagreement{Oracle: ByCherryMark, Kind: "more", Commit: c, By: history.ByPR})
		if i%4 == 0 {
			all = append(all, Disagreement{Oracle: ByCherry, Kind: "missed", Commit: &commit{id: fmt.Sprintf("f%039x", i)}})
		}
	}
	want := sample(all, 10)
	var kinds []string
	for _, d := range want {
		kinds = append(kinds, d.Kind)
		if d.Kind == "more" && d.Oracle != "git cherry and --cherry-mark" {
			t.Errorf("what two oracles say alike is one: %+v", d)
		}
	}
	if got := strings.Join(kinds, " "); got != "wrong wrong missed missed missed missed more more more more" {
		t.Errorf("sample of %s", got)
	}
	shuffled := slices.Clone(all)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	again := sample(shuffled, 10)
	for i := range want {
		if again[i].Commit != want[i].Commit || again[i].Kind != want[i].Kind {
			t.Errorf("row %d is %+v, and %+v in another order", i, want[i], again[i])
		}
	}
	if got := sample(all, 1000); len(got) != 2+40+10 {
		t.Errorf("all of them are %d", len(got))
	}
	if got := sample(nil, 5); len(got) != 0 {
		t.Error(got)
	}
}

// accuracy runs the program.
func accuracy(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestTheReportOfARealHistory(t *testing.T) {
	t.Parallel()
	r, id := picked(t)
	args := []string{"--repo", r.dir, "--main", mainRef, "--line", newRef, "--line", oldRef, "--markdown"}
	code, out, errs := accuracy(t, args...)
	if code != 0 || errs != "" {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	for _, want := range []string{
		"refs/heads/main is at " + id["e"] + ".",
		"| release/1.1 | " + id["hotfix"][:10] + " | 4 | 2 | 3 |", // commits, own trailers, found on main
		"| all |  | 11 | 8 |",
		"| release/1.1 | 2 | 1 | 0 | 1 | 50.0 % | 100.0 % |", // the subject of adapted-c is too short to tell
		"| release/1.1 | git cherry | 2 | 1 | 1 | 0 | 100.0 % |",
		"more | " + id["adapted-c"][:10] + " fix: c | " + id["c"][:10] + " fix: c | trailer | – |",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q:\n%s", want, out)
		}
	}
	if _, again, _ := accuracy(t, args...); again != out {
		t.Error("the second report differs")
	}
	_, plain, _ := accuracy(t, append(args[:len(args)-1], "--sample", "1")...)
	if !strings.Contains(plain, "1 of ") || strings.Contains(plain, "|") {
		t.Errorf("plain report:\n%s", plain)
	}
}

func TestWhatCannotBeMeasuredIsRefused(t *testing.T) {
	t.Parallel()
	r, _ := picked(t)
	shallow := t.TempDir()
	r.git("clone", "--quiet", "--depth=2", "--no-single-branch", "file://"+r.dir, shallow)
	for _, c := range []struct {
		name string
		code int
		says string
		args []string
	}{
		{"no line", 2, "at least one --line", []string{"--main", mainRef}},
		{"a short name", 2, "not a full ref name", []string{"--main", "main", "--line", newRef}},
		{"an argument", 2, "at least one --line", []string{"--main", mainRef, "--line", newRef, "more"}},
		{"an unknown flag", 2, "flag provided", []string{"--party"}},
		{"no such ref", 1, "refs/heads/none", []string{"--repo", r.dir, "--main", mainRef, "--line", "refs/heads/none"}},
		{"no repository", 1, "not a git repository", []string{"--repo", t.TempDir(), "--main", mainRef, "--line", newRef}},
		{"a shallow clone", 1, "--unshallow", []string{"--repo", shallow, "--main", "refs/remotes/origin/main", "--line", "refs/remotes/origin/release/1.1"}},
	} {
		code, out, errs := accuracy(t, c.args...)
		if code != c.code || !strings.Contains(errs, c.says) || out != "" {
			t.Errorf("%s: exit code %d, want %d that says %q:\n%s%s", c.name, code, c.code, c.says, errs, out)
		}
	}
}

func TestReadingEndsWithTheFirstError(t *testing.T) {
	t.Parallel()
	r, _ := picked(t)
	enough, seen := errors.New("enough"), 0
	err := clone{r.dir}.each(t.Context(), "", '\n', func(string) error { seen++; return enough }, "cat-file", "--batch-all-objects", "--batch")
	if !errors.Is(err, enough) || seen != 1 {
		t.Errorf("%v after %d records", err, seen)
	}
}

func TestSubjectsCannotBreakTheTable(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	tab := &table{title: "T", head: []string{"a"}}
	tab.row("x | <b> `c` [d](e)\n")
	tab.markdown(&b)
	if !strings.HasSuffix(b.String(), "| x \\| &lt;b> \\`c\\` \\[d](e)  |\n\n") {
		t.Errorf("%q", b.String())
	}
}
