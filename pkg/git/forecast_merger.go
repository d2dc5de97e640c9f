package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/internal/proc"
)

// merger is one long-lived `git merge-tree --stdin`. Git flushes an answer except for the NUL at its end, so every
// batch ends with a merge of nothing, whose beginning shows that the batch is complete.
type merger struct {
	call    call
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	errs    *lastWords
	nothing string
	owes    bool // the NUL after the last merge of nothing
	ended   bool
}

// patience is how long git may take for its first answer, to a merge of nothing.
const patience = 30 * time.Second

// startMerger starts the process and makes sure that it answers as expected.
func startMerger(ctx context.Context, c call, nothing string) (*merger, error) {
	m := &merger{call: c, cmd: c.command(context.WithoutCancel(ctx)), errs: &lastWords{}, nothing: nothing}
	proc.Group(m.cmd)
	m.cmd.Stderr = m.errs
	var err error
	if m.in, err = m.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := m.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	m.out = bufio.NewReaderSize(out, 64<<10)
	if err := m.cmd.Start(); err != nil {
		return nil, c.failure(ctx, err, "")
	}
	first, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := m.merge(first, "", 0, nil); err != nil {
		m.end()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &ForecastError{Err: err}
	}
	return m, nil
}

// ForecastError is a git that cannot forecast cherry-picks.
type ForecastError struct{ Err error }

func (e *ForecastError) Error() string {
	return "this git cannot merge without a working tree: " + e.Err.Error()
}
func (e *ForecastError) Unwrap() error { return e.Err }

// Hint says which git can.
func (e *ForecastError) Hint() string {
	return "forecasts need git 2.38 or newer (git merge-tree --write-tree --stdin); git --version shows yours"
}

// merged is the answer of merge-tree.
type merged struct {
	clean    bool
	tree     string
	unmerged []unmerged
	kinds    map[string]string // git's name of the first conflict of each path
}

// unmerged is one stage of a file: 1 is the base, 2 the target, 3 the picked commit.
type unmerged struct{ path, stage string }

// merge asks for n merges, a line each, and gives each answer to use. After an error the merger is of no use.
func (m *merger) merge(ctx context.Context, lines string, n int, use func(int, merged)) error {
	process := m.cmd.Process
	stop := context.AfterFunc(ctx, func() { _ = process.Kill() }) // reading then fails
	written := make(chan error, 1)
	go func() {
		_, err := io.WriteString(m.in, lines+m.nothing+" "+m.nothing+"\n")
		written <- err
	}()
	err := m.answers(n, use)
	if err != nil && !errors.Is(err, io.EOF) { // at the end of the file it ends by itself
		_ = process.Kill()
	}
	err = errors.Join(err, <-written)
	if stop() && err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if died := m.failure(); died != nil {
		return died
	}
	return err
}

func (m *merger) answers(n int, use func(int, merged)) error {
	if m.owes {
		if b, err := m.out.ReadByte(); err != nil || b != 0 {
			return fmt.Errorf("git merge-tree: unexpected answer %q: %w", b, err)
		}
		m.owes = false
	}
	for i := range n {
		r, err := m.answer()
		if err != nil {
			return err
		}
		use(i, r)
	}
	if _, err := m.head(); err != nil {
		return err
	}
	if text, err := m.text(); err != nil || text != "" {
		return unexpected(text, err)
	}
	m.owes = true
	return nil
}

// answer reads what -z prints for one merge: status, tree, for a conflict the unmerged files, an empty text, messages,
// an empty text.
func (m *merger) answer() (merged, error) {
	r, err := m.head()
	if err != nil {
		return r, err
	}
	for {
		text, err := m.text()
		if err != nil {
			return r, err
		}
		if text == "" {
			return r, m.messages(&r)
		}
		meta, path, ok := strings.Cut(text, "\t") // <mode> <id> <stage>
		f := strings.Fields(meta)
		if !ok || len(f) != 3 || r.clean {
			return r, unexpected(text, nil)
		}
		r.unmerged = append(r.unmerged, unmerged{path: path, stage: f[2]})
	}
}

func (m *merger) head() (merged, error) {
	status, err := m.text()
	if err != nil || status != "0" && status != "1" {
		return merged{}, unexpected(status, err)
	}
	tree, err := m.text()
	if err != nil || !isID(tree) {
		return merged{}, unexpected(tree, err)
	}
	return merged{clean: status == "1", tree: tree, kinds: map[string]string{}}, nil
}

// messages reads "<number of paths>, paths…, <kind>, <text>", over and over.
func (m *merger) messages(r *merged) error {
	for {
		text, err := m.text()
		if err != nil || text == "" {
			return err
		}
		var n int
		if _, err := fmt.Sscanf(text, "%d", &n); err != nil || n < 0 {
			return unexpected(text, err)
		}
		fields := make([]string, 0, 3)
		for range n + 2 {
			f, err := m.text()
			if err != nil {
				return err
			}
			fields = append(fields, f)
		}
		kind, ok := strings.CutPrefix(fields[n], "CONFLICT (")
		for _, path := range fields[:n] {
			if ok && r.kinds[path] == "" {
				r.kinds[path] = strings.TrimSuffix(kind, ")")
			}
		}
	}
}

func (m *merger) text() (string, error) {
	text, err := m.out.ReadString(0)
	return strings.TrimSuffix(text, "\x00"), err
}

func unexpected(text string, err error) error {
	if err != nil {
		return fmt.Errorf("git merge-tree ended early: %w", err)
	}
	return fmt.Errorf("git merge-tree: unexpected answer %.80q", text)
}

// failure ends the process and says what it complained about.
func (m *merger) failure() error {
	m.ended = true
	_ = m.in.Close() // fails if the process has ended
	return m.call.failure(context.Background(), m.cmd.Wait(), m.errs.String())
}

// end closes the process's standard input, at which it ends.
func (m *merger) end() {
	if m.ended {
		return
	}
	m.ended = true
	_ = m.in.Close()
	_, _ = io.Copy(io.Discard, m.out)
	_ = m.cmd.Wait() // nobody asks it anything more
}

// conflicts are the files that are unmerged; where git has none to show, those that its messages name. What git would
// put aside as "name~<commit>", with one of the given commits, counts as the file itself.
func (r merged) conflicts(ours, theirs string) []Conflict {
	stages := map[string]string{}
	for _, u := range r.unmerged {
		path := strings.TrimSuffix(strings.TrimSuffix(u.path, "~"+ours), "~"+theirs)
		stages[path] += u.stage
	}
	if len(stages) == 0 {
		for path := range r.kinds {
			stages[path] = "123"
		}
	}
	out := make([]Conflict, 0, len(stages))
	for path, s := range stages {
		c := Conflict{Path: path, Kind: r.kinds[path], Absent: !strings.Contains(s, "2")}
		switch {
		case c.Kind == "contents" && !strings.Contains(s, "1"):
			c.Kind = "add/add"
		case c.Kind == "contents", c.Kind == "":
			c.Kind = "content"
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Conflict) int { return strings.Compare(a.Path, b.Path) })
	return out
}
