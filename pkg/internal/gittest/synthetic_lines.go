package gittest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// lineAuthor makes up one release branch.
type lineAuthor struct {
	*author
	name, branch string
	fork         fork
	clock        time.Time
	tree         []content
	tip          mark
	// newer has what the line after this one picked with a trailer, by the origin.
	newer, picked map[mark]mark
	commits       []lineCommit
	carried       []*carried
	releases      []lineRelease
}

// lineCommit is a [SyntheticCommit] before it has an id.
type lineCommit struct {
	mark, origin mark
	kind         SyntheticKind
	same         bool
}

// carried is a change that came to the line, and how it stands with it.
type carried struct {
	origin, mark mark
	header       string // of the commit that carries it
	edits        []edit
	state        SyntheticState
}

type lineRelease struct {
	version string
	mark    mark
}

// writeLines writes the lines, the newest first, since older ones get some picks from newer ones.
func (a *author) writeLines() []*lineAuthor {
	lines := make([]*lineAuthor, len(a.forks))
	var newer map[mark]mark
	for n := len(a.forks) - 1; n >= 0; n-- {
		f := a.forks[n]
		name := fmt.Sprintf("1.%d", n)
		l := &lineAuthor{
			author: a, name: name, branch: "release/" + name, fork: f, tree: slices.Clone(f.tree), tip: f.tip, newer: newer, picked: map[mark]mark{},
		}
		l.write(a.changes[f.changes:])
		lines[n], newer = l, l.picked
	}
	return lines
}

// write writes the line from the changes of main after the fork.
func (l *lineAuthor) write(changes []*change) {
	l.clock = Start
	if len(changes) > 0 {
		l.clock = changes[0].authored
	}
	l.release()
	for n, c := range l.choose(changes) {
		l.clock = later(l.clock, c.authored.Add(6*time.Hour))
		l.pick(c)
		switch l.rand.IntN(10) {
		case 0:
			l.own()
		case 1:
			l.revert()
		}
		if n%20 == 19 {
			l.release()
		}
	}
}

// choose takes as many changes as the line shall have, soon after the fork, in their order.
func (l *lineAuthor) choose(changes []*change) []*change {
	changes = slices.DeleteFunc(slices.Clone(changes[:min(len(changes), 5*l.opts.Picks)]), func(c *change) bool { return c.undone })
	at := l.rand.Perm(len(changes))[:min(len(changes), l.opts.Picks)]
	slices.Sort(at)
	out := make([]*change, len(at))
	for i, n := range at {
		out[i] = changes[n]
	}
	return out
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// put writes a commit on the line.
func (l *lineAuthor) put(c lineCommit, author string, authored time.Time, message string, files []entry) mark {
	l.clock = l.clock.Add(10 * time.Minute)
	if authored.IsZero() {
		authored = l.clock
	}
	c.mark = l.commit(importCommit{
		ref: "refs/heads/" + l.branch, parents: []mark{l.tip}, author: author, committer: releaser, authored: authored, done: l.clock,
		message: message, files: files,
	})
	l.tip = c.mark
	l.commits = append(l.commits, c)
	return c.mark
}

// pick carries a change of main to the line in one of the ways in which people and bots do.
func (l *lineAuthor) pick(c *change) {
	kind := SyntheticPlain
	switch n := l.rand.IntN(20); {
	case c.merge && n < 14, n < 6:
		kind = SyntheticTrailer
	case n < 10 && !c.merge:
	case n < 17:
		kind = SyntheticDecorated
	default:
		kind = SyntheticAdapted
	}
	edits, same := l.adjust(c.edits)
	author, authored, header, message := c.author, c.authored, c.header(), join(c.header(), c.body)
	if c.merge {
		header = fmt.Sprintf("Merge pull request #%d from dev/topic-%d", c.pr, c.pr)
		message = join(header, c.subject)
	}
	switch kind {
	case SyntheticTrailer:
		message = join(strings.TrimSpace(message), l.trailers(c.mark))
	case SyntheticDecorated, SyntheticAdapted:
		var body string
		header, body = decorate(l.rand, c.subject, c.pr, strings.ReplaceAll(l.branch, "/", "-"), l.nextPR())
		message, authored = join(header, body), time.Time{}
		if l.rand.IntN(2) == 0 {
			author = bot
		}
	}
	if kind == SyntheticAdapted {
		e := edits[0]
		l.written++
		edits, same = append(edits, edit{file: e.file, line: (e.line + fileSize/2) % fileSize, to: l.written, before: e.before}), false
	}
	m := l.put(lineCommit{origin: c.mark, kind: kind, same: same}, author, authored, message, l.apply(l.tree, edits))
	if kind == SyntheticTrailer {
		l.picked[c.mark] = m
	}
	l.carried = append(l.carried, &carried{origin: c.mark, mark: m, header: header, edits: edits})
}

// trailers are what git cherry-pick -x writes; a pick from the newer line has two.
func (l *lineAuthor) trailers(origin mark) string {
	text := fmt.Sprintf("(cherry picked from commit %s)", l.id(origin))
	if m, ok := l.newer[origin]; ok && l.rand.IntN(2) == 0 {
		text += fmt.Sprintf("\n(cherry picked from commit %s)", l.id(m))
	}
	return text
}

// adjust makes edits of main those of the line, and reports whether the patch stays the same.
func (l *lineAuthor) adjust(edits []edit) ([]edit, bool) {
	out, same := slices.Clone(edits), true
	for i, e := range out {
		here := l.tree[e.file]
		from, to := max(0, e.line-around), min(fileSize, e.line+around+1)
		same = same && slices.Equal(here[from:to], e.before[from:to])
		out[i].before = here
	}
	return out, same
}

// own is a fix for the line alone.
func (l *lineAuthor) own() {
	edits, _ := l.adjust(l.invent(nil))
	header := fmt.Sprintf("%s (#%d)", writeSubject(l.rand, "compat"), l.nextPR())
	l.put(lineCommit{kind: SyntheticOwn}, person(1+l.rand.IntN(40)), time.Time{}, join(header), l.apply(l.tree, edits))
}

// revert takes one of the picks back, and every third one comes again.
func (l *lineAuthor) revert() {
	c := l.carried[l.rand.IntN(len(l.carried))]
	if c.state.Reverted || slices.ContainsFunc(c.edits, func(e edit) bool { return l.tree[e.file][e.line] != e.to }) {
		return
	}
	again, _ := l.adjust(c.edits)
	c.state = SyntheticState{Reverted: true}
	message := join(fmt.Sprintf("Revert %q", c.header), "This reverts commit "+l.id(c.mark)+".")
	m := l.put(lineCommit{kind: SyntheticRevert}, releaser, time.Time{}, message, l.apply(l.tree, back(c.edits)))
	if l.rand.IntN(3) > 0 {
		return
	}
	c.state.Reverted, c.header = false, fmt.Sprintf("Reapply %q", c.header)
	message = join(c.header, "This reverts commit "+l.id(m)+".")
	c.mark = l.put(lineCommit{kind: SyntheticReapply, origin: c.origin}, releaser, time.Time{}, message, l.apply(l.tree, again))
}

// release is a commit that sets the version, and its tag.
func (l *lineAuthor) release() {
	version := fmt.Sprintf("%s.%d", l.name, len(l.releases))
	l.put(lineCommit{kind: SyntheticOwn}, releaser, time.Time{}, join("chore(release): "+version), []entry{{"VERSION", []byte(version + "\n")}})
	l.point("refs/tags/v"+version, l.tip)
	l.releases = append(l.releases, lineRelease{version, l.tip})
	for _, c := range l.carried {
		if !c.state.Reverted && c.state.Since == "" {
			c.state.Since = version
		}
	}
}

// truth is the line with ids in place of marks.
func (l *lineAuthor) truth() *SyntheticLine {
	out := &SyntheticLine{
		Name: l.name, Ref: "refs/heads/" + l.branch, Fork: l.ids[l.fork.tip], Tip: l.ids[l.tip], States: map[string]SyntheticState{},
	}
	for _, c := range l.commits {
		out.Commits = append(out.Commits, SyntheticCommit{ID: l.ids[c.mark], Kind: c.kind, Origin: l.ids[c.origin], SamePatch: c.same})
	}
	for _, r := range l.releases {
		out.Releases = append(out.Releases, SyntheticRelease{r.version, l.ids[r.mark]})
	}
	for _, c := range l.carried {
		out.States[l.ids[c.origin]] = c.state
	}
	return out
}
