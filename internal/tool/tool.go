// Package tool builds the programs that this repository's tests and its demo run, goreleaser, cosign and golangci-lint,
// from the module in tools/ and keeps them in the user's cache. They stand in a module of their own so that whoever
// imports relctl as a library does not inherit their dependencies.
//
// A program is built once per set of versions (tools/go.mod, tools/go.sum and the Go release), whoever asks first; a
// file lock makes everybody else wait for that one build. The first build of all takes minutes and needs the modules,
// each later call takes milliseconds and no network.
package tool

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// packages are the main packages that tools/go.mod declares as tools, by the name of the program.
var packages = map[string]string{
	"actionlint":    "github.com/rhysd/actionlint/cmd/actionlint",
	"cosign":        "github.com/sigstore/cosign/v3/cmd/cosign",
	"golangci-lint": "github.com/golangci/golangci-lint/v2/cmd/golangci-lint",
	"goreleaser":    "github.com/goreleaser/goreleaser/v2",
	"versitygw":     "github.com/versity/versitygw/cmd/versitygw",
}

// apart are the programs with a module of their own, a folder of tools/ with their name: what they need does not go
// together with what the others need.
var apart = map[string]bool{"actionlint": true, "versitygw": true}

// Names returns the programs that [Path] knows, sorted.
func Names() []string { return slices.Sorted(maps.Keys(packages)) }

// Path returns the absolute path of the named program, which it builds if the cache does not hold it yet.
//
// It needs the go command and the source of this repository: the one that the running program was compiled from, or
// the one around the working directory. Without either the error is a [*SourceError].
func Path(ctx context.Context, name string) (string, error) {
	pkg, ok := packages[name]
	if !ok {
		return "", fmt.Errorf("tool %q is unknown; there are %s", name, strings.Join(Names(), ", "))
	}
	dir, err := sourceDir(ctx)
	if err != nil {
		return "", fmt.Errorf("build %s: %w", name, err)
	}
	if apart[name] {
		dir = filepath.Join(dir, name)
	}
	path, err := cachePath(ctx, dir, name)
	if err != nil {
		return "", fmt.Errorf("build %s: %w", name, err)
	}
	err = once(path, func(tmp string) error { return build(ctx, dir, pkg, tmp) })
	if err != nil {
		return "", fmt.Errorf("build %s: %w", name, err)
	}
	return path, nil
}

// once calls make to write path unless path exists. Of all callers in all processes one makes it and the others wait;
// path appears whole or not at all.
func once(path string, make func(tmp string) error) error {
	if isProgram(path) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(filepath.Dir(path), "lock")).Lock()
	if err != nil {
		return err
	}
	defer unlock()
	if isProgram(path) { // somebody else made it while we waited
		return nil
	}
	tmp := path + ".tmp"
	defer func() { _ = os.Remove(tmp) }()
	if err := make(tmp); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// SourceError is a program that runs away from the source of this repository, so that tools/go.mod cannot be found.
type SourceError struct{}

func (*SourceError) Error() string { return "the source of relctl (tools/go.mod) is not at hand" }

// Hint names the ways out.
func (*SourceError) Hint() string {
	return "run it inside a clone of relctl, or install the program and put it on the PATH"
}

// module is the path of the module that tools/ belongs to.
const module = "github.com/relctl/relctl"

// sourceDir returns the tools folder of the repository.
func sourceDir(ctx context.Context) (string, error) {
	// The compiler records where this file lay, unless -trimpath asked it not to.
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		if dir := toolsOf(filepath.Join(filepath.Dir(file), "..", "..")); dir != "" {
			return dir, nil
		}
	}
	out, err := goCommand(ctx, "", "env", "GOMOD").Output()
	if err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return "", fmt.Errorf("the go command is missing: %w", err)
		}
		return "", &SourceError{}
	}
	if dir := toolsOf(filepath.Dir(strings.TrimSpace(string(out)))); dir != "" {
		return dir, nil
	}
	return "", &SourceError{}
}

// toolsOf returns the tools folder below root if root holds this module, else "".
func toolsOf(root string) string {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil || !bytes.HasPrefix(mod, []byte("module "+module+"\n")) {
		return ""
	}
	dir := filepath.Join(root, "tools")
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		return ""
	}
	return dir
}

// cachePath returns where the program lies once it is built: the folder's name covers all that decides its content.
func cachePath(ctx context.Context, dir, name string) (string, error) {
	out, err := goCommand(ctx, dir, "env", "GOVERSION", "GOHOSTOS", "GOHOSTARCH").Output()
	if err != nil {
		return "", fmt.Errorf("go env: %w", err)
	}
	h := sha256.New()
	h.Write(out)
	for _, f := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(dir, f))
		if err != nil {
			return "", err
		}
		sum := sha256.Sum256(data)
		h.Write(sum[:])
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := name + "-" + hex.EncodeToString(h.Sum(nil))[:16]
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(cache, "relctl", "tools", folder, name), nil
}

// build compiles pkg of the module in dir into the file out.
func build(ctx context.Context, dir, pkg, out string) error {
	cmd := goCommand(ctx, dir, "build", "-mod=readonly", "-buildvcs=false", "-o", out, pkg)
	if text, err := cmd.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, bytes.TrimSpace(text))
	}
	return nil
}

// goCommand prepares a run of the go command for this machine, whatever the caller cross-compiles for.
func goCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool {
		return strings.HasPrefix(kv, "GOOS=") || strings.HasPrefix(kv, "GOARCH=")
	})
	cmd.Env = append(cmd.Env, "GOWORK=off")
	return cmd
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Size() > 0
}
