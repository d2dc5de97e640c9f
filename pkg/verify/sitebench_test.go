package verify_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/verify"
)

// BenchmarkTrust prints what judging by trust metadata costs over judging by a key: the bundle is that of a ten-year
// product with 500 releases in its list, and the site starts from the first root each time.
func BenchmarkTrust(b *testing.B) {
	v := trusttest.New("acme")
	c := v.AddChannel("lts-2.4", "2.4")
	for i := range 499 {
		c.Releases = append(c.Releases, v.Make(c, fmt.Sprintf("2.4.%d", i)))
	}
	for range 10 {
		v.Rotate("timestamp", trusttest.NewKey("acme timestamp"))
	}
	last := v.Release("lts-2.4", "2.4.499")
	s := newSigner(b)
	data := trusttest.Bundle(last, v.Files("lts-2.4"))
	plain := trusttest.Signed(last, nil, map[string][]byte{s.name(): s.sign(b, last.Raw)})
	site := siteOf(b, trusttest.Case{Root: v.Roots[0], Installed: "2.4.498", Now: trusttest.Start})
	start := site.State
	policy := verify.Policy{Keys: [][]byte{s.pem}, Product: "acme", Channel: "lts-2.4"}
	var with, without time.Duration
	for b.Loop() {
		begin := time.Now()
		if _, err := verify.Bundle(b.Context(), bytes.NewReader(plain), int64(len(plain)), policy); err != nil {
			b.Fatal(err)
		}
		without += time.Since(begin)
		site.State = start
		begin = time.Now()
		if _, err := site.Verify(b.Context(), bytes.NewReader(data), int64(len(data)), verify.Options{}); err != nil {
			b.Fatal(err)
		}
		with += time.Since(begin)
	}
	b.ReportMetric(with.Seconds()/without.Seconds(), "x-of-key")
	b.ReportMetric((with-without).Seconds()*1000/float64(b.N), "ms-more")
}
