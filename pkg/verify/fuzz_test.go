package verify_test

import (
	"bytes"
	"maps"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	corpus "github.com/relctl/relctl/internal/attacks"
	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

// fresh is a site that has seen nothing.
func fresh(t testing.TB, c trusttest.Case) *verify.Site {
	t.Helper()
	c.Before = nil
	return siteOf(t, c)
}

// FuzzTrustMetadata replaces one file of good trust metadata. Whatever it is replaced by, nothing may be learned that the
// vendor did not sign.
func FuzzTrustMetadata(f *testing.F) {
	// Its keys are not those of the cases, which are seeds.
	v := trusttest.New("fuzzed")
	channel := v.AddChannel("lts-2.4", "2.4")
	v.Product, channel.Standing.Product = "acme", "acme"
	v.Release("lts-2.4", "2.4.5")
	good := v.Files("lts-2.4")
	c := trusttest.Case{Root: v.Roots[0], Now: trusttest.Start}
	for name, data := range good {
		f.Add(name, data)
	}
	for _, c := range trusttest.Cases() {
		if !trusttest.IsBundle(c.Bad) {
			continue
		}
		a, err := bundle.Open(bytes.NewReader(c.Bad), int64(len(c.Bad)))
		if err != nil {
			f.Fatal(err)
		}
		files, err := a.TrustFiles()
		if err != nil {
			f.Fatal(err)
		}
		for name, data := range files {
			if !bytes.Equal(data, good[name]) {
				f.Add(name, data)
			}
		}
	}
	start := fresh(f, c).State
	knows, err := verify.Walk("acme", start, good)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		files := maps.Clone(good)
		files[name] = data
		got, err := verify.Walk("acme", start, files)
		if err == nil && (!reflect.DeepEqual(got.Channels, knows.Channels) || got.Root != knows.Root) {
			t.Errorf("it has learned something else from %q", name)
		}
	})
}

// FuzzSiteState reads what a site keeps. What is accepted can be used.
func FuzzSiteState(f *testing.F) {
	for _, c := range trusttest.Cases()[:40] {
		s := siteOf(f, c)
		data, err := release.Encode(s.State)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	news := trusttest.Acme().Files("lts-2.4")
	f.Fuzz(func(t *testing.T, data []byte) {
		state, err := verify.DecodeState(data)
		if err != nil {
			return
		}
		s := &verify.Site{Config: verify.SiteConfig{Product: "acme", Channel: "lts-2.4"}, State: state}
		s.SetClock(func() time.Time { return trusttest.Start })
		if _, err := s.Report(); err != nil {
			t.Errorf("no report: %v", err)
		}
		_, _ = s.Path(release.MustVersion("2.4.5"), release.MustVersion("2.4.7"))
		_, _ = verify.Walk("acme", state, news)
	})
}

// FuzzSiteConfig reads site.json.
func FuzzSiteConfig(f *testing.F) {
	s := fresh(f, trusttest.Cases()[0])
	data, err := release.Encode(s.Config)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := verify.DecodeSite(data); err == nil && c.Fingerprint != verify.Fingerprint([]byte(c.Root)) {
			t.Error("accepted with another root than it says")
		}
	})
}

// addCorpus seeds with the small files of the corpus of attacks, trust updates or bundles.
func addCorpus(f *testing.F, updates bool) {
	f.Helper()
	for _, a := range corpus.All() {
		if a.IsUpdate() == updates && len(a.Bad) < 32<<10 {
			f.Add(a.Bad)
		}
	}
}

// FuzzTrustUpdate reads the file of a trust update.
func FuzzTrustUpdate(f *testing.F) {
	addCorpus(f, true)
	for _, c := range trusttest.Cases() {
		for _, data := range append(c.Before, c.Bad, c.Good) {
			if !trusttest.IsBundle(data) {
				f.Add(data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		files, err := bundle.ReadTrust(bytes.NewReader(data))
		if err != nil {
			return
		}
		total := 0
		for name, data := range files {
			total += len(data)
			if filepath.IsAbs(name) || !filepath.IsLocal(name) {
				t.Errorf("name %q", name)
			}
		}
		if total > bundle.MaxTrustBytes {
			t.Errorf("%d bytes", total)
		}
	})
}
