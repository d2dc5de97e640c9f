package verify_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

// A file of a bundle is read only if the bundle is genuine and whole, whatever else is said about it.
func TestAFileIsReadOnlyFromAGenuineBundle(t *testing.T) {
	t.Parallel()
	const guide, text = "docs/install.md", "# install\n"
	v := trusttest.Acme()
	good := v.Bundle("lts-2.4", "2.4.7")
	old := v.Bundle("lts-2.4", "2.4.5")
	say(v, withdraw("2.4.7"))
	withdrawn := v.Bundle("lts-2.4", "2.4.7")
	tampered := bytes.Replace(good, []byte(text), []byte("# instead"+"\n"), 1)
	forged := trusttest.Bundle(v.Make(v.Channel("lts-2.4"), "2.4.8"), v.Files("lts-2.4"))
	for _, c := range []struct {
		name      string
		data      []byte
		installed string
		file      string
		limit     int64
		want      string
		// code of a refusal, or "policy" for something that must be said first, or "limit".
		code string
	}{
		{"a good bundle", good, "2.4.6", guide, 100, text, ""},
		{"a file that the release does not have", good, "2.4.6", "docs/none.md", 100, "", ""},
		{"a file of the envelope, which is no file of the release", good, "2.4.6", "trust/timestamp.json", 1 << 20, "", ""},
		{"a file longer than is asked for", good, "2.4.6", guide, 5, "", "limit"},
		{"a withdrawn release", withdrawn, "2.4.6", guide, 100, text, verify.CodeWithdrawn},
		{"a release for others", old, "2.4.6", guide, 100, text, verify.CodeBelowInstalled},
		{"what is installed is not known", good, "", guide, 100, text, "policy"},
		{"a file that was changed", tampered, "2.4.6", guide, 100, "", verify.CodeFileDigest},
		{"a release of nobody", forged, "2.4.6", guide, 100, "", verify.CodeUnlisted},
		{"no bundle", []byte("bundle"), "2.4.6", guide, 100, "", bundle.CodeTruncated},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := siteOf(t, trusttest.Case{Root: v.Roots[0], Installed: c.installed, Now: trusttest.Start})
			got, rep, err := s.Read(t.Context(), bytes.NewReader(c.data), int64(len(c.data)), c.file, c.limit, verify.Options{})
			if string(got) != c.want || rep == nil {
				t.Errorf("%q, want %q", got, c.want)
			}
			var no *verify.Refusal
			var unsaid *verify.PolicyError
			switch {
			case c.code == "":
				if err != nil {
					t.Error(err)
				}
			case errors.As(err, &no):
				if no.Code != c.code || rep.Genuine != no.Genuine() || no.ForOthers() != (c.code == verify.CodeBelowInstalled) {
					t.Errorf("%s: %v; genuine %v, for others %v", no.Code, no, rep.Genuine, no.ForOthers())
				}
			case errors.As(err, &unsaid):
				if c.code != "policy" {
					t.Error(err)
				}
			case err == nil || c.code != "limit":
				t.Errorf("%v, want %s", err, c.code)
			}
		})
	}
}

// The same with keys in a site's place.
func TestAFileIsReadByKeysOnlyFromAGenuineBundle(t *testing.T) {
	t.Parallel()
	f := sample(t)
	data := f.bytes(t)
	for name, want := range map[string]string{"docs/install.md": "# install\n", "docs/none.md": ""} {
		got, rep, err := verify.Read(t.Context(), bytes.NewReader(data), int64(len(data)), name, 100, f.policy())
		if string(got) != want || err != nil || !rep.Genuine {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	stranger := verify.Policy{Keys: [][]byte{newSigner(t).pem}}
	var no *verify.Refusal
	if got, _, err := verify.Read(t.Context(), bytes.NewReader(data), int64(len(data)), "docs/install.md", 100, stranger); got != nil || !errors.As(err, &no) {
		t.Errorf("signed by a stranger: %q, %v", got, err)
	}
	// A medium that shows other bytes once they were verified.
	medium := &swapping{ReaderAt: bytes.NewReader(data), at: int64(bytes.Index(data, []byte("# install"))), limit: 1}
	got, _, err := verify.Read(t.Context(), medium, int64(len(data)), "docs/install.md", 100, f.policy())
	if got != nil || !errors.As(err, &no) || no.Code != verify.CodeFileDigest || medium.reads < 2 {
		t.Errorf("swapped: %q, %v, after %d reads", got, err, medium.reads)
	}
}

// What a bundle brings of news counts for all others, whatever its release is worth.
func TestLearningFromABundleIsNoJudgementOfIt(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	old := v.Bundle("lts-2.4", "2.4.7")
	say(v, withdraw("2.4.7"))
	// Nobody has released this one; its trust is the vendor's.
	carrier := trusttest.Bundle(v.Make(v.Channel("lts-2.4"), "2.4.9"), v.Files("lts-2.4"))
	world := trusttest.Case{Root: v.Roots[0], Installed: "2.4.6", Now: trusttest.Start}
	learn := func(s *verify.Site, data []byte, o verify.Options) error {
		return s.Learn(bytes.NewReader(data), int64(len(data)), o)
	}
	s := siteOf(t, world)
	accept(t, s, old)
	before := read(t, s.Dir)
	if err := learn(s, carrier, verify.Options{DryRun: true}); err != nil || read(t, s.Dir) != before {
		t.Errorf("a dry run has changed the site, or failed: %v", err)
	}
	s = siteOf(t, world)
	if err := learn(s, carrier, verify.Options{}); err != nil {
		t.Fatal(err)
	}
	refused(t, s, old, verify.CodeWithdrawn)
	if kept, err := verify.ReadSite(s.Dir, s.Today); err != nil || len(kept.State.Channels) != 1 {
		t.Errorf("it was not kept: %v", err)
	}
	var no *verify.Refusal
	for name, c := range map[string]struct {
		data []byte
		code string
	}{
		"no bundle":                {[]byte("bundle"), bundle.CodeTruncated},
		"a bundle of another root": {trusttest.Bundle(trusttest.New("evil").Make(v.Channel("lts-2.4"), "2.4.9"), trusttest.New("evil").Files()), verify.CodeRootOther},
	} {
		if err := learn(s, c.data, verify.Options{}); !errors.As(err, &no) || no.Code != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A bundle beyond a required stop is not wrong, it is early; one whose way is not offered at all is another matter.
func TestABundleBeyondAStopIsNotYetForTheSite(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, installed string
		change          func(*release.Standing)
		early           bool
	}{
		{"a stop", "2.4.5", func(st *release.Standing) {
			st.Upgrade.Stops = []release.Stop{{Version: release.MustVersion("2.4.6"), Reason: "it writes the data anew"}}
		}, true},
		{"a range", "2.2.9", func(st *release.Standing) { st.Upgrade.From = ">=2.3.0" }, true},
		{"a way that is not offered", "2.4.6", func(st *release.Standing) {
			st.Upgrade.Blocked = []release.Block{{From: "2.4.6", To: "2.4.7", Reason: "it loses data"}}
		}, false},
		{"an older release", "2.4.8", func(*release.Standing) {}, false},
		{"a withdrawn release", "2.4.6", withdraw("2.4.7"), false},
	} {
		v := trusttest.Acme()
		say(v, c.change)
		s := siteOf(t, trusttest.Case{Root: v.Roots[0], Installed: c.installed, Now: trusttest.Start})
		_, err := offer(t, s, v.Bundle("lts-2.4", "2.4.7"))
		var no *verify.Refusal
		if !errors.As(err, &no) || no.NotYet() != c.early {
			t.Errorf("%s: not yet is %v; %v", c.name, !c.early, err)
		}
	}
}

// What an operator accepts must be a reason that can be accepted, and is written down once it was.
func TestAnOverrideIsNamedAndRemembered(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	say(v, withdraw("2.4.7"))
	data := v.Bundle("lts-2.4", "2.4.7")
	for _, c := range []struct {
		accept string
		ok     bool
	}{
		{verify.CodeWithdrawn, true}, {verify.CodeStale, false}, {verify.CodeTrustSignature, false}, {"everything", false},
	} {
		s := siteOf(t, trusttest.Case{Root: v.Roots[0], Installed: "2.4.6", Now: trusttest.Start})
		dst := t.TempDir() + "/new"
		rep, err := s.Unpack(t.Context(), bytes.NewReader(data), int64(len(data)), dst, verify.Options{Accept: []string{c.accept}})
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.accept, err)
		}
		var bad *verify.PolicyError
		if err != nil && c.accept != verify.CodeStale && (!errors.As(err, &bad) || !strings.Contains(bad.Hint(), verify.CodeWithdrawn)) {
			t.Errorf("%s: %v", c.accept, err)
		}
		if !c.ok {
			continue
		}
		history := s.State.History
		if n := len(history); rep.Install != verify.InstallAllowed || history[n-2].What != "accept" || !strings.Contains(history[n-2].Text, "2.4.7 was withdrawn") {
			t.Errorf("%s: install %s, %+v", c.accept, rep.Install, history)
		}
		if s.State.Installed.Version != release.MustVersion("2.4.7") || s.State.Installed.Release != rep.Release {
			t.Errorf("installed %+v", s.State.Installed)
		}
	}
}

// Unpacking a release of the next line moves the site to its channel.
func TestUnpackingAReleaseOfAnotherChannelMovesTheSite(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	v.AddChannel("lts-2.6", "2.6").Standing.Upgrade.From = ">=2.4.6 <2.6.0"
	v.Release("lts-2.6", "2.6.0")
	s := siteOf(t, trusttest.Case{Root: v.Roots[0], Installed: "2.4.6", Now: trusttest.Start})
	data := v.Bundle("lts-2.6", "2.6.0")
	unpack := func(dst string) (*verify.Report, error) {
		return s.Unpack(t.Context(), bytes.NewReader(data), int64(len(data)), dst, verify.Options{})
	}
	dst := t.TempDir() + "/new"
	rep, err := unpack(dst)
	if err != nil {
		t.Fatal(err)
	}
	last := rep.Verdicts[len(rep.Verdicts)-1]
	if !strings.Contains(last.Text, "moves this site from lts-2.4 to lts-2.6") {
		t.Errorf("it does not say so: %+v", last)
	}
	kept, err := verify.ReadSite(s.Dir, s.Today)
	if err != nil || kept.Config.Channel != "lts-2.6" || kept.State.Installed.Channel != "lts-2.6" {
		t.Errorf("%+v, %v", kept.Config, err)
	}
	var unusable *verify.PolicyError
	if _, err := unpack(dst); !errors.As(err, &unusable) {
		t.Errorf("over a folder that is there: %v", err)
	}
	if _, err := unpack(t.TempDir() + "/none/new"); err == nil || kept.State.Installed.Version != release.MustVersion("2.6.0") {
		t.Errorf("into no folder: %v", err)
	}
}
