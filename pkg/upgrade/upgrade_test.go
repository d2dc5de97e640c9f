package upgrade_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/upgrade"
)

func v(s string) release.Version { return release.MustVersion(s) }

func versions(list string) []release.Version {
	var out []release.Version
	for s := range strings.FieldsSeq(list) {
		out = append(out, v(s))
	}
	return out
}

// line makes a channel lts-<line> with its releases.
func line(t *testing.T, name, releases string, u release.Upgrades, change ...func(*release.Standing)) upgrade.Line {
	t.Helper()
	l, err := release.ParseLine(name)
	if err != nil {
		t.Fatal(err)
	}
	s := &release.Standing{
		Schema: release.StandingSchema, Product: "acme", Channel: "lts-" + name, Line: l,
		Issued: time.Date(2026, 5, 3, 0, 0, 0, 0, time.UTC), Upgrade: u,
	}
	for _, c := range change {
		c(s)
	}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	return upgrade.Line{Standing: s, Releases: versions(releases)}
}

func withdrawn(list string) func(*release.Standing) {
	return func(s *release.Standing) {
		for _, w := range versions(list) {
			s.Withdrawn = append(s.Withdrawn, release.Withdrawal{Version: w, Time: s.Issued, Reason: "loses data"})
		}
	}
}

// product has three lines, with a stop, a withdrawn release, a blocked way and a condition.
func product(t *testing.T) []upgrade.Line {
	return []upgrade.Line{
		line(t, "2.2", "2.2.0 2.2.1 2.2.3 2.2.9", release.Upgrades{}),
		line(t, "2.4", "2.4.0 2.4.1 2.4.2 2.4.3 2.4.7", release.Upgrades{
			From:       ">=2.2.3 <2.4.0",
			Stops:      []release.Stop{{Version: v("2.4.1"), For: "<2.4.0", Reason: "migrates the index"}},
			Blocked:    []release.Block{{From: "=2.2.9", To: "<2.4.2", Reason: "a fix of 2.2.9 is not in it"}},
			Conditions: []release.Condition{{From: "<2.4.0", To: ">=2.4.0", Text: "10 GB must be free"}},
		}, withdrawn("2.4.3")),
		line(t, "3.0", "3.0.0 3.0.1", release.Upgrades{From: ">=2.4.2 <3.0.0"}),
	}
}

func TestOneStep(t *testing.T) {
	rules := upgrade.NewRules(product(t)[1].Standing)
	for _, c := range []struct{ about, from, to, want string }{
		{"nothing is installed yet", "", "2.4.7", ""},
		{"the same again", "2.4.7", "2.4.7", ""},
		{"within the line", "2.4.1", "2.4.7", ""},
		{"into the line, to its stop", "2.2.3", "2.4.1", ""},
		{"past the stop", "2.2.3", "2.4.2", upgrade.CodeStop},
		{"the stop is not for those in the line", "2.4.0", "2.4.7", ""},
		{"from too old a version", "2.2.1", "2.4.1", upgrade.CodeRange},
		{"from another product's age", "1.0.0", "2.4.1", upgrade.CodeRange},
		{"backwards", "2.4.7", "2.4.6", upgrade.CodeBackwards},
		{"backwards to a pre-release", "2.4.7", "2.4.7-rc.1", upgrade.CodeBackwards},
		{"a blocked way", "2.2.9", "2.4.1", upgrade.CodeBlocked},
	} {
		t.Run(c.about, func(t *testing.T) {
			var from release.Version
			if c.from != "" {
				from = v(c.from)
			}
			_, err := rules.Direct(from, v(c.to))
			var no *upgrade.Refusal
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (!errors.As(err, &no) || no.Code != c.want || no.Remedy == ""):
				t.Errorf("%v, want %s with a remedy", err, c.want)
			}
			if c.want == upgrade.CodeStop && no.Stop.Compare(v("2.4.1")) != 0 {
				t.Errorf("stop at %q", no.Stop)
			}
		})
	}
}

func TestPaths(t *testing.T) {
	for _, c := range []struct{ about, from, to, want string }{
		{"over the stop and two lines", "2.2.3", "3.0.1", "2.4.1 2.4.7 3.0.1"},
		{"first within its own line, where it is too old, and around the blocked way from 2.2.9", "2.2.0", "3.0.1", "2.2.3 2.4.1 2.4.7 3.0.1"},
		{"one step", "2.4.2", "3.0.1", "3.0.1"},
		{"the newest on the way, and no withdrawn one", "2.4.0", "3.0.0", "2.4.7 3.0.0"},
		{"is there already", "2.4.7", "2.4.7", ""},
		{"to a withdrawn release", "2.4.0", "2.4.3", "upgrade-withdrawn"},
		{"to nowhere", "2.4.0", "2.4.9", "upgrade-unknown"},
		{"back", "3.0.1", "2.4.7", "upgrade-no-way"},
	} {
		t.Run(c.about, func(t *testing.T) {
			steps, err := upgrade.Plan(product(t), v(c.from), v(c.to))
			var got []string
			for _, s := range steps {
				got = append(got, s.Version.String())
			}
			answer := strings.Join(got, " ")
			var no *upgrade.Refusal
			if errors.As(err, &no) {
				answer = no.Code
			}
			if answer != c.want {
				t.Errorf("%s → %s: %q (%v), want %q", c.from, c.to, answer, err, c.want)
			}
		})
	}
}

func TestWhereNothingIsInstalledAnyReleaseIsOneStepAway(t *testing.T) {
	steps, err := upgrade.Plan(product(t), release.Version{}, v("3.0.1"))
	if err != nil || len(steps) != 1 || steps[0].Version != v("3.0.1") {
		t.Errorf("%v, %v", steps, err)
	}
}

func TestAPathTellsStopsAndConditions(t *testing.T) {
	steps, err := upgrade.Plan(product(t), v("2.2.3"), v("2.4.7"))
	if err != nil || len(steps) != 2 {
		t.Fatal(steps, err)
	}
	if steps[0].Stop != "migrates the index" || steps[0].Channel != "lts-2.4" || len(steps[0].Conditions) != 1 {
		t.Errorf("%+v", steps[0])
	}
	if steps[1].Stop != "" || len(steps[1].Conditions) != 0 {
		t.Errorf("%+v", steps[1])
	}
}

func TestADeadEndSaysHowFarOneGets(t *testing.T) {
	lines := product(t)[:2]
	lines = append(lines, line(t, "3.0", "3.0.0", release.Upgrades{From: ">=2.5.0"}))
	_, err := upgrade.Plan(lines, v("2.2.3"), v("3.0.0"))
	var no *upgrade.Refusal
	if !errors.As(err, &no) || no.Code != upgrade.CodeNoWay || !strings.Contains(no.Remedy, "2.4.7") {
		t.Errorf("%v", err)
	}
}

func TestAFloorTakesOldReleasesOffTheWay(t *testing.T) {
	lines := product(t)
	lines[1].Standing.Floor = &release.Floor{Version: v("2.4.2"), Reason: "CVE"}
	if _, err := upgrade.Plan(lines, v("2.2.3"), v("3.0.1")); err == nil {
		t.Error("the stop lies below the floor, and was used")
	}
	lines[1].Standing.Upgrade.Stops = nil // newer news replaces the stop
	if _, err := upgrade.Plan(lines, v("2.2.3"), v("3.0.1")); err != nil {
		t.Error(err)
	}
}

func BenchmarkPlan(b *testing.B) {
	var lines []upgrade.Line
	for minor := range 20 {
		l, _ := release.ParseLine(fmt.Sprintf("2.%d", minor))
		s := &release.Standing{Channel: fmt.Sprintf("lts-2.%d", minor), Line: l}
		if minor > 0 {
			s.Upgrade.From = fmt.Sprintf(">=2.%d.5 <2.%d.0", minor-1, minor)
		}
		var known []release.Version
		for patch := range 50 {
			known = append(known, v(fmt.Sprintf("2.%d.%d", minor, patch)))
		}
		lines = append(lines, upgrade.Line{Standing: s, Releases: known})
	}
	for b.Loop() {
		if steps, err := upgrade.Plan(lines, v("2.0.0"), v("2.19.49")); err != nil || len(steps) != 20 {
			b.Fatal(len(steps), err)
		}
	}
}
