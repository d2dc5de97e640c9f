package extract

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
)

// manifests reads Kubernetes objects and compose files: images, ports, requests and limits, probes, replicas,
// autoscalers, volumes. A kustomization and what is no object is passed over.
func manifests(_ channel.FactSource, f file) ([]fact.Fact, error) {
	docs, err := documents(f.data)
	if err != nil {
		return nil, err
	}
	var out []fact.Fact
	for _, doc := range docs {
		switch kind := text(doc, "kind"); {
		case kind == "List" || strings.HasSuffix(kind, "List") && at(doc, "items") != nil:
			for item := range items(at(doc, "items")) {
				out = append(out, object(item)...)
			}
		case kind != "":
			out = append(out, object(doc)...)
		case at(doc, "services") != nil:
			out = append(out, compose(at(doc, "services"))...)
		}
	}
	return once(out), nil
}

// podSpecs are where the kinds of objects keep the template of their pods.
var podSpecs = map[string][]string{
	"Pod": {"spec"}, "Deployment": {"spec", "template", "spec"}, "StatefulSet": {"spec", "template", "spec"}, "DaemonSet": {"spec", "template", "spec"},
	"ReplicaSet": {"spec", "template", "spec"}, "Job": {"spec", "template", "spec"}, "CronJob": {"spec", "jobTemplate", "spec", "template", "spec"},
}

func object(doc *yaml.Node) []fact.Fact {
	kind, name := text(doc, "kind"), text(doc, "metadata", "name")
	where := kind + "/" + name
	var out []fact.Fact
	switch {
	case podSpecs[kind] != nil:
		pod := at(doc, podSpecs[kind]...)
		out = append(out, replicas(where, doc)...)
		out = append(out, resources(where, pod)...)
		for _, list := range []string{"initContainers", "containers"} {
			for c := range items(at(pod, list)) {
				out = append(out, container(where+"/"+text(c, "name"), c)...)
			}
		}
		for claim := range items(at(doc, "spec", "volumeClaimTemplates")) {
			out = append(out, volume(where+"/"+text(claim, "metadata", "name"), claim)...)
		}
	case kind == "Service":
		for p := range items(at(doc, "spec", "ports")) {
			out = append(out, valued(fact.Port, where+":"+or(text(p, "name"), text(p, "port")), text(p, "port")+"/"+or(text(p, "protocol"), "TCP"), p))
		}
	case kind == "PersistentVolumeClaim":
		out = volume(where, doc)
	case kind == "HorizontalPodAutoscaler":
		out = autoscaler(where, doc)
	case kind == "PodDisruptionBudget":
		out = scalars(where, at(doc, "spec"), "minAvailable", "maxUnavailable")
	}
	return out
}

// valued is a fact that is one value.
func valued(kind fact.Kind, name, v string, n *yaml.Node) fact.Fact {
	return fact.Fact{Kind: kind, Name: name, Line: n.Line, Attributes: fact.Attributes{Value: v}}
}

func container(where string, c *yaml.Node) []fact.Fact {
	var out []fact.Fact
	if n := at(c, "image"); n != nil {
		out = append(out, valued(fact.Image, where, n.Value, n))
	}
	for p := range items(at(c, "ports")) {
		out = append(out, valued(fact.Port, where+":"+or(text(p, "name"), text(p, "containerPort")), text(p, "containerPort")+"/"+or(text(p, "protocol"), "TCP"), p))
	}
	out = append(out, resources(where, c)...)
	for _, name := range []string{"startupProbe", "livenessProbe", "readinessProbe"} {
		if p := at(c, name); p != nil {
			out = append(out, valued(fact.Probe, where+" "+name, probe(p), p))
		}
	}
	return out
}

// resources are the requests and limits of a container, or of a pod as a whole.
func resources(where string, n *yaml.Node) []fact.Fact {
	var out []fact.Fact
	for _, list := range []string{"requests", "limits"} {
		for k, v := range pairs(at(n, "resources", list)) {
			out = append(out, valued(fact.Resource, where+" "+list+"."+k.Value, v.Value, v))
		}
	}
	return out
}

// probe says how a probe asks.
func probe(p *yaml.Node) string {
	switch {
	case at(p, "httpGet") != nil:
		return fmt.Sprintf("GET %s on %s", or(text(p, "httpGet", "path"), "/"), text(p, "httpGet", "port"))
	case at(p, "tcpSocket") != nil:
		return "TCP on " + text(p, "tcpSocket", "port")
	case at(p, "grpc") != nil:
		return "gRPC on " + text(p, "grpc", "port")
	case at(p, "exec") != nil:
		return strings.Join(texts(p, "exec", "command"), " ")
	}
	return "none"
}

// compose reads the services of a compose file.
func compose(services *yaml.Node) []fact.Fact {
	var out []fact.Fact
	for k, s := range pairs(services) {
		where := "service/" + k.Value
		if n := at(s, "image"); n != nil {
			out = append(out, valued(fact.Image, where, n.Value, n))
		}
		for p := range items(at(s, "ports")) {
			v := p.Value
			if p.Kind == yaml.MappingNode {
				v = text(p, "published") + ":" + text(p, "target") + "/" + or(text(p, "protocol"), "tcp")
			}
			target := v[strings.LastIndexByte(v, ':')+1:]
			out = append(out, valued(fact.Port, where+":"+target, v, p))
		}
		out = append(out, scalars(where, at(s, "deploy"), "replicas")...)
		for _, list := range []string{"reservations", "limits"} {
			for name, v := range pairs(at(s, "deploy", "resources", list)) {
				if v.Kind == yaml.ScalarNode {
					out = append(out, valued(fact.Resource, where+" "+list+"."+name.Value, v.Value, v))
				}
			}
		}
		if n := at(s, "healthcheck", "test"); n != nil {
			out = append(out, valued(fact.Probe, where, flow(n, 0), n))
		}
	}
	return out
}
