package channel

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// decoder fills Go values from one document. It records every problem and goes on, so that one run shows them all.
type decoder struct {
	*document
	// kind is the channel's kind, "" for the product or while it is unknown.
	kind string
}

// decode reads data into v, a pointer to a struct.
func (d *document) decode(data []byte, v any) {
	root := d.parse(data)
	if root == nil {
		return
	}
	d.values[""] = at(root)
	dec := decoder{document: d, kind: peekKind(root)}
	dec.value(root, reflect.ValueOf(v).Elem(), "", "")
}

// peekKind looks for the top-level key that decides which others are valid.
func peekKind(root ast.Node) string {
	for _, p := range pairs(root) {
		if s, ok := p.Value.(*ast.StringNode); ok && keyText(p) == "kind" && forms["kind"].verify(s.Value) == nil {
			return s.Value
		}
	}
	return ""
}

// pairs returns the entries of a mapping, or nil if n is none.
func pairs(n ast.Node) []*ast.MappingValueNode {
	switch m := n.(type) {
	case *ast.MappingNode:
		return m.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{m}
	}
	return nil
}

func keyText(p *ast.MappingValueNode) string {
	if s, ok := p.Key.(*ast.StringNode); ok {
		return s.Value
	}
	return p.Key.GetToken().Value
}

// value reads n into v. is is the form of strings, from the field's tag.
func (d *decoder) value(n ast.Node, v reflect.Value, path, is string) {
	d.values[path] = at(n)
	if _, ok := n.(*ast.NullNode); ok {
		d.fail(at(n), "", "there is no value; give one, or leave the key out")
		return
	}
	if t, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		d.text(n, path, func(s string) error {
			if s == "" {
				return errors.New("the value is empty")
			}
			return t.UnmarshalText([]byte(s))
		})
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, v.Elem(), path, is)
	case reflect.Struct:
		d.structure(n, v, path)
	case reflect.Slice:
		d.list(n, v, path, is)
	case reflect.Map:
		d.table(n, v, path, is)
	case reflect.Int:
		d.number(n, v)
	case reflect.String:
		if s, ok := d.text(n, path, forms[is].verify); ok {
			v.SetString(s)
		}
	default:
		panic(fmt.Sprintf("channel: type %s cannot be read from YAML", v.Type())) // a mistake in this package's types
	}
}

// report records what is wrong with the value at path.
func (d *decoder) report(path string, err error) {
	var f *formError
	switch {
	case errors.As(err, &f):
		d.fail(d.values[path], f.suggestion, "%s", f.message)
	case err != nil:
		d.fail(d.values[path], "", "%s", err)
	}
}

// exponent is a number that the parser takes for text, unlike the standard.
var exponent = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+$`)

// text returns a string, after check has seen it. What YAML would read as a number or a boolean is refused: "2.10" and
// 2.10 are not the same.
func (d *decoder) text(n ast.Node, path string, check func(string) error) (string, bool) {
	switch s := n.(type) {
	case *ast.StringNode:
		if s.Token.Type == token.StringType && exponent.MatchString(s.Value) {
			d.fail(at(n), lastKey(path)+strconv.Quote(s.Value), "without quotes %s is a number", s.Value)
			return "", false
		}
		d.report(path, check(s.Value))
		return s.Value, true
	case *ast.LiteralNode:
		d.report(path, check(s.Value.Value))
		return s.Value.Value, true
	case *ast.FloatNode, *ast.IntegerNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		raw := n.GetToken().Value
		if err := check(raw); err != nil {
			d.report(path, err) // quotes would not help
			break
		}
		d.fail(at(n), lastKey(path)+strconv.Quote(raw), "without quotes %s is %s", raw, meaning(n))
	default:
		d.fail(at(n), "", "text is expected here, not %s", describe(n))
	}
	return "", false
}

// lastKey returns "line: " for the path of the key line, and "" for the path of a list's item.
func lastKey(path string) string {
	if strings.HasSuffix(path, "]") || path == "" {
		return ""
	}
	return path[strings.LastIndexByte(path, '.')+1:] + ": "
}

// meaning says what YAML makes of a scalar without quotes.
func meaning(n ast.Node) string {
	switch s := n.(type) {
	case *ast.BoolNode:
		return "a boolean"
	case *ast.FloatNode:
		if short := strconv.FormatFloat(s.Value, 'f', -1, 64); short != s.Token.Value {
			return "the number " + short
		}
	case *ast.IntegerNode:
		if short := fmt.Sprint(s.Value); short != s.Token.Value {
			return "the number " + short
		}
	}
	return "a number"
}

// describe names the type of a node for people.
func describe(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys and values"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case *ast.BoolNode:
		return "a boolean"
	}
	return "a number"
}

// maxCount is the largest number that a channel file may hold; all of them count people or keys.
const maxCount = 1000

// number reads a count, from 1.
func (d *decoder) number(n ast.Node, v reflect.Value) {
	i, ok := n.(*ast.IntegerNode)
	if !ok {
		d.fail(at(n), "", "a whole number is expected here, not %s", describe(n))
		return
	}
	count, err := strconv.Atoi(i.Token.Value)
	if err != nil || count < 1 || count > maxCount {
		d.fail(at(n), "", "%.20s is not a count from 1 to %d", i.Token.Value, maxCount)
		return
	}
	v.SetInt(int64(count))
}

// list reads a list of at least one item. Repeated strings are refused, except among a command's arguments.
func (d *decoder) list(n ast.Node, v reflect.Value, path, is string) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.fail(at(n), "", "a list is expected here, not %s", describe(n))
		return
	}
	if len(seq.Values) == 0 {
		d.fail(at(n), "", "the list is empty; fill it, or leave the key out")
	}
	seen, before := map[string]bool{}, len(d.errs)
	for i, item := range seq.Values {
		v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
		last := v.Index(v.Len() - 1)
		at := fmt.Sprintf("%s[%d]", path, i)
		d.value(item, last, at, is)
		if last.Kind() == reflect.String && is != "argument" && last.String() != "" {
			if seen[last.String()] {
				d.failAt(at, "%q stands in the list twice", last.String())
			}
			seen[last.String()] = true
		}
	}
	if is == "argument" && v.Len() > 0 && v.Index(0).String() == "" && len(d.errs) == before {
		d.failAt(path+"[0]", "the command is empty")
	}
}

// table reads a mapping whose keys are names.
func (d *decoder) table(n ast.Node, v reflect.Value, path, is string) {
	v.Set(reflect.MakeMap(v.Type()))
	d.entries(n, path, func(key string, p *ast.MappingValueNode) {
		if err := forms["name"].verify(key); err != nil {
			d.fail(at(p.Key), "", "%s", err)
		}
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(p.Value, item, join(path, key), is)
		v.SetMapIndex(reflect.ValueOf(key), item)
	})
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) == 0 {
		d.fail(at(n), "", "there are no keys; add one, or leave this one out")
	}
}
