package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
)

var (
	trailerForm = regexp.MustCompile(`(?m)^\s*\(cherry picked from commit ([0-9a-f]{7,64})\)\s*$`)
	numberForm  = regexp.MustCompile(`\(#([0-9]{1,9})\)\s*$`)
	pullForm    = regexp.MustCompile(`^refs/(?:remotes/[^/]+/)?pull/([0-9]{1,9})/head$`)
)

// truth has, for commits of the lines that are known to be picks, the commits of main that their trailers name. A
// squash of several picks has several.
type truth map[string][]string

// trailers returns the ids that a message names as what it was picked from, in their order.
func trailers(message string) []string {
	var out []string
	for _, m := range trailerForm.FindAllStringSubmatch(message, -1) {
		out = append(out, m[1])
	}
	return out
}

// known reads the trailers of the lines' own commits and, where the clone has the heads of pull requests, of what was
// squashed into them. Chains through other lines are followed to main; what leads elsewhere is left out.
func (c clone) known(ctx context.Context, b *branches) (truth, error) {
	named := map[string][]string{}
	numbers := map[string][]string{}
	for _, l := range b.lines {
		for _, m := range l.commits {
			if ids := trailers(m.message); len(ids) > 0 {
				named[m.id] = ids
			} else if n := numberForm.FindStringSubmatch(m.subject); n != nil {
				numbers[n[1]] = append(numbers[n[1]], m.id)
			}
		}
	}
	heads, err := c.heads(ctx, b, numbers)
	if err != nil {
		return nil, err
	}
	for number, ids := range heads {
		for _, id := range numbers[number] {
			named[id] = ids
		}
	}
	t := truth{}
	for id := range named {
		if roots := b.roots(named, id, 0); len(roots) > 0 {
			t[id] = roots
		}
	}
	return t, nil
}

// roots follows the trailers of a commit to main.
func (b *branches) roots(named map[string][]string, id string, depth int) []string {
	if depth > 20 { // trailers that name each other
		return nil
	}
	var out []string
	for _, short := range named[id] {
		full := b.complete(short)
		switch {
		case full == "":
		case b.main[full] != nil:
			out = append(out, full)
		default:
			out = append(out, b.roots(named, full, depth+1)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// heads returns the trailers in the commits of pull requests, by number, for the numbers that are asked for.
func (c clone) heads(ctx context.Context, b *branches, numbers map[string][]string) (map[string][]string, error) {
	tips := map[string]string{}
	err := c.each(ctx, "", '\n', func(line string) error {
		var id, ref string
		if _, err := fmt.Sscanf(line, "%s %s", &id, &ref); err != nil {
			return fmt.Errorf("git for-each-ref: unexpected line %q", line)
		}
		if n := pullForm.FindStringSubmatch(ref); n != nil && numbers[n[1]] != nil {
			tips[n[1]] = id
		}
		return nil
	}, "for-each-ref", "--format=%(objectname) %(refname)")
	if err != nil || len(tips) == 0 {
		return nil, err
	}
	revisions := []string{"^" + b.tip}
	for _, id := range tips {
		revisions = append(revisions, id)
	}
	for _, l := range b.lines {
		revisions = append(revisions, "^"+l.tip)
	}
	apart := map[string]commit{}
	if err := c.log(ctx, true, revisions, func(m commit) { apart[m.id] = m }); err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for number, tip := range tips {
		if ids := below(apart, tip); len(ids) > 0 {
			out[number] = ids
		}
	}
	return out, nil
}

// below collects the trailers from a commit down to where the branches begin.
func below(apart map[string]commit, tip string) []string {
	var out []string
	seen, stack := map[string]bool{}, []string{tip}
	for len(stack) > 0 {
		m, ok := apart[stack[len(stack)-1]]
		stack = stack[:len(stack)-1]
		if !ok || seen[m.id] {
			continue
		}
		seen[m.id] = true
		out = append(out, trailers(m.message)...)
		stack = append(stack, m.parents...)
	}
	return out
}
