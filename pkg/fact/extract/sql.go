package extract

import (
	"regexp"
	"strings"
)

// statement is one SQL statement as words: identifiers and keywords without quotes, punctuation one by one, and each
// string as a single quote. Comments and white space are gone.
type statement []string

// word matches what stands at the beginning of SQL text. The order counts.
var word = regexp.MustCompile(`^(?:` + strings.Join([]string{
	`\s+`, `--[^\n]*`, // space and comments; those of several lines may be nested and are read by hand
	`[eE]'(?:[^'\\]|\\(?s:.)|'')*'`, `'(?:[^']|'')*'`, // strings
	"`[^`]*`", `"(?:[^"]|"")*"`, `\[[A-Za-z_][^\]\n]*\]`, // quoted names
	`[A-Za-z_\x80-\x{10FFFF}][\w$.\x80-\x{10FFFF}]*`, `[0-9][\w.]*`, `(?s:.)`,
}, "|") + `)`)

var dollarTag = regexp.MustCompile(`^\$([A-Za-z_]\w*)?\$`)

// statements splits SQL text. In the MySQL dialect # begins a comment as well, and backslashes escape in strings.
func statements(text, dialect string) []statement {
	var out []statement
	var current statement
	for text != "" {
		w, n := next(text, dialect)
		text = text[n:]
		switch {
		case w == ";":
			if len(current) > 0 {
				out = append(out, current)
			}
			current = nil
		case w != "":
			current = append(current, w)
		}
	}
	if len(current) > 0 {
		out = append(out, current)
	}
	return out
}

// next returns the next word, "" for a comment or space, and its length in bytes.
func next(text, dialect string) (string, int) {
	switch {
	case strings.HasPrefix(text, "/*"):
		return "", comment(text)
	case dialect == "mysql" && text[0] == '#':
		n := strings.IndexByte(text, '\n')
		if n < 0 {
			n = len(text)
		}
		return "", n
	case dialect == "mysql" && (text[0] == '\'' || text[0] == '"'):
		return "'", escaped(text)
	}
	if tag := dollarTag.FindString(text); tag != "" && dialect == "postgres" {
		if end := strings.Index(text[len(tag):], tag); end >= 0 {
			return "'", len(tag)*2 + end
		}
	}
	m := word.FindString(text)
	switch {
	case strings.TrimSpace(m) == "" || strings.HasPrefix(m, "--"):
		return "", len(m)
	case strings.HasSuffix(m, "'") && len(m) > 1:
		return "'", len(m)
	case strings.ContainsAny(m[:1], "\"`[") && len(m) > 1:
		return m[1 : len(m)-1], len(m)
	}
	return m, len(m)
}

// comment returns the length of a comment of several lines, in which others may be nested.
func comment(text string) int {
	depth := 0
	for i := 0; i+1 < len(text); i++ {
		switch text[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			if i++; depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// escaped returns the length of a string with backslashes.
func escaped(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[0]:
			return i + 1
		}
	}
	return len(text)
}

// has reports whether the statement's words hold a sequence, in any case.
func (s statement) has(words string) bool { return s.index(words) >= 0 }

// index returns where a sequence of words begins, or -1.
func (s statement) index(words string) int {
	want := strings.Fields(words)
	for i := 0; i+len(want) <= len(s); i++ {
		if s[i:].begins(want) {
			return i
		}
	}
	return -1
}

func (s statement) begins(want []string) bool {
	if len(s) < len(want) {
		return false
	}
	for i, w := range want {
		if !strings.EqualFold(s[i], w) {
			return false
		}
	}
	return true
}

// is reports whether the statement begins with words.
func (s statement) is(words string) bool { return s.begins(strings.Fields(words)) }

// after returns the name that follows a sequence of words, with "if exists" and the like passed over, or "".
func (s statement) after(words string) string {
	i := s.index(words)
	if i < 0 {
		return ""
	}
	i += len(strings.Fields(words))
	for i < len(s) && filler[strings.ToLower(s[i])] {
		i++
	}
	if i == len(s) || strings.ContainsAny(s[i][:1], "(),'=") {
		return ""
	}
	return s[i]
}

var filler = map[string]bool{"if": true, "not": true, "exists": true, "only": true, "concurrently": true, "table": true, "column": true, "on": true}
