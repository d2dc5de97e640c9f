package extract

import (
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
)

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// openapi reads an OpenAPI document, version 2 or 3: one fact an operation and one a parameter or field of the body.
func openapi(_ channel.FactSource, f file) ([]fact.Fact, error) {
	root, err := document(f.data)
	if err != nil {
		return nil, err
	}
	if at(root, "paths") == nil {
		return nil, errors.New("there is no key paths, as OpenAPI has it")
	}
	base := strings.TrimSuffix(text(root, "basePath"), "/")
	var out []fact.Fact
	for path, shared := range pairs(at(root, "paths")) {
		for method, op := range pairs(shared) {
			if !slices.Contains(methods, method.Value) {
				continue
			}
			facts, err := operation(root, strings.ToUpper(method.Value)+" "+base+path.Value, method.Line, shared, op)
			if err != nil {
				return nil, err
			}
			out = append(out, facts...)
		}
	}
	return once(out), nil
}

func operation(root *yaml.Node, name string, line int, shared, op *yaml.Node) ([]fact.Fact, error) {
	one := fact.Fact{Kind: fact.API, Name: name, Line: line, Text: oneLine(or(text(op, "summary"), text(op, "description")))}
	if text(op, "deprecated") == "true" {
		one.Attributes.Deprecated = orDeprecated("")
	}
	w := schemaWalk{root: root, kind: fact.API, out: []fact.Fact{one}}
	for _, list := range []*yaml.Node{at(shared, "parameters"), at(op, "parameters")} {
		for p := range items(list) {
			p, err := w.resolve(p)
			if err != nil {
				return nil, err
			}
			if p == nil {
				continue
			}
			if text(p, "in") == "body" {
				if err := w.body(name, at(p, "schema")); err != nil {
					return nil, err
				}
				continue
			}
			schemas := []*yaml.Node{p}
			if s, err := w.resolve(at(p, "schema")); err == nil && s != nil {
				schemas = append(schemas, s)
			}
			w.prefix = name + " " + text(p, "in") + " "
			w.out = append(w.out, w.fact(text(p, "name"), p.Line, schemas, text(p, "required") == "true"))
		}
	}
	body, err := w.resolve(at(op, "requestBody"))
	if err != nil {
		return nil, err
	}
	err = w.body(name, at(first(at(body, "content")), "schema"))
	return w.out, err
}

// body reads the fields of a request's body, whatever its media type: the first one counts.
func (w *schemaWalk) body(name string, schema *yaml.Node) error {
	w.prefix = name + " body "
	return w.walk("", schema)
}
