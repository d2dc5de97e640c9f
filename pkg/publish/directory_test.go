package publish_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
)

const planDigest = "sha256:" + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// set makes a release of the given files on disk.
func set(t testing.TB, files map[string]string) publish.Set {
	t.Helper()
	dir := t.TempDir()
	line, err := release.ParseLine("2.4")
	if err != nil {
		t.Fatal(err)
	}
	m := &release.Manifest{
		Schema: release.ManifestSchema, Product: "acme", Channel: "lts-2.4", Kind: release.LTS, Line: line,
		Version: release.MustVersion("2.4.7"), Sequence: 1, Commit: strings.Repeat("a", 40),
		SourceDate: time.Date(2026, 5, 3, 0, 0, 0, 0, time.UTC), Plan: planDigest, Pins: []release.Pin{},
	}
	for path, text := range files {
		full := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(text))
		m.Files = append(m.Files, release.File{Path: path, MediaType: "text/plain", Mode: "0644", Size: int64(len(text)), SHA256: hex.EncodeToString(sum[:])})
	}
	sort.Slice(m.Files, func(i, j int) bool { return m.Files[i].Path < m.Files[j].Path })
	raw, err := release.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return publish.Set{Plan: planDigest, Manifest: m, Raw: raw, Dir: dir, Signatures: map[string][]byte{"release.json.aa.sigstore.json": []byte("sig-a")}}
}

func sample(t testing.TB) publish.Set {
	return set(t, map[string]string{"artifacts/acme": "binary", "docs/a.md": "# a", "SHA256SUMS": "x", "VERIFY.md": "y"})
}

// visible lists all files of the store that a web server would show.
func visible(t testing.TB, root string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == ".staging" {
			return filepath.SkipDir
		}
		if !d.IsDir() {
			rel, err := filepath.Rel(root, path)
			out = append(out, filepath.ToSlash(rel))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNothingIsVisibleBeforeRevealAndEverythingAfter(t *testing.T) {
	d, s := publish.Directory{Root: filepath.Join(t.TempDir(), "store")}, sample(t)
	if err := d.Stage(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if got := visible(t, d.Root); len(got) != 0 {
		t.Fatalf("staging shows %v", got)
	}
	bundle := filepath.Join(t.TempDir(), "acme-2.4.7.bundle")
	if err := os.WriteFile(bundle, []byte("bundle"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time finds it done
		if err := d.Reveal(t.Context(), s.Plan, s.Manifest, bundle); err != nil {
			t.Fatal(err)
		}
	}
	want := "acme-2.4.7.bundle artifacts/acme docs/a.md release.json release.json.aa.sigstore.json SHA256SUMS VERIFY.md"
	var got []string
	for _, p := range visible(t, d.Root) {
		got = append(got, strings.TrimPrefix(p, "releases/lts-2.4/2.4.7/"))
	}
	sort.Slice(got, func(i, j int) bool { return strings.ToLower(got[i]) < strings.ToLower(got[j]) })
	if strings.Join(got, " ") != want {
		t.Errorf("visible: %v\nwant: %s", got, want)
	}
	raw, err := d.Released(t.Context(), "lts-2.4", s.Manifest.Version)
	if err != nil || string(raw) != string(s.Raw) {
		t.Errorf("Released = %d bytes, %v", len(raw), err)
	}
	info, err := os.Stat(filepath.Join(d.Path("lts-2.4", s.Manifest.Version), "artifacts", "acme"))
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v; want the manifest's", info.Mode(), err)
	}
}

func TestStagingTheSameSetAgainKeepsTheFirstAndAddsSignatures(t *testing.T) {
	d, s := publish.Directory{Root: t.TempDir()}, sample(t)
	second := s
	second.Signatures = map[string][]byte{"release.json.aa.sigstore.json": []byte("another by the same key"), "release.json.bb.sigstore.json": []byte("sig-b")}
	for _, set := range []publish.Set{s, second} {
		if err := d.Stage(t.Context(), set); err != nil {
			t.Fatal(err)
		}
	}
	st, err := d.Staged(t.Context(), s.Plan)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(st.Signatures["release.json.aa.sigstore.json"]) + " " + string(st.Signatures["release.json.bb.sigstore.json"]); got != "sig-a sig-b" {
		t.Errorf("signatures: %s", got)
	}
	f, err := d.Open(t.Context(), s.Plan, "artifacts/acme")
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil || string(data) != "binary" {
		t.Errorf("%q, %v", data, err)
	}
}

func TestARebuildThatDiffersNamesTheFileAndChangesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		path  string
	}{
		"other bytes": {map[string]string{"artifacts/acme": "other", "docs/a.md": "# a", "SHA256SUMS": "x", "VERIFY.md": "y"}, "artifacts/acme"},
		"one more":    {map[string]string{"artifacts/acme": "binary", "docs/a.md": "# a", "docs/b.md": "b", "SHA256SUMS": "x", "VERIFY.md": "y"}, "docs/b.md"},
		"one less":    {map[string]string{"artifacts/acme": "binary", "SHA256SUMS": "x", "VERIFY.md": "y"}, "docs/a.md"},
	} {
		t.Run(name, func(t *testing.T) {
			d, first := publish.Directory{Root: t.TempDir()}, sample(t)
			if err := d.Stage(t.Context(), first); err != nil {
				t.Fatal(err)
			}
			for _, revealed := range []bool{false, true} {
				if revealed {
					if err := d.Reveal(t.Context(), first.Plan, first.Manifest, ""); err != nil {
						t.Fatal(err)
					}
				}
				var differ *publish.DifferError
				if err := d.Stage(t.Context(), set(t, c.files)); !errors.As(err, &differ) || differ.Path != c.path {
					t.Errorf("revealed %v: error = %v, want one about %s", revealed, err, c.path)
				}
			}
			if raw, err := d.Released(t.Context(), "lts-2.4", first.Manifest.Version); err != nil || string(raw) != string(first.Raw) {
				t.Error("the first set was altered")
			}
		})
	}
}

func TestOfManyRunsTheFirstCompleteSetWins(t *testing.T) {
	d := publish.Directory{Root: t.TempDir()}
	sets := []publish.Set{sample(t), sample(t), set(t, map[string]string{"artifacts/acme": "other", "SHA256SUMS": "x"})}
	var wg sync.WaitGroup
	errs := make([]error, 24)
	for i := range errs {
		wg.Go(func() { errs[i] = d.Stage(context.Background(), sets[i%len(sets)]) })
	}
	wg.Wait()
	st, err := d.Staged(t.Context(), planDigest)
	if err != nil || st == nil {
		t.Fatal(st, err)
	}
	for i, err := range errs {
		if ours := string(sets[i%len(sets)].Raw) == string(st.Raw); ours != (err == nil) {
			t.Errorf("run %d: same set %v, error %v", i, ours, err)
		}
	}
	left, err := filepath.Glob(filepath.Join(d.Root, ".staging", "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("left in staging: %v, %v", left, err)
	}
}

func TestAFileThatChangedSinceItWasBuiltIsNotStaged(t *testing.T) {
	d, s := publish.Directory{Root: t.TempDir()}, sample(t)
	if err := os.WriteFile(filepath.Join(s.Dir, "artifacts", "acme"), []byte("BINARY"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Stage(t.Context(), s); err == nil || !strings.Contains(err.Error(), "changed since it was built") {
		t.Errorf("error = %v", err)
	}
	left, err := filepath.Glob(filepath.Join(d.Root, ".staging", "*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left in staging: %v, %v", left, err)
	}
}

func TestAStoreWhoseFolderIsAFileSaysSo(t *testing.T) {
	root := filepath.Join(t.TempDir(), "store")
	if err := os.WriteFile(root, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (publish.Directory{Root: root}).Stage(t.Context(), sample(t)); err == nil || !strings.Contains(err.Error(), root) {
		t.Errorf("error = %v, want one that names %s", err, root)
	}
}

func TestOfManyRevealsAtOnceAllSucceedAndNothingHalfIsLeft(t *testing.T) {
	d, s := publish.Directory{Root: t.TempDir()}, sample(t)
	bundle := filepath.Join(t.TempDir(), "acme-2.4.7.bundle")
	if err := os.WriteFile(bundle, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Stage(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		wg.Go(func() { errs[i] = d.Reveal(context.Background(), s.Plan, s.Manifest, bundle) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if got := visible(t, d.Root); len(got) != 7 {
		t.Errorf("visible: %v", got)
	}
}

func TestRevealOfWhatWasNeverStagedFails(t *testing.T) {
	d, s := publish.Directory{Root: t.TempDir()}, sample(t)
	if err := d.Reveal(t.Context(), s.Plan, s.Manifest, ""); err == nil {
		t.Error("revealed nothing without an error")
	}
	if st, err := d.Staged(t.Context(), s.Plan); st != nil || err != nil {
		t.Errorf("Staged of nothing = %v, %v", st, err)
	}
}

func ExampleDirectory() {
	root, err := os.MkdirTemp("", "store-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(root) }()
	store := publish.Directory{Root: root}
	raw, err := store.Released(context.Background(), "lts-2.4", release.MustVersion("2.4.7"))
	fmt.Println(raw == nil, err)
	// Output: true <nil>
}
