package rehearsal_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/internal/keytest"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

// customer is a site with a clock of its own.
type customer struct {
	t    testing.TB
	dir  string
	root []byte
	now  func() time.Time
	site *verify.Site
	// channel of which it is offered bundles.
	channel string
}

func newCustomer(t testing.TB, root []byte, now func() time.Time, maxAge time.Duration) *customer {
	t.Helper()
	c := &customer{t: t, dir: filepath.Join(t.TempDir(), "site"), root: root, now: now, channel: "lts-1"}
	s, err := verify.InitSite(c.dir, verify.NewSite{
		Root: root, Product: "acme", Channel: "lts-1", Fingerprint: release.Fingerprint(root), MaxAge: maxAge,
		Installed: &verify.Installed{Version: release.MustVersion("1.0.0"), Channel: "lts-1"},
	}, now)
	if err != nil {
		t.Fatal(err)
	}
	c.site = s
	t.Cleanup(func() { c.site.Close() })
	return c
}

// loseState is a disk that was restored without the file that remembers.
func (c *customer) loseState() {
	c.t.Helper()
	c.site.Close()
	if err := os.Remove(filepath.Join(c.dir, "state.json")); err != nil {
		c.t.Fatal(err)
	}
	var err error
	if c.site, err = verify.OpenSite(c.dir, c.now); err != nil {
		c.t.Fatal(err)
	}
}

// update takes a trust update in and returns the verdict.
func (c *customer) update(data []byte) string {
	_, err := c.site.Update(bytes.NewReader(data), verify.Options{})
	return verdict(nil, err)
}

// install unpacks a bundle if that is allowed, and returns the verdict.
func (c *customer) install(data []byte) string {
	c.t.Helper()
	rep, err := c.site.Unpack(c.t.Context(), bytes.NewReader(data), int64(len(data)), filepath.Join(c.t.TempDir(), "unpacked"), verify.Options{})
	if err == nil || rep != nil && rep.Install == verify.InstallAllowed {
		c.channel = rep.Channel
	}
	return verdict(rep, err)
}

// verdict is "genuine", the code of a refusal, or what has to be said first; a warning follows in brackets.
func verdict(rep *verify.Report, err error) string {
	var no *verify.Refusal
	var unsaid *verify.PolicyError
	out := "genuine"
	switch {
	case errors.As(err, &no):
		out = no.Code
	case errors.As(err, &unsaid):
		out = "say what is installed"
	case err != nil:
		out = "error: " + err.Error()
	}
	if rep != nil {
		for _, check := range rep.Checks {
			if check.Status == verify.Warning {
				out += " (" + check.Code + ")"
			}
		}
	}
	return out
}

func (c *customer) wants(what, got, want string) {
	c.t.Helper()
	if got != want {
		c.t.Errorf("%s: %s, want %s", what, got, want)
	}
}

var begin = time.Date(2027, 1, 4, 9, 0, 0, 0, time.UTC)

// The life of the product:
//
//	2027  line 1.0; the root is rotated every January
//	2029  one of root's keys is lost; line 2.0, from 1.0 by way of its last release
//	2030  March: a thief takes the keys of CI and of the reconciler. He lists a release of his own, and vouches for it.
//	      June: the vendor revokes all three keys
//	2031  the key of targets becomes one of RSA
//	2032  line 1.0 ends
//	2033  line 3.0
//	2035  line 2.0 ends
//
// Every other month a line has a release, and every month snapshot and timestamp are signed anew. The sites:
//
//	follows  takes a bundle in every month; its policy is news of 60 days at most
//	behind   takes one in every quarter, without that policy; its clock stands still in 2027
//	ahead    the same; its clock is three years ahead, and twelve from 2034 on
//	forgets  the same with the policy of follows; in 2031 it loses its state
//	sleeps   has nothing but the first root until 2032, and is like forgets then
//	deceived is given the thief's release in April 2030, and nothing else until June
//
// The table is what each says in November about the newest bundle of its line.
const life = `
year  follows      behind                     ahead                                    forgets       sleeps
2027  genuine      genuine                    metadata-expired                         genuine       -
2028  genuine      genuine (clock-behind)     metadata-expired                         genuine       -
2029  genuine      genuine (clock-behind)     metadata-expired                         genuine       -
2030  genuine      genuine (clock-behind)     metadata-expired                         genuine       -
2031  genuine      genuine (clock-behind)     metadata-expired                         genuine       -
2032  genuine      genuine (clock-behind)     metadata-expired                         genuine       genuine
2033  genuine      genuine (clock-behind)     metadata-expired                         genuine       genuine
2034  genuine      genuine (clock-behind)     metadata-expired (clock-ahead)           genuine       genuine
2035  genuine      genuine (clock-behind)     metadata-expired (clock-ahead)           genuine       genuine
2036  genuine      genuine (clock-behind)     metadata-expired (clock-ahead)           genuine       genuine
`

func TestTenYears(t *testing.T) {
	t.Parallel()
	v := newVendor(t, begin)
	v.open("lts-1", "1.0", release.Upgrades{From: ">=1.0.0"})
	v.cut("lts-1", "1.0.0")
	first := v.repo.Roots()[0].Data

	clock := func() time.Time { return v.now }
	ahead := func() time.Time {
		if v.now.Year() >= 2034 {
			return v.now.AddDate(12, 0, 0)
		}
		return v.now.AddDate(3, 0, 0)
	}
	follows := newCustomer(t, first, clock, 60*24*time.Hour)
	behind := newCustomer(t, first, func() time.Time { return begin.AddDate(0, 0, 3) }, 0)
	early := newCustomer(t, first, ahead, 0)
	forgets := newCustomer(t, first, clock, 60*24*time.Hour)
	sleeps := newCustomer(t, first, clock, 60*24*time.Hour)
	deceived := newCustomer(t, first, clock, 0)
	awake := []*customer{follows, behind, early, forgets}

	var thief *vendor
	var old []byte // a bundle from before the theft
	var got strings.Builder
	fmt.Fprintf(&got, "\n%-4s  %-11s  %-25s  %-39s  %-12s  %s\n", "year", "follows", "behind", "ahead", "forgets", "sleeps")
	for month := range 120 {
		v.now = begin.AddDate(0, month, 0)
		year := v.now.Year()
		if v.now.Month() == time.January {
			v.january(year)
		}
		switch {
		case year == 2030 && v.now.Month() == time.March:
			old = v.bundle("lts-1", "")
			thief = v.steal()
		case year == 2030 && v.now.Month() == time.April:
			deceived.wants("before anybody knows of the theft", deceived.install(thief.bundle("lts-1", "")), "genuine")
		case year == 2030 && v.now.Month() == time.June:
			for _, role := range []string{"lts-1", "snapshot", "timestamp"} {
				v.replace(role, keytest.New(t))
			}
		case year == 2031 && v.now.Month() == time.May:
			forgets.loseState()
		}
		if month%2 == 1 {
			v.releaseAll()
		} else {
			v.vouch()
		}
		for _, c := range awake {
			if c != follows && month%3 != 1 {
				continue
			}
			if c.channel == "lts-1" && year >= 2031 || c.channel == "lts-2" && year >= 2034 {
				c.move(v)
			}
		}
		switch {
		case year == 2030 && v.now.Month() == time.June:
			afterTheTheft(t, v, thief, old, follows, deceived)
		case year == 2031 && v.now.Month() == time.May:
			forgets.wants("without its state", forgets.install(v.bundle(forgets.channel, "")), "say what is installed")
			if err := forgets.site.SetInstalled(follows.site.State.Installed.Version); err != nil {
				t.Fatal(err)
			}
		case year == 2032 && v.now.Month() == time.February:
			sleeps.wake(v, old)
		case year == 2032 && v.now.Month() == time.March:
			awake = append(awake, sleeps)
		}
		row := []any{year, "-", "-", "-", "-", "-"}
		for i, c := range awake {
			if c == follows || month%3 == 1 || c.site.State.Installed == nil {
				row[i+1] = c.install(v.bundle(c.channel, ""))
			}
		}
		if v.now.Month() == time.November {
			fmt.Fprintf(&got, "%-4d  %-11s  %-25s  %-39s  %-12s  %s\n", row...)
		}
	}
	if got.String() != life {
		t.Errorf("the sites end where they should not:%s\nwant:%s", got.String(), life)
	}
	sizes(t, v)
}
