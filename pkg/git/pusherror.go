package git

import (
	"fmt"
	"slices"
	"strings"
)

// Reason says why a push did not go through.
type Reason string

// The reasons of a failed push.
const (
	// Stale: the ref moved since it was read, or exists though it should not. Read again and decide anew.
	Stale Reason = "stale"
	// Refused: the server, or a hook here, does not allow it.
	Refused Reason = "refused"
	// Unreachable: the remote did not answer, or did not let us in.
	Unreachable Reason = "unreachable"
)

// PushError is a push of which nothing reached the remote.
type PushError struct {
	Remote string
	// Ref that was rejected, "" if several were, or the push failed as a whole.
	Ref    string
	Reason Reason
	// Text is what git or the server said, shortened.
	Text string

	here bool // a hook of this clone
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
	switch {
	case e.here:
		return "a pre-push hook of this clone, or your git configuration, stopped the push. Nothing was changed"
	case e.Reason == Refused && e.Ref != "":
		return "the server refused the push: let whoever runs relctl push " + e.Ref + " there, or ask who runs the server. Nothing was changed"
	case e.Reason == Refused:
		return "the server refused the push. Nothing was changed"
	case e.Reason == Unreachable:
		return remoteHint(e.Remote, e.Text) + ". Nothing was changed"
	}
	return "somebody else was faster; run the command again"
}

// staleWords are how servers say that a ref moved between the advertisement and the update.
var staleWords = []string{
	"but expected", "reference already exists", "already exists", "unable to resolve reference", "incorrect old value",
	"fetch first", "non-fast-forward", "stale info", "remote ref updated since checkout", "needs force",
}

func pushError(remote string, lines []pushLine, exit *Error) error {
	remote = redact(remote) // it may be an address
	says := remoteSays(exit.raw)
	if guilty := culprits(lines); len(guilty) > 0 {
		l := guilty[0]
		why, atServer := strings.CutPrefix(l.text, "[remote rejected] ")
		e := &PushError{Remote: remote, Ref: l.ref, Reason: Refused, Text: strings.Trim(strings.TrimPrefix(why, "[rejected] "), "()")}
		if len(guilty) > 1 { // a pre-receive hook judges the push as a whole
			e.Ref = ""
		}
		if containsAny(l.text, staleWords) || atServer && containsAny(says, staleWords) && !strings.Contains(why, "hook") {
			e.Reason = Stale
		}
		if atServer && says != "" {
			e.Text += ": " + says
		}
		return e
	}
	e := &PushError{Remote: remote, Reason: Unreachable, Text: exit.Stderr}
	switch {
	case strings.Contains(exit.raw, "does not support --atomic push"):
		e.Reason, e.Text = Refused, "the remote cannot push several refs at once (--atomic), which a release needs"
	case strings.Contains(exit.raw, "failed to push some refs") && !strings.Contains(exit.raw, "fatal: "):
		e.Reason, e.here = Refused, true
	}
	return e
}

// culprits finds the refs that were rejected for a reason of their own; an atomic push rejects the others with them.
func culprits(lines []pushLine) []pushLine {
	rejected := slices.DeleteFunc(slices.Clone(lines), func(l pushLine) bool { return l.flag != "!" })
	guilty := slices.DeleteFunc(slices.Clone(rejected), func(l pushLine) bool {
		return containsAny(l.text, []string{"atomic push failed", "atomic transaction failed", "atomic push failure", "(transaction failed"})
	})
	if len(guilty) == 0 {
		return rejected
	}
	return guilty
}

// remoteSays keeps what the server's hooks print.
func remoteSays(stderr string) string {
	var lines []string
	for line := range strings.Lines(clean(stderr)) {
		if text, ok := strings.CutPrefix(line, "remote:"); ok {
			text = strings.TrimPrefix(strings.TrimSpace(text), "error: ")
			if text != "" {
				lines = append(lines, text)
			}
		}
	}
	return shorten(lines)
}

func containsAny(text string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
}
