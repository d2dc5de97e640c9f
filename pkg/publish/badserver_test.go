package publish_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
)

// disturber stands before a real server. What it does to requests is changed while it runs.
type disturber struct {
	mu    sync.Mutex
	fault func(w http.ResponseWriter, r *http.Request, real http.Handler)
	// every is how many requests pass until one is disturbed; 1 disturbs all.
	every, seen int
	// sent are the bytes that came in with requests.
	sent int64
}

func (d *disturber) before(real http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		d.seen++
		fault := d.fault
		if fault != nil && d.seen%d.every != 0 {
			fault = nil
		}
		d.mu.Unlock()
		r.Body = &counted{r.Body, d}
		if fault == nil {
			real.ServeHTTP(w, r)
			return
		}
		fault(w, r, real)
	})
}

// set changes what is done, to one of every so many requests, and counts anew.
func (d *disturber) set(fault func(http.ResponseWriter, *http.Request, http.Handler), every int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault, d.every, d.seen, d.sent = fault, every, 0, 0
}

func (d *disturber) counts() (requests int, sent int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.seen, d.sent
}

type counted struct {
	io.ReadCloser
	d *disturber
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	c.d.sent += int64(n)
	return n, err
}

type faultFunc = func(w http.ResponseWriter, r *http.Request, real http.Handler)

func answer(code int) faultFunc {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { w.WriteHeader(code) }
}

// readOnly lets nothing but reading through.
func readOnly(w http.ResponseWriter, r *http.Request, real http.Handler) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	real.ServeHTTP(w, r)
}

func drop(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) }

// dropAfter does what was asked and loses the answer.
func dropAfter(_ http.ResponseWriter, r *http.Request, real http.Handler) {
	real.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// altered passes an answer on after change has been at it. It says the length that the answer had.
func altered(change func(h http.Header, body []byte) []byte) faultFunc {
	return func(w http.ResponseWriter, r *http.Request, real http.Handler) {
		rec := httptest.NewRecorder()
		real.ServeHTTP(rec, r)
		body := rec.Body.Bytes()
		if r.Method == http.MethodGet {
			rec.Header().Set("Content-Length", strconv.Itoa(len(body)))
		}
		body = change(rec.Header(), body)
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		_, _ = w.Write(body)
	}
}

// truncate breaks off in the middle of an answer.
var truncate = altered(func(_ http.Header, body []byte) []byte { return body[:len(body)/2] })

// flip changes one bit of each answer.
var flip = altered(func(_ http.Header, body []byte) []byte {
	body = bytes.Clone(body)
	if len(body) > 0 {
		body[len(body)/2] ^= 1
	}
	return body
})

// lie tells another digest than that of what there is.
var lie = altered(func(h http.Header, body []byte) []byte {
	for _, name := range []string{"Docker-Content-Digest", "X-Amz-Meta-Relctl-Sha256", "Etag"} {
		if h.Get(name) != "" {
			h.Set(name, strings.Map(func(r rune) rune {
				if r == '1' {
					return '2'
				}
				return r
			}, h.Get(name)))
		}
	}
	return body
})

// stand takes a request and never answers.
func stand(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() }

// faults are what servers do wrong. A passing one may be over at the next attempt.
var faults = []struct {
	name    string
	f       faultFunc
	passing bool
	// hint is a part of what is to be done about it.
	hint string
}{
	{"refuses the credentials", answer(403), false, "look at the credentials"},
	{"limits the rate", answer(429), true, "run the same command again later"},
	{"breaks down", answer(500), true, "run the same command again later"},
	{"is away", answer(503), true, "run the same command again later"},
	{"drops the connection", drop, true, "run the same command again"},
	{"loses the answer", dropAfter, true, "run the same command again"},
	{"truncates the answer", truncate, true, "run the same command again"},
	{"alters the answer", flip, true, ""},
	{"lies about digests", lie, true, ""},
	{"stands still", stand, true, "run the same command again"},
}

// variant is a release of its own: version and plan are others in each.
func variant(t *testing.T, n int) publish.Set {
	t.Helper()
	s := sample(t)
	m := *s.Manifest
	m.Version = release.MustVersion(fmt.Sprintf("2.4.%d", n))
	s.Plan = fmt.Sprintf("sha256:%x", sha256.Sum256([]byte{byte(n), byte(n >> 8)}))
	m.Plan = s.Plan
	raw, err := release.Encode(&m)
	if err != nil {
		t.Fatal(err)
	}
	s.Manifest, s.Raw = &m, raw
	return s
}

// operations are all that a store does: what must be there before, and the step itself, which returns an error if it
// gives anything but what it should.
var operations = []struct {
	name   string
	before []func(context.Context, publish.Store, publish.Set, string) error
	do     func(context.Context, publish.Store, publish.Set, string) error
	// after is whether the release is visible after it.
	visible bool
}{
	{"stage", nil, stageIt, false},
	{"staged", []step{stageIt}, stagedIs, false},
	{"open", []step{stageIt}, openIs, false},
	{"reveal", []step{stageIt}, revealIt, true},
	{"discard", []step{stageIt}, func(ctx context.Context, s publish.Store, set publish.Set, _ string) error {
		return s.Discard(ctx, set.Plan)
	}, false},
	{"released", []step{stageIt, revealIt}, releasedIs, true},
	{"open released", []step{stageIt, revealIt}, openReleasedIs, true},
	{"signatures", []step{stageIt, revealIt}, signaturesAre, true},
	{"put bundle", []step{stageIt, revealIt}, func(ctx context.Context, s publish.Store, set publish.Set, bundle string) error {
		return s.PutBundle(ctx, set.Manifest.Channel, set.Manifest.Version, bundle)
	}, true},
	{"put", nil, putIt, false},
	{"get", []step{putIt}, getIs, false},
}

type step = func(context.Context, publish.Store, publish.Set, string) error

func stageIt(ctx context.Context, s publish.Store, set publish.Set, _ string) error {
	return s.Stage(ctx, set)
}

func revealIt(ctx context.Context, s publish.Store, set publish.Set, bundle string) error {
	return s.Reveal(ctx, set.Plan, set.Manifest, bundle)
}

// wrongError is an operation that gave something wrong, without an error.
type wrongError struct{ what string }

func (e *wrongError) Error() string { return "wrong: " + e.what }

func same(what string, got, want []byte, err error) error {
	if err == nil && !bytes.Equal(got, want) {
		return &wrongError{fmt.Sprintf("%s is %.60q, not %.60q", what, got, want)}
	}
	return err
}

func stagedIs(ctx context.Context, s publish.Store, set publish.Set, _ string) error {
	st, err := s.Staged(ctx, set.Plan)
	if err != nil {
		return err
	}
	if st == nil {
		return &wrongError{"nothing is staged"}
	}
	return errors.Join(same("release.json", st.Raw, set.Raw, nil), same("signature", st.Signatures["release.json.aa.sigstore.json"], []byte("sig-a"), nil))
}

func drain(f io.ReadCloser, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(f)
	return data, errors.Join(err, f.Close())
}

func openIs(ctx context.Context, s publish.Store, set publish.Set, _ string) error {
	data, err := drain(s.Open(ctx, set.Plan, "artifacts/acme"))
	return same("file", data, []byte("binary"), err)
}

func releasedIs(ctx context.Context, s publish.Store, set publish.Set, _ string) error {
	raw, err := s.Released(ctx, set.Manifest.Channel, set.Manifest.Version)
	return same("release.json", raw, set.Raw, err)
}

func openReleasedIs(ctx context.Context, s publish.Store, set publish.Set, _ string) error {
	data, err := drain(s.OpenReleased(ctx, set.Manifest.Channel, set.Manifest.Version, "artifacts/acme"))
	return same("file", data, []byte("binary"), err)
}

func signaturesAre(ctx context.Context, s publish.Store, set publish.Set, _ string) error {
	all, err := s.Signatures(ctx, set.Manifest.Channel, set.Manifest.Version)
	return same("signature", all["release.json.aa.sigstore.json"], []byte("sig-a"), err)
}

func putIt(ctx context.Context, s publish.Store, set publish.Set, _ string) error {
	return s.Put(ctx, []publish.Named{{Name: "trust/" + set.Manifest.Version.String() + ".json", Data: set.Raw}})
}

func getIs(ctx context.Context, s publish.Store, set publish.Set, _ string) error {
	data, err := s.Get(ctx, "trust/"+set.Manifest.Version.String()+".json")
	return same("trust", data, set.Raw, err)
}

// bear sets how a store bears with failures.
func bear(s publish.Store, r publish.Retry) publish.Store {
	switch s := s.(type) {
	case *publish.Bucket:
		s.Retry = r
	case *publish.Repository:
		s.Retry = r
	}
	return s
}

func TestWhateverAServerDoesNothingWrongIsTakenAndARerunFinishes(t *testing.T) {
	t.Parallel()
	d := map[string]*disturber{"registry": {}, "bucket": {}}
	for kind, d := range d {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			open := remoteStore(t, kind, d.before)
			n := 0
			for _, op := range operations {
				for _, fault := range faults {
					n++
					set, bundle := variant(t, n), bundleFile(t, "bundle")
					name := op.name + ", the server " + fault.name
					for _, step := range op.before {
						if err := step(t.Context(), open(), set, bundle); err != nil {
							t.Fatalf("%s: prepare: %v", name, err)
						}
					}
					retry := quick
					retry.Attempts = 2
					if fault.name == "stands still" {
						retry.Stall = 20 * time.Millisecond
					}
					d.set(fault.f, 1)
					err := op.do(t.Context(), bear(open(), retry), set, bundle)
					requests, _ := d.counts()
					d.set(nil, 1)
					var wrong *wrongError
					var remote *publish.RemoteError
					switch {
					case errors.As(err, &wrong):
						t.Errorf("%s: %v", name, err)
					case err == nil && fault.hint != "" && fault.name != "truncates the answer": // an empty one has nothing to lose
						t.Errorf("%s: it succeeded", name)
					case err != nil && !errors.As(err, &remote) && !errors.As(err, new(*publish.CorruptError)) && !errors.As(err, new(*publish.TagError)):
						t.Errorf("%s: it does not say which server, and what to do: %v", name, err)
					case remote != nil && (!strings.Contains(err.Error(), open().String()[:6]) || !strings.Contains(remote.Hint(), fault.hint)):
						t.Errorf("%s: %v\n%s", name, err, remote.Hint())
					case remote != nil && (remote.Tries > retry.Attempts || !fault.passing && remote.Tries != 1):
						t.Errorf("%s: tried %d times", name, remote.Tries)
					case requests > 150:
						t.Errorf("%s: %d requests", name, requests)
					}
					if !op.visible && isShown(t, open(), set, "") {
						t.Errorf("%s: it is visible", name)
					}
					if op.name == "discard" && err == nil {
						continue
					}
					if err := op.do(t.Context(), open(), set, bundle); err != nil {
						t.Errorf("%s: again, undisturbed: %v", name, err)
					}
					if op.visible && !isShown(t, open(), set, bundle) {
						t.Errorf("%s: it is not visible", name)
					}
				}
			}
		})
	}
}

func TestFailuresThatPassAreBorneWithoutARerun(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"registry", "bucket"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			d := &disturber{}
			open := remoteStore(t, kind, d.before)
			n := 0
			for _, fault := range faults {
				if !fault.passing || fault.name == "stands still" || fault.name == "lies about digests" || fault.name == "alters the answer" {
					continue
				}
				n++
				set, bundle := variant(t, n), bundleFile(t, "bundle")
				d.set(fault.f, 17) // more than any attempt makes, so that no attempt always meets it
				retry := quick
				retry.Attempts = 12
				for _, step := range []step{stageIt, stagedIs, openIs, revealIt, releasedIs, openReleasedIs, signaturesAre, putIt, getIs} {
					if err := step(t.Context(), bear(open(), retry), set, bundle); err != nil {
						t.Errorf("now and then the server %s: %v", fault.name, err)
					}
				}
				d.set(nil, 1)
				if !isShown(t, open(), set, bundle) {
					t.Errorf("the server %s: it is not visible", fault.name)
				}
			}
		})
	}
}

// late returns a fault that denies each object to the first who reads it after it was written.
func late() faultFunc {
	var mu sync.Mutex
	written, denials := map[string]bool{}, map[string]int{}
	return func(w http.ResponseWriter, r *http.Request, real http.Handler) {
		mu.Lock()
		denied := r.Method != http.MethodPut && written[r.URL.Path] && denials[r.URL.Path] == 0
		if denied {
			denials[r.URL.Path]++
		}
		written[r.URL.Path] = written[r.URL.Path] || r.Method == http.MethodPut
		mu.Unlock()
		if denied {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		real.ServeHTTP(w, r)
	}
}

func TestAServerThatTellsLateOfWhatItTookIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"registry", "bucket"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			d := &disturber{}
			open := remoteStore(t, kind, d.before)
			set, bundle := variant(t, 1), bundleFile(t, "bundle")
			for _, step := range []step{stageIt, revealIt} {
				d.set(late(), 1)
				if err := step(t.Context(), open(), set, bundle); err != nil {
					t.Error(err)
				}
			}
			d.set(nil, 1)
			if !isShown(t, open(), set, bundle) {
				t.Error("it is not visible")
			}
		})
	}
}

func TestWhatWasSentBeforeADeathIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"registry", "bucket"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			d := &disturber{}
			open := remoteStore(t, kind, d.before)
			const part = 5 << 20
			large := strings.Repeat("0123456789abcdef", (2*part+part/2)/16)
			s := set(t, map[string]string{"artifacts/large": large, "artifacts/a": strings.Repeat("a", 1<<20), "artifacts/b": strings.Repeat("b", 1<<20), "SHA256SUMS": "x"})
			// All but the end of it arrives: the manifest, or the last part of the large file.
			died := func(w http.ResponseWriter, r *http.Request, real http.Handler) {
				last := r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") || r.URL.Query().Get("partNumber") == "3"
				if last {
					w.WriteHeader(http.StatusForbidden)
					return
				}
				real.ServeHTTP(w, r)
			}
			d.set(died, 1)
			if err := open().Stage(t.Context(), s); err == nil {
				t.Fatal("it was staged")
			}
			_, before := d.counts()
			d.set(nil, 1)
			if err := open().Stage(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			_, after := d.counts()
			if before < 2*part || after > part {
				t.Errorf("first run sent %d bytes, second %d, of %d", before, after, len(large))
			}
			if err := open().Reveal(t.Context(), s.Plan, s.Manifest, ""); err != nil {
				t.Fatal(err)
			}
			if !isShown(t, open(), s, "") {
				t.Error("it is not visible")
			}
		})
	}
}

func TestPublishingThatDiedAfterAnyRequestShowsNothingHalfAndIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"registry", "bucket"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			d := &disturber{}
			open := remoteStore(t, kind, d.before)
			all := func(s publish.Store, set publish.Set, bundle string) error {
				if err := s.Stage(t.Context(), set); err != nil {
					return err
				}
				return s.Reveal(t.Context(), set.Plan, set.Manifest, bundle)
			}
			for n := 1; ; n++ {
				set, bundle := variant(t, n), bundleFile(t, "bundle")
				left := n
				var mu sync.Mutex
				d.set(func(w http.ResponseWriter, r *http.Request, real http.Handler) {
					mu.Lock()
					left--
					dead := left < 0
					mu.Unlock()
					if dead {
						w.WriteHeader(http.StatusForbidden)
						return
					}
					real.ServeHTTP(w, r)
				}, 1)
				err := all(open(), set, bundle)
				d.set(nil, 1)
				if err == nil {
					if n < 20 {
						t.Errorf("it took %d requests", n)
					}
					return
				}
				isShown(t, open(), set, "") // all of it, or nothing
				if err := all(open(), set, bundle); err != nil {
					t.Fatalf("after %d requests: %v", n, err)
				}
				if !isShown(t, open(), set, bundle) {
					t.Fatalf("after %d requests it is not visible", n)
				}
			}
		})
	}
}
