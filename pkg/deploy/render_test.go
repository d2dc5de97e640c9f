package deploy_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/relctl/relctl/pkg/deploy"
)

var rings = []deploy.Ring{
	{Name: "dogfood", Cells: []string{"internal"}},
	{Name: "canary", Cells: []string{"eu-1"}},
	{Name: "multi-tenant", Cells: []string{"us-1", "eu-2"}},
}

// gitops is the engine's part for the sample's rings, of which the canary runs.
func gitops(t testing.TB, engine deploy.Engine, sets ...*deploy.Set) deploy.GitOps {
	t.Helper()
	running, err := deploy.Running(nil, rings, sets...)
	if err != nil {
		t.Fatal(err)
	}
	return deploy.GitOps{
		Product: "acme", Channel: "rolling", Engine: engine, Rings: rings, Deployed: running,
		Repository: "git@git.example:acme/acme.git", Branch: deploy.DefaultBranch,
		Freezes: []deploy.Freeze{
			{Name: "year-end", From: time.Date(2026, 12, 19, 23, 0, 0, 0, time.UTC), Until: time.Date(2027, 1, 4, 23, 0, 0, 0, time.UTC)},
			{Name: "weekends", Rings: []string{"multi-tenant"}, Weekdays: []time.Weekday{time.Saturday, time.Friday}, Start: 18 * time.Hour, Length: 90 * time.Minute, Timezone: "Europe/Berlin"},
			{Name: "incident", Rings: []string{"canary"}},
		},
		At: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
	}
}

func TestEachEngineGetsItsFiles(t *testing.T) {
	for _, engine := range []deploy.Engine{deploy.ArgoCD, deploy.Flux, deploy.Kustomize} {
		in := canary(t)
		in.Engine = engine
		set := render(t, in)
		own, err := gitops(t, engine, set).Render()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, string(engine)+".txtar", files(set, own))
	}
}

func TestFluxReadsAnArtifactOfARegistry(t *testing.T) {
	g := gitops(t, deploy.Flux, render(t, canary(t)))
	g.Repository, g.Secret, g.Keys = "oci://registry.example/acme/deploy", "registry", "cosign"
	set, err := g.Render()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "flux-oci.txtar", files(set))
}

func TestTheSampleAsItIsIsRefusedForWhatItLacks(t *testing.T) {
	in := canary(t)
	in.Source = tree(sample(t))
	found := refused(t, in)
	golden(t, "sample-refused.txt", found.Error()+"\n\n"+found.Hint()+"\n")
}

func TestRenderingAgainGivesTheSameBytes(t *testing.T) {
	in := canary(t)
	in.Ring.Cells = []string{"b", "a", "c"}
	first := render(t, in)
	in.Ring.Cells = []string{"c", "b", "a"}
	if files(render(t, in)) != files(first) {
		t.Error("the order of the cells matters")
	}
	in.Branch = after(in.Branch, first)
	again := render(t, in)
	if len(again.Scaffolds) != 0 {
		t.Errorf("scaffolds %v although the ring has a kustomization", again.Scaffolds)
	}
	again.Scaffolds = first.Scaffolds
	if files(again) != files(first) {
		t.Error("rendering on top of itself differs")
	}
}

func TestTheBranchDependsOnWhatRunsAndNotOnHowItCameThere(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	releases := []deploy.Release{version("2026.103.1", '1'), version("2026.103.2", '2'), version("2026.103.3", '2')}
	step := func(files fs.FS, ring deploy.Ring, r deploy.Release, all []deploy.Ring) fs.FS {
		in := canary(t)
		in.Branch, in.Ring, in.Release = files, ring, r
		set := render(t, in)
		running, err := deploy.Running(files, all, set)
		if err != nil {
			t.Fatal(err)
		}
		own, err := deploy.GitOps{Product: "acme", Channel: "rolling", Engine: deploy.ArgoCD, Rings: all, Deployed: running, Repository: "https://git.example/a", Branch: "b"}.Render()
		if err != nil {
			t.Fatal(err)
		}
		both, err := deploy.Join(set, own)
		if err != nil {
			t.Fatal(err)
		}
		return after(files, both)
	}
	for range 5 {
		var files fs.FS
		last := map[string]deploy.Release{}
		for range 8 {
			ring := rings[rng.IntN(len(rings))]
			last[ring.Name] = releases[rng.IntN(len(releases))]
			if rng.IntN(2) == 0 { // a cell that comes or goes
				files = step(files, deploy.Ring{Name: ring.Name, Cells: append([]string{"other"}, ring.Cells...)}, last[ring.Name], []deploy.Ring{ring})
			}
			files = step(files, ring, last[ring.Name], rings)
		}
		var direct fs.FS
		for _, ring := range rings {
			if r, ok := last[ring.Name]; ok {
				direct = step(direct, ring, r, rings)
			}
		}
		if !maps.EqualFunc(files.(fstest.MapFS), direct.(fstest.MapFS), func(a, b *fstest.MapFile) bool { return bytes.Equal(a.Data, b.Data) }) {
			t.Errorf("%v\ndiffer from\n%v", slices.Sorted(maps.Keys(files.(fstest.MapFS))), slices.Sorted(maps.Keys(direct.(fstest.MapFS))))
		}
	}
}

func TestOnlyLabelsDifferIfTheImagesAreTheSame(t *testing.T) {
	in := canary(t)
	in.Branch = after(nil, render(t, in))
	in.Release = version("2026.103.2", '1')
	diffs, err := render(t, in).Diff(in.Branch)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range diffs[0].Objects {
		if !o.LabelOnly && o.Kind != "Job" {
			t.Errorf("%s %s %s: %v", o.Change, o.Kind, o.Name, o.Fields)
		}
	}
	if len(diffs[0].Images) != 0 {
		t.Errorf("images %v", diffs[0].Images)
	}
}

func TestAPersonsRingAndCellCountAndAreNeverWritten(t *testing.T) {
	in := canary(t)
	in.Ring.Cells = []string{"eu-1", "eu-2"}
	in.Branch = tree(map[string]string{
		"README.md":                       "ours\n",
		"shared/quota/kustomization.yaml": "resources: [quota.yaml]\n",
		"shared/quota/quota.yaml":         "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {pods: \"9\"}}\n",
		"rings/canary/kustomization.yaml": "namespace: acme-canary\nresources: [../../shared/quota]\ncomponents: [release]\nconfigMapGenerator:\n  - {name: extra, literals: [a=b]}\n",
		"cells/eu-2/kustomization.yaml":   "resources: [../../rings/canary]\npatches:\n  - patch: |-\n      {apiVersion: apps/v1, kind: Deployment, metadata: {name: acme}, spec: {replicas: 7}}\n",
		"rings/other/kustomization.yaml":  "not: [closed\n",
		"cells/other/kustomization.yaml":  "not: [closed\n",
	})
	set := render(t, in)
	one, two := string(set.Files["rendered/canary/eu-1/manifests.yaml"]), string(set.Files["rendered/canary/eu-2/manifests.yaml"])
	for _, want := range []string{"kind: ResourceQuota", "namespace: acme-canary", "name: extra-"} {
		if !strings.Contains(one, want) || !strings.Contains(two, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(one, "replicas: 7") || !strings.Contains(two, "replicas: 7") {
		t.Error("the patch of cell eu-2 is not in it, or elsewhere")
	}
	for name := range set.Files {
		if !strings.HasPrefix(name, "rings/canary/release/") && !strings.HasPrefix(name, "rendered/canary/") {
			t.Errorf("%s is written", name)
		}
	}
	if len(set.Scaffolds) != 0 {
		t.Errorf("scaffolds %v", set.Scaffolds)
	}
}

func TestKustomizeGivesTheSameFromTheFilesOfTheBranch(t *testing.T) {
	t.Parallel()
	in := canary(t)
	set := render(t, in)
	dir := t.TempDir()
	if err := os.CopyFS(dir, after(nil, set)); err != nil {
		t.Fatal(err)
	}
	m, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(dir, "rings/canary"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := m.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	changes, _, err := deploy.DiffManifests(text, set.Files["rendered/canary/eu-1/manifests.yaml"])
	if err != nil || len(changes) != 0 || m.Size() != set.Cells[0].Objects {
		t.Errorf("%d objects, changes %v, error %v", m.Size(), changes, err)
	}
}

func TestARingOfAnotherChannelIsLeftAlone(t *testing.T) {
	in := canary(t)
	in.Branch = after(nil, render(t, in))
	in.Release.Channel = "edge"
	if _, err := deploy.Render(in); err == nil || !strings.Contains(err.Error(), "ring canary belongs to channel rolling") {
		t.Errorf("error %v", err)
	}
}

func TestManifestsThatSomebodyBrokeAreWrittenAnew(t *testing.T) {
	t.Parallel()
	in := canary(t)
	first := render(t, in)
	broken := after(nil, first).(fstest.MapFS)
	broken["rendered/canary/eu-1/manifests.yaml"].Data = []byte("<<<<<<< ours\n\ta: b\n")
	in.Branch = broken
	set := render(t, in)
	diffs, err := set.Diff(in.Branch)
	if err != nil || !strings.Contains(diffs[0].Text(), "what it ran cannot be read") || len(set.Warnings) != 1 {
		t.Errorf("diffs %v, error %v, warnings %v", diffs, err, set.Warnings)
	}
	if set.Scaffolds = first.Scaffolds; files(set) != files(first) {
		t.Error("other files than at first")
	}
}

func TestWhatStandsBesideManifestsIsReadStrictly(t *testing.T) {
	t.Parallel()
	const name = "rendered/canary/eu-1/relctl.json"
	good := string(render(t, canary(t)).Files[name])
	for says, text := range map[string]string{
		"":                         good,
		"bytes after its end":      good + "{}",
		"this relctl reads":        strings.Replace(good, "deployed/v1", "deployed/v2", 1),
		"cell us-1 of ring canary": strings.Replace(good, "eu-1", "us-1", 1),
		"larger than":              good + strings.Repeat(" ", 1<<20),
	} {
		in := canary(t)
		in.Branch = tree(map[string]string{name: text})
		d, err := deploy.ReadDeployed(in.Branch, "canary", "eu-1")
		if says == "" && (err != nil || d.Version.String() != "2026.103.1") || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("want %q, got %v", says, err)
		}
		if _, again := deploy.Render(in); (again == nil) != (err == nil) {
			t.Errorf("rendering on top of it: %v", again)
		}
	}
	if d, err := deploy.ReadDeployed(nil, "canary", "eu-1"); d != nil || err != nil {
		t.Errorf("of nothing: %v %v", d, err)
	}
}

func TestInputsThatMeanSomethingElseAreRefused(t *testing.T) {
	for says, change := range map[string]func(*deploy.Input){
		"is not a full commit id": func(in *deploy.Input) { in.Release.Commit = "abc" },
		"release without a version": func(in *deploy.Input) {
			in.Release.Version = version("1.0.0", '1').Version
			in.Release = deploy.Release{Product: "a", Channel: "b"}
		},
		"release: ":                   func(in *deploy.Input) { in.Release.Digest = "sha256:zz" },
		"product: ":                   func(in *deploy.Input) { in.Release.Product = "A cme" },
		"cannot be a label":           func(in *deploy.Input) { in.Release = version("1.0.0-"+strings.Repeat("a", 60), '1') },
		"is not a repository":         func(in *deploy.Input) { in.Release.Images[0].Repository = "https://registry.example/acme" },
		"image acme: \"sha256:zz\"":   func(in *deploy.Input) { in.Release.Images[0].Digest = "sha256:zz" },
		"stands twice":                func(in *deploy.Input) { in.Release.Images = append(in.Release.Images, in.Release.Images[0]) },
		"without tag and digest":      func(in *deploy.Input) { in.Release.Images[0].Name = "acme:1@x" },
		"ring: ":                      func(in *deploy.Input) { in.Ring.Name = "../up" },
		"cell: ":                      func(in *deploy.Input) { in.Ring.Cells = []string{"a/b"} },
		"cell a stands in":            func(in *deploy.Input) { in.Ring.Cells = []string{"a", "a"} },
		"no source files":             func(in *deploy.Input) { in.Source = nil },
		"is not a folder of the repo": func(in *deploy.Input) { in.Base = "/etc" },
		"engine \"helm\"":             func(in *deploy.Input) { in.Engine = "helm" },
		"is not a folder of the rel":  func(in *deploy.Input) { in.Base = "deploy/none" },
		"has no kustomization.yaml":   func(in *deploy.Input) { in.Base = "deploy" },
	} {
		in := canary(t)
		change(&in)
		if _, err := deploy.Render(in); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want %q, got %v", says, err)
		}
	}
}

// BenchmarkRender prints how long 50 cells of 40 objects take, each with a kustomization of its own, and then all alike,
// also as a ratio to one such cell.
func BenchmarkRender(b *testing.B) {
	const cells, objects = 50, 40
	base := map[string]string{}
	var list strings.Builder
	for i := range objects {
		name := fmt.Sprintf("d%d.yaml", i)
		fmt.Fprintf(&list, "  - %s\n", name)
		base["deploy/base/"+name] = strings.ReplaceAll(pinned(b)["deploy/base/deployment.yaml"], "name: acme\n", fmt.Sprintf("name: acme-%d\n", i))
	}
	base["deploy/base/kustomization.yaml"] = "resources:\n" + list.String()
	in := canary(b)
	in.Source, in.Ring.Cells = tree(base), nil
	people := map[string]string{}
	for i := range cells {
		cell := fmt.Sprintf("cell-%d", i)
		in.Ring.Cells = append(in.Ring.Cells, cell)
		people["cells/"+cell+"/kustomization.yaml"] = "resources: [../../rings/canary]\ncommonAnnotations: {cell: " + cell + "}\n"
	}
	for _, own := range []bool{true, false} {
		name := "CellsAlike"
		in.Branch = nil
		if own {
			name, in.Branch = "CellsOfTheirOwn", tree(people)
		}
		b.Run(name, func(b *testing.B) {
			one := in
			one.Ring.Cells = in.Ring.Cells[:1]
			var took, reference time.Duration
			for b.Loop() {
				begin := time.Now()
				render(b, one)
				reference += time.Since(begin)
				begin = time.Now()
				render(b, in)
				took += time.Since(begin)
			}
			b.ReportMetric(float64(took.Milliseconds())/float64(b.N), "ms")
			b.ReportMetric(took.Seconds()/reference.Seconds(), "x-of-one-cell")
		})
	}
}
