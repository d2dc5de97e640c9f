package git

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
)

// LogOptions say which commits are walked.
type LogOptions struct {
	// To are the commits to begin at, Not those whose history is left out: full ids or full ref names.
	To, Not []string
	// FirstParent follows only the first parent of merges.
	FirstParent bool
	// NoMerges leaves merges out.
	NoMerges bool
	// Reverse gives the oldest first.
	Reverse bool
	// AnyOrder gives commits as soon as git has them; a parent may then come before its children where dates lie.
	AnyOrder bool
}

// The fields of a commit, one a line up to the message; records end with a NUL, which no message can hold.
const (
	logFormat = "%H%n%T%n%P%n%an%n%ae%n%at%n%cn%n%ce%n%ct%n%B"
	logFields = 10
)

var logArgs = []string{"log", "-z", "--no-color", "--no-show-signature", "--no-mailmap", "--no-notes", "--encoding=UTF-8", "--format=" + logFormat}

// Log streams commits in generation order, since commit dates lie: no parent comes before its children, unless the
// options allow it. Memory does
// not grow with the history. An error ends the sequence.
func (r *Repo) Log(ctx context.Context, opts LogOptions) iter.Seq2[*Commit, error] {
	return func(yield func(*Commit, error) bool) {
		args, err := r.logRange(opts)
		if err != nil {
			yield(nil, err)
			return
		}
		if line, ok := r.straight(ctx, opts); ok {
			for _, c := range line {
				if !yield(c, nil) {
					return
				}
			}
			return
		}
		empty := true // what a walk begins and ends with is looked at only if there is reason to
		r.stream(ctx, args, func(c *Commit, err error) bool {
			if empty && err != nil {
				err = cmp.Or(r.exist(ctx, opts), err)
			}
			empty = false
			return yield(c, err)
		})
		if empty {
			if err := r.exist(ctx, opts); err != nil {
				yield(nil, err)
			}
		}
	}
}

// maxStraight is how many commits are read one by one before git log is asked, which takes as long as to read dozens.
const maxStraight = 16

// straight returns the commits of a range that is one short line without merges, newest first. Whoever looks at many
// branches mostly finds such, and a process for each would cost more than all the rest.
func (r *Repo) straight(ctx context.Context, opts LogOptions) ([]*Commit, bool) {
	if len(opts.To) != 1 || len(opts.Not) != 1 || !opts.AnyOrder || opts.FirstParent || opts.NoMerges || opts.Reverse {
		return nil, false
	}
	ends, err := r.ids(ctx, opts.To[0], opts.Not[0])
	if err != nil {
		return nil, false // git log says what is wrong
	}
	var line []*Commit
	for id := ends[0]; id != ends[1]; id = line[len(line)-1].Parents[0] {
		c, err := r.Commit(ctx, id)
		if err != nil || len(c.Parents) != 1 || len(line) == maxStraight {
			return nil, false
		}
		line = append(line, c)
	}
	return line, true
}

// exist reports what a walk begins or ends with that is no commit.
func (r *Repo) exist(ctx context.Context, opts LogOptions) error {
	_, err := r.ids(ctx, slices.Concat(opts.To, opts.Not)...)
	return err
}

func (r *Repo) logRange(opts LogOptions) ([]string, error) {
	if err := r.refuseShallow(); err != nil {
		return nil, err
	}
	if len(opts.To) == 0 {
		return nil, errors.New("git log: no commit to begin at")
	}
	to, err := r.lookUpAll(opts.To)
	if err != nil {
		return nil, err
	}
	not, err := r.lookUpAll(opts.Not)
	if err != nil {
		return nil, err
	}
	args := append([]string{}, logArgs...)
	if !opts.AnyOrder {
		args = append(args, "--topo-order")
	}
	if opts.FirstParent {
		args = append(args, "--first-parent")
	}
	if opts.NoMerges {
		args = append(args, "--no-merges")
	}
	if opts.Reverse {
		args = append(args, "--reverse")
	}
	args = append(args, to...)
	for _, n := range not {
		args = append(args, "^"+n)
	}
	return append(args, "--"), nil
}

// logOne reads a single commit the way Log does.
func (r *Repo) logOne(ctx context.Context, id string) (*Commit, error) {
	args := append(append([]string{}, logArgs...), "--no-walk", id, "--")
	var found *Commit
	var failed error
	r.stream(ctx, args, func(c *Commit, err error) bool {
		found, failed = c, err
		return false
	})
	if found == nil && failed == nil {
		failed = fmt.Errorf("commit %s: %w", id, ErrNotFound)
	}
	return found, failed
}

// stream runs git log and yields what it prints while it runs.
func (r *Repo) stream(ctx context.Context, args []string, yield func(*Commit, error) bool) {
	err := call{dir: r.dir(), args: r.args(args)}.stream(ctx, func(out io.Reader) error {
		return records(out, func(c *Commit) bool { return yield(c, nil) })
	})
	if err != nil {
		yield(nil, err)
	}
}

// records gives each commit of a log to use, until use has [errEnough].
func records(in io.Reader, use func(*Commit) bool) (err error) {
	br := bufio.NewReaderSize(in, 64<<10)
	var buf []byte
	for {
		buf, err = readRecord(br, buf[:0])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		c, err := parseRecord(buf)
		if err != nil {
			return err
		}
		if !use(c) {
			return errEnough
		}
	}
}

// readRecord appends what comes before the next NUL to buf, up to a limit above which the rest is dropped.
func readRecord(br *bufio.Reader, buf []byte) ([]byte, error) {
	const limit = MaxMessage + 64<<10
	read := false
	for {
		part, err := br.ReadSlice(0)
		read = read || len(part) > 0
		if room := limit - len(buf); room > 0 {
			buf = append(buf, part[:min(len(part), room)]...)
		}
		switch {
		case err == nil:
			return bytes.TrimSuffix(buf, []byte{0}), nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && read:
			return buf, nil
		default:
			return nil, err
		}
	}
}

// parseRecord reads one record. Its fields share the memory of one string.
func parseRecord(record []byte) (*Commit, error) {
	text := strings.ToValidUTF8(string(record), "�")
	var f [logFields]string
	for i := range logFields - 1 {
		var ok bool
		if f[i], text, ok = strings.Cut(text, "\n"); !ok {
			return nil, fmt.Errorf("git log: unexpected record %.80q", record)
		}
	}
	if !isID(f[0]) {
		return nil, fmt.Errorf("git log: unexpected record %.80q", record)
	}
	c := &Commit{
		ID: f[0], Tree: f[1],
		Author:    Signature{Name: f[3], Email: f[4], When: parseDate(f[5])},
		Committer: Signature{Name: f[6], Email: f[7], When: parseDate(f[8])},
		Message:   message(text),
	}
	if f[2] != "" { // nil for a root, as Commit has it
		c.Parents = strings.Fields(f[2])
	}
	return c, nil
}
