package sign

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"

	"github.com/relctl/relctl/pkg/release"
)

// maxKeyBytes bounds the PEM files that are parsed; a 4096-bit RSA key encrypted by cosign takes about 5 kB.
const maxKeyBytes = 64 << 10

const pemPublic = "PUBLIC KEY"

// Public is the public half of a signing key.
type Public struct {
	key crypto.PublicKey
	der []byte
}

// ParsePublic reads one public key in PEM ("PUBLIC KEY", as cosign.pub). Errors: [*FormatError], [*AlgorithmError].
func ParsePublic(data []byte) (*Public, error) {
	block, err := onlyBlock(data)
	if err != nil {
		return nil, err
	}
	if block.Type != pemPublic {
		return nil, &FormatError{Reason: fmt.Sprintf("the PEM block is %q, a public key is %q", block.Type, pemPublic)}
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, &FormatError{Reason: err.Error()}
	}
	p, err := newPublic(key)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(p.der, block.Bytes) { // one key must not have two names
		return nil, &FormatError{Reason: "the public key is not in its one canonical encoding"}
	}
	return p, nil
}

// newPublic admits key if it serves for releases.
func newPublic(key crypto.PublicKey) (*Public, error) {
	if err := checkAlgorithm(key); err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, &FormatError{Reason: err.Error()}
	}
	return &Public{key: key, der: der}, nil
}

// ID returns the key's name: the SHA-256 of its SubjectPublicKeyInfo in DER, 64 lower-case hex digits.
func (p *Public) ID() string {
	sum := sha256.Sum256(p.der)
	return hex.EncodeToString(sum[:])
}

// PEM returns the key as cosign.pub holds it.
func (p *Public) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: pemPublic, Bytes: p.der})
}

// Algorithm names the key's kind for people: "ECDSA P-256", "RSA 3072".
func (p *Public) Algorithm() string { return algorithm(p.key) }

// EnvelopeName returns the name under which the signature of the key with the given ID lies beside release.json.
func EnvelopeName(id string) string {
	return release.ManifestName + "." + id + ".sigstore.json"
}

// checkAlgorithm admits what both the cosign program and every verifier of ours can check.
func checkAlgorithm(key crypto.PublicKey) error {
	refuse := func(reason string) error { return &AlgorithmError{Algorithm: algorithm(key), Reason: reason} }
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return refuse("the cosign program cannot check its signatures")
		}
	case *rsa.PublicKey:
		switch n := k.N.BitLen(); {
		case n < 3072:
			return refuse("3072 bits are the least that lasts as long as a release is supported")
		case n != 3072 && n != 4096:
			return refuse("sigstore knows RSA keys of 3072 and 4096 bits only")
		case k.E != 65537:
			return refuse("its exponent is not 65537")
		}
	case ed25519.PublicKey:
		return refuse("the cosign program cannot check plain Ed25519 signatures of files")
	default:
		return refuse("sigstore has no name for its signatures")
	}
	return nil
}

func algorithm(key crypto.PublicKey) string {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		return "ECDSA " + k.Curve.Params().Name
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", k.N.BitLen())
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return fmt.Sprintf("%T", key)
}

// onlyBlock returns the one PEM block of a key file; text around it is refused, so that a file means one thing.
func onlyBlock(data []byte) (*pem.Block, error) {
	if len(data) > maxKeyBytes {
		return nil, &FormatError{Reason: fmt.Sprintf("%d bytes are too many for a key", len(data))}
	}
	data = bytes.TrimSpace(data)
	if !bytes.HasPrefix(data, []byte("-----BEGIN ")) {
		return nil, &FormatError{Reason: "there is no PEM block"}
	}
	block, rest := pem.Decode(data)
	if block == nil {
		return nil, &FormatError{Reason: "the PEM block is damaged"}
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return nil, &FormatError{Reason: "something follows the PEM block"}
	}
	return block, nil
}
