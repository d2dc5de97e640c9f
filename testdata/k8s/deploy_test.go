package k8s

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"

	"github.com/relctl/relctl/pkg/deploy"
	"github.com/relctl/relctl/pkg/release"
)

// definitions are the engines' custom resource definitions as their modules carry them. Those of Flux's modules have
// their version and sum in flux/go.mod.
var definitions = []struct{ in, module, sum, files string }{
	{".", "github.com/argoproj/argo-cd/v3@v3.5.7", "h1:Xm1BF+I5OgDKUG3SDK49vn2/Y5AMyaNVko+/JT08gj0=", "manifests/crds/*-crd.yaml"},
	{"flux", "github.com/fluxcd/source-controller", "", "config/crd/bases/*.yaml"},
	{"flux", "github.com/fluxcd/kustomize-controller", "", "config/crd/bases/*.yaml"},
}

// install teaches the server the engines' kinds, and makes the namespaces in which they and the product live.
func install(t *testing.T, s *server) {
	t.Helper()
	for _, d := range definitions {
		out, err := exec.Command("go", "-C", d.in, "mod", "download", "-json", d.module).Output()
		var module struct{ Dir, Sum string }
		if err := errors.Join(err, json.Unmarshal(out, &module)); err != nil || d.sum != "" && module.Sum != d.sum {
			t.Fatalf("%s: %v, sum %s, want %s", d.module, err, module.Sum, d.sum)
		}
		files, err := filepath.Glob(filepath.Join(module.Dir, filepath.FromSlash(d.files)))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s holds no %s: %v", d.module, d.files, err)
		}
		for _, name := range files {
			for _, crd := range objects(t, read(t, name)) {
				must(t, s.apply(crd, ""))
				where, err := s.path(crd, "")
				must(t, err)
				s.await(t, nil, where, established)
			}
		}
	}
	for _, ns := range []string{"acme", "argocd", "flux-system"} {
		must(t, s.apply(object{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": ns}}, ""))
	}
}

// established reports whether a definition is served.
func established(body []byte) bool {
	var crd struct {
		Status struct {
			Conditions []struct{ Type, Status string }
		}
	}
	err := json.Unmarshal(body, &crd)
	return err == nil && slices.Contains(crd.Status.Conditions, struct{ Type, Status string }{"Established", "True"})
}

// objects reads the documents of a YAML file.
func objects(t *testing.T, data []byte) []object {
	t.Helper()
	var out []object
	for dec := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var o map[string]any
		err := dec.Decode(&o)
		if errors.Is(err, io.EOF) {
			return out
		}
		must(t, err)
		if o != nil {
			out = append(out, o)
		}
	}
}

// source is the sample product's base as its history has it, with what it needs to be deployed: the foreign image by
// digest, and the Job once a release.
func source(t *testing.T) fstest.MapFS {
	t.Helper()
	ar, err := txtar.ParseFile("../acme/steps/0080-deploy.txtar")
	must(t, err)
	out := fstest.MapFS{}
	for _, f := range ar.Files {
		text := string(f.Data)
		switch f.Name {
		case "deploy/base/kustomization.yaml":
			text += "images:\n  - {name: postgres, newName: registry.example/postgres, digest: " + digest('b') + "}\n"
		case "deploy/base/migration.yaml":
			text = strings.Replace(text, "  name: acme-migration\n", "  name: acme-migration\n  annotations: {relctl.dev/name: per-release}\n", 1)
		}
		if strings.HasPrefix(f.Name, "deploy/base/") {
			out[f.Name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
		}
	}
	return out
}

func digest(c byte) string { return "sha256:" + strings.Repeat(string(c), 64) }

var rings = []deploy.Ring{
	{Name: "canary", Cells: []string{"eu-1"}}, {Name: "multi-tenant", Cells: []string{"eu-2", "us-1"}},
}

// rendered is all that relctl writes for a release in all rings, on top of a branch.
func rendered(t *testing.T, engine deploy.Engine, repository, secret, version string, image byte, branch fstest.MapFS) map[string][]byte {
	t.Helper()
	var sets []*deploy.Set
	for _, r := range rings {
		set, err := deploy.Render(deploy.Input{
			Engine: engine, Source: source(t), Base: "deploy/base", Branch: branch, Ring: r,
			Release: deploy.Release{
				Product: "acme", Channel: "rolling", Version: release.MustVersion(version), Commit: strings.Repeat("c", 40), Digest: digest('a'),
				Images: []deploy.Image{{Name: "acme", Repository: "registry.example/acme/acmed", Digest: digest(image)}},
			},
		})
		must(t, err)
		sets = append(sets, set)
	}
	running, err := deploy.Running(branch, rings, sets...)
	must(t, err)
	own, err := deploy.GitOps{
		Product: "acme", Channel: "rolling", Engine: engine, Rings: rings, Deployed: running,
		Repository: repository, Branch: deploy.DefaultBranch, Secret: secret, Keys: keys(repository),
		Freezes: []deploy.Freeze{
			{Name: "year-end", From: time.Date(2026, 12, 19, 23, 0, 0, 0, time.UTC), Until: time.Date(2027, 1, 4, 23, 0, 0, 0, time.UTC)},
			{Name: "weekends", Rings: []string{"multi-tenant"}, Weekdays: []time.Weekday{time.Saturday}, Length: 48 * time.Hour, Timezone: "Europe/Berlin"},
		},
		At: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
	}.Render()
	must(t, err)
	all, err := deploy.Join(append(sets, own)...)
	must(t, err)
	return all.Files
}

// keys names the secret of an artifact's signers; a git repository has none.
func keys(repository string) string {
	if strings.HasPrefix(repository, "oci://") {
		return deploy.KeysName("acme")
	}
	return ""
}

func TestAClusterAcceptsEachObjectThatIsRendered(t *testing.T) {
	s := start(t)
	install(t, s)
	seen := map[string]int{}
	for name, c := range map[string]struct {
		engine     deploy.Engine
		repository string
	}{
		"argocd":    {deploy.ArgoCD, "https://git.example/acme/acme.git"},
		"flux":      {deploy.Flux, "ssh://git@git.example/acme/acme.git"},
		"flux-oci":  {deploy.Flux, "oci://registry.example/acme/deploy"},
		"kustomize": {deploy.Kustomize, ""},
	} {
		branch := fstest.MapFS{}
		files := rendered(t, c.engine, c.repository, "git", "2026.103.1", '1', branch)
		applyAll(t, s, name, files, seen)
		for file, data := range files {
			branch[file] = &fstest.MapFile{Data: data, Mode: 0o644}
		}
		applyAll(t, s, name, rendered(t, c.engine, c.repository, "git", "2026.104.1", '2', branch), seen) // over the first
	}
	want := []string{
		"AppProject", "ApplicationSet", "ConfigMap", "Deployment", "GitRepository", "Job", "Kustomization", "OCIRepository", "PersistentVolumeClaim", "Service",
	}
	if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, want) {
		t.Errorf("kinds %v were applied, want %v", got, want)
	}
	t.Log(seen)
	refuses(t, s)
}

// applyAll applies the manifests of all cells and the engine's objects.
func applyAll(t *testing.T, s *server, engine string, files map[string][]byte, seen map[string]int) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Ext(name) != ".yaml" || strings.HasPrefix(name, "rings/") {
			continue
		}
		for _, o := range objects(t, files[name]) {
			if err := s.apply(o, "default"); err != nil {
				t.Errorf("%s: %s: %v", engine, name, err)
			}
			seen[o.text("kind")]++
		}
	}
}

// refuses shows that the server would have found a fault: fields that no definition knows, and values of another type.
func refuses(t *testing.T, s *server) {
	t.Helper()
	for want, doc := range map[string]string{
		`field not declared in schema`:      "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: p}\nspec: {sourceRepository: [a]}\n",
		`spec.interval`:                     "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: r}\nspec: {interval: often, url: 'oci://a/b'}\n",
		`.spec.replica: field not declared`: "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replica: 1, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}\n",
	} {
		err := s.apply(objects(t, []byte(doc))[0], "default")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\nis answered with %v, want %q", doc, err, want)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	must(t, err)
	return data
}
