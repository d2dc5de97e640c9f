package trusttest

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"

	"github.com/relctl/relctl/pkg/release"
)

// der is the public key as its file and its name have it.
func (k *Key) der() []byte {
	der, err := x509.MarshalPKIXPublicKey(k.signer.Public())
	check(err)
	return der
}

// PEM is the file of the public key.
func (k *Key) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: k.der()})
}

// StockName is the name in a bundle of the key's signature over release.json.
func (k *Key) StockName() string {
	return fmt.Sprintf("%s.%x.sigstore.json", release.ManifestName, sha256.Sum256(k.der()))
}

// Stock signs release.json as stock tools do: a sigstore bundle v0.3 with a message signature.
func (k *Key) Stock(raw []byte) []byte {
	sum := sha256.Sum256(raw)
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"test"}},"messageSignature":{"messageDigest":{"algorithm":"SHA2_256","digest":%q},"signature":%q}}`, b64(sum[:]), b64(k.sign(raw)))
}
