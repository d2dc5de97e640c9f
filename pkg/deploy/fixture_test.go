package deploy_test

import (
	"errors"
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/relctl/relctl/pkg/deploy"
	"github.com/relctl/relctl/pkg/internal/gittest"
	"github.com/relctl/relctl/pkg/release"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) {
	gittest.Isolate()
	os.Exit(m.Run())
}

// tree makes a file system of files.
func tree(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return out
}

// sample returns the manifests of the sample product as its history has them.
func sample(t testing.TB) map[string]string {
	t.Helper()
	ar, err := txtar.ParseFile("../../testdata/acme/steps/0080-deploy.txtar")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range ar.Files {
		if strings.HasPrefix(f.Name, "deploy/base/") {
			out[f.Name] = string(f.Data)
		}
	}
	return out
}

// pinned is what the sample needs to be deployed: the foreign image by digest, and the Job once a release.
func pinned(t testing.TB) map[string]string {
	t.Helper()
	out := sample(t)
	out["deploy/base/kustomization.yaml"] += "images:\n  - {name: postgres, newName: registry.example/postgres, digest: " + digest('b') + "}\n"
	out["deploy/base/migration.yaml"] = strings.Replace(out["deploy/base/migration.yaml"], "  name: acme-migration\n",
		"  name: acme-migration\n  annotations: {relctl.dev/name: per-release}\n", 1)
	return out
}

func digest(c byte) string { return "sha256:" + strings.Repeat(string(c), 64) }

// version returns a release of the sample; image tells the digits of its image's digest.
func version(v string, image byte) deploy.Release {
	return deploy.Release{
		Product: "acme", Channel: "rolling", Version: release.MustVersion(v),
		Commit: strings.Repeat("c", 40), Digest: digest('a'),
		Images: []deploy.Image{{Name: "acme", Repository: "registry.example/acme/acmed", Digest: digest(image)}},
	}
}

// canary is the input for a ring of one cell.
func canary(t testing.TB) deploy.Input {
	t.Helper()
	return deploy.Input{
		Release: version("2026.103.1", '1'), Engine: deploy.ArgoCD,
		Source: tree(pinned(t)), Base: "deploy/base",
		Ring: deploy.Ring{Name: "canary", Cells: []string{"eu-1"}},
	}
}

func render(t testing.TB, in deploy.Input) *deploy.Set {
	t.Helper()
	set, err := deploy.Render(in)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// refused renders and returns the problems.
func refused(t testing.TB, in deploy.Input) deploy.Problems {
	t.Helper()
	set, err := deploy.Render(in)
	var found deploy.Problems
	if !errors.As(err, &found) {
		t.Fatalf("rendered %v, error %v; want problems", set != nil, err)
	}
	if set != nil {
		t.Error("problems, and a set beside them")
	}
	return found
}

// after returns a branch's files with a set on top, as a commit would leave them.
func after(files fs.FS, set *deploy.Set) fs.FS {
	out := fstest.MapFS{}
	if old, ok := files.(fstest.MapFS); ok {
		maps.Copy(out, old)
	}
	maps.DeleteFunc(out, func(name string, _ *fstest.MapFile) bool {
		return slices.ContainsFunc(set.Owned, func(dir string) bool { return strings.HasPrefix(name, dir+"/") })
	})
	for name, data := range set.Scaffolds {
		if out[name] == nil {
			out[name] = &fstest.MapFile{Data: data, Mode: 0o644}
		}
	}
	for name, data := range set.Files {
		out[name] = &fstest.MapFile{Data: data, Mode: 0o644}
	}
	return out
}

// files lists a set's files as one text.
func files(sets ...*deploy.Set) string {
	var ar txtar.Archive
	for _, s := range sets {
		for _, m := range []map[string][]byte{s.Scaffolds, s.Files} {
			for _, name := range slices.Sorted(maps.Keys(m)) {
				ar.Files = append(ar.Files, txtar.File{Name: name, Data: m[name]})
			}
		}
	}
	return string(txtar.Format(&ar))
}

// golden holds text against a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -update writes it anew):\n%s", name, got)
	}
}
