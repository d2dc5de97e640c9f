//go:build pkcs11key

package sign

import (
	"github.com/sigstore/cosign/v3/pkg/cosign/pkcs11key"
	"github.com/sigstore/sigstore/pkg/signature"
)

// openToken opens a key on a hardware token through its vendor's PKCS #11 module, which needs cgo.
func openToken(ref string) (signature.SignerVerifier, error) {
	config := pkcs11key.NewPkcs11UriConfig()
	if err := config.Parse(ref); err != nil {
		return nil, &ReferenceError{
			Ref: ref, Reason: "not a PKCS #11 reference", Err: err,
			hint: "write it as RFC 7512 does: pkcs11:token=<label>;object=<label>?module-path=<path of the vendor's module>",
		}
	}
	key, err := pkcs11key.GetKeyWithURIConfig(config, true)
	if err != nil {
		return nil, &ReferenceError{
			Ref: ref, Reason: "the token does not give the key", Err: err,
			hint: "pkcs11-tool --module <path> --login --list-objects shows what the token holds; the PIN may be set as COSIGN_PKCS11_PIN",
		}
	}
	return key, nil
}
