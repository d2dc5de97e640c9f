package update_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/release"
)

// wire counts what a client sends and receives, headers and all; TLS is not counted.
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

// What a check costs, in requests and in bytes on the wire without TLS. The bound is a promise for a customer for whom
// nothing has changed; docs/scale.md is worked out from what this test prints.
func TestWhatACheckCosts(t *testing.T) {
	t.Parallel()
	v := decade(t)
	s := newShop(t, v)
	config := acme(t, v, s.server.URL)
	var sent, received atomic.Int64
	config.HTTP = &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, // each request pays for its own connection
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := (&net.Dialer{}).DialContext(ctx, network, address)
			return wire{c, &sent, &received}, err
		},
	}}
	check := func(what string, installed string) (requests, bytes int64) {
		t.Helper()
		s.requests.Store(0)
		sent.Store(0)
		received.Store(0)
		if a := ask(t, client(t, config), installed); a.Problem != nil {
			t.Fatal(a.Problem)
		}
		t.Logf("%-44s %2d requests, %6d bytes sent, %6d received", what, s.requests.Load(), sent.Load(), received.Load())
		return s.requests.Load(), sent.Load() + received.Load()
	}
	check("the first check, from the first of 20 roots", "2.4.499")
	if requests, bytes := check("nothing has changed", "2.4.499"); requests > 2 || bytes > 50<<10 {
		t.Errorf("an unchanged customer's check: %d requests, %d bytes", requests, bytes)
	}
	v.Now = v.Now.Add(12 * time.Hour)
	v.Refresh()
	publishAll(t, s.dir, v)
	if requests, bytes := check("the timestamp was signed anew", "2.4.499"); requests > 2 || bytes > 50<<10 {
		t.Errorf("a check after a refresh: %d requests, %d bytes", requests, bytes)
	}
	v.Release("lts-2.5", "2.5.0")
	publishAll(t, s.dir, v)
	check("another channel has a release", "2.4.499")
	v.Release(line, "2.4.500")
	publishAll(t, s.dir, v)
	check("this channel has a release", "2.4.499")
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
