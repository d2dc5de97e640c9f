package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// lts is a clone of a real repository in which each of some release branches is an LTS channel.
type lts struct {
	clone, cache, main string
	branches           []string
}

// newLTS makes the clone from RELCTL_BENCH_REPO, a repository with release branches, RELCTL_BENCH_MAIN, its main branch
// ("main" if empty), and RELCTL_BENCH_LINES, such as "release-3.5=3.5 release-3.4=3.4".
func newLTS(b *testing.B) *lts {
	b.Helper()
	repo, main, lines := os.Getenv("RELCTL_BENCH_REPO"), os.Getenv("RELCTL_BENCH_MAIN"), os.Getenv("RELCTL_BENCH_LINES")
	if repo == "" || lines == "" {
		b.Skip("set RELCTL_BENCH_REPO and RELCTL_BENCH_LINES")
	}
	if main == "" {
		main = "main"
	}
	r := &lts{clone: filepath.Join(b.TempDir(), "clone"), main: main}
	r.cache = filepath.Join(r.clone, ".git", "relctl")
	timed(b, ".", "git", "clone", "--quiet", "--shared", "--no-checkout", "--branch", main, repo, r.clone)
	r.write(b, "product", "name: real\nbuild: {command: [make], output: dist}\n")
	for pair := range strings.FieldsSeq(lines) {
		branch, line, _ := strings.Cut(pair, "=")
		r.branches = append(r.branches, branch)
		r.write(b, "lts-"+line, fmt.Sprintf("kind: lts\nline: %q\nbranch: %s\naccept: [fix, security]\n", line, branch))
	}
	return r
}

func (r *lts) write(b *testing.B, name, text string) {
	b.Helper()
	path := filepath.Join(r.clone, "channels", name+".yaml")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

// cherry runs git cherry once for each line.
func (r *lts) cherry(b *testing.B) time.Duration {
	b.Helper()
	var took time.Duration
	for _, branch := range r.branches {
		took += timed(b, r.clone, "git", "cherry", "origin/"+r.main, "origin/"+branch)
	}
	return took
}

// BenchmarkWhere prints how long relctl where takes as a whole process: without a cache, as a ratio to git cherry for
// each line, and with one.
func BenchmarkWhere(b *testing.B) { benchLTS(b, "where", "HEAD") }

// BenchmarkBackports prints the same of relctl backports, which forecasts too.
func BenchmarkBackports(b *testing.B) { benchLTS(b, "backports") }

func benchLTS(b *testing.B, args ...string) {
	relctl, r := built(b), newLTS(b)
	if args[len(args)-1] == "HEAD" {
		out, err := os.ReadFile(filepath.Join(r.clone, ".git", "refs", "heads", r.main))
		if err != nil {
			b.Fatal(err)
		}
		args[len(args)-1] = strings.TrimSpace(string(out))
	}
	r.cherry(b) // the first one warms the caches of the system
	var cold, warm, reference time.Duration
	for b.Loop() {
		reference += r.cherry(b)
		if err := os.RemoveAll(r.cache); err != nil {
			b.Fatal(err)
		}
		cold += timed(b, r.clone, relctl, args...)
		warm += timed(b, r.clone, relctl, args...)
	}
	ms := func(d time.Duration) float64 { return float64(d.Milliseconds()) / float64(b.N) }
	b.ReportMetric(ms(cold), "cold-ms")
	b.ReportMetric(cold.Seconds()/reference.Seconds(), "cold-x-of-git-cherry")
	b.ReportMetric(ms(warm), "warm-ms")
	b.ReportMetric(ms(reference), "git-cherry-ms")
}
