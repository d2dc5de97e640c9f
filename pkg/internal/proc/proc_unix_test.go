//go:build unix

package proc_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/internal/proc"
)

// family is a shell script under way whose every process, also those that outlive their parents, holds descriptor 3.
type family struct {
	*exec.Cmd
	cancel context.CancelFunc
	read   *os.File
}

// begin makes a family that is not started. Its script says "ready" on descriptor 3 when it may be disturbed.
func begin(t *testing.T, script string) *family {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	f := &family{Cmd: exec.CommandContext(ctx, "sh", "-c", script), cancel: cancel, read: read}
	f.ExtraFiles = []*os.File{write}
	f.Dir = t.TempDir()
	t.Cleanup(func() {
		cancel()
		_ = write.Close()
		_ = read.Close()
	})
	return f
}

// run runs the family, cancels it once it is ready, and returns the error of the run.
func (f *family) run(t *testing.T) error {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		done <- proc.Run(f.Cmd)
	}()
	if line, err := bufio.NewReader(f.read).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the script says %q, %v", line, err)
	}
	f.cancel()
	return <-done
}

// ended fails the test unless nobody holds descriptor 3 any more.
func (f *family) ended(t *testing.T) {
	t.Helper()
	if err := errors.Join(f.ExtraFiles[0].Close(), f.read.SetReadDeadline(time.Now().Add(time.Minute))); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(f.read); err != nil {
		t.Errorf("a process of the group is still there: %v", err)
	}
}

func TestTheEndOfTheContextEndsTheWholeFamily(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"grandchildren":                `(sh -c 'echo ready >&3; sleep 1000; :') & wait`,
		"grandchildren that ignore":    `(trap '' TERM; echo ready >&3; sleep 1000; :) & wait`,
		"orphans of a parent in haste": `(sh -c 'sleep 1000 & echo ready >&3'); sleep 1000`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := begin(t, script)
			if err := f.run(t); err == nil {
				t.Error("a run that was broken off succeeded")
			}
			f.ended(t)
		})
	}
}

func TestAProgramMayTidyUp(t *testing.T) {
	t.Parallel()
	// A child that was just forked may still have the trap, and sleep on: it sleeps briefly.
	f := begin(t, `trap 'echo tidy >said; exit 0' TERM; echo ready >&3; while :; do sleep 0.05; done`)
	if err := f.run(t); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	if said, err := os.ReadFile(filepath.Join(f.Dir, "said")); string(said) != "tidy\n" {
		t.Errorf("it said %q, %v", said, err)
	}
	f.ended(t)
}

func TestAProgramThatDoesNotStopIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skipf("it takes %s", proc.Grace)
	}
	t.Parallel()
	f := begin(t, `trap '' TERM; (sleep 1000; :) & echo ready >&3; while :; do sleep 1000; done`)
	var exit *exec.ExitError
	if err := f.run(t); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("got %v, want the end by SIGKILL", err)
	}
	f.ended(t)
}

func TestWhatAProgramLeavesRunningEndsWithIt(t *testing.T) {
	t.Parallel()
	for script, code := range map[string]int{
		`sleep 1000 & exit 0`: 0,
		`sleep 1000 & exit 3`: 3,
		`exit 0`:              0,
	} {
		f := begin(t, script)
		err := proc.Run(f.Cmd)
		var exit *exec.ExitError
		if errors.As(err, &exit) != (code != 0) || f.ProcessState.ExitCode() != code {
			t.Errorf("%s: %v", script, err)
		}
		f.ended(t)
	}
}

func TestAGroupOfItsOwn(t *testing.T) {
	t.Parallel()
	f := begin(t, `echo ready >&3; sleep 1000`)
	proc.Group(f.Cmd)
	if err := f.Start(); err != nil {
		t.Fatal(err)
	}
	group, err := syscall.Getpgid(f.Process.Pid)
	if err != nil || group != f.Process.Pid || group == syscall.Getpgrp() {
		t.Errorf("group %d of process %d, %v", group, f.Process.Pid, err)
	}
	f.cancel()
	if err := f.Wait(); err == nil {
		t.Error("a run that was broken off succeeded")
	}
	f.ended(t)
}

func TestAProgramThatCannotBeStarted(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	if err := proc.Run(exec.CommandContext(t.Context(), missing)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := exec.CommandContext(ctx, "sh", "-c", "echo ran >said")
	f.Dir = filepath.Dir(missing)
	if err := proc.Run(f); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(f.Dir, "said")); !errors.Is(err, os.ErrNotExist) {
		t.Error("it ran after the end")
	}
}
