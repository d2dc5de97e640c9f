package site

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is something that is wrong with a page.
type Problem struct {
	// File as [Page.Source] names it, and the line in it from 1 on; 0 means all of it.
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
	Text string `json:"text"`
}

func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Text
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
}

// ProblemsError is documentation that must not ship as it is.
type ProblemsError struct{ Problems []Problem }

func (e *ProblemsError) Error() string {
	var b strings.Builder
	if len(e.Problems) == 1 {
		b.WriteString("1 problem in the documentation:")
	} else {
		fmt.Fprintf(&b, "%d problems in the documentation:", len(e.Problems))
	}
	for _, p := range e.Problems {
		b.WriteString("\n  " + p.String())
	}
	return b.String()
}

// Hint says how to look again.
func (e *ProblemsError) Hint() string { return "mend the pages; relctl docs check looks at them again" }

// SizeError is documentation that is too large.
type SizeError struct{ text string }

func (e *SizeError) Error() string { return e.text }

// Hint says what to do about it.
func (e *SizeError) Hint() string {
	return "split the page, or ship large files beside the documentation"
}

func sorted(ps []Problem) []Problem {
	slices.SortFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Text, b.Text))
	})
	return slices.Compact(ps)
}
