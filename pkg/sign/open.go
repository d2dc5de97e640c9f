package sign

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/sigstore/sigstore/pkg/signature/kms"
)

// Password asks for the password of a key file; it is called at most once for a key, and not for keys that have none.
type Password func(file string) ([]byte, error)

// Open opens a private key by its reference: the path of a file as [Load] reads it, a key management service
// ("awskms://…", "gcpkms://…", "azurekms://…", "hashivault://…", or any scheme for which a program sigstore-kms-<scheme>
// is on the PATH), or a hardware token ("pkcs11:token=…;object=…?module-path=…", RFC 7512). Services and tokens take
// their credentials from where their own programs do; a token's PIN comes from the reference, from COSIGN_PKCS11_PIN, or
// from the terminal.
//
// Which services and tokens there are depends on how the program was built: see the tags in kms.go and token.go.
// Errors: [*ReferenceError], and those of [Load].
func Open(ctx context.Context, ref string, password Password) (*Key, error) {
	switch {
	case strings.HasPrefix(ref, "pkcs11:"):
		signer, err := openToken(ref)
		if err != nil {
			return nil, err
		}
		return newKey(signer)
	case strings.Contains(ref, "://"):
		return openService(ctx, ref)
	}
	data, err := os.ReadFile(ref)
	if err != nil {
		return nil, err
	}
	pass, err := password(ref)
	if err != nil {
		return nil, err
	}
	return Load(data, pass)
}

// openService opens a key that never leaves its service.
func openService(ctx context.Context, ref string) (*Key, error) {
	signer, err := kms.Get(ctx, ref, crypto.SHA256)
	var unknown *kms.ProviderNotFoundError
	scheme, _, _ := strings.Cut(ref, "://")
	switch {
	case errors.As(err, &unknown):
		return nil, &ReferenceError{
			Ref: ref, Reason: fmt.Sprintf("this program knows no service %s, and there is no program sigstore-kms-%s", scheme, scheme),
			hint: serviceHint(scheme),
		}
	case err != nil:
		return nil, refused(ref, err)
	}
	// A plugin is first asked when its key is.
	if _, err := signer.PublicKey(); err != nil {
		return nil, refused(ref, err)
	}
	return newKey(signer)
}

func refused(ref string, err error) error {
	return &ReferenceError{Ref: ref, Reason: "the service does not give the key", Err: err, hint: "check that the service's own program can use the key from here"}
}

// serviceHint says how a program comes to know a service.
func serviceHint(scheme string) string {
	plugin := fmt.Sprintf("put the plugin program sigstore-kms-%s on the PATH", scheme)
	switch scheme {
	case "awskms", "gcpkms", "azurekms", "hashivault":
		return "use a released relctl, or build it with -tags kms; or " + plugin
	}
	return plugin
}

// ReferenceError is a key in a service or on a token that could not be had.
type ReferenceError struct {
	Ref string
	// Reason says what went wrong.
	Reason string
	// Err is the cause, or nil.
	Err  error
	hint string
}

func (e *ReferenceError) Error() string {
	// A PIN may stand in the query of a pkcs11 reference.
	ref, _, _ := strings.Cut(e.Ref, "?")
	if e.Err != nil {
		return fmt.Sprintf("key %s: %s: %v", ref, e.Reason, e.Err)
	}
	return fmt.Sprintf("key %s: %s", ref, e.Reason)
}

func (e *ReferenceError) Unwrap() error { return e.Err }

// Hint says how to get at the key.
func (e *ReferenceError) Hint() string { return e.hint }
