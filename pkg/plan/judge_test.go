package plan_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
)

func TestTheAcceptGateJudgesByType(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		build  func(p *project)
		want   release.Status
		reason string
	}{
		"listed types pass": {
			func(p *project) { p.Commit("fix(api): two"); p.Commit("security: three") },
			release.Pass, "all changes are of type fix, security",
		},
		"another type fails by name": {
			func(p *project) { p.Commit("feat: two") },
			release.Fail, `"two" is of type feat: the channel takes only fix, security`,
		},
		"a breaking fix fails": {
			func(p *project) { p.Commit("fix!: two") },
			release.Fail, `"two" is a breaking fix`,
		},
		"a breaking note in the footer fails": {
			func(p *project) { p.Commit("fix: two\n\nBREAKING CHANGE: all is new\n") },
			release.Fail, `"two" is a breaking fix`,
		},
		"an unconventional subject fails": {
			func(p *project) { p.Commit("Fixed the thing") },
			release.Fail, `"Fixed the thing" is not a conventional commit`,
		},
		"what is more than one is counted": {
			func(p *project) { p.Commit("feat: two"); p.Commit("docs: three"); p.Commit("fix: four") },
			release.Fail, "and 1 more",
		},
		"taking back a release's change passes": {
			func(p *project) { p.Revert(p.Git("rev-parse", "v2.4.0^{commit}")) },
			release.Pass, "all changes",
		},
		"what was taken back before the release is not asked": {
			func(p *project) { p.Revert(p.Commit("feat: two")) },
			release.Pass, "all changes",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := maintained(t)
			c.build(p)
			p.fetch()
			v := verdict(t, p.must("lts-2.4").Verdicts, plan.GateAccept)
			if v.Status != c.want || !strings.Contains(v.Reason, c.reason) {
				t.Errorf("%s: %s, want %s: …%s…", v.Status, v.Reason, c.want, c.reason)
			}
			if v.Blocks() != (c.want == release.Fail) || v.Blocks() != strings.Contains(v.Hint, "relctl waive lts-2.4 --change ") {
				t.Errorf("blocks %v with hint %q", v.Blocks(), v.Hint)
			}
		})
	}
}

func TestAChannelIsJudgedByItsOwnKeysOnly(t *testing.T) {
	t.Parallel()
	p := maintained(t, ltsFile, "kind: lts\nline: \"2.4\"\nbranch: release/2.4\n")
	p.Commit("feat!: anything")
	p.fetch()
	made := p.must("lts-2.4")
	if made.Verdicts == nil {
		t.Error("no list of verdicts")
	}
	for _, v := range made.Verdicts {
		if v.Gate == plan.GateAccept || v.Gate == plan.GateSource || v.Gate == plan.GateSoak || v.Blocks() {
			t.Errorf("a channel without rules is judged: %+v", v)
		}
	}
}

// A waiver counts for one change of one channel and until it expires; the evidence shows it.
func TestAWaivedChange(t *testing.T) {
	t.Parallel()
	p := adopted(t)
	pick := p.backport("feat: promised")
	original := p.Git("rev-parse", "main")
	other := p.Commit("fix: other")
	p.fetch()
	blocked := p.must("lts-2.4")
	if v := verdict(t, blocked.Verdicts, plan.GateAccept); v.Status != release.Fail {
		t.Fatalf("without a waiver: %+v", v)
	}
	for _, e := range blocked.Evidence {
		if e.Grade != release.GradeNotEvaluated || e.Waiver != 0 {
			t.Errorf("without a waiver: %+v", e)
		}
	}
	for _, c := range []struct {
		why   string
		waive ledger.Waive
		day   int
		want  release.Status
	}{
		{"of another change", ledger.Waive{Change: other}, 20, release.Fail},
		{"that has expired", ledger.Waive{Change: pick}, 1, release.Fail},
		{"of the original", ledger.Waive{Change: original}, 20, release.Pass},
	} {
		p.waive(c.waive, c.day)
		if v := verdict(t, p.must("lts-2.4").Verdicts, plan.GateAccept); v.Status != c.want {
			t.Errorf("with a waiver %s: %+v", c.why, v)
		}
	}
	made := p.must("lts-2.4")
	if v := verdict(t, made.Verdicts, plan.GateAccept); !strings.Contains(v.Reason, "waived (1)") {
		t.Errorf("the verdict hides the waiver: %+v", v)
	}
	if len(made.Evidence) != len(made.Changes) {
		t.Fatalf("%d pieces of evidence for %d changes", len(made.Evidence), len(made.Changes))
	}
	for i, e := range made.Evidence {
		c := made.Changes[i]
		if e.Change != c.ID || e.Commit != c.Commit || e.Type != c.Type || e.Subject != c.Subject {
			t.Errorf("evidence %+v stands for change %+v", e, c)
		}
	}
	// Newest first: the other fix, then the pick. Genesis and adopt came before the three waivers.
	if e := made.Evidence[1]; e.Commit != pick || e.Change != original || e.Grade != release.GradeWaived || e.Reason != "promised in the contract" || e.Waiver != 5 {
		t.Errorf("%+v", e)
	}
	if made.Digest != blocked.Digest {
		t.Error("a waiver makes another plan of the same inputs")
	}
}

func TestAWaivedGateIsShownAsWaived(t *testing.T) {
	t.Parallel()
	p := adopted(t)
	p.Commit("feat: two")
	p.waive(ledger.Waive{Gate: plan.GateAccept}, 20)
	v := verdict(t, p.must("lts-2.4").Verdicts, plan.GateAccept)
	if v.Status != release.Waived || v.Waiver != 3 || !strings.Contains(v.Reason, "promised in the contract") || v.Blocks() {
		t.Errorf("%+v", v)
	}
}

// says is a gate with one answer.
func says(s release.Status) gate.Func {
	return func(context.Context, gate.Subject) release.Verdict {
		return release.Verdict{Status: s, Reason: "because"}
	}
}

func withGates(entries ...gate.Entry) func(*plan.Request) {
	return func(req *plan.Request) { req.Gates = entries }
}

func TestTheDigestCoversInputsOnly(t *testing.T) {
	t.Parallel()
	p := fixed(t)
	first := p.must("lts-2.4")
	if first.Digest != first.Inputs.Digest() {
		t.Errorf("digest %s is not that of the inputs", first.Digest)
	}
	for name, tweak := range map[string]func(*plan.Request){
		"another gate's word": withGates(gate.Entry{Name: "qa", Moment: release.Planned, Gate: says(release.Fail)}),
		"another day":         func(req *plan.Request) { req.Now = now.AddDate(0, 1, 0) },
		"a cut's strictness":  strict,
	} {
		again := p.must("lts-2.4", tweak)
		if again.Digest != first.Digest || len(plan.Diff(first.Inputs, again.Inputs)) > 0 {
			t.Errorf("%s gives another digest: %v", name, plan.Diff(first.Inputs, again.Inputs))
		}
	}
	if blocked := p.must("lts-2.4", withGates(gate.Entry{Name: "qa", Moment: release.Planned, Gate: says(release.Fail)})); len(release.Blocking(blocked.Verdicts)) != 1 {
		t.Errorf("the gate's word is lost: %+v", blocked.Verdicts)
	}
	p.Push()
	elsewhere := &project{Repo: p.Clone(), t: t, state: p.state}
	if again := elsewhere.must("lts-2.4"); again.Digest != first.Digest {
		t.Errorf("another clone gives another digest: %v", plan.Diff(first.Inputs, again.Inputs))
	}
}

func TestEveryInputMovesTheDigest(t *testing.T) {
	t.Parallel()
	p := fixed(t)
	last := p.must("lts-2.4")
	step := func(name, moved string, made *release.Plan) {
		t.Helper()
		if made.Digest == last.Digest {
			t.Errorf("%s leaves the digest as it was", name)
		}
		if got := strings.Join(plan.Diff(last.Inputs, made.Inputs), "; "); !strings.Contains(got, moved) {
			t.Errorf("%s: the difference is %q, want %q in it", name, got, moved)
		}
	}
	step("another build command", "command moved from make dist to make all", p.must("lts-2.4", func(req *plan.Request) {
		req.Builder = build.Command{Argv: []string{"make", "all"}, Output: "out"}
	}))
	step("a candidate", "the version moved from 2.4.1 to 2.4.1-rc.1", p.must("lts-2.4", pre("rc")))

	p.Checkout("main")
	p.Commit("chore: reword the policy", ltsFile, lts+"# nothing else\n")
	p.fetch()
	made := p.must("lts-2.4")
	step("a comment in a channel file", ltsFile+" changed", made)

	last = made
	p.Checkout("release/2.4")
	p.Empty("fix: three")
	p.fetch()
	made = p.must("lts-2.4")
	step("a commit with the same tree", "refs/heads/release/2.4 moved from "+release.Short(last.Inputs.Commit)+" to "+release.Short(p.Head()), made)

	last = made
	p.Git("tag", "v2.4.1", "HEAD~1")
	p.adopt("lts-2.4", "2.4.1")
	step("a release of somebody else", "the previous release moved from 2.4.0 to 2.4.1", p.must("lts-2.4"))
}

func TestAPlanWithoutItsBuilderIsNoPlanToCut(t *testing.T) {
	t.Parallel()
	p := fixed(t)
	missing := func(req *plan.Request) {
		req.Builder = build.Goreleaser{Program: filepath.Join(p.Dir, "no-such-program")}
	}
	made := p.must("lts-2.4", missing)
	if !said(made, "the digest changes once it is there") || made.Inputs.Pins == nil {
		t.Errorf("pins %v, assuming %q", made.Inputs.Pins, made.Assumptions)
	}
	if _, err := p.plan("lts-2.4", missing, strict); err == nil || !strings.Contains(err.Error(), "no-such-program") {
		t.Errorf("strict: %v", err)
	}
}

func TestBuiltGatesArePendingUntilThereAreFiles(t *testing.T) {
	t.Parallel()
	p := fixed(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "SHA256SUMS"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	req := p.request("lts-2.4")
	asked := map[string]string{}
	listen := func(name string) gate.Entry {
		return gate.Entry{Name: name, Moment: release.Moment(name), Gate: gate.Func(func(_ context.Context, s gate.Subject) release.Verdict {
			asked[name] += s.Inputs.Version.String() + " in " + s.Dir + "\n"
			return release.Verdict{Status: release.Pass, Reason: "seen"}
		})}
	}
	req.Gates = []gate.Entry{listen(string(release.Built)), listen(string(release.Planned))}
	made, err := plan.New(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if v := verdict(t, made.Verdicts, "built"); v.Status != release.Pending || asked["built"] != "" {
		t.Errorf("a built gate was asked before the build: %+v %v", v, asked)
	}
	verdicts, err := plan.Recheck(t.Context(), req, *made, dir)
	if err != nil {
		t.Fatal(err)
	}
	if asked["built"] != "2.4.1 in "+dir+"\n" || asked["planned"] != strings.Repeat("2.4.1 in \n", 2) {
		t.Errorf("asked %q", asked)
	}
	for _, v := range verdicts {
		if v.Status != release.Pass {
			t.Errorf("asked again: %+v", v)
		}
	}
	for _, name := range []string{plan.GateAccept, "planned", "built"} {
		_ = verdict(t, verdicts, name)
	}
	if v := verdict(t, made.Verdicts, "built"); v.Status != release.Pending {
		t.Error("asking again changed the plan that was reserved")
	}
}

// A build takes hours: what let the plan through may be gone when the files are there.
func TestRecheckJudgesByTheStateOfNow(t *testing.T) {
	t.Parallel()
	p := adopted(t)
	pick := p.backport("feat: promised")
	p.waive(ledger.Waive{Change: pick}, 2)
	req := p.request("lts-2.4")
	made, err := plan.New(t.Context(), req)
	if err != nil || len(release.Blocking(made.Verdicts)) > 0 {
		t.Fatalf("%+v, %v", made, err)
	}
	// One more commit on the branch is none of the plan's business.
	p.Commit("feat: later")
	p.fetch()
	req.Now = now.Add(48 * time.Hour)
	if req.Waivers, err = ledger.New(req.Repo, "origin").Waivers(t.Context(), req.State, req.Now, ledger.Trust{}); err != nil {
		t.Fatal(err)
	}
	verdicts, err := plan.Recheck(t.Context(), req, *made, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	refused := release.Blocking(verdicts)
	if len(refused) != 1 || refused[0].Gate != plan.GateAccept || !strings.Contains(refused[0].Reason, "promised") || strings.Contains(refused[0].Reason, "more") {
		t.Errorf("%+v", refused)
	}
	if made.Evidence[0].Grade != release.GradeWaived {
		t.Error("asking again changed the evidence that was reserved")
	}
}

func TestACancelledPlanIsAnError(t *testing.T) {
	t.Parallel()
	p := fixed(t)
	req := p.request("lts-2.4")
	ctx, cancel := context.WithCancel(t.Context())
	req.Gates = []gate.Entry{{Name: "slow", Moment: release.Planned, Gate: gate.Func(func(context.Context, gate.Subject) release.Verdict {
		cancel()
		return release.Verdict{Status: release.Pass, Reason: "too late"}
	})}}
	if made, err := plan.New(ctx, req); err == nil {
		t.Errorf("a plan that was broken off: %+v", made)
	}
	if _, err := plan.New(ctx, req); err == nil {
		t.Error("a plan after the end")
	}
}
