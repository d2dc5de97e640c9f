package build

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// MissingError is a builder whose program is not there.
type MissingError struct {
	// Program is its name, or the path under which it was looked for.
	Program string
	Err     error
}

func (e *MissingError) Error() string {
	if errors.Is(e.Err, exec.ErrNotFound) {
		return e.Program + " is not on the PATH"
	}
	return fmt.Sprintf("%s cannot be run: %v", e.Program, e.Err)
}

func (e *MissingError) Unwrap() error { return e.Err }

// Hint says how to get it.
func (e *MissingError) Hint() string {
	if e.Program == goreleaserName {
		return "install goreleaser 2 (https://goreleaser.com/install), give its path with --goreleaser <path>, or build with a command: build: {command: […], output: dist} in channels/product.yaml"
	}
	return ""
}

// find returns the absolute path of a program: the given one, else the one on the PATH.
func find(name, path string) (string, error) {
	if path == "" {
		path = name
	}
	found, err := exec.LookPath(path)
	if err == nil {
		found, err = filepath.Abs(found)
	}
	if err != nil {
		var wrapped *exec.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return "", &MissingError{Program: path, Err: err}
	}
	return found, nil
}

// goPin pins the go command, where there is one.
func goPin(ctx context.Context) ([]release.Pin, error) {
	settings, err := goEnv(ctx, "GOVERSION")
	if err != nil || settings["GOVERSION"] == "" {
		return nil, err
	}
	return []release.Pin{{Name: "go", Value: settings["GOVERSION"]}}, nil
}

var semantic = regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$`)

// goreleaserVersion reads the version off the program, which is not run if its module's version is known.
func goreleaserVersion(ctx context.Context, program string) (string, error) {
	version := ""
	if info, err := buildinfo.ReadFile(program); err == nil {
		version = moduleVersion(info)
	}
	if version == "" {
		out, err := exec.CommandContext(ctx, program, "--version").Output()
		if err != nil {
			return "", fmt.Errorf("%s --version: %w", program, err)
		}
		if version = printedVersion(string(out)); version == "" {
			return "", fmt.Errorf("%s --version names no version", program)
		}
	}
	if strings.HasPrefix(version, "v0.") || strings.HasPrefix(version, "v1.") {
		return "", fmt.Errorf("%s is goreleaser %s, and relctl drives version 2", program, version)
	}
	return version, nil
}

// moduleVersion finds goreleaser among the modules of a program: as its main module, or as a dependency of a module
// that declares it as a tool.
func moduleVersion(info *debug.BuildInfo) string {
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if strings.HasPrefix(m.Path, "github.com/goreleaser/goreleaser/v") && m.Replace == nil && semantic.MatchString(m.Version) {
			return m.Version
		}
	}
	return ""
}

var printed = regexp.MustCompile(`(?m)^(?:GitVersion:|goreleaser version)\s+v?([0-9]\S*)\s*$`)

func printedVersion(out string) string {
	m := printed.FindStringSubmatch(out)
	if m == nil || !semantic.MatchString("v"+m[1]) {
		return ""
	}
	return "v" + m[1]
}
