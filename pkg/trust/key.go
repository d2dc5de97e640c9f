package trust

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/relctl/relctl/pkg/sign"
)

// Signer makes signatures with one key, wherever that is kept.
type Signer interface {
	Public() *sign.Public
	// SignRaw returns the bare signature of a message: ASN.1 over SHA-256 for ECDSA, PSS with SHA-256 for RSA.
	SignRaw(ctx context.Context, message []byte) ([]byte, error)
}

// KeyError is a key that cannot be what somebody wants it to be.
type KeyError struct{ Text, Remedy string }

func (e *KeyError) Error() string { return e.Text }

// Hint says what to do about the key.
func (e *KeyError) Hint() string { return e.Remedy }

// tufKey returns a public key as metadata carries it, and its id there.
func tufKey(public *sign.Public) (*metadata.Key, string, error) {
	key, err := publicKey(public)
	if err != nil {
		return nil, "", err
	}
	out, err := metadata.KeyFromPublicKey(key)
	if err != nil {
		return nil, "", err
	}
	id, err := out.ID()
	return out, id, err
}

func publicKey(public *sign.Public) (crypto.PublicKey, error) {
	block, _ := pem.Decode(public.PEM())
	if block == nil {
		return nil, errors.New("the public key is no PEM")
	}
	return x509.ParsePKIXPublicKey(block.Bytes)
}

// keyName is the id under which people know a key of metadata, the one that relctl key generate prints.
func keyName(key *metadata.Key) (string, error) {
	public, err := key.ToPublicKey()
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:]), nil
}

// short is as much of a key's name as tells it from others.
func short(name string) string { return fmt.Sprintf("%.12s", name) }

// adapter lets go-tuf sign with a Signer.
type adapter struct {
	ctx    context.Context //nolint:containedctx // go-tuf passes none
	signer Signer
}

func (a adapter) PublicKey(...signature.PublicKeyOption) (crypto.PublicKey, error) {
	return publicKey(a.signer.Public())
}

func (a adapter) SignMessage(message io.Reader, _ ...signature.SignOption) ([]byte, error) {
	data, err := io.ReadAll(message)
	if err != nil {
		return nil, err
	}
	return a.signer.SignRaw(a.ctx, data)
}

// signedBy reports whether a document carries a good signature of a key.
func signedBy(doc document, role, id string, key *metadata.Key) bool {
	one := metadata.Root()
	one.Signed.Keys = map[string]*metadata.Key{id: key}
	one.Signed.Roles = map[string]*metadata.Role{role: {KeyIDs: []string{id}, Threshold: 1}}
	return one.VerifyDelegate(role, doc) == nil
}
