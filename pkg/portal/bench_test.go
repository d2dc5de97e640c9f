package portal_test

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// benchReleases × benchChanges is the size that a portal must bear: a product of many years.
const (
	benchReleases = 200
	benchChanges  = 2000
)

// BenchmarkWrite makes the portal of 200 releases of 2,000 changes each. peak-MiB is the most memory that the process had,
// by a run of its own.
func BenchmarkWrite(b *testing.B) {
	read := 0
	for b.Loop() {
		b.StopTimer()
		dir := b.TempDir()
		b.StartTimer()
		write(b, dir, product(benchReleases, benchChanges, &read))
	}
	b.ReportMetric(peak(b), "peak-MiB")
}

// BenchmarkWriteAgain does it again where a change has come to the branch.
func BenchmarkWriteAgain(b *testing.B) {
	read, n := 0, 0
	dir := b.TempDir()
	write(b, dir, product(benchReleases, benchChanges, &read))
	read = 0
	for b.Loop() {
		n++
		m := product(benchReleases, benchChanges, &read)
		m.Channels[0].Releases[0] = made(m.Channels[0].Releases[0].Version, 5000+n, 5, m.Channels[0].Releases[0].Date, &read)
		write(b, dir, m)
	}
	b.ReportMetric(float64(read)/float64(b.N), "releases-read")
}

// peak runs this test binary anew, to make the portal once, and returns the most memory that it had, in MiB.
func peak(b *testing.B) float64 {
	b.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestPeak$", "-test.v")
	cmd.Env = append(os.Environ(), "PORTAL_PEAK=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	_, rest, _ := strings.Cut(string(out), "peak: ")
	kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	return kib / 1024
}

func TestPeak(t *testing.T) {
	if os.Getenv("PORTAL_PEAK") == "" {
		t.Skip("a run of the benchmark's own")
	}
	if runtime.GOOS != "linux" {
		t.Skip("only Linux says how much memory a process had")
	}
	read := 0
	write(t, t.TempDir(), product(benchReleases, benchChanges, &read))
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	t.Logf("peak: %s", strings.Fields(rest)[0])
}
