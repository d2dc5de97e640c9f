package contract

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/fact"
)

// Input is what is held against each other.
type Input struct {
	// Facts are those of the commit.
	Facts *fact.Set
	// Releases are those of releases: a name that one of them has, and the commit has not, is no other program's.
	Releases []*fact.Set
	// Runbooks are the pages in Markdown, by the names of their facts.
	Runbooks map[string][]byte
	// Folder holds the pages that ship with a release; "" if none do.
	Folder string
	// External are names that exist elsewhere: of metrics, flags, keys, commands and alerts, and addresses of runbooks. A *
	// stands for any part.
	External []string
}

// Breach is where the contract is broken.
type Breach struct {
	// File is a path in the repository, Line from 1 on.
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
	Text string `json:"text"`
}

// Check returns all breaches, sorted by file and line, each once.
func Check(in Input) []Breach {
	c := checker{Input: in, names: newNames(in.Facts, in.Releases)}
	for _, f := range in.Facts.Facts {
		switch f.Kind {
		case fact.Alert:
			c.alert(f)
			c.metrics(f)
		case fact.Recording:
			c.metrics(f)
		case fact.Runbook:
			c.runbook(cmp.Or(f.Path, f.Name), in.Runbooks[f.Name])
		}
	}
	slices.SortFunc(c.out, func(a, b Breach) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Text, b.Text))
	})
	return slices.Compact(c.out)
}

// checker collects breaches.
type checker struct {
	Input
	names *names
	out   []Breach
}

func (c *checker) breach(file string, line int, format string, args ...any) {
	c.out = append(c.out, Breach{file, line, fmt.Sprintf(format, args...)})
}

// external reports whether a name is said to exist elsewhere.
func (c *checker) external(name string) bool {
	return slices.ContainsFunc(c.External, func(pattern string) bool { return match(pattern, name) })
}

// match compares a name with a pattern, in which * stands for any part.
func match(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	rest, ok := strings.CutPrefix(name, parts[0])
	if !ok {
		return false
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, parts[last])
}

// alert wants a runbook that ships with the release.
func (c *checker) alert(f fact.Fact) {
	url := f.Attributes.RunbookURL
	name, _, _ := strings.Cut(f.Name, " #")
	switch {
	case c.external(name) || url != "" && c.external(url):
		return
	case url == "":
		c.breach(f.Path, f.Line, "the alert %s has no runbook_url", name)
		return
	}
	page, fragment, err := Resolve(c.Facts, url)
	switch {
	case err != nil:
		c.breach(f.Path, f.Line, "the runbook_url of %s, %s, %v", name, short(url), err)
	case c.Folder == "" || !strings.HasPrefix(page.Name, c.Folder+"/"):
		c.breach(f.Path, f.Line, "the runbook of %s, %s, does not ship: it is not in the folder that docs.operator names", name, page.Name)
	case fragment != "" && !slices.ContainsFunc(page.Attributes.Anchors, func(a string) bool { return strings.EqualFold(a, fragment) }):
		c.breach(f.Path, f.Line, "the runbook of %s, %s, has no section #%s", name, page.Name, short(fragment))
	}
}

// Resolve finds the runbook that an address leads to: the page whose path ends as the address does. An error says what
// the address does.
func Resolve(s *fact.Set, url string) (page fact.Fact, fragment string, err error) {
	address, fragment, _ := strings.Cut(url, "#")
	address, _, _ = strings.Cut(address, "?")
	if _, rest, ok := strings.Cut(address, "://"); ok {
		_, address, _ = strings.Cut(rest, "/") // without the host
	}
	want := segments(address)
	best, tied := 0, false
	for _, f := range s.Facts {
		if f.Kind != fact.Runbook {
			continue
		}
		switch n := common(want, segments(f.Name)); {
		case n > best:
			page, best, tied = f, n, false
		case n == best && n > 0:
			tied = true
		}
	}
	switch {
	case best == 0:
		return page, fragment, fmt.Errorf("leads to no runbook of this commit")
	case tied:
		return page, fragment, fmt.Errorf("leads to several runbooks; give more of the path")
	}
	return page, fragment, nil
}

// segments are the parts of a path, without the ending of a page, and without the page of a folder.
func segments(p string) []string {
	p = strings.Trim(p, "/")
	for _, end := range []string{".md", ".html", ".markdown"} {
		p = strings.TrimSuffix(p, end)
	}
	parts := strings.Split(strings.ToLower(p), "/")
	if last := parts[len(parts)-1]; len(parts) > 1 && (last == "readme" || last == "index" || last == "_index") {
		parts = parts[:len(parts)-1]
	}
	return parts
}

// common counts the parts that two paths share at their ends.
func common(a, b []string) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] && a[len(a)-1-n] != "" {
		n++
	}
	return n
}

// metrics wants what a rule asks for to be exported.
func (c *checker) metrics(f fact.Fact) {
	if !c.names.has[fact.Metric] {
		return
	}
	name, _, _ := strings.Cut(f.Name, " #")
	for _, m := range f.Attributes.Metrics {
		if !c.names.exported(m) && !builtin(m) && !c.external(m) {
			c.breach(f.Path, f.Line, "the %s %s uses the metric %s, which the product does not export%s", f.Kind, name, short(m), cmp.Or(c.names.instead(fact.Metric, m), elsewhere))
		}
	}
}

const elsewhere = "; if another program does, name it in docs.external of channels/product.yaml"

// builtin are series that Prometheus makes by itself.
func builtin(m string) bool {
	return m == "up" || m == "ALERTS" || m == "ALERTS_FOR_STATE" || strings.HasPrefix(m, "scrape_")
}

// short keeps a text from outside within a line.
func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 120 {
		return string(r[:120]) + "…"
	}
	return s
}
