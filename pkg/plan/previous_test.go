package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
)

// previous is the release before, as text.
func previous(made *release.Plan) string {
	if made.Inputs.Previous == nil {
		return "none"
	}
	return made.Inputs.Previous.Version.String()
}

// said reports whether one of the plan's assumptions holds the words.
func said(made *release.Plan, words string) bool {
	return slices.ContainsFunc(made.Assumptions, func(a string) bool { return strings.Contains(a, words) })
}

func subjects(made *release.Plan) string {
	var out []string
	for _, c := range made.Changes {
		out = append(out, c.Subject)
	}
	return strings.Join(out, ", ")
}

const unknownTags = "the ledger does not know"

func TestThePreviousReleaseAndTheNextVersion(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		build   func(p *project)
		channel string
		tweak   func(*plan.Request)
		// previous release, next version, and the changes in between, newest first.
		previous, next, changes string
		// says and silent are parts of assumptions that must, and must not, be there.
		says, silent string
	}{
		"the ledger's newest version, whenever it was recorded": {
			build: func(p *project) {
				p.Commit("fix: two")
				p.Tag("v2.4.1")
				p.Commit("fix: three")
				p.Tag("v2.4.2")
				p.Commit("fix: four")
				p.adopt("lts-2.4", "2.4.2", "2.4.0", "2.4.1")
			},
			previous: "2.4.2", next: "2.4.3", changes: "four", silent: unknownTags,
		},
		"2.4.10 comes after 2.4.9": {
			build: func(p *project) {
				p.Tag("v2.4.9")
				p.Commit("fix: two")
				p.Tag("v2.4.10")
				p.Commit("fix: three")
				p.adopt("lts-2.4", "2.4.10", "2.4.9", "2.4.0")
			},
			previous: "2.4.10", next: "2.4.11", changes: "three",
		},
		"tags stand in for a ledger, and the plan says so": {
			build: func(p *project) {
				p.Commit("fix: two")
				p.LightTag("v2.4.1")
				p.Commit("fix: three")
			},
			previous: "2.4.1", next: "2.4.2", changes: "three", says: unknownTags + " 2 of the line's tags",
		},
		"a tag beside the ledger's is counted and said": {
			build: func(p *project) {
				p.adopt("lts-2.4", "2.4.0")
				p.Commit("fix: two")
				p.Tag("v2.4.1")
				p.Commit("fix: three")
			},
			previous: "2.4.1", next: "2.4.2", changes: "three", says: unknownTags + " 1 of",
		},
		"a tag outside the branch takes its version, and is no predecessor": {
			build: func(p *project) {
				p.Checkout("main")
				p.Commit("fix: astray")
				p.Tag("v2.4.5")
				p.Checkout("release/2.4")
				p.Commit("fix: two")
			},
			previous: "2.4.0", next: "2.4.6", changes: "two",
		},
		"tags of another form or line are none of the channel's": {
			build: func(p *project) {
				p.adopt("lts-2.4", "2.4.0")
				p.Commit("fix: two")
				for _, tag := range []string{"v2.5.0", "v2.4", "2.4.7", "app-2.4.8", "v2.4.9+build", "nightly", "v2.4.x"} {
					p.LightTag(tag)
				}
				p.Commit("fix: three")
			},
			previous: "2.4.0", next: "2.4.1", changes: "three, two", silent: unknownTags,
		},
		"a candidate is no previous release of its final": {
			build: func(p *project) {
				p.Commit("fix: two")
				p.Tag("v2.4.1-rc.1")
				p.adopt("lts-2.4", "2.4.0", "2.4.1-rc.1")
			},
			previous: "2.4.0", next: "2.4.1", changes: "two",
		},
		"rc.10 follows rc.9": {
			build: func(p *project) {
				p.Commit("fix: two")
				p.Tag("v2.4.1-rc.9")
				p.adopt("lts-2.4", "2.4.0", "2.4.1-rc.9")
			},
			tweak: pre("rc"), previous: "2.4.0", next: "2.4.1-rc.10", changes: "two",
		},
		"of a candidate and a final on one commit the final counts": {
			build: func(p *project) {
				p.Commit("fix: two")
				p.Tag("v2.4.1")
				p.Tag("v2.4.1-rc.1")
				p.Commit("fix: three")
				p.adopt("lts-2.4", "2.4.0", "2.4.1", "2.4.1-rc.1")
			},
			previous: "2.4.1", next: "2.4.2", changes: "three",
		},
		"a forward merge of the line leaves main its own previous release": {
			build: func(p *project) {
				p.Checkout("main")
				p.Tag("app-3.1.0")
				p.Checkout("release/2.4")
				p.Commit("fix: two")
				p.Tag("v2.4.7")
				p.Checkout("main")
				p.Merge("release/2.4", "Merge branch 'release/2.4'")
				p.Commit("feat: three")
				p.adopt("rolling", "3.1.0")
				p.adopt("lts-2.4", "2.4.0", "2.4.7")
			},
			channel: "rolling", previous: "3.1.0", next: "3.2.0", changes: "three, two", silent: unknownTags,
		},
		"a branch and a tag of each other's name change nothing": {
			build: func(p *project) {
				p.Checkout("main")
				p.Commit("feat: astray")
				p.Git("branch", "v2.4.0")
				p.LightTag("release/2.4")
				p.Git("switch", "--quiet", "release/2.4")
				p.Commit("fix: two")
				p.adopt("lts-2.4", "2.4.0")
			},
			previous: "2.4.0", next: "2.4.1", changes: "two",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := maintained(t)
			c.build(p)
			p.fetch()
			if c.channel == "" {
				c.channel = "lts-2.4"
			}
			if c.tweak == nil {
				c.tweak = func(*plan.Request) {}
			}
			made := p.must(c.channel, c.tweak)
			if previous(made) != c.previous || made.Inputs.Version.String() != c.next || subjects(made) != c.changes {
				t.Errorf("%s after %s with %q, want %s after %s with %q", made.Inputs.Version, previous(made), subjects(made), c.next, c.previous, c.changes)
			}
			if c.says != "" && !said(made, c.says) || c.silent != "" && said(made, c.silent) {
				t.Errorf("it assumes %q, want %q and not %q", made.Assumptions, c.says, c.silent)
			}
		})
	}
}

func TestTheFirstReleaseOfALine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		build         func(p *project)
		changes, says string
	}{
		"takes in all of the branch where no older version is": {
			build:   func(p *project) { p.Branch("release/2.4") },
			changes: "one, begin", says: "no older version is in its history",
		},
		"is told since the highest older version, not the newest tag": {
			build: func(p *project) {
				p.LightTag("v2.3.10")
				p.Commit("feat: two")
				p.LightTag("v2.3.9")
				p.Commit("feat: three")
				p.Branch("release/2.4")
			},
			changes: "three, two", says: "told since 2.3.10",
		},
		"looks past candidates, newer lines and what it does not contain": {
			build: func(p *project) {
				p.LightTag("v2.3.0")
				p.Branch("release/2.4")
				p.Commit("fix: two")
				p.LightTag("v2.3.1-rc.1")
				p.LightTag("v2.5.0")
				p.Checkout("main")
				p.Commit("feat: three")
				p.LightTag("v2.3.7")
			},
			changes: "two", says: "told since 2.3.0",
		},
		"may stand at main's tip with nothing of its own": {
			build: func(p *project) {
				p.LightTag("v2.3.0")
				p.Git("branch", "release/2.4")
			},
			changes: "", says: "told since 2.3.0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := begin(t)
			p.Commit("feat: one")
			c.build(p)
			p.fetch()
			made := p.must("lts-2.4", strict)
			if made.Inputs.Previous != nil || made.Inputs.Version.String() != "2.4.0" || made.Inputs.Tag != "v2.4.0" {
				t.Errorf("%s, tag %s, after %s", made.Inputs.Version, made.Inputs.Tag, previous(made))
			}
			if subjects(made) != c.changes || !said(made, c.says) {
				t.Errorf("changes %q assuming %q, want %q and %q", subjects(made), made.Assumptions, c.changes, c.says)
			}
			if v := verdict(t, made.Verdicts, plan.GateAccept); v.Status != release.NotEvaluated {
				t.Errorf("accept was asked of a line that has no base: %+v", v)
			}
		})
	}
}

func TestACutRefusesTagsThatTheLedgerDoesNotKnow(t *testing.T) {
	t.Parallel()
	p := adopted(t)
	p.Commit("fix: two")
	for _, tag := range []string{"v2.4.4", "v2.4.1", "v2.4.3", "v2.4.2"} {
		p.LightTag(tag)
	}
	p.fetch()
	_, err := p.plan("lts-2.4", strict)
	unknown := as[*plan.UnknownTagsError](t, err)
	if !strings.Contains(err.Error(), "v2.4.1, v2.4.2, v2.4.3 and 1 more") || strings.Contains(err.Error(), "v2.4.0") {
		t.Error(err)
	}
	if !strings.Contains(unknown.Hint(), "relctl adopt lts-2.4") {
		t.Error(unknown.Hint())
	}
	p.adopt("lts-2.4", "2.4.1", "2.4.2", "2.4.3", "2.4.4")
	p.Commit("fix: three")
	p.fetch()
	if made := p.must("lts-2.4", strict); previous(made) != "2.4.4" {
		t.Errorf("after %s", previous(made))
	}
}

func TestThePredecessorIsWhatTheLedgerRecorded(t *testing.T) {
	t.Parallel()
	p := fixed(t)
	made := p.must("lts-2.4", strict)
	reserved := p.reserve(made)
	p.Tag("v2.4.1")
	digest := release.Digest([]byte("release.json"))
	p.record(ledger.Event{Type: ledger.TypeCut, Channel: "lts-2.4", Cut: &ledger.Cut{
		Plan: made.Digest, Version: made.Inputs.Version, Sequence: 1, Commit: made.Inputs.Commit, Tag: "v2.4.1",
		TagObject: p.Git("rev-parse", "v2.4.1"), Reserve: reserved, Release: digest,
	}})
	p.backport("fix: three")
	p.fetch()
	got := p.must("lts-2.4", strict).Inputs.Previous
	if got == nil || *got != (release.Predecessor{Version: release.MustVersion("2.4.1"), Commit: made.Inputs.Commit, Release: digest}) {
		t.Errorf("%+v", got)
	}
}

func TestOnlyASignedVersionThatWasGivenUpIsUsedUp(t *testing.T) {
	t.Parallel()
	p := fixed(t)
	for _, c := range []struct {
		burned bool
		next   string
	}{{false, "2.4.1"}, {true, "2.4.2"}} {
		made := p.must("lts-2.4")
		p.reserve(made)
		p.record(ledger.Event{Type: ledger.TypeAbandon, Channel: "lts-2.4", Reason: "wrong", Abandon: &ledger.Abandon{
			Plan: made.Digest, Version: made.Inputs.Version, Sequence: 1, Burned: c.burned,
		}})
		again := p.must("lts-2.4", strict)
		if again.Inputs.Version.String() != c.next || previous(again) != "2.4.0" || subjects(again) != "two" {
			t.Errorf("burned %v: %s after %s with %q", c.burned, again.Inputs.Version, previous(again), subjects(again))
		}
	}
}

func TestARewrittenBranchLosesItsReleaseLoudly(t *testing.T) {
	t.Parallel()
	p := fixed(t)
	released := p.Git("rev-parse", "v2.4.0^{commit}")
	p.Git("checkout", "--quiet", "--orphan", "squashed")
	squash := p.Commit("fix: everything in one")
	p.Git("branch", "--force", "release/2.4", squash)
	p.fetch()
	_, err := p.plan("lts-2.4")
	lost := as[*plan.AncestryError](t, err)
	if lost.Previous.Commit != released || !strings.Contains(err.Error(), "2.4.0 at "+release.Short(released)) || !strings.Contains(lost.Hint(), "merge the released commit back") {
		t.Errorf("%v\n%s", err, lost.Hint())
	}
}

func TestATagThatIsNotWhatTheLedgerRecordedStopsThePlan(t *testing.T) {
	t.Parallel()
	p := fixed(t)
	released, object := p.Git("rev-parse", "v2.4.0^{commit}"), p.Git("rev-parse", "refs/tags/v2.4.0")
	for _, c := range []struct{ command, says, hint string }{
		{"tag --force --annotate --message forged v2.4.0 " + released, "was replaced", "put the tag back"},
		{"tag --force --annotate --message moved v2.4.0", "was moved", "put the tag back"},
		{"tag --force v2.4.0 main", "was moved", "put the tag back"},
		{"tag --delete v2.4.0", "is missing", "git fetch --tags"},
	} {
		p.Git(strings.Fields(c.command)...)
		_, err := p.plan("lts-2.4")
		moved := as[*plan.TagError](t, err)
		if moved.Tag != "v2.4.0" || moved.Recorded != released || !strings.Contains(err.Error(), c.says) || !strings.Contains(moved.Hint(), c.hint) {
			t.Errorf("git %s: %v\n%s", c.command, err, moved.Hint())
		}
	}
	p.Git("update-ref", "refs/tags/v2.4.0", object)
	if made := p.must("lts-2.4"); previous(made) != "2.4.0" {
		t.Errorf("put back, the previous release is %s", previous(made))
	}
}

func TestAShallowCloneIsRefused(t *testing.T) {
	t.Parallel()
	p := fixed(t)
	p.Push()
	dir := t.TempDir()
	p.Git("clone", "--quiet", "--depth", "1", "--no-single-branch", "file://"+p.Remote, dir)
	repo, err := git.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = repo.Close() }()
	_, err = p.plan("lts-2.4", func(req *plan.Request) { req.Repo = repo })
	if shallow := as[*plan.ShallowError](t, err); !strings.Contains(shallow.Hint(), "git fetch --unshallow --tags origin") {
		t.Error(shallow.Hint())
	}
}

func TestAMissingBranchIsNamedInFull(t *testing.T) {
	t.Parallel()
	p := begin(t)
	p.LightTag("release/2.4")
	p.fetch()
	_, err := p.plan("lts-2.4")
	missing := as[*plan.BranchError](t, err)
	if missing.Ref != "refs/remotes/origin/release/2.4" || !strings.Contains(missing.Hint(), "git fetch origin") {
		t.Errorf("%+v, %s", missing, missing.Hint())
	}
	_, err = p.plan("lts-2.4", func(req *plan.Request) { req.Remote = "" })
	if missing = as[*plan.BranchError](t, err); missing.Ref != "refs/heads/release/2.4" || strings.Contains(missing.Hint(), "fetch") {
		t.Errorf("%+v, %s", missing, missing.Hint())
	}
}

func TestNothingNewIsNoRelease(t *testing.T) {
	t.Parallel()
	p := adopted(t)
	_, err := p.plan("lts-2.4")
	if empty := as[*plan.EmptyError](t, err); empty.Previous.String() != "2.4.0" || empty.Branch != "release/2.4" {
		t.Errorf("%+v", empty)
	}
	// Unpushed commits are not there for anybody else.
	p.Commit("fix: unpushed")
	if _, err = p.plan("lts-2.4"); !strings.Contains(err.Error(), "nothing to release on lts-2.4: branch release/2.4 is at 2.4.0") {
		t.Error(err)
	}
	p.fetch()
	if made := p.must("lts-2.4"); subjects(made) != "unpushed" {
		t.Error(subjects(made))
	}
}

// What was taken back inside the range leaves nothing to tell, and is still another commit.
func TestARevertedRangeIsARelease(t *testing.T) {
	t.Parallel()
	p := fixed(t)
	p.Revert(p.Head())
	p.fetch()
	made := p.must("lts-2.4")
	if subjects(made) != "" || made.Inputs.Version.String() != "2.4.1" || made.Changes == nil {
		t.Errorf("%s with %v", made.Inputs.Version, made.Changes)
	}
}

func TestAVersionOfAnotherChannelsLineIsRefused(t *testing.T) {
	t.Parallel()
	p := maintained(t)
	p.Checkout("main")
	p.LightTag("app-2.3.0")
	p.Commit("feat: three")
	p.adopt("rolling", "2.3.0")
	_, err := p.plan("rolling")
	if err == nil || !strings.Contains(err.Error(), "rolling would release 2.4.0, which lies in line 2.4 of channel lts-2.4") {
		t.Errorf("got %v", err)
	}
	p.Git("tag", "app-2.6.0")
	p.Commit("feat: four")
	p.adopt("rolling", "2.6.0")
	if made := p.must("rolling"); made.Inputs.Version.String() != "2.7.0" {
		t.Errorf("%s", made.Inputs.Version)
	}
}
