package history

import (
	"context"
	"slices"
	"strings"
)

// formsOf returns what the original's subject may be, see [undecorated].
func (d *identity) formsOf(i int32) []string {
	forms, ok := d.forms[i]
	if !ok {
		forms, _ = undecorated(d.nodes[i].header, d.decorations)
		d.forms[i] = forms
	}
	return forms
}

// levels are those of lines, in their order.
func (d *identity) levels() []int16 {
	out := make([]int16, len(d.lines))
	for i := range out {
		out[i] = int16(i + 1)
	}
	return out
}

// authorship is what a rebase or a pick keeps.
type authorship struct {
	author, subject string
	authored        int64
}

// traces are what the messages of commits say about where they come from.
type traces struct {
	commit int32
	forms  []string
	prs    []int32
	// carried are the pull requests of which the message says that the commit carries them.
	carried []int32
}

// clues are the commits that could be originals, by what is known of them.
type clues struct {
	subjects map[string][]int32
	// descriptions are subjects without their types: a chore on main may be a fix on a line.
	descriptions map[string][]int32
	prs          map[int32][]int32
	authors      map[authorship][]int32
}

// says reports whether the subject may be that of an original.
func (t *traces) says(original string) bool { return slices.Contains(t.forms, bare(original)) }

// byWords compares what people wrote: subject, author and date first, then numbers of pull requests, then subjects.
func (d *identity) byWords(ctx context.Context) error {
	var todo []traces
	c := &clues{map[string][]int32{}, map[string][]int32{}, map[int32][]int32{}, map[authorship][]int32{}}
	stubs := map[string][]string{} // what is left of cut subjects, by how they begin
	for _, i := range d.alone {
		if !d.open(i) || MakesRelease(d.nodes[i].header) {
			continue
		}
		n := &d.nodes[i]
		t := traces{commit: i}
		t.forms, t.prs = undecorated(n.header, d.decorations)
		t.carried = append(carried(n.header), n.backports...)
		if strings.HasPrefix(n.header, "Merge pull request #") && len(n.parents) == 1 {
			t.carried = append(t.carried, n.pr)
		}
		todo = append(todo, t)
		for _, f := range t.forms {
			c.subjects[f] = nil
			c.descriptions[description(f)] = nil
			if s, ok := stub(f); ok {
				stubs[s[:stubLen]] = append(stubs[s[:stubLen]], f)
			}
			c.authors[authorship{n.author, f, n.authored}] = nil
		}
		for _, pr := range append(t.prs, t.carried...) {
			c.prs[pr] = nil
		}
	}
	if len(todo) == 0 {
		return nil
	}
	// One pass over what could be an original.
	for k := range d.nodes {
		i := int32(k)
		if d.level[k] < 0 || !d.carries(i) {
			continue
		}
		n := &d.nodes[k]
		subject := bare(n.header)
		add(c.subjects, subject, i)
		add(c.descriptions, description(subject), i)
		if len(subject) >= stubLen {
			for _, f := range stubs[subject[:stubLen]] {
				if s, _ := stub(f); f != subject && strings.HasPrefix(subject, s) {
					add(c.subjects, f, i)
				}
			}
		}
		add(c.authors, authorship{n.author, subject, n.authored}, i)
		add(c.prs, d.prOf(i), i)
	}
	if err := d.patches.askNames(ctx, d.repo, d.doubtful(todo, c)); err != nil {
		return err
	}
	for _, level := range d.levels() {
		for _, t := range todo {
			if d.level[t.commit] == level && d.open(t.commit) {
				d.byTrace(t, c)
			}
		}
	}
	return nil
}

// stubLen is how much of a subject must be left, in bytes, to know it again.
const stubLen = 30

// stub returns what is left of a subject that a tool or a person cut off with an ellipsis.
func stub(subject string) (string, bool) {
	head, cut := strings.CutSuffix(subject, "…")
	if !cut {
		head, cut = strings.CutSuffix(subject, "...")
	}
	head = strings.TrimRight(head, " (#0123456789") // the cut may go through the number of a pull request
	return head, cut && len(head) >= stubLen
}

// doubtful are the commits of which the names of files must tell: people mistype numbers of pull requests, a subject
// may be that of a pull request or of the first of its commits, and descriptions repeat.
func (d *identity) doubtful(todo []traces, c *clues) []int32 {
	var out []int32
	for _, t := range todo {
		for _, pr := range slices.Concat(t.carried, t.prs) {
			for _, j := range c.prs[pr] {
				if d.level[j] < d.level[t.commit] && !t.says(d.nodes[j].header) {
					out = append(out, t.commit, j)
				}
			}
		}
		for _, f := range t.forms {
			for _, j := range c.subjects[f] {
				if unit := d.owner(j); unit != j && slices.Contains(c.subjects[f], unit) {
					out = append(out, t.commit, j, unit)
				}
			}
			if same := c.descriptions[description(f)]; telling(description(f)) && len(same) < 8 {
				out = append(append(out, t.commit), same...)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (d *identity) byTrace(t traces, c *clues) {
	i, n := t.commit, &d.nodes[t.commit]
	lower := func(list []int32) []int32 {
		return slices.DeleteFunc(slices.Clone(list), func(j int32) bool { return d.level[j] >= d.level[i] })
	}
	for _, f := range t.forms {
		if found := lower(c.authors[authorship{n.author, f, n.authored}]); len(found) > 0 {
			d.give(i, ByAuthor, found[0])
			return
		}
	}
	byNumber := func(pr int32) bool {
		found := lower(c.prs[pr])
		found = slices.DeleteFunc(found, func(j int32) bool { return d.onLineOf(i, j) })
		if len(found) == 0 || !d.sameKind(i, found) || !slices.ContainsFunc(found, func(j int32) bool { return t.says(d.nodes[j].header) || d.patches.meet(i, j) }) {
			return false
		}
		d.give(i, ByPR, found...)
		return true
	}
	several := false
	for _, pr := range t.carried { // what it says that it carries, all of it
		several = byNumber(pr) || several
	}
	if several {
		return
	}
	// Any other number, unless it is the commit's own: then no other commit has it.
	if slices.ContainsFunc(t.prs, byNumber) {
		return
	}
	// The subject itself, before more and more is taken off it: the first form that anybody has decides.
	for _, f := range t.forms {
		if !telling(f) {
			continue
		}
		switch found := d.someRoots(i, d.sameNumbers(t, lower(c.subjects[f]))); {
		case len(found) == 1 && !d.onLineOf(i, found[0]):
			d.give(i, BySubject, found[0])
			return
		case len(found) > 0:
			return
		}
	}
	for _, f := range t.forms {
		words := description(f)
		if !telling(words) {
			continue
		}
		if found := d.someRoots(i, lower(c.descriptions[words])); len(found) == 1 && !d.onLineOf(i, found[0]) && d.patches.meet(i, found[0]) {
			d.give(i, BySubject, found[0])
			return
		}
	}
}

// sameNumbers keeps, of commits with one subject, those that name one of the numbers that it names, such as that of an
// issue; all of them, if none does.
func (d *identity) sameNumbers(t traces, list []int32) []int32 {
	const many = 8 // there are subjects that thousands of commits have
	if len(list) < 2 || len(list) >= many || len(t.prs) == 0 {
		return list
	}
	same := slices.DeleteFunc(slices.Clone(list), func(j int32) bool {
		return !slices.ContainsFunc(numbers(d.nodes[j].header), func(n int32) bool { return slices.Contains(t.prs, n) })
	})
	if len(same) == 0 {
		return list
	}
	return same
}

// description is a subject without its type.
func description(subject string) string {
	head, rest, ok := strings.Cut(subject, ": ")
	if head, _, _ = strings.Cut(head, "("); ok && !strings.Contains(head, " ") {
		return rest
	}
	return subject
}

// someRoots returns the changes that commits carry, of which i has the subject. A pull request stands for its commits,
// unless i has the files of one of them. It stops after the second: there are subjects that thousands of commits have.
func (d *identity) someRoots(i int32, list []int32) []int32 {
	isPart := func(j, unit int32) bool { return slices.Contains(list, j) && d.patches.closer(i, j, unit) }
	var out []int32
	for _, j := range list {
		unit := d.owner(j)
		if unit != j && slices.Contains(list, unit) && !isPart(j, unit) ||
			slices.ContainsFunc(d.parts[j], func(part int32) bool { return isPart(part, j) }) {
			continue
		}
		for _, o := range d.rootsOf(j) {
			if !slices.Contains(out, o.root) {
				out = append(out, o.root)
			}
		}
		if len(out) > 1 {
			break
		}
	}
	return out
}

// sameKind guards numbers that are only mentioned: what takes a pull request back does not carry it.
func (d *identity) sameKind(i int32, found []int32) bool {
	return isRevert(&d.nodes[i]) == isRevert(&d.nodes[found[0]])
}
