package main

import (
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// BenchmarkAdvanceNothingToDo prints how long relctl advance takes as a whole process when there is nothing to do, and
// as a ratio to git ls-remote and git fetch of the same remote. It fails if anything is written, there or here.
func BenchmarkAdvanceNothingToDo(b *testing.B) {
	relctl := built(b)
	s := newStory(b, 1)
	s.pass(time.Since(begin).Truncate(time.Second))
	s.commit("fix: one")
	s.commits++
	s.release(crash{})
	s.do(act{what: "advance", ring: none, release: none}, crash{})
	clone := s.clones[1]
	timed := func(name string, args ...string) time.Duration {
		cmd := exec.CommandContext(b.Context(), name, args...)
		cmd.Dir, cmd.Env = clone, s.env()
		start := time.Now()
		out, err := cmd.CombinedOutput()
		if err != nil || name == relctl && !strings.HasPrefix(string(out), "nothing to do") {
			b.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
		return time.Since(start)
	}
	timed(relctl, "advance", "rolling") // the first one reads the ledger
	before := s.refs() + s.files(clone)
	var took, lsRemote, fetch time.Duration
	for b.Loop() {
		lsRemote += timed("git", "ls-remote", "--quiet", "origin")
		fetch += timed("git", "fetch", "--quiet", "--no-write-fetch-head", "origin")
		took += timed(relctl, "advance", "rolling")
	}
	if after := s.refs() + s.files(clone); after != before {
		b.Fatalf("something was written:\n%s\n%s", before, after)
	}
	b.ReportMetric(float64(took.Milliseconds())/float64(b.N), "ms")
	b.ReportMetric(took.Seconds()/lsRemote.Seconds(), "x-of-git-ls-remote")
	b.ReportMetric(took.Seconds()/fetch.Seconds(), "x-of-git-fetch")
}

// files lists all files below a folder with their sizes and the times of their last changes.
func (r *rolling) files(dir string) string {
	r.t.Helper()
	var out strings.Builder
	r.must(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			fmt.Fprintln(&out, path, info.Size(), info.ModTime())
		}
		return err
	}))
	return out.String()
}
