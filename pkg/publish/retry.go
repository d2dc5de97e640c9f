package publish

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/minio/minio-go/v7"

	"github.com/relctl/relctl/pkg/internal/ociremote"
)

// Retry says how a store bears with a server that fails for a while.
type Retry struct {
	// Attempts is how often one request is made at most. Default is 5.
	Attempts int
	// Wait is the pause after the first failure. It doubles up to half a minute, and varies by a quarter; where the server
	// asks for more, up to a minute is waited. Default is half a second.
	Wait time.Duration
	// Stall is how long a transfer may go on without a byte. Default is two minutes.
	Stall time.Duration
}

func (r Retry) attempts() int {
	if r.Attempts > 0 {
		return r.Attempts
	}
	return 5
}

func (r Retry) wait() time.Duration {
	if r.Wait > 0 {
		return r.Wait
	}
	return 500 * time.Millisecond
}

func (r Retry) stall() time.Duration {
	if r.Stall > 0 {
		return r.Stall
	}
	return 2 * time.Minute
}

const (
	longestPause = 30 * time.Second
	longestAsked = time.Minute
)

// pause is what is waited after an attempt, counted from 1, if the server asked for asked.
func (r Retry) pause(attempt int, asked time.Duration) time.Duration {
	d := min(r.wait()<<min(attempt-1, 16), longestPause)
	d += time.Duration(rand.Int64N(int64(d)/2+1)) - d/4 //nolint:gosec // spreads load, guards nothing
	return max(d, min(asked, longestAsked))
}

// RemoteError is what a server did that ended a step, after all attempts.
type RemoteError struct {
	// Store is its address, Op what was done to Name in it.
	Store, Op, Name string
	// Tries is how often it was tried.
	Tries int
	Err   error
}

func (e *RemoteError) Error() string {
	s := e.Op
	if e.Name != "" {
		s += " " + e.Name
	}
	s = fmt.Sprintf("%s in %s: %v", s, e.Store, e.Err)
	if e.Tries > 1 {
		s += fmt.Sprintf(" (tried %d times)", e.Tries)
	}
	return s
}

func (e *RemoteError) Unwrap() error { return e.Err }

// Hint says what to do about it.
func (e *RemoteError) Hint() string {
	var corrupt *CorruptError
	var plain *ociremote.PlainError
	switch code := status(e.Err); {
	case errors.As(e.Err, &corrupt):
		return "the server or something before it alters what it passes on; nothing of it was taken over. Look at its disk and at proxies, then run the same command again"
	case errors.As(e.Err, &plain):
		return "give the server a certificate; plain http is for servers on this machine"
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return "look at the credentials and what they may do: docker login for a registry, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE for a bucket; then run the same command again"
	case code == http.StatusNotFound:
		return "look at the name of the repository or bucket, and make it if it is not there; then run the same command again"
	case code == http.StatusTooManyRequests || code >= 500:
		return "the server is overloaded or broken; run the same command again later, what it has is not sent again"
	case code != 0:
		return "the server refuses this for good; look at its log"
	}
	return "look at the network and at the server, then run the same command again; what it has is not sent again"
}

// CorruptError is a server that gave other bytes than were asked for.
type CorruptError struct {
	Name string
	// Want and Got tell size or digest.
	Want, Got string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("the server gave other bytes for %s: %s instead of %s", e.Name, e.Got, e.Want)
}

// StallError is a transfer that stood still.
type StallError struct{ After time.Duration }

func (e *StallError) Error() string { return fmt.Sprintf("not a byte in %s", e.After) }

// do calls op until it succeeds, its failure is final, or the attempts are used up.
func (r Retry) do(ctx context.Context, store, op, name string, f func(ctx context.Context) error) error {
	for try := 1; ; try++ {
		asked := new(time.Duration)
		err := f(context.WithValue(ctx, askedKey{}, asked))
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case local(err):
			return err
		case final(err) || try >= r.attempts():
			return &RemoteError{Store: store, Op: op, Name: name, Tries: try, Err: err}
		}
		if err := sleep(ctx, r.pause(try, *asked)); err != nil {
			return err
		}
	}
}

// seen looks for what was just written until it is there, or the attempts are used up: some servers replace an object by
// removing it first, and some tell late of what they took.
func (r Retry) seen(ctx context.Context, look func() (bool, error)) (bool, error) {
	for try := 1; ; try++ {
		there, err := look()
		if there || err != nil || try >= r.attempts() {
			return there, err
		}
		if err := sleep(ctx, r.pause(try, 0)); err != nil {
			return false, err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// local reports whether this machine failed, or what is on it, and no server.
func local(err error) bool {
	var path *fs.PathError
	var changed *changedError
	var differ *DifferError
	var tag *TagError
	return errors.As(err, &path) || errors.As(err, &changed) || errors.As(err, &differ) || errors.As(err, &tag) || errors.Is(err, fs.ErrNotExist)
}

// final reports whether another attempt would end alike.
func final(err error) bool {
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var plain *ociremote.PlainError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound, errors.As(err, &unknown), errors.As(err, &host), errors.As(err, &invalid), errors.As(err, &plain):
		return true
	}
	switch code := status(err); {
	case code == 0, code >= 500 && code != http.StatusNotImplemented, code == http.StatusRequestTimeout, code == http.StatusTooManyRequests:
		return false
	case code == http.StatusBadRequest:
		return !damaged(err)
	}
	return true
}

// status is the code of an answer that refused a request, or 0.
func status(err error) int {
	var registry *transport.Error
	var bucket minio.ErrorResponse
	switch {
	case errors.As(err, &registry):
		return registry.StatusCode
	case errors.As(err, &bucket):
		return bucket.StatusCode
	}
	return 0
}

// damaged reports whether a server says that a request did not reach it whole.
func damaged(err error) bool {
	var registry *transport.Error
	var bucket minio.ErrorResponse
	switch {
	case errors.As(err, &registry):
		for _, d := range registry.Errors {
			if d.Code == transport.DigestInvalidErrorCode || d.Code == transport.BlobUploadInvalidErrorCode || d.Code == transport.SizeInvalidErrorCode {
				return true
			}
		}
	case errors.As(err, &bucket):
		switch bucket.Code {
		case "BadDigest", "IncompleteBody", "RequestTimeout", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch":
			return true
		}
	}
	return false
}

type askedKey struct{}

// patient is a transport that ends what stands still, and notes how long a server asks to be left alone.
type patient struct {
	base  http.RoundTripper
	stall time.Duration
}

// RoundTrip implements http.RoundTripper.
func (p patient) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	timer := time.AfterFunc(p.stall, func() { cancel(&StallError{p.stall}) })
	w := &watch{ctx: ctx, timer: timer, stall: p.stall}
	r = r.WithContext(ctx)
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &watched{ReadCloser: r.Body, watch: w}
	}
	resp, err := p.base.RoundTrip(r)
	timer.Stop()
	if err != nil {
		err = w.cause(err)
		cancel(nil)
		return nil, err
	}
	if asked, ok := r.Context().Value(askedKey{}).(*time.Duration); ok {
		if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
			*asked = time.Duration(s) * time.Second
		}
	}
	resp.Body = &watched{ReadCloser: resp.Body, watch: w, ends: cancel}
	return resp, nil
}

// watch ends a transfer by its timer.
type watch struct {
	ctx   context.Context //nolint:containedctx // that of one request
	timer *time.Timer
	stall time.Duration
}

// cause is the stall behind an error, or the error.
func (w *watch) cause(err error) error {
	var stalled *StallError
	if errors.As(context.Cause(w.ctx), &stalled) {
		return stalled
	}
	return err
}

// watched is a body whose reading keeps a transfer alive.
type watched struct {
	io.ReadCloser
	*watch
	// ends is set for the body of an answer: only its reading counts, not the time between.
	ends context.CancelCauseFunc
}

func (b *watched) Read(p []byte) (int, error) {
	b.timer.Reset(b.stall)
	n, err := b.ReadCloser.Read(p)
	if b.ends != nil {
		b.timer.Stop()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.cause(err)
	}
	return n, err
}

func (b *watched) Close() error {
	err := b.ReadCloser.Close()
	if b.ends != nil {
		b.timer.Stop()
		b.ends(nil)
	}
	return err
}
