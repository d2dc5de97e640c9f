package fact

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// tomlSettings reads TOML. A first pass checks the document as a whole, since the parser that keeps comments does not
// look for repeated keys.
func tomlSettings(name string, data []byte) ([]Setting, error) {
	var whole map[string]any
	if err := toml.Unmarshal(data, &whole); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r := tomlReader{Parser: unstable.Parser{KeepComments: true}}
	for i, c := range data {
		if c == '\n' {
			r.ends = append(r.ends, uint32(i))
		}
	}
	r.Reset(data)
	for r.NextExpression() {
		r.expression(r.Expression())
		if len(r.out) > maxSettings {
			return nil, fmt.Errorf("%s: more than %d keys", name, maxSettings)
		}
	}
	if err := r.Error(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r.out, nil
}

// tomlReader flattens a document.
type tomlReader struct {
	unstable.Parser
	// ends are the offsets at which lines end.
	ends  []uint32
	table string
	// comment collects the lines above a key, last is the line on which they ended.
	comment []string
	last    int
	out     []Setting
}

func (r *tomlReader) expression(n *unstable.Node) {
	switch n.Kind {
	case unstable.Comment:
		line := r.line(n)
		if r.last != 0 && line > r.last+1 {
			r.comment = nil // a paragraph of its own
		}
		r.comment, r.last = append(r.comment, string(n.Data)), line
		return
	case unstable.Table:
		r.table = tomlKey("", n.Key())
	case unstable.ArrayTable:
		r.table = tomlKey("", n.Key()) + "[]"
	case unstable.KeyValue:
		r.pair(r.table, n)
	}
	r.comment, r.last = nil, 0
}

func (r *tomlReader) line(n *unstable.Node) int {
	if n.Raw.Length == 0 {
		return 0
	}
	i, _ := slices.BinarySearch(r.ends, n.Raw.Offset)
	return i + 1
}

func (r *tomlReader) pair(table string, n *unstable.Node) {
	key, v := tomlKey(table, n.Key()), n.Value()
	keys := n.Key()
	line := 0
	if keys.Next() {
		line = r.line(keys.Node())
	}
	if c := n.Next(); c != nil && c.Kind == unstable.Comment { // beside the value
		r.comment = append(r.comment, string(c.Data))
	}
	r.value(key, v, line, comments(r.comment...))
}

func (r *tomlReader) value(key string, v *unstable.Node, line int, comment string) {
	s := Setting{Key: key, Value: string(v.Data), Type: tomlTypes[v.Kind], Comment: comment, Line: line}
	if s.Type == "" {
		s.Type = "string" // dates and times
	}
	switch v.Kind {
	case unstable.InlineTable:
		empty := true
		for it := v.Children(); it.Next(); empty = false {
			r.pair(key, it.Node())
		}
		if !empty {
			return
		}
		s.Value = "{}"
	case unstable.Array:
		var values []string
		for it := v.Children(); it.Next(); {
			switch item := it.Node(); item.Kind {
			case unstable.Comment:
			case unstable.InlineTable, unstable.Array:
				r.value(key+"[]", item, line, "")
				s.Type = ""
			default:
				values = append(values, string(item.Data))
			}
		}
		if s.Type == "" {
			return
		}
		s.Value = "[" + strings.Join(values, ", ") + "]"
	}
	r.out = append(r.out, s)
}

var tomlTypes = map[unstable.Kind]string{
	unstable.String: "string", unstable.Bool: "boolean", unstable.Integer: "integer", unstable.Float: "number",
	unstable.Array: "array", unstable.InlineTable: "object",
}

func tomlKey(table string, parts unstable.Iterator) string {
	key := table
	for parts.Next() {
		key = strings.TrimPrefix(key+"."+string(parts.Node().Data), ".")
	}
	return key
}
