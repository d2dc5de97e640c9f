package history

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/git"
)

// patches are what is known of the patches of a graph's commits, by their places.
type patches struct {
	*graph
	path  string
	facts []patchFacts
	grown bool
}

// patchFacts are what commits with equal patches have in common, from the cheapest on: "" if nobody asked, [none] if
// there is no such fact.
type patchFacts struct {
	files  string // which files it touches, and how
	growth string // how many bytes each file grows by
	patch  string // the stable patch-id
	names  string // hashes of the names of its files
}

const none = "-"

// loadPatches reads the cache, or begins an empty one.
func loadPatches(path string, g *graph) *patches {
	p := &patches{graph: g, path: path, facts: make([]patchFacts, len(g.nodes))}
	text, err := readCache(path, patchFormat)
	if err != nil {
		return p
	}
	for line := range strings.Lines(text) {
		id, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if i, ok := g.at[id]; ok {
			f := &p.facts[i]
			f.files, rest, _ = strings.Cut(rest, "\t")
			f.growth, rest, _ = strings.Cut(rest, "\t")
			f.patch, f.names, _ = strings.Cut(rest, "\t")
		}
	}
	return p
}

func (p *patches) save() {
	if !p.grown {
		return
	}
	_ = writeCache(p.path, patchFormat, func(w *bufio.Writer) {
		for i, f := range p.facts {
			if f != (patchFacts{}) {
				_, _ = w.WriteString(strings.Join([]string{p.nodes[i].id, f.files, f.growth, f.patch, f.names}, "\t") + "\n")
			}
		}
	})
	p.grown = false
}

// ask looks up a fact of the commits that do not have it yet.
func (p *patches) ask(commits []int32, fact func(*patchFacts) *string, find func([]git.Diff) ([]string, error)) error {
	need := slices.DeleteFunc(slices.Clone(commits), func(i int32) bool { return *fact(&p.facts[i]) != "" })
	if len(need) == 0 {
		return nil
	}
	found, err := find(p.diffs(need))
	if err != nil {
		return err
	}
	for k, i := range need {
		if found[k] == "" {
			found[k] = none
		}
		*fact(&p.facts[i]) = found[k]
	}
	p.grown = true
	return nil
}

// diffs tells what commits do: merges against their mainline.
func (p *patches) diffs(commits []int32) []git.Diff {
	out := make([]git.Diff, len(commits))
	for k, i := range commits {
		out[k].Commit = p.nodes[i].id
		if parents := p.nodes[i].parents; len(parents) > 1 {
			out[k].Parent = p.nodes[parents[0]].id
		}
	}
	return out
}

func (p *patches) askFiles(ctx context.Context, repo *git.Repo, commits []int32) error {
	return p.ask(commits, func(f *patchFacts) *string { return &f.files }, func(need []git.Diff) ([]string, error) {
		touched, err := repo.Touched(ctx, need)
		sums := make([]string, len(touched))
		for i, t := range touched {
			sums[i] = t.Sum
		}
		return sums, err
	})
}

func (p *patches) askGrowth(ctx context.Context, repo *git.Repo, commits []int32) error {
	return p.ask(commits, func(f *patchFacts) *string { return &f.growth }, func(need []git.Diff) ([]string, error) { return repo.Growth(ctx, need) })
}

func (p *patches) askPatch(ctx context.Context, repo *git.Repo, commits []int32) error {
	return p.ask(commits, func(f *patchFacts) *string { return &f.patch }, func(need []git.Diff) ([]string, error) { return repo.PatchIDs(ctx, need) })
}

func (p *patches) askNames(ctx context.Context, repo *git.Repo, commits []int32) error {
	return p.ask(commits, func(f *patchFacts) *string { return &f.names }, func(need []git.Diff) ([]string, error) {
		touched, err := repo.Touched(ctx, need)
		lists := make([]string, len(touched))
		for i, t := range touched {
			for _, h := range t.Names {
				lists[i] += fmt.Sprintf(" %08x", h)
			}
		}
		return lists, err
	})
}

// meet reports whether two commits touch files of the same name, or too many to tell. Folders may differ: lines move them.
func (p *patches) meet(a, b int32) bool {
	one, two := p.names(a), p.names(b)
	return len(one) == git.MaxNames || len(two) == git.MaxNames || common(one, two) > 0
}

// closer reports whether commit i has the files of one commit rather than those of another.
func (p *patches) closer(i, one, other int32) bool {
	likeness := func(j int32) float64 {
		a, b := p.names(i), p.names(j)
		c := common(a, b)
		return float64(c) / float64(max(1, len(a)+len(b)-c))
	}
	return likeness(one) > likeness(other)
}

func (p *patches) names(i int32) []string { return strings.Fields(p.facts[i].names) }

func common(a, b []string) (n int) {
	for _, name := range a {
		if slices.Contains(b, name) {
			n++
		}
	}
	return n
}
