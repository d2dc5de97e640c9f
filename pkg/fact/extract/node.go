package extract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxDocuments is the largest number of documents in one YAML file.
const maxDocuments = 5_000

// documents reads all documents of a YAML or JSON file. Empty ones are left out.
func documents(data []byte) ([]*yaml.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var out []*yaml.Node
	for {
		var doc yaml.Node
		switch err := dec.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, err
		}
		if len(doc.Content) > 0 && doc.Content[0].Tag != "!!null" {
			out = append(out, doc.Content[0])
		}
		if len(out) > maxDocuments {
			return nil, fmt.Errorf("more than %d documents", maxDocuments)
		}
	}
}

// document reads a file that is one document, a mapping.
func document(data []byte) (*yaml.Node, error) {
	docs, err := documents(data)
	if err != nil {
		return nil, err
	}
	if len(docs) != 1 || docs[0].Kind != yaml.MappingNode {
		return nil, errors.New("one document with keys and values is expected here")
	}
	return docs[0], nil
}

// deref follows an alias; one alias cannot name another.
func deref(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// pairs are the keys and values of a mapping; nothing for any other node.
func pairs(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(k, v *yaml.Node) bool) {
		if n = deref(n); n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], deref(n.Content[i+1])) {
				return
			}
		}
	}
}

// items are the items of a sequence; nothing for any other node.
func items(n *yaml.Node) iter.Seq[*yaml.Node] {
	return func(yield func(*yaml.Node) bool) {
		if n = deref(n); n == nil || n.Kind != yaml.SequenceNode {
			return
		}
		for _, item := range n.Content {
			if !yield(deref(item)) {
				return
			}
		}
	}
}

// at returns what lies below keys, one in the other, or nil.
func at(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		var found *yaml.Node
		for k, v := range pairs(n) {
			if k.Value == key {
				found = v
			}
		}
		n = found
	}
	return n
}

// text returns the scalar below keys, or "".
func text(n *yaml.Node, keys ...string) string {
	if n = at(n, keys...); n != nil && n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
		return n.Value
	}
	return ""
}

// texts returns the scalars of the list below keys.
func texts(n *yaml.Node, keys ...string) []string {
	var out []string
	for item := range items(at(n, keys...)) {
		if item.Kind == yaml.ScalarNode {
			out = append(out, item.Value)
		}
	}
	return out
}

// maxFlow is the longest value that is shown as it stands, in bytes.
const maxFlow = 4 << 10

// flow writes a value in one line, as YAML and JSON do.
func flow(n *yaml.Node, depth int) string {
	n = deref(n)
	if depth > 8 {
		return "…"
	}
	var parts []string
	switch n.Kind {
	case yaml.ScalarNode:
		return cut(n.Value)
	case yaml.SequenceNode:
		for item := range items(n) {
			if parts = append(parts, flow(item, depth+1)); len(parts) > 100 {
				break
			}
		}
		return cut("[" + strings.Join(parts, ", ") + "]")
	case yaml.MappingNode:
		for k, v := range pairs(n) {
			if parts = append(parts, k.Value+": "+flow(v, depth+1)); len(parts) > 100 {
				break
			}
		}
		return cut("{" + strings.Join(parts, ", ") + "}")
	}
	return ""
}

func cut(s string) string {
	if len(s) > maxFlow {
		return strings.ToValidUTF8(s[:maxFlow], "") + "…"
	}
	return s
}
