package deps

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/mod/modfile"
)

// apart are modules that may have versions of their own in a module beside ours, and why.
var apart = map[string]string{
	"testdata/k8s/flux github.com/minio/minio-go/v7": "Flux asks for a newer one than we want",
}

// The modules of the tools and of the programs that tests need have the versions that ours has: what is compiled for one
// of them is compiled for all. With versions of their own everything above these is compiled again, a third of all there
// is, which on a new machine takes minutes.
func TestModulesShareVersions(t *testing.T) {
	ours := required(t, ".")
	for _, dir := range []string{"tools", "testdata/k8s", "testdata/k8s/flux"} {
		for path, version := range required(t, dir) {
			if want := ours[path]; want != "" && want != version && apart[dir+" "+path] == "" {
				t.Errorf("%s has %s %s, and go.mod %s; the newer one for both: go -C %s get %s@%s", dir, path, version, want, dir, path, want)
			}
		}
	}
}

// required are the modules that the go.mod of a folder names, with their versions.
func required(t *testing.T, dir string) map[string]string {
	t.Helper()
	file := filepath.Join("..", "..", "..", filepath.FromSlash(dir), "go.mod")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse(file, data, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(mod.Require) == 0 {
		t.Fatalf("%s requires nothing", file)
	}
	found := map[string]string{}
	for _, r := range mod.Require {
		found[r.Mod.Path] = r.Mod.Version
	}
	return found
}
