package verify

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
)

// Key is a public key that the policy trusts.
type Key struct {
	// ID is the lower-case hex sha256 of its SPKI.
	ID     string
	public crypto.PublicKey
}

const maxKeyBytes = 64 << 10

// ParseKey reads a public key in PEM: ECDSA P-256, or RSA with 3072 bits or more. Text around the key is refused, and a
// second key, which would be passed over in silence.
func ParseKey(data []byte) (*Key, error) {
	if len(data) > maxKeyBytes {
		return nil, fmt.Errorf("a key file of %d bytes is no public key", len(data))
	}
	data = bytes.TrimSpace(data)
	block, rest := pem.Decode(data)
	switch {
	case block == nil || !bytes.HasPrefix(data, []byte("-----BEGIN ")):
		return nil, errors.New("not a public key in PEM form, and nothing else")
	case len(bytes.TrimSpace(rest)) > 0:
		return nil, errors.New("more than one public key: give each in a file of its own")
	}
	if block.Type != "PUBLIC KEY" {
		return nil, fmt.Errorf("a %s, not a PUBLIC KEY", block.Type)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("not a public key: %w", err)
	}
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return nil, fmt.Errorf("an ECDSA key on %s; releases are signed on P-256", k.Curve.Params().Name)
		}
	case *rsa.PublicKey:
		if k.N.BitLen() < 3072 {
			return nil, fmt.Errorf("an RSA key of %d bits; releases are signed with 3072 or more", k.N.BitLen())
		}
	default:
		return nil, fmt.Errorf("a key of type %T; releases are signed with ECDSA P-256 or RSA", public)
	}
	// The id is over the canonical encoding, so that one key has one id.
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(der)
	return &Key{ID: hex.EncodeToString(sum[:]), public: public}, nil
}

// verify holds a signature over a sha256 digest.
func (k *Key) verify(digest, signature []byte) bool {
	switch p := k.public.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(p, digest, signature)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(p, crypto.SHA256, digest, signature) == nil
	}
	return false
}
