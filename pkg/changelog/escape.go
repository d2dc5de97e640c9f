package changelog

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxLine = 400

// visible reports whether text is nothing but printable ASCII, as most is.
func visible(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// Inert makes text one line of visible characters: no controls, none that reorder or hide text.
func Inert(text string) string {
	if visible(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r), unicode.Is(unicode.Cs, r), r == 0xfffe, r == 0xffff:
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "�"))
}

// cut shortens text to a number of characters.
func cut(text string, limit int) string {
	if len(text) <= limit || utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit]) + "…"
}

// Escape makes text one line that is inert in Markdown and in the HTML that is made of it. Every ASCII punctuation
// character that can begin markup is escaped by a backslash, which CommonMark allows for all of them; "&", "<" and ">"
// become entities, which no renderer can take for HTML. "://" and "www." are broken so that renderers that link bare
// addresses do not.
func Escape(text string) string {
	var b strings.Builder
	escape(&b, text)
	return b.String()
}

func escape(b *strings.Builder, text string) {
	text = cut(strings.TrimSpace(Inert(text)), maxLine)
	b.Grow(len(text) + 16)
	done := 0
	for i := range len(text) {
		with := ""
		switch text[i] {
		case '&':
			with = "&amp;"
		case '<':
			with = "&lt;"
		case '>':
			with = "&gt;"
		case '\\', '`', '*', '_', '[', ']', '!', '|', '~', '#', '@', '$':
			with = `\` + text[i:i+1]
		case ':':
			if strings.HasPrefix(text[i:], "://") {
				with = "&#58;"
			}
		case '-', '+', '=':
			if i == 0 {
				with = `\` + text[:1]
			}
		case '.', ')':
			switch {
			case i > 0 && i < 10 && strings.Trim(text[:i], "0123456789") == "":
				with = `\` + text[i:i+1]
			case i >= 3 && strings.EqualFold(text[i-3:i+1], "www."):
				with = "&#46;"
			}
		}
		if with != "" {
			b.WriteString(text[done:i])
			b.WriteString(with)
			done = i + 1
		}
	}
	b.WriteString(text[done:])
}
