package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
)

// shown is a status as people see it.
func shown(channels ...project.ChannelStatus) string {
	var b bytes.Buffer
	printStatus(IO{Out: &b}, &b, &project.Status{Product: "acme", Time: time.Date(2026, 3, 3, 10, 30, 0, 0, time.UTC), Channels: channels})
	return b.String()
}

func TestStatusFitsAHundredColumnsWhateverTheNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long-", 12) + "name"
	got := shown(
		project.ChannelStatus{Name: "rolling", Kind: release.Rolling, Missing: "refs/remotes/origin/" + long, Rings: []project.RingStatus{{
			Decision: ring.Decision{
				Ring: long, Runs: release.MustVersion("2026.1231.10-rc.1"), Action: ring.RolledBack,
				Reason: "rolled back: " + strings.Repeat("because it was not well ", 10), Hint: "relctl resume rolling --ring " + long,
			},
			Soak:  &project.SoakStatus{Needed: 86400, Healthy: 3661},
			Gates: []release.Verdict{{Gate: long, Status: release.Pass}},
		}}},
		project.ChannelStatus{Name: "lts-" + long, Kind: release.LTS, Open: &project.OpenRelease{Version: release.MustVersion("2.4.3"), By: "A <a@acme.example>"}},
	)
	for line := range strings.Lines(got) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > statusWidth {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	for _, want := range []string{"2026.1231.10-rc.1", "1h1m of 24h", "rolled-back", "--ring " + long, "relctl abandon"} {
		if !strings.Contains(strings.Join(strings.Fields(got), " "), want) {
			t.Errorf("%q is not told:\n%s", want, got)
		}
	}
}

func TestStatusSaysOnceWhatIsTheSameForManyRings(t *testing.T) {
	t.Parallel()
	var rings []project.RingStatus
	for _, name := range []string{"one", "two", "three"} {
		rings = append(rings, project.RingStatus{Decision: ring.Decision{Ring: name, Action: ring.Held, Reason: "held by all", Hint: "relctl resume rolling"}})
	}
	rings[1].Refused = "1.0.0 was rejected by event 7"
	got := shown(project.ChannelStatus{Name: "rolling", Kind: release.Rolling, Rings: rings})
	if !strings.Contains(got, "  one, two, three: held by all\n    relctl resume rolling\n") || strings.Count(got, "held by all") != 1 {
		t.Errorf("the reason is not told once:\n%s", got)
	}
	if !strings.Contains(got, "  two: it runs what may go nowhere: 1.0.0 was rejected by event 7\n") {
		t.Errorf("a rejection is not told:\n%s", got)
	}
}

func TestSoakAndGatesInAFewWords(t *testing.T) {
	t.Parallel()
	for want, k := range map[string]*project.SoakStatus{
		"-":             nil,
		"0s of 2h":      {Needed: 7200},
		"30s of 1m":     {Needed: 60, Healthy: 30},
		"1h10m of 2h":   {Needed: 7200, Healthy: 4229},
		"2h done":       {Needed: 7200, Healthy: 9000},
		"no word of 2h": {Needed: 7200, Missing: []string{"eu-1"}},
		"sick: eu-1":    {Needed: 7200, Healthy: 9000, Sick: "eu-1"},
		"waived":        {Needed: 7200, Waiver: 3},
	} {
		if got := soakWords(k); got != want {
			t.Errorf("%+v: %q, want %q", k, got, want)
		}
	}
	pass, fail, open := release.Verdict{Gate: "a", Status: release.Pass}, release.Verdict{Gate: "b", Status: release.Fail}, release.Verdict{Gate: "c", Status: release.NotEvaluated}
	for want, gates := range map[string][]release.Verdict{
		"-": nil, "a pass": {pass}, "c not asked": {open}, "1 fail, 2 pass, 1 not asked": {fail, pass, open, pass},
	} {
		if got := gatesWords(gates); got != want {
			t.Errorf("%+v: %q, want %q", gates, got, want)
		}
	}
}

func TestSupportLeftInAFewWords(t *testing.T) {
	t.Parallel()
	ten := 10
	for want, l := range map[string]*project.SupportLeft{
		"-":                                   nil,
		"full":                                {Phase: project.PhaseFull},
		"full, end of life in 10 days":        {Phase: project.PhaseFull, Days: &ten},
		"maintenance, end of life in 10 days": {Phase: project.PhaseMaintenance, Days: &ten},
		"ended by event 9":                    {Phase: project.PhaseEOL, Ended: 9},
	} {
		if got := supportWords(l); got != want {
			t.Errorf("%+v: %q, want %q", l, got, want)
		}
	}
}
