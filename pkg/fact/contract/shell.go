package contract

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/fact"
)

var (
	shellWord   = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'[^']*'|\|\|?|&&?|;|\$\(|[<>]+&?\d?|(?:[^\s"'|&;<>\\]|\\.|<[\w -]+>|"(?:[^"\\]|\\.)*"|'[^']*')+`)
	commandWord = regexp.MustCompile(`^[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*$`)
)

// shell judges the command lines of a line: those that begin with a program of the product, also behind sudo and behind
// the -- of kubectl exec.
func (p *page) shell(line string) {
	if i := strings.Index(line, " #"); i >= 0 {
		line = line[:i]
	}
	var one []string
	for _, w := range append(shellWord.FindAllString(line, -1), ";") {
		switch w {
		case "|", "||", "&", "&&", ";", "$(":
			p.command(one)
			one = nil
		default:
			one = append(one, w)
		}
	}
}

// command judges the words of one command.
func (p *page) command(args []string) {
	args = unwrap(args)
	if len(args) == 0 {
		return
	}
	prog := p.names.programs[path.Base(args[0])]
	if prog == nil {
		if i := slices.Index(args, "--"); i >= 0 {
			p.command(args[i+1:])
		}
		return
	}
	name := path.Base(args[0])
	command, rest := "", args[1:]
	for len(rest) > 0 {
		w := rest[0]
		rest = rest[1:]
		switch m := flagWord.FindStringSubmatch(w); {
		case w == "--" || strings.HasPrefix(w, "<") || strings.HasPrefix(w, ">"):
			return
		case m != nil:
			p.flagOf(name, prog, command, m[1])
			if m[2] == "" && prog.takesValue(m[1], rest) {
				rest = rest[1:]
			}
		case command == "":
			if len(prog.commands) == 0 || !commandWord.MatchString(w) {
				return
			}
			command = prog.longest(w, rest)
			if command == "" {
				p.noCommand(name, prog, w)
				return
			}
			rest = rest[strings.Count(command, " "):]
		}
	}
}

// unwrap leaves out what stands before a program: variables, sudo and the like.
func unwrap(args []string) []string {
	for len(args) > 0 {
		switch w := args[0]; {
		case assign.MatchString(w), slices.Contains([]string{"env", "time", "nohup", "exec", "$", "!"}, w):
			args = args[1:]
		case w == "sudo":
			args = args[1:]
			for len(args) > 0 && strings.HasPrefix(args[0], "-") {
				value := slices.Contains([]string{"-u", "-g", "-h", "-C", "--user", "--group"}, args[0]) && len(args) > 1
				if args = args[1:]; value {
					args = args[1:]
				}
			}
		default:
			return args
		}
	}
	return nil
}

// takesValue reports whether the next word is the value of a flag. Where the type is not known, a command is none.
func (g *program) takesValue(flag string, rest []string) bool {
	if len(rest) == 0 || strings.HasPrefix(rest[0], "-") {
		return false
	}
	f, ok := g.flags[flag]
	switch {
	case !ok || f.Attributes.Type == "":
		return !g.commands[rest[0]]
	case f.Attributes.Type == "bool" || f.Attributes.Type == "count":
		return false
	}
	return true
}

// longest returns the command that a word begins, "" if there is none.
func (g *program) longest(word string, rest []string) string {
	found := ""
	if g.commands[word] || slices.Contains([]string{"help", "completion"}, word) {
		found = word
	}
	whole, grouped := word, false
	for c := range g.commands {
		grouped = grouped || strings.HasPrefix(c, word+" ")
	}
	for _, w := range rest {
		if whole += " " + w; g.commands[whole] {
			found = whole
		}
	}
	if found == "" && grouped && (len(rest) == 0 || !commandWord.MatchString(rest[0])) {
		return word // trust <command>
	}
	return found
}

func (p *page) noCommand(name string, prog *program, word string) {
	if p.external(name + " " + word) {
		return
	}
	near := ""
	for c := range prog.commands {
		if d := fact.Distance(word, c, 3); d < 3 && (near == "" || c < near) {
			near = c
		}
	}
	if near != "" {
		near = "; did you mean " + short(near) + "?"
	}
	if g, gone := p.names.gone[word]; gone && near == "" {
		near = g.now()
	}
	p.breach("%s has no command %s%s", name, word, near)
}

// flagOf judges a flag of a program. Those of a command count as known only if their help is among the facts.
func (p *page) flagOf(name string, prog *program, command, flag string) {
	own, known := prog.commandFlags[command]
	switch {
	case flag == "h" || flag == "help" || flag == "version" || len(flag) == 1 || p.external("--"+flag):
	case prog.has(flag) || own[flag] || own[strings.TrimPrefix(flag, "no-")]:
	case len(prog.flags) == 0 && !known:
	case command != "" && !known:
		p.flag(flag) // of a command whose flags nobody told
	default:
		what := name
		if command != "" {
			what += " " + command
		}
		text := ""
		if near := p.names.near(fact.Flag, flag); near != "" && (prog.has(near) || own[near]) {
			text = "; did you mean --" + near + "?"
		} else if g, gone := p.names.gone[flag]; gone {
			text = g.now()
		}
		p.breach("%s has no flag --%s%s", what, flag, text)
	}
}

func (g *program) has(flag string) bool {
	if _, ok := g.flags[flag]; ok {
		return true
	}
	_, ok := g.flags[strings.TrimPrefix(flag, "no-")]
	return ok
}
