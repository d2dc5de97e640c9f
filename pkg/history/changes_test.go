package history_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/internal/gittest"
	"github.com/relctl/relctl/pkg/release"
)

// changes returns what a range says, as "type subject", newest first.
func changes(t *testing.T, r *gittest.Repo, from, to string) (kept, dropped []string, all []release.Change) {
	t.Helper()
	repo, err := git.Open(t.Context(), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	res, err := history.Changes(t.Context(), repo, history.Options{From: from, To: to})
	if err != nil {
		t.Fatal(err)
	}
	text := func(list []release.Change) []string {
		var out []string
		for _, c := range list {
			out = append(out, strings.TrimSpace(c.Type+" "+c.Subject))
		}
		return out
	}
	return text(res.Changes), text(res.Dropped), res.Changes
}

func equal(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestARangeIsToldNewestFirst(t *testing.T) {
	r := gittest.New(t)
	base := r.Commit("feat: begin", "a", "1")
	r.Commit("fix(x): one (#7)", "a", "2")
	r.Commit("no type", "a", "3")
	kept, _, all := changes(t, r, base, r.Head())
	equal(t, "changes", kept, "no type", "fix one")
	if all[1].PR != 7 || all[1].Scope != "x" || all[0].Problem == "" {
		t.Errorf("%+v", all)
	}
	kept, _, _ = changes(t, r, "", r.Head())
	equal(t, "whole history", kept, "no type", "fix one", "feat begin")
}

func TestARevertTakesItsOriginalOutAndByParityPutsItBack(t *testing.T) {
	r := gittest.New(t)
	base := r.Commit("feat: begin", "a", "1")
	fix := r.Commit("fix: one", "b", "1")
	revert := r.Revert(fix)
	kept, dropped, _ := changes(t, r, base, r.Head())
	equal(t, "after a revert", kept)
	equal(t, "dropped", dropped, "revert fix: one", "fix one")
	r.Revert(revert)
	kept, _, _ = changes(t, r, base, r.Head())
	equal(t, "after a revert of the revert", kept, "fix one")
	kept, _, _ = changes(t, r, fix, revert)
	equal(t, "a revert of what was released before", kept, "revert fix: one")
}

// What a revert says is held against what it does: code that it leaves behind, or brings, is a change.
func TestARevertThatIsNoInverseLeavesBothChanges(t *testing.T) {
	t.Parallel()
	const text = "a\nb\nc\nd\ne\nf\ng\nh\n"
	for _, c := range []struct {
		name string
		make func(r *gittest.Repo, fix string)
		want []string
		news bool // the last commit is one of them
	}{
		{"of a part", func(r *gittest.Repo, fix string) {
			r.Git("revert", "--no-commit", fix)
			r.Git("checkout", "--quiet", fix, "--", "c")
			r.Empty("Revert \"fix: one\"\n\nThis reverts commit " + fix + ".")
		}, []string{"revert fix: one", "fix one"}, true},
		{"of nothing", func(r *gittest.Repo, fix string) {
			r.Empty("Revert \"fix: one\"\n\nThis reverts commit " + fix + ".")
		}, []string{"revert fix: one", "fix one"}, true},
		{"of nothing, by its subject", func(r *gittest.Repo, _ string) {
			r.Empty("Revert \"fix: one\" (#8)")
		}, []string{"revert fix: one", "fix one"}, true},
		{"with something more", func(r *gittest.Repo, fix string) {
			r.Git("revert", "--no-commit", fix)
			r.Commit("Revert \"fix: one\"\n\nThis reverts commit "+fix+".", "d", "more")
		}, []string{"revert fix: one", "fix one"}, true},
		{"with blanks only", func(r *gittest.Repo, fix string) {
			r.Git("revert", "--no-commit", fix)
			r.Commit("Revert \"fix: one\"\n\nThis reverts commit "+fix+".", "b", strings.Replace(text, "h", " h", 1))
		}, []string{"revert fix: one", "fix one"}, true},
		{"whole, after the lines around it changed", func(r *gittest.Repo, fix string) {
			r.Commit("fix: two", "b", "A\n"+strings.Replace(text, "b", "B", 1))
			r.Revert(fix)
		}, []string{"fix two"}, false},
		{"whole, and reverted in part", func(r *gittest.Repo, fix string) {
			revert := r.Revert(fix)
			r.Commit("Reapply \"fix: one\"\n\nThis reverts commit "+revert+".", "c", "1")
		}, []string{"fix one"}, true},
		{"in part, and that reverted as a whole", func(r *gittest.Repo, fix string) {
			r.Git("rm", "--quiet", "c")
			r.Revert(r.Empty("Revert \"fix: one\"\n\nThis reverts commit " + fix + "."))
		}, []string{"fix one"}, false},
		{"of two at once", func(r *gittest.Repo, fix string) {
			two := r.Commit("fix: two", "c", "2")
			r.Git("revert", "--no-commit", two, fix)
			r.Empty("fix: go back\n\nThis reverts commits " + fix + ",\n" + two + ".")
		}, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := gittest.New(t)
			base := r.Commit("feat: begin", "b", text)
			c.make(r, r.Commit("fix: one", "b", strings.Replace(text, "f", "F", 1), "c", "1"))
			kept, _, all := changes(t, r, base, r.Head())
			equal(t, "changes", kept, c.want...)
			if got := len(all) > 0 && all[0].Commit == r.Head(); got != c.news {
				t.Errorf("the last commit is a change: %v, want %v", got, c.news)
			}
		})
	}
}

func TestARevertAsForgesMakeItNamesItsOriginalInQuotes(t *testing.T) {
	r := gittest.New(t)
	base := r.Commit("feat: begin", "a", "1")
	r.Empty("fix: one (#7)")
	last := r.Empty("Revert \"fix: one (#7)\" (#8)\n\nReverts acme/acme#7")
	kept, dropped, _ := changes(t, r, base, last)
	equal(t, "after a revert", kept)
	equal(t, "dropped", dropped, "revert fix: one", "fix one")
	r.Empty("fix: one (#9)")
	r.Empty("Revert \"fix: another (#6)\" (#10)")
	kept, _, _ = changes(t, r, base, r.Head())
	equal(t, "made again, and another that was released before", kept, "revert fix: another", "fix one")
}

func TestARevertOfAPickNamesItByItsOwnIDOrTheOriginals(t *testing.T) {
	r := gittest.New(t)
	base := r.Commit("feat: begin", "a", "1")
	original := r.Commit("fix: one", "b", "1")
	r.Git("checkout", "--quiet", "-b", "line", base)
	picked := r.Pick(original)
	_, _, all := changes(t, r, base, picked)
	if all[0].ID != original || all[0].Commit != picked {
		t.Errorf("the pick is %s of %s, want %s of %s", all[0].Commit, all[0].ID, picked, original)
	}
	r.Git("rm", "--quiet", "b")
	r.Empty("Revert \"fix: one\"\n\nThis reverts commit " + original + ".")
	kept, _, _ := changes(t, r, base, r.Head())
	equal(t, "reverted by the original's id", kept)
	r.Empty("fix: one\n\n(cherry picked from commit " + original + ")")
	kept, _, _ = changes(t, r, base, r.Head())
	equal(t, "picked again", kept, "fix one")
}

func TestAPullRequestIsOneChangeAndOtherMergesAreWhatTheyBring(t *testing.T) {
	r := gittest.New(t)
	base := r.Commit("feat: begin", "a", "1")
	r.Git("checkout", "--quiet", "-b", "topic")
	r.Commit("wip: half", "b", "1")
	r.Commit("wip: whole", "b", "2")
	r.Checkout("main")
	r.Commit("fix: meanwhile", "c", "1")
	r.Merge("topic", "Merge pull request #9 from acme/topic\n\nperf: faster")
	kept, _, all := changes(t, r, base, r.Head())
	equal(t, "a pull request", kept, "perf faster", "fix meanwhile")
	if all[0].PR != 9 {
		t.Errorf("its number is %d", all[0].PR)
	}
	mid := r.Head()
	r.Git("checkout", "--quiet", "-b", "other")
	r.Commit("fix: two", "d", "1")
	r.Commit("fix: three", "d", "2")
	r.Checkout("main")
	r.Merge("other", "Merge branch 'other'")
	kept, _, _ = changes(t, r, mid, r.Head())
	equal(t, "another merge", kept, "fix three", "fix two")
}

func TestAForwardMergeDoesNotTellTwice(t *testing.T) {
	r := gittest.New(t)
	base := r.Commit("feat: begin", "a", "1")
	r.Git("checkout", "--quiet", "-b", "release/2.4")
	r.Commit("fix: on the line", "b", "1")
	r.Checkout("main")
	r.Merge("release/2.4", "Merge branch 'release/2.4'")
	r.Git("checkout", "--quiet", "-b", "topic")
	r.Commit("fix: later", "c", "1")
	r.Checkout("main")
	r.Merge("topic", "Merge branch 'topic'")
	kept, _, _ := changes(t, r, base, r.Head())
	equal(t, "changes", kept, "fix later", "fix on the line")
}

func TestHugeAndBrokenMessagesAreCutNotLost(t *testing.T) {
	r := gittest.New(t)
	base := r.Commit("feat: begin", "a", "1")
	r.Commit("fix: "+strings.Repeat("x", 10000)+"\n\n"+strings.Repeat("body ", 200000), "a", "2")
	_, _, all := changes(t, r, base, r.Head())
	if len(all) != 1 || all[0].Type != "fix" || len(all[0].Subject) > 600 || len(all[0].Body) > 2100 {
		t.Errorf("%d changes, subject of %d, body of %d bytes", len(all), len(all[0].Subject), len(all[0].Body))
	}
}
