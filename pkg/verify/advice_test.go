package verify_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/upgrade"
	"github.com/relctl/relctl/pkg/verify"
)

// say has a vendor publish another standing of its channel.
func say(v *trusttest.Vendor, change func(*release.Standing)) {
	c := v.Channel("lts-2.4")
	change(c.Standing)
	c.Touch()
	v.Publish()
}

// withdraw adds to what a standing withdraws.
func withdraw(version string) func(*release.Standing) {
	return func(st *release.Standing) {
		st.Withdrawn = append(st.Withdrawn, release.Withdrawal{Version: release.MustVersion(version), Time: trusttest.Start, Reason: "it loses data"})
	}
}

func versionOf(text string) release.Version {
	if text == "" {
		return release.Version{}
	}
	return release.MustVersion(text)
}

// stepsOf writes the way of an answer in one line.
func stepsOf(steps []upgrade.Step) string {
	var out []string
	for _, s := range steps {
		out = append(out, s.Version.String())
	}
	return strings.Join(out, " ")
}

// What a site is told about an installed version, from the news alone.
func TestAdviceSaysWhatToDoNext(t *testing.T) {
	t.Parallel()
	block := func(st *release.Standing) {
		st.Upgrade.Blocked = []release.Block{{From: "<2.4.7", To: "2.4.7", Reason: "it needs a new disk format"}}
	}
	for _, c := range []struct {
		name      string
		change    func(*release.Standing)
		installed string
		// met are releases whose bundles the site has seen.
		met    string
		now    time.Duration
		maxAge time.Duration
		steps  string
		// notices are codes, each with a part of its text and of its remedy.
		notices [][3]string
	}{
		{name: "something newer", installed: "2.4.5", steps: "2.4.7"},
		{name: "the newest is installed", installed: "2.4.7"},
		{name: "something newer than all that is known is installed", installed: "2.4.9"},
		{name: "nothing is installed", steps: "2.4.7"},
		{name: "the newest is withdrawn, and nothing else is known", installed: "2.4.5", change: withdraw("2.4.7")},
		{name: "the newest is withdrawn, and one before it is known", installed: "2.4.5", met: "2.4.6", change: withdraw("2.4.7"), steps: "2.4.6"},
		{
			name: "what is installed is withdrawn", installed: "2.4.6", change: withdraw("2.4.6"), steps: "2.4.7",
			notices: [][3]string{{verify.CodeWithdrawn, "2.4.6 was withdrawn on 3 May 2026: it loses data", "install 2.4.7"}},
		},
		{
			name: "what is installed is withdrawn, and is the newest", installed: "2.4.7", change: withdraw("2.4.7"),
			notices: [][3]string{{verify.CodeWithdrawn, "2.4.7 was withdrawn", "ask your vendor which release replaces it"}},
		},
		{
			name: "what is installed lies below the floor", installed: "2.4.5", steps: "2.4.7",
			change: func(st *release.Standing) {
				st.Floor = &release.Floor{Version: release.MustVersion("2.4.6"), Reason: "a hole"}
			},
			notices: [][3]string{{verify.CodeFloor, "2.4.5 lies below 2.4.6", "install 2.4.7"}},
		},
		{
			name: "a stop on the way", installed: "2.4.5", steps: "2.4.6 2.4.7",
			change: func(st *release.Standing) {
				st.Upgrade.Stops = []release.Stop{{Version: release.MustVersion("2.4.6"), Reason: "it writes the data anew"}}
			},
		},
		{
			name: "no way from another line", installed: "2.2.9",
			notices: [][3]string{{upgrade.CodeNoWay, "from 2.2.9 to 2.4.7", "ask your vendor for the way"}},
		},
		{
			name: "no way to the newest, and one to a release before it", installed: "2.4.5", met: "2.4.6", change: block, steps: "2.4.6",
			notices: [][3]string{{upgrade.CodeNoWay, "it needs a new disk format", "2.4.6 is the newest release that can be reached"}},
		},
		{
			name: "the life of the line is over", installed: "2.4.7",
			change: func(st *release.Standing) {
				st.Ended = &release.Ending{Time: trusttest.Start, Reason: "2.6 is there", Successor: "lts-2.6"}
			},
			notices: [][3]string{{verify.CodeEnded, "ended on 3 May 2026: 2.6 is there", "move to lts-2.6"}},
		},
		{
			name: "the life of the line will be over", installed: "2.4.7",
			change: func(st *release.Standing) {
				st.Ended = &release.Ending{Time: trusttest.Start.Add(30 * day), Reason: "2.6 is there"}
			},
		},
		{
			name: "the support is over", installed: "2.4.5", steps: "2.4.7", change: func(st *release.Standing) { st.Support.EOL = "2026-05-03" },
			notices: [][3]string{{verify.CodeEnded, "support of lts-2.4 ended on 3 May 2026", "until then 2.4.7 is the line's best release"}},
		},
		{
			name: "news older than the site bears", installed: "2.4.7", now: 31 * day, maxAge: 30 * day,
			notices: [][3]string{{verify.CodeStale, "of 3 May 2026, 31 days old; 30 days at most", "trust update"}},
		},
		{name: "news as old as the site bears", installed: "2.4.7", now: 30 * day, maxAge: 30 * day},
		{
			name: "metadata whose time is over", installed: "2.4.7", now: 401 * day,
			notices: [][3]string{{verify.CodeExpired, "timestamp metadata expired on 7 June 2027", ""}, {verify.CodeExpired, "snapshot", ""}, {verify.CodeExpired, "targets", ""}, {verify.CodeExpired, "lts-2.4-status", "trust update"}},
		},
		{
			name: "a clock that is behind", installed: "2.4.7", now: -2 * day,
			notices: [][3]string{{verify.CodeClockBehind, "says 1 May 2026", ""}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := trusttest.Acme()
			if c.change != nil {
				say(v, c.change)
			}
			world := trusttest.Case{Root: v.Roots[0], Now: trusttest.Start.Add(c.now), MaxAge: c.maxAge}
			if c.met != "" {
				world.Before = [][]byte{v.Bundle("lts-2.4", c.met)}
				world.Installed = "none"
			}
			s := siteOf(t, world)
			accept(t, s, v.Update("lts-2.4"))
			before := read(t, s.Dir)
			a, err := s.Advise("lts-2.4", versionOf(c.installed))
			if err != nil {
				t.Fatal(err)
			}
			if got := stepsOf(a.Steps); got != c.steps {
				t.Errorf("steps %q, want %q", got, c.steps)
			}
			if len(a.Notices) != len(c.notices) {
				t.Fatalf("notices %+v", a.Notices)
			}
			for i, want := range c.notices {
				got := a.Notices[i]
				if got.Code != want[0] || !strings.Contains(got.Text, want[1]) || !strings.Contains(got.Remedy, want[2]) || !a.Has(want[0]) {
					t.Errorf("notice %+v, want %q", got, want)
				}
			}
			if a.Has("never-said") || (a.Withdrawn != nil) != a.Has(verify.CodeWithdrawn) || (a.Floor != nil) != a.Has(verify.CodeFloor) {
				t.Errorf("withdrawn %v, floor %v, notices %+v", a.Withdrawn, a.Floor, a.Notices)
			}
			if !a.AsOf.Equal(trusttest.Start) || a.Newest.Version != release.MustVersion("2.4.7") || a.Product != "acme" {
				t.Errorf("as of %s, newest %v of %s", a.AsOf, a.Newest, a.Product)
			}
			if read(t, s.Dir) != before {
				t.Error("asking has changed the site")
			}
		})
	}
}

// A site that follows one channel learns the way to the next line from what it knows of both.
func TestAdviceKnowsTheWayOverLines(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	next := v.AddChannel("lts-2.6", "2.6")
	next.Standing.Upgrade = release.Upgrades{From: ">=2.4.7 <2.6.0", Conditions: []release.Condition{{From: "<2.6.0", Text: "make a backup"}}}
	v.Release("lts-2.6", "2.6.0")
	s := siteOf(t, trusttest.Case{Root: v.Roots[0], Now: trusttest.Start})
	accept(t, s, v.Update("lts-2.4", "lts-2.6"))
	a, err := s.Advise("lts-2.6", release.MustVersion("2.4.5"))
	if err != nil || stepsOf(a.Steps) != "2.4.7 2.6.0" || len(a.Notices) != 0 {
		t.Fatalf("%+v, %v", a, err)
	}
	if last := a.Steps[1]; last.Channel != "lts-2.6" || len(last.Conditions) != 1 {
		t.Errorf("the step onto the next line: %+v", last)
	}
}

func TestAdviceAboutAnUnknownChannelIsAnError(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	s := siteOf(t, trusttest.Case{Root: v.Roots[0], Now: trusttest.Start})
	accept(t, s, v.Update("lts-2.4"))
	var unknown *verify.PolicyError
	if _, err := s.Advise("lts-9.9", release.Version{}); !errors.As(err, &unknown) || !strings.Contains(unknown.Text, "lts-9.9") || unknown.Hint() == "" {
		t.Errorf("%v", err)
	}
}

// The days that are left count down to zero on the last day of support, and are negative on the first day without.
func TestDaysOfSupportEndWithTheSupport(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	say(v, func(st *release.Standing) { st.Support = release.SupportWindow{EOL: "2026-06-01"} })
	eol := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		now  time.Time
		left int
	}{
		{eol.Add(-10*day - time.Hour), 10}, {eol.Add(-time.Hour), 0}, {eol.Add(time.Hour), -1}, {eol.Add(25 * time.Hour), -2},
	} {
		s := siteOf(t, trusttest.Case{Root: v.Roots[0], Now: c.now})
		accept(t, s, v.Update("lts-2.4"))
		a, err := s.Advise("lts-2.4", release.MustVersion("2.4.7"))
		if err != nil || a.SupportLeft == nil || *a.SupportLeft != c.left || a.Has(verify.CodeEnded) != (c.left < 0) {
			t.Errorf("at %s: %v days, want %d; %+v, %v", c.now, *a.SupportLeft, c.left, a.Notices, err)
		}
	}
	say(v, func(st *release.Standing) { st.Support = release.SupportWindow{} })
	s := siteOf(t, trusttest.Case{Root: v.Roots[0], Now: trusttest.Start})
	accept(t, s, v.Update("lts-2.4"))
	if a, err := s.Advise("lts-2.4", release.Version{}); err != nil || a.SupportLeft != nil {
		t.Errorf("no end is known, and %d days are left, %v", *a.SupportLeft, err)
	}
}
