package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"

	"github.com/relctl/relctl/pkg/internal/proc"
)

// Error is a git command that failed.
type Error struct {
	Command string
	Code    int
	Stderr  string
}

func (e *Error) Error() string {
	text := e.Stderr
	if text == "" {
		text = fmt.Sprintf("exit code %d", e.Code)
	}
	return fmt.Sprintf("git %s: %s", e.Command, text)
}

// MissingError is a machine without the git program.
type MissingError struct{ Err error }

func (e *MissingError) Error() string { return "the git program is not on the PATH" }
func (e *MissingError) Unwrap() error { return e.Err }

// Hint says what to install.
func (e *MissingError) Hint() string { return "install git 2.39 or newer" }

// read runs a command that only reads, without the user's configuration.
func (r *Repo) read(ctx context.Context, args ...string) ([]byte, error) {
	return read(ctx, r.dir(), nil, args...)
}

func read(ctx context.Context, dir string, stdin []byte, args ...string) ([]byte, error) {
	return execute(command(ctx, dir, hermetic(), args...), stdin)
}

// run runs a command with the user's configuration.
func (r *Repo) run(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	return execute(command(ctx, r.dir(), inherited(), args...), stdin)
}

func command(ctx context.Context, dir string, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "core.quotePath=false", "-c", "core.fsmonitor=false"}, args...)...)
	cmd.Dir = dir
	cmd.Env = env
	proc.Group(cmd)
	return cmd
}

func execute(cmd *exec.Cmd, stdin []byte) ([]byte, error) {
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &errs
	if err := cmd.Run(); err != nil {
		return out.Bytes(), runError(cmd, err, errs.Bytes())
	}
	return out.Bytes(), nil
}

// runError says in a line which command failed and what git said.
func runError(cmd *exec.Cmd, err error, stderr []byte) error {
	if errors.Is(err, exec.ErrNotFound) {
		return &MissingError{Err: err}
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	if !exit.Exited() && cmd.Cancel != nil {
		return fmt.Errorf("git %s: %w", verb(cmd.Args), context.Canceled)
	}
	return &Error{Command: verb(cmd.Args), Code: exit.ExitCode(), Stderr: brief(stderr)}
}

// verb is the subcommand, without options before it.
func verb(args []string) string {
	for i := 1; i < len(args); i++ {
		if args[i] == "-c" {
			i++
			continue
		}
		return args[i]
	}
	return ""
}

var credentials = regexp.MustCompile(`([a-z][a-z0-9+.-]*://)[^/@\s]*@`)

// redact takes passwords out of URLs.
func redact(text string) string { return credentials.ReplaceAllString(text, "$1") }

// brief makes what git said on stderr fit for an error: up to five lines, no advice, no passwords.
func brief(stderr []byte) string {
	var lines []string
	for line := range strings.Lines(strings.ToValidUTF8(redact(string(stderr)), "?")) {
		line = strings.TrimSpace(line)
		line = strings.TrimPrefix(strings.TrimPrefix(line, "fatal: "), "error: ")
		if line == "" || strings.HasPrefix(line, "hint:") {
			continue
		}
		lines = append(lines, line)
	}
	if len(lines) > 5 {
		lines = lines[:5]
	}
	return strings.Join(lines, "; ")
}

// hermetic is the environment for reading.
func hermetic() []string {
	return append(inherited(),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_COUNT=0",
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_OPTIONAL_LOCKS=0", "GIT_ATTR_NOSYSTEM=1",
	)
}

// kept are the GIT_ variables of the caller that reach the program: who, by which configuration, over which transport.
// GIT_DIR and its like, which a hook may have set, would point it at another repository.
var kept = []string{
	"GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_", "GIT_SSH", "GIT_ASKPASS", "GIT_SSL_", "GIT_HTTP_", "GIT_PROXY_", "GIT_EXEC_PATH", "GIT_TRACE", "GIT_ALLOW_PROTOCOL",
}

func inherited() []string {
	env := []string{"LC_ALL=C", "LANGUAGE=C", "GIT_TERMINAL_PROMPT=0"}
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		if name == "LC_ALL" || name == "LANGUAGE" || name == "GIT_TERMINAL_PROMPT" {
			continue
		}
		if strings.HasPrefix(name, "GIT_") && !hasPrefix(name, kept) {
			continue
		}
		env = append(env, e)
	}
	return env
}

func hasPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}
