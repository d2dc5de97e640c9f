//go:build !nosigstore

package verify_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	sigstore "github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/relctl/relctl/pkg/verify"
)

// oracle asks sigstore-go, the reference implementation, whether data is a signature of payload by a key.
func oracle(t testing.TB, key, payload, data []byte) error {
	t.Helper()
	public, err := cryptoutils.UnmarshalPEMToPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	check, err := signature.LoadVerifier(public, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	always := root.NewExpiringKey(check, time.Time{}, time.Time{})
	trusted := root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) { return always, nil })
	v, err := sigstore.NewVerifier(trusted, sigstore.WithNoObserverTimestamps())
	if err != nil {
		t.Fatal(err)
	}
	var b bundle.Bundle
	if err := b.UnmarshalJSON(data); err != nil {
		return err
	}
	_, err = v.Verify(&b, sigstore.NewPolicy(sigstore.WithArtifact(bytes.NewReader(payload)), sigstore.WithKey()))
	return err
}

// twist changes the good signature bundle of a release.
type twist struct {
	name string
	// code of our refusal, "" if we accept.
	code string
	// stricter says why we refuse what sigstore-go accepts, "" if it refuses too.
	stricter string
	change   func(t testing.TB, f *fixture, good []byte) []byte
}

// swap replaces text that must be there, once.
func swap(from, to string) func(testing.TB, *fixture, []byte) []byte {
	return func(t testing.TB, _ *fixture, good []byte) []byte {
		t.Helper()
		if !bytes.Contains(good, []byte(from)) {
			t.Fatalf("%s is not in %s", from, good)
		}
		return bytes.Replace(good, []byte(from), []byte(to), 1)
	}
}

const (
	v03  = `application/vnd.dev.sigstore.bundle.v0.3+json`
	hint = `"publicKey":{"hint":"test"}`
)

var twists = []twist{
	{"as it is signed", "", "", swap("{", "{")},
	{"white space", "", "", swap("{", " {\n")},
	{"the media type's other spelling", "", "", swap(v03, "application/vnd.dev.sigstore.bundle+json;version=0.3")},
	{"field names as in the protocol buffer", "", "", swap("messageSignature", "message_signature")},
	{"no hint", "", "", swap(hint, `"publicKey":{}`)},

	{"signature flipped", verify.CodeSignatureWrong, "", func(t testing.TB, f *fixture, _ []byte) []byte {
		sig := f.signer.raw(t, f.raw)
		sig[len(sig)-1] ^= 1
		return message(f.raw, sig)
	}},
	{"signature with bytes after it", verify.CodeSignatureWrong, "", func(t testing.TB, f *fixture, _ []byte) []byte {
		return message(f.raw, append(f.signer.raw(t, f.raw), 0))
	}},
	{"no signature in it", verify.CodeSignatureForm, "", func(_ testing.TB, f *fixture, _ []byte) []byte { return message(f.raw, nil) }},
	{"digest flipped", verify.CodeSignatureDigest, "", swap(`"digest":"`, `"digest":"AAAA`)},
	{"no digest", verify.CodeSignatureDigest, "", func(t testing.TB, f *fixture, good []byte) []byte {
		digest := fmt.Sprintf(`"messageDigest":{"algorithm":"SHA2_256","digest":%q},`, base64.StdEncoding.EncodeToString(sum(f.raw)))
		return swap(digest, "")(t, f, good)
	}},
	{"another digest's name", verify.CodeSignatureDigest, "", swap("SHA2_256", "SHA2_512")},
	{"signed by another key", verify.CodeSignatureWrong, "", func(t testing.TB, f *fixture, _ []byte) []byte { return newSigner(t).sign(t, f.raw) }},
	{"over another release.json", verify.CodeSignatureDigest, "", func(t testing.TB, f *fixture, _ []byte) []byte { return f.signer.sign(t, []byte("{}")) }},

	{"no material", verify.CodeSignatureForm, "", swap(hint, "")},
	{"a certificate in place of the key", verify.CodeSignatureForm, "", certificate},
	{"an entry of no log", verify.CodeSignatureForm, "", swap(hint, hint+`,"tlogEntries":[{"logIndex":"1"}]`)},
	{"a time stamp by nobody", verify.CodeSignatureForm, "what is not checked must not look as if it were", swap(hint, hint+`,"timestampVerificationData":{"rfc3161Timestamps":[{"signedTimestamp":"AAAA"}]}`)},

	{"older format", verify.CodeSignatureForm, "releases are signed in one format; older ones have other rules", swap(v03, "application/vnd.dev.sigstore.bundle+json;version=0.2")},
	{"format with a patch level", verify.CodeSignatureForm, "releases are signed in one format", swap("v0.3+json", "v0.3.1+json")},
	{"format to come", verify.CodeSignatureForm, "", swap("v0.3", "v0.4")},
	{"wrong media type", verify.CodeSignatureForm, "", swap(v03, "application/json")},
	{"no media type", verify.CodeSignatureForm, "", swap(v03, "")},

	{"truncated", verify.CodeSignatureForm, "", func(_ testing.TB, _ *fixture, good []byte) []byte { return good[:len(good)-1] }},
	{"bytes after it", verify.CodeSignatureForm, "", func(_ testing.TB, _ *fixture, good []byte) []byte { return append(good, "{}"...) }},
	{"empty", verify.CodeSignatureForm, "", func(testing.TB, *fixture, []byte) []byte { return nil }},
	{"null", verify.CodeSignatureForm, "", func(testing.TB, *fixture, []byte) []byte { return []byte("null") }},
	{"repeated key", verify.CodeSignatureForm, "", swap("{", `{"mediaType":"`+v03+`",`)},
	{"repeated key in its two spellings", verify.CodeSignatureForm, "", swap("{", `{"media_type":"`+v03+`",`)},
	{"unknown key", verify.CodeSignatureForm, "", swap("{", `{"extra":1,`)},
	{"key in upper case", verify.CodeSignatureForm, "", swap("mediaType", "MediaType")},
	{"text that is not UTF-8", verify.CodeSignatureForm, "", swap(`"hint":"test"`, "\"hint\":\"\xff\"")},

	{"attestation about release.json", verify.CodeSignatureKind, "an attestation does not vouch for a release, whoever signed it", attestation},
	{"signature and attestation", verify.CodeSignatureForm, "", swap(`"messageSignature"`, `"dsseEnvelope":{},"messageSignature"`)},
}

// certificate puts a certificate of the very key in place of the key's hint.
func certificate(t testing.TB, f *fixture, good []byte) []byte {
	t.Helper()
	about := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, about, about, f.signer.key.Public(), f.signer.key)
	if err != nil {
		t.Fatal(err)
	}
	return swap(hint, fmt.Sprintf(`"certificate":{"rawBytes":%q}`, base64.StdEncoding.EncodeToString(der)))(t, f, good)
}

// attestation is a genuine DSSE attestation by the trusted key whose subject is release.json.
func attestation(t testing.TB, f *fixture, _ []byte) []byte {
	t.Helper()
	const kind = "application/vnd.in-toto+json"
	statement := fmt.Sprintf(`{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"release.json","digest":{"sha256":"%x"}}],"predicateType":"https://acme.example/seen","predicate":{}}`, sum(f.raw))
	signed := f.signer.raw(t, fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(kind), kind, len(statement), statement))
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, `{"mediaType":%q,"verificationMaterial":{%s},"dsseEnvelope":{"payload":%q,"payloadType":%q,"signatures":[{"sig":%q}]}}`, v03, hint, b64([]byte(statement)), kind, b64(signed))
}

func TestWhatWeAcceptIsWhatSigstoreAccepts(t *testing.T) {
	t.Parallel()
	f := sample(t)
	good := f.signatures[f.signer.name()]
	for _, w := range twists {
		t.Run(w.name, func(t *testing.T) {
			data := w.change(t, f, bytes.Clone(good))
			f.signatures[f.signer.name()] = data
			code, _ := check(t, f.bytes(t), f.policy())
			if code != w.code {
				t.Errorf("code %q, want %q", code, w.code)
			}
			theirs := oracle(t, f.signer.pem, f.raw, data)
			switch {
			case code == "" && theirs != nil:
				t.Errorf("we accept what sigstore-go refuses: %v", theirs)
			case code != "" && theirs == nil && w.stricter == "":
				t.Error("sigstore-go accepts it, and the table does not say why we do not")
			case w.stricter != "" && theirs != nil:
				t.Errorf("the table says that sigstore-go accepts it: %v", theirs)
			}
		})
	}
}

func TestRSASignaturesAreJudgedAsSigstoreJudgesThem(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		t.Fatal(err)
	}
	f := signedBy(t, signerOf(t, key), nil, "")
	good := f.signer.raw(t, f.raw)
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	pss, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum(f.raw), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		sig  []byte
		code string
	}{
		"PKCS 1 v1.5": {good, ""},
		"flipped":     {flipped, verify.CodeSignatureWrong},
		"shortened":   {good[1:], verify.CodeSignatureWrong},
		"lengthened":  {append([]byte{0}, good...), verify.CodeSignatureWrong},
		"PSS":         {pss, verify.CodeSignatureWrong},
	} {
		data := message(f.raw, c.sig)
		f.signatures[f.signer.name()] = data
		if code, _ := check(t, f.bytes(t), f.policy()); code != c.code {
			t.Errorf("%s: code %q, want %q", name, code, c.code)
		}
		if err := oracle(t, f.signer.pem, f.raw, data); (err == nil) != (c.code == "") {
			t.Errorf("%s: sigstore-go says %v", name, err)
		}
	}
}

func TestNoAlteredByteOfASignatureIsAcceptedByUsAlone(t *testing.T) {
	t.Parallel()
	f := sample(t)
	good := f.signatures[f.signer.name()]
	accepted := 0
	for at := range good {
		for _, x := range []byte{good[at] ^ 1, ' ', '='} {
			data := bytes.Clone(good)
			data[at] = x
			f.signatures[f.signer.name()] = data
			if code, _ := check(t, f.bytes(t), f.policy()); code != "" {
				continue
			}
			accepted++
			if err := oracle(t, f.signer.pem, f.raw, data); err != nil {
				t.Errorf("byte %d as %q: we accept what sigstore-go refuses: %v", at, x, err)
			}
		}
	}
	if accepted == 0 {
		t.Error("not even another hint was accepted, so nothing was compared")
	}
}

func TestKeyFilesHoldOneKeyAndNothingElse(t *testing.T) {
	t.Parallel()
	good, other := newSigner(t).pem, newSigner(t).pem
	block, _ := pem.Decode(good)
	for name, c := range map[string]struct {
		data []byte
		ok   bool
	}{
		"one key":              {good, true},
		"white space around":   {[]byte("\n \n" + string(good) + "\n\n"), true},
		"carriage returns":     {bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")), true},
		"two keys":             {append(bytes.Clone(good), other...), false},
		"text before":          {append([]byte("our key:\n"), good...), false},
		"text after":           {append(bytes.Clone(good), "x"...), false},
		"a byte after the key": {pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: append(bytes.Clone(block.Bytes), 0)}), false},
		"truncated":            {good[:len(good)-30], false},
		"oversized":            {append(bytes.Clone(good), strings.Repeat("\n", 65<<10)...), false},
	} {
		if k, err := verify.ParseKey(c.data); (err == nil) != c.ok {
			t.Errorf("%s: got %v, %v", name, k, err)
		}
	}
}

func FuzzSignatureAgainstSigstore(f *testing.F) {
	good := fixed(f)
	for _, w := range twists {
		f.Add(w.change(f, good, bytes.Clone(good.signatures[good.signer.name()])))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		x := *good
		x.signatures = map[string][]byte{x.signer.name(): data}
		if len(data) > 64<<10 {
			return
		}
		if code, _ := check(t, x.bytes(t), x.policy()); code != "" {
			return
		}
		if err := oracle(t, x.signer.pem, x.raw, data); err != nil {
			t.Errorf("we accept what sigstore-go refuses: %v", err)
		}
	})
}
