package gate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/internal/proc"
	"github.com/relctl/relctl/pkg/release"
)

// ExitNoData is the exit code by which a gate's command says that it could not find out (EX_TEMPFAIL of sysexits.h).
const ExitNoData = 75

// DefaultTimeout ends a command gate that names no timeout of its own.
const DefaultTimeout = 10 * time.Minute

// Command runs a program of the policy: exit 0 is a pass, 75 no-data, anything else a fail, and a program that cannot
// be started or does not end in time an error.
type Command struct {
	Argv []string
	// Dir gives the folder in which the policy's files lie; it is called when the gate is asked. A script comes from
	// there and never from the branch that is being released, which could loosen its own gates.
	Dir     func(ctx context.Context) (string, error)
	Timeout time.Duration
}

// CommandRecord is how a command ended.
type CommandRecord struct {
	Argv []string `json:"argv"`
	Exit int      `json:"exit"`
	// Said is the last line that it wrote.
	Said string `json:"said,omitempty"`
	// Failure says why it did not end by itself, or did not begin.
	Failure string `json:"failure,omitempty"`
}

// Evaluate runs the command and judges how it ended.
func (c Command) Evaluate(ctx context.Context, s Subject) release.Verdict {
	return Recorded(c, nil).Evaluate(ctx, s)
}

// Observe runs the command. Its environment holds PATH, HOME, TMPDIR and the RELCTL_ variables of [Environ], nothing
// else; its last line of output becomes the reason.
func (c Command) Observe(ctx context.Context, s Subject) Record {
	r := newRecord(moment(time.Time{}), s)
	out := &tail{limit: 8 << 10}
	r.Command = c.run(ctx, Environ(s), out, out)
	return r
}

// run runs the command, whose last line on stderr becomes the reason.
func (c Command) run(ctx context.Context, env []string, stdout io.Writer, stderr *tail) *CommandRecord {
	r := &CommandRecord{Argv: c.Argv}
	dir, err := c.Dir(ctx)
	if err != nil {
		r.Failure = fmt.Sprintf("cannot read the policy's files: %v", err)
		return r
	}
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, stdout, stderr
	err = proc.Run(cmd)

	r.Said = stderr.lastLine()
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		r.Failure = fmt.Sprintf("%s did not end within %s", c.Argv[0], timeout)
	case ctx.Err() != nil:
		r.Failure = "interrupted"
	case errors.As(err, &exit) && exit.Exited():
		r.Exit = exit.ExitCode()
	default:
		r.Failure = fmt.Sprintf("%s: %v", strings.Join(c.Argv, " "), err)
	}
	return r
}

func (r *CommandRecord) judge(time.Time) release.Verdict {
	switch {
	case len(r.Argv) == 0:
		return errored("there is no command")
	case r.Failure != "":
		return errored("%s", r.Failure)
	case r.Exit == 0:
		return passed("%s", orElse(r.Said, "the command ended with exit code 0"))
	case r.Exit == ExitNoData:
		return noData("%s", orElse(r.Said, "the command says that it has no data"))
	}
	return failed("%s", orElse(r.Said, fmt.Sprintf("%s ended with exit code %d", r.Argv[0], r.Exit)))
}

// Environ returns the whole environment of a command gate.
func Environ(s Subject) []string {
	env := []string{
		"LC_ALL=C", "TZ=UTC",
		"RELCTL_PRODUCT=" + s.Inputs.Product,
		"RELCTL_CHANNEL=" + s.Inputs.Channel,
		"RELCTL_VERSION=" + s.Inputs.Version.String(),
		"RELCTL_COMMIT=" + s.Inputs.Commit,
		"RELCTL_RELEASE_DIR=" + s.Dir,
	}
	return append(env, inherit([]string{"PATH", "HOME", "TMPDIR"})...)
}

// inherit returns those of the variables that are set here.
func inherit(names []string) []string {
	var env []string
	for _, name := range names {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// tail keeps the last bytes of what is written to it.
type tail struct {
	buf   []byte
	limit int
}

func (t *tail) Write(p []byte) (int, error) {
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - t.limit; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(p), nil
}

// lastLine returns the last line that is not empty, without control characters, at most 200 bytes.
func (t *tail) lastLine() string {
	lines := bytes.Split(bytes.TrimSpace(t.buf), []byte("\n"))
	last := strings.ToValidUTF8(string(lines[len(lines)-1]), "?")
	last = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, last)
	if len(last) > 200 {
		last = strings.ToValidUTF8(last[:200], "") + "…"
	}
	return last
}
