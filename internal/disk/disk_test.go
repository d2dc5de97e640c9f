package disk_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relctl/relctl/internal/disk"
)

// changing are the functions of package os that this package stands for, or that it would have to.
var changing = []string{
	"Chmod", "Chown", "Create", "CreateTemp", "Lchown", "Link", "Mkdir", "MkdirAll", "MkdirTemp", "OpenFile", "Remove", "RemoveAll",
	"Rename", "Symlink", "Truncate", "WriteFile", "OpenRoot",
}

// elsewhere are packages that take no part in releasing, promoting and publishing.
var elsewhere = []string{"doctor", "portal", "verify"}

// allowed are calls that change nothing.
var allowed = map[string]string{
	"pkg/git/run.go":        "OpenFile", // looks whether there is a terminal
	"pkg/handbook/facts.go": "OpenRoot", // reads
	"pkg/handbook/notes.go": "OpenRoot", // reads
}

// commands are files of the command line that release, promote and publish.
var commands = []string{"advance", "bundle", "bundlewrite", "cut", "decide", "mirror", "promote", "publish", "pull", "ringcommands", "rollback", "rollout"}

func TestNobodyChangesFilesPastThisPackage(t *testing.T) {
	root := filepath.Join("..", "..")
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		name = filepath.ToSlash(name)
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == ".git" || strings.HasSuffix(d.Name(), "test")):
			return fs.SkipDir
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "internal/disk/"):
			return nil
		}
		files++
		calls := callsIn(t, path)
		if slices.Contains(calls["disk"], "Watch") {
			t.Errorf("%s calls disk.Watch, which is for tests", name)
		}
		if !bound(name) {
			return nil
		}
		for _, f := range calls["os"] {
			if slices.Contains(changing, f) && allowed[name] != f {
				t.Errorf("%s calls os.%s: call disk.%s, so that tests can let it fail", name, f, f)
			}
		}
		return nil
	})
	if err != nil || files < 100 {
		t.Errorf("%d files: %v", files, err)
	}
}

// bound reports whether a file's changes to the disk must go through this package.
func bound(name string) bool {
	dir, file := filepath.Split(name)
	switch {
	case dir == "cmd/relctl/cli/":
		return slices.Contains(commands, strings.TrimSuffix(file, ".go"))
	case strings.HasPrefix(dir, "pkg/"):
		return !slices.Contains(elsewhere, strings.Split(dir, "/")[1])
	}
	return dir == "internal/durable/"
}

// callsIn lists what a file calls, by package.
func callsIn(t *testing.T, path string) map[string][]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if p, ok := s.X.(*ast.Ident); ok {
				out[p.Name] = append(out[p.Name], s.Sel.Name)
			}
		}
		return true
	})
	return out
}

func TestEveryStepIsSeenAndMayFail(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	var seen []string
	failing := ""
	full := errors.New("full")
	disk.Watch(func(s disk.Step, do func() error) error {
		seen = append(seen, s.Op+" "+strings.TrimPrefix(s.Path, dir+string(os.PathSeparator)))
		if s.Op == failing {
			return full
		}
		return do()
	})
	t.Cleanup(func() { disk.Watch(func(_ disk.Step, do func() error) error { return do() }) })
	all := func() error {
		if err := disk.MkdirAll(at("a"), 0o755); err != nil {
			return err
		}
		if err := disk.MkdirAll(at("a"), 0o755); err != nil { // there already: no step
			return err
		}
		f, err := disk.OpenFile(at("a/f"), os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		_, err = f.WriteString("text")
		return errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close(), disk.Rename(at("a/f"), at("a/g")), disk.Link(at("a/g"), at("a/h")), disk.SyncDir(at("a")), disk.RemoveAll(at("a")))
	}
	if err := all(); err != nil {
		t.Fatal(err)
	}
	want := []string{"mkdir a", "create a/f", "write a/f", "chmod a/f", "sync a/f", "rename a/g", "link a/h", "sync a", "remove a"}
	if !slices.Equal(seen, want) {
		t.Errorf("saw %q", seen)
	}
	for _, step := range want {
		failing, _, _ = strings.Cut(step, " ")
		if err := all(); !errors.Is(err, full) {
			t.Errorf("%s failed, and what came of it is %v", failing, err)
		}
		failing = ""
		if err := disk.RemoveAll(at("a")); err != nil {
			t.Error(err)
		}
	}
}
