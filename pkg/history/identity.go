package history

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// origin says that a commit carries a change, which goes by the commit that brought it first.
type origin struct {
	root int32
	by   Evidence
}

// identity finds out which change each commit carries: those of the main line stand for themselves, and those that
// were made on a line are looked for on main, then among the lines before theirs.
type identity struct {
	*Index
	level []int16
	// alone are the commits that were made on lines, oldest first.
	alone []int32
	forms map[int32][]string
}

// identify fills the origins of what was made on lines; level tells where each commit was made.
func (ix *Index) identify(ctx context.Context, level []int16) error {
	ix.origins = make([][]origin, len(ix.nodes))
	d := &identity{Index: ix, level: level, forms: map[int32][]string{}}
	for i, l := range level {
		if l > 0 {
			d.alone = append(d.alone, int32(i))
		}
	}
	d.byTrailer()
	d.byRecord()
	d.wholeMerges()
	if err := d.byPatch(ctx); err != nil {
		return err
	}
	if err := d.byWords(ctx); err != nil {
		return err
	}
	d.wholeMerges()
	d.settle()
	return nil
}

// wholeMerges lets a merge on a line carry what all of its parts carry.
func (d *identity) wholeMerges() {
	for m, parts := range d.parts {
		if d.level[m] <= 0 || !d.open(m) {
			continue
		}
		if slices.ContainsFunc(parts, func(i int32) bool { return !d.hollow(i) && len(d.origins[i]) == 0 }) {
			continue
		}
		for _, i := range parts {
			for _, o := range d.origins[i] {
				d.give(m, o.by, o.root)
			}
		}
	}
}

// open reports whether nothing is known about a commit yet that could carry a change.
func (d *identity) open(i int32) bool { return len(d.origins[i]) == 0 && d.carries(i) }

// carries reports whether a commit brings something by itself, which merges do only for a whole pull request.
func (ix *Index) carries(i int32) bool { return len(ix.nodes[i].parents) < 2 || ix.wholeMerge(i) }

// give says that commit i has what the others brought. What was said before, by better evidence, is not turned round.
func (d *identity) give(i int32, by Evidence, from ...int32) {
	for _, r := range from {
		if !d.leadsTo(r, i) && !slices.ContainsFunc(d.origins[i], func(have origin) bool { return have.root == r }) {
			d.origins[i] = append(d.origins[i], origin{r, by})
		}
	}
}

// leadsTo reports whether what commit i carries goes back to another one. So origins never go in circles.
func (d *identity) leadsTo(i, to int32) bool {
	return i == to || slices.ContainsFunc(d.origins[i], func(o origin) bool { return d.leadsTo(o.root, to) })
}

// settle follows all origins to their roots. A chain is as good as its weakest link.
func (d *identity) settle() {
	settled := make([]bool, len(d.nodes))
	var follow func(i int32) []origin
	follow = func(i int32) []origin {
		if settled[i] || len(d.origins[i]) == 0 {
			return d.origins[i]
		}
		var out []origin
		add := func(o origin) {
			if !slices.ContainsFunc(out, func(have origin) bool { return have.root == o.root }) {
				out = append(out, o)
			}
		}
		for _, o := range d.origins[i] {
			further := follow(o.root)
			if len(further) == 0 {
				add(o)
			}
			for _, f := range further {
				add(origin{f.root, weaker(o.by, f.by)})
			}
		}
		settled[i], d.origins[i] = true, out
		return out
	}
	for i := range d.nodes {
		follow(int32(i))
	}
}

// trust lists evidence, the best first. A proof is a place in it.
var trust = []Evidence{ByAncestry, ByTrailer, ByRecord, ByPatch, ByAuthor, ByPR, BySubject}

type proof int8

func proofOf(by Evidence) proof { return proof(slices.Index(trust, by)) } //nolint:gosec // a handful

func weaker(a, b Evidence) Evidence {
	if slices.Index(trust, a) > slices.Index(trust, b) {
		return a
	}
	return b
}

// rootsOf follows a commit to the changes that it carries.
func (ix *Index) rootsOf(i int32) []origin {
	if found := ix.origins[i]; len(found) > 0 {
		return found
	}
	return []origin{{i, ByAncestry}}
}

// byTrailer follows "(cherry picked from commit …)". The trailers of a chain lead to one root; those of a squash to
// several. They also say what main picked from a line.
func (d *identity) byTrailer() {
	for i := range d.nodes {
		n, at := &d.nodes[i], int32(i)
		if d.level[i] < 0 || len(n.picks) == 0 || d.hideTrailers && d.level[i] > 0 {
			continue
		}
		for _, id := range n.picks {
			if from, ok := d.lookUp(id); ok && d.level[from] >= 0 {
				d.give(at, ByTrailer, d.content(from)...)
			}
		}
	}
}

// content returns the commits that stand for what one brought: itself, or what it merged.
func (d *identity) content(i int32) []int32 {
	if d.carries(i) {
		return []int32{i}
	}
	return slices.DeleteFunc(slices.Clone(d.parts[i]), d.hollow)
}

// byRecord takes what people recorded in the ledger.
func (d *identity) byRecord() {
	for _, m := range d.marks {
		if m.Verdict != MarkEquivalent {
			continue
		}
		change, ok1 := d.lookUp(m.Change)
		commit, ok2 := d.lookUp(m.Commit)
		if ok1 && ok2 {
			d.give(commit, ByRecord, d.owner(change))
		}
	}
}

// byPatch compares stable patch-ids. They are dear, so it asks only for those of commits that touch the same files, and
// then that change the sizes of these by the same numbers of bytes.
func (d *identity) byPatch(ctx context.Context) error {
	all := d.candidates()
	if len(all) == 0 {
		return nil
	}
	if err := d.patches.askFiles(ctx, d.repo, all); err != nil {
		return err
	}
	files := d.alike(all, func(f patchFacts) string { return f.files })
	if err := d.patches.askGrowth(ctx, d.repo, files); err != nil {
		return err
	}
	if err := d.matchPatches(ctx, d.alike(files, func(f patchFacts) string { return f.files + f.growth })); err != nil {
		return err
	}
	// Patch-ids leave blanks out, sizes do not: where few commits touch the same files, all of them are compared.
	return d.matchPatches(ctx, d.few(files))
}

// candidates are the lines' commits whose origin is open, and what may be it: commits of main that some line lacks.
func (d *identity) candidates() []int32 {
	var mine, all []int32
	for _, i := range d.alone {
		if d.open(i) && !MakesRelease(d.nodes[i].header) {
			mine = append(mine, i)
		}
	}
	if len(mine) == 0 {
		return nil
	}
	for k := range d.nodes {
		if i := int32(k); d.level[k] == 0 && d.inRegion(i) && d.carries(i) && !MakesRelease(d.nodes[k].header) {
			all = append(all, i)
		}
	}
	return append(all, mine...) // a line's commit may be the origin of what an older line has
}

// matchPatches gives commits the origin that has the same patch-id.
func (d *identity) matchPatches(ctx context.Context, list []int32) error {
	if err := d.patches.askPatch(ctx, d.repo, list); err != nil {
		return err
	}
	same := map[string][]int32{}
	for _, i := range list {
		if id := d.patches.facts[i].patch; id != none {
			same[id] = append(same[id], i)
		}
	}
	for _, group := range same {
		for _, i := range group {
			best := int32(-1)
			for _, j := range group {
				if d.level[j] < d.level[i] && d.better(j, best, i) {
					best = j
				}
			}
			if best >= 0 {
				d.give(i, ByPatch, best)
			}
		}
	}
	return nil
}

// few keeps the open commits that at most a handful of others share their files with, and these others.
func (d *identity) few(list []int32) []int32 {
	const handful = 4
	groups := map[string][]int32{}
	for _, i := range list {
		files := d.patches.facts[i].files
		groups[files] = append(groups[files], i)
	}
	return slices.DeleteFunc(list, func(i int32) bool {
		facts := d.patches.facts[i]
		group := groups[facts.files]
		return facts.growth == none || len(group) > handful || !slices.ContainsFunc(group, func(j int32) bool { return d.level[j] > 0 && d.open(j) })
	})
}

// alike keeps the commits that share a fact with one of another level, so that one may be the other's origin.
func (d *identity) alike(list []int32, fact func(patchFacts) string) []int32 {
	type levels struct{ low, high int16 }
	seen := map[string]levels{}
	of := func(i int32) (string, bool) {
		f := d.patches.facts[i]
		return fact(f), f.files != none && f.growth != none
	}
	for _, i := range list {
		key, ok := of(i)
		if !ok {
			continue
		}
		l, have := seen[key]
		if !have {
			l = levels{d.level[i], d.level[i]}
		}
		seen[key] = levels{min(l.low, d.level[i]), max(l.high, d.level[i])}
	}
	return slices.DeleteFunc(slices.Clone(list), func(i int32) bool {
		key, ok := of(i)
		return !ok || seen[key].low == seen[key].high
	})
}

// better prefers, of two commits with the patch of i, main's, then the one with the subject of i, then the older one.
func (d *identity) better(j, best, i int32) bool {
	if best < 0 {
		return true
	}
	if a, b := d.level[j], d.level[best]; a != b {
		return a < b
	}
	forms := d.formsOf(i)
	if a, b := slices.Contains(forms, bare(d.nodes[j].header)), slices.Contains(forms, bare(d.nodes[best].header)); a != b {
		return a
	}
	return j < best
}

// lookUp finds a commit by its id, which may be shortened to no less than seven digits.
func (ix *Index) lookUp(id string) (int32, bool) {
	if i, ok := ix.at[id]; ok {
		return i, true
	}
	if len(id) < 7 || len(id) >= 40 {
		return 0, false
	}
	if ix.sorted == nil {
		ix.sorted = make([]int32, len(ix.nodes))
		for i := range ix.sorted {
			ix.sorted[i] = int32(i)
		}
		slices.SortFunc(ix.sorted, func(a, b int32) int { return strings.Compare(ix.nodes[a].id, ix.nodes[b].id) })
	}
	k, _ := slices.BinarySearchFunc(ix.sorted, id, func(i int32, id string) int { return strings.Compare(ix.nodes[i].id, id) })
	if k < len(ix.sorted) && strings.HasPrefix(ix.nodes[ix.sorted[k]].id, id) {
		unique := k+1 == len(ix.sorted) || !strings.HasPrefix(ix.nodes[ix.sorted[k+1]].id, id)
		return ix.sorted[k], unique
	}
	return 0, false
}

// compileAll compiles patterns that were checked before.
func compileAll(patterns []string) ([]*regexp.Regexp, error) {
	var out []*regexp.Regexp
	for _, p := range patterns {
		re, err := regexp.Compile(p)
		if err != nil {
			return nil, err
		}
		out = append(out, re)
	}
	return out, nil
}

// prQuery is how people write the number of a pull request.
var prQuery = regexp.MustCompile(`^(?:[Pp][Rr] ?)?#?([0-9]{1,9})$`)

func parsePR(text string) (int32, bool) {
	m := prQuery.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(m[1], 10, 32)
	return int32(n), err == nil && n > 0
}
