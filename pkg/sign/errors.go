package sign

import (
	"errors"
	"fmt"
)

// ErrPassword says that a private key could not be decrypted. A wrong password and an altered file look the same.
var ErrPassword = errors.New("wrong password, or the key file was altered")

// FormatError is input that is not a key of the kind asked for.
type FormatError struct {
	// Reason says what was found instead.
	Reason string
	hint   string
}

func (e *FormatError) Error() string { return "not a key: " + e.Reason }

// Hint says how to get a key in the right format, or "".
func (e *FormatError) Hint() string { return e.hint }

// AlgorithmError is a sound key whose kind does not serve for releases.
type AlgorithmError struct {
	// Algorithm names the key's kind, such as "ECDSA P-384".
	Algorithm string
	// Reason says why it is refused.
	Reason string
}

func (e *AlgorithmError) Error() string {
	return fmt.Sprintf("%s key cannot sign releases: %s", e.Algorithm, e.Reason)
}

// Hint names the keys that serve.
func (e *AlgorithmError) Hint() string {
	return "use an ECDSA P-256 key (relctl key generate) or an RSA key of 3072 or 4096 bits"
}

// SignatureError is a bundle that does not prove that a key signed a payload.
type SignatureError struct {
	// Reason says which check failed.
	Reason string
	// Err is the cause, or nil.
	Err error
}

func (e *SignatureError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("signature refused: %s: %v", e.Reason, e.Err)
	}
	return "signature refused: " + e.Reason
}

func (e *SignatureError) Unwrap() error { return e.Err }
