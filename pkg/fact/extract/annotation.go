package extract

import (
	"regexp"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/fact"
)

// annotations are what texts beside a key or flag may say: "@deprecated use x", "@renamed-from old", "@removed-in 3.0",
// "@required", "@enum a, b", "@type duration". "Deprecated: use x", "[DEPRECATED]" and the like are understood as well.
var (
	annotation = regexp.MustCompile(`(?m)(?:^|\s)@(deprecated|renamed-from|removed-in|required|enum|type)\b[ :]*([^@\n]*)`)
	deprecated = regexp.MustCompile(`(?i)(?:^deprecated\b|[\[(]deprecated\b|\bdeprecated:|\bthis (?:flag|option|key|field|metric|parameter|setting|command|value) (?:is|has been|was) (?:now )?deprecated\b)[:\]). ,!-]*([^\n]*)`)
	instead    = regexp.MustCompile(`(?i)\b(?:use [^.;]*? instead|(?:please )?use [^;]+|in favou?r of [^.;]+|replaced by [^.;]+)`)
	removedIn  = regexp.MustCompile(`(?i)\b(?:removed|dropped) in (?:version |release )?v?([0-9]+(?:\.[0-9]+)*)`)
)

// annotate fills in what a text says about a fact, and keeps the rest as its text.
func annotate(f *fact.Fact, text string) {
	a := &f.Attributes
	for _, m := range annotation.FindAllStringSubmatch(text, -1) {
		switch v := strings.TrimSpace(m[2]); m[1] {
		case "deprecated":
			a.Deprecated = orDeprecated(v)
		case "renamed-from":
			a.RenamedFrom = append(a.RenamedFrom, list(v)...)
		case "removed-in":
			a.RemovedIn = v
		case "required":
			a.Required = true
		case "enum":
			a.Enum = list(v)
			slices.Sort(a.Enum)
		case "type":
			a.Type = v
		}
	}
	f.Text = oneLine(annotation.ReplaceAllString(text, " "))
	if m := deprecated.FindStringSubmatch(text); a.Deprecated == "" && m != nil {
		a.Deprecated = orDeprecated(oneLine(or(instead.FindString(m[1]), m[1])))
	}
	if m := removedIn.FindStringSubmatch(text); a.Deprecated != "" && a.RemovedIn == "" && m != nil {
		a.RemovedIn = m[1]
	}
}

// orDeprecated stands for a deprecation of which nothing more is known.
func orDeprecated(s string) string {
	if s = strings.Trim(s, " .,;:()[]"); s == "" {
		return "deprecated"
	}
	return s
}

func list(s string) []string {
	return slices.DeleteFunc(strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '|' }), func(s string) bool { return s == "" })
}

// oneLine joins a text into one line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
