package cut_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/internal/gittest"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
)

func TestWhichRemoteIsWorkedWith(t *testing.T) {
	t.Parallel()
	w := begin(t)
	for _, c := range []struct {
		// git changes the remotes, which are origin alone at first.
		git        string
		opts       cut.OpenOptions
		want       string
		says, hint string
	}{
		{"remote", cut.OpenOptions{Act: true}, "origin", "", ""},
		{"remote", cut.OpenOptions{Remote: "typo"}, "", `no remote "typo"`, "origin"},
		{"remote rename origin upstream", cut.OpenOptions{Act: true}, "upstream", "", ""},
		{"remote add fork ../fork.git", cut.OpenOptions{}, "", "fork, upstream", "--remote"},
		{"remote", cut.OpenOptions{Remote: "upstream", Act: true}, "upstream", "", ""},
		{"remote rename upstream origin", cut.OpenOptions{Act: true}, "origin", "", ""},
	} {
		w.Git(strings.Fields(c.git)...)
		p, err := cut.Open(t.Context(), w.Dir, c.opts)
		if c.want != "" {
			w.do(err)
			if p.Remote != c.want || !strings.HasPrefix(p.Policy.Ref, "refs/remotes/"+c.want+"/") {
				t.Errorf("git %s: remote %s, policy of %s", c.git, p.Remote, p.Policy.Ref)
			}
			continue
		}
		if wrong := as[*cut.RemoteError](t, err); !strings.Contains(err.Error(), c.says) || !strings.Contains(wrong.Hint(), c.hint) {
			t.Errorf("git %s: %v\n%s", c.git, err, wrong.Hint())
		}
	}
}

func TestARepositoryWithoutARemoteCanOnlyBeRead(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Git("remote", "remove", "origin")
	r.Commit("chore: begin", productFile, product, "channels/rolling.yaml", "kind: rolling\nbranch: main\n")
	p, err := cut.Open(t.Context(), r.Dir, cut.OpenOptions{})
	if err != nil || p.Remote != "" || p.Policy.Ref != "refs/heads/main" {
		t.Errorf("%+v, %v", p, err)
	}
	_, err = cut.Open(t.Context(), r.Dir, cut.OpenOptions{Act: true})
	if none := as[*cut.RemoteError](t, err); !strings.Contains(none.Hint(), "git remote add origin") {
		t.Error(none.Hint())
	}
}

// Only what acts fetches: a command that reads leaves the clone as it is.
func TestOnlyAnActingProjectFetches(t *testing.T) {
	t.Parallel()
	w := begin(t)
	stale := w.elsewhere()
	before := stale.Git("rev-parse", "refs/remotes/origin/release/2.4")
	w.Commit("fix: two")
	w.Push()
	_, err := cut.Open(t.Context(), stale.Dir, cut.OpenOptions{})
	w.do(err)
	if got := stale.Git("rev-parse", "refs/remotes/origin/release/2.4"); got != before {
		t.Errorf("reading moved the branch to %s", got)
	}
	stale.project()
	if got := stale.Git("rev-parse", "refs/remotes/origin/release/2.4"); got != w.Head() {
		t.Errorf("acting left the branch at %s", got)
	}
}

func TestWorkThatTheRemoteLacksIsRefused(t *testing.T) {
	t.Parallel()
	w := begin(t)
	behind := w.elsewhere()
	behind.Checkout("release/2.4")
	for _, c := range []struct {
		name   string
		change func()
		says   string // "" is fine
	}{
		{"all is pushed", func() {}, ""},
		{"a commit on another branch", func() { w.Checkout("main"); w.Commit("feat: unpushed"); w.Checkout("release/2.4") }, ""},
		{"two commits", func() { w.Commit("fix: two"); w.Commit("fix: three") }, "release/2.4 has 2 commits that origin does not have"},
		{"pushed now", w.Push, ""},
		{"a change and a new file", func() { w.Write("build.sh", "exit 1\n"); w.Write("new.txt", "new\n") }, "changes that are not committed: "},
		{"taken back", func() { w.Git("checkout", "--quiet", "build.sh"); w.Git("clean", "--quiet", "--force", "new.txt") }, ""},
		{"no such branch here", func() { w.Checkout("main"); w.Git("branch", "--quiet", "-D", "release/2.4") }, ""},
		{"a tag of the branch's name", func() { w.LightTag("release/2.4") }, ""},
	} {
		c.change()
		p := w.project()
		err := p.CheckPushed(t.Context(), w.line(p))
		if c.says == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if unpushed := as[*cut.UnpushedError](t, err); !strings.Contains(err.Error(), c.says) || !strings.Contains(unpushed.Hint(), "push") {
			t.Errorf("%s: %v\n%s", c.name, err, unpushed.Hint())
		}
	}
	p := behind.project()
	if err := p.CheckPushed(t.Context(), behind.line(p)); err != nil {
		t.Errorf("a clone that is behind: %v", err)
	}
	gone := *w.line(p)
	gone.Branch = "release/2.5"
	_ = as[*plan.BranchError](t, p.CheckPushed(t.Context(), &gone))
}

func TestTagsFromBeforeTheLedgerAreAdopted(t *testing.T) {
	t.Parallel()
	w := begin(t)
	for _, tag := range []string{"v2.4.9", "v2.4.10", "v2.4.10-rc.1", "v2.5.0", "nightly"} {
		w.LightTag(tag)
	}
	w.Commit("fix: two")
	w.Push()
	_, err := w.cut()
	_ = as[*plan.UnknownTagsError](t, err)

	p := w.project()
	rec, err := p.Adopt(t.Context(), w.line(p))
	w.do(err)
	var versions []string
	for _, a := range rec.Adopt.Releases {
		versions = append(versions, a.Version.String())
	}
	if got := strings.Join(versions, " "); got != "2.4.9 2.4.10-rc.1 2.4.10" {
		t.Errorf("adopted %s", got)
	}
	p = w.project()
	if _, err := p.Adopt(t.Context(), w.line(p)); err == nil || !strings.Contains(err.Error(), "nothing to adopt") {
		t.Errorf("adopting again: %v", err)
	}
	r := w.mustCut()
	if r.Manifest.Version.String() != "2.4.11" || r.Manifest.Previous.Version.String() != "2.4.10" || r.Manifest.Previous.Release != "" {
		t.Errorf("%s after %+v", r.Manifest.Version, r.Manifest.Previous)
	}
}

func TestATagThatTheRemoteDoesNotConfirmIsNotAdopted(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.LightTag("v2.4.0")
	p := w.project()
	if _, err := p.Adopt(t.Context(), w.line(p)); err == nil || !strings.Contains(err.Error(), "tag v2.4.0 exists here, but not on origin") {
		t.Errorf("unpushed: %v", err)
	}
	w.Push()
	p = w.project()
	w.Git("tag", "--force", "v2.4.0", "HEAD~1")
	_, err := p.Adopt(t.Context(), w.line(p))
	if moved := as[*plan.TagError](t, err); moved.Recorded != w.Head() || moved.Found == w.Head() {
		t.Errorf("%+v", moved)
	}
	if events := w.events(); events != "" {
		t.Errorf("ledger: %s", events)
	}
}

// A reservation that is given up frees its version, or burns it once somebody may hold signed bytes of it: those in a
// store count, whoever put them there.
func TestGivingAReservationUp(t *testing.T) {
	t.Parallel()
	w := begin(t)
	p := w.project()
	if _, err := p.Abandon(t.Context(), w.line(p), "nothing", nil); err == nil || !strings.Contains(err.Error(), "no reserved release") {
		t.Errorf("without one: %v", err)
	}
	for _, c := range []struct {
		knob, next string
		burned     bool
	}{
		{"fail-build", "2.4.0", false},
		{"fail-gate", "2.4.1", true},
	} {
		w.turn(c.knob, "not today\n")
		if _, err := w.cut(); err == nil {
			t.Fatalf("with %s it was cut", c.knob)
		}
		w.turnBack(c.knob)
		other := w.elsewhere()
		q := other.project()
		rec, err := q.Abandon(t.Context(), other.line(q), "wrong", other.stores)
		w.do(err)
		if rec.Abandon.Burned != c.burned || rec.Reason != "wrong" {
			t.Errorf("with %s: %+v", c.knob, rec.Abandon)
		}
		if staged, err := other.stores[0].Staged(t.Context(), rec.Abandon.Plan); staged != nil || err != nil {
			t.Errorf("still staged: %v", err)
		}
		w.invisible()
		if next := other.plan().Inputs.Version.String(); next != c.next {
			t.Errorf("with %s: the next version is %s, want %s", c.knob, next, c.next)
		}
	}
}

func TestGatesAreCalledByTheirNames(t *testing.T) {
	t.Parallel()
	ch := &channel.Channel{Name: "lts-2.4", Accept: []string{"fix"}, Gates: []channel.Gate{
		{Name: "qa", Approval: &channel.Approval{Role: "testers", Count: 1}}, {Name: "smoke", When: release.Built, Command: []string{"true"}},
	}}
	for gate, known := range map[string]bool{"accept": true, "qa": true, "smoke": true, "source": false, "soak": false, "QA": false, "": false} {
		if err := cut.CheckGate(ch, gate); (err == nil) != known {
			t.Errorf("gate %q: %v", gate, err)
		}
	}
	if wrong := as[*cut.GateError](t, cut.CheckGate(ch, "sooak")); !slices.Contains(wrong.Have, "smoke") || !strings.Contains(wrong.Hint(), "qa") {
		t.Errorf("%+v: %s", wrong, wrong.Hint())
	}
	if role, err := cut.ApprovalRole(ch, "qa"); role != "testers" || err != nil {
		t.Errorf("%q, %v", role, err)
	}
	_, err := cut.ApprovalRole(ch, "smoke")
	if wrong := as[*cut.GateError](t, err); strings.Join(wrong.Have, " ") != "qa" || !strings.Contains(err.Error(), `no approval gate "smoke"`) {
		t.Errorf("%+v", wrong)
	}
}

func TestAChangeIsFoundByTheBeginningOfItsID(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.mustCut()
	released := w.Head()
	w.Checkout("main")
	original := w.Commit("fix: two")
	w.Checkout("release/2.4")
	pick := w.Pick(original)
	w.Push()
	p := w.project()
	for id, want := range map[string]string{
		pick: pick, pick[:7]: pick, original[:10]: pick,
		pick[:6]: "at least 7", strings.ToUpper(pick): "lower-case hex", "": "at least 7", "HEAD~1~1": "hex digits",
		released: "no unreleased change", strings.Repeat("0", 40): "no unreleased change",
	} {
		got, err := p.UnreleasedChange(t.Context(), w.line(p), id)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) || (err == nil) != (want == pick) {
			t.Errorf("%q gives %s, want %s", id, got, want)
		}
	}
}
