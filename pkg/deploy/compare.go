package deploy

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// parseManifests reads what was rendered, here or by somebody else.
func parseManifests(data []byte) ([]*object, error) {
	if len(data) > maxTotal {
		return nil, fmt.Errorf("more than %d bytes", maxTotal)
	}
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("not UTF-8")
	}
	docs, err := documents(data)
	if err != nil {
		return nil, err
	}
	var out []*object
	seen := map[string]bool{}
	for _, doc := range docs {
		o, err := parseObject(doc)
		if err != nil {
			return nil, err
		}
		if o == nil {
			continue
		}
		if seen[o.id()] {
			return nil, fmt.Errorf("%s stands there twice", o)
		}
		seen[o.id()] = true
		out = append(out, o)
	}
	return out, nil
}

func parseObject(doc *yaml.Node) (*object, error) {
	fields, err := plainObject(doc)
	if len(fields) == 0 || err != nil {
		return nil, err
	}
	o, err := newObject(fields)
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", doc.Line, err)
	}
	return o, nil
}

func compare(a, b []*object) ([]ObjectChange, []ImageChange) {
	old := map[string]*object{}
	for _, o := range a {
		old[o.id()] = o
	}
	var objects []ObjectChange
	for _, o := range b {
		before := old[o.id()]
		delete(old, o.id())
		if before == nil {
			objects = append(objects, o.change(Added))
			continue
		}
		if fields := before.compare(o); len(fields) > 0 {
			c := o.change(Changed)
			c.Fields, c.LabelOnly = fields, !slices.ContainsFunc(fields, func(f FieldChange) bool { return !ownLabel(f.Path) })
			objects = append(objects, c)
		}
	}
	for _, o := range a {
		if old[o.id()] != nil {
			objects = append(objects, o.change(Removed))
		}
	}
	slices.SortStableFunc(objects, func(x, y ObjectChange) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Namespace, y.Namespace))
	})
	return objects, compareImages(a, b)
}

// ownLabel reports whether a path is a label that relctl sets.
func ownLabel(path string) bool {
	return slices.Contains([]string{join("metadata.labels", LabelVersion), join("metadata.labels", LabelChannel), join("metadata.labels", LabelRing)}, path)
}

func (o *object) change(what string) ObjectChange {
	return ObjectChange{Kind: o.kind, Group: o.group, Namespace: o.namespace, Name: o.name, Change: what}
}

// compare returns the fields in which two states of an object differ.
func (o *object) compare(to *object) []FieldChange {
	var out []FieldChange
	differ("", o.fields, to.fields, func(path string, a, b any) {
		if o.kind == "Secret" && o.group == "" && isOpaque(path) {
			a, b = hidden(a), hidden(b)
		}
		out = append(out, FieldChange{path, a, b})
	})
	return out
}

// hidden stands for a value that nobody shall read.
func hidden(v any) any {
	if v == nil {
		return nil
	}
	return "(secret)"
}

// differ calls report for the smallest values that differ. Lists whose members have names are compared by them.
func differ(at string, a, b any, report func(path string, a, b any)) {
	if reflect.DeepEqual(a, b) {
		return
	}
	ma, mapA := a.(map[string]any)
	mb, mapB := b.(map[string]any)
	if mapA && mapB {
		for _, k := range union(ma, mb) {
			differ(join(at, k), ma[k], mb[k], report)
		}
		return
	}
	la, listA := a.([]any)
	lb, listB := b.([]any)
	if !listA || !listB {
		report(at, a, b)
		return
	}
	na, namedA := byName(la)
	nb, namedB := byName(lb)
	if namedA && namedB && !sameMembers(na, nb, la, lb) {
		for _, k := range union(na, nb) {
			differ(fmt.Sprintf("%s[%s]", at, k), na[k], nb[k], report)
		}
		return
	}
	for i := range max(len(la), len(lb)) {
		differ(fmt.Sprintf("%s[%d]", at, i), member(la, i), member(lb, i), report)
	}
}

// sameMembers reports whether two lists have equal members in another order, which only positions can show.
func sameMembers(na, nb map[string]any, la, lb []any) bool {
	return len(la) == len(lb) && reflect.DeepEqual(na, nb)
}

func member(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

func union(a, b map[string]any) []string {
	keys := append(sortedKeys(a), sortedKeys(b)...)
	slices.Sort(keys)
	return slices.Compact(keys)
}

// byName maps a list's members by their names, if all have one and no two the same.
func byName(list []any) (map[string]any, bool) {
	out := map[string]any{}
	for _, e := range list {
		m, _ := e.(map[string]any)
		name, ok := m["name"].(string)
		if !ok || out[name] != nil {
			return nil, false
		}
		out[name] = e
	}
	return out, true
}

// images returns what objects run: digests, or what stands in their place, by the name of the image.
func images(objects []*object) map[string][]string {
	out := map[string][]string{}
	for _, o := range objects {
		walk("", o.fields, func(f field) {
			m, ok := f.value.(map[string]any)
			if !ok || !isContainer(f.path) || isOpaque(f.path) {
				return
			}
			if ref, _ := m["image"].(string); ref != "" {
				name, version := splitImage(ref)
				out[name] = append(out[name], version)
			}
		})
	}
	for name := range out {
		slices.Sort(out[name])
		out[name] = slices.Compact(out[name])
	}
	return out
}

// splitImage parts an image's name from its digest, or from its tag if it has no digest.
func splitImage(ref string) (name, version string) {
	name, version, _ = strings.Cut(ref, "@")
	slash := strings.LastIndex(name, "/") + 1
	base, tag, _ := strings.Cut(name[slash:], ":")
	return name[:slash] + base, cmp.Or(version, tag)
}

func compareImages(a, b []*object) []ImageChange {
	old, now := images(a), images(b)
	var out []ImageChange
	names := append(sortedKeys(old), sortedKeys(now)...)
	slices.Sort(names)
	for _, n := range slices.Compact(names) {
		if !slices.Equal(old[n], now[n]) {
			out = append(out, ImageChange{Name: n, Old: old[n], New: now[n]})
		}
	}
	return out
}
