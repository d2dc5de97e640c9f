package contract

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/fact"
)

// Limits of one page.
const (
	maxLines = 50_000
	maxLine  = 8 << 10
)

var (
	fence   = regexp.MustCompile("^ {0,12}(?:[>] ?)*(```+|~~~+)[ \t]*([\\w+-]*)")
	prompt  = regexp.MustCompile(`^\s*(?:[\w.@~:/-]*[$#%>]\s+)?`)
	single  = regexp.MustCompile(`^[^\s]+$`)
	keyLine = regexp.MustCompile(`^([A-Za-z_][\w.-]*)\s*(?::|=)(?:\s|$)`)
	assign  = regexp.MustCompile(`^[A-Za-z_]\w*=`)
)

// shells are the languages of blocks with command lines.
var shells = []string{"", "sh", "bash", "shell", "zsh", "console", "shell-session", "terminal", "text"}

// runbook judges the code of one page.
func (c *checker) runbook(file string, data []byte) {
	p := page{checker: c, file: file}
	inFence, lang := "", ""
	for i, line := range strings.Split(strings.ToValidUTF8(string(data), "?"), "\n") {
		if i == maxLines {
			return
		}
		p.line = i + 1
		if len(line) > maxLine {
			continue
		}
		if m := fence.FindStringSubmatch(line); m != nil {
			switch {
			case inFence == "":
				inFence, lang = m[1], strings.ToLower(m[2])
			case strings.HasPrefix(m[1], inFence):
				inFence = ""
			}
			continue
		}
		switch {
		case inFence == "":
			p.prose(line)
		case slices.Contains(shells, lang):
			p.shell(prompt.ReplaceAllString(line, ""))
		case lang == "promql":
			p.promql(line)
		case lang == "yaml" || lang == "yml" || lang == "toml" || lang == "ini":
			if m := keyLine.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
				p.name(m[1])
			}
		}
	}
}

// page is a page at a line.
type page struct {
	*checker
	file string
	line int
}

func (p *page) breach(format string, args ...any) { p.checker.breach(p.file, p.line, format, args...) }

// prose judges what stands between backticks in a line.
func (p *page) prose(line string) {
	for {
		i := strings.IndexByte(line, '`')
		if i < 0 {
			return
		}
		n := len(line[i:]) - len(strings.TrimLeft(line[i:], "`"))
		mark := line[i : i+n]
		rest := line[i+n:]
		end := strings.Index(rest, mark)
		if end < 0 {
			return
		}
		p.span(strings.TrimSpace(rest[:end]))
		line = rest[end+n:]
	}
}

func (p *page) span(text string) {
	switch first, _, _ := strings.Cut(text, " "); {
	case text == "":
	case single.MatchString(text) && !strings.ContainsAny(text, "{("):
		p.name(text)
	case p.names.programs[path.Base(first)] != nil || first == "sudo" || assign.MatchString(first):
		p.shell(text)
	case strings.Contains(text, " -- "):
		p.shell(text)
	case keyLine.MatchString(text):
		p.name(keyLine.FindStringSubmatch(text)[1])
	default:
		p.promql(text)
	}
}

var (
	flagWord   = regexp.MustCompile(`^--?([A-Za-z0-9][\w.-]*)(=.*)?$`)
	metricWord = regexp.MustCompile(`^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$`)
	envWord    = regexp.MustCompile(`^\$?\{?([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\}?(?:=.*)?$`)
	keyWord    = regexp.MustCompile(`^[A-Za-z][\w-]*(?:(?:\[\])?\.[A-Za-z_][\w-]*)*$`)
	fileEnd    = regexp.MustCompile(`(?i)\.(?:ya?ml|json|jsonl|toml|ini|conf|cfg|env|log|txt|md|sql|db|go|sh|py|service|timer|socket|gz|tar|tgz|zip|bundle|deb|rpm|crt|key|pem|pub|html|csv|tmp|bak|d)$`)
)

// name judges a name that stands alone.
func (p *page) name(text string) {
	text = strings.Trim(text, `"',;`)
	if m := envWord.FindStringSubmatch(text); m != nil {
		p.variable(m[1])
		return
	}
	word, _, _ := strings.Cut(text, "=")
	word = strings.TrimSuffix(word, ":")
	if m := flagWord.FindStringSubmatch(text); m != nil {
		p.flag(m[1])
		return
	}
	if word == "" || p.names.all[word] || p.external(word) || p.names.programs[word] != nil || !keyWord.MatchString(word) || fileEnd.MatchString(word) {
		return
	}
	if g, gone := p.names.gone[word]; gone && g.kind != fact.Flag && telling(word) {
		p.breach("the %s %s does not exist%s", called(g.kind), word, g.now())
		return
	}
	if metricWord.MatchString(word) && p.names.exported(word) {
		return
	}
	for _, kind := range []fact.Kind{fact.Config, fact.Metric} {
		if !telling(word) {
			break
		}
		if near := p.names.near(kind, word); near != "" && telling(near) {
			p.breach("there is no %s %s; did you mean %s?", called(kind), word, near)
			return
		}
	}
	p.below(word)
}

// telling reports whether a word can hardly be one of ordinary language.
func telling(word string) bool { return len(word) >= 6 && strings.ContainsAny(word, "_.") }

// below judges a key below a part of the configuration whose keys are all known.
func (p *page) below(word string) {
	i := strings.LastIndexByte(word, '.')
	if i < 0 || !p.names.holders[word[:i]] || p.names.of[fact.Config][word[:i]+".*"] || p.names.holders[word] {
		return
	}
	p.breach("there is no configuration key %s", word)
}

// flag judges a flag that stands alone: it may be that of another program, unless it is gone or misspelt.
func (p *page) flag(name string) {
	if p.known(name) || p.external("--"+name) {
		return
	}
	if g, gone := p.names.gone[name]; gone && g.kind == fact.Flag {
		p.breach("the flag --%s does not exist%s", name, g.now())
		return
	}
	if near := p.names.near(fact.Flag, name); near != "" && len(name) >= 6 {
		p.breach("there is no flag --%s; did you mean --%s?", name, near)
	}
}

// known reports whether any program has a flag.
func (p *page) known(name string) bool {
	return p.names.of[fact.Flag][name] || p.names.of[fact.Flag][strings.TrimPrefix(name, "no-")]
}

func (p *page) variable(name string) {
	prefix, _, _ := strings.Cut(name, "_")
	switch g, gone := p.names.gone[name]; {
	case p.names.all[name] || p.external(name):
	case gone:
		p.breach("the variable %s does not exist%s", name, g.now())
	case p.names.variables[prefix]:
		p.breach("the product reads no variable %s%s", name, p.names.instead(fact.Env, name))
	}
}

// identifier matches names in an expression, and whole what holds labels and values.
var identifier = regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\{[^}]*\}|\[[^\]]*\]|[A-Za-z_:][\w:]*`)

// promql judges the metrics of an expression, which is known by its brackets.
func (p *page) promql(text string) {
	if !strings.ContainsAny(text, "{([") {
		return
	}
	for _, w := range identifier.FindAllString(text, -1) {
		prefix, _, ok := strings.Cut(w, "_")
		if !ok || !p.names.metrics[prefix] || !metricWord.MatchString(w) || p.names.exported(w) || p.external(w) {
			continue
		}
		p.breach("the product does not export the metric %s%s", w, p.names.instead(fact.Metric, w))
	}
}

// called is what people call a kind.
func called(k fact.Kind) string {
	switch k {
	case fact.Config:
		return "configuration key"
	case fact.Env:
		return "variable"
	}
	return string(k)
}
