package git_test

import (
	"fmt"
	"io/fs"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

// long makes a repository of n commits, packed, with a tag and a remote branch for every tenth.
func long(b *testing.B, n int) *gittest.Repo {
	b.Helper()
	r := gittest.New(b)
	var script strings.Builder
	for i := range n {
		when := gittest.Start.Unix() + int64(i)
		fmt.Fprintf(&script, "commit refs/heads/main\nmark :%d\ncommitter Dev <dev-1@acme.example> %d +0000\ndata <<E\nfix(part-%d): number %d\n\nSome text about it.\nE\n", i+1, when, i%50, i)
		fmt.Fprintf(&script, "M 644 inline src/d%d/f%d.txt\ndata <<E\n%d\nE\nM 644 inline channels/lts-%d.yaml\ndata <<E\nkind: lts # %d\nE\n", i%100, i%1000, i, i%5, i)
		if i%10 == 0 {
			fmt.Fprintf(&script, "tag v1.%d.0\nfrom :%d\ntagger QA <qa-1@acme.example> %d +0000\ndata 1\nx\nreset refs/remotes/origin/b%d\nfrom :%d\n\n", i, i+1, when, i, i+1)
		}
	}
	r.GitIn([]byte(script.String()), "fast-import", "--quiet")
	r.Git("gc", "--quiet")
	return r
}

// reference is how long one run of git takes, by the mean of n.
func reference(b *testing.B, n int, args ...string) time.Duration {
	b.Helper()
	start := time.Now()
	for range n {
		if err := exec.Command("git", args...).Run(); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start) / time.Duration(n)
}

// BenchmarkReading gives each step's time in units of one run of `git rev-parse` on the same machine.
func BenchmarkReading(b *testing.B) {
	r := long(b, 10_000)
	one := reference(b, 50, "-C", r.Dir, "rev-parse", "HEAD")
	repo := open(b, r.Dir)
	ctx := b.Context()
	const main = "refs/heads/main"
	for name, step := range map[string]func() error{
		"open": func() error { _, err := git.Open(ctx, r.Dir); return err },
		"open, resolve and read 5 files": func() error {
			cold, err := git.Open(ctx, r.Dir)
			if err != nil {
				return err
			}
			id, err := cold.Resolve(ctx, main)
			if err != nil {
				return err
			}
			files, err := cold.FS(ctx, id)
			if err != nil {
				return err
			}
			for i := range 5 {
				if _, err := fs.ReadFile(files, fmt.Sprintf("channels/lts-%d.yaml", i)); err != nil {
					return err
				}
			}
			return cold.Close()
		},
		"resolve":   func() error { _, err := repo.Resolve(ctx, main); return err },
		"1000 tags": func() error { _, err := repo.Refs(ctx, "refs/tags/"); return err },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := step(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(one), "x-git")
		})
	}
}

// BenchmarkLog compares the walk with the same `git log` into nowhere.
func BenchmarkLog(b *testing.B) {
	r := long(b, 10_000)
	one := reference(b, 5, "-C", r.Dir, "log", "-z", "--topo-order", "--format=raw", "main")
	repo := open(b, r.Dir)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, err := range repo.Log(b.Context(), git.LogOptions{To: []string{"refs/heads/main"}}) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 10_000 {
			b.Fatalf("%d commits", n)
		}
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(one), "x-git-log")
}
