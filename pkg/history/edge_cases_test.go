package history_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relctl/relctl/pkg/release"
)

// cherry is what git cherry says of a commit of main against a line: "-" for applied, "+" for missing, "" for nothing.
func (w *world) cherry(line, commit string) string {
	w.t.Helper()
	for entry := range strings.Lines(w.Git("cherry", "refs/heads/release/"+line, "refs/heads/main")) {
		if sign, id, _ := strings.Cut(strings.TrimSpace(entry), " "); id == commit {
			return sign
		}
	}
	return ""
}

// Each row is a history about which git cherry is wrong, or says nothing.
func TestWhereGitCherryIsMisled(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, sign string
		build      func(w *world) claim
	}{
		{"picked, then reverted there", "-", func(w *world) claim {
			fix := w.Commit("fix: one")
			w.on("2.4")
			return claim{fix, "2.4", "reverted trailer certain", w.Revert(w.Pick(fix))}
		}},
		{"picked, reverted, picked and reverted", "-", func(w *world) claim {
			fix := w.Commit("fix: one")
			w.on("2.4")
			w.Revert(w.Pick(fix))
			return claim{fix, "2.4", "reverted trailer certain", w.Revert(w.Pick(fix))}
		}},
		{"picked with a conflict resolved", "+", func(w *world) claim {
			fix := w.Commit("fix: one", "base.txt", "fixed\n")
			w.on("2.4")
			w.Commit("chore: another base", "base.txt", "other\n")
			return claim{fix, "2.4", "picked trailer certain", w.Commit("fix: one\n\n(cherry picked from commit "+fix+")", "base.txt", "other, fixed\n")}
		}},
		{"two changes squashed into one pick", "+", func(w *world) claim {
			first, second := w.Commit("fix: one", "a.txt", "1\n"), w.Commit("fix: two", "b.txt", "1\n")
			w.on("2.4")
			squash := w.Commit(fmt.Sprintf("fix: both\n\n(cherry picked from commit %s)\n(cherry picked from commit %s)", first, second), "a.txt", "1\n", "b.txt", "1\n")
			return claim{first, "2.4", "picked trailer certain", squash}
		}},
		{"an empty pick of what is there by another commit", "+", func(w *world) claim {
			fix := w.Commit("fix: one", "a.txt", "1\n")
			w.on("2.4")
			w.Commit("chore: more than the fix", "a.txt", "1\n", "b.txt", "2\n")
			return claim{fix, "2.4", "picked trailer certain", w.Empty("fix: one\n\n(cherry picked from commit " + fix + ")")}
		}},
		{"the merge of a pull request, picked with -m", "", func(w *world) claim {
			unit, _, _ := w.pull("Merge pull request #7 from dev/topic\n\nfix: in two steps")
			w.on("2.4")
			return claim{unit, "2.4", "picked trailer certain", w.run("cherry-pick", "-m", "1", "-x", unit)}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.cut("2.4")
			w.on("main")
			want := c.build(w)
			if got := w.cherry("2.4", want.change); got != c.sign {
				t.Errorf("git cherry says %q, want %q: the row is not what it was made for", got, c.sign)
			}
			check(t, w.load(), want)
		})
	}
}

// A forward merge with -s ours, or one that is taken back, makes the line's commit an ancestor without its content.
func TestAncestryAloneIsNoProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cut("2.4")
	hotfix := w.Commit("fix: made on the line")
	w.on("main")
	w.Commit("fix: of main")
	w.run("merge", "--quiet", "-s", "ours", "-m", "Merge release/2.4 into main", "release/2.4")
	if _, err := w.TryGit("merge-base", "--is-ancestor", hotfix, "main"); err != nil {
		t.Fatal("the hotfix is no ancestor, the test is not what it was made for")
	}
	check(t, w.load(), claim{hotfix, "main", "missing", ""})
	up := w.Pick(hotfix)
	check(t, w.load(), claim{hotfix, "main", "picked trailer certain", up})
}

// Messages as they occur are read by the rules or reported, and never keep a change from being found.
func TestOddMessagesInARealHistory(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("lorem ipsum ", 1<<16)
	rows := []struct {
		name, message string
		// want has what the message says; Problem is a part of the reason.
		want release.Change
	}{
		{"CRLF", "fix(api): one\r\n\r\nthe body\r\n\r\nRefs: 1\r\n", release.Change{Type: "fix", Scope: "api", Subject: "one", Body: "the body", Footers: []release.Footer{{Token: "Refs", Value: "1"}}}},
		{"invalid UTF-8", "fix: caf\xe9 is open\n", release.Change{Type: "fix", Subject: "caf\uFFFD is open"}},
		{"no subject", "", release.Change{Problem: "no subject"}},
		{"a body without a subject", "\n\n\nonly this\n", release.Change{Subject: "only this", Problem: `no "type: "`}},
		{"breaking, by the header", "feat!: drop it\n", release.Change{Type: "feat", Subject: "drop it", Breaking: true}},
		{"breaking, by a hyphened footer over paragraphs", "fix: two\n\nBREAKING-CHANGE: gone\n\nfor good\n\nRefs: 2\n", release.Change{
			Type: "fix", Subject: "two", Breaking: true, BreakingNote: "gone\n\nfor good",
			Footers: []release.Footer{{Token: "BREAKING-CHANGE", Value: "gone\n\nfor good"}, {Token: "Refs", Value: "2"}},
		}},
		{"slashes", "ci/release(a/b): three\n", release.Change{Type: "ci/release", Scope: "a/b", Subject: "three"}},
		{"the mark before the scope", "feat!(s): four\n", release.Change{Subject: "feat!(s): four", Problem: "no type"}},
		{"no space", "feat:five\n", release.Change{Subject: "feat:five", Problem: "space"}},
		{"an empty scope", "feat(): six\n", release.Change{Subject: "feat(): six", Problem: "scope"}},
		{"a squash", "fix: seven\n\nfix: x\nfeat: y\n", release.Change{Type: "fix", Subject: "seven", Body: "fix: x\nfeat: y"}},
		{"a body of a megabyte", "fix: eight\n\n" + long, release.Change{Type: "fix", Subject: "eight"}},
	}
	w := newWorld(t)
	from := w.Git("rev-parse", "main")
	w.cut("2.4")
	w.on("main")
	ids, picks := make([]string, len(rows)), make([]string, len(rows))
	for i, c := range rows {
		ids[i] = w.Commit(c.message, fmt.Sprintf("odd%d.txt", i), "1\n")
	}
	_, _, all := changes(t, w.Repo, from, w.Head())
	w.on("2.4")
	for i, id := range ids {
		picks[i] = w.carry(id, fmt.Sprintf("chore: the odd one, %d", i))
	}
	if len(all) != len(rows) {
		t.Fatalf("%d changes, want %d", len(all), len(rows))
	}
	ix := w.load()
	for i, c := range rows {
		got := all[len(rows)-1-i]
		read := release.Change{
			Type: got.Type, Scope: got.Scope, Subject: got.Subject, Body: got.Body, Breaking: got.Breaking, BreakingNote: got.BreakingNote, Footers: got.Footers,
		}
		if strings.HasPrefix(got.Body, long[:100]) {
			read.Body = ""
		}
		if got.ID != ids[i] || !strings.Contains(got.Problem, c.want.Problem) || (got.Problem == "") != (c.want.Problem == "") {
			t.Errorf("%s: the problem is %q, want %q", c.name, got.Problem, c.want.Problem)
		}
		c.want.Problem = ""
		if d := cmp.Diff(c.want, read); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
		check(t, ix, claim{ids[i], "2.4", "picked patch strong", picks[i]})
	}
}
