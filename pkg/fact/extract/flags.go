package extract

import (
	"bytes"
	"cmp"
	"path"
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
	flagEnv     = regexp.MustCompile(`[(\[](?:(?:env:? ?)?\$?\$?|[Dd]efaults?:? \$)([A-Z][A-Z0-9_]*[A-Z0-9])(?:=[^)\]]*)?[)\]]`)
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

// flags reads what programs print about their flags, also within pages of Markdown. Where the files of a source tell of more
// than one command, each flag has the scope of its own, such as acmed-serve.
func flags(s channel.FactSource, files []file) ([]fact.Fact, error) {
	if s.Pattern != "" {
		return each(func(s channel.FactSource, f file) ([]fact.Fact, error) { return byPattern(s.Pattern, fact.Flag, f) })(s, files)
	}
	var all []commandFlag
	commands := map[string]bool{}
	for _, f := range files {
		found := flagsOf(f)
		for i, one := range found {
			found[i].Path = f.path
			if one.command != "" && !one.inherited {
				commands[one.command] = true
			}
		}
		all = append(all, found...)
	}
	var out []fact.Fact
	own := map[string]bool{}
	// Those of commands come first: what is inherited is told again with each command.
	slices.SortStableFunc(all, func(a, b commandFlag) int { return order(a.inherited) - order(b.inherited) })
	for _, one := range all {
		if len(commands) > 1 && one.Kind == fact.Flag {
			one.Name = strings.TrimPrefix(commandScope(s.Scope, one.command)+" "+one.Name, " ")
		} else {
			scoped(&one.Fact, s.Scope)
		}
		if !one.inherited || !own[one.Name] {
			out = append(out, one.Fact)
		}
		own[one.Name] = true
	}
	slices.SortStableFunc(out, func(a, b fact.Fact) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Name, b.Name)) })
	return slices.CompactFunc(out, func(a, b fact.Fact) bool { return a.Name == b.Name && a.Kind == b.Kind && a.Path == b.Path }), nil
}

// commandFlag is a flag, or a variable that stands for one, and the command that has it, "" where the text does not say.
type commandFlag struct {
	fact.Fact
	command string
	// inherited is a flag that the program has for all of its commands.
	inherited bool
}

func order(inherited bool) int {
	if inherited {
		return 1
	}
	return 0
}

// commandScope is the scope of a command's own flags. A scope of the source takes the place of the program's name.
func commandScope(scope, command string) string {
	program, rest, sub := strings.Cut(command, " ")
	program = or(scope, program)
	if !sub {
		return program
	}
	return program + "-" + strings.ReplaceAll(rest, " ", "-")
}

var (
	// usageHead is how help begins to say how a command is called, in this line or in the next.
	usageHead = regexp.MustCompile(`^(?i:usage)(?: of ([^ :]+(?: [^ :]+)*):|:[ \t]*(.*))$`)
	// usageLine calls a command with its flags, as pages in Markdown show it.
	usageLine = regexp.MustCompile(`^ {0,4}([a-z][\w.-]*(?: \S+)*? \[(?i:flags|options)\].*)$`)
	// usageTitle is a heading that is a command.
	usageTitle   = regexp.MustCompile("^#+ `([a-z][^`]*)`$")
	inherited    = regexp.MustCompile(`^(?:#+ )?(?i:global (?:flags|options)|(?:flags|options) inherited from parent commands):?$`)
	usageCommand = regexp.MustCompile(`^[a-z][\w.-]*$`)
)

// usage returns the command that a line says how to call; head says that the line above began to say it.
func usage(line string, head bool) (command string, begins bool) {
	m := usageHead.FindStringSubmatch(line)
	switch {
	case m != nil && m[1] != "":
		return words(m[1]), false
	case m != nil && m[2] == "":
		return "", true
	case m != nil:
		line, head = m[2], true
	case usageLine.MatchString(line):
		head = true
	case usageTitle.MatchString(line):
		return words(usageTitle.FindStringSubmatch(line)[1]), false
	}
	if head && strings.ContainsAny(line, "[<") {
		return words(line), false
	}
	return "", false
}

// words are those of a command line before its arguments, the program without its folder.
func words(line string) string {
	var out []string
	for i, w := range strings.Fields(line) {
		if i == 0 {
			w = path.Base(w)
		}
		if !usageCommand.MatchString(w) {
			break
		}
		out = append(out, w)
	}
	return strings.Join(out, " ")
}

// flagsOf reads the flags of one text.
func flagsOf(f file) []commandFlag {
	var out []commandFlag
	for _, one := range notes(f) {
		out = append(out, commandFlag{Fact: one})
	}
	var current *flagText
	command, owner, head := "", "", false
	add := func(facts ...fact.Fact) {
		for _, one := range facts {
			out = append(out, commandFlag{one, owner, owner != command})
		}
	}
	done := func() {
		if current != nil {
			add(current.facts()...)
		}
		current = nil
	}
	for i, line := range bytes.Split(f.data, []byte("\n")) {
		text := strings.TrimRight(strings.ToValidUTF8(string(line), "?"), " \r\t")
		if m := flagLine.FindStringSubmatch(text); m != nil && plausible(m) {
			done()
			current, head = newFlag(m, i+1), false
			continue
		}
		found, begins := usage(text, head)
		switch {
		case found != "":
			done()
			command, owner, head = found, found, false
		case begins:
			head = true
		case text != "":
			head = false
		}
		if inherited.MatchString(strings.TrimSpace(text)) {
			done()
			owner, _, _ = strings.Cut(command, " ")
		}
		if one, ok := row(text, i+1); ok {
			add(one)
		}
		switch {
		case strings.TrimSpace(text) == "", !strings.HasPrefix(text, " ") && !strings.HasPrefix(text, "\t"):
			done()
		case current != nil:
			current.text = append(current.text, strings.TrimSpace(text))
		}
	}
	done()
	return out
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
