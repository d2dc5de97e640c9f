package changelog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// Release is what a changelog tells about.
type Release struct {
	Product, Channel string
	Version          release.Version
	// Date is the release's source date.
	Date time.Time
	// Previous is the release that the changes are told since, zero for the first.
	Previous release.Version
	// Changes, newest first.
	Changes []release.Change
}

// section is a heading and what belongs under it.
type section struct {
	title, intro string
	has          func(release.Change) bool
}

// sections in the order in which an operator wants them; a change stands in the first that has it.
var sections = []section{
	{"Action required", "Read these before you upgrade.", func(c release.Change) bool { return c.Breaking }},
	{"Security", "", func(c release.Change) bool { return c.Type == "security" || len(c.CVEs) > 0 }},
	{"Fixes", "", func(c release.Change) bool { return c.Type == "fix" }},
	{"Taken back", "These changes of earlier releases were reverted.", func(c release.Change) bool { return c.Type == "revert" }},
	{"Performance", "", func(c release.Change) bool { return c.Type == "perf" }},
	{"Features", "", func(c release.Change) bool { return c.Type == "feat" }},
	{"Documentation", "", func(c release.Change) bool { return c.Type == "docs" }},
	{"Under the hood", "", func(release.Change) bool { return true }},
}

// group returns the changes of each section.
func group(changes []release.Change) [][]release.Change {
	groups := make([][]release.Change, len(sections))
	for _, c := range changes {
		i := slices.IndexFunc(sections, func(s section) bool { return s.has(c) })
		groups[i] = append(groups[i], c)
	}
	return groups
}

// Markdown returns the changelog for people, equal bytes for equal input.
func Markdown(r Release) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s %s\n\n", escape(r.Product), r.Version)
	fmt.Fprintf(&b, "Channel %s, %s.", escape(r.Channel), r.Date.UTC().Format("2 January 2006"))
	if r.Previous.IsZero() {
		b.WriteString(" The first release of its line.\n")
	} else {
		fmt.Fprintf(&b, " Changes since %s.\n", r.Previous)
	}
	if len(r.Changes) == 0 {
		b.WriteString("\nNothing changed in the software itself.\n")
	}
	for i, changes := range group(r.Changes) {
		if len(changes) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n", sections[i].title)
		if sections[i].intro != "" {
			fmt.Fprintf(&b, "%s\n\n", sections[i].intro)
		}
		for _, c := range changes {
			entry(&b, c)
		}
	}
	return []byte(b.String())
}

// entry writes one change as a list item.
func entry(b *strings.Builder, c release.Change) {
	b.WriteString("- ")
	if c.Scope != "" {
		fmt.Fprintf(b, "**%s:** ", escape(c.Scope))
	}
	b.WriteString(escape(c.Subject))
	var notes []string
	if len(c.CVEs) > 0 {
		notes = append(notes, strings.Join(c.CVEs, ", "))
	}
	if c.PR > 0 {
		notes = append(notes, fmt.Sprintf("#%d", c.PR))
	}
	notes = append(notes, "`"+release.Short(c.Commit)+"`")
	if len(c.PickedFrom) > 0 {
		notes = append(notes, "picked from `"+release.Short(c.PickedFrom[0])+"`")
	}
	fmt.Fprintf(b, " (%s)\n", strings.Join(notes, ", "))
	if c.Breaking {
		note := c.BreakingNote
		if note == "" {
			note = c.Body
		}
		for line := range strings.SplitSeq(strings.TrimSpace(note), "\n") {
			if strings.TrimSpace(line) == "" {
				b.WriteString("\n")
				continue
			}
			fmt.Fprintf(b, "  %s\n", escape(strings.TrimSpace(line)))
		}
	}
}

// Schema names the format of changes.json.
const Schema = "https://relctl.dev/schema/changes/v1"

// document is changes.json.
type document struct {
	Schema   string           `json:"schema"`
	Product  string           `json:"product"`
	Channel  string           `json:"channel"`
	Version  release.Version  `json:"version"`
	Date     time.Time        `json:"date"`
	Previous release.Version  `json:"previous,omitzero"`
	Changes  []release.Change `json:"changes"`
}

// JSON returns changes.json.
func JSON(r Release) ([]byte, error) {
	d := document{Schema, r.Product, r.Channel, r.Version, r.Date.UTC(), r.Previous, r.Changes}
	if d.Changes == nil {
		d.Changes = []release.Change{}
	}
	return release.Encode(d)
}

// Terminal returns the changes as plain lines for a terminal, one a change.
func Terminal(changes []release.Change) string {
	var b strings.Builder
	for _, c := range changes {
		typ := c.Type
		if typ == "" {
			typ = "?"
		}
		if c.Breaking {
			typ += "!"
		}
		text := inert(c.Subject)
		if c.Scope != "" {
			text = inert(c.Scope) + ": " + text
		}
		if len(c.CVEs) > 0 {
			text += "  " + strings.Join(c.CVEs, " ")
		}
		fmt.Fprintf(&b, "  %-9s %s  %s\n", inert(typ), release.Short(c.Commit), cut(text, 100))
	}
	if len(changes) == 0 {
		b.WriteString("  none\n")
	}
	return b.String()
}
