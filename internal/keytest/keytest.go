// Package keytest makes keys in memory, which sign metadata of trust in tests.
package keytest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/relctl/relctl/pkg/sign"
)

// Key is a private key in memory, a trust.Signer.
type Key struct {
	crypto.Signer
	public *sign.Public
}

// New makes a P-256 key.
func New(t testing.TB) Key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return Of(t, private)
}

// NewRSA makes an RSA key of 3072 bits.
func NewRSA(t testing.TB) Key {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		t.Fatal(err)
	}
	return Of(t, private)
}

// Of wraps a private key.
func Of(t testing.TB, private crypto.Signer) Key {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	public, err := sign.ParsePublic(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	return Key{private, public}
}

// Public is its public half.
func (k Key) Public() *sign.Public { return k.public }

// SignRaw returns the bare signature of a message: ASN.1 over SHA-256 for ECDSA, PSS with SHA-256 for RSA.
func (k Key) SignRaw(_ context.Context, message []byte) ([]byte, error) {
	sum := sha256.Sum256(message)
	var opts crypto.SignerOpts = crypto.SHA256
	if _, ok := k.Signer.(*rsa.PrivateKey); ok {
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
	}
	return k.Sign(rand.Reader, sum[:], opts)
}
