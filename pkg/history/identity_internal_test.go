package history

import (
	"strings"
	"testing"
)

func TestAShortenedIDMustBeUnique(t *testing.T) {
	t.Parallel()
	fill := func(prefix string) string { return prefix + strings.Repeat("0", 40-len(prefix)) }
	g := newGraph()
	for i, id := range []string{fill("abcdef12"), fill("abcdef13"), fill("0123456"), fill("fffffff")} {
		g.nodes = append(g.nodes, node{id: id, rare: nothing})
		g.at[id] = int32(i)
	}
	ix := &Index{graph: g}
	for id, want := range map[string]string{
		"abcdef1": "", "abcdef12": fill("abcdef12"), "abcdef13": fill("abcdef13"), "0123456": fill("0123456"), "fffffff": fill("fffffff"),
		"012345": "", "0123457": "", "fffffff1": "", "": "", fill("0123456"): fill("0123456"), fill("0123456") + "00": "",
	} {
		got := ""
		if i, ok := ix.lookUp(id); ok {
			got = ix.nodes[i].id
		}
		if got != want {
			t.Errorf("%q is %q, want %q", id, got, want)
		}
	}
}

func TestProofsAreInTheOrderOfTrust(t *testing.T) {
	t.Parallel()
	for i, by := range trust {
		if proofOf(by) != proof(i) || confidence(by) == "" {
			t.Errorf("%s is proof %d with confidence %q", by, proofOf(by), confidence(by))
		}
		for _, better := range trust[:i] {
			if weaker(by, better) != by || weaker(better, by) != by {
				t.Errorf("%s is weaker than %s", better, by)
			}
		}
	}
	if len(trust) != 7 {
		t.Errorf("%d kinds of evidence, 7 are documented", len(trust))
	}
}
