package history

import (
	"context"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/git"
)

// IndexOptions say whose changes are followed.
type IndexOptions struct {
	// Main is the branch where changes are made first.
	Main Line
	// Lines are the maintained lines, the newest first: an older one may have picked from those before it.
	Lines []Line
	// Marks are the verdicts that people recorded, oldest first.
	Marks []Mark
	// Decorations are patterns of what the product's backports add to a subject, beside those that are built in.
	Decorations []string
	// Cache is a folder for what never changes about commits, "" for none. It may be deleted at any time.
	Cache string
	// HideTrailers leaves the lines' trailers out of sight. It exists to measure what the other evidence finds.
	HideTrailers bool
}

// Index knows the changes of a repository on all its lines.
type Index struct {
	*graph
	repo         *git.Repo
	main         *line
	lines        []*line
	decorations  []*regexp.Regexp
	hideTrailers bool
	marks        []Mark

	// owners has, for each part of a merge that stands for a whole pull request, that merge.
	owners map[int32]int32
	// parts are what a merge brought, oldest first.
	parts map[int32][]int32
	// pulls has the number of the pull request whose merge brought a commit.
	pulls   map[int32]int32
	origins [][]origin
	// acts are what commits do to changes, for those that do more than carry some.
	acts    map[int32][]act
	patches *patches
	// sorted has all commits by their ids, once somebody asked for a shortened one.
	sorted []int32
}

// line is a branch in the index.
type line struct {
	Line
	tip   int32
	reach reach
	// chain is what was committed or merged on the branch itself, oldest first, down to where it left another one.
	chain []int32
	// since has the place, among releases, of the first one with a commit, counted from 1.
	since    []int16
	presence []presence
	marks    map[int32]Mark
}

// Load reads the history of all lines, from the cache where it can, and finds out who carries what.
func Load(ctx context.Context, repo *git.Repo, opts IndexOptions) (*Index, error) {
	ix := &Index{
		repo: repo, hideTrailers: opts.HideTrailers, marks: opts.Marks,
		owners: map[int32]int32{}, parts: map[int32][]int32{}, pulls: map[int32]int32{}, acts: map[int32][]act{},
	}
	var err error
	if ix.decorations, err = compileAll(opts.Decorations); err != nil {
		return nil, err
	}
	if err := ix.read(ctx, opts); err != nil {
		return nil, err
	}
	level := ix.place()
	if err := ix.identify(ctx, level); err != nil {
		return nil, err
	}
	ix.patches.save()
	ix.findReverts(level)
	for _, l := range ix.branches() {
		ix.fold(l)
	}
	for _, m := range opts.Marks {
		ix.mark(m)
	}
	return ix, nil
}

// branches returns main and the lines, in the order of levels.
func (ix *Index) branches() []*line { return append([]*line{ix.main}, ix.lines...) }

// read walks what the cache does not have yet.
func (ix *Index) read(ctx context.Context, opts IndexOptions) error {
	all := append([]Line{opts.Main}, opts.Lines...)
	tips := make([]string, len(all))
	for i, l := range all {
		var err error
		if tips[i], err = ix.repo.Resolve(ctx, l.Ref); err != nil {
			return err
		}
	}
	shallow, err := ix.repo.Shallow()
	if err != nil {
		return err
	}
	if shallow {
		return &git.ShallowError{Dir: ix.repo.GitDir()}
	}
	commits, patches := "", ""
	if opts.Cache != "" {
		commits, patches = filepath.Join(opts.Cache, "commits"), filepath.Join(opts.Cache, "patches")
	}
	ix.graph = loadGraph(commits)
	cached := len(ix.nodes) > 0
	grown, err := ix.extend(ctx, ix.repo, tips)
	if err != nil && cached && ctx.Err() == nil { // the cache may be from before something was pruned
		ix.graph = newGraph()
		grown, err = ix.extend(ctx, ix.repo, tips)
	}
	if err != nil {
		return err
	}
	if grown {
		saveGraph(commits, ix.graph)
	}
	ix.patches = loadPatches(patches, ix.graph)
	for i, l := range all {
		tip, _ := ix.find(tips[i])
		l := &line{Line: l, tip: tip, reach: ix.from(tip), marks: map[int32]Mark{}}
		if i == 0 {
			ix.main = l
		} else {
			ix.lines = append(ix.lines, l)
		}
	}
	return nil
}

// place tells for each commit where it was made: 0 for main, i+1 for line i, -1 for a commit that none of them has. On
// the way it gives what merges brought to those that stand for a whole pull request, by their message; of other merges
// each commit counts for itself, and gets the merge's number.
//
// What a line merged forward into main was made on the line, so all chains come before what merges brought.
func (ix *Index) place() []int16 {
	seen := ix.newReach()
	for _, l := range ix.branches() {
		for i := l.tip; !seen.has(i); i = ix.nodes[i].parents[0] {
			seen.add(i)
			l.chain = append(l.chain, i)
			if len(ix.nodes[i].parents) == 0 {
				break
			}
		}
		slices.Reverse(l.chain)
	}
	level := make([]int16, len(ix.nodes))
	for i := range level {
		level[i] = -1
	}
	for at, l := range ix.branches() {
		for _, i := range l.chain {
			level[i] = int16(at)
			for _, part := range ix.bring(i, seen) {
				level[part] = level[i]
			}
		}
	}
	return level
}

// bring returns everything that only a merge's other parents reach, oldest first.
func (ix *Index) bring(m int32, seen reach) []int32 {
	n := &ix.nodes[m]
	if len(n.parents) < 2 {
		return nil
	}
	var brought []int32
	for _, p := range ix.contentParents(m)[1:] {
		ix.addFrom(seen, p, func(i int32) { brought = append(brought, i) })
	}
	slices.Sort(brought)
	if len(brought) > 0 {
		ix.parts[m] = brought
	}
	for _, i := range brought {
		switch {
		case n.typ != "":
			ix.owners[i] = m
		case n.pr != 0 && ix.nodes[i].pr == 0:
			ix.pulls[i] = n.pr
		}
	}
	return brought
}

// wholeMerge reports whether a merge stands for what it brings.
func (ix *Index) wholeMerge(i int32) bool { return ix.nodes[i].typ != "" && len(ix.parts[i]) > 0 }

// owner returns the commit that stands for the change that a commit is a part of.
func (ix *Index) owner(i int32) int32 {
	if m, ok := ix.owners[i]; ok {
		return m
	}
	return i
}

// isUnit reports whether a commit can be a change of its own.
func (ix *Index) isUnit(i int32) bool {
	return ix.owner(i) == i && (len(ix.nodes[i].parents) < 2 || ix.wholeMerge(i))
}

// prOf returns the pull request that brought a commit, or 0.
func (ix *Index) prOf(i int32) int32 {
	if pr := ix.nodes[i].pr; pr != 0 {
		return pr
	}
	return ix.pulls[i]
}

// hollow reports whether a commit brings nothing of its own: a merge, or one without a change.
func (ix *Index) hollow(i int32) bool {
	p := ix.nodes[i].parents
	return len(p) > 1 || len(p) == 1 && ix.nodes[i].tree == ix.nodes[p[0]].tree
}

// inRegion reports whether some line lacks a commit of main.
func (ix *Index) inRegion(i int32) bool {
	return slices.ContainsFunc(ix.lines, func(l *line) bool { return !l.reach.has(i) })
}

// onLineOf reports whether every line that has commit i has j too, so that i had no need to pick it.
func (ix *Index) onLineOf(i, j int32) bool {
	for _, l := range ix.lines {
		if l.reach.has(i) && !l.reach.has(j) {
			return false
		}
	}
	return true
}

// mark applies what somebody recorded about a change on a line.
func (ix *Index) mark(m Mark) {
	l := ix.line(m.Line)
	change, ok := ix.lookUp(m.Change)
	if l == nil || !ok {
		return
	}
	for _, o := range ix.rootsOf(change) {
		l.marks[ix.owner(o.root)] = m
	}
}

// line returns a line by its name, main among them, or nil.
func (ix *Index) line(name string) *line {
	if name == ix.main.Name {
		return ix.main
	}
	for _, l := range ix.lines {
		if l.Name == name {
			return l
		}
	}
	return nil
}

// ids returns the full ids of commits.
func (ix *Index) ids(list []int32) []string {
	out := make([]string, len(list))
	for k, i := range list {
		out[k] = ix.nodes[i].id
	}
	return out
}

func fields(text string) []string { return strings.Fields(strings.ToLower(text)) }
