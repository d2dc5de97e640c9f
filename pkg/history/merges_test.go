package history_test

import (
	"slices"
	"testing"
)

// pull merges a branch of two commits into what is checked out, as forges do.
func (w *world) pull(message string) (merge, first, second string) {
	w.t.Helper()
	here := w.Git("symbolic-ref", "--short", "HEAD")
	topic := "topic/" + w.Head()
	w.Branch(topic)
	first = w.Commit("first step of " + topic)
	second = w.Commit("second step of "+topic, "second.txt", "1\n")
	w.Checkout(here)
	return w.Merge(topic, message), first, second
}

func TestMergesOfPullRequestsAreUnits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		build func(w *world) []claim
	}{
		{"picked as a whole with -m", func(w *world) []claim {
			unit, _, second := w.pull("Merge pull request #7 from dev/topic\n\nfix: in two steps")
			w.on("2.4")
			pick := w.run("cherry-pick", "-m", "1", "-x", unit)
			return []claim{{unit, "2.4", "picked trailer certain", pick}, {second, "2.4", "picked trailer certain", pick}}
		}},
		{"picked as a whole without a trailer", func(w *world) []claim {
			unit, _, _ := w.pull("fix: in two steps (#7)")
			w.on("2.4")
			w.Git("cherry-pick", "-m", "1", "--no-commit", unit)
			pick := w.Empty("fix: by hand")
			return []claim{{unit, "2.4", "picked patch strong", pick}}
		}},
		{"picked in parts", func(w *world) []claim {
			unit, first, second := w.pull("fix: in two steps (#7)")
			w.on("2.4")
			w.Pick(first)
			last := w.Pick(second)
			return []claim{{unit, "2.4", "picked trailer certain", last}}
		}},
		{"picked in parts of which one is empty", func(w *world) []claim {
			w.Branch("topic/odd")
			first := w.Commit("first step")
			w.Empty("chore: start the tests again")
			w.Checkout("main")
			unit := w.Merge("topic/odd", "fix: in one step (#7)")
			w.on("2.4")
			pick := w.Pick(first)
			return []claim{{unit, "2.4", "picked trailer certain", pick}}
		}},
		{"picked partly is missing", func(w *world) []claim {
			unit, first, _ := w.pull("fix: in two steps (#7)")
			w.on("2.4")
			w.Pick(first)
			return []claim{{unit, "2.4", "missing", ""}}
		}},
		{"one of the parts reverted", func(w *world) []claim {
			unit, first, second := w.pull("fix: in two steps (#7)")
			w.on("2.4")
			w.Pick(first)
			revert := w.Revert(w.Pick(second))
			return []claim{{unit, "2.4", "reverted trailer certain", revert}}
		}},
		{"picked as a squash that names the parts", func(w *world) []claim {
			unit, first, second := w.pull("fix: in two steps (#7)")
			w.on("2.4")
			squash := w.Commit("fix: squashed\n\n(cherry picked from commit "+first+")\n(cherry picked from commit "+second+")", "x.txt", "1\n")
			return []claim{{unit, "2.4", "picked trailer certain", squash}}
		}},
		{"picked with -m and a conflict, under the merge's own words", func(w *world) []claim {
			unit, _, _ := w.pull("Merge pull request #7 from dev/topic\n\nfix: in two steps")
			w.on("2.4")
			pick := w.Commit("Merge pull request #7 from dev/topic\n\nfix: in two steps", "second.txt", "2\n")
			return []claim{{unit, "2.4", "picked pr likely", pick}}
		}},
		{"one step picked, whose subject is that of the whole", func(w *world) []claim {
			w.Branch("topic")
			first, second := w.Commit("fix: weigh the parcels", "weigh.txt", "1\n"), w.Commit("show what they weigh", "show.txt", "1\n")
			w.on("main")
			unit := w.Merge("topic", "Merge pull request #7 from dev/topic\n\nfix: weigh the parcels")
			w.on("2.4")
			w.Commit("[2.4] fix: weigh the parcels", "weigh.txt", "2\n")
			w.cut("2.5")
			other := w.Commit("[2.5] show what they weigh", "show.txt", "2\n")
			return []claim{{first, "2.4", "missing", ""}, {second, "2.4", "missing", ""}, {unit, "2.4", "missing", ""}, {unit, "2.5", "picked subject likely", other}}
		}},
		{"picked as a squash that names the pull request", func(w *world) []claim {
			unit, _, _ := w.pull("Merge pull request #7 from dev/topic\n\nfix: in two steps")
			w.on("2.4")
			squash := w.Commit("fix: other words (#7) (#70)", "second.txt", "2\n")
			return []claim{{unit, "2.4", "picked pr likely", squash}}
		}},
		{"brought to the line by a merge of its own", func(w *world) []claim {
			unit, first, second := w.pull("fix: in two steps (#7)")
			w.on("2.4")
			w.Branch("backport/7")
			w.Pick(first)
			w.Pick(second)
			w.on("2.4")
			merge := w.Merge("backport/7", "chore: bring the steps here")
			return []claim{{unit, "2.4", "picked trailer certain", w.Git("rev-parse", merge+"^2")}, {merge, "main", "picked ancestry certain", unit}}
		}},
		{"reverted on main as a whole", func(w *world) []claim {
			unit, _, _ := w.pull("fix: in two steps (#7)")
			revert := w.run("revert", "--no-edit", "-m", "1", unit)
			return []claim{{unit, "main", "reverted trailer certain", revert}, {unit, "2.4", "missing", ""}}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.cut("2.4")
			w.on("main")
			claims := c.build(w)
			check(t, w.load(), claims...)
		})
	}
}

func TestOfOtherMergesEachCommitCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cut("2.4")
	w.cut("2.5")
	w.on("main")
	merge, first, second := w.pull("Merge pull request #7 from dev/topic\n\nNo convention here")
	w.on("2.4")
	pick := w.run("cherry-pick", "-m", "1", "-x", merge)
	w.on("2.5")
	byNumber := w.Commit("fix: the same by hand (#7) (#8)", "second.txt", "2\n")
	ix := w.load()
	check(t, ix,
		claim{first, "2.4", "picked trailer certain", pick}, claim{second, "2.4", "picked trailer certain", pick},
		claim{first, "2.5", "picked pr likely", byNumber}, claim{second, "2.5", "picked pr likely", byNumber},
	)
	for _, c := range ix.Changes() {
		if c.Commit == merge {
			t.Error("the merge is listed as a change")
		}
	}
	if found := ix.Find("#7"); len(found) != 2 || found[0].Commit != second || found[1].Commit != first {
		t.Errorf("#7 is %v", found)
	}
}

func TestAUnitTellsItsMainlineAndItsParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cut("2.4")
	w.on("main")
	mainline := w.Head()
	unit, first, second := w.pull("Merge pull request #7 from dev/topic\n\nfix(api): in two steps")
	ix := w.load()
	c := ix.Changes()[0]
	if c.Commit != unit || c.Parent != mainline || c.PR != 7 || c.Scope != "api" || !slices.Equal(c.Parts, []string{first, second}) {
		t.Errorf("the unit is %+v", c)
	}
	if n := len(ix.Changes()); n != 1 {
		t.Errorf("%d changes, want the unit alone", n)
	}
}

func TestMergesBetweenBranches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		build func(w *world) []claim
	}{
		{"a line merged forward with -s ours is an ancestor, and its content is not there", func(w *world) []claim {
			hotfix := w.Commit("fix: made on the line")
			w.release("2.4", "2.4.1")
			w.on("main")
			w.Commit("fix: something of main")
			w.run("merge", "--quiet", "-s", "ours", "-m", "Merge release/2.4 into main", "release/2.4")
			return []claim{{hotfix, "main", "missing", ""}, {hotfix, "2.4", "present 2.4.1 ancestry certain", hotfix}}
		}},
		{"a line merged forward brings its hotfixes, each a change of its own", func(w *world) []claim {
			hotfix := w.Commit("fix: made on the line")
			w.on("main")
			w.Commit("fix: something of main")
			w.Merge("release/2.4", "chore: merge release/2.4 into main")
			return []claim{{hotfix, "main", "picked ancestry certain", hotfix}, {hotfix, "2.4", "picked ancestry certain", hotfix}}
		}},
		{"picks stay picks after their line was merged forward", func(w *world) []claim {
			w.on("main")
			patch, number, words := w.Commit("fix: one", "a.txt", "1\n"), w.Commit("fix: two (#12)", "new/b.txt", "1\n"), w.Commit("fix: known by its subject")
			w.on("2.4")
			byPatch := w.carry(patch, "fix: one, by other words")
			byNumber := w.Commit("fix: two, adapted (#12) (#20)", "old/b.txt", "2\n")
			byWords := w.Commit("[release-2.4] fix: known by its subject", "c.txt", "1\n")
			w.on("main")
			w.Merge("release/2.4", "Merge release/2.4 into main")
			w.Commit("fix: main goes on")
			w.on("2.4")
			w.Commit("fix: and so does the line")
			return []claim{
				{patch, "2.4", "picked patch strong", byPatch}, {patch, "main", "picked ancestry certain", patch},
				{number, "2.4", "picked pr likely", byNumber},
				{words, "2.4", "picked subject likely", byWords},
			}
		}},
		{"what was taken back on the line comes to main taken back", func(w *world) []claim {
			hotfix := w.Commit("fix: made on the line")
			revert := w.Revert(hotfix)
			w.Commit("fix: and this stays")
			w.on("main")
			w.Commit("fix: something of main")
			w.Merge("release/2.4", "Merge release/2.4 into main")
			return []claim{{hotfix, "main", "reverted trailer certain", revert}}
		}},
		{"main merged into a line brings what main has", func(w *world) []claim {
			w.on("main")
			fix := w.Commit("fix: one")
			w.on("2.4")
			w.Commit("fix: made on the line")
			w.release("2.4", "2.4.1")
			w.Merge("main", "Merge main into release/2.4")
			w.release("2.4", "2.4.2")
			return []claim{{fix, "2.4", "present 2.4.2 ancestry certain", fix}}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.cut("2.4")
			claims := c.build(w)
			check(t, w.load(), claims...)
		})
	}
}
