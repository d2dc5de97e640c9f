package guide

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/changelog"
	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/upgrade"
)

// builder is a guide in the making.
type builder struct {
	*Guide
	// changed are all changes of facts, and told the notes of all steps.
	changed []fact.Change
	told    []Note
}

// step adds the way from one release to the next.
func (b *builder) step(from, to Point, way upgrade.Step) {
	s := Step{
		From: from.String(), To: to.String(), Channel: to.Channel, Stop: way.Stop, Conditions: way.Conditions,
		Breaking: []Entry{}, Other: []Entry{}, Areas: []Area{}, Migrations: []Migration{}, Alerts: []string{},
	}
	notes := since(from.Notes, to.Notes, b.Channel)
	b.told = append(b.told, notes...)
	var changes []fact.Change
	if from.Facts != nil && to.Facts != nil {
		changes = fact.Diff(from.Facts, to.Facts)
		s.areas(changes, from.Facts, to.Facts)
		s.migrations(changes, to.Facts)
		s.Config = slices.ContainsFunc(to.Facts.Facts, func(f fact.Fact) bool { return f.Kind == fact.Config })
	}
	if to.Facts != nil {
		for _, f := range to.Facts.Facts {
			if f.Kind == fact.Alert {
				s.Alerts = append(s.Alerts, f.Name)
			}
		}
	}
	b.changed = append(b.changed, changes...)
	s.entries(notes, changes)
	b.Steps = append(b.Steps, s)
}

// since are the notes of b that a does not have, as releases of a channel tell them. Known issues are told otherwise.
func since(a, b []Note, channel string) []Note {
	var out []Note
	for _, n := range b {
		had := slices.ContainsFunc(a, func(o Note) bool { return o.ID == n.ID })
		if !had && n.Kind != NoteKnown && n.In(channel) {
			out = append(out, n)
		}
	}
	return out
}

// entries tells the notes, and the breaking changes that no note answers.
func (s *Step) entries(notes []Note, changes []fact.Change) {
	for _, kind := range NoteKinds {
		for _, n := range notes {
			if n.Kind != kind {
				continue
			}
			e := n.entry()
			for _, c := range changes {
				if n.Answers(c) {
					e.Facts = append(e.Facts, c.Text)
				}
			}
			if kind == NoteBreaking {
				s.Breaking = append(s.Breaking, e)
			} else {
				s.Other = append(s.Other, e)
			}
		}
	}
	var rest []fact.Change
	for _, c := range changes {
		if c.Impact == fact.Breaking && !slices.ContainsFunc(notes, func(n Note) bool { return n.Answers(c) }) {
			rest = append(rest, c)
		}
	}
	s.Breaking = append(s.Breaking, computed(rest)...)
}

// computed tells breaking changes that no note answers, those of one kind to which the same happened together.
func computed(changes []fact.Change) []Entry {
	type same struct {
		kind fact.Kind
		what string
	}
	var order []same
	groups := map[same][]fact.Change{}
	for _, c := range changes {
		s := same{c.Kind, c.What}
		if groups[s] == nil {
			order = append(order, s)
		}
		groups[s] = append(groups[s], c)
	}
	var out []Entry
	for _, s := range order {
		group := groups[s]
		act, check := advice(group...)
		e := Entry{Title: title(group[0]), Impact: group[0].Text, Action: act, Check: check}
		if len(group) > 1 {
			e.Title, e.Impact = fmt.Sprintf("%s: %s", s.kind, happened(s.what, len(group))), ""
			for i, c := range group {
				if i == maxRows {
					e.Impact += more(len(group))
					break
				}
				e.Impact += "- " + listed(c) + "\n"
			}
		}
		out = append(out, e)
	}
	return out
}

// listed is a change in a list of those to which the same happened.
func listed(c fact.Change) string {
	text, name := changelog.Inert(c.Text), changelog.Inert(c.Name)
	rest := strings.TrimPrefix(text, name+": ")
	switch {
	case rest == text || strings.ContainsAny(name, "`"):
		return text
	case rest == c.What:
		return "`" + name + "`"
	}
	return "`" + name + "`: " + rest
}

// happened says how many were removed, added, and so on.
func happened(what string, n int) string {
	switch what {
	case "removed", "renamed", "added":
		return fmt.Sprintf("%d %s", n, what)
	}
	return fmt.Sprintf("%d with another %s", n, what)
}

// title of a change that no note answers.
func title(c fact.Change) string {
	if c.What == "renamed" {
		return fmt.Sprintf("%s %s is now %s", c.Kind, c.Before, c.Name)
	}
	return fmt.Sprintf("%s %s", c.Kind, c.Name)
}

func (n Note) entry() Entry {
	e := Entry{Title: n.Title, Impact: n.Impact, Action: n.Action, Check: n.Check, Text: n.Text, Note: n.ID}
	if e.Title == "" {
		var names []string
		for _, a := range n.Facts {
			names = append(names, a.String())
		}
		const most = 3
		if more := len(names) - most; more > 0 {
			names = append(names[:most], fmt.Sprintf("and %d more", more))
		}
		e.Title = strings.Join(names, ", ")
	}
	return e
}

// areas sorts changes by what they are about. Migrations are told by themselves.
func (s *Step) areas(changes []fact.Change, a, b *fact.Set) {
	before, after := defaults(a), defaults(b)
	for _, area := range areas {
		out := Area{Title: area.title}
		for _, c := range changes {
			if c.Kind == fact.Migration && c.What == "added" || !slices.Contains(area.kinds, c.Kind) {
				continue
			}
			one := Change{Change: c, DefaultAfter: after[key{c.Kind, c.Name}], DefaultBefore: before[key{c.Kind, c.Name}]}
			if c.What == "renamed" {
				one.DefaultBefore = before[key{c.Kind, c.Before}]
			}
			out.Changes = append(out.Changes, one)
		}
		if len(out.Changes) > 0 {
			s.Areas = append(s.Areas, out)
		}
	}
}

type key struct {
	kind fact.Kind
	name string
}

func defaults(s *fact.Set) map[key]*string {
	out := map[key]*string{}
	for _, f := range s.Facts {
		if d := f.Attributes.Default; d != nil {
			out[key{f.Kind, f.Name}] = d
		}
	}
	return out
}

// migrations are those that the new release has and the old one has not, in the order of their names.
func (s *Step) migrations(changes []fact.Change, b *fact.Set) {
	for _, f := range b.Facts {
		i := slices.IndexFunc(changes, func(c fact.Change) bool {
			return c.Kind == fact.Migration && c.What == "added" && c.Name == f.Name
		})
		if f.Kind != fact.Migration || i < 0 {
			continue
		}
		does := f.Attributes.Statements
		if len(does) == 0 {
			does = f.Attributes.Destructive
		}
		s.Migrations = append(s.Migrations, Migration{
			Name: f.Name, Does: strings.Join(does, ", "), Lock: f.Attributes.Lock,
			Reversible: f.Attributes.Reversible, Destructive: f.Attributes.Destructive,
		})
	}
}

// NoReturn is the first migration after which only the backup leads back, nil if there is none.
func (s Step) NoReturn() *Migration {
	for i, m := range s.Migrations {
		if len(m.Destructive) > 0 {
			return &s.Migrations[i]
		}
	}
	return nil
}

// acts says who must act.
func (b *builder) acts() {
	for _, area := range areas {
		a := Act{Who: area.who, Names: []string{}}
		for _, c := range b.changed {
			if slices.Contains(area.kinds, c.Kind) && c.Impact != fact.Notice {
				a.count(c.Impact == fact.Breaking, c.Name)
			}
		}
		if a.Breaking+a.Action > 0 {
			b.Act = append(b.Act, a)
		}
	}
	all := Act{Who: "everybody", Names: []string{}}
	for _, n := range b.told {
		answers := slices.ContainsFunc(b.changed, n.Answers) // then it is counted by its facts
		if !answers && (n.Kind == NoteBreaking || n.Kind == NoteAction) {
			all.count(n.Kind == NoteBreaking, n.entry().Title)
		}
	}
	if all.Breaking+all.Action > 0 {
		b.Act = append(b.Act, all)
	}
}

func (a *Act) count(breaking bool, name string) {
	if breaking {
		a.Breaking++
	} else {
		a.Action++
	}
	const most = 4
	if len(a.Names) < most && !slices.Contains(a.Names, name) {
		a.Names = append(a.Names, name)
	}
}

// last tells what holds of the new release, whatever the way to it.
func (b *builder) last(first, last Point) {
	for _, n := range last.Notes {
		if n.Kind == NoteKnown && n.In(b.Channel) {
			b.Known = append(b.Known, n.entry())
		}
	}
	if last.Facts == nil {
		return
	}
	was := map[key]bool{}
	if first.Facts != nil {
		for _, f := range first.Facts.Facts {
			was[key{f.Kind, f.Name}] = f.Attributes.Deprecated != ""
		}
	}
	for _, f := range last.Facts.Facts {
		a := f.Attributes
		if a.Deprecated != "" {
			d := Deprecation{Kind: f.Kind, Name: f.Name, Use: a.Deprecated, RemovedIn: a.RemovedIn, New: first.Facts != nil && !was[key{f.Kind, f.Name}]}
			if d.Use == "deprecated" {
				d.Use = ""
			}
			b.Deprecated = append(b.Deprecated, d)
		}
	}
	slices.SortStableFunc(b.Deprecated, func(x, y Deprecation) int {
		return cmp.Or(rank(x.New)-rank(y.New), rank(x.RemovedIn != "")-rank(y.RemovedIn != ""))
	})
}

func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}

// gaps says what the guide cannot tell.
func (b *builder) gaps(req Request) {
	for _, p := range req.Points {
		switch {
		case p.Facts == nil && p.Problem != "":
			b.Gaps = append(b.Gaps, fmt.Sprintf("What operators care about at %s could not be read, so what changes of it is not told: %s", p, p.Problem))
		case p.Problem != "":
			b.Gaps = append(b.Gaps, fmt.Sprintf("Not all notes of %s could be read: %s", p, p.Problem))
		}
		if p.Facts == nil {
			continue
		}
		for _, m := range p.Facts.Missing {
			elsewhere := slices.ContainsFunc(req.Points, func(o Point) bool { return o.Facts != nil && !slices.Contains(o.Facts.Missing, m) })
			if elsewhere { // what no release has changes nowhere
				b.Gaps = append(b.Gaps, fmt.Sprintf("Release %s has nothing at %s (%s), so changes of it may be told as new or removed.", p, m.Path, m.Kind))
			}
		}
	}
	for _, page := range req.Install {
		if page.Path == "" {
			b.Gaps = append(b.Gaps, fmt.Sprintf("This release has no page %s, which says how to install on %s.", page.Wanted, page.Name))
		}
	}
}
