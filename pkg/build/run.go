package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/relctl/relctl/internal/disk"
	"github.com/relctl/relctl/pkg/internal/proc"
)

// tailLines is how much of a failed builder's log the error shows.
const tailLines = 40

// FailedError is a builder that ended with an error.
type FailedError struct {
	// Program as people know it: "goreleaser", "./hack/build.sh".
	Program string
	// Err says how it ended: "exit status 1".
	Err error
	// Tail are the last lines that it said, at most 40.
	Tail []string
	// Log is the file with all that it said.
	Log string
}

func (e *FailedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s failed: %v", e.Program, e.Err)
	if len(e.Tail) > 0 {
		b.WriteString("\nthe end of what it said:")
	}
	for _, line := range e.Tail {
		b.WriteString("\n  " + line)
	}
	fmt.Fprintf(&b, "\nall of it is in %s", e.Log)
	return b.String()
}

func (e *FailedError) Unwrap() error { return e.Err }

// Hint explains the failures that a configuration made for plain goreleaser meets here.
func (e *FailedError) Hint() string {
	if e.Program == goreleaserName && strings.Contains(strings.Join(e.Tail, "\n"), "invalid scm url") {
		return "goreleaser wants to know the forge that it would publish to; relctl publishes itself, so add to its configuration:\nrelease: {disable: true}"
	}
	return ""
}

// job is a builder about to run.
type job struct {
	name string // for people
	argv []string
	dir  string
	env  []string
	log  string // path of the log file, which must not exist
	echo io.Writer
}

// run runs a builder with a umask of 022 and keeps all that it says in its log.
func (p job) run(ctx context.Context) error {
	log, err := disk.OpenFile(p.log, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	var out io.Writer = log.File // the program writes it itself
	if p.echo != nil {
		out = io.MultiWriter(log, p.echo)
	}
	argv := withUmask(p.argv)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = p.dir, setenv(p.env, "PWD="+p.dir)
	cmd.Stdout, cmd.Stderr = out, out
	err = proc.Run(cmd)
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", p.name, ctx.Err())
	}
	// What a program left running with its output open was ended; the program itself had done its work.
	if err == nil || errors.Is(err, exec.ErrWaitDelay) {
		return log.Close()
	}
	tail, readErr := lastLines(p.log, tailLines)
	return errors.Join(&FailedError{Program: p.name, Err: err, Tail: tail, Log: p.log}, readErr)
}

// lastLines returns up to n last lines of a file, clean enough for a terminal.
func lastLines(file string, n int) ([]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	const most = 64 << 10
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-most), most))
	if err != nil {
		return nil, err
	}
	var lines []string
	for line := range bytes.Lines(data) {
		if text := plainText(line); strings.TrimSpace(text) != "" {
			lines = append(lines, text)
		}
	}
	return lines[max(0, len(lines)-n):], nil
}

// plainText returns a line without what a terminal would act upon, at most 500 bytes.
func plainText(line []byte) string {
	if len(line) > 500 {
		line = line[:500]
	}
	text := strings.ReplaceAll(strings.ToValidUTF8(string(line), "?"), "\t", "    ")
	return strings.TrimRight(strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, text), " ")
}
