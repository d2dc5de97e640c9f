package changelog

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxLine = 400

// inert makes text one line of visible characters: no controls, none that reorder or hide text.
func inert(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r), unicode.Is(unicode.Cs, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "�"))
}

// cut shortens text to a number of characters.
func cut(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit]) + "…"
}

// escape makes text inert in Markdown and in the HTML that is made of it. Every ASCII punctuation character that can
// begin markup is escaped by a backslash, which CommonMark allows for all of them; "&", "<" and ">" become entities,
// which no renderer can take for HTML. "://" is broken so that renderers that link bare addresses do not.
func escape(text string) string {
	text = cut(strings.TrimSpace(inert(text)), maxLine)
	var b strings.Builder
	for i, r := range text {
		switch r {
		case '&':
			b.WriteString("&amp;")
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '\\', '`', '*', '_', '[', ']', '!', '|', '~', '#', '@', '$':
			b.WriteByte('\\')
			b.WriteRune(r)
		case ':':
			if strings.HasPrefix(text[i:], "://") {
				b.WriteString("&#58;")
			} else {
				b.WriteByte(':')
			}
		case '-', '+', '=':
			if i == 0 {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		case '.', ')':
			if i > 0 && i < 10 && strings.Trim(text[:i], "0123456789") == "" {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
