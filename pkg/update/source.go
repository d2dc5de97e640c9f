package update

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/verify"
)

// seen is what a server said about a file when it sent it: what to ask with the next time.
type seen struct {
	ETag     string `json:"etag,omitempty"`
	Modified string `json:"modified,omitempty"`
}

// maxTag bounds what is kept of a server's words.
const maxTag = 256

// source is where a store's files are read.
type source interface {
	// get returns a file, nil if it is not there, and what to ask with the next time. same says that it is unchanged since
	// before, which the caller has.
	get(ctx context.Context, w verify.Want, before seen) (data []byte, now seen, same bool, err error)
}

// open returns the source at an address.
func (c *Config) open(at string, client *http.Client) (source, error) {
	u, err := url.Parse(at)
	switch {
	case c.Open != nil && strings.Contains(at, "://") && (err != nil || u.Scheme != "https" && u.Scheme != "http"):
		s, err := c.Open(at)
		if err != nil {
			return nil, &ConfigError{Text: fmt.Sprintf("%.200q cannot be asked for updates: %v", shown(at), err), Remedy: "give the address of the vendor's store, or of a mirror"}
		}
		return stored{s}, nil
	case err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "":
		return &web{client, u}, nil
	case strings.Contains(at, "://") || at == "":
		return nil, &ConfigError{Text: fmt.Sprintf("%.200q is no place to ask for updates", shown(at)), Remedy: "give a web address such as https://updates.example.com/acme, or a folder"}
	}
	return folder(at), nil
}

// shown is an address without what may be a password.
func shown(at string) string {
	if !strings.Contains(at, "://") {
		return at
	}
	u, err := url.Parse(at)
	if err != nil {
		return "an address that cannot be read"
	}
	u.User, u.RawQuery = nil, ""
	return u.String()
}

// folder is a store in a folder, such as a mounted share.
type folder string

func (d folder) get(ctx context.Context, w verify.Want, _ seen) ([]byte, seen, bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, seen{}, false, err
	}
	f, err := os.Open(filepath.Join(string(d), filepath.FromSlash(w.Name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, seen{}, false, nil
	}
	if err != nil {
		return nil, seen{}, false, err
	}
	defer func() { _ = f.Close() }()
	data, err := limited(f, w.Most)
	return data, seen{}, false, err
}

// stored is a store that the program knows how to open.
type stored struct{ Store }

func (s stored) get(ctx context.Context, w verify.Want, _ seen) ([]byte, seen, bool, error) {
	data, err := s.Get(ctx, w.Name)
	if err == nil && int64(len(data)) > w.Most {
		data, err = nil, tooLarge(w.Most)
	}
	return data, seen{}, false, err
}

// web is a store behind a web server.
type web struct {
	client *http.Client
	base   *url.URL
}

// statusError is an answer that is not the file.
type statusError struct {
	code int
	// after is the server's wish, "" for none.
	after string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("the server answers %d %s", e.code, http.StatusText(e.code))
}

func (s *web) get(ctx context.Context, w verify.Want, before seen) ([]byte, seen, bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.address(w), nil)
	if err != nil {
		return nil, seen{}, false, err
	}
	req.Header.Set("User-Agent", "relctl-update")
	if before.ETag != "" {
		req.Header.Set("If-None-Match", before.ETag)
	} else if before.Modified != "" {
		req.Header.Set("If-Modified-Since", before.Modified)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, seen{}, false, withoutAddress(err)
	}
	defer func() { _ = resp.Body.Close() }()
	switch {
	case resp.StatusCode == http.StatusNotModified && before != seen{}:
		return nil, before, true, nil
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone:
		return nil, seen{}, false, nil
	case resp.StatusCode != http.StatusOK:
		return nil, seen{}, false, &statusError{resp.StatusCode, resp.Header.Get("Retry-After")}
	}
	data, err := limited(resp.Body, w.Most)
	return data, said(resp.Header), false, err
}

// said is what to ask with the next time. A time of change counts only if it was a minute ago, since a second change may
// have the same (RFC 9110, 8.8.2.2).
func said(h http.Header) seen {
	s := seen{ETag: tag(h.Get("ETag"))}
	changed, err := http.ParseTime(h.Get("Last-Modified"))
	date, derr := http.ParseTime(h.Get("Date"))
	if err == nil && derr == nil && date.Sub(changed) >= time.Minute {
		s.Modified = h.Get("Last-Modified")
	}
	return s
}

// address is where a file lies. A standing keeps its name when it changes: its digest makes each one an address of its
// own for the caches on the way, and servers of files pass it over.
func (s *web) address(w verify.Want) string {
	u := s.base.JoinPath(w.Name)
	if w.SHA256 != "" && !startsWithDigit(filepath.Base(w.Name)) {
		q := u.Query()
		q.Set("sha256", w.SHA256)
		u.RawQuery = q.Encode()
	}
	return u.String()
}

// startsWithDigit tells files whose name has a version, and which therefore never change.
func startsWithDigit(name string) bool { return name[0] >= '0' && name[0] <= '9' }

// withoutAddress drops the address, which may hold a password.
func withoutAddress(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// tag is what a server said, "" if it is not worth keeping.
func tag(s string) string {
	if len(s) > maxTag || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return s
}

// errTooLarge is a file beyond its bound.
var errTooLarge = errors.New("it is larger than it may be")

func tooLarge(most int64) error { return fmt.Errorf("%w: more than %d bytes", errTooLarge, most) }

func limited(r io.Reader, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(data)) > most {
		err = tooLarge(most)
	}
	return data, err
}
