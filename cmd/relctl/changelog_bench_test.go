package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkChangelogAll prints how long relctl changelog --all takes on a real repository as a ratio to git log over the
// same history, as Markdown and as JSON. It needs RELCTL_BENCH_REPO, a clone, and RELCTL_BENCH_MAIN, such as main: its
// whole history is told, with the tags v<version> as releases. With RELCTL_BENCH_GITCLIFF, the path of git-cliff, it also
// prints how many times faster than that it is; one run of it may take a minute, so -benchtime 1x will do.
func BenchmarkChangelogAll(b *testing.B) {
	repo, branch := os.Getenv("RELCTL_BENCH_REPO"), os.Getenv("RELCTL_BENCH_MAIN")
	if repo == "" || branch == "" {
		b.Skip("set RELCTL_BENCH_REPO and RELCTL_BENCH_MAIN")
	}
	relctl, clone := built(b), filepath.Join(b.TempDir(), "clone")
	timed(b, ".", "git", "clone", "--quiet", "--shared", "--no-checkout", "--branch", branch, repo, clone)
	for name, text := range map[string]string{
		"product.yaml": "name: real\nbuild: {command: [make], output: dist}\n",
		"line.yaml":    "kind: rolling\nbranch: " + branch + "\ntag: \"v{version}\"\n",
	} {
		path := filepath.Join(clone, "channels", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	told := []string{"changelog", "line", "--all"}
	timed(b, clone, relctl, told...) // the first one warms the caches of the system
	cliff := os.Getenv("RELCTL_BENCH_GITCLIFF")
	var took, asJSON, reference, other time.Duration
	for b.Loop() {
		reference += timed(b, clone, "git", "log", "--format=%H%n%B", "origin/"+branch, "--tags")
		took += timed(b, clone, relctl, told...)
		asJSON += timed(b, clone, relctl, append(told, "--json")...)
		if cliff != "" {
			other += timed(b, clone, cliff, "--offline")
		}
	}
	b.ReportMetric(float64(took.Milliseconds())/float64(b.N), "ms")
	b.ReportMetric(took.Seconds()/reference.Seconds(), "x-of-git-log")
	b.ReportMetric(asJSON.Seconds()/reference.Seconds(), "json-x-of-git-log")
	if cliff != "" {
		b.ReportMetric(other.Seconds()/took.Seconds(), "x-faster-than-git-cliff")
	}
}
