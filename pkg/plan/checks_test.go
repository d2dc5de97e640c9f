package plan_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
)

const demanding = rolling + "checks: [unit, e2e]\n"

// reported answers for CI: what is listed of a commit passed, or failed if it begins with "!".
func reported(of map[string]string) func(*plan.Request) {
	return func(req *plan.Request) {
		req.Checks = func(_ context.Context, commit string) (map[string]ledger.Check, error) {
			out := map[string]ledger.Check{}
			for i, name := range strings.Fields(of[commit]) {
				name, failed := strings.CutPrefix(name, "!")
				out[name] = ledger.Check{Status: release.Pass, Event: uint64(i + 2), Signer: "ci"}
				if failed {
					out[name] = ledger.Check{Status: release.Fail, Event: uint64(i + 2)}
				}
			}
			return out, nil
		}
	}
}

func TestAPlanTakesTheNewestCommitWhoseChecksPassed(t *testing.T) {
	t.Parallel()
	p := begin(t, rollingFile, demanding)
	p.Tag("app-1.0.0")
	before := p.Head()
	p.adopt("rolling", "1.0.0")
	one := p.Commit("fix: one")
	p.Branch("side")
	side := p.Commit("fix: on the side")
	p.Checkout("main")
	p.Merge("side", "Merge branch 'side'")
	merge := p.Head()
	last := p.Commit("feat: two")
	p.fetch()
	for name, c := range map[string]struct {
		checks  map[string]string
		commit  string
		version string
		status  release.Status
		skipped []string
		says    string
	}{
		"the head": {map[string]string{last: "e2e unit more"}, last, "1.1.0", release.Pass, nil, "(ledger 3, 2), signed by ci"},
		"one before it, by whose changes the version goes": {
			map[string]string{last: "unit !e2e", merge: "unit e2e"}, merge, "1.0.1", release.Pass,
			[]string{last + " e2e failed (ledger event 3)"}, "passed on " + release.Short(merge),
		},
		"of the branch itself, not of what was merged": {
			map[string]string{side: "unit e2e", one: "unit e2e"}, one, "1.0.1", release.Pass,
			[]string{last + " unit has not reported, e2e has not reported", merge + " unit has not reported, e2e has not reported"}, "unit, e2e passed",
		},
		"never what is released": {
			map[string]string{before: "unit e2e", merge: "unit"}, last, "1.1.0", release.NoData, nil, "no commit since the last release passed all checks: " + release.Short(last),
		},
		"a failure is no silence": {map[string]string{last: "!unit"}, last, "1.1.0", release.Fail, nil, "unit failed (ledger event 2), e2e has not reported"},
	} {
		made := p.must("rolling", reported(c.checks))
		var skipped []string
		for _, s := range made.Skipped {
			skipped = append(skipped, s.Commit+" "+s.Reason)
		}
		v := verdict(t, made.Verdicts, plan.GateChecks)
		if made.Inputs.Commit != c.commit || made.Inputs.Version.String() != c.version || v.Status != c.status || !strings.Contains(v.Reason, c.says) {
			t.Errorf("%s: %s at %s, %s: %s", name, made.Inputs.Version, made.Inputs.Commit, v.Status, v.Reason)
		}
		if !slices.Equal(skipped, c.skipped) || made.SkippedCount != len(skipped) {
			t.Errorf("%s: passed over %q", name, skipped)
		}
	}
	p.Git("update-ref", "refs/remotes/origin/main", before)
	if _, err := p.plan("rolling", reported(nil)); as[*plan.EmptyError](t, err).Previous.String() != "1.0.0" {
		t.Error(err)
	}
}

func TestChecksThatCannotBeReadStopThePlanAndMissingOnesAreNoData(t *testing.T) {
	t.Parallel()
	p := begin(t, rollingFile, demanding)
	for range 12 {
		p.Commit("fix: something")
	}
	p.fetch()
	v := verdict(t, p.must("rolling").Verdicts, plan.GateChecks)
	if v.Status != release.NoData || !strings.HasSuffix(v.Reason, "; and 10 more") {
		t.Errorf("%s: %s", v.Status, v.Reason)
	}
	unreadable := errors.New("unreadable")
	_, err := p.plan("rolling", func(req *plan.Request) {
		req.Checks = func(context.Context, string) (map[string]ledger.Check, error) { return nil, unreadable }
	})
	if !errors.Is(err, unreadable) {
		t.Error(err)
	}
}

func TestAWaiverOfTheChecksLetsTheHeadThrough(t *testing.T) {
	t.Parallel()
	p := begin(t, rollingFile, demanding)
	one := p.Commit("fix: one")
	last := p.Commit("fix: two")
	p.record(ledger.Event{Type: ledger.TypeWaive, Channel: "rolling", Reason: "by hand", Waive: &ledger.Waive{Gate: plan.GateChecks, Expires: now.Add(time.Hour)}})
	made := p.must("rolling", reported(map[string]string{one: "unit e2e"}))
	if v := verdict(t, made.Verdicts, plan.GateChecks); made.Inputs.Commit != last || v.Status != release.Waived {
		t.Errorf("%s: %s: %s", made.Inputs.Commit, v.Status, v.Reason)
	}
}

func TestAChannelWithoutChecksAsksForNone(t *testing.T) {
	t.Parallel()
	p := begin(t)
	last := p.Commit("fix: one")
	p.fetch()
	made := p.must("rolling", reported(nil))
	if made.Inputs.Commit != last || slices.ContainsFunc(made.Verdicts, func(v release.Verdict) bool { return v.Gate == plan.GateChecks }) {
		t.Errorf("%s: %v", made.Inputs.Commit, made.Verdicts)
	}
}
