package history

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/release"
)

// Options name a range of commits.
type Options struct {
	// From is the commit after which changes count, "" for the whole history of To.
	From string
	// To is the commit at which they end.
	To string
}

// Result is what happened in a range.
type Result struct {
	// Changes, newest first in generation order.
	Changes []release.Change
	// Dropped are changes that were taken back inside the range, with what took them back: a revert that undoes just what
	// it names. One that undoes a part of it, or does more, leaves both among the changes.
	Dropped []release.Change
}

// Limits of what a change keeps of its message; a plan holds them all, and the ledger holds the plan.
const (
	maxSubject = 500
	maxBody    = 2000
	maxNote    = 4000
	maxFooters = 50
)

// Changes reads the changes of a range in one pass over its commits. A merge is one change with all that it brings if
// its own message is conventional, as that of a pull request; of other merges each commit that they bring counts.
func Changes(ctx context.Context, repo *git.Repo, opts Options) (*Result, error) {
	ro := ReleasesOptions{Tips: []string{opts.To}}
	if opts.From != "" {
		ro.After = []string{opts.From}
	}
	parts, err := Releases(ctx, repo, ro)
	if err != nil {
		return nil, err
	}
	return &parts[0].Result, nil
}

// unit is a commit on its way to being a change, or a part of one.
type unit struct {
	commit *git.Commit
	order  int
	// owner is the merge whose change this commit is a part of, or nil.
	owner   *unit
	brings  []*unit
	visited bool
	message Message
	// gone says that the change was taken back inside the range.
	gone bool
	// undoes are the units in range that this one takes back.
	undoes []*unit
}

func (u *unit) merge() bool { return len(u.commit.Parents) > 1 }

// whole reports whether a merge stands for what it brings.
func (u *unit) whole() bool { return u.merge() && u.message.Type != "" }

type commits struct {
	list []*unit
	byID map[string]*unit
}

// group gives each commit that a merge on the branch brings to that merge, the oldest merge first.
func (r *commits) group(to string) {
	var chain []*unit
	for u := r.byID[to]; u != nil; {
		u.visited = true
		chain = append(chain, u)
		if len(u.commit.Parents) == 0 {
			break
		}
		u = r.byID[u.commit.Parents[0]]
	}
	for i := len(chain) - 1; i >= 0; i-- {
		if m := chain[i]; m.merge() {
			r.bring(m)
		}
	}
}

// parseCommit reads a commit's message. A pull request's merge says what it is in the first line of its body.
func parseCommit(c *git.Commit) Message {
	m := Parse(c.Message)
	if len(c.Parents) < 2 || m.Type != "" {
		return m
	}
	_, rest, _ := strings.Cut(c.Message, "\n")
	inner := Parse(strings.TrimSpace(rest))
	if inner.Type == "" || inner.Type == "revert" && len(inner.Reverts) == 0 {
		return m
	}
	if inner.PR == 0 {
		inner.PR = m.PR
	}
	return inner
}

// bring marks everything that only the merge's other parents reach.
func (r *commits) bring(m *unit) {
	stack := append([]string(nil), m.commit.Parents[1:]...)
	for len(stack) > 0 {
		u := r.byID[stack[len(stack)-1]]
		stack = stack[:len(stack)-1]
		if u == nil || u.visited {
			continue
		}
		u.visited = true
		if m.whole() {
			u.owner = m
			m.brings = append(m.brings, u)
		}
		stack = append(stack, u.commit.Parents...)
	}
}

// result drops what was taken back, by parity, and makes changes of the rest.
func (r *commits) result(ctx context.Context, inv *inverses) (*Result, error) {
	for i := len(r.list) - 1; i >= 0; i-- { // oldest first
		u := r.list[i]
		if u.owner != nil || u.merge() && !u.whole() {
			continue
		}
		if err := r.undo(ctx, inv, u); err != nil {
			return nil, err
		}
	}
	res := &Result{Changes: make([]release.Change, 0, len(r.list))}
	for _, u := range r.list {
		switch {
		case u.owner != nil, u.merge() && !u.whole():
		case u.gone:
			res.Dropped = append(res.Dropped, change(u))
		default:
			res.Changes = append(res.Changes, change(u))
		}
	}
	return res, nil
}

// undo lets a revert take back what it names, if all of that is in the range and nothing else is in the revert. A revert
// of a revert brings back what that one took.
func (r *commits) undo(ctx context.Context, inv *inverses, u *unit) error {
	targets := r.targets(u)
	if len(targets) == 0 {
		return nil
	}
	if same, err := inv.undoes(ctx, u, targets); err != nil || !same {
		return err // the message alone proves nothing
	}
	u.undoes, u.gone = targets, true
	for _, t := range targets {
		for _, back := range t.undoes {
			back.gone = false
		}
		t.gone = true
	}
	return nil
}

// targets returns what a revert names, nothing if a part of that was released before: then the revert is news.
func (r *commits) targets(u *unit) []*unit {
	if len(u.message.Reverts) == 0 {
		if t := r.quoted(u); t != nil {
			return []*unit{t}
		}
		return nil
	}
	var out []*unit
	for _, id := range u.message.Reverts {
		t := r.find(id, u)
		if t == nil {
			return nil
		}
		out = append(out, t)
	}
	return out
}

// quoted returns the newest unit older than by whose subject by quotes, as the reverts that forges make do without ids.
func (r *commits) quoted(by *unit) *unit {
	q, ok := quote(by.message.Header)
	if !ok {
		return nil
	}
	for _, u := range r.list[by.order+1:] {
		if u.owner == nil && !u.gone && bare(u.message.Header) == bare(q) {
			return u
		}
	}
	return nil
}

// find returns the unit older than by that a revert names: by its id, by what it brings, or by what it was picked from.
func (r *commits) find(id string, by *unit) *unit {
	if u := r.byID[id]; u != nil {
		if u.owner != nil {
			return u.owner
		}
		return u
	}
	for _, u := range r.list[by.order+1:] {
		if strings.HasPrefix(u.commit.ID, id) {
			if u.owner != nil {
				return u.owner
			}
			return u
		}
		for _, p := range u.message.PickedFrom {
			if strings.HasPrefix(p, id) && !u.gone {
				return u
			}
		}
	}
	return nil
}

func change(u *unit) release.Change {
	m := u.message
	for _, b := range u.brings {
		m.PickedFrom = append(m.PickedFrom, b.message.PickedFrom...)
	}
	c := release.Change{
		ID: u.commit.ID, Commit: u.commit.ID,
		Type: m.Type, Scope: short(m.Scope, 100), Subject: short(subject(m), maxSubject), Body: short(m.Body, maxBody),
		Breaking: m.Breaking, BreakingNote: short(m.BreakingNote, maxNote),
		PickedFrom: m.PickedFrom, Reverts: m.Reverts, PR: m.PR, CVEs: m.CVEs,
		Author: u.commit.Author.Name, Date: u.commit.Author.When.UTC(), Problem: m.Problem,
	}
	if len(m.PickedFrom) > 0 && len(u.brings) < 2 {
		c.ID = m.PickedFrom[0]
	}
	for i, f := range m.Footers {
		if i == maxFooters {
			break
		}
		c.Footers = append(c.Footers, release.Footer{Token: f.Token, Value: short(f.Value, maxNote)})
	}
	return c
}

// subject is the description without the pull request's number, which has a field of its own.
func subject(m Message) string {
	if m.PR == 0 {
		return m.Description
	}
	if i := strings.LastIndex(m.Description, "(#"); i > 0 && prForm.MatchString(m.Description[i:]) {
		return strings.TrimSpace(m.Description[:i])
	}
	return m.Description
}

// short cuts text at a rune's boundary.
func short(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit] + "…"
}
