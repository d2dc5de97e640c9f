package ring_test

import (
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
)

// replayed judges the records of a promotion again, and returns the statuses by gate.
func replayed(t testing.TB, e *ledger.Event) map[string]release.Status {
	t.Helper()
	out := map[string]release.Status{}
	for _, v := range e.Promote.Verdicts {
		if v.Record == nil {
			continue
		}
		r, again, err := gate.Replay(v.Record)
		if err != nil || r.Gate != v.Gate || r.Channel != "rolling" || r.Version != e.Promote.Version.String() {
			t.Errorf("%s: record of %s about %s %s, %v", v.Gate, r.Gate, r.Channel, r.Version, err)
		}
		out[r.Gate+" of "+r.Ring] = again.Status
	}
	return out
}

func TestAPromotionCarriesWhatItsSoakFollowsFrom(t *testing.T) {
	t.Parallel()
	s := newService(t, policy())
	s.cut("1.0.0")
	s.advance()
	if got := replayed(t, &s.log[len(s.log)-1].Event); len(got) != 1 || got["freeze of canary"] != release.Pass {
		t.Errorf("without a soak before it: %v", got)
	}
	s.answer("canary", "errors", release.Pass, "0.001")
	s.pass(2 * time.Hour)
	s.advance()
	got := replayed(t, &s.log[len(s.log)-1].Event)
	if len(got) != 2 || got["soak of canary"] != release.Pass || got["freeze of all"] != release.Pass {
		t.Errorf("%v", got)
	}
	for _, d := range s.Decide() {
		for _, v := range d.Verdicts {
			if v.Record != nil {
				t.Errorf("looking at %s writes records: %s", d.Ring, v.Gate)
			}
		}
	}
}

func TestAWaivedSoakIsRecordedAsItWas(t *testing.T) {
	t.Parallel()
	s := twoReleases(t)
	s.Waived = func(_ ring.Question, gate string) (uint64, string, bool) {
		return 7, "known noise", gate == ring.GateSoak
	}
	wantSteps(t, s.advance(), "1.1.0>all")
	e := &s.log[len(s.log)-1].Event
	if got := replayed(t, e); got["soak of canary"] == release.Pass || e.Promote.Verdicts[0].Status != release.Waived {
		t.Errorf("%v, recorded as %s", got, e.Promote.Verdicts[0].Status)
	}
}
