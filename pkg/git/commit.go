package git

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// MaxMessage is how much of a commit message is kept, in bytes.
	MaxMessage = 1 << 20
	maxCommit  = 64 << 20
)

// Commit is a commit as git has it.
type Commit struct {
	ID, Tree  string
	Parents   []string
	Author    Signature
	Committer Signature
	// Message is valid UTF-8 of at most [MaxMessage] bytes, with the line ends that it was written with.
	Message string
}

// Signature is who did something when. The zero time stands for a date that cannot be read.
type Signature struct {
	Name, Email string
	When        time.Time // UTC, seconds
}

func (s Signature) String() string { return s.Name + " <" + s.Email + ">" }

// Commit reads one commit, or returns [ErrNotFound].
func (r *Repo) Commit(ctx context.Context, id string) (*Commit, error) {
	raw, err := r.rawCommit(ctx, id)
	if err != nil {
		return nil, err
	}
	head, body, _ := bytes.Cut(raw, []byte("\n\n"))
	c := &Commit{ID: id}
	foreign := false
	for line := range strings.SplitSeq(string(head), "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch key {
		case "tree":
			c.Tree = value
		case "parent":
			c.Parents = append(c.Parents, value)
		case "author":
			c.Author = parseIdent(value)
		case "committer":
			c.Committer = parseIdent(value)
		case "encoding":
			foreign = !strings.EqualFold(value, "UTF-8") && !strings.EqualFold(value, "UTF8")
		}
	}
	if foreign { // git knows how to read it
		return r.logOne(ctx, id)
	}
	c.Message = message(string(body))
	return c, nil
}

// rawCommit returns the bytes of a commit object.
func (r *Repo) rawCommit(ctx context.Context, id string) ([]byte, error) {
	if !isID(id) {
		return nil, fmt.Errorf("%q is not a full commit id", id)
	}
	return r.objects.read(ctx, "commit", id, maxCommit)
}

// message makes the text that is kept of a message: up to the first NUL, like git, bounded and valid UTF-8.
func message(raw string) string {
	raw, _, _ = strings.Cut(raw, "\x00")
	raw = raw[:min(len(raw), MaxMessage+utf8.UTFMax)] // what is cut off of a character here, is cut off below
	text := strings.ToValidUTF8(raw, "�")
	if len(text) > MaxMessage {
		text = strings.ToValidUTF8(text[:MaxMessage], "")
	}
	return text
}

// parseIdent reads "Name <email> <seconds> <zone>", with whatever is missing left empty.
func parseIdent(line string) Signature {
	line = strings.ToValidUTF8(strings.TrimSpace(line), "�")
	open, end := strings.IndexByte(line, '<'), strings.LastIndexByte(line, '>')
	if open < 0 || end < open {
		return Signature{Name: line}
	}
	s := Signature{Name: strings.TrimSpace(line[:open]), Email: strings.TrimSpace(line[open+1 : end])}
	if f := strings.Fields(line[end+1:]); len(f) > 0 {
		s.When = parseDate(f[0])
	}
	return s
}

// parseDate reads seconds since 1970; years that JSON cannot hold count as unreadable.
func parseDate(seconds string) time.Time {
	sec, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || sec < 0 || sec > 253402300799 { // the end of the year 9999
		return time.Time{}
	}
	return time.Unix(sec, 0).UTC()
}
