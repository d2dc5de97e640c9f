package sign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"fmt"

	"github.com/sigstore/cosign/v3/pkg/cosign"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/options"
)

// SignRaw returns the bare signature of a message, as TUF metadata carries it: ASN.1 over SHA-256 for ECDSA, PSS with
// SHA-256 for RSA.
func (k *Key) SignRaw(ctx context.Context, message []byte) ([]byte, error) {
	sig, err := k.raw.SignMessage(bytes.NewReader(message), options.WithContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("sign with key %s: %w", k.ID(), err)
	}
	return sig, nil
}

// rawSigner returns what makes bare signatures with a key whose private half is given. Only RSA has more than one way to
// sign: cosign's default is not TUF's.
func rawSigner(k *Key, private, password []byte) (signature.Signer, error) {
	if _, ok := k.public.key.(*rsa.PublicKey); !ok {
		return k.signer, nil
	}
	pss := []signature.LoadOption{options.WithRSAPSS(&rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})}
	return cosign.LoadPrivateKey(private, password, &pss)
}
