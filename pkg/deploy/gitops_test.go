package deploy_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/relctl/relctl/pkg/deploy"
)

// fields are those that the engines' custom resource definitions have, as far as they are used: a name for a value, a
// map for an object, a list of one for a list, nil for any map of text. From argoproj.io/v1alpha1 of Argo CD 2.9 and
// later, source.toolkit.fluxcd.io/v1 and kustomize.toolkit.fluxcd.io/v1 of Flux 2.6 and later.
type (
	object = map[string]any
	list   = []any
)

var (
	metadata    = object{"name": "string", "namespace": "string", "labels": nil}
	destination = object{"name": "string", "namespace": "string"}
	secret      = object{"name": "string"}
	application = object{
		"project":     "string",
		"source":      object{"repoURL": "string", "targetRevision": "string", "path": "string", "directory": object{"include": "string"}},
		"destination": destination,
		"syncPolicy":  object{"automated": object{"prune": "boolean", "selfHeal": "boolean"}, "syncOptions": list{"string"}},
	}
	definitions = map[string]object{
		"argoproj.io/v1alpha1 AppProject": {
			"description": "string", "sourceRepos": list{"string"}, "destinations": list{destination},
			"clusterResourceWhitelist": list{object{"group": "string", "kind": "string"}},
			"syncWindows": list{object{
				"kind": "string", "schedule": "string", "duration": "string", "timeZone": "string",
				"applications": list{"string"}, "manualSync": "boolean",
			}},
		},
		"argoproj.io/v1alpha1 ApplicationSet": {
			"goTemplate": "boolean", "goTemplateOptions": list{"string"},
			"generators": list{object{"list": object{"elements": list{nil}}}},
			"syncPolicy": object{"preserveResourcesOnDeletion": "boolean"},
			"template":   object{"metadata": metadata, "spec": application},
		},
		"source.toolkit.fluxcd.io/v1 GitRepository": {
			"interval": "duration", "url": "string", "ref": object{"branch": "string"}, "ignore": "string", "secretRef": secret,
		},
		"source.toolkit.fluxcd.io/v1 OCIRepository": {
			"interval": "duration", "url": "string", "ref": object{"tag": "string"}, "ignore": "string", "secretRef": secret,
			"verify": object{"provider": "string", "secretRef": secret},
		},
		"kustomize.toolkit.fluxcd.io/v1 Kustomization": {
			"interval": "duration", "retryInterval": "duration", "timeout": "duration", "path": "string",
			"prune": "boolean", "wait": "boolean", "sourceRef": object{"kind": "string", "name": "string"},
		},
	}
	required = map[string][]string{
		"AppProject": {"sourceRepos", "destinations"}, "ApplicationSet": {"generators", "template"},
		"GitRepository": {"interval", "url"}, "OCIRepository": {"interval", "url"}, "Kustomization": {"interval", "prune", "sourceRef"},
	}
)

// fits says what of a value a definition does not know, or returns "".
func fits(at string, value, def any) string {
	switch def := def.(type) {
	case object:
		m, ok := value.(map[string]any)
		for k, v := range m {
			d, known := def[k]
			if !known {
				return at + "." + k + " is no field"
			}
			if why := fits(at+"."+k, v, d); why != "" {
				return why
			}
		}
		if !ok {
			return at + " is no object"
		}
	case list:
		l, ok := value.([]any)
		for i, v := range l {
			if why := fits(fmt.Sprintf("%s[%d]", at, i), v, def[0]); why != "" {
				return why
			}
		}
		if !ok {
			return at + " is no list"
		}
	case nil:
		m, ok := value.(map[string]any)
		for k, v := range m {
			if _, text := v.(string); !text {
				return at + "." + k + " is no text"
			}
		}
		if !ok {
			return at + " is no map"
		}
	case string:
		text, isText := value.(string)
		_, isBool := value.(bool)
		_, err := time.ParseDuration(text)
		if def == "boolean" && !isBool || def != "boolean" && !isText || def == "duration" && err != nil {
			return fmt.Sprintf("%s is %v, no %s", at, value, def)
		}
	}
	return ""
}

func TestEnginesKnowEachFieldThatTheyAreGiven(t *testing.T) {
	t.Parallel()
	git := gitops(t, deploy.Flux, render(t, canary(t)))
	oci := git
	oci.Repository, oci.Secret, oci.Keys = "oci://registry.example/acme/deploy", "registry", "cosign"
	argo := git
	argo.Engine = deploy.ArgoCD
	seen := map[string]bool{}
	for _, g := range []deploy.GitOps{argo, git, oci} {
		set, err := g.Render()
		if err != nil {
			t.Fatal(err)
		}
		for name, data := range set.Files {
			dec := yaml.NewDecoder(bytes.NewReader(data))
			for {
				var o object
				if err := dec.Decode(&o); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
				kind := fmt.Sprintf("%s %s", o["apiVersion"], o["kind"])
				seen[kind] = true
				def := object{"apiVersion": "string", "kind": "string", "metadata": metadata, "spec": definitions[kind]}
				if why := fits(kind, o, def); why != "" {
					t.Errorf("%s: %s", name, why)
				}
				spec, _ := o["spec"].(object)
				for _, field := range required[o["kind"].(string)] {
					if spec[field] == nil {
						t.Errorf("%s: %s lacks %s", name, kind, field)
					}
				}
			}
		}
	}
	if len(seen) != len(definitions) {
		t.Errorf("only %v were looked at", seen)
	}
}

func TestTheProjectAdmitsWhatTheCellsHoldAndNoMore(t *testing.T) {
	t.Parallel()
	in := with(t, map[string]string{"role.yaml": "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\n"}, "role.yaml")
	in.Branch = tree(map[string]string{"rings/canary/kustomization.yaml": "namespace: theirs\ncomponents: [release]\n"})
	set, err := gitops(t, deploy.ArgoCD, render(t, in)).Render()
	if err != nil {
		t.Fatal(err)
	}
	text := string(set.Files["gitops/argocd/rolling/project.yaml"])
	for _, want := range []string{"- name: eu-1\n      namespace: theirs\n", "- group: rbac.authorization.k8s.io\n      kind: ClusterRole\n"} {
		if strings.Count(text, want) != 1 {
			t.Errorf("%q stands there %d times:\n%s", want, strings.Count(text, want), text)
		}
	}
	if strings.Contains(text, "*\n      kind") || strings.Contains(text, "namespace: '*'") {
		t.Errorf("admits everything:\n%s", text)
	}
}

// windows returns the schedules and durations of a freeze.
func windows(t *testing.T, f deploy.Freeze, at time.Time) string {
	t.Helper()
	f.Name = "f"
	g := gitops(t, deploy.ArgoCD)
	g.Freezes, g.At = []deploy.Freeze{f}, at
	set, err := g.Render()
	if err != nil {
		t.Fatal(err)
	}
	var project struct {
		Spec struct {
			SyncWindows []struct {
				Schedule, Duration string
				TimeZone           string `yaml:"timeZone"`
			} `yaml:"syncWindows"`
		}
	}
	if err := yaml.Unmarshal(set.Files["gitops/argocd/rolling/project.yaml"], &project); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, w := range project.Spec.SyncWindows {
		out = append(out, w.Schedule+" for "+w.Duration+" "+w.TimeZone)
	}
	return strings.Join(out, ", ")
}

func TestFreezesBecomeSyncWindows(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	day := func(m, d int) time.Time { return time.Date(2026, time.Month(m), d, 0, 0, 0, 0, berlin) }
	for name, c := range map[string]struct {
		freeze deploy.Freeze
		want   string
	}{
		"days":                     {deploy.Freeze{From: day(6, 20), Until: day(6, 22)}, "0 22 19 6 * for 48h UTC"},
		"days as clocks go back":   {deploy.Freeze{From: day(10, 25), Until: day(10, 26)}, "0 22 24 10 * for 25h UTC"},
		"seconds are rounded up":   {deploy.Freeze{From: now.Add(90 * time.Second), Until: now.Add(3 * time.Minute)}, "1 12 1 6 * for 2m UTC"},
		"now":                      {deploy.Freeze{From: now.Add(-time.Hour), Until: now.Add(time.Hour)}, "0 11 1 6 * for 2h UTC"},
		"over":                     {deploy.Freeze{From: now.Add(-2 * time.Hour), Until: now}, ""},
		"a year ahead":             {deploy.Freeze{From: now.AddDate(0, 11, 0), Until: now.AddDate(0, 11, 1)}, ""},
		"without end":              {deploy.Freeze{From: now}, "* * * * * for 1h UTC"},
		"at once, with an end":     {deploy.Freeze{Until: now.Add(time.Hour)}, "0 13 5 8 * for 7200h UTC"},
		"without end, later":       {deploy.Freeze{From: now.Add(time.Hour)}, ""},
		"nights":                   {deploy.Freeze{Weekdays: []time.Weekday{5, 1, 5}, Start: 22*time.Hour + 30*time.Minute, Length: 8 * time.Hour, Timezone: "Europe/Berlin"}, "30 22 * * 1,5 for 8h Europe/Berlin"},
		"days of the week":         {deploy.Freeze{Weekdays: []time.Weekday{0}, Length: 24 * time.Hour}, "0 0 * * 0 for 24h UTC"},
		"for a ring without cells": {deploy.Freeze{Rings: []string{"nobody"}}, ""},
	} {
		if got := windows(t, c.freeze, now); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestWhatAnEngineCouldNotUseIsRefused(t *testing.T) {
	t.Parallel()
	for says, change := range map[string]func(*deploy.GitOps){
		"is not a name":        func(g *deploy.GitOps) { g.Product = "" },
		"is not one of argocd": func(g *deploy.GitOps) { g.Engine = "helm" },
		"cell a stands in": func(g *deploy.GitOps) {
			g.Rings = []deploy.Ring{{Name: "r", Cells: []string{"a"}}, {Name: "s", Cells: []string{"a"}}}
		},
		`repository "/srv/acme.git" is`: func(g *deploy.GitOps) { g.Repository = "/srv/acme.git" },
		`repository "https://…@host/a"`: func(g *deploy.GitOps) { g.Repository = "https://me:hunter2@host/a" },
		"is for the engine flux":        func(g *deploy.GitOps) { g.Repository = "oci://host/a" },
		"keys are for oci":              func(g *deploy.GitOps) { g.Keys = "k" },
		"is no name of a branch":        func(g *deploy.GitOps) { g.Branch = "a b" },
		"Kubernetes labels hold 63":     func(g *deploy.GitOps) { g.Rings[0].Cells = []string{strings.Repeat("a", 60)} },
		"both become acme-rolling-a-b":  func(g *deploy.GitOps) { g.Rings[0].Cells = []string{"a.b", "a_b"} },
		"it has hours and no weekdays":  func(g *deploy.GitOps) { g.Freezes = []deploy.Freeze{{Name: "f", Start: time.Hour}} },
		"whole minutes of a day":        func(g *deploy.GitOps) { g.Freezes = []deploy.Freeze{{Name: "f", Weekdays: []time.Weekday{1}}} },
		"is no weekday": func(g *deploy.GitOps) {
			g.Freezes = []deploy.Freeze{{Name: "f", Weekdays: []time.Weekday{9}, Length: time.Hour}}
		},
		"ends before it begins": func(g *deploy.GitOps) { g.Freezes = []deploy.Freeze{{Name: "f", From: g.At, Until: g.At}} },
		"both weekdays and moments": func(g *deploy.GitOps) {
			g.Freezes = []deploy.Freeze{{Name: "f", Weekdays: []time.Weekday{1}, Length: time.Hour, From: g.At}}
		},
		"another one on every machine": func(g *deploy.GitOps) { g.Freezes = []deploy.Freeze{{Name: "f", Timezone: "Local"}} },
		"unknown time zone":            func(g *deploy.GitOps) { g.Freezes = []deploy.Freeze{{Name: "f", Timezone: "Nowhere/X"}} },
		"freeze: ":                     func(g *deploy.GitOps) { g.Freezes = []deploy.Freeze{{}} },
	} {
		g := gitops(t, deploy.ArgoCD)
		g.Rings = []deploy.Ring{{Name: "canary", Cells: []string{"eu-1"}}}
		change(&g)
		_, err := g.Render()
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("want %q, got %v", says, err)
		}
	}
}
