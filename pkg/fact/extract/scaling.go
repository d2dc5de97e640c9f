package extract

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/relctl/relctl/pkg/fact"
)

// replicas is how many pods of a kind run, where the object says so: without it one runs, or what an autoscaler decides.
func replicas(where string, doc *yaml.Node) []fact.Fact {
	return scalars(where, at(doc, "spec"), "replicas")
}

// autoscaler reads a HorizontalPodAutoscaler: between how many pods it chooses, and what it holds them to.
func autoscaler(where string, doc *yaml.Node) []fact.Fact {
	spec := at(doc, "spec")
	out := scalars(where, spec, "minReplicas", "maxReplicas")
	if n := at(spec, "targetCPUUtilizationPercentage"); text(n) != "" { // autoscaling/v1
		out = append(out, valued(fact.Resource, where+" target.cpu", n.Value+"%", n))
	}
	for m := range items(at(spec, "metrics")) {
		for k, v := range pairs(m) {
			if k.Value == "type" {
				continue
			}
			name := or(text(v, "metric", "name"), text(v, "name"))
			if c := text(v, "container"); c != "" {
				name = c + "/" + name
			}
			if value := target(at(v, "target")); name != "" && value != "" {
				out = append(out, valued(fact.Resource, where+" target."+name, value, v))
			}
		}
	}
	return out
}

// target is what a metric is held to, of which there is one.
func target(n *yaml.Node) string {
	if percent := text(n, "averageUtilization"); percent != "" {
		return percent + "%"
	}
	if average := text(n, "averageValue"); average != "" {
		return average + " on average"
	}
	return text(n, "value")
}

// volume reads a claim: how large it is, and which volume it asks for.
func volume(where string, claim *yaml.Node) []fact.Fact {
	var out []fact.Fact
	if n := at(claim, "spec", "resources", "requests", "storage"); text(n) != "" {
		out = append(out, valued(fact.Resource, where+" requests.storage", n.Value, n))
	}
	asks := texts(claim, "spec", "accessModes")
	if class := text(claim, "spec", "storageClassName"); class != "" {
		asks = append(asks, "class "+class)
	}
	if len(asks) > 0 {
		out = append(out, valued(fact.Resource, where+" volume", strings.Join(asks, ", "), at(claim, "spec")))
	}
	return out
}

// scalars are the values of some keys of a mapping, those that are there.
func scalars(where string, n *yaml.Node, keys ...string) []fact.Fact {
	var out []fact.Fact
	for _, key := range keys {
		if v := at(n, key); text(v) != "" {
			out = append(out, valued(fact.Resource, where+" "+key, v.Value, v))
		}
	}
	return out
}
