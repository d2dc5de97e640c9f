package sign_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"

	"github.com/sigstore/cosign/v3/pkg/cosign"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/relctl/relctl/pkg/sign"
)

var password = []byte("correct horse")

// newKey returns a fresh key; generating one takes a moment on purpose, so that tests which only need some key share.
var newKey = sync.OnceValues(generate)

func generate() (*sign.Key, error) {
	private, _, err := sign.Generate(password)
	if err != nil {
		return nil, err
	}
	return sign.Load(private, password)
}

func someKey(t testing.TB) *sign.Key {
	t.Helper()
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// keyOf returns a private key of any kind that sigstore knows, in cosign's format.
func keyOf(t *testing.T, kind protocommon.PublicKeyDetails) []byte {
	t.Helper()
	details, err := signature.GetAlgorithmDetails(kind)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := cosign.GenerateKeyPairWithAlgorithm(&details, func(bool) ([]byte, error) { return password, nil })
	if err != nil {
		t.Fatal(err)
	}
	return pair.PrivateBytes
}

func TestGeneratedKeySignsAndOnlyThatPayloadVerifies(t *testing.T) {
	private, public, err := sign.Generate(password)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(private, []byte("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n")) {
		t.Errorf("private key begins with %.50q", private)
	}
	key, err := sign.Load(private, password)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(key.PublicPEM(), public) {
		t.Error("the loaded key has another public half than the generated one")
	}
	payload := []byte(`{"schema": "x"}`)
	bundle, err := key.Sign(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := sign.ParsePublic(public)
	if err != nil {
		t.Fatal(err)
	}
	if err := sign.Verify(parsed, payload, bundle); err != nil {
		t.Errorf("own signature refused: %v", err)
	}
	for _, other := range [][]byte{nil, payload[1:], append(bytes.Clone(payload), '\n'), bytes.ToUpper(payload)} {
		var refused *sign.SignatureError
		if err := sign.Verify(parsed, other, bundle); !errors.As(err, &refused) {
			t.Errorf("payload %q: got %v", other, err)
		}
	}
}

func TestEmptyPayloadIsSigned(t *testing.T) {
	key := someKey(t)
	bundle, err := key.Sign(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := sign.Verify(key.Public(), []byte{}, bundle); err != nil {
		t.Error(err)
	}
}

func TestIDIsTheHashOfTheSubjectPublicKeyInfo(t *testing.T) {
	key := someKey(t)
	block, _ := pem.Decode(key.PublicPEM())
	sum := sha256.Sum256(block.Bytes)
	if want := hex.EncodeToString(sum[:]); key.ID() != want || key.Public().ID() != want {
		t.Errorf("ID %s, want %s", key.ID(), want)
	}
	if got := sign.EnvelopeName("ab12"); got != "release.json.ab12.sigstore.json" {
		t.Errorf("EnvelopeName: %s", got)
	}
}

func TestBundleIsOneLineOfTheStandardForm(t *testing.T) {
	key := someKey(t)
	payload := []byte("payload")
	bundle, err := key.Sign(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(bundle, []byte("\n")); n != 1 || bundle[len(bundle)-1] != '\n' || bytes.ContainsRune(bundle, ' ') {
		t.Errorf("not one compact line: %q", bundle)
	}
	var got struct {
		MediaType            string
		VerificationMaterial map[string]map[string]string
		MessageSignature     struct {
			MessageDigest struct {
				Algorithm string
				Digest    []byte
			}
			Signature []byte
		}
	}
	dec := json.NewDecoder(bytes.NewReader(bundle))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(payload)
	if got.MediaType != "application/vnd.dev.sigstore.bundle.v0.3+json" ||
		got.MessageSignature.MessageDigest.Algorithm != "SHA2_256" ||
		!bytes.Equal(got.MessageSignature.MessageDigest.Digest, sum[:]) ||
		got.VerificationMaterial["publicKey"]["hint"] == "" || len(got.VerificationMaterial) != 1 {
		t.Errorf("unexpected bundle %s", bundle)
	}
	block, _ := pem.Decode(key.PublicPEM())
	spki, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !ecdsa.VerifyASN1(spki.(*ecdsa.PublicKey), sum[:], got.MessageSignature.Signature) {
		t.Error("the standard library refuses the signature")
	}
}

func TestWrongPasswordIsTold(t *testing.T) {
	private, _, err := sign.Generate(password)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range [][]byte{nil, []byte("correct horsf"), append(bytes.Clone(password), '\n')} {
		if key, err := sign.Load(private, wrong); !errors.Is(err, sign.ErrPassword) || key != nil {
			t.Errorf("password %q: got %v, %v", wrong, key, err)
		}
	}
}

func TestEmptyPasswordIsAPassword(t *testing.T) {
	private, _, err := sign.Generate(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sign.Load(private, []byte{}); err != nil {
		t.Error(err)
	}
	if _, err := sign.Load(private, []byte("x")); !errors.Is(err, sign.ErrPassword) {
		t.Errorf("got %v", err)
	}
}

func TestCallerMayClearThePassword(t *testing.T) {
	mine := []byte("to be cleared")
	private, _, err := sign.Generate(mine)
	if err != nil {
		t.Fatal(err)
	}
	key, err := sign.Load(private, mine)
	if err != nil {
		t.Fatal(err)
	}
	clear(mine)
	if _, err := key.Sign(t.Context(), []byte("x")); err != nil {
		t.Errorf("signing needs the password after Load: %v", err)
	}
	if _, err := sign.Load(private, []byte("to be cleared")); err != nil {
		t.Errorf("clearing the password changed the key file: %v", err)
	}
}

func TestKeysThatCosignCannotCheckAreRefusedWithTheReason(t *testing.T) {
	for _, c := range []struct {
		kind        protocommon.PublicKeyDetails
		name, wants string
	}{
		{protocommon.PublicKeyDetails_PKIX_ECDSA_P384_SHA_384, "ECDSA P-384", "cosign"},
		{protocommon.PublicKeyDetails_PKIX_ECDSA_P521_SHA_512, "ECDSA P-521", "cosign"},
		{protocommon.PublicKeyDetails_PKIX_ED25519_PH, "Ed25519", "cosign"},
		{protocommon.PublicKeyDetails_PKIX_RSA_PKCS1V15_2048_SHA256, "RSA 2048", "3072"},
	} {
		_, err := sign.Load(keyOf(t, c.kind), password)
		var refused *sign.AlgorithmError
		if !errors.As(err, &refused) {
			t.Errorf("%s: got %v", c.name, err)
			continue
		}
		if refused.Algorithm != c.name || !strings.Contains(refused.Reason, c.wants) || refused.Hint() == "" {
			t.Errorf("%s: %v (hint: %s)", c.name, err, refused.Hint())
		}
	}
}

func TestRSA3072SignsAndVerifies(t *testing.T) {
	key, err := sign.Load(keyOf(t, protocommon.PublicKeyDetails_PKIX_RSA_PKCS1V15_3072_SHA256), password)
	if err != nil {
		t.Fatal(err)
	}
	if got := key.Public().Algorithm(); got != "RSA 3072" {
		t.Errorf("Algorithm: %s", got)
	}
	bundle, err := key.Sign(t.Context(), []byte("payload"))
	if err != nil {
		t.Fatal(err)
	}
	if err := sign.Verify(key.Public(), []byte("payloae"), bundle); err == nil {
		t.Error("another payload verifies")
	}
}

func TestUnusualRSASizeIsRefused(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 3200)
	if err != nil {
		t.Fatal(err)
	}
	_, err = sign.ParsePublic(publicPEM(t, &key.PublicKey))
	var refused *sign.AlgorithmError
	if !errors.As(err, &refused) || refused.Algorithm != "RSA 3200" {
		t.Errorf("got %v", err)
	}
}

func TestRSAKeyWithAnUnusualExponentIsRefused(t *testing.T) {
	n := new(big.Int).SetBit(big.NewInt(1), 3071, 1)
	_, err := sign.ParsePublic(publicPEM(t, &rsa.PublicKey{N: n, E: 3}))
	var refused *sign.AlgorithmError
	if !errors.As(err, &refused) || !strings.Contains(refused.Reason, "65537") {
		t.Errorf("got %v", err)
	}
}

func TestCancelledContextSignsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if bundle, err := someKey(t).Sign(ctx, []byte("x")); !errors.Is(err, context.Canceled) || bundle != nil {
		t.Errorf("got %q, %v", bundle, err)
	}
}

func TestKeyIsSafeForManyGoroutines(t *testing.T) {
	key := someKey(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if _, err := key.Sign(t.Context(), []byte{byte(i)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func publicPEM(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func p256(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
