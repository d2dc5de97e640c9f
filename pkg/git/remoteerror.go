package git

import (
	"errors"
	"fmt"
	"strings"
)

// FetchError is a remote that could not be read.
type FetchError struct{ Remote, Text string }

func (e *FetchError) Error() string { return fmt.Sprintf("fetch from %s: %s", e.Remote, e.Text) }

// Hint says how to try by hand.
func (e *FetchError) Hint() string { return remoteHint(e.Remote, e.Text) }

// ClobberError is a tag that is one thing here and another on the remote.
type ClobberError struct {
	Remote string
	// Tags by full name.
	Tags []string
}

func (e *ClobberError) Error() string {
	return fmt.Sprintf("%s here is not what it is on %s", strings.Join(e.Tags, ", "), e.Remote)
}

// Hint says how to find out which is right.
func (e *ClobberError) Hint() string {
	return fmt.Sprintf("compare git ls-remote %s %s with git show-ref --tags; a tag that was moved on the remote is an alarm, a wrong one here can be deleted", e.Remote, e.Tags[0])
}

// fetchError tells why reading from a remote failed.
func fetchError(remote string, err error) error {
	var exit *Error
	if !errors.As(err, &exit) {
		return err
	}
	remote = redact(remote) // it may be an address
	clobber := &ClobberError{Remote: remote}
	var others []string
	for line := range strings.Lines(clean(exit.raw)) {
		line = strings.TrimSpace(line)
		switch {
		// " ! [rejected]        v1.0.0     -> v1.0.0  (would clobber existing tag)"
		case strings.HasSuffix(line, "(would clobber existing tag)"):
			f := strings.Fields(line)
			clobber.Tags = append(clobber.Tags, "refs/tags/"+strings.TrimPrefix(f[2], "refs/tags/"))
		case strings.HasPrefix(line, "!"):
			others = append(others, line)
		}
	}
	if len(clobber.Tags) > 0 {
		return clobber
	}
	if len(others) > 0 { // the lines before them tell of refs that did come
		return &FetchError{Remote: remote, Text: shorten(others)}
	}
	return &FetchError{Remote: remote, Text: exit.Stderr}
}

// Words by which git, ssh and curl say that the remote did not let us in.
var authWords = []string{
	"authentication failed", "permission denied", "could not read username", "could not read password", "access denied",
	"error: 401", "error: 403", "host key verification failed", "invalid username or", "not authorized", "unauthorized",
}

// remoteHint tells a login that failed from a remote that is not there.
func remoteHint(remote, text string) string {
	low := strings.ToLower(text)
	for _, w := range authWords {
		if strings.Contains(low, w) {
			return fmt.Sprintf("the remote did not let us in: check your credentials with git ls-remote %s", remote)
		}
	}
	return fmt.Sprintf("check the remote with git ls-remote %s", remote)
}
