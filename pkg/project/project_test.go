package project_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/internal/cuttest"
	"github.com/relctl/relctl/pkg/internal/gittest"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

func TestWhichRemoteIsWorkedWith(t *testing.T) {
	t.Parallel()
	w := cuttest.Begin(t)
	for _, c := range []struct {
		// git changes the remotes, which are origin alone at first.
		git        string
		opts       project.OpenOptions
		want       string
		says, hint string
	}{
		{"remote", project.OpenOptions{Act: true}, "origin", "", ""},
		{"remote", project.OpenOptions{Remote: "typo"}, "", `no remote "typo"`, "origin"},
		{"remote rename origin upstream", project.OpenOptions{Act: true}, "upstream", "", ""},
		{"remote add fork ../fork.git", project.OpenOptions{}, "", "fork, upstream", "--remote"},
		{"remote", project.OpenOptions{Remote: "upstream", Act: true}, "upstream", "", ""},
		{"remote rename upstream origin", project.OpenOptions{Act: true}, "origin", "", ""},
	} {
		w.Git(strings.Fields(c.git)...)
		p, err := project.Open(t.Context(), w.Dir, c.opts)
		if c.want != "" {
			w.Do(err)
			if p.Remote != c.want || !strings.HasPrefix(p.Policy.Ref, "refs/remotes/"+c.want+"/") {
				t.Errorf("git %s: remote %s, policy of %s", c.git, p.Remote, p.Policy.Ref)
			}
			continue
		}
		if wrong := cuttest.As[*project.RemoteError](t, err); !strings.Contains(err.Error(), c.says) || !strings.Contains(wrong.Hint(), c.hint) {
			t.Errorf("git %s: %v\n%s", c.git, err, wrong.Hint())
		}
	}
}

func TestARepositoryWithoutARemoteCanOnlyBeRead(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Git("remote", "remove", "origin")
	r.Commit("chore: begin", cuttest.ProductFile, cuttest.Product, "channels/rolling.yaml", "kind: rolling\nbranch: main\n")
	p, err := project.Open(t.Context(), r.Dir, project.OpenOptions{})
	if err != nil || p.Remote != "" || p.Policy.Ref != "refs/heads/main" {
		t.Errorf("%+v, %v", p, err)
	}
	_, err = project.Open(t.Context(), r.Dir, project.OpenOptions{Act: true})
	if none := cuttest.As[*project.RemoteError](t, err); !strings.Contains(none.Hint(), "git remote add origin") {
		t.Error(none.Hint())
	}
}

// Only what acts fetches: a command that reads leaves the clone as it is.
func TestOnlyAnActingProjectFetches(t *testing.T) {
	t.Parallel()
	w := cuttest.Begin(t)
	stale := w.Elsewhere()
	before := stale.Git("rev-parse", "refs/remotes/origin/release/2.4")
	w.Commit("fix: two")
	w.Push()
	_, err := project.Open(t.Context(), stale.Dir, project.OpenOptions{})
	w.Do(err)
	if got := stale.Git("rev-parse", "refs/remotes/origin/release/2.4"); got != before {
		t.Errorf("reading moved the branch to %s", got)
	}
	stale.Project()
	if got := stale.Git("rev-parse", "refs/remotes/origin/release/2.4"); got != w.Head() {
		t.Errorf("acting left the branch at %s", got)
	}
}

func TestWorkThatTheRemoteLacksIsRefused(t *testing.T) {
	t.Parallel()
	w := cuttest.Begin(t)
	behind := w.Elsewhere()
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
		p := w.Project()
		err := p.CheckPushed(t.Context(), w.Line(p))
		if c.says == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if unpushed := cuttest.As[*project.UnpushedError](t, err); !strings.Contains(err.Error(), c.says) || !strings.Contains(unpushed.Hint(), "push") {
			t.Errorf("%s: %v\n%s", c.name, err, unpushed.Hint())
		}
	}
	p := behind.Project()
	if err := p.CheckPushed(t.Context(), behind.Line(p)); err != nil {
		t.Errorf("a clone that is behind: %v", err)
	}
	gone := *w.Line(p)
	gone.Branch = "release/2.5"
	_ = cuttest.As[*plan.BranchError](t, p.CheckPushed(t.Context(), &gone))
}

func TestTagsFromBeforeTheLedgerAreAdopted(t *testing.T) {
	t.Parallel()
	w := cuttest.Begin(t)
	for _, tag := range []string{"v2.4.9", "v2.4.10", "v2.4.10-rc.1", "v2.5.0", "nightly"} {
		w.LightTag(tag)
	}
	w.Commit("fix: two")
	w.Push()
	_, err := w.Cut()
	_ = cuttest.As[*plan.UnknownTagsError](t, err)

	p := w.Project()
	rec, err := p.Adopt(t.Context(), w.Line(p))
	w.Do(err)
	var versions []string
	for _, a := range rec.Adopt.Releases {
		versions = append(versions, a.Version.String())
	}
	if got := strings.Join(versions, " "); got != "2.4.9 2.4.10-rc.1 2.4.10" {
		t.Errorf("adopted %s", got)
	}
	p = w.Project()
	if _, err := p.Adopt(t.Context(), w.Line(p)); err == nil || !strings.Contains(err.Error(), "nothing to adopt") {
		t.Errorf("adopting again: %v", err)
	}
	r := w.MustCut()
	if r.Manifest.Version.String() != "2.4.11" || r.Manifest.Previous.Version.String() != "2.4.10" || r.Manifest.Previous.Release != "" {
		t.Errorf("%s after %+v", r.Manifest.Version, r.Manifest.Previous)
	}
}

func TestATagThatTheRemoteDoesNotConfirmIsNotAdopted(t *testing.T) {
	t.Parallel()
	w := cuttest.Begin(t)
	w.LightTag("v2.4.0")
	p := w.Project()
	if _, err := p.Adopt(t.Context(), w.Line(p)); err == nil || !strings.Contains(err.Error(), "tag v2.4.0 exists here, but not on origin") {
		t.Errorf("unpushed: %v", err)
	}
	w.Push()
	p = w.Project()
	w.Git("tag", "--force", "v2.4.0", "HEAD~1")
	_, err := p.Adopt(t.Context(), w.Line(p))
	if moved := cuttest.As[*plan.TagError](t, err); moved.Recorded != w.Head() || moved.Found == w.Head() {
		t.Errorf("%+v", moved)
	}
	if events := w.Events(); events != "" {
		t.Errorf("ledger: %s", events)
	}
}

// A reservation that is given up frees its version, or burns it once somebody may hold signed bytes of it: those in a
// store count, whoever put them there.
func TestGivingAReservationUp(t *testing.T) {
	t.Parallel()
	w := cuttest.Begin(t)
	p := w.Project()
	if _, err := p.Abandon(t.Context(), w.Line(p), "nothing", nil); err == nil || !strings.Contains(err.Error(), "no reserved release") {
		t.Errorf("without one: %v", err)
	}
	for _, c := range []struct {
		knob, next string
		burned     bool
	}{
		{"fail-build", "2.4.0", false},
		{"fail-gate", "2.4.1", true},
	} {
		w.Turn(c.knob, "not today\n")
		if _, err := w.Cut(); err == nil {
			t.Fatalf("with %s it was cut", c.knob)
		}
		w.TurnBack(c.knob)
		other := w.Elsewhere()
		q := other.Project()
		rec, err := q.Abandon(t.Context(), other.Line(q), "wrong", other.Stores)
		w.Do(err)
		if rec.Abandon.Burned != c.burned || rec.Reason != "wrong" {
			t.Errorf("with %s: %+v", c.knob, rec.Abandon)
		}
		if staged, err := other.Stores[0].Staged(t.Context(), rec.Abandon.Plan); staged != nil || err != nil {
			t.Errorf("still staged: %v", err)
		}
		w.Invisible()
		if next := other.Plan().Inputs.Version.String(); next != c.next {
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
		if err := project.CheckGate(ch, gate); (err == nil) != known {
			t.Errorf("gate %q: %v", gate, err)
		}
	}
	if wrong := cuttest.As[*project.GateError](t, project.CheckGate(ch, "sooak")); !slices.Contains(wrong.Have, "smoke") || !strings.Contains(wrong.Hint(), "qa") {
		t.Errorf("%+v: %s", wrong, wrong.Hint())
	}
	if role, err := project.ApprovalRole(ch, "qa"); role != "testers" || err != nil {
		t.Errorf("%q, %v", role, err)
	}
	_, err := project.ApprovalRole(ch, "smoke")
	if wrong := cuttest.As[*project.GateError](t, err); strings.Join(wrong.Have, " ") != "qa" || !strings.Contains(err.Error(), `no approval gate "smoke"`) {
		t.Errorf("%+v", wrong)
	}
}

func TestAChangeIsFoundByTheBeginningOfItsID(t *testing.T) {
	t.Parallel()
	w := cuttest.Begin(t)
	w.MustCut()
	released := w.Head()
	w.Checkout("main")
	original := w.Commit("fix: two")
	w.Checkout("release/2.4")
	pick := w.Pick(original)
	w.Push()
	p := w.Project()
	for id, want := range map[string]string{
		pick: pick, pick[:7]: pick, original[:10]: pick,
		pick[:6]: "at least 7", strings.ToUpper(pick): "lower-case hex", "": "at least 7", "HEAD~1~1": "hex digits",
		released: "no unreleased change", strings.Repeat("0", 40): "no unreleased change",
	} {
		got, err := p.UnreleasedChange(t.Context(), w.Line(p), id)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) || (err == nil) != (want == pick) {
			t.Errorf("%q gives %s, want %s", id, got, want)
		}
	}
}
