package scaffold

import (
	"errors"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Build is how the product is built.
type Build struct {
	// Goreleaser is the path of goreleaser's configuration, "" if there is none.
	Goreleaser string
	// Command is what builds it otherwise, and Output the folder that it fills.
	Command []string
	Output  string
	// Guess says that somebody must check it.
	Guess bool
}

// String says it in a few words.
func (b Build) String() string {
	switch {
	case b.Goreleaser != "":
		return "goreleaser, " + b.Goreleaser
	case b.Guess:
		return strings.Join(b.Command, " ") + " (a guess)"
	}
	return strings.Join(b.Command, " ")
}

// findBuild looks for goreleaser's configuration, then for Go programs, then for what usually builds a product.
func findBuild(files fs.FS) (Build, error) {
	for _, name := range []string{".goreleaser.yaml", ".goreleaser.yml", "goreleaser.yaml", "goreleaser.yml", ".config/goreleaser.yaml", ".config/goreleaser.yml"} {
		if _, err := fs.Stat(files, name); err == nil {
			return Build{Goreleaser: name}, nil
		}
	}
	programs, err := goPrograms(files)
	if err != nil {
		return Build{}, err
	}
	if len(programs) > 0 {
		return Build{Command: append([]string{"go", "build", "-trimpath", "-buildvcs=false", "-o", "dist/"}, programs...), Output: "dist"}, nil
	}
	for _, known := range []struct{ file, command string }{
		{"hack/build.sh", "./hack/build.sh"}, {"scripts/build.sh", "./scripts/build.sh"}, {"build.sh", "./build.sh"},
		{"Makefile", "make dist"}, {"Taskfile.yml", "task dist"}, {"justfile", "just dist"}, {"package.json", "npm run build"},
		{"Cargo.toml", "cargo build --release --locked --target-dir dist"},
	} {
		if _, err := fs.Stat(files, known.file); err == nil {
			return Build{Command: strings.Fields(known.command), Output: "dist", Guess: true}, nil
		}
	}
	return Build{Command: []string{"make", "dist"}, Output: "dist", Guess: true}, nil
}

// goPrograms are the main packages at the root and below cmd, as go build names them.
func goPrograms(files fs.FS) ([]string, error) {
	if _, err := fs.Stat(files, "go.mod"); err != nil {
		return nil, nil //nolint:nilerr // not a Go module
	}
	var out []string
	folders := []string{"."}
	entries, err := fs.ReadDir(files, "cmd")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, "cmd/"+e.Name())
		}
	}
	for _, dir := range folders {
		main, err := isProgram(files, dir)
		if err != nil {
			return nil, err
		}
		if main {
			out = append(out, "./"+strings.TrimPrefix(dir, "."))
		}
	}
	slices.Sort(out)
	return out, nil
}

// maxSource bounds what is read of a source file to learn its package.
const maxSource = 1 << 20

func isProgram(files fs.FS, dir string) (bool, error) {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		if info, err := e.Info(); err != nil || info.Size() > maxSource {
			continue
		}
		data, err := fs.ReadFile(files, path.Join(dir, e.Name()))
		if err != nil {
			return false, err
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), data, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil || strings.Contains(string(data[:f.Package]), "//go:build ignore") {
			continue
		}
		return f.Name.Name == "main", nil
	}
	return false, nil
}
