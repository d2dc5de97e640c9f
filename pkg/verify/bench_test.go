package verify_test

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

// benchBytes is the size of the bundles that the benchmarks make.
const benchBytes = 1 << 30

// largeRelease writes files of 1 GiB in all, like those of a product with a few large images.
func largeRelease(b *testing.B, dir string) []release.File {
	b.Helper()
	var files []release.File
	block := make([]byte, 1<<20)
	for i := range 16 {
		name := fmt.Sprintf("artifacts/part-%02d", i)
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		f, err := os.Create(path)
		if err != nil {
			b.Fatal(err)
		}
		h := sha256.New()
		for range benchBytes / 16 / len(block) {
			_, _ = rand.Read(block)
			h.Write(block)
			if _, err := f.Write(block); err != nil {
				b.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
		files = append(files, release.File{Path: name, MediaType: release.MediaTypeBinary, Mode: "0644", Size: benchBytes / 16, SHA256: fmt.Sprintf("%x", h.Sum(nil))})
	}
	return files
}

// readOnce reads a file from beginning to end.
func readOnce(b *testing.B, path string) time.Duration {
	b.Helper()
	begin := time.Now()
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}, make([]byte, 1<<20)); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return time.Since(begin)
}

// hashCores hashes as many bytes as the bundle has with Go's sha256 on all cores, from memory.
func hashCores() time.Duration {
	begin := time.Now()
	var wg sync.WaitGroup
	cores := runtime.GOMAXPROCS(0)
	for range cores {
		wg.Go(func() {
			block := make([]byte, 1<<20)
			h := sha256.New()
			for range benchBytes / len(block) / cores {
				h.Write(block)
			}
			h.Sum(nil)
		})
	}
	wg.Wait()
	return time.Since(begin)
}

// BenchmarkVerify prints the time of verifying a 1 GiB bundle as a ratio to the larger of reading it once and hashing
// as much on all cores, and the memory that it takes from the system beyond what it had.
func BenchmarkVerify(b *testing.B) {
	dir := b.TempDir()
	good := newFixture(b, largeRelease(b, dir), dir)
	path := filepath.Join(dir, "large.bundle")
	good.write(b, path)
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	readOnce(b, path) // into the page cache, for all three alike
	var took, reference time.Duration
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b.ResetTimer()
	for b.Loop() {
		reference += max(readOnce(b, path), hashCores())
		begin := time.Now()
		if _, err := verify.Bundle(b.Context(), f, info.Size(), good.policy()); err != nil {
			b.Fatal(err)
		}
		took += time.Since(begin)
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(took.Seconds()/reference.Seconds(), "x-of-max(read,hash)")
	b.ReportMetric(float64(after.Sys-before.Sys)/(1<<20), "MiB-from-system")
	b.SetBytes(info.Size())
}

// BenchmarkWrite prints the time of writing a 1 GiB bundle as a ratio to copying the same files and hashing them.
func BenchmarkWrite(b *testing.B) {
	dir := b.TempDir()
	files := largeRelease(b, dir)
	good := newFixture(b, files, dir)
	var took, reference time.Duration
	b.ResetTimer()
	for b.Loop() {
		begin := time.Now()
		out, err := os.Create(filepath.Join(dir, "copy"))
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range files {
			in, err := os.Open(filepath.Join(dir, f.Path))
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{in}, make([]byte, 1<<20)); err != nil {
				b.Fatal(err)
			}
			if err := in.Close(); err != nil {
				b.Fatal(err)
			}
			in, err = os.Open(filepath.Join(dir, f.Path))
			if err != nil {
				b.Fatal(err)
			}
			h := sha256.New()
			if _, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{in}, make([]byte, 1<<20)); err != nil {
				b.Fatal(err)
			}
			if err := in.Close(); err != nil {
				b.Fatal(err)
			}
		}
		if err := out.Close(); err != nil {
			b.Fatal(err)
		}
		reference += time.Since(begin)
		begin = time.Now()
		out, err = os.Create(filepath.Join(dir, "bundle"))
		if err != nil {
			b.Fatal(err)
		}
		if err := bundle.Write(out, good.manifest.SourceDate, good.sources()); err != nil {
			b.Fatal(err)
		}
		if err := out.Close(); err != nil {
			b.Fatal(err)
		}
		took += time.Since(begin)
	}
	b.ReportMetric(took.Seconds()/reference.Seconds(), "x-of-cp+hash")
}
