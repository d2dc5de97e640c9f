package timeline

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

// Schema names the format of [JSON].
const Schema = "https://relctl.dev/schema/timeline/v1"

// Document is what [JSON] writes.
type Document struct {
	Schema  string  `json:"schema"`
	Entries []Entry `json:"entries"`
}

const layout = "2006-01-02 15:04"

// JSON writes the entries as a [Document].
func JSON(w io.Writer, entries []Entry) error {
	data, err := release.Encode(Document{Schema: Schema, Entries: entries})
	if err == nil {
		_, err = w.Write(data)
	}
	return err
}

// Text writes a line for each entry, in columns, with times in UTC.
func Text(w io.Writer, entries []Entry) error {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, e := range entries {
		_, _ = fmt.Fprintf(tab, "%s\t%s\t%s\t%s\n", e.Time.Format(layout), or(e.Channel, "-"), e.By(), e.text())
	}
	return tab.Flush() // also tells what could not be written before
}

// Markdown writes a table, for a post-mortem, with times in UTC.
func Markdown(w io.Writer, entries []Entry) error {
	var b strings.Builder
	b.WriteString("| When (UTC) | Event | Channel | What | Who | Why |\n|---|---|---|---|---|---|\n")
	for _, e := range entries {
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s | %s |\n", e.Time.Format(layout), e.Event, cell(e.Channel), cell(e.What), cell(e.By()), cell(e.Reason))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (e Entry) text() string {
	if e.Reason == "" {
		return clean(e.What)
	}
	return clean(e.What + ": " + e.Reason)
}

// By names who did it: the signer where that was verified, otherwise who they said they are and what that is worth.
func (e Entry) By() string {
	name, _, _ := strings.Cut(e.Who, " <")
	switch e.Signature.Status {
	case ledger.Signed:
		return clean(e.Signature.Name) + " (verified)"
	case ledger.Unsigned, ledger.Untrusted:
		return fmt.Sprintf("%s (%s, does not count)", clean(name), e.Signature.Status)
	}
	return clean(name)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// clean makes text harmless for a terminal and puts it on one line.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

var escape = strings.NewReplacer(
	`\`, `\\`, "|", `\|`, "<", "&lt;", "&", "&amp;", "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "#", `\#`, "@", "&#64;",
)

// cell makes text harmless within a table of Markdown.
func cell(s string) string { return escape.Replace(clean(s)) }
