package carry_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/carry"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
)

const (
	line      = "lts-2.4"
	timestamp = "trust/timestamp.json"
)

func file(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "acme.bundle")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, data []byte) *carry.Release {
	t.Helper()
	r, err := carry.Open(file(t, data), filepath.Join(t.TempDir(), "files"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What stands in the store is what the bundle holds, file by file, and the trust is read from its head last.
func TestAStoreShowsWhatTheBundleHolds(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	made := v.Channel(line).Releases[2]
	signature := "release.json." + strings.Repeat("ab", 32) + ".sigstore.json"
	r := open(t, trusttest.Signed(made, v.Files(line), map[string][]byte{signature: []byte("{}")}))
	for name, want := range made.Files {
		if got, err := os.ReadFile(filepath.Join(r.Set.Dir, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if len(r.Set.Signatures) != 1 || string(r.Set.Signatures[signature]) != "{}" || !bytes.Equal(r.Set.Raw, made.Raw) {
		t.Errorf("signatures %q", r.Set.Signatures)
	}
	if last := len(r.Trust) - 1; last != len(v.Files(line))-1 || r.Trust[last].Name != timestamp {
		t.Errorf("%d files of trust, the last is %s", len(r.Trust), r.Trust[last].Name)
	}
	store := publish.Directory{Root: filepath.Join(t.TempDir(), "www")}
	if err := r.Publish(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	for name, want := range v.Files(line) {
		if !strings.HasPrefix(name, release.StandingDir) {
			name = release.TrustDir + name
		}
		if got, err := store.Get(t.Context(), name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	if raw, err := store.Released(t.Context(), line, release.MustVersion("2.4.7")); err != nil || !bytes.Equal(raw, made.Raw) {
		t.Errorf("released: %d bytes, %v", len(raw), err)
	}
}

// A bundle from a drawer shows its release, and takes none of the news back.
func TestAnOldBundleTakesNoNewsBack(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	old := open(t, v.Bundle(line, "2.4.6"))
	v.Release(line, "2.4.8")
	store := publish.Directory{Root: filepath.Join(t.TempDir(), "www")}
	for _, r := range []*carry.Release{old, open(t, v.Bundle(line, "2.4.8")), open(t, v.Bundle(line, "2.4.8"))} {
		if err := r.Publish(t.Context(), store); err != nil {
			t.Fatal(err)
		}
	}
	newest := v.Files()["timestamp.json"]
	for _, r := range []*carry.Release{old, open(t, trusttest.Bundle(v.Channel(line).Releases[2], nil))} {
		if err := r.Publish(t.Context(), store); err != nil {
			t.Fatal(err)
		}
		if got, err := store.Get(t.Context(), timestamp); err != nil || !bytes.Equal(got, newest) {
			t.Errorf("the store's timestamp is %s, %v", got, err)
		}
	}
	if raw, err := store.Released(t.Context(), line, release.MustVersion("2.4.7")); err != nil || raw == nil {
		t.Errorf("the release without trust: %v", err)
	}
}

// Which trust is newer cannot be told if the store's is damaged: it is left as it is, and named.
func TestAStoreWithDamagedTrustIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	store := publish.Directory{Root: filepath.Join(t.TempDir(), "www")}
	if err := store.Put(t.Context(), []publish.Named{{Name: timestamp, Data: []byte("<html>")}}); err != nil {
		t.Fatal(err)
	}
	err := open(t, trusttest.Acme().Bundle(line, "2.4.7")).Publish(t.Context(), store)
	if err == nil || !strings.Contains(err.Error(), timestamp) || !strings.Contains(err.Error(), store.Root) {
		t.Errorf("%v", err)
	}
	if got, err := store.Get(t.Context(), timestamp); err != nil || string(got) != "<html>" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestWhatIsNoBundleIsNotCarried(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	var no *bundle.FormatError
	if _, err := carry.Open(file(t, []byte("bundle")), t.TempDir()); !errors.As(err, &no) {
		t.Errorf("no bundle: %v", err)
	}
	made := *v.Channel(line).Releases[2]
	made.Raw = []byte("{}")
	if _, err := carry.Open(file(t, trusttest.Bundle(&made, nil)), t.TempDir()); err == nil {
		t.Error("a release.json that is none was carried")
	}
	// A folder that is not empty would mix two releases.
	dir := t.TempDir()
	path := file(t, v.Bundle(line, "2.4.7"))
	if _, err := carry.Open(path, dir); err != nil {
		t.Fatal(err)
	}
	if _, err := carry.Open(path, dir); !errors.Is(err, fs.ErrExist) {
		t.Errorf("into a folder that has files: %v", err)
	}
}

// The image is opened before the registry is asked: one that is damaged goes nowhere.
func TestADamagedImageIsNotPushed(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	made := v.Channel(line).Releases[2]
	made.Files["images/acmed.oci.tar"] = []byte("image")
	made.Seal()
	digest := release.Digest([]byte("index"))
	made.Manifest.Images = []release.Image{{Name: "acmed", Repository: "acmed", Digest: digest, File: "images/acmed.oci.tar"}}
	raw, err := release.Encode(made.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	made.Raw = raw
	r := open(t, trusttest.Bundle(made, nil))
	if refs, err := r.PushImages(t.Context(), publish.Registry{Root: "localhost:0/none"}); err == nil || len(refs) > 0 || !strings.Contains(err.Error(), "acmed.oci.tar") {
		t.Errorf("%v, %v", refs, err)
	}
	r.Set.Manifest.Images = nil
	if refs, err := r.PushImages(t.Context(), publish.Registry{}); err != nil || len(refs) > 0 {
		t.Errorf("a release without images: %v, %v", refs, err)
	}
}
