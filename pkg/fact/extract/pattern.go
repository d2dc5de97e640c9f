package extract

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
)

// byPattern finds facts in any text by a regular expression with the groups name, type and text.
func byPattern(pattern string, kind fact.Kind, f file) ([]fact.Fact, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	var out []fact.Fact
	line, counted := 1, 0
	for _, m := range re.FindAllSubmatchIndex(f.data, -1) {
		group := func(name string) string {
			i := re.SubexpIndex(name)
			if i < 0 || m[2*i] < 0 {
				return ""
			}
			return oneLine(strings.ToValidUTF8(string(f.data[m[2*i]:m[2*i+1]]), "?"))
		}
		line += bytes.Count(f.data[counted:m[0]], []byte("\n"))
		counted = m[0]
		one := fact.Fact{Kind: kind, Name: group("name"), Line: line, Attributes: fact.Attributes{Type: strings.ToLower(group("type"))}}
		annotate(&one, group("text"))
		if one.Name != "" {
			out = append(out, one)
		}
	}
	return out, nil
}

var (
	// ruler is the line below the head of a table.
	ruler = regexp.MustCompile(`^\|[ :|-]+$`)
	// codeLine is a line "E1042<tab>text" of a list of codes.
	codeLine = regexp.MustCompile(`^([A-Z][A-Z0-9_-]*[0-9]+)[\t,;]+(.*)$`)
)

// messages reads error codes and log messages: by a pattern over source, or from a table in Markdown, whose first column
// is the code and whose second says what it means.
func messages(s channel.FactSource, f file) ([]fact.Fact, error) {
	if s.Pattern != "" {
		return byPattern(s.Pattern, fact.Message, f)
	}
	var out []fact.Fact
	inTable := false
	for i, line := range strings.Split(strings.ToValidUTF8(string(f.data), "?"), "\n") {
		line = strings.TrimSpace(line)
		if m := codeLine.FindStringSubmatch(line); m != nil {
			out = append(out, message(m[1], m[2], i+1))
		}
		switch cells := strings.Split(line, "|"); {
		case ruler.MatchString(line):
			inTable = true
		case !strings.HasPrefix(line, "|"):
			inTable = false
		case inTable && len(cells) > 2:
			out = append(out, message(unmarked(cells[1]), unmarked(cells[2]), i+1))
		}
	}
	return out, nil
}

// marks are what makes a link, code or bold text of words in Markdown.
var marks = regexp.MustCompile("!?\\[([^\\]]*)\\]\\([^)]*\\)|`|\\*\\*")

// unmarked returns the words of Markdown.
func unmarked(text string) string { return marks.ReplaceAllString(text, "$1") }

func message(name, text string, line int) fact.Fact {
	f := fact.Fact{Kind: fact.Message, Name: oneLine(name), Line: line}
	annotate(&f, text)
	return f
}
