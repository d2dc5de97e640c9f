package sign_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/sign"
)

func TestOnlyOneCleanPublicKeyIsAKey(t *testing.T) {
	good := publicPEM(t, &p256(t).PublicKey)
	if _, err := sign.ParsePublic(append([]byte("\n "), good...)); err != nil {
		t.Errorf("white space around a key: %v", err)
	}
	private, _, err := sign.Generate(password)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"empty":             nil,
		"text":              []byte("ssh-ed25519 AAAA"),
		"text before":       append([]byte("my key\n"), good...),
		"two keys":          append(bytes.Clone(good), good...),
		"text after":        append(bytes.Clone(good), "x"...),
		"private key":       private,
		"truncated":         good[:len(good)-30],
		"broken DER":        pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte{0x30, 0x01}}),
		"certificate":       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{0x30, 0x00}}),
		"oversized":         append(bytes.Clone(good), bytes.Repeat([]byte("\n"), 65<<10)...),
		"another algorithm": pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: []byte{0x30, 0x00}}),
	} {
		var refused *sign.FormatError
		if p, err := sign.ParsePublic(data); !errors.As(err, &refused) || p != nil {
			t.Errorf("%s: got %v, %v", name, p, err)
		}
	}
}

func TestWhatIsNoPrivateKeyIsToldApart(t *testing.T) {
	plain, err := x509.MarshalPKCS8PrivateKey(p256(t))
	if err != nil {
		t.Fatal(err)
	}
	sealed := func(json string) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED SIGSTORE PRIVATE KEY", Bytes: []byte(json)})
	}
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"public half":  {publicPEM(t, &p256(t).PublicKey), "public half"},
		"unencrypted":  {pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: plain}), "not encrypted in cosign's format"},
		"openssl":      {pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: plain}), "not encrypted in cosign's format"},
		"openssh":      {pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY", Bytes: plain}), "not encrypted in cosign's format"},
		"certificate":  {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: plain}), `"CERTIFICATE"`},
		"no JSON":      {sealed("hello"), "invalid character"},
		"unknown kdf":  {sealed(`{"kdf": {"name": "argon2"}}`), "argon2"},
		"costly kdf":   {sealed(`{"kdf": {"name": "scrypt", "params": {"N": 1073741824, "r": 8, "p": 1}}, "cipher": {"name": "nacl/secretbox"}}`), "unsupported scrypt parameters"},
		"no PEM block": {[]byte("hello"), "no PEM block"},
	} {
		var refused *sign.FormatError
		_, err := sign.Load(c.data, password)
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q in it", name, err, c.says)
		}
	}
}

func TestAlteredKeyFileIsRefused(t *testing.T) {
	private, _, err := sign.Generate(password)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(private)
	var box map[string]any
	if err := json.Unmarshal(block.Bytes, &box); err != nil {
		t.Fatal(err)
	}
	text, err := base64.StdEncoding.DecodeString(box["ciphertext"].(string))
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)-1] ^= 1
	box["ciphertext"] = text
	if block.Bytes, err = json.Marshal(box); err != nil {
		t.Fatal(err)
	}
	if _, err := sign.Load(pem.EncodeToMemory(block), password); !errors.Is(err, sign.ErrPassword) {
		t.Errorf("got %v", err)
	}
}

// bundleJSON writes a bundle by hand, with any signature and material.
func bundleJSON(payload, sig []byte, material, content string) []byte {
	digest := sha256.Sum256(payload)
	if content == "" {
		content = fmt.Sprintf(`"messageSignature":{"messageDigest":{"algorithm":"SHA2_256","digest":%q},"signature":%q}`,
			base64.StdEncoding.EncodeToString(digest[:]), base64.StdEncoding.EncodeToString(sig))
	}
	return fmt.Appendf(nil, `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{%s},%s}`, material, content)
}

func TestBundlesThatProveNothingAreRefused(t *testing.T) {
	private := p256(t)
	public, err := sign.ParsePublic(publicPEM(t, &private.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	payload := []byte("payload")
	digest := sha256.Sum256(payload)
	sig, err := ecdsa.SignASN1(rand.Reader, private, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	const hint = `"publicKey":{"hint":"x"}`
	good := bundleJSON(payload, sig, hint, "")
	if err := sign.Verify(public, payload, good); err != nil {
		t.Fatalf("the bundle that the others are made from: %v", err)
	}
	statement := base64.StdEncoding.EncodeToString([]byte(`{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"x","predicate":{}}`))
	for name, bundle := range map[string][]byte{
		"empty":                  nil,
		"null":                   []byte("null"),
		"truncated":              good[:len(good)-1],
		"trailing bytes":         append(bytes.Clone(good), "{}"...),
		"unknown field":          bytes.Replace(good, []byte(`{"mediaType"`), []byte(`{"extra":1,"mediaType"`), 1),
		"repeated field":         bytes.Replace(good, []byte(`{"mediaType"`), []byte(`{"mediaType":"x","mediaType"`), 1),
		"other media type":       bytes.Replace(good, []byte("v0.3"), []byte("v9.9"), 1),
		"no signature":           bundleJSON(payload, nil, hint, ""),
		"another signature":      bundleJSON(payload, bytes.Repeat([]byte{1}, 70), hint, ""),
		"digest of another":      bundleJSON([]byte("other"), sig, hint, ""),
		"stripped digest":        bundleJSON(payload, sig, hint, fmt.Sprintf(`"messageSignature":{"signature":%q}`, base64.StdEncoding.EncodeToString(sig))),
		"no material":            bundleJSON(payload, sig, "", ""),
		"certificate":            bundleJSON(payload, sig, `"certificate":{"rawBytes":"MAA="}`, ""),
		"attestation":            bundleJSON(payload, sig, hint, fmt.Sprintf(`"dsseEnvelope":{"payload":%q,"payloadType":"application/vnd.in-toto+json","signatures":[{"sig":%q}]}`, statement, base64.StdEncoding.EncodeToString(sig))),
		"oversized":              append(bytes.Clone(good), bytes.Repeat([]byte(" "), sign.MaxBundleBytes)...),
		"digest algorithm":       bytes.Replace(good, []byte("SHA2_256"), []byte("SHA2_384"), 1),
		"signature and envelope": bundleJSON(payload, sig, hint, fmt.Sprintf(`"messageSignature":{"signature":%q},"dsseEnvelope":{}`, base64.StdEncoding.EncodeToString(sig))),
	} {
		var refused *sign.SignatureError
		if err := sign.Verify(public, payload, bundle); !errors.As(err, &refused) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := sign.Verify(someKey(t).Public(), payload, good); err == nil {
		t.Error("a bundle verifies with a key that did not sign it")
	}
}

func FuzzVerifyAcceptsOnlyTheSignedPayload(f *testing.F) {
	key := someKey(f)
	payload := []byte("payload")
	good, err := key.Sign(f.Context(), payload)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, []byte("payloae"))
	f.Add([]byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}`), []byte("x"))
	f.Add(bundleJSON([]byte("x"), []byte("sig"), `"publicKey":{"hint":"x"}`, ""), []byte("x"))
	f.Fuzz(func(t *testing.T, bundle, other []byte) {
		if bytes.Equal(other, payload) {
			return
		}
		if err := sign.Verify(key.Public(), other, bundle); err == nil {
			t.Errorf("bundle %q verifies for %q", bundle, other)
		}
	})
}

func FuzzParsePublicGivesOneNameToAKey(f *testing.F) {
	f.Add(someKey(f).PublicPEM())
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := sign.ParsePublic(data)
		if err != nil {
			return
		}
		again, err := sign.ParsePublic(p.PEM())
		if err != nil || again.ID() != p.ID() {
			t.Errorf("%q does not survive a round trip: %v", data, err)
		}
	})
}

// plainKey is a private key as openssl writes it, without encryption.
func plainKey(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(p256(t))
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
