package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/relctl/relctl/pkg/internal/proc"
)

// Error is a git command that failed.
type Error struct {
	// Command is the subcommand, such as "log".
	Command string
	// Code is the exit code.
	Code int
	// Stderr is what git said, shortened.
	Stderr string

	raw string
}

func (e *Error) Error() string {
	text := e.Stderr
	if text == "" {
		text = fmt.Sprintf("exit code %d", e.Code)
	}
	return fmt.Sprintf("git %s: %s", e.Command, text)
}

// Hint knows one case: an option that git does not know, which is an old git.
func (e *Error) Hint() string {
	if e.Code == 129 {
		return "relctl needs git 2.39 or newer; git --version shows yours"
	}
	return ""
}

// MissingError is a machine without the git program.
type MissingError struct{ Err error }

func (e *MissingError) Error() string { return "the git program is not on the PATH" }
func (e *MissingError) Unwrap() error { return e.Err }

// Hint says what to install.
func (e *MissingError) Hint() string { return "install git 2.39 or newer" }

// call is one run of the git program.
type call struct {
	dir   string // where it runs
	user  bool   // with the user's configuration; else hermetic
	env   []string
	stdin []byte
	args  []string
}

// read runs a command that only reads, or writes refs and objects here, without the user's configuration.
func (r *Repo) read(ctx context.Context, args ...string) ([]byte, error) {
	return call{dir: r.dir(), args: r.args(args)}.run(ctx)
}

// run runs a command with the user's configuration.
func (r *Repo) run(ctx context.Context, args ...string) ([]byte, error) {
	return call{dir: r.dir(), user: true, args: r.args(args)}.run(ctx)
}

// args names the repository: nothing is discovered anew, and who owns the folder was settled by Open.
func (r *Repo) args(args []string) []string {
	return append([]string{"--git-dir=" + r.gitDir}, args...)
}

func (c call) command(ctx context.Context) *exec.Cmd {
	args := c.args
	if !c.user {
		args = append(append([]string{}, hermeticConfig...), args...)
	}
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = c.dir
	cmd.Env = hermeticEnv()
	if c.user {
		cmd.Env = userEnv()
	}
	cmd.Env = append(cmd.Env, c.env...)
	return cmd
}

func (c call) run(ctx context.Context) ([]byte, error) {
	out, _, err := c.output(ctx)
	return out, err
}

// output is run, with what the program said on stderr.
func (c call) output(ctx context.Context) (stdout []byte, stderr string, err error) {
	cmd := c.command(ctx)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if c.stdin != nil {
		cmd.Stdin = bytes.NewReader(c.stdin)
	}
	if c.user {
		err = runAsUser(ctx, cmd)
	} else {
		err = proc.Run(cmd)
	}
	return out.Bytes(), errs.String(), c.failure(ctx, err, errs.String())
}

// errEnough ends a stream that nobody wants to read further.
var errEnough = errors.New("enough was read")

// stream runs a command that only reads and gives its output to read while it runs. An error of read ends it;
// [errEnough] is none.
func (c call) stream(ctx context.Context, read func(io.Reader) error) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := c.command(inner)
	cmd.Env = append(cmd.Env, "GIT_FLUSH=0") // whole buffers, not a write for each commit
	proc.Group(cmd)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if c.stdin != nil {
		cmd.Stdin = bytes.NewReader(c.stdin)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return c.failure(ctx, err, "")
	}
	widen(out)
	rerr := read(out)
	if rerr != nil {
		cancel() // nobody reads the rest
	}
	werr := cmd.Wait()
	switch {
	case errors.Is(rerr, errEnough):
		return nil
	case rerr != nil && ctx.Err() != nil: // what was read ends in the middle
		return fmt.Errorf("git %s: %w", c.verb(), ctx.Err())
	case rerr != nil:
		return fmt.Errorf("git %s: %w", c.verb(), rerr)
	}
	return c.failure(ctx, werr, errs.String())
}

// runAsUser leaves helpers that outlive the command alone, such as a daemon that caches credentials. On a terminal the
// program stays in our process group, since one in the background could not ask for a password.
func runAsUser(ctx context.Context, cmd *exec.Cmd) error {
	if interactive() {
		cmd.Cancel = func() error { return cmd.Process.Signal(terminate) }
		cmd.WaitDelay = proc.Grace
		return cmd.Run()
	}
	proc.Group(cmd)
	err := cmd.Run()
	if ctx.Err() != nil {
		killGroup(cmd)
	}
	return err
}

// interactive reports whether there is a terminal at which git, ssh or gpg could ask something.
func interactive() bool {
	tty, err := os.OpenFile(terminalDevice, os.O_RDWR, 0)
	if err != nil {
		return false
	}
	return tty.Close() == nil
}

// failure says in a line which command failed and what git said.
func (c call) failure(ctx context.Context, err error, stderr string) error {
	if err == nil {
		return nil
	}
	verb := c.verb()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("git %s: %w", verb, ctx.Err())
	case errors.Is(err, exec.ErrNotFound):
		return &MissingError{Err: err}
	case !errors.As(err, &exit):
		return fmt.Errorf("git %s: %w", verb, err)
	case !exit.Exited():
		return fmt.Errorf("git %s: %s: %s", verb, exit.ProcessState, brief(stderr))
	}
	return &Error{Command: verb, Code: exit.ExitCode(), Stderr: brief(stderr), raw: stderr}
}

// verb is the subcommand, without options before it.
func (c call) verb() string {
	for i := 0; i < len(c.args); i++ {
		switch {
		case c.args[i] == "-c":
			i++
		case c.args[i][0] != '-':
			return c.args[i]
		}
	}
	return ""
}

// exitCode returns the exit code of a git command's error, and whether it has one.
func exitCode(err error) (int, bool) {
	var exit *Error
	if errors.As(err, &exit) {
		return exit.Code, true
	}
	return 0, false
}
