package deploy

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
)

// object is one rendered object.
type object struct {
	group, version, kind, namespace, name string
	// declared is the name in the file where the object comes from.
	declared string
	fields   map[string]any
	text     []byte
}

// newObject returns the object of the fields.
func newObject(fields map[string]any) (*object, error) {
	o := &object{fields: fields}
	api, _ := fields["apiVersion"].(string)
	o.kind, _ = fields["kind"].(string)
	if group, version, ok := strings.Cut(api, "/"); ok {
		o.group, o.version = group, version
	} else {
		o.version = api
	}
	meta := dig(fields, "metadata")
	o.name, _ = meta["name"].(string)
	o.namespace, _ = meta["namespace"].(string)
	if o.version == "" || o.kind == "" || o.name == "" {
		return nil, errors.New("an object needs apiVersion, kind and a name, each of them text")
	}
	return o, nil
}

func (o *object) String() string { return o.kind + " " + o.name }

// id tells objects of one cluster apart, whatever version of the API they are written in.
func (o *object) id() string {
	return strings.Join([]string{o.group, o.kind, o.namespace, o.name}, "/")
}

func (o *object) annotations() map[string]string {
	out := map[string]string{}
	for k, v := range dig(o.fields, "metadata", "annotations") {
		if s, ok := v.(string); ok {
			out[k] = s
		}
	}
	return out
}

// scope reports whether the kind lives in namespaces, as far as it is known.
func (o *object) scope() (namespaced, known bool) {
	api := o.version
	if o.group != "" {
		api = o.group + "/" + o.version
	}
	return openapi.IsNamespaceScoped(kyaml.TypeMeta{APIVersion: api, Kind: o.kind})
}

// dig returns the map below some keys, nil if there is none.
func dig(m map[string]any, keys ...string) map[string]any {
	for _, k := range keys {
		m, _ = m[k].(map[string]any)
	}
	return m
}

// build runs kustomize on a folder: from memory, without programs, without the network, no file from above a
// kustomization's folder. See closed.
func (w *workspace) build(dir string) ([]*object, error) {
	m, err := w.kustomize(dir)
	if err != nil {
		return nil, Problems{{File: dir, Message: oneLine(err), Fix: "kustomize build " + dir + " on the deploy branch says the same"}}
	}
	var objects []*object
	for _, r := range m.Resources() {
		declared := r.OrgId()
		var o *object
		fields, err := plainObject(r.YNode())
		if err == nil {
			o, err = newObject(fields)
		}
		if err != nil {
			return nil, Problems{{File: w.where(declared.Kind, declared.Name, dir), Object: declared.Kind + " " + declared.Name, Message: err.Error(), Fix: "correct the YAML"}}
		}
		o.declared = declared.Name
		if o.text, err = encodeYAML(o.fields); err != nil {
			return nil, fmt.Errorf("deploy: %s: %w", dir, err)
		}
		objects = append(objects, o)
	}
	return objects, nil
}

func (w *workspace) kustomize(dir string) (m resmap.ResMap, err error) {
	defer func() {
		if p := recover(); p != nil { // kustomize answers some nonsense so
			err = fmt.Errorf("kustomize failed: %v", p)
		}
	}()
	files := filesys.MakeFsInMemory()
	for name, data := range w.files {
		if err := files.WriteFile("/"+name, data); err != nil {
			return nil, err
		}
	}
	opts := krusty.MakeDefaultOptions()
	opts.Reorder = krusty.ReorderOptionLegacy
	opts.LoadRestrictions = types.LoadRestrictionsRootOnly
	opts.PluginConfig = types.DisabledPluginConfig()
	return krusty.MakeKustomizer(opts).Run(files, "/"+dir)
}

// manifests is the text of objects as one file.
func manifests(objects []*object) []byte {
	var texts [][]byte
	for _, o := range objects {
		texts = append(texts, o.text)
	}
	return bytes.Join(texts, []byte("---\n"))
}

// field is one value of an object, with the path to it.
type field struct {
	path  string
	value any
}

// walk visits every map and value of an object in a fixed order.
func walk(at string, v any, visit func(field)) {
	visit(field{at, v})
	switch v := v.(type) {
	case map[string]any:
		for _, k := range sortedKeys(v) {
			walk(join(at, k), v[k], visit)
		}
	case []any:
		for i, e := range v {
			walk(fmt.Sprintf("%s[%d]", at, i), e, visit)
		}
	}
}

// join adds a key to a path; keys with dots or slashes stand in brackets.
func join(at, key string) string {
	if strings.ContainsAny(key, "./[]") {
		return fmt.Sprintf("%s[%q]", at, key)
	}
	if at == "" {
		return key
	}
	return at + "." + key
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
