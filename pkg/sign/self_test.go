package sign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"io"
	"testing"

	"github.com/sigstore/sigstore/pkg/signature"
)

// broken is a signer as hardware can be: it shows one key and signs with another.
type broken struct {
	signature.SignerVerifier
	shown crypto.PublicKey
}

func (b broken) PublicKey(...signature.PublicKeyOption) (crypto.PublicKey, error) {
	return b.shown, nil
}

// silent is a signer that loses its connection.
type silent struct{ signature.SignerVerifier }

var errLost = errors.New("token removed")

func (silent) SignMessage(io.Reader, ...signature.SignOption) ([]byte, error) { return nil, errLost }

func TestSignatureThatDoesNotHoldNeverLeaves(t *testing.T) {
	right, wrong := p256(t), p256(t)
	signer, err := signature.LoadSignerVerifier(wrong, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	key, err := newKey(broken{signer, &right.PublicKey})
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := key.Sign(t.Context(), []byte("payload"))
	var refused *SignatureError
	if !errors.As(err, &refused) || bundle != nil {
		t.Errorf("got %q, %v", bundle, err)
	}
}

func TestErrorOfTheSignerIsPassedOn(t *testing.T) {
	signer, err := signature.LoadSignerVerifier(p256(t), crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	key, err := newKey(silent{signer})
	if err != nil {
		t.Fatal(err)
	}
	if bundle, err := key.Sign(t.Context(), []byte("payload")); !errors.Is(err, errLost) || bundle != nil {
		t.Errorf("got %q, %v", bundle, err)
	}
}

func p256(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
