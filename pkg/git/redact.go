package git

import (
	"regexp"
	"strings"
	"unicode"
)

var (
	// Over HTTP even the user's name may be a token.
	httpUser = regexp.MustCompile(`(?i)\b((?:https?|ftps?)://)[^/\s'"]*@`)
	password = regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*://[^:/@\s'"]*):[^/\s'"]*@`)
)

// redact takes passwords and tokens out of the URLs in a text. The user of ssh://git@host stays.
func redact(text string) string {
	return password.ReplaceAllString(httpUser.ReplaceAllString(text, "$1"), "$1@")
}

const (
	maxLines = 5
	maxText  = 600
)

// brief makes what git said on stderr fit for an error: a few lines, no advice, no passwords, no control characters.
func brief(stderr string) string {
	var lines []string
	for line := range strings.Lines(clean(stderr)) {
		line = strings.TrimSpace(line)
		for _, prefix := range []string{"fatal: ", "error: "} {
			line = strings.TrimPrefix(line, prefix)
		}
		if line == "" || line == "remote:" || strings.HasPrefix(line, "hint:") {
			continue
		}
		lines = append(lines, line)
	}
	return shorten(lines)
}

// shorten joins lines, at most maxLines of them and maxText bytes.
func shorten(lines []string) string {
	if len(lines) > maxLines {
		lines = append(lines[:maxLines:maxLines], "…")
	}
	text := strings.Join(lines, "; ")
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return text
}

// clean makes text from a program or a server safe to print: valid UTF-8, redacted, without terminal escapes.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r':
			return '\n' // progress lines
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	return redact(text)
}
