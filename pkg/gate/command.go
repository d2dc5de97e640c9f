package gate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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

// Evaluate runs the command. Its environment holds PATH, HOME, TMPDIR and the RELCTL_ variables of [Environ], nothing
// else; its last line of output becomes the reason.
func (c Command) Evaluate(ctx context.Context, s Subject) release.Verdict {
	dir, err := c.Dir(ctx)
	if err != nil {
		return release.Verdict{Status: release.Errored, Reason: fmt.Sprintf("cannot read the policy's files: %v", err)}
	}
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.Dir = dir
	cmd.Env = Environ(s)
	out := &tail{limit: 8 << 10}
	cmd.Stdout, cmd.Stderr = out, out
	err = proc.Run(cmd)

	said := out.lastLine()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return release.Verdict{Status: release.Pass, Reason: orElse(said, "the command ended with exit code 0")}
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return release.Verdict{Status: release.Errored, Reason: fmt.Sprintf("%s did not end within %s", c.Argv[0], timeout)}
	case ctx.Err() != nil:
		return release.Verdict{Status: release.Errored, Reason: "interrupted"}
	case errors.As(err, &exit) && exit.ExitCode() == ExitNoData:
		return release.Verdict{Status: release.NoData, Reason: orElse(said, "the command says that it has no data")}
	case errors.As(err, &exit) && exit.Exited():
		return release.Verdict{Status: release.Fail, Reason: orElse(said, fmt.Sprintf("%s ended with exit code %d", c.Argv[0], exit.ExitCode()))}
	}
	return release.Verdict{Status: release.Errored, Reason: fmt.Sprintf("%s: %v", strings.Join(c.Argv, " "), err)}
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
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
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
