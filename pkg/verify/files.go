package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
)

// checkFiles holds every file against release.json.
func checkFiles(ctx context.Context, a *bundle.Archive, m *release.Manifest, rep *Report) error {
	work, err := compareLists(a, m)
	if err != nil {
		return err
	}
	if err := checkSums(a, m); err != nil {
		return err
	}
	if err := hashAll(ctx, a, work); err != nil {
		return err
	}
	for _, f := range m.Files {
		rep.Files++
		rep.Bytes += f.Size
	}
	rep.pass(integrity, CodeFiles, "%s, %d bytes: all are listed, and each is what release.json says", release.Count(rep.Files, "file"), rep.Bytes)
	return nil
}

// pair is a file as it is listed and where it lies.
type pair struct {
	file  release.File
	entry bundle.Entry
}

// compareLists makes sure that the bundle holds exactly the files that release.json lists.
func compareLists(a *bundle.Archive, m *release.Manifest) ([]pair, error) {
	var work []pair
	for _, e := range a.Entries() {
		if bundle.IsEnvelope(e.Name) {
			continue
		}
		f, ok := m.File(e.Name)
		switch {
		case !ok:
			return nil, refuse(integrity, CodeFileUnlisted, "%s is in the bundle, and release.json does not list it", e.Name)
		case f.Size != e.Size:
			return nil, refuse(integrity, CodeFileSize, "%s has %d bytes, release.json says %d", e.Name, e.Size, f.Size)
		case f.Mode != e.Mode:
			return nil, refuse(integrity, CodeFileMode, "%s has mode %s, release.json says %s", e.Name, e.Mode, f.Mode)
		}
		work = append(work, pair{f, e})
	}
	if len(work) != len(m.Files) {
		for _, f := range m.Files {
			if _, ok := a.Find(f.Path); !ok {
				return nil, refuse(integrity, CodeFileMissing, "release.json lists %s, and the bundle does not hold it", f.Path)
			}
		}
	}
	return work, nil
}

// checkSums makes sure that whoever verifies by hand, with SHA256SUMS, sees what release.json says.
func checkSums(a *bundle.Archive, m *release.Manifest) error {
	var want strings.Builder
	for _, f := range m.Files {
		if f.Path != release.SumsName {
			fmt.Fprintf(&want, "%s  %s\n", f.SHA256, f.Path)
		}
	}
	e, ok := a.Find(release.SumsName)
	if !ok || e.Size != int64(want.Len()) {
		return refuse(integrity, CodeSums, "%s does not say what release.json says", release.SumsName)
	}
	data, err := a.ReadFile(release.SumsName, int64(want.Len()))
	if err != nil {
		return err
	}
	if string(data) != want.String() {
		return refuse(integrity, CodeSums, "%s does not say what release.json says", release.SumsName)
	}
	return nil
}

// readBuffer returns room to read a file of size bytes, up to 1 MiB at a time.
func readBuffer(size int64) []byte { return make([]byte, min(max(size, 1), 1<<20)) }

// hashAll hashes the payloads on all cores, the largest first, and checks the padding between them.
func hashAll(ctx context.Context, a *bundle.Archive, work []pair) error {
	work = slices.Clone(work)
	slices.SortStableFunc(work, func(x, y pair) int {
		switch {
		case x.file.Size > y.file.Size:
			return -1
		case x.file.Size < y.file.Size:
			return 1
		}
		return 0
	})
	if len(work) == 0 {
		return nil
	}
	group, ctx := errgroup.WithContext(ctx)
	next := make(chan pair)
	group.Go(func() error {
		defer close(next)
		for _, p := range work {
			select {
			case next <- p:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range min(runtime.GOMAXPROCS(0), 8) {
		group.Go(func() error {
			buf := readBuffer(work[0].file.Size)
			h := sha256.New()
			for p := range next {
				if err := hashOne(ctx, a, p, h, buf); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func hashOne(ctx context.Context, a *bundle.Archive, p pair, h hash.Hash, buf []byte) error {
	h.Reset()
	r := a.Open(p.entry)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.Read(buf)
		h.Write(buf[:n])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", p.file.Path, err)
		}
	}
	if sum := hex.EncodeToString(h.Sum(nil)); sum != p.file.SHA256 {
		return digestRefusal(p.file, sum)
	}
	return a.CheckPadding(p.entry)
}

func digestRefusal(f release.File, sum string) error {
	return refuse(integrity, CodeFileDigest, "%s was changed: its sha256 is %s, release.json says %s", f.Path, sum, f.SHA256)
}
