package cli_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/relctl/relctl/cmd/relverify/cli"
	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/sign"
)

// sample is one release, signed by two keys; a third signs nothing.
type sample struct {
	bundle           []byte
	first, second    []byte
	stranger         []byte
	digest, firstKey string
}

var makeSample = sync.OnceValues(func() (*sample, error) {
	var keys []*sign.Key
	for range 3 {
		private, _, err := sign.Generate([]byte("password"))
		if err != nil {
			return nil, err
		}
		key, err := sign.Load(private, []byte("password"))
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	content := map[string]string{"artifacts/acme": "a program", "docs/install.md": "# install\n", "docs/facts.json": facts("2.4.7", "30s"), release.VerifyName: "# by hand\n"}
	line, err := release.ParseLine("2.4")
	if err != nil {
		return nil, err
	}
	m := &release.Manifest{
		Schema: release.ManifestSchema, Product: "acme", Channel: "lts-2.4", Kind: release.LTS, Line: line,
		Version: release.MustVersion("2.4.7"), Sequence: 7, Commit: strings.Repeat("a", 40), Tag: "v2.4.7",
		SourceDate: time.Date(2026, 5, 3, 12, 0, 0, 0, time.UTC), Plan: "sha256:" + strings.Repeat("b", 64), Pins: []release.Pin{},
	}
	var files []bundle.Source
	add := func(name string, data []byte) {
		files = append(files, bundle.Source{Name: name, Mode: "0644", Size: int64(len(data)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }})
	}
	list := func(name, text string) string {
		add(name, []byte(text))
		sum := fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
		m.Files = append(m.Files, release.File{Path: name, MediaType: release.MediaTypeText, Mode: "0644", Size: int64(len(text)), SHA256: sum})
		return sum
	}
	var sums []string
	for name, text := range content {
		sums = append(sums, list(name, text)+"  "+name+"\n")
	}
	slices.SortFunc(sums, func(a, b string) int { return strings.Compare(a[66:], b[66:]) })
	list(release.SumsName, strings.Join(sums, ""))
	slices.SortFunc(m.Files, func(a, b release.File) int { return strings.Compare(a.Path, b.Path) })
	raw, err := release.Encode(m)
	if err != nil {
		return nil, err
	}
	add(release.ManifestName, raw)
	for _, key := range keys[:2] {
		signature, err := key.Sign(context.Background(), raw)
		if err != nil {
			return nil, err
		}
		add(release.ManifestName+"."+key.ID()+".sigstore.json", signature)
	}
	var out bytes.Buffer
	if err := bundle.Write(&out, m.SourceDate, files); err != nil {
		return nil, err
	}
	return &sample{out.Bytes(), keys[0].PublicPEM(), keys[1].PublicPEM(), keys[2].PublicPEM(), release.Digest(raw), keys[0].ID()}, nil
})

// facts are those of a version that waits as long as is said.
func facts(version, wait string) string {
	return `{"schema": "https://relctl.dev/schema/facts/v1", "product": "acme", "version": "` + version + `", "facts": [{"kind": "config", "name": "wait", "attributes": {"default": "` + wait + `"}}]}`
}

// site is a customer's folder with the files that the help speaks of, and a few bad ones. It is the working folder.
func site(t *testing.T) *sample {
	t.Helper()
	s, err := makeSample()
	if err != nil {
		t.Fatal(err)
	}
	altered := bytes.Replace(s.bundle, []byte("a program"), []byte("b program"), 1)
	t.Chdir(t.TempDir())
	t.Setenv("RELVERIFY_SITE", filepath.Join(t.TempDir(), "site"))
	for name, data := range trusttest.Shelf() {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range map[string][]byte{
		"acme-2.4.7.bundle": s.bundle, "altered.bundle": altered, "empty.bundle": nil, "short.bundle": s.bundle[:len(s.bundle)-512],
		"acme.pub": s.first, "a.pub": s.first, "b.pub": s.second, "stranger.pub": s.stranger, "bad.pub": []byte("hello"),
		"acme.yaml": []byte("# as it comes\n"), "facts-2.4.6.json": []byte(facts("2.4.6", "10s")),
	} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// relverify runs a command line, words parted by one space.
func relverify(t *testing.T, line string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.RunAt(t.Context(), strings.Fields(line), strings.NewReader(""), &out, &errs, "relverify", func() time.Time { return trusttest.ShelfTime })
	for _, text := range []string{out.String(), errs.String()} {
		if strings.ContainsAny(text, "\x1b\r") {
			t.Errorf("%s: colours or movements for what is no terminal: %q", line, text)
		}
	}
	return code, out.String(), errs.String()
}

// files lists what lies below a folder.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, filepath.ToSlash(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
