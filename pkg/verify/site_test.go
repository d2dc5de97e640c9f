package verify_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

// siteOf sets up the site of a case in a new folder.
func siteOf(t testing.TB, c trusttest.Case) *verify.Site {
	t.Helper()
	n := verify.NewSite{Root: c.Root, Product: "acme", Channel: "lts-2.4", MaxAge: c.MaxAge}
	switch c.Installed {
	case "":
	case "none":
		n.Installed = &verify.Installed{}
	default:
		n.Installed = &verify.Installed{Version: release.MustVersion(c.Installed), Channel: "lts-2.4"}
	}
	s, err := verify.InitSite(filepath.Join(t.TempDir(), "site"), n, func() time.Time { return c.Now })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for _, data := range c.Before {
		if _, err := offer(t, s, data); err != nil {
			var no *verify.Refusal
			if !errors.As(err, &no) || !no.Genuine() && no.Verdict != "policy" {
				t.Fatalf("what the site took in before: %v", err)
			}
		}
	}
	return s
}

// offer gives a site a bundle or a trust update.
func offer(t testing.TB, s *verify.Site, data []byte) (*verify.Report, error) {
	t.Helper()
	if !trusttest.IsBundle(data) {
		_, err := s.Update(bytes.NewReader(data), verify.Options{})
		return nil, err
	}
	return s.Verify(t.Context(), bytes.NewReader(data), int64(len(data)), verify.Options{})
}

func TestEveryDeceitIsRefusedAndItsGoodTwinIsNot(t *testing.T) {
	t.Parallel()
	for _, c := range trusttest.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			rep, err := offer(t, siteOf(t, c), c.Bad)
			var no *verify.Refusal
			if !errors.As(err, &no) {
				t.Fatalf("error %v, want a refusal by %s", err, c.Code)
			}
			if no.Code != c.Code || no.Remedy == "" {
				t.Errorf("refused by %s, want %s: %v (%s)", no.Code, c.Code, no, no.Remedy)
			}
			if rep != nil && (rep.Genuine != no.Genuine() || rep.Install == verify.InstallAllowed != (c.Code == verify.CodeEnded)) {
				t.Errorf("genuine %v, install %s", rep.Genuine, rep.Install)
			}
			if rep, err := offer(t, siteOf(t, c), c.Good); err != nil {
				t.Errorf("the good twin: %v", err)
			} else if rep != nil && (!rep.Genuine || rep.Install != verify.InstallAllowed) {
				t.Errorf("the good twin: %+v", rep)
			}
		})
	}
}

func TestARefusedBundleLeavesNoFolder(t *testing.T) {
	t.Parallel()
	for _, c := range trusttest.Cases() {
		if !trusttest.IsBundle(c.Bad) || c.Code == verify.CodeEnded {
			continue
		}
		s := siteOf(t, c)
		dst := filepath.Join(t.TempDir(), "new")
		if _, err := s.Unpack(t.Context(), bytes.NewReader(c.Bad), int64(len(c.Bad)), dst, verify.Options{}); err == nil {
			t.Errorf("%s: unpacked", c.Name)
		}
		if left, err := os.ReadDir(filepath.Dir(dst)); err != nil || len(left) > 0 {
			t.Errorf("%s: left %v, %v", c.Name, left, err)
		}
	}
}
