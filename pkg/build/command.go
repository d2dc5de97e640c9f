package build

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/relctl/relctl/internal/disk"
	"github.com/relctl/relctl/pkg/release"
)

// Command builds with any command, for products that goreleaser cannot build. The command runs in a scratch checkout of
// the commit, so that its scripts are those of the release, and every regular file that it leaves in the output folder
// ships under its relative path.
//
// Beyond what every build sees it is told RELCTL_PRODUCT, RELCTL_VERSION, RELCTL_COMMIT, RELCTL_TAG, RELCTL_OUTPUT (the
// absolute path of the output folder, which is empty) and RELCTL_SOURCE_DATE_EPOCH, the same as SOURCE_DATE_EPOCH. RELCTL_SHARD
// and RELCTL_SHARDS say which part to make, from 1, and of how many; a build on one machine is part 1 of 1. How the work is
// divided is the command's to say, as long as no two parts make the same file, or programs of one name for one platform.
type Command struct {
	// Argv is the program and its arguments. A program with a slash lies in the checkout, others on the PATH.
	Argv []string
	// Output is the folder in the checkout in which the command leaves what is to be released.
	Output string
}

// String returns the command as one would type it.
func (c Command) String() string {
	words := make([]string, len(c.Argv))
	for i, w := range c.Argv {
		words[i] = w
		if w == "" || strings.ContainsAny(w, " \t\n\"'\\$`;&|<>()*?[]#~") {
			words[i] = strconv.Quote(w)
		}
	}
	return strings.Join(words, " ")
}

// Pins are the command itself and, where there is one, the version of the go command.
func (c Command) Pins(ctx context.Context) ([]release.Pin, error) {
	if len(c.Argv) == 0 {
		return nil, errors.New("the build command is empty")
	}
	pins, err := goPin(ctx)
	return append([]release.Pin{{Name: "command", Value: c.String()}}, pins...), err
}

// Describe says what will run, and what in the given tree would make it fail.
func (c Command) Describe(_ context.Context, tree fs.FS) []string {
	lines := []string{c.String() + ", and what it leaves in " + c.Output}
	if len(c.Argv) > 0 && strings.Contains(c.Argv[0], "/") && !path.IsAbs(c.Argv[0]) {
		script := path.Clean(c.Argv[0])
		info, err := fs.Stat(tree, script)
		switch {
		case err != nil:
			lines = append(lines, "the build would fail: "+script+" is missing in the commit")
		case info.Mode()&0o100 == 0:
			lines = append(lines, "the build would fail: "+script+" is not executable in the commit")
		}
	}
	return lines
}

// Build runs the command and takes what it left. A command that fails gives a [*FailedError].
func (c Command) Build(ctx context.Context, req Request) ([]Artifact, error) {
	output := filepath.Clean(filepath.FromSlash(c.Output))
	if len(c.Argv) == 0 {
		return nil, errors.New("the build command is empty")
	}
	if !filepath.IsLocal(output) || output == "." {
		return nil, fmt.Errorf("the output folder %q does not lie inside the checkout", c.Output)
	}
	w, err := open(ctx, req)
	if err != nil {
		return nil, err
	}
	if err := c.check(w.src); err != nil {
		return nil, err
	}
	out := filepath.Join(w.src, output)
	// Files that the commit keeps there were not made by the command.
	if err := errors.Join(disk.RemoveAll(out), disk.MkdirAll(out, 0o755)); err != nil {
		return nil, err
	}
	env := setenv(w.env,
		"RELCTL_PRODUCT="+req.Product, "RELCTL_VERSION="+req.Version.String(), "RELCTL_COMMIT="+req.Commit, "RELCTL_TAG="+req.Tag,
		"RELCTL_OUTPUT="+out, "RELCTL_SOURCE_DATE_EPOCH="+epoch(req),
		"RELCTL_SHARD="+strconv.Itoa(max(req.Shard.Index, 1)), "RELCTL_SHARDS="+strconv.Itoa(max(req.Shard.Of, 1)),
	)
	if err := (job{name: c.Argv[0], argv: c.Argv, dir: w.src, env: env, log: w.log, echo: req.Log}).run(ctx); err != nil {
		return nil, err
	}
	return c.collect(out, req)
}

// check looks for the program before anything is run, for a clear word about it.
func (c Command) check(src string) error {
	name := filepath.FromSlash(c.Argv[0])
	if filepath.IsAbs(name) || !strings.ContainsRune(name, filepath.Separator) {
		_, err := find(c.Argv[0], "")
		return err
	}
	if !filepath.IsLocal(name) {
		return fmt.Errorf("the build command %s does not lie inside the checkout", c.Argv[0])
	}
	_, err := find(c.Argv[0], filepath.Join(src, name))
	var missing *MissingError
	if errors.As(err, &missing) {
		return &ScriptError{Script: c.Argv[0], Err: missing.Err}
	}
	return err
}

// ScriptError is a build command of the commit that cannot be run.
type ScriptError struct {
	Script string
	Err    error
}

func (e *ScriptError) Error() string {
	if errors.Is(e.Err, fs.ErrNotExist) {
		return e.Script + " is missing in the commit"
	}
	return fmt.Sprintf("%s cannot be run: %v", e.Script, e.Err)
}

func (e *ScriptError) Unwrap() error { return e.Err }

// Hint says how to make it executable.
func (e *ScriptError) Hint() string {
	if errors.Is(e.Err, fs.ErrPermission) {
		return "git update-index --chmod=+x " + strings.TrimPrefix(e.Script, "./")
	}
	return ""
}
