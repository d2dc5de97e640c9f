package history

import (
	"slices"
	"strings"
)

// act is what a commit does to a change that it does not just carry.
type act struct {
	root int32
	take bool // it takes the change back, rather than bring it again
	// side says that the change is not what the message names, but a part of that, or the whole of which that is a part.
	side bool
	by   Evidence // by which what it names was found
}

// reverts finds out what reverts take back: by the ids that they name, the pull request, or the subject in quotes. A
// revert of a revert brings back what that one took.
type reverts struct {
	*Index
	level    []int16
	byHeader map[string][]int32
	byPR     map[int32][]int32
	done     []bool
}

// findReverts fills the acts.
func (ix *Index) findReverts(level []int16) {
	r := &reverts{Index: ix, level: level, byHeader: map[string][]int32{}, byPR: map[int32][]int32{}, done: make([]bool, len(level))}
	r.gather()
	for k := range ix.nodes {
		if level[k] >= 0 {
			r.follow(int32(k))
		}
	}
}

// gather looks up what reverts name by words: first what is asked for, then who answers.
func (r *reverts) gather() {
	for k := range r.nodes {
		n := &r.nodes[k]
		if r.level[k] < 0 || !isRevert(n) {
			continue
		}
		if q, ok := quote(n.header); ok {
			r.byHeader[q], r.byHeader[bare(q)] = nil, nil
		}
		if n.revertsPR != 0 {
			r.byPR[n.revertsPR] = nil
		}
	}
	for k := range r.nodes {
		i := int32(k)
		if r.level[k] < 0 || !r.carries(i) {
			continue
		}
		header := r.nodes[k].header
		add(r.byHeader, header, i)
		if short := bare(header); short != header {
			add(r.byHeader, short, i)
		}
		add(r.byPR, r.prOf(i), i)
	}
}

// add appends to what is asked for.
func add[K comparable](to map[K][]int32, key K, i int32) {
	if have, ok := to[key]; ok {
		to[key] = append(have, i)
	}
}

// quote returns what stands in `Revert "…"` and `Reapply "…"`.
func quote(header string) (string, bool) {
	header = bare(header)
	for _, verb := range []string{`Revert "`, `revert: "`, `Revert: "`} {
		if rest, ok := strings.CutPrefix(header, verb); ok {
			return strings.TrimSuffix(rest, `"`), true
		}
	}
	if rest, ok := strings.CutPrefix(header, `Reapply "`); ok {
		return `Revert "` + rest, true
	}
	return "", false
}

// isRevert reports whether a message says that it takes something back, be it another revert.
func isRevert(n *node) bool {
	return n.typ == "revert" || len(n.reverts) > 0 || strings.HasPrefix(n.header, `Revert "`) || strings.HasPrefix(n.header, `Reapply "`)
}

// follow finds out what a commit does: the opposite of what the commits did that it names, or what the commits do that
// it was picked from.
func (r *reverts) follow(i int32) []act {
	if r.done[i] || !isRevert(&r.nodes[i]) && len(r.origins[i]) == 0 {
		return r.acts[i]
	}
	r.done[i] = true
	var out []act
	targets, by := r.targets(i)
	for _, t := range targets {
		for _, a := range r.all(t) {
			out = append(out, act{a.root, !a.take, a.side, weaker(a.by, by)})
		}
	}
	if len(targets) == 0 {
		for _, o := range r.origins[i] {
			for _, a := range r.follow(o.root) {
				out = append(out, act{a.root, a.take, a.side, weaker(a.by, o.by)})
			}
		}
	}
	if len(out) > 0 {
		r.acts[i] = out
	}
	return out
}

// all returns all that a commit does, also to what it carries. Who takes a part of a merge back takes the whole back
// where it came as a whole.
func (r *reverts) all(i int32) []act {
	out := slices.Clone(r.follow(i)) // the message first, it is the better evidence
	for _, o := range r.rootsOf(i) {
		out = append(out, act{root: o.root, by: o.by})
		if whole := r.owner(o.root); whole != o.root {
			out = append(out, act{root: whole, side: true, by: o.by})
		}
		for _, part := range r.parts[o.root] {
			out = append(out, act{root: part, side: true, by: o.by})
		}
	}
	return out
}

// targets returns the commits that one takes back, and by what they were found.
func (r *reverts) targets(i int32) ([]int32, Evidence) {
	n := &r.nodes[i]
	var out []int32
	for _, id := range n.reverts {
		if t, ok := r.lookUp(id); ok && t != i && r.level[t] >= 0 {
			out = append(out, t)
		}
	}
	if len(out) > 0 || !isRevert(n) {
		return out, ByTrailer
	}
	if n.revertsPR != 0 {
		if out = r.meant(i, r.byPR[n.revertsPR]); len(out) > 0 {
			return out, ByPR
		}
	}
	if q, ok := quote(n.header); ok {
		for _, form := range []string{q, bare(q)} {
			if out = r.meant(i, r.byHeader[form]); len(out) > 0 {
				return out[len(out)-1:], BySubject
			}
		}
	}
	return nil, ""
}

// meant keeps what a revert may mean: what its own branch had before it, or else what main has.
func (r *reverts) meant(i int32, list []int32) []int32 {
	branch := r.branches()[r.level[i]]
	var before, main []int32
	for _, t := range list {
		switch {
		case branch.reach.has(t):
			if t < i {
				before = append(before, t)
			}
		case r.level[t] == 0:
			main = append(main, t)
		}
	}
	if len(before) > 0 {
		return before
	}
	return main
}
