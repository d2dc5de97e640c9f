package guide

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/relctl/relctl/pkg/changelog"
	"github.com/relctl/relctl/pkg/release"
)

// code is a name or value as code, in a line or in a cell of a table. One that holds the marks of code, or of a table,
// is escaped text instead.
func code(text string) string {
	text = strings.TrimSpace(changelog.Inert(clip(text, maxText)))
	switch {
	case text == "":
		return `""`
	case len(text) > 200 || strings.ContainsAny(text, "`|\\"):
		return changelog.Escape(text)
	}
	return "`" + text + "`"
}

// name is a version, or what else a release is called.
func name(text string) string {
	if _, err := release.ParseVersion(text); err == nil {
		return text
	}
	return line(text)
}

// line is one line of text without markup.
func line(text string) string { return changelog.Escape(clip(text, maxText)) }

// maxText is more than [changelog.Escape] keeps of a text, in bytes.
const maxText = 2000

var (
	fence = regexp.MustCompile("^ {0,3}```([a-z]{0,12}) *$")
	entry = regexp.MustCompile(`^([-*]|[0-9]{1,3}[.)]) +`)
	// inline is what a note may hold beside text: `code`, and links to pages of the documentation or over https.
	inline = regexp.MustCompile("`([^`]+)`|\\[([^\\[\\]`]+)\\]\\((https://[A-Za-z0-9.-]+(?:/[A-Za-z0-9._~/%#?=&+-]*)?|[A-Za-z0-9_][A-Za-z0-9_./-]*\\.md(?:#[A-Za-z0-9_-]+)?)\\)")
)

// span escapes a line of a note, but for `code` and links.
func span(text string) string {
	var b strings.Builder
	done := 0
	for _, m := range inline.FindAllStringSubmatchIndex(text, -1) {
		b.WriteString(between(text[done:m[0]]))
		if m[2] >= 0 {
			b.WriteString(code(text[m[2]:m[3]]))
		} else {
			b.WriteString("[" + line(text[m[4]:m[5]]) + "](" + text[m[6]:m[7]] + ")")
		}
		done = m[1]
	}
	b.WriteString(between(text[done:]))
	return strings.TrimSpace(b.String())
}

// between escapes text that stands beside other text: the spaces at its ends stay.
func between(text string) string {
	var b strings.Builder
	for len(text) > 0 { // in parts, since what is escaped at once is shortened
		part := clip(text, 300)
		if i := strings.LastIndexByte(part, ' '); len(part) < len(text) && i > 0 {
			part = part[:i+1]
		}
		text = text[len(part):]
		if strings.TrimLeft(part, " \t") != part {
			b.WriteByte(' ')
		}
		if escaped := line(part); escaped != "" {
			b.WriteString(escaped)
			if strings.TrimRight(part, " \t") != part {
				b.WriteByte(' ')
			}
		}
	}
	return b.String()
}

// clip is the beginning of a text, of at most so many bytes and whole characters.
func clip(text string, bytes int) string {
	if len(text) <= bytes {
		return text
	}
	for bytes > 1 && !utf8.RuneStart(text[bytes]) {
		bytes--
	}
	return text[:bytes]
}

// prose writes the text of a note as Markdown that holds paragraphs, lists, blocks of code, code and links, and nothing
// else. Every line of it begins with indent.
func prose(text, indent string) string {
	var b strings.Builder
	open, blank := false, true
	put := func(s string) {
		if s != "" {
			b.WriteString(indent + s)
		}
		b.WriteByte('\n')
		blank = s == ""
	}
	gap := func() {
		if !blank {
			put("")
		}
	}
	for raw := range strings.Lines(clip(text, maxNoteBytes)) {
		raw = clip(strings.TrimRight(raw, "\r\n"), maxNoteLine)
		m := fence.FindStringSubmatch(raw)
		item := entry.FindString(raw)
		switch {
		case m != nil && !open:
			gap()
			open = true
			put("```" + m[1])
		case m != nil:
			open = false
			put("```")
			put("")
		case open:
			put(verbatim(raw))
		case strings.TrimSpace(raw) == "":
			gap()
		case item != "":
			put(strings.TrimSpace(item) + " " + span(raw[len(item):]))
		default:
			put(span(raw))
		}
	}
	if open {
		put("```")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// verbatim is a line of a block of code: it keeps its spaces and cannot end the block.
func verbatim(raw string) string {
	raw = strings.ReplaceAll(raw, "\t", "    ")
	rest := strings.TrimLeft(raw, " ")
	rest = strings.ReplaceAll(changelog.Inert(rest), "```", "` ` `")
	if rest == "" {
		return ""
	}
	return raw[:len(raw)-len(strings.TrimLeft(raw, " "))] + rest
}
