package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkSiteBuild prints what relctl site build costs where a line has 200 releases of 2,000 commits each: the first
// time, once a commit came, and when nothing did; the first also as a ratio to git log over the same history. peak-MiB is the
// most memory that relctl itself had, the first time. What it remembers of the commits of all lines was read before.
func BenchmarkSiteBuild(b *testing.B) {
	const releases, each = 200, 2000
	relctl, dir := built(b), b.TempDir()
	remote, clone := filepath.Join(dir, "remote.git"), filepath.Join(dir, "clone")
	timed(b, ".", "git", "init", "--quiet", "--bare", "--initial-branch=main", remote)
	writeReleases(b, remote, releases, each)
	timed(b, ".", "git", "clone", "--quiet", remote, clone)
	timed(b, clone, relctl, "backports")
	var first, again, unchanged, reference time.Duration
	peak := 0.0
	for b.Loop() {
		site := b.TempDir()
		reference += timed(b, clone, "git", "log", "--format=%H%n%B", "origin/main")
		begin := time.Now()
		peak = max(peak, peakOf(b, exec.Command(relctl, "-C", clone, "site", "build", "--output", site)))
		first += time.Since(begin)
		timed(b, clone, "git", "-c", "user.name=dev", "-c", "user.email=dev@acme.example", "commit", "--quiet", "--allow-empty", "--message", "fix: one more")
		timed(b, clone, "git", "push", "--quiet", "origin", "main")
		again += timed(b, clone, relctl, "site", "build", "--output", site)
		unchanged += timed(b, clone, relctl, "site", "build", "--output", site)
	}
	n := float64(b.N)
	b.ReportMetric(first.Seconds()/n, "first-s")
	b.ReportMetric(first.Seconds()/reference.Seconds(), "x-of-git-log")
	b.ReportMetric(peak, "peak-MiB")
	b.ReportMetric(again.Seconds()/n, "again-s")
	b.ReportMetric(unchanged.Seconds()/n, "unchanged-s")
}

// writeReleases makes a branch main with releases of so many commits each, tagged, and the channel lts-2.4 on it.
func writeReleases(b *testing.B, remote string, releases, each int) {
	b.Helper()
	cmd := exec.Command("git", "-C", remote, "fast-import", "--quiet")
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	out := bufio.NewWriterSize(in, 1<<20)
	write := func(format string, args ...any) {
		if _, err := fmt.Fprintf(out, format, args...); err != nil {
			b.Fatal(err)
		}
	}
	for n := range releases * each {
		who := fmt.Sprintf("Dev %d <dev%d@acme.example> %d +0000", n%40, n%40, 1_500_000_000+300*n)
		message := fmt.Sprintf("%s(api): change number %d of all that there are (#%d)\n\nIt was not well before, and is now.\n", []string{"fix", "feat", "perf", "docs"}[n%4], n, n)
		write("commit refs/heads/main\nauthor %s\ncommitter %s\ndata %d\n%s\n", who, who, len(message), message)
		if n == 0 {
			for name, text := range map[string]string{
				"product": "name: acme\nbuild: {command: [make], output: dist}\n",
				"lts-2.4": "kind: lts\nline: \"2.4\"\nbranch: main\ntag: \"v{version}\"\n",
			} {
				write("M 100644 inline channels/%s.yaml\ndata %d\n%s\n", name, len(text), text)
			}
		}
		text := strconv.Itoa(n)
		write("M 100644 inline src/%d\ndata %d\n%s\n", n%50, len(text), text)
		if n%each == each-1 {
			write("reset refs/tags/v2.4.%d\nfrom refs/heads/main\n\n", n/each)
		}
	}
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := in.Close(); err != nil {
		b.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
}

// peakOf runs a program and returns the most memory that it had itself, in MiB, as Linux tells it; 0 elsewhere.
func peakOf(b *testing.B, cmd *exec.Cmd) float64 {
	b.Helper()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- cmd.Wait() }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	peak := 0.0
	for {
		select {
		case err := <-done:
			if err != nil {
				b.Fatal(err)
			}
			return peak / 1024
		case <-tick.C:
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
			if err != nil {
				continue // it has just ended
			}
			if _, rest, found := strings.Cut(string(status), "VmHWM:"); found {
				if kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64); err == nil {
					peak = max(peak, kib)
				}
			}
		}
	}
}
