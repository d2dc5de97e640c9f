//go:build !pkcs11key

package sign

import "github.com/sigstore/sigstore/pkg/signature"

// openToken says that this program was built without PKCS #11, which needs cgo.
func openToken(ref string) (signature.SignerVerifier, error) {
	return nil, &ReferenceError{
		Ref: ref, Reason: "this program was built without hardware tokens",
		hint: "build it on the machine with the token: CGO_ENABLED=1 go build -tags pkcs11key,kms ./cmd/relctl",
	}
}
