package build

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// node is a value of a YAML file that can be changed and written again: every scalar as the text that it was, since
// 1.20 as a number is no version any more.
type node struct {
	scalar string // YAML of one line, for a scalar
	items  []*node
	fields []field
	kind   nodeKind
}

type nodeKind int

const (
	scalarNode nodeKind = iota
	listNode
	mapNode
)

type field struct {
	key   string
	value *node
}

func word(s string) *node { return &node{scalar: quoted(s)} }

func list(items ...*node) *node { return &node{kind: listNode, items: items} }

func mapping(fields ...field) *node { return &node{kind: mapNode, fields: fields} }

// get returns the value of a key, or nil.
func (n *node) get(key string) *node {
	if i := n.index(key); i >= 0 {
		return n.fields[i].value
	}
	return nil
}

func (n *node) index(key string) int {
	return slices.IndexFunc(n.fields, func(f field) bool { return f.key == key })
}

func (n *node) set(key string, v *node) {
	if i := n.index(key); i >= 0 {
		n.fields[i].value = v
		return
	}
	n.fields = append(n.fields, field{key, v})
}

func (n *node) remove(key string) {
	n.fields = slices.DeleteFunc(n.fields, func(f field) bool { return f.key == key })
}

// String writes the value as YAML of one line.
func (n *node) String() string {
	var b strings.Builder
	n.write(&b)
	return b.String()
}

func (n *node) write(b *strings.Builder) {
	switch n.kind {
	case listNode:
		b.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				b.WriteString(", ")
			}
			item.write(b)
		}
		b.WriteByte(']')
	case mapNode:
		b.WriteByte('{')
		for i, f := range n.fields {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(quoted(f.key) + ": ")
			f.value.write(b)
		}
		b.WriteByte('}')
	default:
		b.WriteString(n.scalar)
	}
}

// quoted writes a text in double quotes, which JSON and YAML share.
func quoted(s string) string {
	data, _ := json.Marshal(s) // a string always encodes
	return string(data)
}

// parseTree reads a YAML file that can be written again without a change of its meaning.
func parseTree(data []byte) (_ *node, err error) {
	defer func() {
		if r := recover(); r != nil { // as for unmarshal
			err = fmt.Errorf("not YAML that can be read: %v", r)
		}
	}()
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, fmt.Errorf("not YAML that can be read: %w", err)
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, errors.New("it is not one YAML document")
	}
	r := treeReader{anchors: map[string]*node{}}
	root, err := r.read(file.Docs[0].Body, 0)
	if err != nil {
		return nil, err
	}
	if root.kind != mapNode {
		return nil, errors.New("it is no YAML mapping")
	}
	return root, sameMeaning(data, []byte(root.String()))
}

// sameMeaning makes sure that nothing was lost on the way.
func sameMeaning(a, b []byte) error {
	var x, y any
	if err := errors.Join(unmarshal(a, &x), unmarshal(b, &y)); err != nil {
		return err
	}
	if !reflect.DeepEqual(x, y) {
		return errors.New("relctl cannot write its YAML again without a change of its meaning")
	}
	return nil
}

// limits of what aliases may make of a file.
const (
	maxTreeDepth = 64
	maxTreeNodes = 100_000
)

type treeReader struct {
	anchors map[string]*node
	nodes   int
}

func (r *treeReader) read(n ast.Node, depth int) (*node, error) {
	if r.nodes++; r.nodes > maxTreeNodes || depth > maxTreeDepth {
		return nil, errors.New("its YAML is too large or too deep to be divided")
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		return r.mapping(n.Values, depth)
	case *ast.MappingValueNode:
		return r.mapping([]*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		out := list()
		for _, v := range n.Values {
			item, err := r.read(v, depth+1)
			if err != nil {
				return nil, err
			}
			out.items = append(out.items, item)
		}
		return out, nil
	case *ast.AnchorNode:
		v, err := r.read(n.Value, depth)
		if err == nil {
			r.anchors[n.Name.GetToken().Value] = v
		}
		return v, err
	case *ast.AliasNode:
		v := r.anchors[n.Value.GetToken().Value]
		if v == nil {
			return nil, fmt.Errorf("its YAML uses the alias %s before its anchor", n.Value.GetToken().Value)
		}
		return r.copied(v)
	case *ast.LiteralNode:
		return word(n.Value.Value), nil
	case *ast.StringNode:
		return plain(n), nil
	case *ast.NullNode:
		return &node{scalar: "null"}, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return &node{scalar: n.GetToken().Value}, nil
	}
	return nil, fmt.Errorf("relctl cannot write its YAML again: line %d", n.GetToken().Position.Line)
}

// copied returns a copy of a value that an alias stands for, so that a change of the one is none of the other.
func (r *treeReader) copied(v *node) (*node, error) {
	if r.nodes++; r.nodes > maxTreeNodes {
		return nil, errors.New("its YAML is too large to be divided")
	}
	out := &node{scalar: v.scalar, kind: v.kind}
	for _, item := range v.items {
		c, err := r.copied(item)
		if err != nil {
			return nil, err
		}
		out.items = append(out.items, c)
	}
	for _, f := range v.fields {
		c, err := r.copied(f.value)
		if err != nil {
			return nil, err
		}
		out.fields = append(out.fields, field{f.key, c})
	}
	return out, nil
}

// mapping reads fields, and those of mappings that are merged in, which give way to the mapping's own.
func (r *treeReader) mapping(values []*ast.MappingValueNode, depth int) (*node, error) {
	out := mapping()
	var merged []*node
	for _, mv := range values {
		v, err := r.read(mv.Value, depth+1)
		if err != nil {
			return nil, err
		}
		if mv.Key.IsMergeKey() {
			if v.kind == listNode {
				merged = append(merged, v.items...)
			} else {
				merged = append(merged, v)
			}
			continue
		}
		key, ok := mv.Key.(ast.Node).(*ast.StringNode)
		if !ok {
			return nil, fmt.Errorf("relctl cannot write its YAML again: line %d", mv.GetToken().Position.Line)
		}
		if out.index(key.Value) >= 0 {
			return nil, fmt.Errorf("its YAML repeats the key %s", key.Value)
		}
		out.set(key.Value, v)
	}
	for _, m := range merged {
		for _, f := range m.fields {
			if out.index(f.key) < 0 {
				out.fields = append(out.fields, f)
			}
		}
	}
	return out, nil
}

// simple are texts that mean the same without quotes wherever they stand.
var simple = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.+-]*$`)

// plain keeps a text without quotes if it had none: "yes" is a text, yes is true for some readers.
func plain(n *ast.StringNode) *node {
	if n.Token.Type == token.StringType && simple.MatchString(n.Value) {
		return &node{scalar: n.Value}
	}
	return word(n.Value)
}
