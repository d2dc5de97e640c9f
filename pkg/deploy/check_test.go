package deploy_test

import (
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/relctl/relctl/pkg/deploy"
)

// with is the canary's input with other files in the base, and further resources named in its kustomization.
func with(t testing.TB, files map[string]string, resources ...string) deploy.Input {
	t.Helper()
	in := canary(t)
	base := pinned(t)
	for _, r := range resources {
		base["deploy/base/kustomization.yaml"] = strings.Replace(base["deploy/base/kustomization.yaml"], "  - migration.yaml\n", "  - migration.yaml\n  - "+r+"\n", 1)
	}
	for name, text := range files {
		base["deploy/base/"+name] = text
	}
	in.Source = tree(base)
	return in
}

const pod = "sha256:1111111111111111111111111111111111111111111111111111111111111111"

// workload is a Deployment with replacements for its parts.
func workload(replace ...string) string {
	return strings.NewReplacer(replace...).Replace(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: extra
  labels: {app: extra}
spec:
  selector:
    matchLabels: {app: extra}
  template:
    metadata:
      labels: {app: extra}
    spec:
      containers:
        - {name: one, image: "acme"}
`)
}

func TestManifestsThatWouldFailOrSurpriseAreRefused(t *testing.T) {
	t.Parallel()
	const (
		objectAt   = "deploy/base/extra.yaml: Deployment extra: "
		firstImage = "spec.template.spec.containers[0].image: "
	)
	for name, c := range map[string]struct{ text, says string }{
		"image without tag":         {workload(`"acme"`, `other`), objectAt + firstImage + "other has no digest"},
		"image with tag":            {workload(`"acme"`, `"other:1.2"`), objectAt + firstImage + "other:1.2 has a tag"},
		"image latest":              {workload(`"acme"`, `"reg:5000/other:latest"`), objectAt + firstImage + "reg:5000/other:latest follows latest"},
		"image with half a digest":  {workload(`"acme"`, `"other@sha256:zz"`), objectAt + firstImage + "other@sha256:zz has a digest that is none"},
		"container without image":   {workload(`, image: "acme"`, ``), objectAt + firstImage + "is empty"},
		"image of a sidecar":        {workload("      containers:", "      initContainers:\n        - {name: two, image: side}\n      containers:"), "initContainers[0].image: side has no digest"},
		"image in a custom object":  {"apiVersion: example.com/v1\nkind: Rollout\nmetadata: {name: r}\nspec: {template: {spec: {containers: [{name: a, image: x}]}}}\n", "Rollout r: spec.template.spec.containers[0].image: x has no digest"},
		"image as a volume":         {workload("      containers:", "      volumes: [{name: v, image: {reference: x}}]\n      containers:"), "volumes[0].image.reference: x has no digest"},
		"version in matchLabels":    {workload("matchLabels: {app: extra}", "matchLabels: {app: extra, app.kubernetes.io/version: a}", "      labels: {app: extra}", "      labels: {app: extra}"), `spec.selector.matchLabels["app.kubernetes.io/version"]: selects by a label that changes`},
		"commit in matchLabels":     {workload("matchLabels: {app: extra}", "matchLabels: {rev: "+strings.Repeat("c", 40)+"}"), `spec.selector.matchLabels.rev: selects by`},
		"the version by any name":   {"apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {selector: {tag: v2026.103.1}, ports: [{port: 80}]}\n", "Service s: spec.selector.tag: selects by"},
		"version in an expression":  {workload("matchLabels: {app: extra}", "matchExpressions: [{key: app.kubernetes.io/version, operator: Exists}]"), "matchExpressions[0].key: selects by app.kubernetes.io/version"},
		"version in a pod template": {workload("      labels: {app: extra}", "      labels: {app: extra, app.kubernetes.io/version: a}"), `spec.template.metadata.labels["app.kubernetes.io/version"]: changes with every release and restarts pods`},
		"version as an annotation":  {workload("      labels: {app: extra}", "      labels: {app: extra}\n      annotations: {build: 2026.103.1}"), "spec.template.metadata.annotations.build: changes with every release"},
		"build metadata as a label": {workload("  labels: {app: extra}\nspec", "  labels: {app: 1.0+build}\nspec"), `metadata.labels.app: "1.0+build" is no value of a label: "+" is not allowed`},
		"long label":                {workload("  labels: {app: extra}\nspec", "  labels: {app: "+strings.Repeat("a", 64)+"}\nspec"), "it has 64 characters, at most 63"},
		"label with a blank":        {workload("  labels: {app: extra}\nspec", "  labels: {app: a b}\nspec"), "only letters, digits"},
		"label that is a number":    {workload("      labels: {app: extra}", "      labels: {app: extra, n: 1}"), "spec.template.metadata.labels.n: is 1, not text"},
		"label name without name":   {workload("  labels: {app: extra}\nspec", "  labels: {a/: b}\nspec"), "is no name of a label: the name is empty"},
		"label name with no domain": {workload("  labels: {app: extra}\nspec", "  labels: {A_b/c: b}\nspec"), "is no name of a label: the part before the slash"},
		"Job of one name":           {"apiVersion: batch/v1\nkind: Job\nmetadata: {name: once}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: acme}]}}}\n", "deploy/base/extra.yaml: Job once: metadata.name: is a Job of the same name in every release"},
		"Job for another engine":    {"apiVersion: batch/v1\nkind: Job\nmetadata: {name: once, annotations: {kustomize.toolkit.fluxcd.io/force: enabled}}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: acme}]}}}\n", "Job once: metadata.name: is a Job of the same name"},
		"Job with a long name":      {"apiVersion: batch/v1\nkind: Job\nmetadata: {name: " + strings.Repeat("a", 60) + ", annotations: {relctl.dev/name: per-release}}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: acme}]}}}\n", "has 71 characters, and a Job's pods can bear 63"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := refused(t, with(t, map[string]string{"extra.yaml": c.text}, "extra.yaml"))
			if !strings.Contains(found.Error(), c.says) {
				t.Errorf("want %q, got:\n%v", c.says, found)
			}
			for _, p := range found {
				if p.Fix == "" || p.File == "" || p.Ring != "canary" {
					t.Errorf("problem without a way out, a file or the ring: %+v", p)
				}
			}
		})
	}
}

func TestWhatIsWellIsNotRefused(t *testing.T) {
	t.Parallel()
	job := func(meta string) string {
		return "apiVersion: batch/v1\nkind: Job\nmetadata: {" + meta + "}\nspec: {template: {metadata: {labels: {v: 2026.103.1}}, spec: {restartPolicy: Never, containers: [{name: a, image: acme}]}}}\n"
	}
	for name, c := range map[string]struct {
		engine deploy.Engine
		text   string
	}{
		"a workload":                     {deploy.ArgoCD, workload()},
		"a pinned image with tag":        {deploy.ArgoCD, workload(`"acme"`, `"other:1.2@`+pod+`"`)},
		"a hook of Argo CD":              {deploy.ArgoCD, job("name: once, annotations: {argocd.argoproj.io/hook: PreSync}")},
		"a hook of Helm, for Argo CD":    {deploy.ArgoCD, job("name: once, annotations: {helm.sh/hook: pre-upgrade}")},
		"a Job that Argo CD replaces":    {deploy.ArgoCD, job("name: once, annotations: {argocd.argoproj.io/sync-options: \"Force=true, Replace=true\"}")},
		"a Job that Flux replaces":       {deploy.Flux, job("name: once, annotations: {kustomize.toolkit.fluxcd.io/force: Enabled}")},
		"a Job with the version":         {deploy.Kustomize, job("name: once, annotations: {relctl.dev/name: per-release}")},
		"a template that is no pod":      {deploy.ArgoCD, "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t, namespace: a}\nspec: {target: {template: {metadata: {labels: {v: 2026.103.1}}}}}\n"},
		"our ring as a label of pods":    {deploy.ArgoCD, workload("      labels: {app: extra}", "      labels: {app: extra, relctl.dev/ring: canary}")},
		"whatever a ConfigMap holds":     {deploy.ArgoCD, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {selector: \"app.kubernetes.io/version\"}\n"},
		"a version where nobody selects": {deploy.ArgoCD, workload("  labels: {app: extra}\nspec", "  labels: {app: extra, build: 2026.103.1}\nspec")},
		"a kind outside of namespaces":   {deploy.ArgoCD, "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := with(t, map[string]string{"extra.yaml": c.text}, "extra.yaml")
			if in.Engine = c.engine; len(render(t, in).Warnings) != 0 {
				t.Error("warnings")
			}
		})
	}
}

func TestWhatPeopleRegretIsWarnedOf(t *testing.T) {
	t.Parallel()
	const scaler = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h}\nspec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: extra}}\n"
	const secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: hunter2}\n"
	set := render(t, with(t, map[string]string{"extra.yaml": workload("spec:\n  selector", "spec:\n  replicas: 2\n  selector") + scaler + secret}, "extra.yaml"))
	text := set.Warnings.Error()
	for _, want := range []string{
		"Deployment extra: spec.replicas: is set, and HorizontalPodAutoscaler h sets it too",
		"Secret s: stringData: can be read by everybody",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q, got:\n%s", want, text)
		}
	}
	if strings.Contains(text, "hunter2") || len(set.Warnings) != 2 {
		t.Errorf("warnings:\n%s", text)
	}
}

func TestRenderingReachesNeitherNetworkNorPrograms(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ extra, says string }{
		"a file in the network":      {"resources: [https://example.com/a.yaml]", "resources: https://example.com/a.yaml lies in the network"},
		"a repository":               {"resources: [github.com/example/a]", "lies in the network"},
		"a repository over ssh":      {"components: [\"git@example.com:a/b\"]", "lies in the network"},
		"a patch in the network":     {"patches: [{path: \"https://example.com/p.yaml\"}]", "patches: https://example.com/p.yaml lies in the network"},
		"an old patch":               {"patchesStrategicMerge: [\"https://example.com/p.yaml\"]", "lies in the network"},
		"a value in the network":     {"configMapGenerator: [{name: a, files: [\"k=https://example.com/v\"]}]", "configMapGenerator: https://example.com/v lies in the network"},
		"variables in the network":   {"secretGenerator: [{name: a, envs: [\"https://example.com/v\"]}]", "secretGenerator: https://example.com/v lies"},
		"replacements elsewhere":     {"replacements: [{path: \"https://example.com/r.yaml\"}]", "replacements: https://example.com/r.yaml lies"},
		"an absolute path":           {"resources: [/etc/passwd]", "lies in the network"},
		"a file above the base":      {"resources: [../other.yaml]", "resources: ../other.yaml is not there"},
		"a chart":                    {"helmCharts: [{name: a}]", "helmCharts: starts programs"},
		"a generator":                {"generators: [gen.yaml]", "generators: starts programs"},
		"a transformer":              {"transformers: [gen.yaml]", "transformers: starts programs"},
		"a validator":                {"validators: [gen.yaml]", "validators: starts programs"},
		"schemas for all that comes": {"openapi: {path: gen.yaml}", "openapi: changes the schemas"},
		"a field that is none":       {"resource: [a]", "unknown field"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := canary(t)
			in.Source = tree(map[string]string{"deploy/base/kustomization.yaml": c.extra + "\n", "deploy/base/gen.yaml": "a: b\n", "deploy/other.yaml": workload()})
			if found := refused(t, in); !strings.Contains(found.Error(), "deploy/base/kustomization.yaml: ") || !strings.Contains(found.Error(), c.says) {
				t.Errorf("want %q, got:\n%v", c.says, found)
			}
			in = canary(t)
			in.Branch = tree(map[string]string{"rings/canary/kustomization.yaml": c.extra + "\n", "rings/canary/gen.yaml": "a: b\n"})
			if found := refused(t, in); !strings.Contains(found.Error(), "rings/canary/kustomization.yaml: ") {
				t.Errorf("from a ring:\n%v", found)
			}
		})
	}
}

func TestNothingIsAskedOfTheNetwork(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = w.Write([]byte(workload()))
	}))
	t.Cleanup(server.Close)
	url := server.URL + "/a.yaml"
	for _, field := range []string{
		"resources: [%s]", "bases: [%s]", "components: [%s]", "crds: [%s]", "configurations: [%s]", "openapi: {path: %s}",
		"patches: [{path: %s}]", "patchesJson6902: [{path: %s, target: {kind: A, name: a}}]", "patchesStrategicMerge: [%s]", "replacements: [{path: %s}]",
		"configMapGenerator: [{name: a, files: [%s]}]", "configMapGenerator: [{name: a, files: [k=%s]}]", "configMapGenerator: [{name: a, env: %s}]",
		"secretGenerator: [{name: a, envs: [%s]}]", "generators: [%s]", "transformers: [%s]", "validators: [%s]",
		"helmCharts: [{name: a, repo: %s}]", "helmChartInflationGenerator: [{chartName: a, chartRepoUrl: %s}]",
	} {
		in := canary(t)
		in.Source = tree(map[string]string{"deploy/base/kustomization.yaml": fmt.Sprintf(field, strconv.Quote(url)) + "\n"})
		_ = refused(t, in)
		in = canary(t)
		in.Branch = tree(map[string]string{"rings/canary/kustomization.yaml": "components: [release]\nnamespace: a\n", "cells/eu-1/kustomization.yaml": fmt.Sprintf(field, strconv.Quote(url)) + "\n"})
		_ = refused(t, in)
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestInputOutOfProportionIsRefused(t *testing.T) {
	t.Parallel()
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 9; i++ {
		a, b := string(rune('0'+i)), string(rune('0'+i-1))
		bomb += "a" + a + ": &a" + a + " [" + strings.Repeat("*a"+b+", ", 9) + "*a" + b + "]\n"
	}
	many := map[string]string{}
	for i := range 2100 {
		many["f"+strings.Repeat("x", i%50)+string(rune('a'+i%26))+strings.Repeat("y", i/50)] = "x"
	}
	towers := map[string]string{"kustomization.yaml": "resources: [x]\n", "x/kustomization.yaml": "resources: [../l0/a, ../l0/b]\n", "l12/a/c.yaml": "", "l12/b/c.yaml": ""}
	for i := range 12 {
		for _, side := range []string{"a", "b"} {
			towers[fmt.Sprintf("l%d/%s/kustomization.yaml", i, side)] = fmt.Sprintf("resources: [../../l%d/a, ../../l%d/b]\nnamePrefix: %s\n", i+1, i+1, side)
		}
	}
	for name, c := range map[string]struct {
		files map[string]string
		says  string
	}{
		"folders that multiply": {towers, "each counted as often as it is named"},
		"aliases that multiply": {map[string]string{"bomb.yaml": bomb}, "once aliases are followed"},
		"deep nesting":          {map[string]string{"deep.yaml": strings.Repeat("[", 80) + strings.Repeat("]", 80)}, "nested deeper than 64"},
		"no YAML":               {map[string]string{"bad.yaml": "a: [\n"}, "deploy/base/bad.yaml: "},
		"a large file":          {map[string]string{"large.bin": strings.Repeat("x", 1<<20+1)}, "at most 1048576 are read"},
		"many files":            {many, "one file too many"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if found := refused(t, with(t, c.files)); !strings.Contains(found.Error(), c.says) {
				t.Errorf("want %q, got:\n%.300v", c.says, found)
			}
		})
	}
	link := maps.Clone(tree(pinned(t)))
	link["deploy/base/link.yaml"] = &fstest.MapFile{Mode: 0o777 | fs.ModeSymlink, Data: []byte("/etc/passwd")}
	in := canary(t)
	in.Source = link
	if found := refused(t, in); !strings.Contains(found.Error(), "link.yaml: is not a regular file") {
		t.Errorf("%v", found)
	}
}

func TestARingWithoutTheReleaseIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ ring, cell, says string }{
		"nothing of the release": {"resources: [own.yaml]\n", "", "Deployment extra: metadata.labels: does not bear the release's labels"},
		"no objects":             {"resources: []\n", "", "rings/canary"},
		"no namespace":           {"components: [release]\n", "", "metadata.namespace: has no namespace"},
		"a cell of another ring": {"namespace: a\ncomponents: [release]\n", "resources: [../../rings/dogfood]\n", "cells/eu-1/kustomization.yaml: resources: ../../rings/dogfood is not there"},
		"another version":        {"namespace: a\ncomponents: [release]\ncommonLabels: {app.kubernetes.io/version: a}\n", "", "does not bear the release's labels"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := canary(t)
			people := map[string]string{
				"rings/canary/kustomization.yaml":  c.ring,
				"rings/canary/own.yaml":            workload("acme", "registry.example/x@"+pod, "  name: extra", "  name: extra\n  namespace: a"),
				"rings/dogfood/kustomization.yaml": "namespace: a\ncomponents: [release]\n",
			}
			if c.cell != "" {
				people["cells/eu-1/kustomization.yaml"] = c.cell
			}
			in.Branch = tree(people)
			if found := refused(t, in); !strings.Contains(found.Error(), c.says) {
				t.Errorf("want %q, got:\n%v", c.says, found)
			}
		})
	}
}

func TestChangesThatAClusterRefusesAreFoundBefore(t *testing.T) {
	t.Parallel()
	in := with(t, map[string]string{"extra.yaml": workload()}, "extra.yaml")
	in.Branch = after(nil, render(t, in))
	next := with(t, map[string]string{"extra.yaml": workload("{app: extra}", "{app: other}")}, "extra.yaml")
	next.Branch, next.Release = in.Branch, version("2026.103.2", '2')
	found := refused(t, next)
	if len(found) != 1 || !strings.Contains(found.Error(), `Deployment extra: spec.selector.matchLabels.app: was "extra" and cannot be changed in place`) {
		t.Errorf("%v", found)
	}
	next.Source = with(t, map[string]string{"extra.yaml": workload("{app: extra}", "{app: other}", "  name: extra", "  name: extra\n  annotations: {argocd.argoproj.io/sync-options: \"Replace=true,Force=true\"}")}, "extra.yaml").Source
	render(t, next)
}
