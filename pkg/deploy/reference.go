package deploy

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
)

// kustomizationNames are the names under which kustomize looks for its file.
var kustomizationNames = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// kustomizationOf returns the kustomization of a folder, "" if there is none.
func (w *workspace) kustomizationOf(dir string) string {
	for _, n := range kustomizationNames {
		if name := path.Join(dir, n); w.files[name] != nil {
			return name
		}
	}
	return ""
}

// isDir reports whether there are files below dir.
func (w *workspace) isDir(dir string) bool {
	for name := range w.files {
		if strings.HasPrefix(name, dir+"/") {
			return true
		}
	}
	return false
}

// closed goes through the kustomizations that are reached from a folder, and refuses every reference that does not lead
// to a file at hand. kustomize itself would fetch those from the network, and can be told to start programs.
func (w *workspace) closed(dir string) Problems {
	c := closure{w: w, loads: map[string]int{}}
	if c.visit(dir) > maxFiles && len(c.found) == 0 {
		return tooLarge(dir, fmt.Sprintf("leads to more than %d files, each counted as often as it is named", maxFiles))
	}
	return c.found
}

// closure is a walk over kustomizations.
type closure struct {
	w *workspace
	// loads is how many files kustomize reads for a folder, with repetitions.
	loads map[string]int
	found Problems
}

func (c *closure) visit(dir string) int {
	if n, ok := c.loads[dir]; ok {
		return n
	}
	c.loads[dir] = 1 // kustomize refuses circles
	name := c.w.kustomizationOf(dir)
	if name == "" {
		return 1 // kustomize says it better
	}
	var k types.Kustomization
	if err := k.Unmarshal(c.w.files[name]); err != nil {
		c.refuse(name, "", oneLine(err), "correct the kustomization")
		return 1
	}
	k.FixKustomization()
	c.programs(name, &k)
	for _, ref := range references(&k) {
		target := path.Join(dir, ref.path)
		switch {
		case remote(ref.path):
			c.refuse(name, ref.field, ref.path+" lies in the network",
				"copy what it points at into the repository: a release is rendered from its commit alone")
		case c.w.files[target] != nil:
			c.loads[dir]++
		case ref.folder && c.w.isDir(target):
			c.loads[dir] = min(c.loads[dir]+c.visit(target), maxFiles+1)
		default:
			c.refuse(name, ref.field, ref.path+" is not there",
				"a base sees its own folder only; a ring sees its release, a cell its ring, and both what people keep elsewhere on the deploy branch")
		}
	}
	return c.loads[dir]
}

func (c *closure) refuse(name, field, message, fix string) {
	c.found = append(c.found, Problem{File: c.w.origin[name], Field: field, Message: message, Fix: fix})
}

// programs refuses what would start programs, or change how everything is rendered that this process renders later.
func (c *closure) programs(name string, k *types.Kustomization) {
	const starts, lasts = "starts programs, which rendering does not", "changes the schemas of all that is rendered later"
	for _, f := range []struct {
		field, message string
		set            bool
	}{
		{"generators", starts, len(k.Generators) > 0},
		{"helmCharts", starts, len(k.HelmCharts) > 0 || k.HelmGlobals != nil},
		{"openapi", lasts, len(k.OpenAPI) > 0},
		{"transformers", starts, len(k.Transformers) > 0},
		{"validators", starts, len(k.Validators) > 0},
	} {
		if f.set {
			c.refuse(name, f.field, f.message, "commit what it would give, or use other fields of kustomize")
		}
	}
}

// reference is a place that a kustomization names.
type reference struct {
	field, path string
	folder      bool // may be one
}

func references(k *types.Kustomization) []reference {
	var all []reference
	add := func(field string, folder bool, paths ...string) {
		for _, p := range paths {
			if p != "" {
				all = append(all, reference{field, p, folder})
			}
		}
	}
	add("resources", true, k.Resources...)
	add("components", true, k.Components...)
	add("crds", false, k.Crds...)
	add("configurations", false, k.Configurations...)
	for _, p := range k.PatchesStrategicMerge { //nolint:staticcheck // old kustomizations have it
		if !strings.Contains(string(p), "\n") {
			add("patchesStrategicMerge", false, string(p))
		}
	}
	for _, p := range slices.Concat(k.Patches, k.PatchesJson6902) { //nolint:staticcheck // old kustomizations have it
		add("patches", false, p.Path)
	}
	for _, r := range k.Replacements {
		add("replacements", false, r.Path)
	}
	for _, g := range k.ConfigMapGenerator {
		addSources(add, "configMapGenerator", g.KvPairSources)
	}
	for _, g := range k.SecretGenerator {
		addSources(add, "secretGenerator", g.KvPairSources)
	}
	return all
}

func addSources(add func(string, bool, ...string), field string, s types.KvPairSources) {
	for _, f := range s.FileSources {
		if _, file, ok := strings.Cut(f, "="); ok {
			f = file
		}
		add(field, false, f)
	}
	add(field, false, s.EnvSources...)
}

// remote reports whether kustomize would look for a reference anywhere but in files. It is stricter than kustomize.
func remote(ref string) bool {
	lower := strings.ToLower(ref)
	return strings.ContainsAny(ref, ":@?") || strings.HasPrefix(lower, "github.com") || strings.HasPrefix(ref, "/") || strings.Contains(ref, "//")
}

// oneLine keeps an error of kustomize readable.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
