package extract

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
)

// config reads the keys of a configuration file: from its JSON Schema, or from a file with all defaults in which comments
// explain them.
func config(s channel.FactSource, f file) ([]fact.Fact, error) {
	if s.Schema == "" {
		return defaults(f)
	}
	root, err := document(f.data)
	if err != nil {
		return nil, err
	}
	w := schemaWalk{root: root, kind: fact.Config}
	if err := w.walk("", root); err != nil {
		return nil, err
	}
	return once(w.out), nil
}

// once keeps the first of facts with the same name, such as those of two choices of a schema.
func once(facts []fact.Fact) []fact.Fact {
	fact.Sort(facts)
	return slices.CompactFunc(facts, func(a, b fact.Fact) bool { return a.Kind == b.Kind && a.Name == b.Name })
}

// commentedOut is a key that stands in a comment, without a space after the mark, since its default is not to set it:
// "#tls_cert: /etc/acme/tls.pem".
var commentedOut = regexp.MustCompile(`(?m)^([ \t]*)#([A-Za-z_][\w.-]*[ \t]*(?::(?:[ \t].*)?|=.*))$`)

// defaults reads an example file in which each key has its default.
func defaults(f file) ([]fact.Fact, error) {
	settings, err := fact.Settings(f.path, commentedOut.ReplaceAll(f.data, []byte("$1$2")))
	if err != nil { // a comment that only looked like a key
		settings, err = fact.Settings(f.path, f.data)
	}
	if err != nil {
		return nil, err
	}
	lines := bytes.Split(f.data, []byte("\n"))
	var out []fact.Fact
	for _, s := range settings {
		one := fact.Fact{Kind: fact.Config, Name: s.Key, Line: s.Line, Attributes: fact.Attributes{Type: s.Type}}
		switch {
		case s.Type == "null":
			one.Attributes.Type = ""
		case !strings.Contains(s.Key, "[]") && !isComment(lines, s.Line): // items of lists are examples
			one.Attributes.Default = &s.Value
		}
		annotate(&one, s.Comment)
		if one.Attributes.Required {
			one.Attributes.Default = nil // the file shows an example
		}
		out = append(out, one)
	}
	return once(out), nil
}

// isComment reports whether a line is commented out.
func isComment(lines [][]byte, line int) bool {
	return line > 0 && line <= len(lines) && bytes.HasPrefix(bytes.TrimSpace(lines[line-1]), []byte("#"))
}
