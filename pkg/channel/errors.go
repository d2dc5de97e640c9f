package channel

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Error is one thing that is wrong in a channel file.
type Error struct {
	// File is the path from the repository's root, with slashes.
	File string
	// Line and Column count from 1, columns in characters; both are 0 if the error is about the whole file.
	Line, Column int
	// Source is the line as it stands in the file.
	Source string
	// Message says in one line what is wrong.
	Message string
	// Suggestion is what was probably meant, such as a valid key, or "".
	Suggestion string
}

// Error returns several lines: where and what, then the line of the file with a mark under the place.
func (e *Error) Error() string {
	if e.Line == 0 {
		return visible(e.File + ": " + e.sentence())
	}
	source, column := excerpt(e.Source, e.Column)
	number := fmt.Sprintf("%4d", e.Line)
	return fmt.Sprintf("%s:%d:%d: %s\n%s | %s\n%s | %s^", visible(e.File), e.Line, e.Column, visible(e.sentence()),
		number, source, strings.Repeat(" ", len(number)), strings.Repeat(" ", column-1))
}

func (e *Error) sentence() string {
	if e.Suggestion == "" {
		return e.Message
	}
	return fmt.Sprintf("%s; did you mean %s?", e.Message, e.Suggestion)
}

// excerpt returns the part of a long line around column, as it can be shown, and the column in it.
func excerpt(line string, column int) (string, int) {
	const width = 100
	runes := []rune(line)
	column = min(max(column, 1), len(runes)+1)
	start := 0
	if len(runes) > width && column > width/2 {
		start = min(column-width/2, len(runes)-width)
	}
	return visible(string(runes[start:min(len(runes), start+width)])), column - start
}

// visible replaces what a terminal would not print, each character by one of the same width. Names of files and their
// content come from people who may not mean well.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case !unicode.IsPrint(r):
			return '?'
		}
		return r
	}, s)
}

// Errors is everything that is wrong in a set of channel files, by file and place. It holds at least one.
type Errors []*Error

const maxShown = 20

// Error returns the errors one below the other, the first 20 in full.
func (e Errors) Error() string {
	var b strings.Builder
	for i, one := range e {
		if i == maxShown {
			fmt.Fprintf(&b, "\nand %d more", len(e)-maxShown)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(one.Error())
	}
	return b.String()
}

// Unwrap returns the single errors.
func (e Errors) Unwrap() []error {
	out := make([]error, len(e))
	for i, one := range e {
		out[i] = one
	}
	return out
}

func (e Errors) sort() {
	slices.SortStableFunc(e, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// ErrNone says that a repository has no channel files at all.
var ErrNone error = noneError{}

type noneError struct{}

func (noneError) Error() string {
	return "there are no channel files: channels/product.yaml is missing"
}

// Hint says how to begin.
func (noneError) Hint() string {
	return "relctl init proposes them; or describe the product in channels/product.yaml and each channel in channels/<name>.yaml"
}

// NotFoundError says that no channel has a name.
type NotFoundError struct {
	// Name is what was asked for.
	Name string
	// Nearest is the channel with the most similar name, or "".
	Nearest string
	// Known are the names of all channels, sorted.
	Known []string
}

func (e *NotFoundError) Error() string { return fmt.Sprintf("unknown channel %q", e.Name) }

// Hint names the nearest channel, or all of them.
func (e *NotFoundError) Hint() string {
	switch {
	case e.Nearest != "":
		return fmt.Sprintf("did you mean %s?", e.Nearest)
	case len(e.Known) == 0:
		return noneError{}.Hint()
	}
	return "the channels are " + strings.Join(e.Known, ", ")
}
