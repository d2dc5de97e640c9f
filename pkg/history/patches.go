package history

import (
	"bufio"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/git"
)

// patches are what is known of the patches of commits.
type patches struct {
	path  string
	known map[string]patchFacts
	grown bool
}

// patchFacts are what commits with equal patches have in common, from the cheapest on. A fact that was not asked for is
// [unasked], one that there is not is "".
type patchFacts struct {
	files  string // which files it touches, and how
	growth string // how many bytes each file grows by
	patch  string // the stable patch-id
}

const unasked = "-"

// loadPatches reads the cache, or begins an empty one.
func loadPatches(path string) *patches {
	p := &patches{path: path, known: map[string]patchFacts{}}
	text, err := readCache(path, patchFormat)
	if err != nil {
		return p
	}
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 4 {
			return &patches{path: path, known: map[string]patchFacts{}}
		}
		p.known[f[0]] = patchFacts{files: f[1], growth: f[2], patch: f[3]}
	}
	return p
}

func (p *patches) save() {
	if !p.grown {
		return
	}
	_ = writeCache(p.path, patchFormat, func(w *bufio.Writer) {
		for _, id := range slices.Sorted(maps.Keys(p.known)) {
			f := p.known[id]
			_, _ = w.WriteString(id + "\t" + f.files + "\t" + f.growth + "\t" + f.patch + "\n")
		}
	})
	p.grown = false
}

// of returns what is known of a commit.
func (p *patches) of(id string) patchFacts {
	if f, ok := p.known[id]; ok {
		return f
	}
	return patchFacts{unasked, unasked, unasked}
}

// ask looks up a fact of the commits that do not have it yet.
func (p *patches) ask(diffs []git.Diff, fact func(*patchFacts) *string, find func([]git.Diff) ([]string, error)) error {
	need := slices.DeleteFunc(slices.Clone(diffs), func(d git.Diff) bool {
		f := p.of(d.Commit)
		return *fact(&f) != unasked
	})
	if len(need) == 0 {
		return nil
	}
	found, err := find(need)
	if err != nil {
		return err
	}
	for i, d := range need {
		f := p.of(d.Commit)
		*fact(&f) = found[i]
		p.known[d.Commit] = f
		p.grown = true
	}
	return nil
}

func (p *patches) askFiles(ctx context.Context, repo *git.Repo, diffs []git.Diff) error {
	return p.ask(diffs, func(f *patchFacts) *string { return &f.files }, func(need []git.Diff) ([]string, error) {
		touched, err := repo.Touched(ctx, need)
		sums := make([]string, len(touched))
		for i, t := range touched {
			sums[i] = t.Sum
		}
		return sums, err
	})
}

func (p *patches) askGrowth(ctx context.Context, repo *git.Repo, diffs []git.Diff) error {
	return p.ask(diffs, func(f *patchFacts) *string { return &f.growth }, func(need []git.Diff) ([]string, error) { return repo.Growth(ctx, need) })
}

func (p *patches) askPatch(ctx context.Context, repo *git.Repo, diffs []git.Diff) error {
	return p.ask(diffs, func(f *patchFacts) *string { return &f.patch }, func(need []git.Diff) ([]string, error) { return repo.PatchIDs(ctx, need) })
}
