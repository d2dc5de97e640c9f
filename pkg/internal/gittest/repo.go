package gittest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Start is the date of the first commit; every later one is a minute after the one before.
var Start = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// Repo is a clone with a working tree.
type Repo struct {
	// Dir is the working tree, on branch main at first.
	Dir string
	// Remote is the bare repository behind the remote origin.
	Remote string

	t     testing.TB
	clock time.Time
}

// New makes an empty repository and its bare remote in temporary folders.
func New(t testing.TB) *Repo {
	t.Helper()
	Isolate()
	root := t.TempDir()
	r := &Repo{Dir: filepath.Join(root, "repo"), Remote: filepath.Join(root, "remote.git"), t: t, clock: Start}
	r.in(root, nil, "init", "--quiet", "--bare", r.Remote)
	r.in(root, nil, "init", "--quiet", r.Dir)
	r.Git("remote", "add", "origin", r.Remote)
	return r
}

// Clone makes a second working clone of the same remote, as a colleague or another CI job has one. Push first.
func (r *Repo) Clone() *Repo {
	r.t.Helper()
	c := &Repo{Dir: filepath.Join(r.t.TempDir(), "clone"), Remote: r.Remote, t: r.t, clock: r.clock}
	r.in(filepath.Dir(c.Dir), nil, "clone", "--quiet", r.Remote, c.Dir)
	return c
}

// Git runs git in the working tree and returns its standard output without the newlines at its end. The test fails
// if git does.
func (r *Repo) Git(args ...string) string {
	r.t.Helper()
	return r.in(r.Dir, nil, args...)
}

// GitIn is Git with bytes on its standard input.
func (r *Repo) GitIn(stdin []byte, args ...string) string {
	r.t.Helper()
	return r.in(r.Dir, stdin, args...)
}

// InRemote runs git in the bare remote.
func (r *Repo) InRemote(args ...string) string {
	r.t.Helper()
	return r.in(r.Remote, nil, args...)
}

// TryGit is Git for commands that are expected to fail: the error holds what git said.
func (r *Repo) TryGit(args ...string) (string, error) { return run(r.Dir, nil, r.clock, args...) }

func (r *Repo) in(dir string, stdin []byte, args ...string) string {
	r.t.Helper()
	out, err := run(dir, stdin, r.clock, args...)
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

func run(dir string, stdin []byte, clock time.Time, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	date := fmt.Sprintf("%d +0000", clock.Unix())
	cmd.Env = append(os.Environ(), "GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return strings.TrimRight(stdout.String(), "\n"), nil
}

// tick moves the clock to the next commit's date.
func (r *Repo) tick() { r.clock = r.clock.Add(time.Minute) }

// Write writes a file of the working tree, with slashes in its path, and makes folders as needed. A path that ends in
// .sh becomes executable.
func (r *Repo) Write(path, content string) {
	r.t.Helper()
	file := filepath.Join(r.Dir, filepath.FromSlash(path))
	mode := os.FileMode(0o644)
	if strings.HasSuffix(path, ".sh") {
		mode = 0o755
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), mode); err != nil {
		r.t.Fatal(err)
	}
}

// Hook installs an executable hook in the remote, such as pre-receive with "#!/bin/sh\nexit 1\n".
func (r *Repo) Hook(name, script string) {
	r.t.Helper()
	file := filepath.Join(r.Remote, "hooks", name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(script), 0o755); err != nil {
		r.t.Fatal(err)
	}
}
