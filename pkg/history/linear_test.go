package history_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/history"
)

// allocated returns how many bytes f takes from the heap.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestLongMessagesTakeLinearRoom(t *testing.T) {
	for name, text := range map[string]func(n int) string{
		"a footer of many lines":          func(n int) string { return "fix: a\n\nRefs: 1\n" + strings.Repeat("more\n", n) },
		"a note of many paragraphs":       func(n int) string { return "fix: a\n\nBREAKING CHANGE: 1\n\n" + strings.Repeat("more\n\n", n) },
		"many notes":                      func(n int) string { return "fix: a\n\n" + strings.Repeat("BREAKING CHANGE: more\n", n) },
		"reapplied again and again":       func(n int) string { return strings.Repeat(`Reapply "`, n) + "fix: a" + strings.Repeat(`"`, n) },
		"reapplied by many pull requests": func(n int) string { return strings.Repeat(`Reapply "`, n) + "fix: a" + strings.Repeat(`" (#1)`, n) },
	} {
		const n = 2000
		once, tenfold := allocated(func() { history.Parse(text(n)) }), allocated(func() { history.Parse(text(10 * n)) })
		if tenfold > 20*once+1<<20 {
			t.Errorf("%s: %d bytes of heap, %d for ten times the text", name, once, tenfold)
		}
	}
}

func TestWhatWasReappliedTwiceIsTheChangeItself(t *testing.T) {
	m := history.Parse(`Reapply "Reapply "feat(a)!: b" (#7)" (#8)`)
	if m.Type != "feat" || m.Scope != "a" || m.Description != "b" || !m.Breaking || m.PR != 8 {
		t.Errorf("got %+v", m)
	}
}
