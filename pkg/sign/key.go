package sign

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"

	"github.com/sigstore/cosign/v3/pkg/cosign"
	"github.com/sigstore/sigstore/pkg/signature"
)

// Key is a private signing key. It is safe for use by several goroutines.
type Key struct {
	signer signature.SignerVerifier
	// raw makes bare signatures, nil if the key cannot make those that TUF wants.
	raw    signature.Signer
	public *Public
}

// Generate makes a new ECDSA P-256 key and returns its private half, encrypted with password in cosign's format, and
// its public half, both in PEM. An empty password is allowed, as it is in cosign; whether it is wise is the caller's
// question to ask. It takes about 0.2 s, which is the purpose of the password's key derivation.
func Generate(password []byte) (private, public []byte, err error) {
	pair, err := cosign.GenerateKeyPair(func(bool) ([]byte, error) { return password, nil })
	if err != nil {
		return nil, nil, fmt.Errorf("generate a key: %w", err)
	}
	return pair.PrivateBytes, pair.PublicBytes, nil
}

// Load decrypts a private key in cosign's format. Errors: [ErrPassword], [*FormatError], [*AlgorithmError].
func Load(private, password []byte) (*Key, error) {
	block, err := onlyBlock(private)
	if err != nil {
		return nil, err
	}
	if err := checkPrivateType(block.Type); err != nil {
		return nil, err
	}
	signer, err := cosign.LoadPrivateKey(private, password, nil)
	if err != nil {
		return nil, loadError(err)
	}
	key, err := newKey(signer)
	if err != nil {
		return nil, err
	}
	if _, ok := key.public.key.(*rsa.PublicKey); ok {
		key.raw, err = pssSigner(private, password)
	}
	return key, err
}

func newKey(signer signature.SignerVerifier) (*Key, error) {
	raw, err := signer.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("public half of the key: %w", err)
	}
	public, err := newPublic(raw)
	if err != nil {
		return nil, err
	}
	key := &Key{signer: signer, public: public}
	if _, ok := public.key.(*ecdsa.PublicKey); ok {
		key.raw = signer
	}
	return key, nil
}

func checkPrivateType(t string) error {
	switch {
	case t == cosign.SigstorePrivateKeyPemType || t == cosign.CosignPrivateKeyPemType:
		return nil
	case t == pemPublic:
		return &FormatError{Reason: "this is the public half; signing needs the private one"}
	case strings.HasSuffix(t, cosign.PrivateKeyPemType):
		return &FormatError{
			Reason: fmt.Sprintf("the PEM block is %q, not encrypted in cosign's format", t),
			hint:   "convert it with: cosign import-key-pair --key <file>",
		}
	}
	return &FormatError{Reason: fmt.Sprintf("the PEM block is %q, a private key is %q", t, cosign.SigstorePrivateKeyPemType)}
}

// loadError tells a wrong password from a broken file. The library has no sentinel for it, so its words must do; a test
// holds them.
func loadError(err error) error {
	if strings.HasSuffix(err.Error(), "encrypted: decryption failed") {
		return ErrPassword
	}
	// Sizes and kinds that sigstore has no name for never reach checkAlgorithm.
	if strings.HasPrefix(err.Error(), "unsupported public key type") {
		return &AlgorithmError{Algorithm: "this", Reason: "sigstore has no name for its signatures"}
	}
	return &FormatError{Reason: innermost(err).Error()}
}

func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// Public returns the public half.
func (k *Key) Public() *Public { return k.public }

// ID is [Public.ID] of the public half.
func (k *Key) ID() string { return k.public.ID() }

// PublicPEM is [Public.PEM] of the public half.
func (k *Key) PublicPEM() []byte { return k.public.PEM() }
