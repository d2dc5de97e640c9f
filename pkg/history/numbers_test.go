package history_test

import "testing"

// Each row is what the numbers in a subject tell beside the pull request's own.
func TestNumbersInSubjects(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		build func(w *world) []claim
	}{
		{"a squash names the pull requests that it carries in one pair of brackets", func(w *world) []claim {
			one, two := w.Commit("fix: the delay (#76) (#78)", "a.txt", "1\n"), w.Commit("fix(app): start counting again (#95)", "a.txt", "2\n")
			w.on("2.4")
			squash := w.Commit("fix: [cherry-pick] start counting again (#95, #78) (#183)", "a.txt", "3\n")
			return []claim{{one, "2.4", "picked pr likely", squash}, {two, "2.4", "picked pr likely", squash}}
		}},
		{"a list of numbers without a word of a pick is no more than mentioned", func(w *world) []claim {
			one := w.Commit("fix: the delay (#78)", "a.txt", "1\n")
			w.on("2.4")
			w.Commit("fix: support more counters (#95, #78) (#183)", "a.txt", "3\n")
			return []claim{{one, "2.4", "missing", ""}}
		}},
		{"of two changes with one subject, that which names the same issue", func(w *world) []claim {
			one := w.Commit("fix: a new way of dry runs (#88) (#149)", "a.txt", "1\n")
			other := w.Commit("fix: a new way of dry runs (#62)", "b.txt", "1\n")
			w.on("2.4")
			pick := w.Commit("fix: a new way of dry runs (#88)  (#219)", "a.txt", "3\n")
			return []claim{{one, "2.4", "picked subject likely", pick}, {other, "2.4", "missing", ""}}
		}},
		{"two changes with one subject and one issue cannot be told apart", func(w *world) []claim {
			one := w.Commit("fix: a new way of dry runs (#88) (#149)", "a.txt", "1\n")
			other := w.Commit("fix: a new way of dry runs (#88) (#162)", "b.txt", "1\n")
			w.on("2.4")
			w.Commit("fix: a new way of dry runs (#88) (#219)", "c.txt", "3\n")
			return []claim{{one, "2.4", "missing", ""}, {other, "2.4", "missing", ""}}
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
