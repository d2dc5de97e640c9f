package ring_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
)

func wantSteps(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("automation did %q, want %q", got, want)
	}
}

func TestATrainGoesFromRingToRingAsItSoaks(t *testing.T) {
	t.Parallel()
	s := newService(t, policy())
	s.expect("dogfood", ring.UpToDate, "no release to promote")
	s.cut("1.0.0")
	s.expect("dogfood", ring.Promote, "promote 1.0.0 to ring dogfood: it is the newest release")
	wantSteps(t, s.advance(), "1.0.0>dogfood", "1.0.0>canary")
	s.expect("all", ring.Wait, "all: wait until 2026-03-02 10:00 UTC: soak of 1.0.0: healthy in canary for 0s of 2h")
	s.pass(80 * time.Minute)
	s.expect("all", ring.Wait, "wait until 2026-03-02 10:00 UTC: soak of 1.0.0: healthy in canary for 1h20m of 2h")
	wantSteps(t, s.advance())
	s.pass(40 * time.Minute)
	s.expect("all", ring.Blocked, "gate errors no-data: it was not asked")
	if q := s.Questions(); len(q) != 1 || q[0] != (ring.Question{Ring: "canary", Version: version("1.0.0")}) {
		t.Errorf("the gates to ask are %+v", q)
	}
	s.answer("canary", "errors", release.Fail, "0.2 is not < 0.01")
	s.expect("all", ring.Blocked, "gate errors fail: 0.2")
	s.answer("canary", "errors", release.Pass, "0.001")
	wantSteps(t, s.advance(), "1.0.0>all")
	if v := s.log[len(s.log)-1].Promote.Verdicts; len(v) != 3 || v[0].Gate != ring.GateSoak || v[1].Gate != "errors" || v[2].Gate != ring.GateFreeze {
		t.Errorf("the verdicts recorded are %+v", release.WithoutRecords(v))
	}
	s.expect("all", ring.UpToDate, "runs 1.0.0")
	wantSteps(t, s.advance())
	if targets := s.Targets(); len(targets) != 3 || targets[2].Version.String() != "1.0.0" || targets[2].Release != digest {
		t.Errorf("%+v", targets)
	}
}

// twoReleases have 1.0.0 in all rings, soaked, and 1.1.0 in dogfood and canary for an hour.
func twoReleases(t testing.TB) *service {
	s := newService(t, policy())
	s.cut("1.0.0")
	s.advance()
	s.answer("canary", "errors", release.Pass, "0.001")
	s.pass(2 * time.Hour)
	s.advance()
	s.pass(24 * time.Hour)
	s.cut("1.1.0")
	s.advance()
	s.answer("canary", "errors", release.Pass, "0.001")
	s.pass(time.Hour)
	if s.runs("all") != "1.0.0" || s.runs("canary") != "1.1.0" {
		t.Fatalf("all runs %s, canary %s", s.runs("all"), s.runs("canary"))
	}
	return s
}

func TestATrainIsNeverReplacedWhileItSoaks(t *testing.T) {
	t.Parallel()
	s := twoReleases(t)
	s.cut("1.2.0")
	wantSteps(t, s.advance(), "1.2.0>dogfood")
	s.expect("canary", ring.Wait, "1.2.0 is next, but 1.1.0 has not gone on to all yet")
	s.cut("1.3.0")
	s.expect("dogfood", ring.Wait, "1.3.0 is next, but 1.2.0 has not gone on to canary yet")
	s.pass(time.Hour)
	wantSteps(t, s.advance(), "1.1.0>all", "1.2.0>canary", "1.3.0>dogfood")
	s.pass(2 * time.Hour)
	s.answer("canary", "errors", release.Pass, "0.001")
	s.expect("all", ring.Wait, "wait until 2026-03-04 12:00 UTC: 1.2.0 is next, but 1.1.0 soaks: healthy in all for 2h of 24h")
	s.pass(22 * time.Hour)
	wantSteps(t, s.advance(), "1.2.0>all", "1.3.0>canary")
}

func TestARejectedReleaseMakesRoomAndNeverComesAgain(t *testing.T) {
	t.Parallel()
	s := twoReleases(t)
	s.do(s.Reject(version("1.1.0"), "orders fail"))
	s.expect("all", ring.Rejected, "1.1.0 was rejected by event")
	s.expect("canary", ring.Rejected, "and nothing newer may come")
	s.pass(5 * time.Hour)
	wantSteps(t, s.advance())
	s.cut("1.2.0")
	wantSteps(t, s.advance(), "1.2.0>dogfood", "1.2.0>canary")
	s.do(s.Reject(version("1.2.0"), "orders fail"))
	wantSteps(t, s.advance())
	refused(t, "1.2.0 was rejected")(s.Promote(version("1.2.0"), "all", nil))
}

func TestARollbackStaysUntilItIsResumedAndTheSoakBeginsAnew(t *testing.T) {
	t.Parallel()
	s := twoReleases(t)
	s.pass(time.Hour)
	s.advance()
	s.do(s.Rollback("all", release.Version{}, "orders fail", false))
	if s.runs("all") != "1.0.0" {
		t.Fatalf("all runs %s", s.runs("all"))
	}
	s.expect("all", ring.RolledBack, "rolled back to 1.0.0 by Person")
	s.pass(5 * time.Hour)
	wantSteps(t, s.advance())
	refused(t, "waiting for resume: orders fail")(s.Promote(release.Version{}, "all", nil))
	s.do(s.Resume("all", "mended"))
	wantSteps(t, s.advance(), "1.1.0>all")

	s = twoReleases(t)
	s.do(s.Rollback("canary", release.Version{}, "orders fail", false))
	s.do(s.Resume("canary", ""))
	wantSteps(t, s.advance(), "1.1.0>canary")
	s.pass(90 * time.Minute)
	s.expect("all", ring.Wait, "healthy in canary for 1h30m of 2h")
}

func TestAHoldStopsOneRingOrAll(t *testing.T) {
	t.Parallel()
	s := twoReleases(t)
	s.pass(time.Hour)
	s.do(s.Hold("all", "on-call is alone"))
	s.cut("1.2.0")
	s.expect("all", ring.Held, "on-call is alone")
	s.expect("dogfood", ring.Promote, "1.2.0")
	s.do(s.Hold("", "inventory"))
	s.expect("dogfood", ring.Held, "inventory")
	wantSteps(t, s.advance())
	s.do(s.Resume("", ""))
	s.do(s.Resume("all", ""))
	wantSteps(t, s.advance(), "1.1.0>all", "1.2.0>dogfood", "1.2.0>canary")
}

func TestFreezesOfTheFileAndOfThePeopleStopPromotions(t *testing.T) {
	t.Parallel()
	s := twoReleases(t)
	s.pass(time.Hour)
	s.Policy.Freeze = []gate.Window{{Name: "spring", From: "2026-03-03", To: "2026-03-04", Timezone: "Europe/Berlin"}}
	s.expect("all", ring.Frozen, "frozen by spring until 2026-03-04 23:00 UTC")
	wantSteps(t, s.advance())
	s.Policy.Freeze = nil
	s.do(s.Freeze(ledger.Freeze{Name: "fair", Rings: []string{"all"}, Until: s.Now.Add(time.Hour)}, "trade fair"))
	s.expect("all", ring.Frozen, "frozen by fair until 2026-03-03 13:00 UTC")
	if d := s.decision("all"); !d.Until.Equal(s.Now.Add(time.Hour)) {
		t.Errorf("look again at %s", d.Until)
	}
	s.do(s.Thaw("fair", "it is over"))
	wantSteps(t, s.advance(), "1.1.0>all")
	s.Policy.Freeze = []gate.Window{{Name: "bad", Timezone: "Nowhere/Here", From: "2026-03-03", To: "2026-03-04"}}
	s.cut("1.2.0")
	s.expect("dogfood", ring.Blocked, "freeze bad")
}

func TestTheFastLaneNeedsLessSoakPassesFreezesAndOvertakes(t *testing.T) {
	t.Parallel()
	s := twoReleases(t)
	s.cut("1.2.0")
	s.do(s.Freeze(ledger.Freeze{Name: "fair"}, "trade fair"))
	s.expect("dogfood", ring.Frozen, "until it is thawed")
	refused(t, "0 of 2 approvals")(s.Promote(version("1.2.0"), "dogfood", &ring.FastLane{Reason: "CVE"}))
	fast := s.approve("1.2.0")
	noReason := *fast
	noReason.Reason = ""
	refused(t, "needs a reason")(s.Promote(version("1.2.0"), "dogfood", &noReason))
	s.do(s.Promote(version("1.2.0"), "dogfood", fast))
	s.expect("canary", ring.Promote, "on the fast lane, overtakes 1.1.0")
	wantSteps(t, s.advance(), "1.2.0>canary")
	if p := s.log[len(s.log)-1]; !p.Promote.FastLane || !slices.Equal(p.Promote.Approvals, fast.Approvals) || p.Reason != "CVE-2026-1" {
		t.Errorf("recorded is %+v", p)
	}
	s.answer("canary", "errors", release.Pass, "0.001")
	s.pass(10 * time.Minute)
	s.expect("all", ring.Wait, "healthy in canary for 10m of 15m")
	s.pass(5 * time.Minute)
	wantSteps(t, s.advance(), "1.2.0>all")
	s.do(s.Reject(version("1.2.0"), "worse"))
	refused(t, "ring all is frozen by fair")(s.Rollback("all", release.Version{}, "worse", false))
	s.do(s.Rollback("all", release.Version{}, "worse", true))
	if s.runs("all") != "1.0.0" {
		t.Errorf("all runs %s, and 1.1.0 never did", s.runs("all"))
	}
}

func TestASoakThatIsNotHealthyOrNotKnownBlocks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		then   func(*service)
		action ring.Action
		says   string
	}{
		"a cell that fails":             {func(s *service) { s.Now = s.Now.Add(time.Minute); s.see("canary", "eu-1", release.Fail, time.Minute) }, ring.Blocked, "gate soak fail: healthy in canary for 0s of 2h; eu-1 was not healthy at 2026-03-03 11:01 UTC"},
		"a cell that failed begins new": {func(s *service) { s.see("canary", "eu-1", release.Fail, time.Minute); s.pass(30 * time.Minute) }, ring.Wait, "30m of 2h"},
		"no word for too long":          {func(s *service) { s.Now = s.Now.Add(3 * time.Hour) }, ring.Blocked, "gate soak no-data"},
		"no word for a moment":          {func(s *service) { s.Now = s.Now.Add(10 * time.Minute) }, ring.Wait, "1h of 2h"},
		"a gap":                         {func(s *service) { s.Now = s.Now.Add(time.Hour); s.pass(70 * time.Minute) }, ring.Wait, "1h10m of 2h"},
		"the cell runs another release": {func(s *service) {
			for i := range s.Observed {
				s.Observed[i].Version = version("1.0.0")
			}
		}, ring.Blocked, "no word from eu-1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := twoReleases(t)
			c.then(s)
			s.expect("all", c.action, c.says)
			wantSteps(t, s.advance())
		})
	}
}

func TestARingMayAskForDenserObservations(t *testing.T) {
	t.Parallel()
	s := twoReleases(t)
	s.Policy.Rings[1].MaxGap = 5 * time.Minute
	s.expect("all", ring.Wait, "1h of 2h")
	s.Now = s.Now.Add(10 * time.Minute)
	s.expect("all", ring.Blocked, "gate soak no-data")
	s.Policy.Rings[1].MaxGap = 20 * time.Minute
	s.expect("all", ring.Wait, "1h of 2h")
}

func TestAWaiverLetsASoakThroughAndIsNamed(t *testing.T) {
	t.Parallel()
	s := twoReleases(t)
	s.Waived = func(ring.Question, string) (uint64, string, bool) { return 0, "", false }
	s.expect("all", ring.Wait, "1h of 2h")
	s.Waived = func(q ring.Question, gate string) (uint64, string, bool) {
		return 7, "known noise", gate == ring.GateSoak && q == ring.Question{Ring: "canary", Version: version("1.1.0")}
	}
	wantSteps(t, s.advance(), "1.1.0>all")
	if v := s.log[len(s.log)-1].Promote.Verdicts[0]; v.Status != release.Waived || v.Waiver != 7 {
		t.Errorf("%+v", v)
	}
}

func TestNothingHappensOnAnEventThatNobodySigned(t *testing.T) {
	t.Parallel()
	s := twoReleases(t)
	s.cut("1.2.0")
	s.Unsigned = 5
	s.expect("dogfood", ring.Blocked, "event 5 of the ledger lacks the signature of role deploy")
	wantSteps(t, s.advance())
}

func TestCommandsExplainWhyTheyCannotBeDone(t *testing.T) {
	t.Parallel()
	s := twoReleases(t)
	s.cut("1.2.0")
	refused(t, "has no ring")(s.Promote(version("1.2.0"), "nowhere", nil))
	refused(t, "1.2.0 does not run in ring dogfood")(s.Promote(version("1.2.0"), "canary", nil))
	refused(t, "9.0.0 is not released")(s.Promote(version("9.0.0"), "dogfood", nil))
	refused(t, "ring all runs 1.0.0 already")(s.Promote(version("1.0.0"), "all", nil))
	refused(t, "ring canary runs 1.1.0, which is newer than 1.0.0")(s.Promote(version("1.0.0"), "canary", nil))
	refused(t, "1h of 2h")(s.Promote(version("1.1.0"), "all", nil))
	refused(t, "has no ring")(s.Rollback("nowhere", release.Version{}, "why", false))
	refused(t, "ran no older release")(s.Rollback("all", release.Version{}, "why", false))
	refused(t, "no reason")(s.Rollback("canary", release.Version{}, " ", false))
	refused(t, "1.2.0 is not older")(s.Rollback("canary", version("1.2.0"), "why", false))
	refused(t, "has no ring")(s.Hold("nowhere", "why"))
	refused(t, "has no ring")(s.Resume("nowhere", ""))
	refused(t, "neither held nor rolled back")(s.Resume("canary", ""))
	refused(t, "has no ring")(s.Freeze(ledger.Freeze{Name: "fair", Rings: []string{"nowhere"}}, "why"))
	refused(t, "neither rolled back nor rejected")(s.Exonerate(version("1.1.0"), nil, "why"))
	s.Policy.Freeze = []gate.Window{{Name: "year-end", From: "2026-12-20", To: "2027-01-04"}}
	refused(t, "channel file has a freeze year-end")(s.Freeze(ledger.Freeze{Name: "year-end"}, "why"))
	refused(t, "stands in the channel file")(s.Thaw("year-end", ""))
	s.cut("1.3.0")
	refused(t, "1.3.0 is newer than 1.2.0, and may go")(s.Promote(version("1.2.0"), "dogfood", nil))
	if e, err := s.Promote(release.Version{}, "dogfood", nil); err != nil || e.Promote.Version.String() != "1.3.0" {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestAHintNamesARollbackOnlyWhereThereIsSomethingToGoBackTo(t *testing.T) {
	t.Parallel()
	s := twoReleases(t)
	s.do(s.Reject(version("1.1.0"), "orders fail"))
	if d := s.decision("canary"); !strings.HasPrefix(d.Hint, "relctl rollback rolling --ring canary") || !strings.Contains(d.Hint, "back to 1.0.0") {
		t.Errorf("with an older release: %q", d.Hint)
	}
	s.do(s.Reject(version("1.0.0"), "so do its own"))
	for _, name := range []string{"canary", "all"} {
		if d := s.decision(name); d.Action != ring.Rejected || !strings.HasPrefix(d.Hint, "relctl cut rolling") {
			t.Errorf("%s without one: %s, %q", name, d.Action, d.Hint)
		}
	}
	_, err := s.Rollback("canary", release.Version{}, "why", false)
	if hint := err.(*ring.Refusal).Hint(); !strings.HasPrefix(hint, "relctl cut rolling") { //nolint:errorlint,forcetypeassert // it is one
		t.Errorf("what was rejected is to be rejected: %q", hint)
	}
	_, err = s.Promote(version("1.0.0"), "canary", nil)
	if hint := err.(*ring.Refusal).Hint(); hint != "" { //nolint:errorlint,forcetypeassert // it is one
		t.Errorf("a rejected release is named: %q", hint)
	}
}
