//go:build unix

package build_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/build"
)

// patience is how long a process that should be dead may still live. It is no measure of speed.
const patience = time.Minute

// hang leaves a process behind that no polite request ends, and runs on itself. The pipe is open for writing as long as
// that process lives.
const hang = `#!/bin/sh
(trap '' TERM; exec sleep 3600 3>"$1") &
exec sleep 3600
`

// pipe makes a named pipe and calls opened when somebody writes to it. The channel is closed when nobody does any more.
func pipe(t *testing.T, opened func()) (string, <-chan struct{}) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "alive")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		f, err := os.Open(name) // waits for the first writer
		if err != nil {
			return // gone stays open, and fails the test
		}
		opened()
		_, _ = io.Copy(io.Discard, f)
		_ = f.Close()
		close(gone)
	}()
	return name, gone
}

func TestACancelledBuildLeavesNoProcessBehind(t *testing.T) {
	for name, run := range map[string]func(ctx context.Context, t *testing.T, alive string) error{
		"command": func(ctx context.Context, t *testing.T, alive string) error {
			req := request(t, gitOnly(t, "hack/hang.sh", hang))
			_, err := build.Command{Argv: []string{"./hack/hang.sh", alive}, Output: "dist"}.Build(ctx, req)
			return err
		},
		"goreleaser": func(ctx context.Context, t *testing.T, alive string) error {
			yaml := strings.Replace(goreleaserYAML, "builds:\n", "before: {hooks: [./hack/hang.sh "+alive+"]}\nbuilds:\n", 1)
			_, err := goreleaser(t).Build(ctx, request(t, product(t, "hack/hang.sh", hang, ".goreleaser.yaml", yaml)))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			alive, gone := pipe(t, cancel)
			if err := run(ctx, t, alive); !errors.Is(err, context.Canceled) {
				t.Fatalf("error is %v", err)
			}
			select {
			case <-gone:
			case <-time.After(patience):
				t.Error("a process of the build is still alive")
			}
		})
	}
}
