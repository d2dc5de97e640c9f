package verify_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

// signer is a test's own signer: a key and the sigstore bundle around its signature, written by hand.
type signer struct {
	key crypto.Signer
	id  string
	pem []byte
}

func newSigner(t testing.TB) *signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signerOf(t, key)
}

func signerOf(t testing.TB, key crypto.Signer) *signer {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return &signer{key, hex.EncodeToString(sum(der)), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})}
}

func sum(data []byte) []byte {
	s := sha256.Sum256(data)
	return s[:]
}

func (s *signer) name() string { return "release.json." + s.id + ".sigstore.json" }

// raw signs a payload, each time with the same bytes.
func (s *signer) raw(t testing.TB, payload []byte) []byte {
	t.Helper()
	sig, err := s.key.Sign(nil, sum(payload), crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

// sign returns a sigstore bundle v0.3 with a message signature.
func (s *signer) sign(t testing.TB, payload []byte) []byte {
	t.Helper()
	return message(payload, s.raw(t, payload))
}

// message is a sigstore bundle v0.3 that claims a signature of a payload.
func message(payload, sig []byte) []byte {
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"test"}},"messageSignature":{"messageDigest":{"algorithm":"SHA2_256","digest":%q},"signature":%q}}`, b64(sum(payload)), b64(sig))
}

// fixture is a good release that a test can break.
type fixture struct {
	signer   *signer
	manifest *release.Manifest
	raw      []byte
	// content of small files by path; others lie below dir.
	content    map[string][]byte
	dir        string
	signatures map[string][]byte
}

func describe(path string, data []byte) release.File {
	return release.File{Path: path, MediaType: release.MediaTypeText, Mode: "0644", Size: int64(len(data)), SHA256: hex.EncodeToString(sum(data))}
}

// newFixture makes a signed release of files that lie below dir, of the small files that every test has, and of the
// list of checksums.
func newFixture(t testing.TB, files []release.File, dir string) *fixture {
	t.Helper()
	return signedBy(t, newSigner(t), files, dir)
}

// fixed makes the same release each time. A fuzz test runs in several processes that must agree on the key.
func fixed(t testing.TB) *fixture {
	t.Helper()
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), sum([]byte("a key for tests")))
	if err != nil {
		t.Fatal(err)
	}
	return signedBy(t, signerOf(t, key), nil, "")
}

func signedBy(t testing.TB, s *signer, files []release.File, dir string) *fixture {
	t.Helper()
	f := &fixture{signer: s, dir: dir, content: map[string][]byte{
		"VERIFY.md":              []byte("# by hand\n"),
		"artifacts/acme":         bytes.Repeat([]byte("program "), 100),
		"docs/install.md":        []byte("# install\n"),
		"changelog/CHANGELOG.md": []byte("# changes\n"),
	}}
	line, err := release.ParseLine("2.4")
	if err != nil {
		t.Fatal(err)
	}
	f.manifest = &release.Manifest{
		Schema: release.ManifestSchema, Product: "acme", Channel: "lts-2.4", Kind: release.LTS, Line: line,
		Version: release.MustVersion("2.4.7"), Sequence: 7, Commit: strings.Repeat("a", 40), Tag: "v2.4.7",
		SourceDate: time.Date(2026, 5, 3, 12, 0, 0, 0, time.UTC), Plan: "sha256:" + strings.Repeat("b", 64), Pins: []release.Pin{},
		Files: slices.Clone(files),
	}
	for _, path := range slices.Sorted(maps.Keys(f.content)) {
		f.manifest.Files = append(f.manifest.Files, describe(path, f.content[path]))
	}
	f.seal(t)
	return f
}

func sample(t testing.TB) *fixture { return newFixture(t, nil, "") }

// seal writes SHA256SUMS, release.json and the signature anew, for whatever the fixture holds now.
func (f *fixture) seal(t testing.TB) {
	t.Helper()
	m := f.manifest
	m.Files = slices.DeleteFunc(m.Files, func(x release.File) bool { return x.Path == release.SumsName })
	sortFiles(m.Files)
	var sums strings.Builder
	for _, x := range m.Files {
		fmt.Fprintf(&sums, "%s  %s\n", x.SHA256, x.Path)
	}
	f.content[release.SumsName] = []byte(sums.String())
	m.Files = append(m.Files, describe(release.SumsName, f.content[release.SumsName]))
	sortFiles(m.Files)
	f.state(t)
}

// state writes release.json and the signature only.
func (f *fixture) state(t testing.TB) {
	t.Helper()
	raw, err := release.Encode(f.manifest)
	if err != nil {
		t.Fatal(err)
	}
	f.raw = raw
	f.signatures = map[string][]byte{f.signer.name(): f.signer.sign(t, raw)}
}

func sortFiles(files []release.File) {
	slices.SortFunc(files, func(a, b release.File) int { return strings.Compare(a.Path, b.Path) })
}

func source(name, mode string, data []byte) bundle.Source {
	return bundle.Source{Name: name, Mode: mode, Size: int64(len(data)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
}

// sources are the files of the bundle.
func (f *fixture) sources() []bundle.Source {
	out := []bundle.Source{source(release.ManifestName, "0644", f.raw)}
	for name, data := range f.signatures {
		out = append(out, source(name, "0644", data))
	}
	listed := map[string]bool{}
	for _, x := range f.manifest.Files {
		listed[x.Path] = true
		if data, ok := f.content[x.Path]; ok {
			out = append(out, source(x.Path, x.Mode, data))
			continue
		}
		path := filepath.Join(f.dir, filepath.FromSlash(x.Path))
		out = append(out, bundle.Source{Name: x.Path, Mode: x.Mode, Size: x.Size, SHA256: x.SHA256, Open: func() (io.ReadCloser, error) { return os.Open(path) }})
	}
	for path, data := range f.content {
		if !listed[path] {
			out = append(out, source(path, "0644", data))
		}
	}
	return out
}

// bytes returns the bundle.
func (f *fixture) bytes(t testing.TB) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := bundle.Write(&buf, f.manifest.SourceDate, f.sources()); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func (f *fixture) write(t testing.TB, path string) {
	t.Helper()
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := bundle.Write(out, f.manifest.SourceDate, f.sources()); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) policy() verify.Policy { return verify.Policy{Keys: [][]byte{f.signer.pem}} }
