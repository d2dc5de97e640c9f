package publish

import (
	"context"
	"errors"
	"io"
)

// resumed reads a remote file to its end, over connections that break.
type resumed struct {
	ctx   context.Context //nolint:containedctx // that of the caller who opened it
	open  func(ctx context.Context, offset int64) (io.ReadCloser, error)
	retry Retry
	// left is how often it may still be opened.
	left   int
	body   io.ReadCloser
	offset int64
}

func (r *resumed) reopen() (err error) {
	r.left--
	r.body, err = r.open(r.ctx, r.offset)
	return err
}

// Read implements io.Reader.
func (r *resumed) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	r.offset += int64(n)
	if err == nil || errors.Is(err, io.EOF) || r.ctx.Err() != nil || r.left == 0 {
		return n, err
	}
	_ = r.body.Close()
	if serr := sleep(r.ctx, r.retry.pause(r.retry.attempts()-r.left, 0)); serr != nil {
		return n, serr
	}
	if oerr := r.reopen(); oerr != nil {
		r.body = io.NopCloser(errReader{oerr})
		return n, oerr
	}
	return n, nil
}

// Close implements io.Closer.
func (r *resumed) Close() error { return r.body.Close() }

// errReader gives an error again and again.
type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }
