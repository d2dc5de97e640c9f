package update

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/relctl/relctl/pkg/verify"
)

const (
	attempts = 3
	pause    = 500 * time.Millisecond
	// patience is how long a call waits for a server that asks for it; a longer wish moves the next check.
	patience = 10 * time.Second
	// longestWish is the longest wish that is heard.
	longestWish = 7 * 24 * time.Hour
)

// SourceError is a source that could not be asked.
type SourceError struct {
	// Source is its address, without what may be a password; Name the file that was asked for, Tries how often.
	Source, Name string
	Tries        int
	Err          error
}

func (e *SourceError) Error() string {
	s := fmt.Sprintf("get %s from %s: %v", e.Name, e.Source, e.Err)
	if e.Tries > 1 {
		s += fmt.Sprintf(" (tried %d times)", e.Tries)
	}
	return s
}

func (e *SourceError) Unwrap() error { return e.Err }

// Hint says what to look at.
func (e *SourceError) Hint() string {
	return "look at the address, the network and the proxy's settings; below the address there must be trust/ and channels/"
}

// ask gets one file, and tries again what may pass.
func (v *visit) ask(ctx context.Context, w verify.Want, before seen) ([]byte, seen, bool, error) {
	for try := 1; ; try++ {
		one, cancel := context.WithTimeout(ctx, v.client.config.Timeout)
		data, now, same, err := v.source.get(one, w, before)
		cancel()
		if err == nil {
			return data, now, same, nil
		}
		wish := v.wish(err)
		if try == attempts || ctx.Err() != nil || !passing(err) || wish > patience {
			return nil, seen{}, false, &SourceError{Source: shown(v.at), Name: w.Name, Tries: try, Err: err}
		}
		if err := sleep(ctx, max(spread(pause<<(try-1)), wish)); err != nil {
			return nil, seen{}, false, err
		}
	}
}

// wish is how long the server asks to be left alone, 0 if it does not. It is kept for the next check.
func (v *visit) wish(err error) time.Duration {
	var status *statusError
	if !errors.As(err, &status) || status.after == "" {
		return 0
	}
	d := time.Duration(0)
	if n, err := strconv.Atoi(status.after); err == nil && n > 0 {
		d = time.Duration(min(n, int(longestWish/time.Second))) * time.Second
	} else if t, err := http.ParseTime(status.after); err == nil {
		d = min(max(t.Sub(v.client.config.Now()), 0), longestWish)
	}
	v.wished = max(v.wished, d)
	return d
}

// passing tells faults that may be gone in a moment.
func passing(err error) bool {
	var status *statusError
	if errors.As(err, &status) {
		return status.code == http.StatusTooManyRequests || status.code == http.StatusRequestTimeout || status.code >= 500
	}
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	return !errors.Is(err, errTooLarge) && !errors.As(err, &authority) && !errors.As(err, &host) && !errors.As(err, &invalid)
}

// spread varies a duration by a quarter to either side.
func spread(d time.Duration) time.Duration {
	return d - d/4 + time.Duration(rand.Int64N(int64(d)/2+1)) //nolint:gosec // spreads load, guards nothing
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
