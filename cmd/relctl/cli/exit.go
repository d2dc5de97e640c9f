package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// The exit codes of relctl, in the order of the help text.
const (
	exitDone      = 0
	exitFailed    = 1
	exitUsage     = 2
	exitPartly    = 3
	exitRefused   = 4
	exitMoved     = 5
	exitGate      = 6
	exitStale     = 7
	exitWaiting   = 8
	exitInterrupt = 130
)

// usageError is a command line that cannot be meant.
type usageError struct {
	text string
	hint string
}

func (e *usageError) Error() string { return e.text }
func (e *usageError) Hint() string  { return e.hint }

func usagef(hint, format string, args ...any) error {
	return &usageError{text: fmt.Sprintf(format, args...), hint: hint}
}

// exitError ends a command with a code after it has said everything itself.
type exitError struct{ code int }

func (e *exitError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// hint collects what the errors in err's chain advise, the outermost first.
func hint(err error) string {
	for err != nil {
		if h, ok := err.(interface{ Hint() string }); ok && h.Hint() != "" {
			return h.Hint()
		}
		if many, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range many.Unwrap() {
				if h := hint(e); h != "" {
					return h
				}
			}
			return ""
		}
		err = errors.Unwrap(err)
	}
	return ""
}

// report prints err and its hint, and returns the exit code.
func report(s IO, err error) int {
	if err == nil {
		return exitDone
	}
	var done *exitError
	if errors.As(err, &done) {
		return done.code
	}
	if errors.Is(err, context.Canceled) {
		s.say("relctl: interrupted; run the same command again to go on")
		return exitInterrupt
	}
	text := strings.Split(err.Error(), "\n")
	for i := range text { // a name or a message in it may come from anywhere
		text[i] = plain(text[i])
	}
	s.say("relctl: %s", strings.Join(text, "\n"))
	if h := hint(err); h != "" {
		for line := range strings.SplitSeq(h, "\n") {
			s.say("hint: %s", plain(line))
		}
	}
	jobHere().annotate(s, err)
	return exitCode(err)
}
