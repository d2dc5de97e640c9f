package update_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
)

// wire counts what a client sends and receives, headers and TLS and all.
type wire struct {
	net.Conn
	sent, received *atomic.Int64
}

func (w wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.received.Add(int64(n))
	return n, err
}

func (w wire) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	w.sent.Add(int64(n))
	return n, err
}

// decade is a vendor of ten years: 200 channels, 20 roots, 500 releases on the channel that is looked at, 20 of them
// withdrawn.
func decade(t testing.TB) *trusttest.Vendor {
	t.Helper()
	v := trusttest.New("acme")
	for i := range 200 {
		v.AddChannel(fmt.Sprintf("lts-2.%d", i), fmt.Sprintf("2.%d", i))
	}
	c := v.Channel(line)
	for i := range 499 {
		c.Releases = append(c.Releases, v.Make(c, fmt.Sprintf("2.4.%d", i)))
	}
	for i := range 20 {
		c.Standing.Withdrawn = append(c.Standing.Withdrawn, release.Withdrawal{Version: version(fmt.Sprintf("2.4.%d", i)), Time: v.Now, Reason: "it may lose data after a crash", Advisory: "ACME-2026-3"})
	}
	for range 19 {
		v.Rotate("timestamp", trusttest.NewKey("acme timestamp"))
	}
	v.Release(line, "2.4.499")
	return v
}

// What a check costs, in requests and in bytes on the wire, with a TLS handshake each time. The bound is a promise for a
// customer for whom nothing has changed; docs/scale.md is worked out from what this test prints.
func TestWhatACheckCosts(t *testing.T) {
	t.Parallel()
	v := decade(t)
	s := &shop{dir: t.TempDir()}
	issue := func() { put(t, publish.Directory{Root: s.dir}, v.Files(line, "lts-2.5")) } // of the others no file is asked for
	issue()
	s.server = httptest.NewTLSServer(s)
	defer s.server.Close()
	config := acme(t, v, s.server.URL)
	check := func(what string) (requests, bytes int64) {
		t.Helper()
		var sent, received atomic.Int64
		transport := &http.Transport{
			TLSClientConfig: s.server.Client().Transport.(*http.Transport).TLSClientConfig,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := (&net.Dialer{}).DialContext(ctx, network, address)
				return wire{c, &sent, &received}, err
			},
		}
		config.HTTP = &http.Client{Transport: transport}
		s.requests.Store(0)
		if a := ask(t, client(t, config), "2.4.499"); a.Problem != nil {
			t.Fatal(a.Problem)
		}
		transport.CloseIdleConnections()
		requests = s.requests.Load()
		t.Logf("%-44s %2d requests, %6d bytes sent, %6d received", what, requests, sent.Load(), received.Load())
		return requests, sent.Load() + received.Load()
	}
	small := func(what string) {
		t.Helper()
		if requests, bytes := check(what); requests > 2 || bytes > 50<<10 {
			t.Errorf("%s: %d requests, %d bytes", what, requests, bytes)
		}
	}
	check("the first check, from the first of 20 roots")
	small("nothing has changed")
	v.Now = v.Now.Add(12 * time.Hour)
	v.Refresh()
	issue()
	small("the timestamp was signed anew")
	v.Release("lts-2.5", "2.5.0")
	issue()
	check("another of 200 channels has a release")
	v.Release(line, "2.4.500")
	issue()
	check("this channel has a release")
	config.Dir, config.Root = config.Dir+"-2", v.Roots[len(v.Roots)-1]
	check("the first check, from the newest root")
}

// Publishing one more release, or one more channel, must not make the others' news grow: what a check of one channel
// reads grows at most with the number of channels, not with its square, nor with the number of releases.
func TestNewsDoNotGrowWithReleases(t *testing.T) {
	t.Parallel()
	size := func(channels, releases int) (bytes int) {
		v := trusttest.New("acme")
		for i := range channels {
			v.AddChannel(fmt.Sprintf("lts-2.%d", i), fmt.Sprintf("2.%d", i))
		}
		c := v.Channel("lts-2.0")
		for i := range releases - 1 {
			c.Releases = append(c.Releases, v.Make(c, fmt.Sprintf("2.0.%d", i)))
		}
		v.Release("lts-2.0", fmt.Sprintf("2.0.%d", releases))
		for _, data := range v.News("lts-2.0") {
			bytes += len(data)
		}
		return bytes
	}
	base := size(1, 1)
	for _, c := range []struct{ channels, releases, most int }{{1, 1, 1}, {1, 100, 1}, {1, 1000, 1}, {10, 1, 10}, {100, 1, 100}, {200, 1, 200}} {
		got := size(c.channels, c.releases)
		t.Logf("%4d channels, %5d releases: a trust update of %6d bytes, %.2f of the smallest", c.channels, c.releases, got, float64(got)/float64(base))
		if got > base*c.most+64 {
			t.Errorf("%d channels, %d releases: %d bytes, at most %d times %d are allowed", c.channels, c.releases, got, c.most, base)
		}
	}
}

// What publishing one more release writes and signs: the list of its channel, which names all releases of the channel, the
// snapshot, which names all channels, and three files of one size. Releases of other channels cost nothing.
func TestWhatPublishingAReleaseWrites(t *testing.T) {
	t.Parallel()
	const channels = 200
	written := func(releases int) (list, rest int) {
		v := trusttest.New("acme")
		for i := range channels {
			v.AddChannel(fmt.Sprintf("lts-2.%d", i), fmt.Sprintf("2.%d", i))
		}
		for _, c := range v.Channels {
			for i := range releases / channels {
				c.Releases = append(c.Releases, v.Make(c, fmt.Sprintf("%s.%d", c.Standing.Line, i)))
			}
		}
		v.Publish()
		before := v.Files("lts-2.0")
		v.Release("lts-2.0", "2.0.999999")
		for name, data := range v.Files("lts-2.0") {
			switch _, old := before[name]; {
			case strings.HasSuffix(name, ".lts-2.0.json"):
				list += len(data)
			case !old, !bytes.Equal(before[name], data):
				rest += len(data)
			}
		}
		return list, rest
	}
	_, base := written(channels)
	for _, releases := range []int{200, 1000, 10000} {
		list, rest := written(releases)
		entries := releases/channels + 1
		t.Logf("%5d releases in %d channels: the list has %6d bytes (%d of each of its %d entries), all else %6d", releases, channels, list, list/entries, entries, rest)
		if list > 600*(entries+1) || rest > base+base/20 {
			t.Errorf("%d releases: list %d, rest %d bytes", releases, list, rest)
		}
	}
}
