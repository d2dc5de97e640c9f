package ring_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
)

// contents says that each release brings one change, named after it, and holds those of the older ones.
func contents(c *ledger.Channel) ring.Contents {
	return ring.Contents{
		New: func(v release.Version) []string { return []string{"change-" + v.String()} },
		Holds: func(v release.Version) []string {
			var out []string
			for _, rel := range c.Releases[:c.Index(v)+1] {
				out = append(out, "change-"+rel.Version.String())
			}
			return out
		},
	}
}

func TestACellRanAReleaseFromItsFirstWordToTheEndOfTheEpisode(t *testing.T) {
	t.Parallel()
	s := twoReleases(t)
	c := s.State.Channels["rolling"]
	h := ring.History(c, "canary", s.Observed, contents(c))
	if len(h.Stays) != 2 {
		t.Fatalf("%+v", h.Stays)
	}
	first, second := h.Stays[0], h.Stays[1]
	if first.Cell != "eu-1" || first.Release != "1.0.0" || !first.From.Equal(begin) || !first.Until.Equal(s.Now.Add(-time.Hour)) {
		t.Errorf("%+v", first)
	}
	if second.Release != "1.1.0" || !second.Until.IsZero() || len(second.Changes) != 2 {
		t.Errorf("%+v", second)
	}

	// What a cell says of the time before the promotion, of another ring or of a release that never came proves nothing.
	from := s.State.Channels["rolling"].Rings["canary"].Stays[1].Time
	saw := func(ringName, v string, kind ledger.ObserveKind, begin, end time.Duration) ledger.Observation {
		return ledger.Observation{Time: from.Add(end), Observe: ledger.Observe{
			Kind: kind, Cell: "eu-1", Ring: ringName, Version: version(v), Status: release.Pass, From: from.Add(begin), To: from.Add(end),
		}}
	}
	h = ring.History(c, "canary", []ledger.Observation{
		saw("canary", "1.1.0", ledger.ObserveHealth, -2*time.Hour, -time.Hour),
		saw("all", "1.1.0", ledger.ObserveHealth, 0, time.Hour),
		saw("canary", "9.0.0", ledger.ObserveHealth, 0, time.Hour),
		saw("canary", "1.1.0", ledger.ObserveHealth, time.Hour, 2*time.Hour),
		saw("canary", "1.1.0", ledger.ObserveHealth, -time.Minute, time.Minute),
	}, ring.Contents{})
	if len(h.Stays) != 1 || !h.Stays[0].From.Equal(from) {
		t.Errorf("%+v", h.Stays)
	}
	deployed := saw("canary", "1.1.0", ledger.ObserveDeployed, -time.Hour, time.Minute)
	deployed.To = time.Time{}
	if h := ring.History(c, "canary", []ledger.Observation{deployed}, ring.Contents{}); len(h.Stays) != 1 || len(h.Observations) != 0 || !h.Stays[0].From.Equal(from) {
		t.Errorf("what is deployed gave %+v", h)
	}
}

func TestAChangeSoaksAcrossReleasesUntilOneIsRolledBack(t *testing.T) {
	t.Parallel()
	s := twoReleases(t)
	s.answer("canary", "errors", release.Pass, "")
	s.pass(time.Hour)
	s.advance()
	s.pass(30 * time.Hour)
	measure := func(change string) gate.Soaked {
		c := s.State.Channels["rolling"]
		q := gate.Soak{Change: change, Cells: []string{"eu-2", "us-1"}, For: 72 * 3600, MaxGap: 900}
		return q.Measure(ring.History(c, "all", s.Observed, contents(c)), s.Now)
	}
	if got := measure("change-1.0.0").Healthy(); got != 56*time.Hour {
		t.Errorf("the old change was healthy for %s: 26h in 1.0.0 and 30h in 1.1.0", got)
	}
	if got := measure("change-1.1.0").Healthy(); got != 30*time.Hour {
		t.Errorf("the new change was healthy for %s", got)
	}
	s.do(s.Rollback("all", release.Version{}, "orders fail", false))
	s.Now = s.Now.Add(time.Minute)
	if got := measure("change-1.1.0"); got.Healthy() != 0 || got.Void == nil || got.Void.Kind != "rollback" || got.Void.Release != "1.1.0" {
		t.Errorf("after the rollback: %+v", got)
	}
	if got := measure("change-1.0.0").Healthy(); got != 56*time.Hour {
		t.Errorf("the old change was healthy for %s", got)
	}
	s.do(s.Exonerate(version("1.1.0"), nil, "it was the network"))
	if got := measure("change-1.1.0").Healthy(); got != 30*time.Hour {
		t.Errorf("after the exoneration: %s", got)
	}
	s.do(s.Reject(version("1.1.0"), "after all"))
	s.Now = s.Now.Add(time.Minute)
	if got := measure("change-1.1.0"); got.Healthy() != 0 || got.Void.Kind != "reject" {
		t.Errorf("after the rejection: %+v", got)
	}
}

func TestAHistoryIsWhatTheSoakGateRecordsAndReplays(t *testing.T) {
	t.Parallel()
	s := twoReleases(t)
	c := s.State.Channels["rolling"]
	g := gate.SoakGate{
		Soak:    gate.Soak{Change: "change-1.0.0", Cells: []string{"eu-2", "us-1"}, For: 24 * 3600, MaxGap: 900},
		History: ring.History(c, "all", s.Observed, contents(c)), At: s.Now,
	}
	rec := g.Observe(context.Background(), gate.Subject{})
	data, err := json.Marshal(rec)
	if err != nil {
		t.Fatal(err)
	}
	_, v, err := gate.Replay(data)
	if err != nil || v.Status != release.Pass || !strings.Contains(v.Reason, "24h") {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestTheSoakOfARingCanBeRecordedAndReplayed(t *testing.T) {
	t.Parallel()
	s := twoReleases(t)
	for _, want := range []release.Status{release.Fail, release.Pass} {
		g, err := s.SoakGate("canary")
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(g.Observe(context.Background(), gate.Subject{}))
		if err != nil {
			t.Fatal(err)
		}
		if _, got, err := gate.Replay(data); err != nil || got.Status != want {
			t.Errorf("%+v, %v; want %s", got, err, want)
		}
		s.pass(time.Hour)
	}
	if _, err := s.SoakGate("nowhere"); err == nil {
		t.Error("a ring that is none has a soak")
	}
}
