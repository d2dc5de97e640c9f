package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"
)

// MaxMessage is how much of a commit message is kept, in bytes.
const MaxMessage = 1 << 20

// Commit is a commit as git has it, with its message as valid UTF-8 of at most [MaxMessage] bytes.
type Commit struct {
	ID, Tree  string
	Parents   []string
	Author    Signature
	Committer Signature
	Message   string
}

// Signature is who did something when.
type Signature struct {
	Name, Email string
	When        time.Time
}

func (s Signature) String() string { return s.Name + " <" + s.Email + ">" }

// LogOptions say which commits are walked.
type LogOptions struct {
	// To are the commits to begin at, Not those whose history is left out.
	To, Not []string
	// FirstParent follows only the first parent of merges.
	FirstParent bool
	// NoMerges leaves merges out.
	NoMerges bool
	// Reverse gives the oldest first.
	Reverse bool
}

// The fields of a commit, one a line up to the message; records end with a NUL.
const logFormat = "%H%n%T%n%P%n%an%n%ae%n%at%n%cn%n%ce%n%ct%n%B"

// Log streams commits in generation order, since commit dates lie: no parent comes before its children.
func (r *Repo) Log(ctx context.Context, opts LogOptions) iter.Seq2[*Commit, error] {
	args := []string{"log", "-z", "--topo-order", "--no-color", "--no-show-signature", "--no-mailmap", "--encoding=UTF-8", "--format=" + logFormat}
	if opts.FirstParent {
		args = append(args, "--first-parent")
	}
	if opts.NoMerges {
		args = append(args, "--no-merges")
	}
	if opts.Reverse {
		args = append(args, "--reverse")
	}
	args = append(args, opts.To...)
	for _, n := range opts.Not {
		args = append(args, "^"+n)
	}
	args = append(args, "--")
	return func(yield func(*Commit, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		cmd := command(ctx, r.dir(), hermetic(), args...)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		out, err := cmd.StdoutPipe()
		if err != nil {
			yield(nil, err)
			return
		}
		if err := cmd.Start(); err != nil {
			yield(nil, runError(cmd, err, nil))
			return
		}
		done := stream(out, yield)
		if done {
			cancel()
		}
		if err := cmd.Wait(); err != nil && !done {
			yield(nil, runError(cmd, err, errs.Bytes()))
		}
	}
}

// stream yields the records of in, and reports whether the consumer has had enough or an error was yielded.
func stream(in io.Reader, yield func(*Commit, error) bool) bool {
	br := bufio.NewReaderSize(in, 64<<10)
	for {
		record, err := readRecord(br)
		if errors.Is(err, io.EOF) {
			return false
		}
		if err != nil {
			yield(nil, err)
			return true
		}
		c, err := parseCommit(record)
		if err != nil {
			yield(nil, err)
			return true
		}
		if !yield(c, nil) {
			return true
		}
	}
}

// readRecord reads up to the next NUL and keeps at most MaxMessage and the lines before it.
func readRecord(br *bufio.Reader) (string, error) {
	const limit = MaxMessage + 8<<10
	var buf []byte
	for {
		part, err := br.ReadSlice(0)
		if room := limit - len(buf); room > 0 {
			buf = append(buf, part[:min(len(part), room)]...)
		}
		switch {
		case err == nil:
			return string(bytes.TrimSuffix(buf, []byte{0})), nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(buf) > 0:
			return string(buf), nil
		default:
			return "", err
		}
	}
}

func parseCommit(record string) (*Commit, error) {
	f := strings.SplitN(record, "\n", 10)
	if len(f) != 10 || !isID(f[0]) {
		return nil, fmt.Errorf("git log: unexpected record %.80q", record)
	}
	c := &Commit{ID: f[0], Tree: f[1], Parents: strings.Fields(f[2])}
	var err error
	if c.Author, err = signature(f[3], f[4], f[5]); err != nil {
		return nil, fmt.Errorf("commit %s: author: %w", c.ID, err)
	}
	if c.Committer, err = signature(f[6], f[7], f[8]); err != nil {
		return nil, fmt.Errorf("commit %s: committer: %w", c.ID, err)
	}
	message := f[9]
	if len(message) > MaxMessage {
		message = message[:MaxMessage]
	}
	c.Message = strings.ToValidUTF8(message, "�")
	return c, nil
}

func signature(name, email, when string) (Signature, error) {
	sec := int64(0)
	if when != "" { // git prints nothing for a date that it cannot read
		var err error
		if sec, err = strconv.ParseInt(when, 10, 64); err != nil {
			return Signature{}, fmt.Errorf("date %q", when)
		}
	}
	return Signature{Name: strings.ToValidUTF8(name, "�"), Email: strings.ToValidUTF8(email, "�"), When: time.Unix(sec, 0).UTC()}, nil
}

// Commit reads one commit.
func (r *Repo) Commit(ctx context.Context, id string) (*Commit, error) {
	if !isID(id) {
		return nil, fmt.Errorf("%q is not a full commit id", id)
	}
	out, err := r.read(ctx, "log", "-1", "-z", "--no-color", "--no-show-signature", "--no-mailmap", "--encoding=UTF-8", "--format="+logFormat, id, "--")
	if err != nil {
		return nil, err
	}
	return parseCommit(strings.TrimSuffix(string(out), "\x00"))
}
