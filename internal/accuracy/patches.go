package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// marks is what an oracle says about each commit that it looks at: whether main has the same patch.
type marks map[string]bool

// cherry asks git cherry about a line.
func (c clone) cherry(ctx context.Context, main, line string) (marks, error) {
	m := marks{}
	return m, c.each(ctx, "", '\n', func(text string) error {
		sign, id, ok := strings.Cut(text, " ")
		if !ok || sign != "+" && sign != "-" {
			return fmt.Errorf("git cherry: unexpected line %q", text)
		}
		m[id] = sign == "-"
		return nil
	}, "cherry", main, line)
}

// cherryMark asks git log --cherry-mark about a line, and about main since they parted.
func (c clone) cherryMark(ctx context.Context, main, line string) (marks, error) {
	m := marks{}
	return m, c.each(ctx, "", '\n', func(text string) error {
		sign, id, ok := strings.Cut(text, " ")
		if !ok || !slices.Contains([]string{"<", ">", "="}, sign) {
			return fmt.Errorf("git log --cherry-mark: unexpected line %q", text)
		}
		m[id] = sign == "="
		return nil
	}, "log", "--cherry-mark", "--left-right", "--no-merges", "--no-color", "--no-show-signature", "--format=%m %H", main+"..."+line, "--")
}

// twin returns the commit of main with the same patch as a commit of a line, "" if there is none.
func (c clone) twin(ctx context.Context, main, id string) (string, error) {
	found := ""
	err := c.each(ctx, "", '\n', func(text string) error {
		if other, ok := strings.CutPrefix(text, "= "); ok {
			found = other
		}
		return nil
	}, "log", "--cherry-mark", "--left-only", "--no-merges", "--no-color", "--no-show-signature", "--format=%m %H", main+"..."+id, "^"+id+"^", "--")
	return found, err
}
