package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/relctl/relctl/pkg/internal/proc"
)

// idle is how long the process that reads objects waits for the next question.
const idle = 5 * time.Second

// objects asks one long-lived `git cat-file --batch-command` about objects. It starts with the first question and ends
// when nothing was asked for a while, with [Repo.Close], or with relctl itself, which closes its standard input.
type objects struct {
	command func(context.Context) call

	mu    sync.Mutex
	cmd   *exec.Cmd
	call  call
	in    io.WriteCloser
	out   *bufio.Reader
	errs  *lastWords
	timer *time.Timer
}

// objectInfo is what git tells about an object; kind is "" if it does not exist.
type objectInfo struct {
	id, kind string
	size     int64
}

// chunk is how many questions are asked before the answers are read: they fit into a pipe, even if nobody reads them yet.
const chunk = 200

// info looks objects up by id, each perhaps followed by ^{} for what is behind a tag. Answers come in the order of the questions.
func (o *objects) info(ctx context.Context, names ...string) ([]objectInfo, error) {
	out := make([]objectInfo, 0, len(names))
	err := o.ask(ctx, func() error {
		for len(out) < len(names) {
			part := names[len(out):min(len(out)+chunk, len(names))]
			if _, err := io.WriteString(o.in, "info "+strings.Join(part, "\ninfo ")+"\n"); err != nil {
				return err
			}
			for range part {
				i, err := o.header()
				if err != nil {
					return err
				}
				out = append(out, i)
			}
		}
		return nil
	})
	return out, err
}

// read returns an object of the given kind with at most limit bytes. One that does not exist is [ErrNotFound].
func (o *objects) read(ctx context.Context, kind, id string, limit int64) ([]byte, error) {
	found, err := o.readAll(ctx, kind, limit, id)
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// readAll is read for many objects, in few exchanges. The first that is not there ends it.
func (o *objects) readAll(ctx context.Context, kind string, limit int64, ids ...string) ([][]byte, error) {
	found, err := o.info(ctx, ids...)
	if err != nil {
		return nil, err
	}
	for n, i := range found {
		switch id := ids[n]; {
		case i.kind == "":
			return nil, fmt.Errorf("%s %s: %w", kind, id, ErrNotFound)
		case i.kind != kind:
			return nil, fmt.Errorf("%s is a %s, not a %s: %w", id, i.kind, kind, ErrNotFound)
		case i.size > limit:
			return nil, fmt.Errorf("%s %s has %d bytes, at most %d are read", kind, id, i.size, limit)
		}
	}
	out := make([][]byte, 0, len(ids))
	err = o.ask(ctx, func() error {
		for len(out) < len(ids) {
			part := ids[len(out):min(len(out)+chunk, len(ids))]
			if _, err := io.WriteString(o.in, "contents "+strings.Join(part, "\ncontents ")+"\n"); err != nil {
				return err
			}
			for range part {
				data, err := o.contents(ids[len(out)], found[len(out)].size)
				if err != nil {
					return err
				}
				out = append(out, data)
			}
		}
		return nil
	})
	return out, err
}

// contents reads the answer with an object of a known size.
func (o *objects) contents(id string, size int64) ([]byte, error) {
	i, err := o.header()
	if err != nil {
		return nil, err
	}
	if i.size != size {
		return nil, fmt.Errorf("%s changed while it was read", id)
	}
	data := make([]byte, size+1) // a newline follows
	_, err = io.ReadFull(o.out, data)
	return data[:size], err
}

// header reads "<id> <kind> <size>" or "<name> missing".
func (o *objects) header() (objectInfo, error) {
	line, err := o.out.ReadString('\n')
	if err != nil {
		return objectInfo{}, err
	}
	f := strings.Fields(line)
	if len(f) == 2 && f[1] == "missing" {
		return objectInfo{}, nil
	}
	if len(f) != 3 || !isID(f[0]) {
		return objectInfo{}, fmt.Errorf("git cat-file: unexpected answer %.80q", line)
	}
	size, err := strconv.ParseInt(f[2], 10, 64)
	if err != nil || size < 0 {
		return objectInfo{}, fmt.Errorf("git cat-file: unexpected size in %.80q", line)
	}
	return objectInfo{id: f[0], kind: f[1], size: size}, nil
}

// ask runs one exchange. After an error the process is ended, since it may owe half an answer.
func (o *objects) ask(ctx context.Context, exchange func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.cmd == nil {
		if err := o.start(ctx); err != nil {
			return err
		}
	}
	o.timer.Stop()
	process := o.cmd.Process
	stop := context.AfterFunc(ctx, func() { _ = process.Kill() }) // the exchange then fails
	err := exchange()
	if stop() && err == nil {
		o.timer.Reset(idle)
		return nil
	}
	failed := o.end(err != nil)
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(err, failed)
}

func (o *objects) start(ctx context.Context) error {
	o.call = o.command(ctx)
	cmd := o.call.command(context.WithoutCancel(ctx)) // it outlives the question
	proc.Group(cmd)
	o.errs = &lastWords{}
	cmd.Stderr = o.errs
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return o.call.failure(ctx, err, "")
	}
	o.cmd, o.in, o.out = cmd, in, bufio.NewReaderSize(out, 64<<10)
	o.timer = time.AfterFunc(idle, func() { _ = o.close() })
	return nil
}

func (o *objects) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.end(false)
}

// end closes the process's standard input, at which it ends, or kills it, and says what it complained about.
func (o *objects) end(kill bool) error {
	if o.cmd == nil {
		return nil
	}
	o.timer.Stop()
	cmd := o.cmd
	o.cmd = nil
	if kill {
		// Let it say why it ended, if it has ended.
		time.AfterFunc(time.Second, func() { _ = cmd.Process.Kill() })
	}
	_ = o.in.Close() // fails if the process has ended
	_, _ = io.Copy(io.Discard, o.out)
	return o.call.failure(context.Background(), cmd.Wait(), o.errs.String())
}

// lastWords keeps the end of what a long-lived process says.
type lastWords struct{ bytes.Buffer }

func (w *lastWords) Write(p []byte) (int, error) {
	if w.Len()+len(p) > 4<<10 {
		w.Reset()
	}
	return w.Buffer.Write(p)
}
