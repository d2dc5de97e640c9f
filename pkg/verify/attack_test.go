package verify_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

// check verifies bytes and returns the refusal's code, "" for a genuine bundle.
func check(t testing.TB, data []byte, p verify.Policy) (string, *verify.Report) {
	t.Helper()
	rep, err := verify.Bundle(t.Context(), bytes.NewReader(data), int64(len(data)), p)
	var no *verify.Refusal
	switch {
	case err == nil:
		if !rep.Genuine {
			t.Fatal("no error, and not genuine")
		}
		return "", rep
	case errors.As(err, &no):
		if rep.Genuine {
			t.Fatal("refused, and genuine")
		}
		last := rep.Checks[len(rep.Checks)-1]
		if last.Status != verify.Refused || last.Code != no.Code || no.Remedy == "" {
			t.Fatalf("the report does not end with the refusal: %+v, %+v", last, no)
		}
		return no.Code, rep
	}
	t.Fatal(err)
	return "", nil
}

// attack changes a good release; reseal says that the attacker has the vendor's key and signs again.
type attack struct {
	name   string
	code   string
	change func(t testing.TB, f *fixture)
}

var attacks = []attack{
	{"no signature", verify.CodeNoSignature, func(_ testing.TB, f *fixture) { f.signatures = nil }},
	{"signed by a stranger", verify.CodeThreshold, func(t testing.TB, f *fixture) {
		s := newSigner(t)
		f.signatures = map[string][]byte{s.name(): s.sign(t, f.raw)}
	}},
	{"a stranger's signature under the vendor's name", verify.CodeSignatureWrong, func(t testing.TB, f *fixture) {
		f.signatures[f.signer.name()] = newSigner(t).sign(t, f.raw)
	}},
	{"signature over another release.json", verify.CodeSignatureDigest, func(t testing.TB, f *fixture) {
		f.signatures[f.signer.name()] = f.signer.sign(t, append([]byte(" "), f.raw...))
	}},
	{"signature whose digest was adapted", verify.CodeSignatureWrong, func(t testing.TB, f *fixture) {
		other, mine := string(f.signer.sign(t, []byte("other"))), string(f.signer.sign(t, f.raw))
		f.signatures[f.signer.name()] = []byte(strings.Split(mine, `"signature":`)[0] + `"signature":` + strings.Split(other, `"signature":`)[1])
	}},
	{"attestation instead of a signature", verify.CodeSignatureKind, func(_ testing.TB, f *fixture) {
		payload := base64.StdEncoding.EncodeToString([]byte(`{}`))
		f.signatures[f.signer.name()] = fmt.Appendf(nil, `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"x"}},"dsseEnvelope":{"payload":%q,"payloadType":"application/vnd.in-toto+json","signatures":[{"sig":%q}]}}`, payload, payload)
	}},
	{"older bundle format", verify.CodeSignatureForm, func(t testing.TB, f *fixture) {
		f.signatures[f.signer.name()] = bytes.Replace(f.signer.sign(t, f.raw), []byte("v0.3"), []byte("v0.1"), 1)
	}},
	{"garbage for a signature", verify.CodeSignatureForm, func(_ testing.TB, f *fixture) { f.signatures[f.signer.name()] = []byte("{") }},
	{"unknown field in the signature", verify.CodeSignatureForm, func(t testing.TB, f *fixture) {
		f.signatures[f.signer.name()] = bytes.Replace(f.signer.sign(t, f.raw), []byte("{"), []byte(`{"extra":1,`), 1)
	}},
	{"release.json altered", verify.CodeSignatureDigest, func(_ testing.TB, f *fixture) {
		f.raw = bytes.Replace(f.raw, []byte(`"sequence": 7`), []byte(`"sequence": 9`), 1)
	}},
	{"duplicate key in release.json", verify.CodeManifest, func(t testing.TB, f *fixture) {
		f.raw = bytes.Replace(f.raw, []byte(`"product": "acme",`), []byte(`"product": "evil", "product": "acme",`), 1)
		f.signatures[f.signer.name()] = f.signer.sign(t, f.raw)
	}},
	{"bytes after release.json", verify.CodeManifest, func(t testing.TB, f *fixture) {
		f.raw = append(f.raw, []byte("{}")...)
		f.signatures[f.signer.name()] = f.signer.sign(t, f.raw)
	}},
	{"a field that this verifier does not know is critical", verify.CodeCritical, func(t testing.TB, f *fixture) {
		f.manifest.Critical = []string{"volumes"}
		f.state(t)
	}},
	{"file altered", verify.CodeFileDigest, func(_ testing.TB, f *fixture) { f.content["artifacts/acme"][100] ^= 1 }},
	{"file shortened", verify.CodeFileSize, func(_ testing.TB, f *fixture) { f.content["artifacts/acme"] = f.content["artifacts/acme"][1:] }},
	{"file missing", verify.CodeFileMissing, func(_ testing.TB, f *fixture) {
		// The bundle leaves it out; release.json was sealed before.
		f.manifest.Files = slices.DeleteFunc(f.manifest.Files, func(x release.File) bool { return x.Path == "artifacts/acme" })
		delete(f.content, "artifacts/acme")
	}},
	{"file that is not listed", verify.CodeFileUnlisted, func(_ testing.TB, f *fixture) { f.content["docs/evil.md"] = []byte("run this") }},
	{"file of another release mixed in", verify.CodeFileDigest, func(_ testing.TB, f *fixture) { f.content["docs/install.md"] = []byte("# INSTALL\n") }},
	{"mode made executable", verify.CodeFileMode, func(_ testing.TB, f *fixture) {
		for i := range f.manifest.Files {
			if f.manifest.Files[i].Path == "docs/install.md" {
				f.manifest.Files[i].Mode = "0755" // what the bundle carries; release.json was sealed before
			}
		}
	}},
	{"SHA256SUMS says something else", verify.CodeSums, func(t testing.TB, f *fixture) {
		data := bytes.Replace(f.content[release.SumsName], []byte("docs/install.md"), []byte("docs/INSTALL.md"), 1)
		f.content[release.SumsName] = data
		for i, x := range f.manifest.Files {
			if x.Path == release.SumsName {
				f.manifest.Files[i] = describe(x.Path, data)
			}
		}
		f.state(t)
	}},
	{"archive dated otherwise", verify.CodeTimestamp, func(t testing.TB, f *fixture) {
		good := f.manifest.SourceDate
		f.manifest.SourceDate = good.AddDate(0, 0, 1)
		f.state(t)
		f.manifest.SourceDate = good
	}},
}

func TestEveryAttackIsRefusedForItsReasonAndItsGoodTwinIsAccepted(t *testing.T) {
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			f := sample(t)
			if code, _ := check(t, f.bytes(t), f.policy()); code != "" {
				t.Fatalf("the good twin is refused: %s", code)
			}
			a.change(t, f)
			data := f.bytes(t)
			if code, _ := check(t, data, f.policy()); code != a.code {
				t.Errorf("code %q, want %q", code, a.code)
			}
			refusesToUnpack(t, data, f.policy())
		})
	}
}

// refusesToUnpack makes sure that nothing is left where a bad bundle was to be unpacked.
func refusesToUnpack(t *testing.T, data []byte, p verify.Policy) {
	t.Helper()
	dir := t.TempDir()
	if _, err := verify.Unpack(t.Context(), bytes.NewReader(data), int64(len(data)), filepath.Join(dir, "out"), p); err == nil {
		t.Error("it is unpacked")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAnyFlippedByteOfABundleIsRefused(t *testing.T) {
	f := sample(t)
	data := f.bytes(t)
	for at := range data {
		bad := bytes.Clone(data)
		bad[at] ^= 0x01
		rep, err := verify.Bundle(t.Context(), bytes.NewReader(bad), int64(len(bad)), f.policy())
		if err == nil {
			// A bundle holds no byte that does not matter, but JSON of the signature has an unused hint, and the last
			// character of base64 has bits that stand for nothing.
			if !bytes.Contains(data[max(0, at-24):at+1], []byte(`"hint":"`)) && !bytes.HasPrefix(data[at+1:], []byte("=")) {
				t.Fatalf("byte %d of %d: %q: accepted: %+v", at, len(data), data[max(0, at-20):at+1], rep)
			}
		}
	}
}

func TestTruncatedAndExtendedBundlesAreRefused(t *testing.T) {
	f := sample(t)
	data := f.bytes(t)
	for n := range data {
		if n > 6000 && n < len(data)-3000 && n%97 != 0 {
			continue
		}
		if code, _ := check(t, data[:n], f.policy()); code != bundle.CodeTruncated && code != bundle.CodeTrailing && code != bundle.CodeHeader {
			t.Fatalf("cut to %d of %d bytes: %q", n, len(data), code)
		}
	}
	for _, extra := range []int{1, 511, 512, 1024, 10240} {
		if code, _ := check(t, append(bytes.Clone(data), make([]byte, extra)...), f.policy()); code != bundle.CodeTrailing {
			t.Errorf("%d bytes more: %q", extra, code)
		}
	}
}

func TestAThresholdCountsKeysNotSignatures(t *testing.T) {
	f := sample(t)
	second := newSigner(t)
	p := f.policy()
	p.Keys, p.Threshold = append(p.Keys, second.pem), 2
	if code, _ := check(t, f.bytes(t), p); code != verify.CodeThreshold {
		t.Errorf("one of two: %q", code)
	}
	twice := p
	twice.Keys = [][]byte{f.signer.pem, f.signer.pem, append([]byte("\n"), f.signer.pem...)}
	if code, _ := check(t, f.bytes(t), twice); code != verify.CodeThreshold {
		t.Errorf("one key, given thrice: %q", code)
	}
	f.signatures[second.name()] = second.sign(t, f.raw)
	if code, rep := check(t, f.bytes(t), p); code != "" || len(rep.Keys) != 2 {
		t.Errorf("two of two: %q, %v", code, rep.Keys)
	}
	f.signatures[second.name()] = newSigner(t).sign(t, f.raw)
	p.Threshold = 1
	if code, _ := check(t, f.bytes(t), p); code != verify.CodeSignatureWrong {
		t.Errorf("one good and one forged signature of a trusted key: %q", code)
	}
}

func TestOtherProductsChannelsAndOldVersionsAreRefused(t *testing.T) {
	f := sample(t)
	data := f.bytes(t)
	for code, change := range map[string]func(*verify.Policy){
		verify.CodeProduct:    func(p *verify.Policy) { p.Product = "other" },
		verify.CodeChannel:    func(p *verify.Policy) { p.Channel = "lts-2.6" },
		verify.CodeMinVersion: func(p *verify.Policy) { p.MinVersion = release.MustVersion("2.4.8") },
		"": func(p *verify.Policy) {
			p.Product, p.Channel, p.MinVersion = "acme", "lts-2.4", release.MustVersion("2.4.7")
		},
	} {
		p := f.policy()
		change(&p)
		if got, _ := check(t, data, p); got != code {
			t.Errorf("code %q, want %q", got, code)
		}
	}
}

func TestWithoutAUsableKeyThereIsNoAnswer(t *testing.T) {
	f := sample(t)
	data := f.bytes(t)
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pemOf := func(public any) []byte {
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	}
	for name, keys := range map[string][][]byte{
		"none": nil, "empty": {nil}, "garbage": {[]byte("key")}, "RSA 2048": {pemOf(&weak.PublicKey)}, "P-384": {pemOf(&p384.PublicKey)},
		"private": {pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})},
	} {
		var unusable *verify.PolicyError
		if _, err := verify.Bundle(t.Context(), bytes.NewReader(data), int64(len(data)), verify.Policy{Keys: keys}); !errors.As(err, &unusable) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestTheReportSaysWhatWasNotEvaluated(t *testing.T) {
	f := sample(t)
	_, rep := check(t, f.bytes(t), f.policy())
	for _, c := range rep.Checks {
		if c.Verdict == "freshness" {
			if c.Status != verify.NotEvaluated || c.Code != verify.CodeFreshnessUnknown {
				t.Errorf("freshness is %+v", c)
			}
			return
		}
	}
	t.Error("the report does not speak of freshness")
}
