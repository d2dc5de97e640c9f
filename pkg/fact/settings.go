package fact

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Setting is one key of a configuration file.
type Setting struct {
	// Key is the path of the key, with dots: server.listen. [] stands for any place in a list.
	Key string
	// Value as it stands there; a list of values as [a, b].
	Value string
	// Type is the type that the value has in the file: string, integer, number, boolean, null, array or object.
	Type string
	// Comment is the text above and beside the key, without its marks.
	Comment string
	Line    int
}

// Limits of a configuration file.
const (
	maxConfig   = 4 << 20
	maxSettings = 50_000
	maxNodes    = 500_000
	maxDepth    = 64
)

// Settings reads the keys of a configuration file in the order of the file: TOML by the name's ending ".toml", variables by
// ".env", else YAML or JSON.
func Settings(name string, data []byte) ([]Setting, error) {
	if len(data) > maxConfig {
		return nil, fmt.Errorf("%s: %d bytes are more than the %d of a configuration file", name, len(data), maxConfig)
	}
	switch {
	case path.Ext(name) == ".toml":
		return tomlSettings(name, data)
	case isEnv(name):
		return envSettings(name, data)
	}
	return yamlSettings(name, data)
}

func yamlSettings(name string, data []byte) ([]Setting, error) {
	var doc, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: more than one document, and a configuration file is one", name)
	}
	w := yamlWalk{}
	if err := w.node("", doc.Content[0], "", 0); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return w.out, nil
}

// yamlWalk flattens a document.
type yamlWalk struct {
	out   []Setting
	nodes int
}

func (w *yamlWalk) node(key string, n *yaml.Node, comment string, depth int) error {
	if w.nodes++; w.nodes > maxNodes || len(w.out) > maxSettings || depth > maxDepth {
		return fmt.Errorf("line %d: the file is too large or too deep", n.Line)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return w.node(key, n.Alias, comment, depth+1)
	case yaml.MappingNode:
		return w.mapping(key, n, comment, depth)
	case yaml.SequenceNode:
		return w.sequence(key, n, comment, depth)
	}
	if key == "" {
		if n.Tag == "!!null" {
			return nil // only comments
		}
		return fmt.Errorf("line %d: keys and values are expected here", n.Line)
	}
	w.out = append(w.out, Setting{Key: key, Value: n.Value, Type: yamlTypes[n.Tag], Comment: comment, Line: n.Line})
	return nil
}

var yamlTypes = map[string]string{
	"!!str": "string", "!!int": "integer", "!!float": "number", "!!bool": "boolean", "!!null": "null", "!!timestamp": "string", "!!binary": "string",
}

func (w *yamlWalk) mapping(key string, n *yaml.Node, comment string, depth int) error {
	if len(n.Content) == 0 && key != "" {
		w.out = append(w.out, Setting{Key: key, Value: "{}", Type: "object", Comment: comment, Line: n.Line})
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		name := key
		if k.Tag != "!!merge" {
			name = strings.TrimPrefix(key+"."+k.Value, ".")
		}
		if err := w.node(name, v, comments(k.HeadComment, k.LineComment, v.LineComment), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// sequence is one setting where the list holds values, and those of its items where it holds mappings.
func (w *yamlWalk) sequence(key string, n *yaml.Node, comment string, depth int) error {
	var values []string
	nested := key == ""
	for _, item := range n.Content {
		if item.Kind == yaml.AliasNode {
			item = item.Alias
		}
		nested = nested || item.Kind != yaml.ScalarNode
		values = append(values, item.Value)
	}
	if !nested {
		w.out = append(w.out, Setting{Key: key, Value: "[" + strings.Join(values, ", ") + "]", Type: "array", Comment: comment, Line: n.Line})
		return nil
	}
	for _, item := range n.Content {
		if err := w.node(key+"[]", item, comment, depth+1); err != nil {
			return err
		}
		comment = ""
	}
	return nil
}

// comments joins comments, without their marks.
func comments(texts ...string) string {
	var lines []string
	for _, text := range texts {
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "#"))
			lines = append(lines, strings.TrimPrefix(line, "-- ")) // as helm-docs marks them
		}
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
