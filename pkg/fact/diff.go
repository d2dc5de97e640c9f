package fact

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// Impact says how much a change asks of an operator.
type Impact string

// The impacts, from the worst.
const (
	Breaking Impact = "breaking" // what worked before fails, unless the operator acts
	Action   Impact = "action"   // it behaves differently, or somebody should prepare
	Notice   Impact = "notice"   // good to know
)

// Impacts are all impacts, in the order of their weight.
var Impacts = []Impact{Breaking, Action, Notice}

// Change is one difference between two sets.
type Change struct {
	Impact Impact `json:"impact"`
	Kind   Kind   `json:"kind"`
	// Name is the fact's, the new one where it was renamed.
	Name string `json:"name"`
	// What changed: added, removed, renamed, or an attribute such as default.
	What string `json:"what"`
	// Before and After are the values, where there are any.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	// Text says it in one sentence, for an operator.
	Text string `json:"text"`
	// Also are further names to which the very same happened: one field of a custom resource or of an API stands in many
	// places, and one image in many containers.
	Also []string `json:"also,omitempty"`
	// Path and Line are where it stands now, or stood before it was removed.
	Path string `json:"path,omitempty"`
	Line int    `json:"line,omitempty"`
}

// Diff returns what changed from a to b, the worst first, then in the order of a set. What only says the same in other
// words or in another order is no change.
func Diff(a, b *Set) []Change {
	d := differ{before: byKey(a), after: byKey(b), renamed: map[key]bool{}}
	for _, f := range b.Facts {
		d.compare(f)
	}
	for _, f := range a.Facts {
		if _, ok := d.after[f.key()]; !ok && !d.renamed[f.key()] {
			d.removed(f)
		}
	}
	slices.SortStableFunc(d.changes, func(x, y Change) int {
		return cmp.Or(
			cmp.Compare(slices.Index(Impacts, x.Impact), slices.Index(Impacts, y.Impact)),
			cmp.Compare(slices.Index(Kinds, x.Kind), slices.Index(Kinds, y.Kind)),
			cmp.Compare(x.Name, y.Name), cmp.Compare(x.What, y.What), cmp.Compare(x.Before, y.Before), cmp.Compare(x.After, y.After))
	})
	return fold(d.changes)
}

// fold tells once what happened to one field in many places of custom resources or of an API, or to one image in many
// containers. The place with the shortest name stands for all.
func fold(changes []Change) []Change {
	type field struct {
		kind                      Kind
		name, what, before, after string
	}
	places := map[field]int{}
	out := changes[:0]
	for _, c := range changes {
		last := c.Name[strings.LastIndexAny(c.Name, ". ")+1:]
		if c.Kind == Image {
			last = ""
		}
		at := field{c.Kind, last, c.What, c.Before, c.After}
		i, again := places[at]
		switch {
		case c.Kind != CRD && c.Kind != API && c.Kind != Image || again && out[i].Impact != c.Impact:
			out = append(out, c)
		case !again:
			places[at] = len(out)
			out = append(out, c)
		case len(c.Name) < len(out[i].Name):
			c.Also, out[i].Also = out[i].Also, nil
			c.Also = append(c.Also, out[i].Name)
			out[i] = c
		default:
			out[i].Also = append(out[i].Also, c.Name)
		}
	}
	for i, c := range out {
		if n := len(c.Also); n > 0 {
			slices.Sort(c.Also)
			out[i].Text += fmt.Sprintf(" (here and in %s)", release.Count(n, "other place"))
		}
	}
	return out
}

func byKey(s *Set) map[key]Fact {
	m := make(map[key]Fact, len(s.Facts))
	for _, f := range s.Facts {
		m[f.key()] = f
	}
	return m
}

// differ collects changes.
type differ struct {
	before, after map[key]Fact
	// renamed are the facts of before that live on under another name.
	renamed map[key]bool
	changes []Change
	// had and has are the workloads of the two sets, once somebody asked for them.
	had, has map[string]bool
}

// compare compares a fact of b with the one that it was in a.
func (d *differ) compare(f Fact) {
	if old, ok := d.before[f.key()]; ok {
		d.attributes(old, f)
		return
	}
	for _, name := range f.Attributes.RenamedFrom {
		old, ok := d.before[key{f.Kind, name}]
		if !ok {
			continue
		}
		if _, still := d.after[old.key()]; still { // an alias for a while, which its own deprecation tells
			d.add(f, Notice, "added", "", "", "new, takes the place of %s", old.Name)
			return
		}
		d.renamed[old.key()] = true
		d.add(f, Breaking, "renamed", old.Name, f.Name, "renamed from %s", old.Name)
		d.attributes(old, f)
		return
	}
	d.added(f)
}

// add records a change; its sentence begins with the name.
func (d *differ) add(f Fact, impact Impact, what, before, after, format string, args ...any) {
	text := shorten(f.Name) + ": " + fmt.Sprintf(format, args...)
	d.changes = append(d.changes, Change{
		Impact: impact, Kind: f.Kind, Name: f.Name, What: what, Before: before, After: after, Text: text, Path: f.Path, Line: f.Line,
	})
}

// added records a new fact.
func (d *differ) added(f Fact) {
	switch impact := addedImpact(f); f.Kind {
	case Migration:
		d.add(f, impact, "added", "", "", "%s", describeMigration(f.Attributes))
	case Resource:
		d.addedResource(f)
	case Port, Image, Probe:
		d.add(f, impact, "added", "", f.Attributes.Value, "new, %s", shorten(f.Attributes.Value))
	case Feature:
		d.add(f, impact, "added", "", f.Attributes.State, "new, %s", f.Attributes.State)
	default:
		text := "new"
		switch {
		case impact == Breaking:
			text = "new and required, without a default"
		case f.Attributes.Default != nil:
			text += ", default " + value(*f.Attributes.Default)
		case f.Attributes.Severity != "":
			text += ", severity " + shorten(f.Attributes.Severity)
		}
		d.add(f, impact, "added", "", "", "%s", text)
	}
}

func addedImpact(f Fact) Impact {
	a := f.Attributes
	switch f.Kind {
	case Migration:
		switch {
		case len(a.Destructive) > 0:
			return Breaking
		case a.Lock.Worse(LockShort) || !a.Reversible:
			return Action
		}
	case Config, Flag, Env:
		if a.Required && a.Default == nil && !strings.ContainsAny(f.Name, "[*") { // inside a list or map nobody has yet
			return Breaking
		}
	case Port, Image:
		return Action
	}
	return Notice
}

// removed records a fact that is gone.
func (d *differ) removed(f Fact) {
	if f.Kind == Resource {
		d.removedResource(f)
		return
	}
	impact := removedImpacts[f.Kind]
	text := "removed"
	if use := f.Attributes.Deprecated; use != "" && use != deprecatedOnly {
		text += ", as announced: " + shorten(use)
	}
	if f.Kind == Metric {
		if users := d.usersOf(f.Name); len(users) > 0 {
			text += ", and still used by " + strings.Join(users, ", ")
		}
	}
	d.add(f, impact, "removed", "", "", "%s", text)
}

// removedImpacts say how much it matters that something is gone; what is not listed is a notice.
var removedImpacts = map[Kind]Impact{
	Config: Breaking, Flag: Breaking, Command: Breaking, Env: Breaking, CRD: Breaking, API: Breaking, Metric: Breaking, Port: Breaking, Recording: Breaking,
	Migration: Action, Alert: Action, Runbook: Notice, Message: Action, Feature: Action, Image: Notice, Probe: Notice,
}

// usersOf returns the rules of b that use a metric.
func (d *differ) usersOf(metric string) []string {
	var users []string
	for _, f := range d.after {
		if slices.Contains(f.Attributes.Metrics, metric) {
			users = append(users, string(f.Kind)+" "+shorten(f.Name))
		}
	}
	slices.Sort(users)
	return users
}

// shorten keeps a text from outside within a line.
func shorten(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 160 {
		return string(r[:160]) + "…"
	}
	return s
}

// value shows a value as an operator would write it.
func value(s string) string {
	if s == "" {
		return `""`
	}
	return shorten(s)
}
