package acme

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// config stands in for the user's configuration of git while the history is replayed.
var config = [][2]string{
	{"commit.gpgSign", "false"},
	{"tag.gpgSign", "false"},
	{"core.autocrlf", "false"},
	{"core.fsync", "none"},
	{"core.hooksPath", os.DevNull},
	{"gc.auto", "0"},
	{"maintenance.auto", "false"},
	{"merge.conflictStyle", "merge"},
	{"advice.detachedHead", "false"},
}

// git runs the git program in one folder, as one person at one time, cut off from the user's configuration.
type git struct {
	dir  string
	base []string
}

// newGit returns a git whose environment holds nothing that could change a commit's id.
func newGit(dir string) *git {
	g := &git{dir: dir}
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "GIT_") || name == "GIT_EXEC_PATH" {
			g.base = append(g.base, kv)
		}
	}
	g.base = append(g.base,
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_ATTR_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_DEFAULT_HASH=sha1", "GIT_DEFAULT_REF_FORMAT=files", "GIT_EDITOR=true", "LC_ALL=C", "TZ=UTC",
		fmt.Sprintf("GIT_CONFIG_COUNT=%d", len(config)))
	for i, kv := range config {
		g.base = append(g.base, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, kv[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, kv[1]))
	}
	return g
}

// as returns g for the person and the time of a step.
func (g *git) as(s *step) *git {
	date := strconv.FormatInt(s.Date.Unix(), 10) + " +0000"
	return &git{dir: g.dir, base: append(g.base[:len(g.base):len(g.base)],
		"GIT_AUTHOR_NAME="+s.By.Name, "GIT_AUTHOR_EMAIL="+s.By.Address, "GIT_AUTHOR_DATE="+date,
		"GIT_COMMITTER_NAME="+s.By.Name, "GIT_COMMITTER_EMAIL="+s.By.Address, "GIT_COMMITTER_DATE="+date)}
}

// run runs git and returns what it printed, without the newline at the end.
func (g *git) run(ctx context.Context, args ...string) (string, error) {
	return g.feed(ctx, nil, args...)
}

// feed is run with bytes on git's standard input.
func (g *git) feed(ctx context.Context, stdin []byte, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Env, cmd.Stdin = g.dir, g.base, bytes.NewReader(stdin)
	cmd.WaitDelay = 5 * time.Second
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return "", fmt.Errorf("git %s: %w\n%s%s", strings.Join(args, " "), err, out.Bytes(), said.Bytes())
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

// each runs several commands until one fails.
func (g *git) each(ctx context.Context, commands ...[]string) error {
	for _, args := range commands {
		if _, err := g.run(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}
