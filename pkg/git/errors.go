package git

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNotFound is a ref, object or path that does not exist.
var ErrNotFound = errors.New("not found")

// NotRepositoryError is a folder that no git repository holds.
type NotRepositoryError struct {
	Dir string
	Err error
}

func (e *NotRepositoryError) Error() string { return e.Dir + " is not in a git repository" }
func (e *NotRepositoryError) Unwrap() error { return e.Err }

// Hint says how to get into one.
func (e *NotRepositoryError) Hint() string {
	return "run relctl in a clone of your product, or name one with -C <folder>"
}

// OwnerError is a repository of another user, which git refuses to read.
type OwnerError struct {
	Dir string
	Err error
}

func (e *OwnerError) Error() string { return "the repository of " + e.Dir + " belongs to another user" }
func (e *OwnerError) Unwrap() error { return e.Err }

// Hint gives the command that trusts it.
func (e *OwnerError) Hint() string { return "git config --global --add safe.directory " + e.Dir }

// UnsupportedError is a kind of repository that relctl would misread.
type UnsupportedError struct{ What, Remedy string }

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("this repository uses %s, which relctl cannot read rightly", e.What)
}

// Hint says what to use instead.
func (e *UnsupportedError) Hint() string { return e.Remedy }

// ShallowError is a question about history in a clone whose history ends early: the answer would be wrong.
type ShallowError struct{ Dir string }

func (e *ShallowError) Error() string {
	return "this clone is shallow: its history ends early, so ranges and ancestry cannot be told"
}

// Hint gives the command that deepens it.
func (e *ShallowError) Hint() string {
	return "git fetch --unshallow --tags   (in GitHub Actions: fetch-depth: 0)"
}

// IdentityError is a git without a name and an address for commits.
type IdentityError struct{ Err error }

func (e *IdentityError) Error() string { return "git does not know who you are" }
func (e *IdentityError) Unwrap() error { return e.Err }

// Hint gives the commands that tell git.
func (e *IdentityError) Hint() string {
	return "git config user.name <name> && git config user.email <address>"
}

// SignError is a git that could not sign.
type SignError struct{ Err error }

func (e *SignError) Error() string { return "git could not sign: " + e.Err.Error() }
func (e *SignError) Unwrap() error { return e.Err }

// Hint says how to set signing up.
func (e *SignError) Hint() string {
	return "git config gpg.format ssh && git config user.signingKey ~/.ssh/id_ed25519.pub   (or an OpenPGP key)"
}

// createError tells apart why git could not make a commit or a tag.
func createError(err error) error {
	var exit *Error
	if !errors.As(err, &exit) {
		return err
	}
	switch {
	case strings.Contains(exit.raw, "tell me who you are"), strings.Contains(exit.raw, "empty ident"),
		strings.Contains(exit.raw, "auto-detection is disabled"):
		return &IdentityError{Err: err}
	case strings.Contains(exit.raw, "sign"), strings.Contains(exit.raw, "public key"): // failed to sign, user.signingKey needs to be set, …
		return &SignError{Err: err}
	}
	return err
}
