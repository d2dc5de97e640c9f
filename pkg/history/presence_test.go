package history_test

import (
	"fmt"
	"testing"

	"github.com/relctl/relctl/pkg/history"
)

// Each row is a history that a correct index reads as the claims say.
func TestWhoCarriesWhat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		build func(w *world) []claim
	}{
		{"what was there at the cut is there by ancestry, what came later is missing", func(w *world) []claim {
			before := w.Commit("fix: before")
			w.cut("2.4")
			w.release("2.4", "2.4.0")
			w.on("main")
			after := w.Commit("fix: after the cut")
			return []claim{
				{before, "2.4", "present 2.4.0 ancestry certain", before},
				{after, "2.4", "missing", ""},
				{after, "main", "picked ancestry certain", after},
			}
		}},
		{"a pick counts from the first release that contains it", func(w *world) []claim {
			w.cut("2.4")
			w.on("main")
			fix, late := w.Commit("fix: one"), w.Commit("fix: two")
			w.on("2.4")
			w.release("2.4", "2.4.0")
			pick := w.Pick(fix)
			w.Commit("chore: release 2.4.1")
			w.release("2.4", "2.4.1")
			w.Commit("chore: release 2.4.2")
			w.release("2.4", "2.4.2")
			unreleased := w.Pick(late)
			return []claim{
				{fix, "2.4", "present 2.4.1 trailer certain", pick},
				{pick, "2.4", "present 2.4.1 trailer certain", pick},
				{late, "2.4", "picked trailer certain", unreleased},
			}
		}},
		{"picked, then reverted there", func(w *world) []claim {
			w.cut("2.4")
			w.on("main")
			fix := w.Commit("fix: one")
			w.on("2.4")
			pick := w.Pick(fix)
			w.release("2.4", "2.4.1")
			revert := w.Revert(pick)
			return []claim{{fix, "2.4", "reverted trailer certain", revert}, {fix, "main", "picked ancestry certain", fix}}
		}},
		{"reverted, then picked again: there since the second pick", func(w *world) []claim {
			w.cut("2.4")
			w.on("main")
			fix := w.Commit("fix: one")
			w.on("2.4")
			w.Revert(w.Pick(fix))
			w.release("2.4", "2.4.1")
			again := w.Pick(fix)
			w.release("2.4", "2.4.2")
			return []claim{{fix, "2.4", "present 2.4.2 trailer certain", again}}
		}},
		{"reverted, then picked again without a trailer: found by its patch", func(w *world) []claim {
			w.cut("2.4")
			w.on("main")
			fix := w.Commit("fix: one", "a.txt", "1\n")
			w.on("2.4")
			w.Revert(w.carry(fix, "fix: first attempt"))
			again := w.carry(fix, "fix: second attempt")
			return []claim{{fix, "2.4", "picked patch strong", again}}
		}},
		{"a revert of a revert brings it back, a third takes it again", func(w *world) []claim {
			w.cut("2.4")
			w.cut("2.5")
			w.on("main")
			fix := w.Commit("fix: one")
			w.on("2.4")
			back := w.Revert(w.Revert(w.Pick(fix)))
			w.release("2.4", "2.4.1")
			w.on("2.5")
			gone := w.Revert(w.Revert(w.Revert(w.Pick(fix))))
			return []claim{{fix, "2.4", "present 2.4.1 trailer certain", back}, {fix, "2.5", "reverted trailer certain", gone}}
		}},
		{`newer git's Reapply "…", with the revert's id and without`, func(w *world) []claim {
			w.cut("2.4")
			w.cut("2.5")
			w.on("main")
			fix := w.Commit("fix: one")
			w.on("2.4")
			pick := w.Pick(fix)
			w.release("2.4", "2.4.1")
			revert := w.Revert(pick)
			w.release("2.4", "2.4.2")
			back := w.carry(pick, "Reapply \"fix: one\"\n\nThis reverts commit "+revert+".")
			w.release("2.4", "2.4.3")
			w.on("2.5")
			pick = w.Pick(fix)
			w.Revert(pick)
			byWords := w.carry(pick, `Reapply "fix: one"`)
			return []claim{{fix, "2.4", "present 2.4.3 trailer certain", back}, {fix, "2.5", "picked subject likely", byWords}}
		}},
		{"a revert as GitHub makes it, without any id, on main and on a line", func(w *world) []claim {
			w.cut("2.4")
			w.on("main")
			first, second := w.Commit("fix: one (#1)"), w.Commit("fix: two (#2)")
			other := w.Commit("fix: one more thing (#3)")
			w.Git("revert", "--no-commit", first)
			revert := w.Empty("Revert \"fix: one (#1)\" (#4)\n\nReverts acme/app#1")
			w.on("2.4")
			w.Pick(first)
			pick := w.Pick(second)
			w.Git("revert", "--no-commit", pick)
			here := w.Empty(`Revert "fix: two (#2)" (#9)`)
			return []claim{
				{first, "main", "reverted pr likely", revert},
				{other, "main", "picked ancestry certain", other},
				{first, "2.4", "picked trailer certain", w.Git("rev-parse", "HEAD~2")},
				{second, "2.4", "reverted subject likely", here},
				{second, "main", "picked ancestry certain", second},
			}
		}},
		{"a revert on main that is picked takes the change from the line too, whatever its message keeps", func(w *world) []claim {
			w.cut("2.4")
			w.cut("2.5")
			w.on("main")
			fix := w.Commit("fix: one (#1)", "a.txt", "1\n")
			revert := w.Revert(fix)
			w.on("2.4")
			w.Pick(fix)
			taken := w.Pick(revert)
			w.on("2.5")
			w.Pick(fix)
			squashed := w.carry(revert, "chore: go back to the old way")
			return []claim{
				{fix, "2.4", "reverted trailer certain", taken},
				{fix, "2.5", "reverted patch strong", squashed},
				{revert, "2.5", "picked patch strong", squashed},
			}
		}},
		{"a reapply that is picked alone brings the change", func(w *world) []claim {
			w.cut("2.4")
			w.on("main")
			fix := w.Commit("fix: one", "a.txt", "1\n")
			again := w.Revert(w.Revert(fix))
			w.on("2.4")
			pick := w.Pick(again)
			return []claim{{fix, "2.4", "picked trailer certain", pick}, {again, "2.4", "picked trailer certain", pick}}
		}},
		{"a revert of what the line never had changes nothing", func(w *world) []claim {
			w.cut("2.4")
			w.on("main")
			fix := w.Commit("fix: one", "a.txt", "1\n")
			revert := w.Revert(fix)
			return []claim{{fix, "2.4", "missing", ""}, {revert, "2.4", "not-applicable", ""}, {revert, "main", "picked ancestry certain", revert}}
		}},
		{"a pick with conflict resolution is known by its trailer", func(w *world) []claim {
			w.cut("2.4")
			w.Commit("refactor: another base", "base.txt", "line\n")
			w.on("main")
			fix := w.Commit("fix: one", "base.txt", "fixed\n")
			w.on("2.4")
			pick := w.Commit("fix: one\n\n(cherry picked from commit "+fix+")", "base.txt", "line fixed\n")
			return []claim{{fix, "2.4", "picked trailer certain", pick}}
		}},
		{"a squash of several picks carries each of them", func(w *world) []claim {
			w.cut("2.4")
			w.on("main")
			a, b, c := w.Commit("fix: a"), w.Commit("fix: b"), w.Commit("fix: c")
			w.on("2.4")
			squash := w.Commit(fmt.Sprintf("fix: a and b\n\n(cherry picked from commit %s)\n(cherry picked from commit %s)", a, b), "ab.txt", "x\n")
			return []claim{{a, "2.4", "picked trailer certain", squash}, {b, "2.4", "picked trailer certain", squash}, {c, "2.4", "missing", ""}}
		}},
		{"a chain main, 2.5, 2.4 leads to the root, whether or not the first trailer was kept", func(w *world) []claim {
			w.cut("2.4")
			w.cut("2.5")
			w.on("main")
			kept, lost := w.Commit("fix: kept"), w.Commit("fix: lost")
			w.on("2.5")
			first := w.Pick(kept)
			second := w.Pick(lost)
			w.on("2.4")
			both := w.Pick(first) // git keeps the trailer that is there, and adds its own
			one := w.carry(second, "fix: lost\n\n(cherry picked from commit "+second+")")
			return []claim{{kept, "2.4", "picked trailer certain", both}, {lost, "2.4", "picked trailer certain", one}, {one, "2.5", "picked trailer certain", second}}
		}},
		{"a chain is as good as its weakest link", func(w *world) []claim {
			w.cut("2.4")
			w.cut("2.5")
			w.on("main")
			fix := w.Commit("fix: weigh the parcels", "a.txt", "1\n")
			w.on("2.5")
			adapted := w.Commit("fix: weigh the parcels (#77)", "b.txt", "other\n")
			w.on("2.4")
			pick := w.Pick(adapted)
			return []claim{{fix, "2.5", "picked subject likely", adapted}, {fix, "2.4", "picked subject likely", pick}}
		}},
		{"an empty pick is there", func(w *world) []claim {
			w.cut("2.4")
			w.on("main")
			fix := w.Commit("fix: one", "a.txt", "1\n")
			w.on("2.4")
			w.Commit("chore: the same by another way", "a.txt", "1\n", "b.txt", "2\n")
			empty := w.Empty("fix: one\n\n(cherry picked from commit " + fix + ")")
			return []claim{{fix, "2.4", "picked trailer certain", empty}}
		}},
		{"a plain pick without a trailer is known by patch, an adapted one by author and date", func(w *world) []claim {
			w.cut("2.4")
			w.on("main")
			same, adapted := w.Commit("fix: same patch", "a.txt", "1\n"), w.Commit("fix: adapted patch", "b.txt", "1\n")
			w.on("2.4")
			w.Git("cherry-pick", same)
			byPatch := w.Head()
			w.Git("cherry-pick", adapted)
			w.Write("b.txt", "1 for this line\n")
			w.Git("commit", "--all", "--amend", "--no-edit")
			return []claim{{same, "2.4", "picked patch strong", byPatch}, {adapted, "2.4", "picked author strong", w.Head()}}
		}},
		{"subjects cut off with an ellipsis, if there is enough left and only one has it", func(w *world) []claim {
			w.cut("2.4")
			w.on("main")
			long, one := w.Commit("fix(orders): keep the spaces that a customer typed into a name"), w.Commit("fix: the names of articles in an order (new)")
			w.Commit("fix: the names of articles in an order (old)")
			w.on("2.4")
			whole := w.Commit("fix(orders): keep the spaces that a customer typed into a name (#1…", "x.txt", "1\n")
			w.cut("2.5")
			w.on("2.4")
			w.Git("reset", "--hard", "--quiet", "HEAD^")
			pick := w.Commit("[release/2.4] fix(orders): keep the spaces that a customer…", "x.txt", "1\n")
			w.Commit("[2.4] fix: the names of articles in an order ...", "y.txt", "1\n")
			w.Commit("fix(orders): keep the…", "z.txt", "1\n")
			return []claim{{long, "2.4", "picked subject likely", pick}, {long, "2.5", "picked subject likely", whole}, {one, "2.4", "missing", ""}}
		}},
		{"under another type, if the words are the same, are nobody else's, and so are the files", func(w *world) []claim {
			w.cut("2.4")
			w.on("main")
			one := w.Commit("chore(ci): build with the newest image (#3)", "image.txt", "1\n")
			two := w.Commit("chore: pin all the tools", "tools.txt", "1\n")
			three := w.Commit("docs: say what happens then", "a.txt", "1\n")
			w.Commit("feat: say what happens then", "b.txt", "1\n")
			w.on("2.4")
			pick := w.Commit("fix: build with the newest image (backport release-2.4) (#9)", "image.txt", "2\n")
			w.Commit("fix: pin all the tools", "others.txt", "2\n")
			w.Commit("fix: say what happens then", "a.txt", "2\n")
			return []claim{{one, "2.4", "picked subject likely", pick}, {two, "2.4", "missing", ""}, {three, "2.4", "missing", ""}}
		}},
		{"forge numbers: in the subject, and in words of the body", func(w *world) []claim {
			w.cut("2.4")
			w.on("main")
			one, two, three := w.Commit("fix: one (#11)", "new/x.txt", "1\n"), w.Commit("fix: two (#12)", "y.txt", "1\n"), w.Commit("fix: three (#13)", "z.txt", "1\n")
			same, typo := w.Commit("fix: four (#14)"), w.Commit("fix: five (#15)")
			w.on("2.4")
			inSubject := w.Commit("fix: one, for the old client (#11) (#21)", "old/x.txt", "2\n")
			inBody := w.Commit("fix: the second (#22)\n\nThis is a backport of #12 to release/2.4.", "y.txt", "2\n")
			byURL := w.Commit("fix: the third (#23)\n\nBackport of https://github.example/acme/app/pull/13", "z.txt", "2\n")
			elsewhere := w.Commit("[2.4] fix: four (#14) (#24)", "u.txt", "1\n")
			w.Commit("fix: what #16 did (backport #15)", "v.txt", "1\n") // a wrong number, and no file in common
			return []claim{
				{one, "2.4", "picked pr likely", inSubject}, {two, "2.4", "picked pr likely", inBody}, {three, "2.4", "picked pr likely", byURL},
				{same, "2.4", "picked pr likely", elsewhere}, {typo, "2.4", "missing", ""},
			}
		}},
		{"a hotfix of a line is missing on main until main has it, and picks upwards are seen", func(w *world) []claim {
			w.cut("2.4")
			hotfix, alone := w.Commit("fix: made here"), w.Commit("fix: made here and nowhere else")
			w.cut("2.5")
			w.on("main")
			up := w.Pick(hotfix)
			return []claim{
				{hotfix, "main", "picked trailer certain", up},
				{hotfix, "2.5", "picked ancestry certain", hotfix},
				{alone, "main", "missing", ""},
			}
		}},
		{"two lines, one branched off the other", func(w *world) []claim {
			w.cut("2.4")
			shared := w.Commit("fix: made for 2.4 before 2.5")
			w.cut("2.5")
			w.on("main")
			fix := w.Commit("fix: one")
			w.on("2.4")
			pick := w.Pick(fix)
			return []claim{
				{shared, "2.4", "picked ancestry certain", shared},
				{shared, "2.5", "picked ancestry certain", shared},
				{fix, "2.4", "picked trailer certain", pick},
				{fix, "2.5", "missing", ""},
			}
		}},
		{"a line cut at main's tip has all that main has", func(w *world) []claim {
			fix := w.Commit("fix: one")
			w.cut("2.4")
			return []claim{{fix, "2.4", "picked ancestry certain", fix}, {fix, "main", "picked ancestry certain", fix}}
		}},
		{"a branch named like a tag", func(w *world) []claim {
			w.LightTag("release/2.4") // at the first commit
			w.LightTag("main")
			w.cut("2.4")
			w.Git("checkout", "--quiet", "refs/heads/main", "-B", "main")
			fix := w.Commit("fix: one")
			w.Git("symbolic-ref", "HEAD", "refs/heads/release/2.4")
			pick := w.Empty("fix: one\n\n(cherry picked from commit " + fix + ")")
			return []claim{{fix, "2.4", "picked trailer certain", pick}, {fix, "main", "picked ancestry certain", fix}}
		}},
		{"a title that the forge cut is put together again", func(w *world) []claim {
			w.cut("2.4")
			w.on("main")
			fix := w.Commit("fix: count the parcels of every customer who ever ordered any (#31)")
			w.on("2.4")
			pick := w.Commit("fix: count the parcels of every… (#32)\n\n… customer who ever ordered any (backport release-2.4)\n\nMore.", "x.txt", "1\n")
			mid := w.Commit("fix: count the parcels of every custo… (#33)\n\n…mer who ever ordered nothing", "x.txt", "2\n")
			return []claim{{fix, "2.4", "picked subject likely", pick}, {mid, "main", "missing", ""}}
		}},
		{"commits that name each other do not hang, and are one change", func(w *world) []claim {
			w.cut("2.4")
			w.on("main")
			fix := w.Commit("fix: one")
			w.on("2.4")
			pick := w.Pick(fix)
			w.on("main")
			back := w.Commit("fix: one, again\n\n(cherry picked from commit "+pick+")", "c.txt", "1\n")
			return []claim{{fix, "2.4", "picked trailer certain", pick}, {back, "2.4", "picked trailer certain", pick}}
		}},
		{"a trailer with a shortened id counts, one with an unknown id does not", func(w *world) []claim {
			w.cut("2.4")
			w.on("main")
			short, unknown := w.Commit("fix: short"), w.Commit("fix: unknown")
			w.on("2.4")
			pick := w.Commit("fix: by a short id\n\n(cherry picked from commit "+short[:9]+")", "x.txt", "1\n")
			w.Commit("fix: by no id\n\n(cherry picked from commit 0123456789012345678901234567890123456789)", "y.txt", "1\n")
			return []claim{{short, "2.4", "picked trailer certain", pick}, {unknown, "2.4", "missing", ""}}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			claims := c.build(w)
			check(t, w.load(), claims...)
		})
	}
}

func TestWhatOnlyLooksLikeAPickIsNone(t *testing.T) {
	t.Parallel()
	rows := []struct{ name, main, line string }{
		{"a number that is only mentioned", "fix: one (#11)", "fix: something else (#91)\n\nFollow-up of #11, which was backported in #19."},
		{"a number in prose about a backport", "fix: two (#12)", "fix: something else (#92)\n\nNeeds a backport, see #12."},
		{"a part of a pull request", "fix: three (#13)", "fix: something else (#93)\n\nPartial backport of #13."},
		{"the number of a revert", "fix: four (#14)", "Revert \"fix: forty\" (#94)\n\nBackport of #14."},
		{"a body that quotes a trailer", "fix: five and only", "fix: something else\n\nIt says (cherry picked from commit 0123456) there."},
		{"a short subject", "fix: typo", "fix: typo"},
		{"a release", "chore(release): 2.5.0", "chore(release): 2.5.0"},
		{"a release without a type", "Prepare release 2.5.0 at last", "Prepare release 2.5.0 at last"},
		{"a merge", "Merge commit from fork", "Merge commit from fork"},
		{"the second of two steps", "feat: split the parser", "feat: split the parser (2)"},
		{"another version of a dependency", "chore: update the compiler", "chore: update the compiler to 1.26"},
		{"another case of the same words", "fix: close the door twice", "fix: close the Door twice"},
	}
	w := newWorld(t)
	w.cut("2.4")
	main, line := make([]string, len(rows)), make([]string, len(rows))
	for i, c := range rows {
		line[i] = w.Commit(c.line, fmt.Sprintf("line%d.txt", i), "2\n")
	}
	w.on("main")
	for i, c := range rows {
		main[i] = w.Commit(c.main, fmt.Sprintf("main%d.txt", i), "1\n")
	}
	ix := w.load()
	for i, c := range rows {
		if root, by, ok := ix.Origin(line[i]); ok {
			t.Errorf("%s: counts as %.9s by %s", c.name, root, by)
		}
		check(t, ix, claim{main[i], "2.4", "missing", ""}, claim{line[i], "main", "missing", ""})
	}
}

func TestASubjectThatSeveralChangesHaveIsNoEvidence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cut("2.4")
	w.on("main")
	first, second := w.Commit("chore: update the dependencies (#1)", "a.txt", "1\n"), w.Commit("chore: update the dependencies (#2)", "a.txt", "2\n")
	w.on("2.4")
	w.Commit("chore: update the dependencies [backport] (#9)", "b.txt", "1\n")
	check(t, w.load(), claim{first, "2.4", "missing", ""}, claim{second, "2.4", "missing", ""})
}

func TestASubjectOnALineThatHasItsOwnerIsAnotherChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.Commit("chore: update the dependencies", "a.txt", "1\n")
	w.cut("2.4")
	own := w.Commit("chore: update the dependencies", "a.txt", "2\n")
	w.on("main")
	w.Commit("fix: main goes on")
	check(t, w.load(), claim{old, "2.4", "picked ancestry certain", old}, claim{own, "main", "missing", ""})
}

func TestThePatchOfARevertIsNotThatOfTheChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Commit("feat: a file", "a.txt", "1\n2\n3\n")
	w.cut("2.4")
	w.Commit("chore: the file as it will be", "a.txt", "1\nx\n3\n")
	w.on("main")
	fix := w.Commit("fix: change the file", "a.txt", "1\nx\n3\n")
	revert := w.Revert(fix)
	w.on("2.4")
	undo := w.Commit("chore: the file as it was", "a.txt", "1\n2\n3\n")
	ix := w.load()
	if root, by, ok := ix.Origin(undo); !ok || root != revert || by != history.ByPatch {
		t.Errorf("the line's way back is %.9q by %s", root, by)
	}
	check(t, ix, claim{fix, "2.4", "reverted patch strong", undo})
}

func TestTheSamePatchTwiceOnMainIsToldApartByItsSubject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cut("2.4")
	w.on("main")
	first := w.Commit("feat: first attempt", "a.txt", "1\n")
	w.Git("rm", "--quiet", "a.txt")
	w.Empty("chore: not yet")
	second := w.Commit("feat: second attempt", "a.txt", "1\n")
	w.on("2.4")
	pick := w.carry(second, "[2.4] feat: second attempt (#9)")
	check(t, w.load(), claim{second, "2.4", "picked patch strong", pick}, claim{first, "2.4", "missing", ""})
}
