package deploy

import (
	"fmt"
	"math"

	"go.yaml.in/yaml/v3"
)

// plain returns what YAML means as JSON does: text, numbers, booleans, null, lists, and maps by text. A date is text,
// as Kubernetes reads it. What JSON has no word for is an error.
func plain(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.DocumentNode:
		return plain(n.Content[0])
	case yaml.AliasNode:
		return plain(n.Alias)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, c := range n.Content {
			var err error
			if list[i], err = plain(c); err != nil {
				return nil, err
			}
		}
		return list, nil
	case yaml.MappingNode:
		return plainMap(n)
	}
	return scalar(n)
}

func plainMap(n *yaml.Node) (any, error) {
	m := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
			return nil, fmt.Errorf("line %d: a key is not text", key.Line)
		}
		if _, ok := m[key.Value]; ok {
			return nil, fmt.Errorf("line %d: key %q stands there twice", key.Line, key.Value)
		}
		v, err := plain(n.Content[i+1])
		if err != nil {
			return nil, err
		}
		m[key.Value] = v
	}
	return m, nil
}

func scalar(n *yaml.Node) (any, error) {
	switch n.ShortTag() {
	case "!!str", "!!timestamp":
		return n.Value, nil
	case "!!null":
		return nil, nil
	case "!!bool", "!!int", "!!float":
		var v any
		if err := n.Decode(&v); err != nil {
			return nil, err
		}
		f, ok := v.(float64)
		switch {
		case ok && (math.IsNaN(f) || math.IsInf(f, 0)):
			return nil, fmt.Errorf("line %d: %s is no number", n.Line, n.Value)
		case ok && f == math.Trunc(f) && math.Abs(f) < 1<<53:
			return int(f), nil // as it reads once it was written
		}
		return v, nil
	}
	return nil, fmt.Errorf("line %d: a value of type %s", n.Line, n.ShortTag())
}

// plainObject returns the fields of a document, none for an empty one.
func plainObject(doc *yaml.Node) (map[string]any, error) {
	v, err := plain(doc)
	if v == nil || err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("line %d: not an object", doc.Line)
	}
	return m, nil
}
