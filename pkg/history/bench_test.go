package history_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

// BenchmarkGrowth prints what an index costs on histories of 10,000 to 200,000 commits with five lines: the time of a
// whole process without and with a cache, also as a ratio to git log over the same history, and its memory. It runs if
// RELCTL_BENCH_GROWTH is set.
func BenchmarkGrowth(b *testing.B) {
	if os.Getenv("RELCTL_BENCH_GROWTH") == "" {
		b.Skip("set RELCTL_BENCH_GROWTH=1")
	}
	for _, commits := range []int{10_000, 50_000, 200_000} {
		b.Run(fmt.Sprint(commits), func(b *testing.B) {
			r := gittest.Synthetic(b, gittest.SyntheticOptions{Commits: commits, Lines: 5, Picks: commits / 100, Seed: 5})
			cache := b.TempDir()
			var cold, warm, reference time.Duration
			var coldMiB, warmMiB float64
			for b.Loop() {
				if err := os.RemoveAll(cache); err != nil {
					b.Fatal(err)
				}
				begin := time.Now()
				if err := exec.Command("git", "-C", r.Dir, "log", "--all", "--format=%H%n%B").Run(); err != nil {
					b.Fatal(err)
				}
				reference = time.Since(begin)
				cold, coldMiB = loadOnce(b, r, cache)
				warm, warmMiB = loadOnce(b, r, cache)
			}
			b.ReportMetric(float64(cold.Milliseconds()), "cold-ms")
			b.ReportMetric(cold.Seconds()/reference.Seconds(), "cold-x-of-git-log")
			b.ReportMetric(float64(warm.Milliseconds()), "warm-ms")
			b.ReportMetric(coldMiB, "cold-MiB")
			b.ReportMetric(warmMiB, "warm-MiB")
			b.ReportMetric(cold.Seconds()/float64(commits)*1e6, "cold-us/commit")
		})
	}
}

// loadOnce runs this program again with nothing to do but to load an index, and returns the time and the peak memory.
func loadOnce(b *testing.B, r *gittest.SyntheticRepo, cache string) (took time.Duration, mib float64) {
	b.Helper()
	refs := []string{r.Main}
	for _, l := range r.Lines {
		refs = append(refs, l.Ref)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestLoadOnce$", "-test.v")
	cmd.Env = append(os.Environ(), "RELCTL_BENCH_LOAD="+strings.Join(append(refs, r.Dir, cache), " "))
	begin := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	took = time.Since(begin)
	_, peak, _ := strings.Cut(string(out), "VmHWM:")
	_, _ = fmt.Sscan(peak, &mib) // 0 where the system does not tell
	return took, mib / 1024
}

// TestLoadOnce is the other end of loadOnce.
func TestLoadOnce(t *testing.T) {
	words := strings.Fields(os.Getenv("RELCTL_BENCH_LOAD"))
	if len(words) == 0 {
		t.Skip("loads what BenchmarkGrowth made")
	}
	refs, dir, cache := words[:len(words)-2], words[len(words)-2], words[len(words)-1]
	opts := history.IndexOptions{Main: history.Line{Name: "main", Ref: refs[0]}, Cache: filepath.Join(cache, "history")}
	for _, ref := range refs[1:] {
		opts.Lines = append(opts.Lines, history.Line{Name: ref, Ref: ref})
	}
	if len(load(t, dir, opts).Changes()) == 0 {
		t.Error("no changes")
	}
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		t.Logf("%s", status)
	}
}
