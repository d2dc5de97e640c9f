package update_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/update"
)

const line = "lts-2.4"

// put brings files of trust, by their names below trust/, into a store, the timestamp last.
func put(t testing.TB, store publish.Store, files map[string][]byte) {
	t.Helper()
	var named []publish.Named
	for name, data := range files {
		if !strings.HasPrefix(name, release.StandingDir) {
			name = release.TrustDir + name
		}
		named = append(named, publish.Named{Name: name, Data: data})
	}
	slices.SortFunc(named, func(a, b publish.Named) int {
		last := func(n string) int { return strings.Count(n, "timestamp.json") }
		if d := last(a.Name) - last(b.Name); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	if err := store.Put(t.Context(), named); err != nil {
		t.Fatal(err)
	}
}

// publishAll brings all that a vendor has signed into a store.
func publishAll(t testing.TB, store publish.Store, v *trusttest.Vendor) {
	t.Helper()
	var names []string
	for _, c := range v.Channels {
		names = append(names, c.Name)
	}
	put(t, store, v.Files(names...))
}

// shop is a store in a folder behind a web server that counts what it is asked for.
type shop struct {
	dir      string
	server   *httptest.Server
	requests atomic.Int64
	// before may answer in the server's place.
	before func(w http.ResponseWriter, r *http.Request) bool
}

func newShop(t testing.TB, v *trusttest.Vendor) *shop {
	t.Helper()
	s := &shop{dir: t.TempDir()}
	publishAll(t, publish.Directory{Root: s.dir}, v)
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

// ServeHTTP serves the folder with entity tags, as web servers and buckets do.
func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	if s.before != nil && s.before(w, r) {
		return
	}
	if data, err := os.ReadFile(filepath.Join(s.dir, filepath.FromSlash(path.Clean("/"+r.URL.Path)))); err == nil {
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(data)))
	}
	http.FileServerFS(os.DirFS(s.dir)).ServeHTTP(w, r)
}

// acme is the configuration of a program of trusttest's vendor, a day after its start.
func acme(t testing.TB, v *trusttest.Vendor, from ...string) update.Config {
	t.Helper()
	return update.Config{
		Product: "acme", Channel: line, Root: v.Roots[0], Dir: filepath.Join(t.TempDir(), "update"), From: from,
		Now: func() time.Time { return trusttest.Start.Add(24 * time.Hour) },
	}
}

func client(t testing.TB, c update.Config) *update.Client {
	t.Helper()
	out, err := update.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func version(s string) release.Version {
	if s == "" {
		return release.Version{}
	}
	return release.MustVersion(s)
}

// ask answers, and fails the test if nothing is known.
func ask(t testing.TB, c *update.Client, installed string) *update.Answer {
	t.Helper()
	a, err := c.CheckNow(t.Context(), version(installed))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func steps(a *update.Answer) string {
	var out []string
	for _, s := range a.Steps {
		out = append(out, s.Version.String())
	}
	return strings.Join(out, " ")
}
