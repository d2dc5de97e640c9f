package guide

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/fact"
)

// ReferencePage is a page that tells the facts of one area, for readers who never saw the source.
type ReferencePage struct {
	// Path in the documentation, such as reference/configuration.md.
	Path string
	// Title is plain text.
	Title string
	// Markdown holds nothing but text, tables, code, and links to runbooks.
	Markdown []byte
}

// ReferenceDir is the folder of reference pages.
const ReferenceDir = "reference/"

// Bounds of a reference page: rows of one table, and bytes of a page, after which docs/facts.json has the rest.
const (
	maxReferenceRows  = 2000
	maxReferenceBytes = 512 << 10
)

// chapter is a page of the reference.
type chapter struct {
	file, title, about string
	parts              []part
}

// part is a table of a chapter, one for each scope.
type part struct {
	kind  fact.Kind
	title string
	head  []string
	row   func(fact.Fact) []string
}

var chapters = []chapter{
	{"configuration", "Configuration", "All keys, and what counts where a file does not give one. `relverify check-config` says which of yours the next release changes.", []part{
		{fact.Config, "Keys", []string{"Key", "Type", "Default", "About"}, setting},
	}},
	{"command-line", "Command line", "What can be typed, and what the programs read from their environment.", []part{
		{fact.Command, "Commands", []string{"Command", "About"}, func(f fact.Fact) []string { return []string{code(f.Name), about(f)} }},
		{fact.Flag, "Flags", []string{"Flag", "Type", "Default", "About"}, setting},
		{fact.Env, "Environment variables", []string{"Variable", "Default", "About"}, func(f fact.Fact) []string { return []string{code(bare(f)), value(f.Attributes.Default), about(f)} }},
	}},
	{"database", "Database migrations", "What each migration does, and who waits while it runs. A lock is judged by the statement alone: how long it is held depends on how large the table is.", []part{
		{fact.Migration, "Migrations", []string{"Migration", "Does", "Who waits", "Way back"}, migration},
	}},
	{"deployment", "Ports, images and resources", "What the manifests of the release ask for.", []part{
		{fact.Port, "Ports", []string{"Where", "Port"}, valued}, {fact.Image, "Images", []string{"Where", "Image"}, valued},
		{fact.Resource, "Resources", []string{"What", "How much"}, valued}, {fact.Probe, "Health", []string{"What", "How it is asked"}, valued},
	}},
	{"api", "API and custom resources", "Operations and fields with their types.", []part{
		{fact.API, "Operations", []string{"Operation or parameter", "Type", "Default", "About"}, setting},
		{fact.CRD, "Custom resources", []string{"Resource or field", "Type", "Default", "About"}, setting},
	}},
	{"alerts", "Alerts and metrics", "What may call you, what to do then, and what can be asked.", []part{
		{kind: fact.Alert, title: "Alerts"},
		{fact.Metric, "Metrics", []string{"Metric", "Type", "Labels", "About"}, metric},
		{fact.Recording, "Recorded series", []string{"Series", "Expression"}, func(f fact.Fact) []string { return []string{code(f.Name), code(f.Attributes.Expr)} }},
	}},
	{"messages", "Messages and error codes", "What the product says, and what it means.", []part{
		{fact.Message, "Messages", []string{"Message", "About"}, func(f fact.Fact) []string { return []string{code(f.Name), about(f)} }},
	}},
	{"features", "Feature flags", "Which features are on in this release, for those whom no rule names.", []part{
		{fact.Feature, "Flags", []string{"Flag", "State", "States there are", "About"}, func(f fact.Fact) []string {
			return []string{code(f.Name), line(f.Attributes.State), codes(f.Attributes.Enum), between(f.Text)}
		}},
	}},
}

// Reference tells the facts of a release, one page an area. It has no page about what there is nothing of. The runbook of an
// alert is a path from the documentation's folder, perhaps with a section, or "" where it does not ship.
func Reference(s *fact.Set, runbook func(url string) string) []ReferencePage {
	of := map[fact.Kind][]fact.Fact{}
	for _, f := range s.Facts {
		of[f.Kind] = append(of[f.Kind], f)
	}
	r := reference{of: of, runbook: runbook, commands: map[string]string{}}
	for _, f := range of[fact.Command] {
		r.commands[strings.ReplaceAll(f.Name, " ", "-")] = f.Name
	}
	var out []ReferencePage
	for _, c := range chapters {
		if page := r.chapter(c); page != nil {
			out = append(out, ReferencePage{ReferenceDir + c.file + ".md", c.title, page})
		}
	}
	return out
}

// reference is a reference in the making.
type reference struct {
	of      map[fact.Kind][]fact.Fact
	runbook func(string) string
	// commands are those with a scope of their own: relctl-docs-build is relctl docs build.
	commands map[string]string
}

func (r reference) chapter(c chapter) []byte {
	w := &writer{}
	w.heading(1, c.title)
	w.para("%s", c.about)
	parts := slices.DeleteFunc(slices.Clone(c.parts), func(p part) bool { return len(r.of[p.kind]) == 0 })
	if len(parts) == 0 {
		return nil
	}
	for _, p := range parts {
		if p.kind == fact.Alert {
			r.alerts(w)
			continue
		}
		for _, g := range scopes(r.of[p.kind]) {
			switch name, known := r.commands[g.scope]; {
			case known:
				w.heading(2, code(name))
			case g.scope != "" && p.kind != fact.Command && p.kind != fact.Env:
				w.heading(2, code(g.scope))
			case len(parts) > 1:
				w.heading(2, p.title)
			}
			w.rows(p.head, p.row, g.facts)
		}
	}
	return []byte(strings.TrimRight(w.b.String(), "\n") + "\n")
}

// group are facts of one scope.
type group struct {
	scope string
	facts []fact.Fact
}

// scopes puts facts into groups, those without a scope first. Commands and variables are one group: what they are called
// says whose they are.
func scopes(facts []fact.Fact) []group {
	var out []group
	for _, f := range facts {
		scope := ""
		if f.Kind == fact.Config || f.Kind == fact.Flag {
			scope, _ = split(f.Name)
		}
		i := slices.IndexFunc(out, func(g group) bool { return g.scope == scope })
		if i < 0 {
			i = len(out)
			out = append(out, group{scope: scope})
		}
		out[i].facts = append(out[i].facts, f)
	}
	slices.SortStableFunc(out, func(a, b group) int { return strings.Compare(a.scope, b.scope) })
	return out
}

// split returns the scope of a name, and the rest.
func split(name string) (scope, rest string) {
	if before, after, ok := strings.Cut(name, " "); ok {
		return before, after
	}
	return "", name
}

func bare(f fact.Fact) string {
	_, rest := split(f.Name)
	return rest
}

// rows writes a table without the columns in which nothing stands.
func (w *writer) rows(head []string, row func(fact.Fact) []string, facts []fact.Fact) {
	var cells [][]string
	size := w.b.Len()
	for _, f := range facts[:min(len(facts), maxReferenceRows)] {
		r := row(f)
		for _, cell := range r {
			size += len(cell)
		}
		if size > maxReferenceBytes {
			break
		}
		cells = append(cells, r)
	}
	left := len(facts) - len(cells)
	head = slices.Clone(head)
	for i := len(head) - 1; i > 0; i-- {
		if !slices.ContainsFunc(cells, func(r []string) bool { return r[i] != "" && r[i] != "–" }) {
			head = slices.Delete(head, i, i+1)
			for n := range cells {
				cells[n] = slices.Delete(cells[n], i, i+1)
			}
		}
	}
	for len(cells) > 0 {
		n := min(len(cells), maxRows) // of which a table has no more
		w.table(head, cells[:n])
		cells = cells[n:]
	}
	if left > 0 {
		w.para("…and %d more, which `docs/facts.json` has.", left)
	}
}

// setting is a row about what can be given.
func setting(f fact.Fact) []string {
	name := f.Name
	if f.Kind == fact.Config || f.Kind == fact.Flag {
		name = bare(f)
	}
	return []string{code(name), orDash(line(f.Attributes.Type)), value(f.Attributes.Default), about(f)}
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// defaultNote is what help says of a default, which has a column of its own.
var defaultNote = regexp.MustCompile(`\s*[(\[][Dd]efaults?:? [^()\[\]]*[)\]]`)

// about is what is said of a fact, and what its attributes add.
func about(f fact.Fact) string {
	a := f.Attributes
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	text := f.Text
	if a.Default != nil {
		text = defaultNote.ReplaceAllString(text, "")
	}
	if text = strings.TrimSpace(between(clip(text, maxText))); text != "" {
		out = append(out, text)
	}
	if a.Required {
		add("**Required.**")
	}
	if len(a.Enum) > 0 {
		add("One of %s.", codes(a.Enum))
	}
	switch {
	case a.Minimum != "" && a.Maximum != "":
		add("From %s to %s.", line(a.Minimum), line(a.Maximum))
	case a.Minimum != "":
		add("At least %s.", line(a.Minimum))
	case a.Maximum != "":
		add("At most %s.", line(a.Maximum))
	}
	if len(a.Versions) > 0 {
		add("Versions %s.", codes(a.Versions))
	}
	if a.Deprecated != "" {
		add("**Deprecated:** %s.", line(strings.TrimSuffix(a.Deprecated, ".")))
	}
	if a.RemovedIn != "" {
		add("Will be gone in %s.", line(a.RemovedIn))
	}
	return strings.Join(out, " ")
}

// codes lists values; of very many, the first.
func codes(values []string) string {
	const most = 30
	var out []string
	for i, v := range values {
		if i == most {
			out = append(out, "…")
			break
		}
		out = append(out, code(v))
	}
	return strings.Join(out, ", ")
}

func valued(f fact.Fact) []string { return []string{code(f.Name), code(f.Attributes.Value)} }

func metric(f fact.Fact) []string {
	return []string{code(f.Name), line(f.Attributes.Type), codes(f.Attributes.Labels), about(f)}
}

func migration(f fact.Fact) []string {
	a := f.Attributes
	return []string{code(f.Name), line(strings.Join(a.Statements, "; ")), lockWords[a.Lock], wayBack(a.Destructive, a.Reversible)}
}

// alerts tells each with its expression and its runbook, under a heading, since that is what somebody looks for at night.
func (r reference) alerts(w *writer) {
	for i, f := range r.of[fact.Alert] {
		if w.b.Len() > maxReferenceBytes {
			w.para("…and %d more alerts, which `docs/facts.json` has.", len(r.of[fact.Alert])-i)
			return
		}
		a := f.Attributes
		w.heading(2, code(f.Name))
		if text := about(f); text != "" {
			w.para("%s", text)
		}
		when := "It fires when this holds"
		if a.For != "" {
			when += " for " + line(a.For)
		}
		if a.Severity != "" {
			when += ", as *" + line(a.Severity) + "*"
		}
		w.para("%s:", when)
		w.b.WriteString("```promql\n")
		for text := range strings.Lines(clip(strings.TrimSpace(a.Expr), maxNoteLine)) {
			w.b.WriteString(verbatim(strings.TrimRight(text, "\r\n")) + "\n")
		}
		w.b.WriteString("```\n\n")
		switch page := r.runbook(a.RunbookURL); {
		case plainPath.MatchString(page):
			file, _, _ := strings.Cut(path.Base(page), ".md")
			w.para("What to do then: [%s](../%s).", line(file), page)
		case a.RunbookURL != "":
			w.para("Its runbook: %s", code(a.RunbookURL))
		}
	}
}

// plainPath is a path, perhaps with a section, that means nothing else in Markdown.
var plainPath = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_./-]*\.md(#[A-Za-z0-9_-]+)?$`)
