package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/relctl/relctl/testdata/acme"
)

// program builds relctl once for the benchmarks, as a release does.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "relctl-bench-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "relctl")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, ".")
	cmd.Stderr = os.Stderr
	return path, cmd.Run()
})

// timed runs a program and returns how long it took.
func timed(b *testing.B, dir, name string, args ...string) time.Duration {
	b.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	begin := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return time.Since(begin)
}

func built(b *testing.B) string {
	b.Helper()
	path, err := program()
	if err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkHelp prints how long relctl --help takes as a whole process, and as a ratio to git --version.
func BenchmarkHelp(b *testing.B) {
	relctl := built(b)
	var took, reference time.Duration
	for b.Loop() {
		reference += timed(b, ".", "git", "--version")
		took += timed(b, ".", relctl, "--help")
	}
	b.ReportMetric(float64(took.Milliseconds())/float64(b.N), "ms")
	b.ReportMetric(took.Seconds()/reference.Seconds(), "x-of-git--version")
}

// BenchmarkPlanSample prints how long relctl plan takes on the sample product.
func BenchmarkPlanSample(b *testing.B) {
	relctl, dir := built(b), b.TempDir()
	sample, err := acme.Replay(context.Background(), dir)
	if err != nil {
		b.Fatal(err)
	}
	timed(b, sample.Repo, relctl, "plan", "lts-2.4") // the first one warms the caches of the system
	var took time.Duration
	for b.Loop() {
		took += timed(b, sample.Repo, relctl, "plan", "lts-2.4")
	}
	b.ReportMetric(float64(took.Milliseconds())/float64(b.N), "ms")
}

// BenchmarkPlanReal prints the time of relctl plan on a real repository as a ratio to git log over the same range: the
// history of a release branch since the tag RELCTL_BENCH_SINCE, or all of it if that is empty. It also needs
// RELCTL_BENCH_REPO, a clone with release branches, RELCTL_BENCH_BRANCH and RELCTL_BENCH_LINE, such as release-3.5 and 3.5.
func BenchmarkPlanReal(b *testing.B) {
	repo, branch, line := os.Getenv("RELCTL_BENCH_REPO"), os.Getenv("RELCTL_BENCH_BRANCH"), os.Getenv("RELCTL_BENCH_LINE")
	if repo == "" || branch == "" || line == "" {
		b.Skip("set RELCTL_BENCH_REPO, RELCTL_BENCH_BRANCH and RELCTL_BENCH_LINE")
	}
	relctl, clone := built(b), filepath.Join(b.TempDir(), "clone")
	timed(b, ".", "git", "clone", "--quiet", "--shared", "--no-checkout", repo, clone)
	for name, text := range map[string]string{
		"product.yaml": "name: real\nbuild: {command: [make], output: dist}\n",
		"line.yaml":    "kind: lts\nline: \"" + line + "\"\nbranch: " + branch + "\naccept: [fix]\n",
	} {
		path := filepath.Join(clone, "channels", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	log, since := []string{"log", "--format=%H%n%B", "origin/" + branch}, os.Getenv("RELCTL_BENCH_SINCE")
	tags, err := exec.Command("git", "-C", clone, "tag").Output()
	if err != nil {
		b.Fatal(err)
	}
	var gone []string
	for tag := range strings.FieldsSeq(string(tags)) {
		if tag != since {
			gone = append(gone, tag)
		}
	}
	if len(gone) > 0 {
		timed(b, clone, "git", append([]string{"tag", "--delete"}, gone...)...)
	}
	if since != "" {
		log = append(log, "^"+since)
	}
	timed(b, clone, relctl, "plan", "line") // the first one warms the caches of the system
	var took, asJSON, reference time.Duration
	for b.Loop() {
		reference += timed(b, clone, "git", log...)
		took += timed(b, clone, relctl, "plan", "line")
		asJSON += timed(b, clone, relctl, "plan", "line", "--json")
	}
	b.ReportMetric(float64(took.Milliseconds())/float64(b.N), "ms")
	b.ReportMetric(took.Seconds()/reference.Seconds(), "x-of-git-log")
	b.ReportMetric(asJSON.Seconds()/reference.Seconds(), "json-x-of-git-log")
}
