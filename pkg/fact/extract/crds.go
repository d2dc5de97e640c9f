package extract

import (
	"slices"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
)

// crds reads custom resource definitions: one fact a definition, with the versions that are served, and one a field of
// each of these. What else stands in the file is passed over.
func crds(_ channel.FactSource, f file) ([]fact.Fact, error) {
	docs, err := documents(f.data)
	if err != nil {
		return nil, err
	}
	var out []fact.Fact
	for _, doc := range docs {
		if text(doc, "kind") != "CustomResourceDefinition" {
			continue
		}
		crd := fact.Fact{Kind: fact.CRD, Name: text(doc, "metadata", "name"), Line: doc.Line, Attributes: fact.Attributes{Type: text(doc, "spec", "scope")}}
		for v := range items(at(doc, "spec", "versions")) {
			version := text(v, "name")
			if text(v, "storage") == "true" {
				crd.Attributes.Storage = version
			}
			if text(v, "served") != "true" {
				continue
			}
			crd.Attributes.Versions = append(crd.Attributes.Versions, version)
			schema := at(v, "schema", "openAPIV3Schema")
			w := schemaWalk{root: schema, kind: fact.CRD, prefix: crd.Name + "/" + version + " "}
			if err := w.walk("", schema); err != nil {
				return nil, err
			}
			out = append(out, slices.DeleteFunc(once(w.out), func(f fact.Fact) bool { return meta[f.Name[len(w.prefix):]] })...)
		}
		slices.Sort(crd.Attributes.Versions)
		out = append(out, crd)
	}
	return out, nil
}

// meta are the fields that every object has.
var meta = map[string]bool{"apiVersion": true, "kind": true, "metadata": true}
