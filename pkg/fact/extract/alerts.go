package extract

import (
	"bytes"

	"go.yaml.in/yaml/v3"
)

// The annotations of an alert that lead to its runbook: where it lies, and where it lies for the product's own people.
const (
	runbookURL         = "runbook_url"
	runbookURLOriginal = "runbook_url_original"
)

// RewriteRunbooks gives the alerts of a rules file other addresses of their runbooks, and keeps the old ones in the
// annotation runbook_url_original. to returns the new address of an old one, or false to leave it. Comments stay.
func RewriteRunbooks(data []byte, to func(string) (string, bool)) ([]byte, error) {
	docs, err := documents(data)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	for _, doc := range docs {
		groups := at(doc, "groups")
		if text(doc, "kind") == "PrometheusRule" {
			groups = at(doc, "spec", "groups")
		}
		for group := range items(groups) {
			for r := range items(at(group, "rules")) {
				if text(r, "alert") != "" {
					rewriteRunbook(at(r, "annotations"), to)
				}
			}
		}
		if err := enc.Encode(doc); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), enc.Close()
}

func rewriteRunbook(annotations *yaml.Node, to func(string) (string, bool)) {
	value := at(annotations, runbookURL)
	if value == nil || value.Kind != yaml.ScalarNode || at(annotations, runbookURLOriginal) != nil {
		return
	}
	address, ok := to(value.Value)
	if !ok || address == value.Value {
		return
	}
	key := &yaml.Node{Kind: yaml.ScalarNode, Value: runbookURLOriginal}
	old := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value.Value}
	annotations.Content = append(annotations.Content, key, old)
	value.Tag, value.Value = "!!str", address
}
