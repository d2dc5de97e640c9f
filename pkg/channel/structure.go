package channel

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/relctl/relctl/internal/nearest"
)

// entries calls do for each key of a mapping that was not there before, and remembers where it stands.
func (d *decoder) entries(n ast.Node, path string, do func(string, *ast.MappingValueNode)) bool {
	if m, ok := n.(*ast.MappingNode); !ok && pairs(n) == nil || m != nil && m.GetToken() == nil {
		d.fail(at(n), "", "keys and values are expected here, not %s", describe(n))
		return false
	}
	seen := map[string]place{}
	for _, p := range pairs(n) {
		key := keyText(p)
		here := at(p.Key)
		if before, ok := seen[key]; ok {
			d.fail(here, "", "the key %.60q stands here again; it is already in line %d", key, before.line)
			continue
		}
		seen[key], d.keys[join(path, key)] = here, here
		if value := at(p.Value); value.line > here.line && !indented(value, here, p.Value) {
			d.fail(value, "", "the value of %.60q must be indented", key) // the parser takes it, other readers of YAML do not
			continue
		}
		do(key, p)
	}
	return true
}

// indented reports whether a value below its key stands right of it; a list may stand right below.
func indented(value, key place, n ast.Node) bool {
	if _, list := n.(*ast.SequenceNode); list {
		return value.column >= key.column
	}
	return value.column > key.column
}

// structure reads a mapping into a struct.
func (d *decoder) structure(n ast.Node, v reflect.Value, path string) {
	known := fields(v.Type())
	found, meant := map[string]bool{}, map[string]bool{}
	if !d.entries(n, path, func(key string, p *ast.MappingValueNode) {
		i := slices.IndexFunc(known, func(f field) bool { return f.name == key })
		switch {
		case i < 0:
			meant[d.unknown(at(p.Key), key, known)] = true
		case !known[i].allows(d.kind):
			d.fail(at(p.Key), "", "the key %q is for channels of kind %s; this one is %s", key, known[i].only, d.kind)
		default:
			found[key] = true
			d.value(p.Value, v.Field(known[i].index), join(path, key), known[i].is)
		}
	}) {
		return
	}
	d.complete(path, known, found, meant)
}

// unknown records a key that does not exist, and returns the nearest that does, or "".
func (d *decoder) unknown(here place, key string, known []field) string {
	var names []string
	for _, f := range known {
		if f.allows(d.kind) {
			names = append(names, f.name)
		}
	}
	if near := nearest.Word(key, names); near != "" {
		d.fail(here, strconv.Quote(near), "unknown key %.60q", key)
		return near
	}
	d.fail(here, "", "unknown key %.60q; the keys here are %s", key, strings.Join(names, ", "))
	return ""
}

// complete checks that required keys are there, and exactly one of those that exclude each other. What was meant by a
// mistyped key is not missing as well.
func (d *decoder) complete(path string, known []field, found, meant map[string]bool) {
	var order []string
	all, have := map[string][]string{}, map[string][]string{}
	missing := map[string]bool{}
	for _, f := range known {
		if f.required(d.kind) && !found[f.name] && !meant[f.name] {
			d.failAt(path, "the key %q is missing", f.name)
		}
		if f.one == "" {
			continue
		}
		if all[f.one] == nil {
			order = append(order, f.one)
			missing[f.one] = !f.oneOptional
		}
		all[f.one] = append(all[f.one], f.name)
		if found[f.name] {
			have[f.one] = append(have[f.one], f.name)
		}
		missing[f.one] = missing[f.one] && !found[f.name] && !meant[f.name]
	}
	for _, what := range order {
		if keys := have[what]; len(keys) > 1 {
			d.fail(d.keys[join(path, keys[1])], "", "%s and %s exclude each other: only one says %s", keys[0], keys[1], what)
		}
		if missing[what] {
			d.failAt(path, "%s is missing: it says %s", either(all[what]), what)
		}
	}
}

func either(keys []string) string {
	if len(keys) == 1 {
		return "the key " + keys[0]
	}
	return "one of the keys " + strings.Join(keys, ", ")
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
