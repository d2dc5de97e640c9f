package deploy

import (
	"fmt"
	"slices"
	"strings"
)

const argoAPI = "argoproj.io/v1alpha1"

// argoProject is an AppProject: what the channel's Applications may do, and when.
type argoProject struct {
	typed `yaml:",inline"`
	Spec  argoProjectSpec `yaml:"spec"`
}

type argoProjectSpec struct {
	Description  string            `yaml:"description"`
	SourceRepos  []string          `yaml:"sourceRepos"`
	Destinations []argoDestination `yaml:"destinations"`
	ClusterWide  []Kind            `yaml:"clusterResourceWhitelist"`
	SyncWindows  []syncWindow      `yaml:"syncWindows,omitempty"`
}

type argoDestination struct {
	Name      string `yaml:"name"`
	Namespace string `yaml:"namespace"`
}

// argoSet is an ApplicationSet: an Application for each cell.
type argoSet struct {
	typed `yaml:",inline"`
	Spec  argoSetSpec `yaml:"spec"`
}

type argoSetSpec struct {
	GoTemplate        bool            `yaml:"goTemplate"`
	GoTemplateOptions []string        `yaml:"goTemplateOptions"`
	Generators        []argoGenerator `yaml:"generators"`
	SyncPolicy        map[string]bool `yaml:"syncPolicy"`
	Template          argoSetTemplate `yaml:"template"`
}

type argoGenerator struct {
	List struct {
		Elements []map[string]string `yaml:"elements"`
	} `yaml:"list"`
}

type argoSetTemplate struct {
	Metadata meta            `yaml:"metadata"`
	Spec     applicationSpec `yaml:"spec"`
}

type applicationSpec struct {
	Project     string          `yaml:"project"`
	Source      argoSource      `yaml:"source"`
	Destination argoDestination `yaml:"destination"`
	SyncPolicy  argoSyncPolicy  `yaml:"syncPolicy"`
}

type argoSource struct {
	RepoURL        string            `yaml:"repoURL"`
	TargetRevision string            `yaml:"targetRevision"`
	Path           string            `yaml:"path"`
	Directory      map[string]string `yaml:"directory"`
}

type argoSyncPolicy struct {
	Automated   map[string]bool `yaml:"automated"`
	SyncOptions []string        `yaml:"syncOptions"`
}

// argocd returns the AppProject and the ApplicationSet. A cell's cluster is registered in Argo CD under the cell's name.
func (g *GitOps) argocd() map[string][]any {
	name := objectName(g.Product, g.Channel)
	labels := map[string]string{LabelChannel: g.Channel}
	head := func(kind string) typed {
		return typed{argoAPI, kind, meta{Name: name, Namespace: "argocd", Labels: labels}}
	}
	set := argoSet{typed: head("ApplicationSet"), Spec: argoSetSpec{
		GoTemplate: true, GoTemplateOptions: []string{"missingkey=error"},
		Generators: []argoGenerator{{}},
		// A cell that leaves the channel keeps what it runs until somebody takes it away.
		SyncPolicy: map[string]bool{"preserveResourcesOnDeletion": true},
		Template: argoSetTemplate{
			Metadata: meta{Name: "{{.name}}", Labels: map[string]string{LabelChannel: g.Channel, LabelRing: "{{.ring}}"}},
			Spec: applicationSpec{
				Project:     name,
				Source:      argoSource{g.Repository, g.Branch, "rendered/{{.ring}}/{{.cell}}", map[string]string{"include": manifestsName}},
				Destination: argoDestination{"{{.cell}}", objectName(g.Product)},
				SyncPolicy: argoSyncPolicy{
					Automated:   map[string]bool{"prune": true, "selfHeal": true},
					SyncOptions: []string{"CreateNamespace=true", "ServerSideApply=true"},
				},
			},
		},
	}}
	set.Spec.Generators[0].List.Elements = []map[string]string{}
	for _, c := range g.running() {
		set.Spec.Generators[0].List.Elements = append(set.Spec.Generators[0].List.Elements,
			map[string]string{"name": ApplicationName(g.Product, g.Channel, c.name), "ring": c.ring, "cell": c.name})
	}
	project := argoProject{typed: head("AppProject"), Spec: argoProjectSpec{
		Description:  fmt.Sprintf("The rings of %s, channel %s", g.Product, g.Channel),
		SourceRepos:  []string{g.Repository},
		Destinations: g.destinations(),
		ClusterWide:  g.clusterWide(),
		SyncWindows:  g.syncWindows(),
	}}
	return map[string][]any{"project.yaml": {project}, "applicationset.yaml": {set}}
}

// destinations are the namespaces that the cells' objects name, cluster by cluster, and no other.
func (g *GitOps) destinations() []argoDestination {
	out := []argoDestination{}
	for _, c := range g.cells() {
		spaces := []string{objectName(g.Product)}
		for _, d := range g.Deployed {
			if d.Ring == c.ring && d.Cell == c.name {
				spaces = append(spaces, d.Namespaces...)
			}
		}
		slices.Sort(spaces)
		for _, s := range slices.Compact(spaces) {
			out = append(out, argoDestination{c.name, s})
		}
	}
	return out
}

// clusterWide are the kinds outside of namespaces that the cells have. Namespaces are Argo CD's own to make.
func (g *GitOps) clusterWide() []Kind {
	kinds := []Kind{{Kind: "Namespace"}}
	for _, d := range g.Deployed {
		kinds = append(kinds, d.ClusterWide...)
	}
	slices.SortFunc(kinds, func(a, b Kind) int { return strings.Compare(a.Group+"/"+a.Kind, b.Group+"/"+b.Kind) })
	return slices.Compact(kinds)
}

// syncWindows are the freezes, each for the Applications of its rings.
func (g *GitOps) syncWindows() []syncWindow {
	var out []syncWindow
	for _, f := range g.Freezes {
		w := f.window(g.At)
		if w == nil {
			continue
		}
		for _, c := range g.cells() {
			if len(f.Rings) == 0 || slices.Contains(f.Rings, c.ring) {
				w.Applications = append(w.Applications, ApplicationName(g.Product, g.Channel, c.name))
			}
		}
		if len(w.Applications) > 0 {
			out = append(out, *w)
		}
	}
	return out
}
