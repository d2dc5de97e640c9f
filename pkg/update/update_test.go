package update_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/update"
	"github.com/relctl/relctl/pkg/upgrade"
	"github.com/relctl/relctl/pkg/verify"
)

// What a program is told, for what the vendor has signed.
func TestAnAnswerSaysWhatTheVendorHasSigned(t *testing.T) {
	t.Parallel()
	withdraw := func(v *trusttest.Vendor, number string) {
		c := v.Channel(line)
		c.Standing.Withdrawn = append(c.Standing.Withdrawn, release.Withdrawal{Version: version(number), Time: v.Now, Reason: "it loses data"})
	}
	for _, c := range []struct {
		name      string
		change    func(*trusttest.Vendor)
		configure func(*update.Config)
		installed string
		steps     string
		codes     []string
	}{
		{name: "something newer", installed: "2.4.5", steps: "2.4.7"},
		{name: "nothing newer", installed: "2.4.7"},
		{name: "nothing installed yet", steps: "2.4.7"},
		{name: "what is installed is withdrawn", installed: "2.4.6", steps: "2.4.7", codes: []string{verify.CodeWithdrawn}, change: func(v *trusttest.Vendor) { withdraw(v, "2.4.6") }},
		{name: "the newest is withdrawn", installed: "2.4.6", change: func(v *trusttest.Vendor) { withdraw(v, "2.4.7") }},
		{name: "the newest is installed and withdrawn", installed: "2.4.7", codes: []string{verify.CodeWithdrawn}, change: func(v *trusttest.Vendor) { withdraw(v, "2.4.7") }},
		{name: "what is installed lies below the floor", installed: "2.4.5", steps: "2.4.7", codes: []string{verify.CodeFloor}, change: func(v *trusttest.Vendor) {
			v.Channel(line).Standing.Floor = &release.Floor{Version: version("2.4.6"), Reason: "a hole"}
		}},
		{name: "the line has ended", installed: "2.4.5", steps: "2.4.7", codes: []string{verify.CodeEnded}, change: func(v *trusttest.Vendor) {
			v.Channel(line).Standing.Ended = &release.Ending{Time: v.Now, Reason: "2.6 follows", Successor: "lts-2.6"}
		}},
		{name: "the support has ended", installed: "2.4.7", codes: []string{verify.CodeEnded}, change: func(v *trusttest.Vendor) { v.Channel(line).Standing.Support.EOL = "2026-05-01" }},
		{name: "a stop on the way", installed: "2.4.5", steps: "2.4.6 2.4.7", change: func(v *trusttest.Vendor) {
			v.Channel(line).Standing.Upgrade.Stops = []release.Stop{{Version: version("2.4.6"), Reason: "it writes the data anew"}}
		}},
		{name: "no way from another line", installed: "2.2.9", codes: []string{upgrade.CodeNoWay}},
		{
			name: "a way over another line", installed: "2.2.0", steps: "2.2.9 2.4.7",
			change: func(v *trusttest.Vendor) {
				v.AddChannel("lts-2.2", "2.2")
				v.Release("lts-2.2", "2.2.9")
				v.Channel(line).Standing.Upgrade.From = ">=2.2.9"
			},
			configure: func(c *update.Config) { c.Also = []string{"lts-2.2"} },
		},
		{name: "news older than is asked for", installed: "2.4.7", codes: []string{verify.CodeStale}, configure: func(c *update.Config) { c.MaxAge = time.Hour }},
		{name: "metadata that expired", installed: "2.4.7", codes: []string{verify.CodeExpired, verify.CodeExpired, verify.CodeExpired, verify.CodeExpired}, configure: func(c *update.Config) {
			c.Now = func() time.Time { return trusttest.Start.Add(500 * 24 * time.Hour) }
		}},
		{name: "a clock that is behind", installed: "2.4.7", codes: []string{verify.CodeClockBehind}, configure: func(c *update.Config) {
			c.Now = func() time.Time { return trusttest.Start.Add(-48 * time.Hour) }
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := trusttest.Acme()
			if c.change != nil {
				c.change(v)
				v.Channel(line).Touch()
				v.Publish()
			}
			config := acme(t, v, newShop(t, v).server.URL)
			if c.configure != nil {
				c.configure(&config)
			}
			a := ask(t, client(t, config), c.installed)
			if a.Problem != nil {
				t.Fatal(a.Problem)
			}
			if got := steps(a); got != c.steps {
				t.Errorf("steps %q, want %q", got, c.steps)
			}
			var codes []string
			for _, n := range a.Notices {
				codes = append(codes, n.Code)
			}
			if strings.Join(codes, " ") != strings.Join(c.codes, " ") {
				t.Errorf("notices %+v, want the codes %v", a.Notices, c.codes)
			}
			if !a.AsOf.Equal(trusttest.Start) || a.Newest == nil || a.Newest.Version != version("2.4.7") {
				t.Errorf("as of %s, newest %v", a.AsOf, a.Newest)
			}
		})
	}
}

func TestAFolderAnswersAsAServerDoes(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	s := newShop(t, v)
	a := ask(t, client(t, acme(t, v, s.dir)), "2.4.5")
	if a.Problem != nil || steps(a) != "2.4.7" || a.Source != s.dir {
		t.Errorf("%+v", a)
	}
}

func TestARegistryAnswersAsAServerDoes(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	at := "oci://" + strings.TrimPrefix(server.URL, "http://") + "/acme/releases"
	store, err := publish.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	publishAll(t, store, v)
	config := acme(t, v, at)
	config.Open = func(at string) (update.Store, error) { return publish.Parse(at) }
	if a := ask(t, client(t, config), "2.4.5"); a.Problem != nil || steps(a) != "2.4.7" || a.Source != at {
		t.Errorf("%+v", a)
	}
	config.From = []string{"s3://A"}
	var no *update.ConfigError
	if _, err := update.New(config); !errors.As(err, &no) || !strings.Contains(err.Error(), "bucket") || no.Hint() == "" {
		t.Errorf("an address that cannot be: %v", err)
	}
}

// endless is a store whose files are larger than any may be.
type endless struct{}

func (endless) Get(context.Context, string) ([]byte, error) { return make([]byte, 64<<20), nil }

func TestAStoreThatGivesTooMuchIsNotBelieved(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	config := acme(t, v, "test://acme")
	config.Open = func(string) (update.Store, error) { return endless{}, nil }
	if _, err := client(t, config).Check(t.Context(), version("2.4.5")); err == nil || !strings.Contains(err.Error(), "larger than it may be") {
		t.Errorf("error is %v", err)
	}
}

func TestAnUnknownChannelIsAnError(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	config := acme(t, v, newShop(t, v).server.URL)
	config.Channel = "lts-9.9"
	if _, err := client(t, config).Check(t.Context(), version("9.9.1")); err == nil || !strings.Contains(err.Error(), "lts-9.9") {
		t.Errorf("%v", err)
	}
}

func TestWithoutANetworkTheLastAnswerStands(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	s := newShop(t, v)
	config := acme(t, v, s.server.URL)
	ask(t, client(t, config), "2.4.5")
	s.before = func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusForbidden)
		return true
	}
	now := config.Now().Add(30 * 24 * time.Hour)
	config.Now = func() time.Time { return now }
	var waits []time.Duration
	for range 12 {
		a := ask(t, client(t, config), "2.4.5")
		var no *update.SourceError
		if !errors.As(a.Problem, &no) || no.Tries != 1 || no.Hint() == "" {
			t.Fatalf("%v", a.Problem)
		}
		if steps(a) != "2.4.7" || a.Age(now) != 30*24*time.Hour {
			t.Fatalf("steps %q, age %s", steps(a), a.Age(now))
		}
		waits = append(waits, a.Next.Sub(now))
	}
	for i, wait := range waits {
		base := min(5*time.Minute<<i, 24*time.Hour)
		if wait < base*3/4-time.Second || wait > base*5/4 {
			t.Errorf("after failure %d the wait is %s, want %s by a quarter", i+1, wait, base)
		}
	}
}

func TestNothingWasEverKnownIsAnError(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	c := client(t, acme(t, v, filepath.Join(t.TempDir(), "none")))
	if _, err := c.Kept(version("2.4.5")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("kept: %v", err)
	}
	var no *verify.Refusal
	if _, err := c.Check(t.Context(), version("2.4.5")); !errors.As(err, &no) || no.Code != verify.CodeTrustMissing {
		t.Errorf("checked: %v", err)
	}
}

func TestCheckAsksOnlyWhenItIsTime(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	s := newShop(t, v)
	config := acme(t, v, s.server.URL)
	now := config.Now()
	config.Now = func() time.Time { return now }
	c := client(t, config)
	var next time.Time
	for _, step := range []struct {
		name string
		at   func() time.Time
		asks bool
	}{
		{"the first time", func() time.Time { return now }, true},
		{"at once again", func() time.Time { return now }, false},
		{"just before it is time", func() time.Time { return next.Add(-time.Second) }, false},
		{"when it is time", func() time.Time { return next }, true},
		{"when the clock was set back by a year", func() time.Time { return next.Add(-365 * 24 * time.Hour) }, true},
	} {
		now = step.at()
		s.requests.Store(0)
		a, err := c.Check(t.Context(), version("2.4.5"))
		if err != nil || a.Problem != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if asked := s.requests.Load() > 0; asked != step.asks {
			t.Errorf("%s: asked is %t", step.name, asked)
		}
		next = a.Next
	}
}

// A mirror that is behind takes nothing back, and the next place is asked.
func TestAMirrorThatIsBehindIsPassedOver(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	mirror := newShop(t, v)
	v.Now = v.Now.Add(12 * time.Hour)
	v.Rotate("timestamp", trusttest.NewKey("acme timestamp 2"))
	v.Release(line, "2.4.8")
	origin := newShop(t, v)
	config := acme(t, v, mirror.server.URL, origin.server.URL)
	if a := ask(t, client(t, config), "2.4.7"); steps(a) != "" || a.Source != mirror.server.URL {
		t.Errorf("a mirror alone: %+v", a)
	}
	config.From = []string{origin.server.URL}
	if a := ask(t, client(t, config), "2.4.7"); steps(a) != "2.4.8" {
		t.Fatalf("%+v", a)
	}
	config.From = []string{mirror.server.URL}
	a := ask(t, client(t, config), "2.4.7")
	var older *update.OlderError
	if steps(a) != "2.4.8" || !errors.As(a.Problem, &older) {
		t.Errorf("the mirror took something back: %+v", a)
	}
	config.From = []string{mirror.server.URL, origin.server.URL}
	if a := ask(t, client(t, config), "2.4.7"); a.Problem != nil || a.Source != origin.server.URL {
		t.Errorf("%+v", a)
	}
}

// The deceits of a hostile server, each against its good twin.
func TestNoDeceitIsBelieved(t *testing.T) {
	t.Parallel()
	met := 0
	for _, c := range trusttest.Cases() {
		files := trustOf(t, c.Bad)
		site, err := verify.InitSite(filepath.Join(t.TempDir(), "site"), verify.NewSite{Root: c.Root, Product: "acme", Channel: line}, func() time.Time { return c.Now })
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range c.Before {
			_, _ = site.Take(trustOf(t, b), verify.Options{})
		}
		_, refused := site.Take(files, verify.Options{DryRun: true})
		site.Close()
		if refused == nil {
			continue // the deceit is in the release, not in the trust
		}
		met++
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			config := update.Config{
				Product: "acme", Channel: line, Root: c.Root, Dir: filepath.Join(t.TempDir(), "update"), From: []string{t.TempDir()},
				Now: func() time.Time { return c.Now },
			}
			offer := func(files map[string][]byte) (*update.Answer, error) {
				dir := t.TempDir()
				if len(files) > 0 {
					put(t, publish.Directory{Root: dir}, files)
				}
				config.From = []string{dir}
				return client(t, config).CheckNow(t.Context(), version("2.4.5"))
			}
			for _, b := range c.Before {
				_, _ = offer(trustOf(t, b))
			}
			before, _ := client(t, config).Kept(version("2.4.5"))
			a, err := offer(files)
			if a != nil {
				err = a.Problem
			}
			var no *verify.Refusal
			var cut *update.SourceError // of a file that is larger than it may be
			if !errors.As(err, &no) && !errors.As(err, &cut) {
				t.Fatalf("believed: %+v, %v", a, err)
			}
			if after, _ := client(t, config).Kept(version("2.4.5")); before != nil && (after == nil || steps(after) != steps(before) || !after.AsOf.Equal(before.AsOf)) {
				t.Errorf("what was known has changed from %+v to %+v", before, after)
			}
		})
	}
	if met < 40 {
		t.Errorf("only %d deceits in trust", met)
	}
}

// trustOf returns the files below trust/ of a bundle or a trust update, nil if it has none that can be read.
func trustOf(t *testing.T, data []byte) verify.Files {
	t.Helper()
	if !trusttest.IsBundle(data) {
		files, err := bundle.ReadTrust(bytes.NewReader(data))
		if err != nil {
			return nil
		}
		return files
	}
	a, err := bundle.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil
	}
	files, err := a.TrustFiles()
	if err != nil {
		return nil
	}
	return files
}

func TestAProgramOfAnotherVendorIsRefusedTheFolder(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	config := acme(t, v, newShop(t, v).server.URL)
	ask(t, client(t, config), "2.4.5")
	other := config
	other.Root = trusttest.New("evil").Roots[0]
	var no *verify.Refusal
	if _, err := client(t, other).Check(t.Context(), version("2.4.5")); !errors.As(err, &no) || no.Code != verify.CodeRootOther {
		t.Errorf("another root: %v", err)
	}
	other = config
	other.Product = "other"
	var wrong *update.ConfigError
	if _, err := client(t, other).Check(t.Context(), version("2.4.5")); !errors.As(err, &wrong) {
		t.Errorf("another product: %v", err)
	}
}

// A newer program carries a newer root, which the folder's own chain must lead to.
func TestANewerProgramGoesOnWithTheFolder(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	s := newShop(t, v)
	config := acme(t, v, s.server.URL)
	ask(t, client(t, config), "2.4.5")
	v.Rotate("timestamp", trusttest.NewKey("acme timestamp 2"))
	v.Rotate("snapshot", trusttest.NewKey("acme snapshot 2"))
	v.Release(line, "2.4.8")
	publishAll(t, publish.Directory{Root: s.dir}, v)
	config.Root = v.Roots[2]
	if a := ask(t, client(t, config), "2.4.7"); a.Problem != nil || steps(a) != "2.4.8" {
		t.Errorf("%+v", a)
	}
	forged := trusttest.New("acme")
	forged.Rotate("timestamp", trusttest.NewKey("thief"))
	forged.Rotate("timestamp", trusttest.NewKey("thief 2"))
	config.Root = forged.Roots[2]
	if _, err := client(t, config).Check(t.Context(), version("2.4.7")); err == nil {
		t.Error("another third root was taken")
	}
}

func TestAStateThatWasLostIsLearnedAnew(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	config := acme(t, v, newShop(t, v).server.URL)
	for _, c := range []struct {
		name  string
		spoil func(dir string) error
	}{
		{"the state", func(dir string) error { return os.Remove(filepath.Join(dir, "state.json")) }},
		{"what servers said", func(dir string) error { return os.Remove(filepath.Join(dir, "update.json")) }},
		{"what servers said, damaged", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "update.json"), []byte(`{"schema":`), 0o600)
		}},
		{"all", os.RemoveAll},
	} {
		ask(t, client(t, config), "2.4.5")
		if err := c.spoil(config.Dir); err != nil {
			t.Fatal(err)
		}
		if a := ask(t, client(t, config), "2.4.5"); a.Problem != nil || steps(a) != "2.4.7" {
			t.Errorf("%s: %+v", c.name, a)
		}
	}
}

func TestManyProgramsShareAFolder(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	config := acme(t, v, newShop(t, v).server.URL)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 3 {
				c, err := update.New(config)
				if err != nil {
					t.Error(err)
					return
				}
				if a, err := c.CheckNow(t.Context(), version("2.4.5")); err != nil || a.Problem != nil || steps(a) != "2.4.7" {
					t.Errorf("%+v, %v", a, err)
				}
			}
		})
	}
	wg.Wait()
}

// inside answers requests without a connection, so that time can stand still.
type inside struct{ http.Handler }

func (h inside) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec.Result(), r.Context().Err()
}

func TestAServerThatFailsForAWhileIsAskedAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		status int
		after  string
		// fails is how many requests in a row.
		fails    int64
		requests int64
		good     bool
		// waits is the least and the most that the call takes.
		least, most time.Duration
		// next is the least time to the next check.
		next time.Duration
	}{
		{name: "twice 503", status: 503, fails: 2, requests: 8, good: true, least: time.Second, most: 2 * time.Second},
		{name: "429 for three seconds", status: 429, after: "3", fails: 1, requests: 7, good: true, least: 3 * time.Second, most: 3 * time.Second},
		{name: "429 for an hour", status: 429, after: "3600", fails: 1, requests: 1, next: time.Hour},
		{name: "503 without end", status: 503, fails: 1000, requests: 3, least: time.Second, most: 2 * time.Second},
		{name: "401", status: 401, fails: 1000, requests: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := trusttest.Acme()
			s := newShop(t, v)
			s.before = func(w http.ResponseWriter, _ *http.Request) bool {
				if s.requests.Load() > c.fails {
					return false
				}
				if c.after != "" {
					w.Header().Set("Retry-After", c.after)
				}
				w.WriteHeader(c.status)
				return true
			}
			config := acme(t, v, "http://updates.example.com/")
			config.HTTP = &http.Client{Transport: inside{s}}
			c2 := client(t, config)
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				a, err := c2.Check(t.Context(), version("2.4.5"))
				if took := time.Since(begin); took < c.least || took > c.most {
					t.Errorf("took %s", took)
				}
				if good := err == nil && a.Problem == nil; good != c.good || s.requests.Load() != c.requests {
					t.Errorf("good is %t (%v) after %d requests", good, err, s.requests.Load())
				}
				s.requests.Store(0)
				if c.next > 0 {
					if _, err := c2.Check(t.Context(), version("2.4.5")); err == nil || s.requests.Load() != 0 {
						t.Errorf("asked before the server's hour was over: %v", err)
					}
				}
			})
		})
	}
}

func TestAnEndlessAnswerIsCutOff(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	var sent atomic.Int64
	s := newShop(t, v)
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "timestamp.json") {
			return false
		}
		for {
			n, err := w.Write(bytes.Repeat([]byte(" "), 32<<10))
			sent.Add(int64(n))
			if err != nil {
				return true
			}
		}
	}
	_, err := client(t, acme(t, v, s.server.URL)).Check(t.Context(), version("2.4.5"))
	if err == nil || !strings.Contains(err.Error(), "larger than it may be") {
		t.Errorf("%v", err)
	}
	s.server.Close() // waits for the server
	if sent.Load() > 64<<20 {
		t.Errorf("%d bytes were sent", sent.Load())
	}
}

// A server that shows root after root costs no more than a trust update may have.
func TestEndlessRootsAreCutOff(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	s := newShop(t, v)
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, ".root.json") {
			return false
		}
		_, _ = w.Write(bytes.Repeat([]byte(" "), 500<<10))
		return true
	}
	var no *verify.Refusal
	if _, err := client(t, acme(t, v, s.server.URL)).Check(t.Context(), version("2.4.5")); !errors.As(err, &no) || s.requests.Load() > 10 {
		t.Errorf("%v after %d requests", err, s.requests.Load())
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	s := newShop(t, v)
	ctx, cancel := context.WithCancel(t.Context())
	s.before = func(_ http.ResponseWriter, r *http.Request) bool {
		cancel()
		<-r.Context().Done() // the client has hung up
		return true
	}
	if _, err := client(t, acme(t, v, s.server.URL)).Check(ctx, version("2.4.5")); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// Test ends only when all goroutines that were started in it have.
func TestNoGoroutineOutlivesACall(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	s := newShop(t, v)
	config := acme(t, v, s.server.URL)
	synctest.Test(t, func(t *testing.T) {
		if a := ask(t, client(t, config), "2.4.5"); a.Problem != nil {
			t.Error(a.Problem)
		}
	})
}

func TestAddressesThatCannotBe(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	for _, at := range []string{"", "ftp://updates.example.com", "oci://registry.example.com/acme", "https:///acme", "https://user:secret@[::1"} {
		var no *update.ConfigError
		if _, err := update.New(acme(t, v, at)); !errors.As(err, &no) || no.Hint() == "" {
			t.Errorf("%q: %v", at, err)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%v tells the password", err)
		}
	}
}

func TestAnErrorTellsNoPassword(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	_ = l.Close() // nobody answers there
	config := acme(t, v, "http://user:secret@"+at+"/acme?token=secret")
	synctest.Test(t, func(t *testing.T) {
		if _, err := client(t, config).Check(t.Context(), version("2.4.5")); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
	})
}
