package channel_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/tools/txtar"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/release"
)

func compile(t *testing.T, data []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func schema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	data, err := channel.Schema(name)
	if err != nil {
		t.Fatal(err)
	}
	return compile(t, data)
}

// instance reads YAML as an editor does that knows the schema.
func instance(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func schemaOf(file string) string {
	if filepath.Base(file) == "product.yaml" {
		return channel.SchemaProduct
	}
	return channel.SchemaChannel
}

func TestSchemaAdmitsWhatLoads(t *testing.T) {
	for name, data := range map[string]string{
		"product.yaml": product, "lts-2.4.yaml": lts, "rolling.yaml": rolling, "watched.yaml": watched,
		"least.yaml": "kind: rolling\nbranch: main\n", "lts-2.yaml": "kind: lts\nline: \"2\"\nbranch: b\n",
	} {
		if err := schema(t, schemaOf(name)).Validate(instance(t, []byte(data))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := schema(t, channel.SchemaProduct).Validate(instance(t, []byte("name: acme\n"))); err != nil {
		t.Error(err)
	}
}

// TestSchemaRefusesWhatItCanSee holds the schema against the files that the loader refuses, but for those that are no
// YAML at all, or wrong in a way that only a program can see.
func TestSchemaRefusesWhatItCanSee(t *testing.T) {
	for _, topic := range []string{"forms", "keys", "types", "exclusive"} {
		ar, err := txtar.ParseFile("testdata/errors/" + topic + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range ar.Files {
			if f.Name == "error" || f.Name == "lts-2.4.yaml" && topic == "keys" { // repeats a key, which editors read as YAML's own error
				continue
			}
			if schema(t, schemaOf(f.Name)).Validate(instance(t, f.Data)) == nil {
				t.Errorf("%s: %s passes", topic, f.Name)
			}
		}
	}
}

func TestSchemaRefusesKeyByKey(t *testing.T) {
	base := map[string]string{"lts": "kind: lts\nline: \"2.4\"\nbranch: b\n", "rolling": "kind: rolling\nbranch: main\n", "product": "name: acme\n"}
	for _, c := range []struct{ base, add string }{
		{"lts", "colour: red"},
		{"lts", "rings: [{name: a, cells: [b]}]"},
		{"lts", "version: {scheme: semver}"},
		{"rolling", "line: \"2.4\""},
		{"rolling", "soak: {ring: a, for: 1h}"},
		{"rolling", "name: rolling"},
		{"lts", "tag: v1"},
		{"lts", "tag: \"{version}{version}\""},
		{"lts", "tag: \"{product}-{version}\""},
		{"lts", "tag: \"v {version}\""},
		{"lts", "accept: []"},
		{"lts", "accept: [fix, fix]"},
		{"lts", "accept: [Fix]"},
		{"lts", "soak: {ring: a}"},
		{"lts", "soak: {ring: a, for: 3d}"},
		{"lts", "gates: [{name: a}]"},
		{"lts", "gates: [{command: [b]}]"},
		{"lts", "gates: [{name: a, command: [b], approval: {role: qa}}]"},
		{"lts", "gates: [{name: a, when: later, command: [b]}]"},
		{"lts", "gates: [{name: a, approval: {role: qa, count: 0}}]"},
		{"lts", "gates: [{name: a, prometheus: {query: up, pass: yes please}}]"},
		{"lts", "support: {eol: 2028-13-01}"},
		{"lts", "upgrade: {}"},
		{"rolling", "version: {scheme: calver, format: YY}"},
		{"rolling", "rings: [{name: a}]"},
		{"rolling", "freeze: [{name: a}]"},
		{"rolling", "freeze: [{name: a, weekdays: [sat], from: 2026-01-01}]"},
		{"rolling", "freeze: [{name: a, weekdays: [Saturday]}]"},
		{"rolling", "freeze: [{name: a, weekdays: [sat], start: 6pm, end: \"08:00\"}]"},
		{"rolling", "gates: [{name: a, gitops: {}}]"},
		{"rolling", "gates: [{name: a, gitops: {command: [b], file: c}}]"},
		{"rolling", "gates: [{name: a, prometheus: {query: up, pass: \"candidate < value\"}}]"},
		{"rolling", "deploy: {engine: helm}"},
		{"product", "build: {command: [], output: dist}"},
		{"product", "build: {command: [make]}"},
		{"product", "goreleaser: a\nbuild: {command: [make], output: dist}"},
		{"product", "stores: [{}]"},
		{"product", "stores: [{directory: a, registry: localhost/b}]"},
		{"product", "stores: [{registry: acme}]"},
		{"product", "stores: [{registry: https://registry.acme.example}]"},
		{"product", "stores: [{registry: registry.acme.example/}]"},
		{"product", "stores: [{registry: registry.acme.example/Acme}]"},
		{"product", "stores: [{registry: 'registry.acme.example/acme:1'}]"},
		{"product", "images: []"},
		{"product", "images: [{}]"},
		{"product", "images: [{name: a, colour: red}]"},
		{"product", "images: [{name: a, repository: /a}]"},
		{"product", "images: [{name: a, base: 'debian:13'}]"},
		{"product", "images: [{name: a, base: 'debian@sha256:aa'}]"},
		{"product", "images: [{name: a, binaries: [a/b]}]"},
		{"product", "images: [{name: a, binaries: [b, b]}]"},
		{"product", "images: [{name: a, entrypoint: []}]"},
		{"product", "images: [{name: a, env: [PATH]}]"},
		{"product", "images: [{name: a, env: {PATH: /bin}}]"},
		{"product", "images: [{name: a, user: root}]"},
		{"product", "images: [{name: a, user: 1000}]"},
		{"product", "images: [{name: a, ports: ['8080']}]"},
		{"product", "images: [{name: a, files: [{from: b}]}]"},
		{"product", "images: [{name: a, files: [{from: /b, to: /b}]}]"},
		{"product", "images: [{name: a, files: [{from: b, to: b}]}]"},
		{"product", "images: [{name: a, files: [{from: b, to: '/b c'}]}]"},
		{"product", "images: [{name: a, files: [{from: b, to: /b, mode: '4755'}]}]"},
		{"product", "signing: {threshold: 1}"},
		{"product", "signing: {keys: [/a.pub]}"},
		{"product", "roles: {QA: [{name: a, openpgp: b}]}"},
		{"product", "roles: {qa: []}"},
		{"product", "roles: {qa: [{name: a}]}"},
		{"product", "roles: {qa: [{name: a, ssh: ssh-rsa}]}"},
		{"product", "roles: {qa: [{name: a, openpgp: b, ssh: ssh-ed25519 AAAA}]}"},
	} {
		name := map[string]string{"product": channel.SchemaProduct}[c.base]
		if name == "" {
			name = channel.SchemaChannel
		}
		if schema(t, name).Validate(instance(t, []byte(base[c.base]+c.add+"\n"))) == nil {
			t.Errorf("schema admits %s with %s", c.base, c.add)
		}
		file := "lts.yaml"
		files := []string{"product.yaml", base["product"], file, base["lts"]}
		if c.base == "product" {
			files[1] += c.add + "\n"
		} else {
			files[3] = base[c.base] + c.add + "\n"
		}
		var list channel.Errors
		if _, err := channel.Load(tree(files...)); !errors.As(err, &list) {
			t.Errorf("the loader admits %s with %s: %v", c.base, c.add, err)
		}
	}
}

func TestEveryKeyIsDescribed(t *testing.T) {
	for _, name := range []string{channel.SchemaChannel, channel.SchemaProduct} {
		data, err := channel.Schema(name)
		if err != nil {
			t.Fatal(err)
		}
		var s map[string]any
		if err := json.Unmarshal(data, &s); err != nil {
			t.Fatal(err)
		}
		described := 0
		var walk func(path string, v any)
		walk = func(path string, v any) {
			m, ok := v.(map[string]any)
			if !ok {
				return
			}
			if props, ok := m["properties"].(map[string]any); ok {
				for key, p := range props {
					text, _ := p.(map[string]any)["description"].(string)
					if !strings.HasPrefix(text, key+" ") || !strings.HasSuffix(text, ".") {
						t.Errorf("%s %s.%s is described as %q", name, path, key, text)
					}
					described++
				}
			}
			for key, child := range m {
				walk(path+"."+key, child)
			}
		}
		walk("", s)
		if described < 15 {
			t.Errorf("%s describes %d keys", name, described)
		}
	}
	if _, err := channel.Schema("bundle"); err == nil {
		t.Error("there is a schema of bundles")
	}
}

func TestDescribeIsForWhatRelctlWrites(t *testing.T) {
	type inner struct {
		At time.Time `json:"at"`
	}
	type base struct {
		Schema string `json:"schema"`
	}
	type report struct {
		base
		Version release.Version   `json:"version,omitzero"`
		Size    int64             `json:"size"`
		Number  uint64            `json:"number,omitempty"`
		Done    bool              `json:"done"`
		Inner   *inner            `json:"inner,omitempty"`
		Labels  map[string]string `json:"labels,omitempty"`
		List    []inner           `json:"list"`
		Any     any               `json:"any,omitempty"`
	}
	sources := fstest.MapFS{"r.go": {Data: []byte("package p\n\ntype report struct {\n\t// Size in bytes.\n\tSize int `json:\"size\"`\n}\n")}}
	data, err := channel.Describe("report", "a report", report{}, sources)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), `"description": "size in bytes."`) {
		t.Errorf("the comment is missing:\n%s", data)
	}
	s := compile(t, data)
	valid, _ := release.Encode(report{
		base: base{"x"}, Version: release.MustVersion("2.4.7"), Size: 0, Number: 3, Inner: &inner{time.Unix(0, 0)}, Labels: map[string]string{"A b": ""}, List: []inner{},
	})
	for text, ok := range map[string]bool{
		string(valid): true,
		`{"schema":"x","size":1,"done":true,"list":[],"future":1}`:          true,
		`{"schema":"x","size":1,"done":true}`:                               false,
		`{"schema":"x","size":"1","done":true,"list":[]}`:                   false,
		`{"schema":"x","size":1,"done":true,"list":[{}]}`:                   false,
		`{"schema":"x","size":1,"done":true,"list":[],"version":"v2"}`:      false,
		`{"schema":"x","size":1,"done":true,"list":[],"number":-1}`:         false,
		`{"schema":"x","size":1,"done":true,"list":[],"labels":{"a":true}}`: false,
	} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(v); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := channel.Describe("x", "x", 3, nil); err == nil {
		t.Error("a number has a schema of keys")
	}
}

// TestOwnChannels holds this repository's own files against loader and schema.
func TestOwnChannels(t *testing.T) {
	root := filepath.Join("..", "..")
	set, err := channel.Load(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if set.Product.Name != "relctl" {
		t.Errorf("product = %s", set.Product.Name)
	}
	for _, name := range []string{"lts-0.1", "rolling"} {
		if _, err := set.Channel(name); err != nil {
			t.Error(err)
		}
	}
	for _, file := range slices.DeleteFunc(set.Files, func(f string) bool { return filepath.Ext(f) != ".yaml" }) {
		data, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema(t, schemaOf(file)).Validate(instance(t, data)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestPublishedSchemas holds docs/schema against the types.
func TestPublishedSchemas(t *testing.T) {
	for _, name := range []string{channel.SchemaChannel, channel.SchemaProduct} {
		want, err := channel.Schema(name)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("..", "..", "docs", "schema", name+".json")
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is not what the types say; go test ./pkg/channel -update writes it anew (-want +got):\n%s", file, diff)
		}
	}
}
