package extract

import (
	"cmp"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
)

// rules reads rules of Prometheus: a file of groups, or PrometheusRule objects.
func rules(_ channel.FactSource, f file) ([]fact.Fact, error) {
	docs, err := documents(f.data)
	if err != nil {
		return nil, err
	}
	var out []fact.Fact
	for _, doc := range docs {
		if spec := at(doc, "spec"); text(doc, "kind") == "PrometheusRule" {
			doc = spec
		} else if at(doc, "groups") == nil {
			continue // another object in the same folder
		}
		for group := range items(at(doc, "groups")) {
			for r := range items(at(group, "rules")) {
				one, err := rule(r)
				if err != nil {
					return nil, err
				}
				out = append(out, one)
			}
		}
	}
	return numbered(out), nil
}

func rule(r *yaml.Node) (fact.Fact, error) {
	expr := text(r, "expr")
	f := fact.Fact{Kind: fact.Alert, Name: text(r, "alert"), Line: r.Line, Text: oneLine(or(text(r, "annotations", "summary"), text(r, "annotations", "description")))}
	if f.Name == "" {
		f.Kind, f.Name = fact.Recording, text(r, "record")
	}
	if f.Name == "" || expr == "" {
		return f, fmt.Errorf("line %d: a rule needs the key expr, and either alert or record", r.Line)
	}
	f.Attributes = fact.Attributes{Expr: normal(expr), Metrics: usedMetrics(expr)}
	if f.Kind == fact.Alert {
		f.Attributes.For, f.Attributes.Severity, f.Attributes.RunbookURL = text(r, "for"), text(r, "labels", "severity"), text(r, "annotations", "runbook_url")
	}
	return f, nil
}

// numbered tells rules of one name apart, as one alert may have several thresholds: the first by severity has the name
// alone.
func numbered(facts []fact.Fact) []fact.Fact {
	slices.SortStableFunc(facts, func(a, b fact.Fact) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Attributes.Severity, b.Attributes.Severity))
	})
	n, last := 0, ""
	for i, f := range facts {
		if n++; f.Name != last {
			n, last = 1, f.Name
		}
		if n > 1 {
			facts[i].Name = fmt.Sprintf("%s #%d", f.Name, n)
		}
	}
	return facts
}
