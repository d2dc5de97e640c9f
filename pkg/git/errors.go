package git

import (
	"errors"
	"fmt"
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

// UnsupportedError is a kind of repository that relctl would misread.
type UnsupportedError struct{ What, Remedy string }

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("this repository uses %s, which relctl cannot read rightly", e.What)
}

// Hint says what to use instead.
func (e *UnsupportedError) Hint() string { return e.Remedy }

// IdentityError is a git without a name and an address for commits.
type IdentityError struct{ Err error }

func (e *IdentityError) Error() string { return "git does not know who you are" }
func (e *IdentityError) Unwrap() error { return e.Err }

// Hint gives the commands that tell git.
func (e *IdentityError) Hint() string {
	return "git config user.name <name> and git config user.email <address>"
}

// Reason says why a push did not go through.
type Reason string

// The reasons of a failed push.
const (
	// Stale: the ref moved since it was read, or exists though it should not. Read again and decide anew.
	Stale Reason = "stale"
	// Refused: the server does not allow it, by a hook or a protected branch.
	Refused Reason = "refused"
	// Unreachable: the remote did not answer, or did not let us in.
	Unreachable Reason = "unreachable"
)

// PushError is a push of which nothing reached the remote.
type PushError struct {
	Remote string
	// Ref that was rejected, "" if the push failed as a whole.
	Ref    string
	Reason Reason
	// Text is what git or the server said.
	Text string
}

func (e *PushError) Error() string {
	what := e.Remote
	if e.Ref != "" {
		what = e.Ref + " to " + e.Remote
	}
	return fmt.Sprintf("push %s: %s", what, e.Text)
}

// Hint says what to do about it.
func (e *PushError) Hint() string {
	switch e.Reason {
	case Refused:
		return "the server refused the push; let relctl push " + e.Ref + " there, or ask who runs it. Nothing was changed"
	case Unreachable:
		return "check the remote with git ls-remote " + e.Remote + ". Nothing was changed"
	}
	return "somebody else was faster; run the command again"
}
