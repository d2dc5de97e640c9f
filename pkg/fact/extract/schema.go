package extract

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/relctl/relctl/pkg/fact"
)

// Limits of a schema.
const (
	maxSchemaDepth = 40
	maxSchemaKeys  = 50_000
)

// schemaWalk turns a JSON Schema, or a schema of OpenAPI, into facts, one a key.
type schemaWalk struct {
	root *yaml.Node
	kind fact.Kind
	// prefix stands before each key.
	prefix string
	out    []fact.Fact
	// open are the schemas that are being read, by which one that holds itself is seen.
	open []*yaml.Node
	// steps counts schemas, since references can multiply them.
	steps int
}

// walk reads the keys of a schema. name is the key that the schema describes, "" for the root.
func (w *schemaWalk) walk(name string, n *yaml.Node) error {
	if w.steps++; w.steps > 10*maxSchemaKeys || len(w.out) > maxSchemaKeys {
		return fmt.Errorf("the schema describes more than %d keys", maxSchemaKeys)
	}
	n, err := w.resolve(n)
	if err != nil || n == nil {
		return err
	}
	if slices.Contains(w.open, n) || len(w.open) > maxSchemaDepth {
		return nil // what holds itself is described once
	}
	w.open = append(w.open, n)
	defer func() { w.open = w.open[:len(w.open)-1] }()

	required := w.required(n, 0)
	for _, part := range append([]*yaml.Node{n}, w.parts(n, 0)...) {
		for k, v := range pairs(at(part, "properties")) {
			if err := w.property(join(name, k.Value), k.Line, v, slices.Contains(required, k.Value)); err != nil {
				return err
			}
		}
		for _, key := range []string{"additionalProperties", "patternProperties"} {
			rest := at(part, key)
			if key == "patternProperties" {
				rest = first(rest)
			}
			if rest != nil && rest.Kind == yaml.MappingNode && len(rest.Content) > 0 {
				if err := w.property(join(name, "*"), rest.Line, rest, false); err != nil {
					return err
				}
			}
		}
		if err := w.walk(name+"[]", at(part, "items")); err != nil {
			return err
		}
	}
	return nil
}

func join(name, key string) string { return strings.TrimPrefix(name+"."+key, ".") }

// first returns the first value of a mapping.
func first(n *yaml.Node) *yaml.Node {
	for _, v := range pairs(n) {
		return v
	}
	return nil
}

// parts returns the schemas of which n is made: allOf, and the choices of anyOf and oneOf.
func (w *schemaWalk) parts(n *yaml.Node, depth int) []*yaml.Node {
	var out []*yaml.Node
	if depth > 8 {
		return nil
	}
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		for part := range items(at(n, key)) {
			if p, err := w.resolve(part); err == nil && p != nil && !slices.Contains(w.open, p) {
				out = append(out, p)
				out = append(out, w.parts(p, depth+1)...)
			}
		}
	}
	return out
}

// required returns the keys that must be there: those of the schema and of all that it adds, not of its choices.
func (w *schemaWalk) required(n *yaml.Node, depth int) []string {
	out := texts(n, "required")
	for part := range items(at(n, "allOf")) {
		if p, err := w.resolve(part); err == nil && p != nil && depth < 8 {
			out = append(out, w.required(p, depth+1)...)
		}
	}
	return out
}

// property records one key and reads what lies below.
func (w *schemaWalk) property(name string, line int, n *yaml.Node, required bool) error {
	target, err := w.resolve(n)
	if err != nil {
		return fmt.Errorf("line %d: %s: %w", line, name, err)
	}
	if target == nil {
		return nil
	}
	schemas := append([]*yaml.Node{n, target}, w.parts(target, 0)...)
	if !composite(schemas) || required || hasDefault(schemas) {
		w.out = append(w.out, w.fact(name, line, schemas, required))
	}
	return w.walk(name, target)
}

// composite reports whether a key only holds further keys, which are facts themselves.
func composite(schemas []*yaml.Node) bool {
	return slices.ContainsFunc(schemas, func(s *yaml.Node) bool { return first(at(s, "properties")) != nil })
}

func hasDefault(schemas []*yaml.Node) bool {
	return slices.ContainsFunc(schemas, func(s *yaml.Node) bool {
		d := at(s, "default")
		return d != nil && d.Kind == yaml.ScalarNode
	})
}

func (w *schemaWalk) fact(name string, line int, schemas []*yaml.Node, required bool) fact.Fact {
	f := fact.Fact{Kind: w.kind, Name: w.prefix + name, Line: line}
	a := &f.Attributes
	var description string
	var types []string
	for _, s := range schemas {
		types = append(types, schemaTypes(s)...)
		description = or(description, text(s, "description"))
		if d := at(s, "default"); d != nil && a.Default == nil && d.Tag != "!!null" {
			v := flow(d, 0)
			a.Default = &v
		}
		if e := at(s, "enum"); e != nil && a.Enum == nil {
			a.Enum = texts(e)
		}
		if c := at(s, "const"); c != nil {
			a.Enum = append(a.Enum, flow(c, 0))
		}
		a.Minimum = or(a.Minimum, or(text(s, "minimum"), text(s, "exclusiveMinimum")))
		a.Maximum = or(a.Maximum, or(text(s, "maximum"), text(s, "exclusiveMaximum")))
	}
	slices.Sort(types)
	slices.Sort(a.Enum)
	a.Enum = slices.Compact(a.Enum)
	a.Type = strings.Join(slices.Compact(types), "|")
	a.Required = required
	annotate(&f, description)
	for _, s := range schemas {
		switch d := text(s, "x-deprecated"); {
		case d != "" && d != "false":
			a.Deprecated = orDeprecated(strings.TrimPrefix(d, "true"))
		case text(s, "deprecated") == "true" && a.Deprecated == "":
			a.Deprecated = orDeprecated("")
		}
		a.RemovedIn = or(a.RemovedIn, text(s, "x-removed-in"))
		if from := at(s, "x-renamed-from"); from != nil && a.RenamedFrom == nil {
			a.RenamedFrom = append(texts(from), slices.DeleteFunc([]string{text(from)}, func(s string) bool { return s == "" })...)
		}
	}
	for i, old := range a.RenamedFrom {
		a.RenamedFrom[i] = w.prefix + old
	}
	return f
}

// schemaTypes returns the types that a schema admits; null is the absence of a value.
func schemaTypes(s *yaml.Node) []string {
	types := texts(s, "type")
	if t := text(s, "type"); t != "" {
		types = append(types, t)
	}
	if text(s, "x-kubernetes-int-or-string") == "true" {
		types = append(types, "integer", "string")
	}
	return slices.DeleteFunc(types, func(t string) bool { return t == "null" })
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// resolve follows references within the document. Others are left alone: nothing is fetched.
func (w *schemaWalk) resolve(n *yaml.Node) (*yaml.Node, error) {
	for range 16 {
		if n == nil || n.Kind != yaml.MappingNode {
			return nil, nil
		}
		ref := text(n, "$ref")
		if ref == "" || !strings.HasPrefix(ref, "#") {
			return n, nil
		}
		target := w.root
		for part := range strings.SplitSeq(strings.Trim(ref[1:], "/"), "/") {
			if part != "" {
				target = at(target, strings.NewReplacer("~1", "/", "~0", "~", "%25", "%").Replace(part))
			}
		}
		if target == nil {
			return nil, fmt.Errorf("the reference %.80q leads nowhere", ref)
		}
		n = target
	}
	return nil, fmt.Errorf("line %d: references lead in a circle", n.Line)
}
