package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// clone is the repository that is measured. It is read by plain git, so that nothing of what is measured has a say.
type clone struct{ dir string }

// each runs git and gives use every record of its output, as it comes. Records end with the byte end.
func (c clone) each(ctx context.Context, stdin string, end byte, use func(string) error, args ...string) (err error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", c.dir}, args...)...)
	cmd.Env = append(environment(), "LC_ALL=C", "GIT_NO_REPLACE_OBJECTS=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
	cmd.Stdin = strings.NewReader(stdin)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = cmd.Process.Kill() // it may still be writing
		}
		if werr := cmd.Wait(); err == nil && werr != nil {
			err = fmt.Errorf("git %s: %w\n%s", args[0], werr, bytes.TrimSpace(said.Bytes()))
		}
	}()
	in := bufio.NewReaderSize(out, 1<<16)
	for {
		record, err := in.ReadString(end)
		if record = strings.TrimSuffix(record, string(end)); record != "" || err == nil {
			if err := use(record); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// environment is that of the caller without variables of git, which may point it elsewhere.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "GIT_") })
}

// one returns the only line that git prints.
func (c clone) one(ctx context.Context, args ...string) (string, error) {
	line := ""
	err := c.each(ctx, "", '\n', func(l string) error { line = l; return nil }, args...)
	return line, err
}

// resolve returns the commit at which a ref stands.
func (c clone) resolve(ctx context.Context, ref string) (string, error) {
	id, err := c.one(ctx, "rev-parse", "--verify", ref+"^{commit}")
	if err != nil {
		return "", fmt.Errorf("%s: %w", ref, err)
	}
	return id, nil
}

// commit is what the oracles need of one.
type commit struct {
	id      string
	parents []string
	subject string
	message string // empty where nobody asked
}

// log streams the commits of a range, whose arguments come on git's standard input, children first.
func (c clone) log(ctx context.Context, messages bool, revisions []string, use func(commit)) error {
	format := "--format=%H%x1f%P%x1f%s%x1f"
	if messages {
		format += "%B"
	}
	return c.each(ctx, strings.Join(revisions, "\n")+"\n", 0, func(record string) error {
		f := strings.SplitN(record, "\x1f", 4)
		if len(f) != 4 {
			return fmt.Errorf("git log: unexpected record %.80q", record)
		}
		use(commit{f[0], strings.Fields(f[1]), f[2], f[3]})
		return nil
	}, "log", "-z", "--topo-order", "--no-color", "--no-show-signature", "--no-mailmap", "--no-notes", "--encoding=UTF-8", format, "--stdin")
}
