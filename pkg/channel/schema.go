package channel

import (
	"embed"
	"encoding"
	"encoding/json"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

//go:embed types.go product.go trust.go
var sources embed.FS

// Names of the schemas that [Schema] knows.
const (
	SchemaChannel = "channel"
	SchemaProduct = "product"
)

// Schema returns the JSON Schema (draft 2020-12) of a kind of file: "channel" for channels/<name>.yaml, "product" for
// channels/product.yaml. It says what a single file may look like; [Load] also checks that the files fit each other.
func Schema(name string) ([]byte, error) {
	docs, err := comments(sources)
	if err != nil {
		return nil, err
	}
	g := generator{docs: docs, strict: true, defs: map[string]any{}}
	var top map[string]any
	switch name {
	case SchemaChannel:
		top = g.channel()
	case SchemaProduct:
		top = g.object(reflect.TypeFor[Product](), "")
	default:
		return nil, fmt.Errorf("no schema %q: there are %s and %s", name, SchemaChannel, SchemaProduct)
	}
	return g.finish(name, "channels/"+map[string]string{SchemaChannel: "<name>", SchemaProduct: "product"}[name]+".yaml", top)
}

// Describe returns the JSON Schema of what relctl itself writes: the JSON of a struct v, where readers pass over keys
// that they do not know. sources are the Go files with the comments of v's types, or nil.
func Describe(name, title string, v any, sources fs.FS) ([]byte, error) {
	g := generator{defs: map[string]any{}}
	if sources != nil {
		var err error
		if g.docs, err = comments(sources); err != nil {
			return nil, err
		}
	}
	t := reflect.TypeOf(v)
	if t == nil || t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("schema %s: %T is not a struct", name, v)
	}
	return g.finish(name, title, g.object(t, ""))
}

// generator turns types into schemas. Structs become entries of defs.
type generator struct {
	docs   map[string]string // "Type" and "Type.Field" to their comments
	strict bool
	defs   map[string]any
}

func (g *generator) finish(name, title string, top map[string]any) ([]byte, error) {
	top["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	top["$id"] = "https://relctl.dev/schema/" + name + "/v1"
	top["title"] = title
	if len(g.defs) > 0 {
		top["$defs"] = g.defs
	}
	return release.Encode(top)
}

// channel is one of two objects, told apart by the key kind.
func (g *generator) channel() map[string]any {
	t := reflect.TypeFor[Channel]()
	var kinds []any
	for _, kind := range forms["kind"].enum {
		o := g.object(t, kind)
		o["properties"].(map[string]any)["kind"] = map[string]any{"const": kind, "description": g.docs["Channel.Kind"]}
		g.defs[kind] = o
		kinds = append(kinds, map[string]any{"$ref": "#/$defs/" + kind})
	}
	return map[string]any{"description": g.docs["Channel"], "oneOf": kinds}
}

// object is the schema of a struct; kind leaves out the keys of other channels.
func (g *generator) object(t reflect.Type, kind string) map[string]any {
	properties := map[string]any{}
	required := []string{}
	groups := map[string][]field{}
	for _, f := range fields(t) {
		if !f.allows(kind) {
			continue
		}
		s := g.schema(f.typ, f.is)
		if text := g.docs[t.Name()+"."+f.goName]; text != "" {
			s["description"] = text
		}
		properties[f.name] = s
		if f.required(kind) {
			required = append(required, f.name)
		}
		if f.one != "" {
			groups[f.one] = append(groups[f.one], f)
		}
	}
	o := map[string]any{"type": "object", "properties": properties}
	if g.strict {
		o["additionalProperties"] = false
	}
	if len(required) > 0 {
		slices.Sort(required)
		o["required"] = required
	}
	if text := g.docs[t.Name()]; text != "" {
		o["description"] = text
	}
	for _, group := range groups { // at most one a struct
		o["oneOf"] = exclusive(group)
	}
	return o
}

// exclusive says that exactly one key of a group is there; or none, where the group is optional.
func exclusive(group []field) []any {
	var one, all []any
	for _, f := range group {
		has := map[string]any{"required": []string{f.name}}
		one, all = append(one, has), append(all, has)
	}
	if group[0].oneOptional {
		one = append(one, map[string]any{"not": map[string]any{"anyOf": all}})
	}
	return one
}

// schema is the schema of a type; is names the form of its strings.
func (g *generator) schema(t reflect.Type, is string) map[string]any {
	if pattern, ok := scalars[t]; ok {
		return map[string]any{"type": "string", "pattern": pattern}
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[json.RawMessage]():
		return map[string]any{"type": "object"}
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return map[string]any{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.schema(t.Elem(), is)
	case reflect.Struct:
		return g.ref(t)
	case reflect.Slice:
		return g.list(t, is)
	case reflect.Map:
		return g.table(t, is)
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		if g.strict {
			return map[string]any{"type": "integer", "minimum": 1, "maximum": maxCount}
		}
		return map[string]any{"type": "integer"}
	case reflect.Uint64:
		return map[string]any{"type": "integer", "minimum": 0}
	case reflect.String:
		return text(forms[is])
	}
	return map[string]any{} // anything
}

// ref puts a struct into the definitions and points to it.
func (g *generator) ref(t reflect.Type) map[string]any {
	name := strings.ToLower(t.Name()[:1]) + t.Name()[1:]
	if g.defs[name] == nil {
		g.defs[name] = map[string]any{} // a type that holds itself ends here
		g.defs[name] = g.object(t, "")
	}
	return map[string]any{"$ref": "#/$defs/" + name}
}

func (g *generator) list(t reflect.Type, is string) map[string]any {
	s := map[string]any{"type": "array", "items": g.schema(t.Elem(), is)}
	if g.strict {
		s["minItems"] = 1
		if t.Elem().Kind() == reflect.String && is != "argument" {
			s["uniqueItems"] = true
		}
	}
	return s
}

func (g *generator) table(t reflect.Type, is string) map[string]any {
	s := map[string]any{"type": "object", "additionalProperties": g.schema(t.Elem(), is)}
	if g.strict {
		s["minProperties"] = 1
		s["propertyNames"] = map[string]any{"pattern": forms["name"].pattern}
	}
	return s
}

func text(f form) map[string]any {
	s := map[string]any{"type": "string"}
	if f.enum != nil {
		s["enum"] = f.enum
	} else if f.pattern != "" {
		s["pattern"] = f.pattern
	}
	return s
}

// scalars are the patterns of types that are written as strings.
var scalars = map[reflect.Type]string{
	reflect.TypeFor[release.Line]():    `^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))?$`,
	reflect.TypeFor[release.Version](): `^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?$`,
	reflect.TypeFor[Duration]():        `^([0-9]+(\.[0-9]+)?(h|m|s))+$`,
	reflect.TypeFor[Date]():            `^[2-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$`,
}
