package changelog

import (
	"fmt"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// Terminal returns the changes as plain lines for a terminal, one a change.
func Terminal(changes []release.Change) string {
	var b strings.Builder
	for i := range changes {
		terminalLine(&b, &changes[i])
	}
	if len(changes) == 0 {
		b.WriteString("  none\n")
	}
	return b.String()
}

func terminalLine(b *strings.Builder, c *release.Change) {
	typ := c.Type
	if typ == "" {
		typ = "?"
	}
	if c.Breaking {
		typ += "!"
	}
	text := Inert(c.Subject)
	if c.Scope != "" {
		text = Inert(c.Scope) + ": " + text
	}
	if len(c.CVEs) > 0 {
		text += "  " + strings.Join(c.CVEs, " ")
	}
	fmt.Fprintf(b, "  %-9s %s  %s\n", Inert(typ), release.Short(c.Commit), cut(text, 100))
}

// Text returns the releases as plain text for a terminal.
func Text(l Log) []byte {
	var b strings.Builder
	for i, r := range l.Releases {
		if i > 0 {
			b.WriteByte('\n')
		}
		if r.Released() {
			fmt.Fprintf(&b, "%s  %s", r.Version, r.Date.UTC().Format("2006-01-02"))
			if r.Withdrawn != "" {
				fmt.Fprintf(&b, "  withdrawn: %s", Inert(r.Withdrawn))
			}
			b.WriteByte('\n')
		} else {
			b.WriteString("not released yet\n")
		}
		b.WriteString(Terminal(r.Changes))
	}
	return []byte(b.String())
}
