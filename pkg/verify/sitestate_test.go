package verify_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

const day = 24 * time.Hour

// accept wants a site to take something without a refusal.
func accept(t *testing.T, s *verify.Site, data []byte) *verify.Report {
	t.Helper()
	rep, err := offer(t, s, data)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func refused(t *testing.T, s *verify.Site, data []byte, code string) {
	t.Helper()
	_, err := offer(t, s, data)
	var no *verify.Refusal
	if !errors.As(err, &no) || no.Code != code {
		t.Errorf("%v, want a refusal by %s", err, code)
	}
}

func TestAfterAStolenTimestampKeyTheVendorGetsThroughAgain(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	s := siteOf(t, trusttest.Case{Root: v.Roots[0], Installed: "2.4.6", Now: trusttest.Start})
	thief := v.Clone()
	thief.Skip(1 << 50)
	thief.Refresh()
	accept(t, s, thief.Update("lts-2.4")) // nothing tells it from the vendor's
	v.Refresh()
	accept(t, s, v.Update("lts-2.4")) // older, so the site stays with what it has
	if !strings.Contains(s.State.Timestamp, "1125899906") {
		t.Fatal("the site has forgotten the thief's number before the key was revoked")
	}
	v.Rotate("timestamp", trusttest.NewKey("second"))
	v.Refresh()
	accept(t, s, v.Bundle("lts-2.4", "2.4.7"))
	if strings.Contains(s.State.Timestamp, "1125899906") {
		t.Error("the thief's number still counts")
	}
	refused(t, s, thief.Bundle("lts-2.4", "2.4.7"), verify.CodeTrustSignature)
}

func TestASiteWakesAfterFiveYearsWithItsFirstRoot(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	c := trusttest.Case{Root: v.Roots[0], Installed: "2.4.6", Now: trusttest.Start.Add(5 * 365 * day), MaxAge: 60 * day}
	for year := range 5 {
		v.Now = v.Now.Add(365 * day)
		v.Rotate("root", trusttest.NewKey(fmt.Sprintf("root of year %d", year)))
		v.Rotate("timestamp", trusttest.NewKey(fmt.Sprintf("timestamp of year %d", year)))
	}
	v.Channel("lts-2.4").Standing.Support = release.SupportWindow{}
	v.Rotate("lts-2.4", trusttest.NewKey("list of year 5"))
	v.Channel("lts-2.4").Touch()
	v.Publish()
	s := siteOf(t, c)
	if rep := accept(t, s, v.Bundle("lts-2.4", "2.4.7")); rep.Install != verify.InstallAllowed {
		t.Errorf("%+v", rep)
	}
	if got := s.State.Roots[len(s.State.Roots)-1].Version; got != 11 {
		t.Errorf("it has reached root %d", got)
	}
}

func TestANewRootCountsThoughWhatCameWithItDoesNot(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	s := siteOf(t, trusttest.Case{Root: v.Roots[0], Installed: "2.4.6", Now: trusttest.Start})
	thief := v.Clone()
	v.Rotate("timestamp", trusttest.NewKey("second"))
	files := thief.Files("lts-2.4")
	files["2.root.json"] = v.Roots[1]
	refused(t, s, trusttest.Bundle(thief.Channel("lts-2.4").Releases[2], files), verify.CodeTrustSignature)
	// The root that revoked the key is known now, whether or not somebody withholds it next time.
	refused(t, s, thief.Bundle("lts-2.4", "2.4.7"), verify.CodeTrustSignature)
}

func TestADryRunChangesNothing(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	s := siteOf(t, trusttest.Case{Root: v.Roots[0], Installed: "2.4.6", Now: trusttest.Start})
	before := read(t, s.Dir)
	data := v.Bundle("lts-2.4", "2.4.7")
	dst := filepath.Join(t.TempDir(), "new")
	if _, err := s.Unpack(t.Context(), bytes.NewReader(data), int64(len(data)), dst, verify.Options{DryRun: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Update(bytes.NewReader(v.Update("lts-2.4")), verify.Options{DryRun: true}); err != nil {
		t.Fatal(err)
	}
	if after := read(t, s.Dir); after != before {
		t.Errorf("the site's files changed:\n%s\n%s", before, after)
	}
	if _, err := os.Lstat(dst); err == nil {
		t.Error("there is a folder")
	}
}

// read returns the names and contents of a folder.
func read(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s: %s\n", e.Name(), data)
	}
	return all.String()
}

func TestAClockThatIsOffIsAWarning(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		now  time.Time
		code string
	}{
		{"a year behind", trusttest.Start.Add(-365 * day), verify.CodeClockBehind},
		{"right", trusttest.Start.Add(day), ""},
	} {
		v := trusttest.Acme()
		s := siteOf(t, trusttest.Case{Root: v.Roots[0], Installed: "2.4.6", Now: c.now, MaxAge: 30 * day})
		rep := accept(t, s, v.Bundle("lts-2.4", "2.4.7"))
		got := ""
		for _, check := range rep.Checks {
			if check.Status == verify.Warning {
				got = check.Code
			}
		}
		if got != c.code || rep.Install != verify.InstallAllowed {
			t.Errorf("%s: warning %q, install %s", c.name, got, rep.Install)
		}
		if s.Today().Before(trusttest.Start) {
			t.Errorf("%s: today is %s", c.name, s.Today())
		}
	}
	v := trusttest.Acme()
	s := siteOf(t, trusttest.Case{Root: v.Roots[0], Installed: "2.4.6", Now: trusttest.Start.Add(11 * 365 * day)})
	rep, _ := offer(t, s, v.Bundle("lts-2.4", "2.4.7"))
	if !slices.ContainsFunc(rep.Checks, func(c verify.Check) bool { return c.Code == verify.CodeClockAhead }) {
		t.Error("a clock eleven years ahead is no warning")
	}
}

func TestALineThatHasEndedIsUnpackedAndSaidToHaveEnded(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	s := siteOf(t, trusttest.Case{Root: v.Roots[0], Installed: "2.4.6", Now: trusttest.Start})
	v.Channel("lts-2.4").Standing.Support.EOL = "2026-05-01"
	v.Channel("lts-2.4").Touch()
	v.Publish()
	data := v.Bundle("lts-2.4", "2.4.7")
	dst := filepath.Join(t.TempDir(), "new")
	_, err := s.Unpack(t.Context(), bytes.NewReader(data), int64(len(data)), dst, verify.Options{})
	var no *verify.Refusal
	if !errors.As(err, &no) || no.Code != verify.CodeEnded || !no.Genuine() {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(filepath.Join(dst, "artifacts", "acme")); err != nil || s.State.Installed.Version.String() != "2.4.7" {
		t.Errorf("it was not unpacked: %v, installed %+v", err, s.State.Installed)
	}
}

func TestProcessesTakeTurnsAtASite(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	first := siteOf(t, trusttest.Case{Root: v.Roots[0], Now: trusttest.Start})
	dir := first.Dir
	first.Close()
	// What a crash left half-written is not in the way.
	if err := os.WriteFile(filepath.Join(dir, ".new-1"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			s, err := verify.OpenSite(dir, func() time.Time { return trusttest.Start })
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if err := s.SetInstalled(release.MustVersion(fmt.Sprintf("2.4.%d", i))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s, err := verify.ReadSite(dir, time.Now)
	if err != nil || len(s.State.History) != 9 {
		t.Errorf("%d entries in the history, %v", len(s.State.History), err)
	}
}

func TestHeadWordsAreThoseOfTheRelease(t *testing.T) {
	t.Parallel()
	list, err := os.ReadFile("words.txt")
	if err != nil {
		t.Fatal(err)
	}
	// The sum of BIP-39's english.txt.
	if sum := fmt.Sprintf("%x", sha256.Sum256(list)); sum != "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda" {
		t.Errorf("words.txt has sha256 %s", sum)
	}
	digest := release.Digest([]byte("release"))
	words := verify.HeadWords("acme", "lts-2.4", 7, digest)
	if len(strings.Fields(words)) != 8 {
		t.Errorf("words %q", words)
	}
	for _, other := range []string{
		verify.HeadWords("acmf", "lts-2.4", 7, digest), verify.HeadWords("acme", "lts-2.5", 7, digest),
		verify.HeadWords("acme", "lts-2.4", 8, digest), verify.HeadWords("acme", "lts-2.4", 7, release.Digest(nil)),
	} {
		if other == words {
			t.Errorf("another release has the words %q too", words)
		}
	}
	const golden = "bulb leaf cushion world cricket axis antenna lift"
	if words != golden {
		t.Errorf("the words are %q, and were %q: sites of other versions hear others", words, golden)
	}
}

func TestFingerprintsAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	root := trusttest.Acme().Roots[0]
	hex := verify.Fingerprint(root)
	for text, ok := range map[string]bool{
		hex: true, strings.ToUpper(hex): true, "sha256:" + hex: true, verify.SpacedFingerprint(hex): true, strings.ReplaceAll(verify.SpacedFingerprint(hex), " ", ":"): true,
		hex[:32]: false, hex + "00": false, strings.Repeat("0", 64): false, "root": false,
	} {
		s, err := verify.InitSite(filepath.Join(t.TempDir(), "s"), verify.NewSite{Root: root, Product: "acme", Channel: "lts-2.4", Fingerprint: text}, time.Now)
		if (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
		if err == nil {
			s.Close()
		}
	}
}

func TestEveryKindOfKeyCountsThatTheVendorMayHave(t *testing.T) {
	t.Parallel()
	strong, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		key  crypto.Signer
		code string
	}{
		{"RSA with 3072 bits", strong, ""},
		{"ed25519", ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), ""},
		{"RSA with 2048 bits", weak, verify.CodeTrustForm},
	} {
		v := trusttest.Acme()
		s := siteOf(t, trusttest.Case{Root: v.Roots[0], Installed: "2.4.6", Now: trusttest.Start})
		key := trusttest.KeyOf(c.key)
		v.Rotate("timestamp", key)
		v.Rotate("lts-2.4", key, trusttest.NewKey("another"))
		v.Roles["lts-2.4"].Threshold = 2
		v.Channel("lts-2.4").Touch()
		v.Publish()
		if c.code == "" {
			accept(t, s, v.Bundle("lts-2.4", "2.4.7"))
		} else {
			refused(t, s, v.Bundle("lts-2.4", "2.4.7"), c.code)
		}
	}
}

func TestTheNewestReleaseIsKnownThoughTheStandingIsOlder(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	s := siteOf(t, trusttest.Case{Root: v.Roots[0], Installed: "2.4.6", Now: trusttest.Start})
	v.Channel("lts-2.4").Standing.Newest = nil
	v.Channel("lts-2.4").Touch()
	v.Publish()
	accept(t, s, v.Bundle("lts-2.4", "2.4.7"))
	rep, err := s.Report()
	if err != nil {
		t.Fatal(err)
	}
	if c := rep.Channels[0]; c.Newest == nil || c.Newest.Version.String() != "2.4.7" || c.Words == "" {
		t.Errorf("%+v", c)
	}
}
