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
// SHA-256 for RSA. RSA keys in services and on tokens sign in the way that they were made for, which is hardly ever this
// one: the error is an [*AlgorithmError].
func (k *Key) SignRaw(ctx context.Context, message []byte) ([]byte, error) {
	if k.raw == nil {
		return nil, &AlgorithmError{Algorithm: k.public.Algorithm(), Reason: "in a service or on a token it does not sign as trust metadata wants"}
	}
	sig, err := k.raw.SignMessage(bytes.NewReader(message), options.WithContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("sign with key %s: %w", k.ID(), err)
	}
	return sig, nil
}

// pssSigner returns what makes bare signatures with an RSA key in a file. Only RSA has more than one way to sign: cosign's
// default is not TUF's.
func pssSigner(private, password []byte) (signature.Signer, error) {
	pss := []signature.LoadOption{options.WithRSAPSS(&rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})}
	return cosign.LoadPrivateKey(private, password, &pss)
}
