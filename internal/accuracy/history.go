package main

import (
	"context"
	"slices"
	"sort"
	"strings"
)

// branches are main and the lines, as git has them.
type branches struct {
	main  map[string]*commit
	tip   string // of main
	lines []*line
	// unit has, for a commit that the merge of a pull request brought to main, that merge.
	unit map[string]string
	// sorted are the ids of main and of the lines.
	sorted []string
}

// line is a release branch, and the commits that it has and main has not. A commit of two lines belongs to the first.
type line struct {
	ref, tip string
	commits  []*commit // without merges
}

// name is the ref as people write it.
func (l *line) name() string {
	short := strings.TrimPrefix(l.ref, "refs/heads/")
	return strings.TrimPrefix(short, "refs/remotes/origin/")
}

// read walks main and the lines.
func (c clone) read(ctx context.Context, main string, lines []string) (*branches, error) {
	b := &branches{main: map[string]*commit{}, unit: map[string]string{}}
	var err error
	if b.tip, err = c.resolve(ctx, main); err != nil {
		return nil, err
	}
	err = c.log(ctx, false, []string{b.tip}, func(m commit) {
		b.main[m.id] = &m
		b.sorted = append(b.sorted, m.id)
	})
	if err != nil {
		return nil, err
	}
	b.findUnits()
	seen := map[string]bool{}
	for _, ref := range lines {
		l := &line{ref: ref}
		if l.tip, err = c.resolve(ctx, ref); err != nil {
			return nil, err
		}
		err := c.log(ctx, true, []string{l.tip, "^" + b.tip}, func(m commit) {
			if seen[m.id] {
				return
			}
			seen[m.id] = true
			b.sorted = append(b.sorted, m.id)
			if len(m.parents) < 2 {
				l.commits = append(l.commits, &m)
			}
		})
		if err != nil {
			return nil, err
		}
		b.lines = append(b.lines, l)
	}
	slices.Sort(b.sorted)
	return b, nil
}

// findUnits gives what merges brought to main to them, the oldest merge first.
func (b *branches) findUnits() {
	var chain []*commit
	for m := b.main[b.tip]; m != nil; {
		chain = append(chain, m)
		if len(m.parents) == 0 {
			break
		}
		m = b.main[m.parents[0]]
	}
	for _, m := range slices.Backward(chain) {
		b.unit[m.id] = m.id
		stack := slices.Clone(m.parents[min(1, len(m.parents)):])
		for len(stack) > 0 {
			id := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if p := b.main[id]; p != nil && b.unit[id] == "" {
				b.unit[id] = m.id
				stack = append(stack, p.parents...)
			}
		}
	}
}

// same reports whether two commits of main are one change: the same commit, or a merge and a part of what it brought.
func (b *branches) same(x, y string) bool {
	return x == y || b.unit[x] == y || b.unit[y] == x
}

// complete returns the commit of main or a line that a full or shortened id means, "" if there is none or several.
func (b *branches) complete(id string) string {
	at := sort.SearchStrings(b.sorted, id)
	if at == len(b.sorted) || !strings.HasPrefix(b.sorted[at], id) || at+1 < len(b.sorted) && strings.HasPrefix(b.sorted[at+1], id) {
		return ""
	}
	return b.sorted[at]
}
