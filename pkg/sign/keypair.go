package sign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"time"

	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/options"
)

// keypair lets sigstore-go sign with a key of cosign's.
type keypair struct {
	*Key
	details signature.AlgorithmDetails
}

var _ sign.Keypair = (*keypair)(nil)

func (k *keypair) GetHashAlgorithm() protocommon.HashAlgorithm { return k.details.GetProtoHashType() }

func (k *keypair) GetSigningAlgorithm() protocommon.PublicKeyDetails {
	return k.details.GetSignatureAlgorithm()
}

// GetHint returns what the cosign program writes in this place.
func (k *keypair) GetHint() []byte {
	sum := sha256.Sum256(k.public.der)
	return []byte(base64.StdEncoding.EncodeToString(sum[:]))
}

// GetKeyAlgorithm is asked only when a certificate is requested, which never happens here.
func (k *keypair) GetKeyAlgorithm() string { return k.public.Algorithm() }

func (k *keypair) GetPublicKey() crypto.PublicKey { return k.public.key }

func (k *keypair) GetPublicKeyPem() (string, error) { return string(k.public.PEM()), nil }

// SignData returns the signature of data and its digest. Hardware keys may ignore a digest that is passed along, so they
// get the data itself.
func (k *keypair) SignData(ctx context.Context, data []byte) (sig, digest []byte, err error) {
	sum := sha256.Sum256(data)
	sig, err = k.signer.SignMessage(bytes.NewReader(data), options.WithContext(ctx))
	if err != nil {
		return nil, nil, err
	}
	return sig, sum[:], nil
}

// trust makes the one key that is trusted answer for every hint: a hint is a claim of the bundle's, not of ours.
func trust(v signature.Verifier) root.TrustedMaterial {
	key := root.NewExpiringKey(v, time.Time{}, time.Time{})
	return root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) { return key, nil })
}
