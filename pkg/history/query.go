package history

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Known is one change, whatever commits carry it.
type Known struct {
	// Commit brought it first: on main, or on a line if main never had it. A merge stands for the whole pull request.
	Commit string `json:"commit"`
	// Parent is the mainline of a merge, what the change is told against; "" otherwise.
	Parent string `json:"parent,omitempty"`
	// Parts are what a merge brought, oldest first.
	Parts   []string  `json:"parts,omitempty"`
	Type    string    `json:"type"`
	Scope   string    `json:"scope,omitempty"`
	Subject string    `json:"subject"`
	PR      int       `json:"pr,omitempty"`
	CVEs    []string  `json:"cves,omitempty"`
	Author  string    `json:"author"`
	Date    time.Time `json:"date"` // of the commit, UTC
	// Breaking is what the message says.
	Breaking bool `json:"breaking,omitempty"`
	// Undoes are the commits that a revert takes back.
	Undoes []string `json:"undoes,omitempty"`
	// Home is the line on which a change was made that main's history does not hold, though main may have a pick of it; ""
	// for one of main.
	Home string `json:"home,omitempty"`

	at int32
}

// Lines returns the names of the lines, without main's, as they were given.
func (ix *Index) Lines() []string {
	out := make([]string, len(ix.lines))
	for i, l := range ix.lines {
		out[i] = l.Name
	}
	return out
}

// Main returns the name of main.
func (ix *Index) Main() string { return ix.main.Name }

// Tip returns the commit at the head of a line, or of main.
func (ix *Index) Tip(name string) string {
	if l := ix.line(name); l != nil {
		return ix.nodes[l.tip].id
	}
	return ""
}

// Changes returns the changes since the oldest line left main, newest first, and what lines have for themselves. Merges
// that only join branches are none.
func (ix *Index) Changes() []*Known {
	var out []*Known
	for k := len(ix.nodes) - 1; k >= 0; k-- {
		i := int32(k) //nolint:gosec // far below 2^31 commits
		if !ix.isUnit(i) || len(ix.origins[i]) > 0 {
			continue
		}
		if ix.main.reach.has(i) {
			if !ix.inRegion(i) {
				continue
			}
		} else if ix.home(i) == nil {
			continue
		}
		out = append(out, ix.known(i))
	}
	return out
}

// home returns the first line that has a commit.
func (ix *Index) home(i int32) *line {
	for _, l := range ix.lines {
		if l.reach.has(i) {
			return l
		}
	}
	return nil
}

func (ix *Index) known(i int32) *Known {
	n := &ix.nodes[i]
	m := Parse(n.header)
	c := &Known{
		at: i, Commit: n.id, Type: n.typ, Scope: m.Scope, Subject: subject(m), PR: int(ix.prOf(i)), CVEs: n.cves,
		Author: n.author, Date: time.Unix(n.committed, 0).UTC(), Breaking: n.breaking, Parts: ix.ids(ix.parts[i]),
	}
	if len(n.parents) > 1 {
		c.Parent = ix.nodes[n.parents[0]].id
	}
	for _, a := range ix.acts[i] {
		if a.take && ix.owner(a.root) == a.root {
			c.Undoes = append(c.Undoes, ix.nodes[a.root].id)
		}
	}
	if !ix.main.reach.has(i) {
		if l := ix.home(i); l != nil {
			c.Home = l.Name
		}
	}
	return c
}

// State tells how a change stands on a line, or on main.
func (ix *Index) State(c *Known, name string) State {
	l := ix.line(name)
	if l == nil {
		return State{Presence: Missing}
	}
	s := ix.stateOf(l, c.at)
	if s.Presence == Missing && len(c.Undoes) > 0 && !ix.undoesSomething(l, c) {
		s.Presence, s.Reason = NotApplicable, "what it takes back is not there"
	}
	return s
}

// undoesSomething reports whether a line has anything of what a revert takes back.
func (ix *Index) undoesSomething(l *line, c *Known) bool {
	return slices.ContainsFunc(ix.acts[c.at], func(a act) bool {
		p := l.presence[a.root]
		return a.take && p.carrier != 0 && p.taker == 0
	})
}

// Mark returns what somebody recorded about a change on a line.
func (ix *Index) Mark(c *Known, name string) (Mark, bool) {
	l := ix.line(name)
	if l == nil {
		return Mark{}, false
	}
	m, ok := l.marks[c.at]
	return m, ok
}

// Of returns the changes that a commit carries, by its full or shortened id: more than one for a squash.
func (ix *Index) Of(commit string) []*Known {
	i, ok := ix.lookUp(commit)
	if !ok || !ix.reached(i) {
		return nil
	}
	return ix.changesOf(i)
}

// changesOf returns the changes that commits carry, each once and the newest first.
func (ix *Index) changesOf(commits ...int32) []*Known {
	var roots []int32
	for _, i := range commits {
		for _, o := range ix.rootsOf(ix.owner(i)) {
			roots = append(roots, ix.owner(o.root))
		}
	}
	slices.Sort(roots)
	var out []*Known
	for _, i := range slices.Backward(slices.Compact(roots)) {
		out = append(out, ix.known(i))
	}
	return out
}

// Origin tells which commit another one carries the change of, and by what evidence; ok is false for one that stands
// for itself.
func (ix *Index) Origin(commit string) (root string, by Evidence, ok bool) {
	i, found := ix.lookUp(commit)
	if !found || len(ix.origins[i]) == 0 {
		return "", "", false
	}
	o := ix.origins[i][0]
	return ix.nodes[o.root].id, o.by, true
}

// Find returns the changes that a person means: a commit's id, a pull request's number, a CVE, or words that all stand
// in the subject. The newest come first.
func (ix *Index) Find(query string) []*Known {
	query = strings.TrimSpace(query)
	if query == "" {
		return nil
	}
	if found := ix.Of(strings.ToLower(query)); len(found) > 0 {
		return found
	}
	match := ix.matcher(query)
	var found []int32
	for k := range ix.nodes {
		if i := int32(k); ix.carries(i) && match(i) && ix.reached(i) {
			found = append(found, i)
		}
	}
	return ix.changesOf(found...)
}

// reached reports whether main or a line has a commit; a cache may know more.
func (ix *Index) reached(i int32) bool { return ix.main.reach.has(i) || ix.home(i) != nil }

func (ix *Index) matcher(query string) func(int32) bool {
	if pr, ok := parsePR(query); ok {
		return func(i int32) bool { return ix.prOf(i) == pr || slices.Contains(ix.nodes[i].backports, pr) }
	}
	if up := strings.ToUpper(query); strings.HasPrefix(up, "CVE-") {
		return func(i int32) bool { return slices.Contains(ix.nodes[i].cves, up) }
	}
	terms := fields(query)
	return func(i int32) bool {
		text := strings.ToLower(ix.nodes[i].header)
		for _, t := range terms {
			if !strings.Contains(text, t) {
				return false
			}
		}
		return true
	}
}

// Between returns the changes that commit a has and commit b has not, as content, newest first. It is an error if main
// and the lines do not reach one of them: nothing is known of it then.
func (ix *Index) Between(a, b string) ([]*Known, error) {
	from, ok1 := ix.lookUp(a)
	to, ok2 := ix.lookUp(b)
	for id, ok := range map[string]bool{a: ok1, b: ok2} {
		if !ok {
			return nil, fmt.Errorf("commit %.10s is on none of the branches that were read", id)
		}
	}
	have, other := ix.lineTo(from), ix.lineTo(to)
	var out []*Known
	for k := len(ix.nodes) - 1; k >= 0; k-- {
		i := int32(k) //nolint:gosec // far below 2^31 commits
		if !ix.isUnit(i) || len(ix.origins[i]) > 0 || !standing(ix.stateOf(have, i)) || standing(ix.stateOf(other, i)) {
			continue
		}
		out = append(out, ix.known(i))
	}
	return out, nil
}

// Losses returns the fixes of commit a that an upgrade to commit b of a line would lose, newest first, without those of
// which somebody recorded why the line will not get them.
func (ix *Index) Losses(a, b, line string) ([]*Known, error) {
	between, err := ix.Between(a, b)
	return slices.DeleteFunc(between, func(c *Known) bool {
		m, marked := ix.Mark(c, line)
		return !c.Fix() || marked && m.Verdict == MarkWont
	}), err
}

// Fix reports whether a change mends something, so that nobody must lose it.
func (c *Known) Fix() bool { return c.Type == "fix" || c.Type == "security" || len(c.CVEs) > 0 }

func standing(s State) bool {
	return s.Presence == Present || s.Presence == Picked || s.Presence == Equivalent
}

// lineTo is a line that ends at a commit.
func (ix *Index) lineTo(tip int32) *line {
	l := &line{tip: tip, reach: ix.from(tip), marks: map[int32]Mark{}}
	ix.fold(l)
	return l
}
