package sign_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"testing"

	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"

	"github.com/relctl/relctl/pkg/sign"
)

func TestBareSignaturesAreThoseOfTUF(t *testing.T) {
	t.Parallel()
	message := []byte(`{"_type":"root"}`)
	digest := sha256.Sum256(message)
	for name, kind := range map[string]protocommon.PublicKeyDetails{
		"ASN.1 for ECDSA":  protocommon.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256,
		"PSS for RSA 3072": protocommon.PublicKeyDetails_PKIX_RSA_PKCS1V15_3072_SHA256,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := sign.Load(keyOf(t, kind), password)
			if err != nil {
				t.Fatal(err)
			}
			sig, err := key.SignRaw(t.Context(), message)
			if err != nil {
				t.Fatal(err)
			}
			block, _ := pem.Decode(key.PublicPEM())
			public, err := x509.ParsePKIXPublicKey(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			holds := func(digest []byte) bool {
				switch k := public.(type) {
				case *ecdsa.PublicKey:
					return ecdsa.VerifyASN1(k, digest, sig)
				case *rsa.PublicKey:
					return rsa.VerifyPSS(k, crypto.SHA256, digest, sig, nil) == nil
				}
				return false
			}
			if !holds(digest[:]) {
				t.Error("the signature does not hold")
			}
			if other := sha256.Sum256([]byte("{}")); holds(other[:]) {
				t.Error("the signature holds for another message")
			}
		})
	}
}
