package plan_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
)

// soaked are the files of a line whose changes must soak for three days in a ring of two cells.
var soaked = []string{
	productFile, product + "roles:\n  qa: [{name: qa-1, ssh: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPuSPPVFU8SkX8Z0JdmyVs4p0PSqkGzb1g4m7u1Tn9Wd}]\n",
	ltsFile, lts + "source: rolling\nsoak: {ring: all, for: 72h, approval: {role: qa}}\n",
	rollingFile, rolling + "rings:\n  - {name: canary, cells: [eu-1]}\n  - {name: all, cells: [eu-2, us-1]}\n",
}

// everything takes every observation and approval of the state as well signed: the fixture's ledger has no commits.
type everything struct{}

func (everything) Ring(_ context.Context, s *ledger.State, source *channel.Channel, name string) (*plan.RingHistory, error) {
	c := s.Channels[source.Name]
	if c == nil {
		return &plan.RingHistory{}, nil
	}
	return &plan.RingHistory{History: ring.History(c, name, c.Observations, ring.Contents{}), Observed: c.Observations}, nil
}

func (everything) Approved(_ context.Context, s *ledger.State, ch *channel.Channel, commit string) ([]uint64, release.Verdict) {
	for _, a := range s.Approvals {
		if a.Channel == ch.Name && a.Approve.Gate == plan.GateSoak && a.Approve.Commit == commit {
			return []uint64{a.Number}, release.Verdict{Status: release.Pass, Reason: "approved"}
		}
	}
	return nil, release.Verdict{Status: release.Fail, Reason: "0 of 1 approvals"}
}

func watched(req *plan.Request) {
	indexed(req)
	req.Service = everything{}
}

// before records an event of the rolling channel as it happened some time before now.
func (p *project) before(ago time.Duration, e ledger.Event) {
	p.t.Helper()
	if p.state.Next == 1 {
		p.apply(ledger.Event{Type: ledger.TypeGenesis, Genesis: &ledger.Genesis{DefaultBranch: "main"}})
	}
	e.Schema, e.Number, e.Time, e.Actor, e.Channel = ledger.EventSchema, p.state.Next, now.Add(-ago), "somebody", "rolling"
	if err := p.state.Apply(ledger.Recorded{Event: e, Commit: strings.Repeat("0", 39) + "1"}); err != nil {
		p.t.Fatal(err)
	}
}

// ship cuts a release of the rolling channel at a revision, and promotes it to a ring.
func (p *project) ship(ago time.Duration, version, revision, to string) {
	p.t.Helper()
	v, commit := release.MustVersion(version), p.Git("rev-parse", revision+"^{commit}")
	in := release.Inputs{Product: "acme", Channel: "rolling", Kind: release.Rolling, Branch: "refs/heads/main", Commit: commit, Version: v}
	made := release.Plan{Schema: release.PlanSchema, Digest: in.Digest(), Inputs: in}
	sequence := p.state.NextSequence("rolling")
	p.before(ago, ledger.Event{Type: ledger.TypeReserve, Reserve: &ledger.Reserve{Plan: made, Sequence: sequence}})
	p.before(ago, ledger.Event{Type: ledger.TypeCut, Cut: &ledger.Cut{
		Plan: made.Digest, Version: v, Sequence: sequence, Commit: commit, Reserve: p.state.Channels["rolling"].Open.Commit, Release: release.Digest([]byte(version)),
	}})
	for _, name := range []string{"canary", "all"} {
		p.before(ago, ledger.Event{Type: ledger.TypePromote, Promote: &ledger.Promote{Version: v, Ring: name, Rings: []string{"canary", "all"}}})
		if name == to {
			return
		}
	}
}

// health records what a cell saw from one moment before now to another.
func (p *project) health(cell, in, version string, from, to time.Duration, status release.Status) {
	p.t.Helper()
	p.before(to, ledger.Event{Type: ledger.TypeObserve, Observe: &ledger.Observe{
		Kind: ledger.ObserveHealth, Status: status, Cell: cell, Ring: in, Version: release.MustVersion(version), From: now.Add(-from), To: now.Add(-to),
	}})
}

// healthy records that both cells of the last ring were well.
func (p *project) healthy(version string, from, to time.Duration) {
	p.t.Helper()
	p.health("eu-2", "all", version, from, to, release.Pass)
	p.health("us-1", "all", version, from, to, release.Pass)
}

const hour = time.Hour

func TestAChangeSoaksOnlyAsItIs(t *testing.T) {
	t.Parallel()
	run := func(p *project) { // everything on main, for 80 hours
		p.ship(100*hour, "1.0.0", "main", "all")
		p.healthy("1.0.0", 90*hour, 10*hour)
	}
	adapt := func(p *project) string {
		p.Checkout("main")
		id := p.Commit("fix: two", "a.txt", "for main\n")
		p.Checkout("release/2.4")
		return p.Commit("fix: two\n\n(cherry picked from commit "+id+")\n", "a.txt", "for 2.4\n")
	}
	approve := func(p *project, commit string) {
		p.record(ledger.Event{Type: ledger.TypeApprove, Channel: "lts-2.4", Approve: &ledger.Approve{Gate: plan.GateSoak, Role: "qa", Commit: commit}})
	}
	rollback := func(p *project) {
		p.before(9*hour, ledger.Event{Type: ledger.TypeRollback, Reason: "errors", Rollback: &ledger.Rollback{
			Ring: "all", From: release.MustVersion("1.0.0"), To: release.MustVersion("0.9.0"),
		}})
	}
	for name, c := range map[string]struct {
		build func(p *project)
		grade release.Grade
		want  release.Status
		// reason stands in the evidence.
		reason string
	}{
		"the same patch ran long enough": {
			func(p *project) { p.backport("fix: two"); run(p) }, release.GradeSamePatchSoaked, release.Pass, "ran healthy in all for 80h, from 2026-01-28 18:00 UTC to 2026-02-01 02:00 UTC, beginning with rolling 1.0.0",
		},
		"nothing ran anywhere": {
			func(p *project) { p.backport("fix: two") }, release.GradeNotSoaked, release.NoData, "is in no release that ran in all",
		},
		"it ran for a day": {
			func(p *project) {
				p.backport("fix: two")
				p.ship(25*hour, "1.0.0", "main", "all")
				p.healthy("1.0.0", 24*hour, 0)
			}, release.GradeNotSoaked, release.Fail, "ran healthy in all for 24h of 72h",
		},
		"a release without it ran": {
			func(p *project) {
				p.backport("fix: two")
				p.ship(100*hour, "1.0.0", "main~1", "all")
				p.healthy("1.0.0", 90*hour, 10*hour)
			}, release.GradeNotSoaked, release.NoData, "is in no release that ran in all",
		},
		"it ran in another ring": {
			func(p *project) {
				p.backport("fix: two")
				p.ship(100*hour, "1.0.0", "main", "canary")
				p.health("eu-1", "canary", "1.0.0", 90*hour, 10*hour, release.Pass)
			}, release.GradeNotSoaked, release.NoData, "is in no release that ran in all",
		},
		"one cell is silent": {
			func(p *project) {
				p.backport("fix: two")
				p.ship(100*hour, "1.0.0", "main", "all")
				p.health("eu-2", "all", "1.0.0", 90*hour, 10*hour, release.Pass)
			}, release.GradeNotSoaked, release.NoData, "and never in us-1",
		},
		"nothing is known of an hour in between": {
			func(p *project) {
				p.backport("fix: two")
				p.ship(100*hour, "1.0.0", "main", "all")
				p.healthy("1.0.0", 90*hour, 50*hour)
				p.healthy("1.0.0", 49*hour, 10*hour)
			}, release.GradeNotSoaked, release.NoData, "ran healthy in all for 40h of 72h",
		},
		"it was sick in between": {
			func(p *project) {
				p.backport("fix: two")
				p.ship(100*hour, "1.0.0", "main", "all")
				p.healthy("1.0.0", 90*hour, 50*hour)
				p.health("us-1", "all", "1.0.0", 50*hour, 49*hour, release.Fail)
				p.healthy("1.0.0", 49*hour, 0)
			}, release.GradeNotSoaked, "", "us-1 was not healthy at",
		},
		"two releases with it, one after the other": {
			func(p *project) {
				p.backport("fix: two")
				p.ship(100*hour, "1.0.0", "main", "all")
				p.healthy("1.0.0", 90*hour, 50*hour)
				p.ship(50*hour, "1.1.0", "main", "all")
				p.healthy("1.1.0", 50*hour, 10*hour)
			}, release.GradeSamePatchSoaked, release.Pass, "for 80h",
		},
		"its release was withdrawn": {
			func(p *project) {
				p.backport("fix: two")
				run(p)
				p.before(hour, ledger.Event{Type: ledger.TypeWithdraw, Reason: "bad", Withdraw: &ledger.Withdraw{Version: release.MustVersion("1.0.0")}})
			}, release.GradeNotSoaked, release.NoData, "is in no release",
		},
		"its release was rolled back": {
			func(p *project) {
				p.backport("fix: two")
				p.ship(200*hour, "0.9.0", "main~1", "all")
				run(p)
				rollback(p)
			}, release.GradeNotSoaked, release.Fail, "ran healthy in all for 0s of 72h since the rollback of 1.0.0 at 2026-02-01 03:00 UTC; it does not run there any more",
		},
		"its release was rolled back, and another change was to blame": {
			func(p *project) {
				p.backport("fix: two")
				p.ship(200*hour, "0.9.0", "main~1", "all")
				run(p)
				rollback(p)
				p.before(8*hour, ledger.Event{Type: ledger.TypeExonerate, Reason: "not this one", Exonerate: &ledger.Exonerate{
					Version: release.MustVersion("1.0.0"), Changes: []string{p.Git("rev-parse", "main")},
				}})
			}, release.GradeSamePatchSoaked, release.Pass, "for 80h",
		},
		"a later release was rolled back, with which it did not come": {
			func(p *project) {
				p.backport("fix: two")
				p.ship(200*hour, "0.9.0", "main", "all")
				p.healthy("0.9.0", 190*hour, 101*hour)
				run(p)
				rollback(p)
			}, release.GradeSamePatchSoaked, release.Pass, "beginning with rolling 0.9.0",
		},
		"an adapted pick": {
			func(p *project) { adapt(p); run(p) }, release.GradeAdapted, release.Fail, "it needs an approval over its own commit",
		},
		"an adapted pick that is approved": {
			func(p *project) { id := adapt(p); run(p); approve(p, id) }, release.GradeAdaptedApproved, release.Pass, "; approved",
		},
		"an adapted pick that is approved by the id of its original": {
			func(p *project) { adapt(p); run(p); approve(p, p.Git("rev-parse", "main")) }, release.GradeAdapted, release.Fail, "needs an approval",
		},
		"an adapted pick that is approved, of what never ran": {
			func(p *project) { approve(p, adapt(p)) }, release.GradeAdapted, release.NoData, "is in no release that ran in all; approved",
		},
		"an adapted pick whose original is waived": {
			func(p *project) {
				adapt(p)
				run(p)
				p.waive(ledger.Waive{Change: p.Git("rev-parse", "main")}, 20)
			}, release.GradeAdapted, release.Fail, "its patch is not that of",
		},
		"a pick with another indentation": {
			func(p *project) {
				p.Checkout("main")
				id := p.Commit("fix: two", "a.yaml", "limits:\n  body: 1\n")
				p.Checkout("release/2.4")
				p.Commit("fix: two\n\n(cherry picked from commit "+id+")\n", "a.yaml", "limits:\nbody: 1\n")
				run(p)
			}, release.GradeAdapted, release.Fail, "its patch is not that of",
		},
		"a pick of two changes in one commit": {
			func(p *project) {
				p.Checkout("main")
				one := p.Commit("fix: two", "b.txt", "b\n")
				two := p.Commit("fix: three", "c.txt", "c\n")
				p.Checkout("release/2.4")
				p.Commit("fix: two and three\n\n(cherry picked from commit "+one+")\n(cherry picked from commit "+two+")\n", "b.txt", "b\n", "c.txt", "c\n")
				run(p)
			}, release.GradeAdapted, release.Fail, "its patch is not that of",
		},
		"a waived change": {
			func(p *project) { p.waive(ledger.Waive{Change: adapt(p)}, 20) }, release.GradeWaived, release.Pass, "promised in the contract",
		},
		"a change for the line only": {
			func(p *project) { p.Commit("fix: two\n\nLTS-Only: main has no such code any more\n"); run(p) }, release.GradeLineOnly, release.Fail, "needs an approval",
		},
		"a change for the line only, approved": {
			func(p *project) {
				id := p.Commit("fix: two\n\nLTS-Only: main has no such code any more\n")
				run(p)
				approve(p, id)
			}, release.GradeLineApproved, release.Pass, "approved",
		},
		"a change that nobody took to main, approved": {
			func(p *project) { id := p.Commit("fix: two"); run(p); approve(p, id) }, release.GradeNotSoaked, release.Fail, "it is not on rolling",
		},
		"a fix of the line that main took over as it is": {
			func(p *project) {
				id := p.Commit("fix: two")
				p.Checkout("main")
				p.Pick(id)
				run(p)
			}, release.GradeSamePatchSoaked, release.Pass, "for 80h",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := maintained(t, soaked...)
			c.build(p)
			p.fetch()
			made := p.must("lts-2.4", watched)
			v := verdict(t, made.Verdicts, plan.GateSoak)
			if c.want != "" && v.Status != c.want || v.Blocks() != (c.want != release.Pass) {
				t.Errorf("%s: %s", v.Status, v.Reason)
			}
			if len(made.Evidence) != 1 {
				t.Fatalf("%+v", made.Evidence)
			}
			e := made.Evidence[0]
			if e.Grade != c.grade || !strings.Contains(e.Reason, c.reason) {
				t.Errorf("%s: %s", e.Grade, e.Reason)
			}
			if blocked := len(plan.Lacking(made.Evidence)) > 0; blocked != v.Blocks() {
				t.Errorf("%v is lacking, and the gate says %s", blocked, v.Status)
			}
			if v.Blocks() != (v.Hint != "") {
				t.Errorf("%s with hint %q", v.Status, v.Hint)
			}
		})
	}
}

// What a soak rests on can be looked up, and what is lacking has an end.
func TestSoakIsRecordedWithAbsoluteTimes(t *testing.T) {
	t.Parallel()
	p := maintained(t, soaked...)
	pick := p.backport("fix: two")
	p.fetch()
	original := p.Git("rev-parse", "main")
	p.ship(100*hour, "1.0.0", "main", "all")
	p.healthy("1.0.0", 90*hour, 60*hour)
	e := p.must("lts-2.4", watched).Evidence[0]
	if e.Soak == nil || e.Soak.Missing != 72*3600 || !e.Soak.Due.Equal(now.Add(72*hour)) || e.Soak.Length != 30*3600 {
		t.Fatalf("what ended proves nothing of now: %+v", e.Soak)
	}
	p.healthy("1.0.0", 60*hour, 0)
	e = p.must("lts-2.4", watched).Evidence[0]
	s := e.Soak
	if e.Commit != pick || s == nil || s.Channel != "rolling" || s.Ring != "all" || !slices.Equal(s.Originals, []string{original}) {
		t.Fatalf("%+v %+v", e, s)
	}
	if s.Release.String() != "1.0.0" || !s.From.Equal(now.Add(-90*hour)) || !s.To.Equal(now) || s.Length != 90*3600 || s.Need != 72*3600 {
		t.Errorf("%+v", s)
	}
	if s.Missing != 0 || !s.Due.IsZero() {
		t.Errorf("nothing is lacking: %+v", s)
	}
	// The promotion into the ring, the first observation and the last.
	if want := []uint64{5, 6, p.state.Next - 1}; !slices.Equal(s.Events, want) {
		t.Errorf("events %v, want %v", s.Events, want)
	}
}

// A plan that cannot ask does not pass.
func TestSoakThatNobodyCanMeasureBlocks(t *testing.T) {
	t.Parallel()
	p := maintained(t, soaked...)
	p.backport("fix: two")
	p.fetch()
	made := p.must("lts-2.4", indexed)
	if v := verdict(t, made.Verdicts, plan.GateSoak); v.Status != release.Errored || !v.Blocks() {
		t.Errorf("%+v", v)
	}
	if e := made.Evidence[0]; e.Grade != release.GradeNotEvaluated || e.Soak != nil {
		t.Errorf("%+v", e)
	}
}

// What turns against a change while its release is built stops the cut, and what was reserved stays as it was.
func TestSoakIsAskedAgainBeforeTheCommitPoint(t *testing.T) {
	t.Parallel()
	p := maintained(t, soaked...)
	p.backport("fix: two")
	p.fetch()
	p.ship(200*hour, "0.9.0", "main~1", "all")
	p.ship(100*hour, "1.0.0", "main", "all")
	p.healthy("1.0.0", 90*hour, 10*hour)
	made := p.must("lts-2.4", watched)
	if v := verdict(t, made.Verdicts, plan.GateSoak); v.Status != release.Pass {
		t.Fatalf("%+v", v)
	}
	p.before(hour, ledger.Event{Type: ledger.TypeRollback, Reason: "errors", Rollback: &ledger.Rollback{
		Ring: "canary", From: release.MustVersion("1.0.0"), To: release.MustVersion("0.9.0"),
	}})
	req := p.request("lts-2.4")
	watched(&req)
	again, err := plan.Recheck(t.Context(), req, *made, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if v := verdict(t, again, plan.GateSoak); !v.Blocks() {
		t.Errorf("%+v", v)
	}
	if e := made.Evidence[0]; e.Grade != release.GradeSamePatchSoaked {
		t.Errorf("%+v", e)
	}
}
