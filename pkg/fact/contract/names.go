package contract

import (
	"cmp"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/fact"
)

// words are the kinds of facts whose names stand in runbooks as they are.
var words = []fact.Kind{fact.Config, fact.Flag, fact.Env, fact.Command, fact.Metric}

// names are what a commit calls things.
type names struct {
	has map[fact.Kind]bool
	// of are the names of a kind, without scope; flags without dashes.
	of map[fact.Kind]map[string]bool
	// all are the names of all kinds, and words of what migrations do.
	all map[string]bool
	// programs have flags and commands, by the name of the program.
	programs map[string]*program
	// gone are names that are no more.
	gone map[string]goneName
	// holders are the parts of the configuration of which all keys are known.
	holders map[string]bool
	// prefixes begin the product's own metrics and variables.
	metrics, variables map[string]bool
}

// goneName is a name that is no more.
type goneName struct {
	kind fact.Kind
	// to is what it is called now, in the release that has it.
	to, in string
}

// now says what took the place of the name.
func (g goneName) now() string {
	if g.to != "" {
		return "; it is called " + short(g.to) + " now"
	}
	return "; " + g.in + " has it"
}

// program is one of the product's.
type program struct {
	// flags are without dashes; those of one command lie in commandFlags.
	flags        map[string]fact.Fact
	commandFlags map[string]map[string]bool
	commands     map[string]bool
}

func newNames(s *fact.Set, releases []*fact.Set) *names {
	n := &names{
		has: map[fact.Kind]bool{}, of: map[fact.Kind]map[string]bool{}, all: map[string]bool{}, programs: map[string]*program{},
		gone: map[string]goneName{}, holders: map[string]bool{}, metrics: map[string]bool{}, variables: map[string]bool{},
	}
	for _, kind := range words {
		n.of[kind] = map[string]bool{}
	}
	for _, f := range s.Facts {
		n.has[f.Kind] = true
		n.all[f.Name] = true
		for _, text := range append(slices.Clone(f.Attributes.Statements), f.Attributes.Destructive...) {
			for _, w := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == '.' }) {
				n.all[w] = true
			}
		}
		if slices.Contains(words, f.Kind) {
			n.add(s, f)
		}
	}
	for _, f := range s.Facts {
		for _, old := range f.Attributes.RenamedFrom {
			n.lose(f.Kind, old, goneName{f.Kind, bare(f), ""})
		}
	}
	for _, other := range releases {
		for _, f := range other.Facts {
			n.lose(f.Kind, f.Name, goneName{f.Kind, "", cmp.Or(other.Version.String(), "a release")})
		}
	}
	return n
}

// bare is the name of a fact without its scope, and of a flag without dashes.
func bare(f fact.Fact) string {
	return unscoped(f.Kind, f.Name)
}

func unscoped(kind fact.Kind, name string) string {
	if _, after, ok := strings.Cut(name, " "); ok {
		name = after
	}
	if kind == fact.Flag {
		name = strings.TrimLeft(name, "-")
	}
	return name
}

func (n *names) add(s *fact.Set, f fact.Fact) {
	name := bare(f)
	n.of[f.Kind][name], n.all[name] = true, true
	scope := s.Product
	if before, _, ok := strings.Cut(f.Name, " "); ok {
		scope = before
	}
	switch f.Kind {
	case fact.Flag, fact.Command:
		n.addProgram(scope, f, name)
	case fact.Config:
		for i := strings.LastIndexByte(name, '.'); i > 0; i = strings.LastIndexByte(name[:i], '.') {
			n.holders[name[:i]] = true
		}
	case fact.Metric:
		if prefix, _, ok := strings.Cut(name, "_"); ok && !shared[prefix] {
			n.metrics[prefix] = true
		}
	case fact.Env:
		if prefix, _, ok := strings.Cut(name, "_"); ok {
			n.variables[prefix] = true
		}
	}
}

// shared begin metrics that many programs have.
var shared = map[string]bool{
	"go": true, "process": true, "promhttp": true, "http": true, "https": true, "grpc": true, "jvm": true, "python": true, "nodejs": true, "node": true, "kube": true,
	"container": true, "machine": true, "rest": true, "workqueue": true, "apiserver": true, "net": true, "otel": true, "db": true, "rpc": true, "server": true, "client": true,
}

// addProgram files a flag or command under its program. A scope such as relctl-cut is that of a command's own flags.
func (n *names) addProgram(scope string, f fact.Fact, name string) {
	at := func(scope string) *program {
		if n.programs[scope] == nil {
			n.programs[scope] = &program{flags: map[string]fact.Fact{}, commandFlags: map[string]map[string]bool{}, commands: map[string]bool{}}
		}
		return n.programs[scope]
	}
	if f.Kind == fact.Command {
		at(scope).commands[name] = true
		return
	}
	at(scope).flags[name] = f
	for i, r := range scope {
		if r != '-' {
			continue
		}
		p, command := at(scope[:i]), strings.ReplaceAll(scope[i+1:], "-", " ")
		if p.commandFlags[command] == nil {
			p.commandFlags[command] = map[string]bool{}
		}
		p.commandFlags[command][name] = true
	}
}

// lose notes a name that is no more.
func (n *names) lose(kind fact.Kind, name string, g goneName) {
	name = unscoped(kind, name)
	if _, known := n.gone[name]; !known && slices.Contains(words, kind) && !n.all[name] {
		n.gone[name] = g
	}
}

// exported reports whether the product exports a metric, or records it by a rule. A histogram has several series.
func (n *names) exported(m string) bool {
	if n.all[m] {
		return true
	}
	for _, end := range []string{"_bucket", "_sum", "_count", "_total", "_created", "_info"} {
		if base, ok := strings.CutSuffix(m, end); ok && n.of[fact.Metric][base] {
			return true
		}
	}
	return false
}

// instead says what else to write for a name of a kind that does not exist.
func (n *names) instead(kind fact.Kind, name string) string {
	if g, ok := n.gone[name]; ok {
		return g.now()
	}
	if near := n.near(kind, name); near != "" {
		return "; did you mean " + short(near) + "?"
	}
	return ""
}

// near returns a name of a kind that differs by a letter or two, or "".
func (n *names) near(kind fact.Kind, name string) string {
	const long = 10
	least := 2
	if len(name) >= long {
		least = 3
	}
	best := ""
	for other := range n.of[kind] {
		if d := fact.Distance(name, other, 3); d < least || d == least && best != "" && other < best {
			best, least = other, d
		}
	}
	return best
}
