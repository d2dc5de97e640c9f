package extract

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
)

// flagLine is a line that begins with a flag, as cobra, Go's flag package, kingpin, urfave/cli and clap print it:
//
//	-c, --config string      …        --config.file="prometheus.yml"  …        -config file
var flagLine = regexp.MustCompile(`^[ \t]{0,8}(?:-([A-Za-z0-9]), ?|[ ]{0,4})(--?)(\[no-\])?([A-Za-z0-9][\w.-]*)(?:, -([A-Za-z0-9]))?(?:[ =](<[^>]+>(?:\.\.\.)?|"[^"]*"(?: ?\.\.\.)?|[^\s,]+))?(.*)$`)

var (
	flagDefault = regexp.MustCompile(`[(\[](?:[Dd]efaults?:? |[Dd]efault=)("(?:[^"\\]|\\.)*"|[^)\]]*)[)\]]`)
	flagEnv     = regexp.MustCompile(`[(\[](?:env:? ?)?\$?\$?([A-Z][A-Z0-9_]*[A-Z0-9])(?:=[^)\]]*)?[)\]]`)
	flagTypes   = []string{
		"string", "strings", "stringArray", "stringToString", "int", "int32", "int64", "uint", "uint16", "uint32", "uint64", "float", "float32", "float64",
		"duration", "bool", "ints", "count", "ip", "ipNet", "bytesHex", "bytesBase64", "value", "list",
	}
)

// flagRow is a row of a table in Markdown whose first cell names a flag, whose second explains it and whose third, if
// there is one, is the default.
var flagRow = regexp.MustCompile(`^\| *(?:<[^>]+>|` + "`" + `)?(?:-\w(?:</code>|` + "`" + `)?, (?:<[^>]+>|` + "`" + `)?)?(--?[A-Za-z0-9][\w.-]*)[^|]*\| *((?:[^|\\]|\\.)*?) *(?:\| *` + "`?([^|`]*)`?" + ` *)?\|$`)

// row reads a row of a table in Markdown.
func row(line string, n int) (fact.Fact, bool) {
	m := flagRow.FindStringSubmatch(line)
	if m == nil || m[1] == "--help" || strings.Trim(m[1], "-") == "" {
		return fact.Fact{}, false
	}
	f := fact.Fact{Kind: fact.Flag, Name: m[1], Line: n}
	if m[3] != "" {
		f.Attributes.Default = &m[3]
	}
	annotate(&f, m[2])
	return f, true
}

// flagNote is a flag in a reference of a configuration file, as those of the Cortex family have it:
//
//	# CLI flag: -server.http-listen-port
//	[http_listen_port: <int> | default = 3100]
var flagNote = regexp.MustCompile(`# CLI flag: (-[<>\w.-]+)\n\s*\[?[\w-]+:(?: <(\w+)>(?:\.\.\.)?(?: \| default = (.*))?\])?`)

// notes reads the flags that comments name.
func notes(f file) []fact.Fact {
	var out []fact.Fact
	for _, m := range flagNote.FindAllSubmatchIndex(f.data, -1) {
		one := fact.Fact{Kind: fact.Flag, Name: string(f.data[m[2]:m[3]]), Line: bytes.Count(f.data[:m[0]], []byte("\n")) + 1}
		if m[4] >= 0 {
			one.Attributes.Type = string(f.data[m[4]:m[5]])
		}
		if m[6] >= 0 {
			v := strings.Trim(string(f.data[m[6]:m[7]]), `"`)
			one.Attributes.Default = &v
		}
		out = append(out, one)
	}
	return out
}

// zeroes are the defaults that cobra's and Go's help do not show, by type.
var zeroes = map[string]string{"bool": "false", "string": "", "int": "0", "uint": "0", "float": "0", "duration": "0s", "count": "0"}

// flags reads what a program prints about its flags, also within a page of Markdown. Commands such as "help" are not told apart: give each program, or
// each command of one, a source of its own with a scope.
func flags(s channel.FactSource, f file) ([]fact.Fact, error) {
	if s.Pattern != "" {
		return byPattern(s.Pattern, fact.Flag, f)
	}
	out := notes(f)
	var current *flagText
	done := func() {
		if current != nil {
			out = append(out, current.facts()...)
		}
		current = nil
	}
	for i, line := range bytes.Split(f.data, []byte("\n")) {
		text := strings.TrimRight(strings.ToValidUTF8(string(line), "?"), " \r\t")
		if m := flagLine.FindStringSubmatch(text); m != nil && plausible(m) {
			done()
			current = newFlag(m, i+1)
			continue
		}
		if one, ok := row(text, i+1); ok {
			out = append(out, one)
		}
		switch {
		case strings.TrimSpace(text) == "", !strings.HasPrefix(text, " ") && !strings.HasPrefix(text, "\t"):
			done()
		case current != nil:
			current.text = append(current.text, strings.TrimSpace(text))
		}
	}
	done()
	slices.SortStableFunc(out, func(a, b fact.Fact) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(out, func(a, b fact.Fact) bool { return a.Name == b.Name && a.Kind == b.Kind }), nil
}

// plausible tells a flag from a text that begins with a dash, such as an item of a list.
func plausible(m []string) bool {
	rest := m[7]
	return rest == "" || strings.HasPrefix(rest, "  ") || strings.HasPrefix(rest, "\t") || strings.HasPrefix(rest, " ") && m[6] == "" ||
		strings.HasPrefix(strings.TrimSpace(rest), "[$") || strings.HasPrefix(rest, " ...") || strings.HasPrefix(rest, "...")
}

// flagText is what the help says about one flag.
type flagText struct {
	name, placeholder string
	negatable         bool
	line              int
	text              []string
}

func newFlag(m []string, line int) *flagText {
	f := &flagText{name: m[2] + m[4], negatable: m[3] != "", placeholder: m[6], line: line}
	if rest := strings.TrimSpace(m[7]); rest != "" {
		f.text = append(f.text, rest)
	}
	return f
}

func (f *flagText) facts() []fact.Fact {
	text := strings.Join(f.text, " ")
	if f.name == "--help" || f.name == "-help" || f.name == "-h" {
		return nil
	}
	out := fact.Fact{Kind: fact.Flag, Name: f.name, Text: text, Line: f.line}
	a := &out.Attributes
	switch {
	case strings.HasPrefix(f.placeholder, `"`): // kingpin shows the default in the place of the value
		v, _, _ := strings.Cut(f.placeholder[1:], `"`)
		a.Default = &v
	case f.placeholder == "" || f.negatable:
		a.Type = "bool"
	case slices.Contains(flagTypes, f.placeholder):
		a.Type = f.placeholder
	}
	if m := flagDefault.FindStringSubmatch(text); m != nil {
		v := strings.Trim(m[1], `"`)
		a.Default = &v
	}
	if zero, ok := zeroes[strings.TrimRight(a.Type, "0123468")]; ok && a.Default == nil {
		a.Default = &zero // what help leaves out
	}
	annotate(&out, text)
	facts := []fact.Fact{out}
	for _, m := range flagEnv.FindAllStringSubmatch(text, -1) {
		facts = append(facts, fact.Fact{Kind: fact.Env, Name: m[1], Text: "stands for " + f.name, Line: f.line, Attributes: fact.Attributes{Default: a.Default, Deprecated: a.Deprecated}})
	}
	return facts
}
