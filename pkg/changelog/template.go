package changelog

import (
	"bytes"
	"embed"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// Formats for people that are built in.
const (
	// Keep is Keep a Changelog 1.1.0, for developers.
	Keep = "keepachangelog"
	// Operator has what must be done first, then security and fixes, and the rest folded away.
	Operator = "operator"
	// Body is the text of a release on a forge.
	Body = "release"
)

//go:embed templates/*.tmpl
var builtin embed.FS

// Template writes a [Log] for people. Beside the fields and methods of Log and what it holds, it has the functions
//
//	md text        one line that is inert in Markdown
//	plain text     one line without control characters, and no Markdown
//	item entry     scope, subject, numbers and notes of an entry in Markdown, as a list item without its hyphen
//	items entries  a list of all of them
//	short commit   the first ten digits of a commit id
//	date time      2026-05-03
//	day time       3 May 2026
//	version v      a version, "Unreleased" if there is none
//	join list sep  strings.Join
//
// and those of text/template. An unknown field or key is an error.
type Template struct{ t *template.Template }

var functions = template.FuncMap{
	"md":      Escape,
	"plain":   Inert,
	"item":    item,
	"items":   items,
	"short":   release.Short,
	"date":    dateIn(time.DateOnly),
	"day":     dateIn("2 January 2006"),
	"version": versionName,
	"join":    strings.Join,
}

// dateIn returns a function that writes a day in UTC, and nothing for the zero time.
func dateIn(layout string) func(time.Time) string {
	return func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(layout)
	}
}

func versionName(v release.Version) string {
	if v.IsZero() {
		return "Unreleased"
	}
	return v.String()
}

// ParseTemplate reads a template; name stands in its errors.
func ParseTemplate(name, text string) (*Template, error) {
	t, err := template.New(name).Funcs(functions).Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, err
	}
	return &Template{t}, nil
}

// Execute writes the log. Nothing is written if the template fails.
func (t *Template) Execute(w io.Writer, l Log) error {
	var buf bytes.Buffer
	if err := t.t.Execute(&buf, &l); err != nil {
		return err
	}
	_, err := w.Write(buf.Bytes())
	return err
}

// Formats are the names of the built-in templates.
func Formats() []string { return []string{Keep, Operator, Body} }

// Source returns the text of a built-in template, to begin one's own with.
func Source(format string) (string, error) {
	if !slices.Contains(Formats(), format) {
		return "", fmt.Errorf("there is no built-in template %q: there are %s", format, strings.Join(Formats(), ", "))
	}
	data, err := builtin.ReadFile("templates/" + format + ".tmpl")
	return string(data), err
}

// Builtin returns a built-in template.
func Builtin(format string) (*Template, error) {
	text, err := Source(format)
	if err != nil {
		return nil, err
	}
	return ParseTemplate(format+".tmpl", text)
}

// Markdown returns the changelog of one release for operators, equal bytes for equal input.
func Markdown(r Release) []byte {
	var buf bytes.Buffer
	t, err := Builtin(Operator)
	if err == nil {
		err = t.Execute(&buf, r.Log())
	}
	if err != nil {
		panic(err) // the built-in templates fit every log
	}
	return buf.Bytes()
}

// items writes changes as a list.
func items(entries []Entry) string {
	var b strings.Builder
	b.Grow(len(entries) * 100)
	for _, e := range entries {
		b.WriteString("- ")
		writeItem(&b, e)
		b.WriteByte('\n')
	}
	return b.String()
}

func item(e Entry) string {
	var b strings.Builder
	writeItem(&b, e)
	return b.String()
}

// writeItem writes one change; the text of a breaking change follows as a paragraph.
func writeItem(b *strings.Builder, e Entry) {
	if e.Mark != "" {
		b.WriteString("**")
		b.WriteString(e.Mark)
		b.WriteString(":** ")
	}
	if e.Scope != "" {
		b.WriteString("**")
		escape(b, e.Scope)
		b.WriteString(":** ")
	}
	escape(b, e.Subject)
	b.WriteString(" (")
	for _, cve := range e.CVEs {
		escape(b, cve)
		b.WriteString(", ")
	}
	if e.PR > 0 {
		b.WriteByte('#')
		b.WriteString(strconv.Itoa(e.PR))
		b.WriteString(", ")
	}
	b.WriteByte('`')
	b.WriteString(release.Short(e.Commit))
	b.WriteByte('`')
	if len(e.PickedFrom) > 0 {
		b.WriteString(", picked from `")
		b.WriteString(release.Short(e.PickedFrom[0]))
		b.WriteByte('`')
	}
	if e.Since != "" {
		b.WriteString(", since ")
		b.WriteString(e.Since)
	}
	if e.Corrected != nil {
		b.WriteString(", note corrected")
		if e.Corrected.Reason != "" {
			b.WriteString(": ")
			escape(b, e.Corrected.Reason)
		}
	}
	b.WriteByte(')')
	if e.Breaking {
		breakingNote(b, e)
	}
}

// breakingNote writes what a breaking change asks for, indented as a part of its list item.
func breakingNote(b *strings.Builder, e Entry) {
	note := breakingText(e)
	if note != "" {
		b.WriteByte('\n') // a paragraph of its own
	}
	for line := range strings.Lines(note) {
		b.WriteByte('\n')
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString("  ")
			escape(b, line)
		}
	}
}

// breakingText is what a breaking change says of itself.
func breakingText(e Entry) string {
	if e.BreakingNote != "" {
		return strings.TrimSpace(e.BreakingNote)
	}
	return strings.TrimSpace(e.Body)
}
