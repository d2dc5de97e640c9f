package history_test

import (
	"strings"
	"testing"
)

// Each row is a way in which people and forges word a pick or a revert.
func TestPicksAndRevertsInOtherWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		build func(w *world, fix string) []claim
	}{
		{"a pick whose message ends its lines as on Windows", func(w *world, fix string) []claim {
			pick := w.Commit("fix: by hand\r\n\r\n(cherry picked from commit "+fix+")\r\n", "x.txt", "1\n")
			return []claim{{fix, "2.4", "picked trailer certain", pick}}
		}},
		{"a pick whose trailer is followed by others", func(w *world, fix string) []claim {
			pick := w.Commit("fix: by hand\n\n(cherry picked from commit "+fix+")\nSigned-off-by: Dev Two <dev-2@acme.example>\n", "x.txt", "1\n")
			return []claim{{fix, "2.4", "picked trailer certain", pick}}
		}},
		{"a revert by the id of the original", func(w *world, fix string) []claim {
			w.Pick(fix)
			revert := w.Empty("Revert \"fix: one\"\n\nThis reverts commit " + fix + ".")
			return []claim{{fix, "2.4", "reverted trailer certain", revert}, {fix, "main", "picked ancestry certain", fix}}
		}},
		{"a revert by a short id", func(w *world, fix string) []claim {
			pick := w.Pick(fix)
			revert := w.Empty("Revert \"fix: one\"\n\nThis reverts commit " + pick[:10] + ".")
			return []claim{{fix, "2.4", "reverted trailer certain", revert}}
		}},
		{"a pick and a revert whose ids are in capital letters", func(w *world, fix string) []claim {
			pick := w.Commit("fix: by hand\n\n(cherry picked from commit "+strings.ToUpper(fix)+")", "x.txt", "1\n")
			revert := w.Empty("fix: go back\n\nThis reverts commit " + strings.ToUpper(pick) + ".")
			return []claim{{fix, "2.4", "reverted trailer certain", revert}}
		}},
		{"a revert of several, and one whose id is on the next line", func(w *world, fix string) []claim {
			one, two := w.Pick(fix), w.Commit("fix: two")
			revert := w.Empty("fix: go back\n\nThis reverts commits " + one + ",\n" + two + ".")
			w.cut("2.5")
			w.on("2.4")
			w.Git("reset", "--quiet", "--hard", "HEAD^")
			wrapped := w.Empty("fix: go back\n\nFor the load.\nThis reverts commit\n" + one + ".")
			return []claim{
				{fix, "2.5", "reverted trailer certain", revert}, {two, "2.5", "reverted trailer certain", revert},
				{fix, "2.4", "reverted trailer certain", wrapped},
			}
		}},
		{"a revert whose message gives the reason after the id", func(w *world, fix string) []claim {
			pick := w.Pick(fix)
			revert := w.Empty("fix: go back\n\nThis reverts commit " + pick + " because of the load.")
			return []claim{{fix, "2.4", "reverted trailer certain", revert}}
		}},
		{"two reapplies, each of the other's revert", func(w *world, fix string) []claim {
			pick := w.Pick(fix)
			first := w.Revert(pick)
			back := w.carry(pick, "Reapply \"fix: one\"\n\nThis reverts commit "+first+".")
			second := w.Revert(back)
			again := w.carry(pick, "Reapply \"fix: one\"\n\nThis reverts commit "+second+".")
			return []claim{{fix, "2.4", "picked trailer certain", again}}
		}},
		{"taken back on main after the line got it", func(w *world, fix string) []claim {
			pick := w.Pick(fix)
			w.on("main")
			revert := w.Revert(fix)
			return []claim{{fix, "2.4", "picked trailer certain", pick}, {fix, "main", "reverted trailer certain", revert}, {revert, "2.4", "missing", ""}}
		}},
		{"a merge on the line, reverted there with -m", func(w *world, fix string) []claim {
			w.Branch("backport/1")
			w.Pick(fix)
			w.on("2.4")
			merge := w.Merge("backport/1", "Merge pull request #9 from dev/backport\n\nfix: one, for 2.4")
			return []claim{{fix, "2.4", "reverted trailer certain", w.run("revert", "--no-edit", "-m", "1", merge)}}
		}},
		{"a pick of a revert, where the line got the change from a pick of a pick", func(w *world, fix string) []claim {
			w.cut("2.5")
			middle := w.Pick(fix)
			w.on("2.4")
			w.Pick(middle)
			w.on("main")
			revert := w.Revert(fix)
			w.on("2.4")
			return []claim{{fix, "2.4", "reverted trailer certain", w.Pick(revert)}, {fix, "2.5", "picked trailer certain", middle}}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.cut("2.4")
			w.on("main")
			fix := w.Commit("fix: one", "a.txt", "1\n")
			w.on("2.4")
			claims := c.build(w, fix)
			check(t, w.load(), claims...)
		})
	}
}
