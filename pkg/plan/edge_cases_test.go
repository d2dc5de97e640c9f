package plan_test

import (
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
)

const calendar = "kind: rolling\nbranch: main\ntag: \"app-{version}\"\nversion: {scheme: calver, format: YYYY.MDD.N}\n"

// The tags and versions of real repositories that mislead other tools.
func TestMisleadingTags(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rolling string
		build   func(p *project)
		channel string
		pre     string
		// previous release, next version, changes, and a part of an assumption that must be there.
		previous, next, changes, says string
	}{
		"of two channels' tags on one commit each takes its own": {
			build: func(p *project) {
				p.Commit("fix: two")
				for _, tag := range []string{"app-3.1.0", "v2.4.1", "v2.4.1-rc.1", "app-3.1.0-rc.2"} {
					p.LightTag(tag)
				}
				p.Commit("fix: three")
				p.adopt("lts-2.4", "2.4.0", "2.4.1", "2.4.1-rc.1")
				p.adopt("rolling", "3.1.0", "3.1.0-rc.2")
			},
			channel: "lts-2.4", previous: "2.4.1", next: "2.4.2", changes: "three",
		},
		"and so does the other channel": {
			build: func(p *project) {
				p.Checkout("main")
				for _, tag := range []string{"app-3.1.0", "app-3.1.0-rc.2"} {
					p.LightTag(tag)
				}
				p.Commit("fix: three")
				p.adopt("lts-2.4", "2.4.0")
				p.adopt("rolling", "3.1.0", "3.1.0-rc.2")
			},
			channel: "rolling", previous: "3.1.0", next: "3.1.1", changes: "three",
		},
		"numbers of candidates without a dot are no versions, and count for nothing": {
			build: func(p *project) {
				p.adopt("lts-2.4", "2.4.0")
				p.Commit("fix: two")
				p.Tag("v2.4.1-rc2")
				p.Tag("v2.4.1-rc10")
			},
			channel: "lts-2.4", pre: "rc", previous: "2.4.0", next: "2.4.1-rc.1", changes: "two",
		},
		"of rc.2 and rc.10 the latter is the last": {
			build: func(p *project) {
				p.Commit("fix: two")
				p.Tag("v2.4.1-rc.10")
				p.Tag("v2.4.1-rc.2")
				p.adopt("lts-2.4", "2.4.0", "2.4.1-rc.10", "2.4.1-rc.2")
			},
			channel: "lts-2.4", pre: "rc", previous: "2.4.0", next: "2.4.1-rc.11", changes: "two",
		},
		"a hotfix suffix sorts below its base and is no release to build on": {
			build: func(p *project) {
				p.Commit("fix: two")
				p.Tag("v2.4.0-hotfix.1")
				p.adopt("lts-2.4", "2.4.0", "2.4.0-hotfix.1")
			},
			channel: "lts-2.4", previous: "2.4.0", next: "2.4.1", changes: "two",
		},
		"calendar versions with zeroes in front are none, nor do semantic ones count among them": {
			rolling: calendar,
			build: func(p *project) {
				p.Checkout("main")
				for _, tag := range []string{"app-2026.01.0", "app-2026.0201.7", "app-3.1.0"} {
					p.LightTag(tag)
				}
				p.LightTag("app-2026.201.1")
				p.Commit("fix: two")
				p.adopt("rolling", "2026.201.1", "3.1.0")
			},
			channel: "rolling", previous: "2026.201.1", next: "2026.201.2", changes: "two",
		},
		"after a change from the calendar to counting the previous release is the last that was counted": {
			build: func(p *project) {
				p.Checkout("main")
				p.Tag("app-2026.103.4")
				p.Commit("feat: two")
				p.Tag("app-1.0.0")
				p.Commit("fix: three")
				p.adopt("rolling", "2026.103.4", "1.0.0")
			},
			channel: "rolling", previous: "1.0.0", next: "1.0.1", changes: "three",
		},
		"the first counted release comes after the last of the calendar": {
			build: func(p *project) {
				p.Checkout("main")
				p.Tag("app-2026.103.4")
				p.Commit("feat: two")
				p.adopt("rolling", "2026.103.4")
			},
			channel: "rolling", previous: "2026.103.4", next: "0.1.0", changes: "two",
		},
		"a rolling channel's tags stand in for a ledger, too": {
			build: func(p *project) {
				p.Checkout("main")
				p.LightTag("app-3.1.0")
				p.LightTag("v3.2.0")
				p.Commit("fix: two")
			},
			channel: "rolling", previous: "3.1.0", next: "3.1.1", changes: "two", says: unknownTags + " 1 of",
		},
		"with tags like those of a line it has the versions that the line has not": {
			rolling: "kind: rolling\nbranch: main\ntag: \"v{version}\"\nversion: {scheme: semver}\n",
			build: func(p *project) {
				p.Commit("fix: made there")
				p.LightTag("v2.4.1")
				p.Checkout("main")
				p.Commit("feat: two")
				p.LightTag("v2.5.0")
				p.Commit("fix: three")
			},
			channel: "rolling", previous: "2.5.0", next: "2.5.1", changes: "three", says: unknownTags + " 1 of",
		},
		"a revert of what is released is a patch release with a note": {
			build: func(p *project) {
				p.Checkout("main")
				feature := p.Commit("feat: two")
				p.Tag("app-3.1.0")
				p.Revert(feature)
				p.adopt("rolling", "3.1.0")
			},
			channel: "rolling", previous: "3.1.0", next: "3.1.1", changes: "feat: two",
		},
		"a feature and its revert in one range are no feature release": {
			build: func(p *project) {
				p.Checkout("main")
				p.Tag("app-3.1.0")
				p.Revert(p.Commit("feat: two"))
				p.Commit("fix: three")
				p.adopt("rolling", "3.1.0")
			},
			channel: "rolling", previous: "3.1.0", next: "3.1.1", changes: "three",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.rolling == "" {
				c.rolling = rolling
			}
			p := maintained(t, rollingFile, c.rolling)
			c.build(p)
			p.fetch()
			made := p.must(c.channel, pre(c.pre))
			if previous(made) != c.previous || made.Inputs.Version.String() != c.next || subjects(made) != c.changes {
				t.Errorf("%s after %s with %q, want %s after %s with %q", made.Inputs.Version, previous(made), subjects(made), c.next, c.previous, c.changes)
			}
			if c.says != "" && !said(made, c.says) || c.says == "" && said(made, unknownTags) {
				t.Errorf("it assumes %q, want %q", made.Assumptions, c.says)
			}
		})
	}
}

// A release that was squashed away is told of, before the ledger knows it and, as a refusal, from then on.
func TestATagOutsideTheBranchNeverWidensTheNotesSilently(t *testing.T) {
	t.Parallel()
	p := adopted(t)
	p.Git("checkout", "--quiet", "--detach")
	p.Commit("fix: one of several")
	for _, tag := range []string{"v2.4.1", "v2.4.3", "v2.4.2"} {
		p.LightTag(tag)
	}
	lost := p.Head()
	p.Checkout("release/2.4")
	p.Commit("fix: all of them, squashed")
	p.fetch()
	made := p.must("lts-2.4")
	if previous(made) != "2.4.0" || made.Inputs.Version.String() != "2.4.4" || !said(made, "2.4.3 at "+release.Short(lost)+" is not in the history of branch release/2.4") {
		t.Errorf("%s after %s assuming %q", made.Inputs.Version, previous(made), made.Assumptions)
	}
	p.adopt("lts-2.4", "2.4.1", "2.4.2", "2.4.3")
	if _, err := p.plan("lts-2.4"); as[*plan.AncestryError](t, err).Previous.Version.String() != "2.4.3" {
		t.Error(err)
	}
}

// Where every line has a branch of its own, the last tag that main contains is ancient.
func TestTheFirstReleaseOfALineIsToldSinceTheNewestOlderLineLeft(t *testing.T) {
	t.Parallel()
	p := begin(t)
	p.LightTag("v1.0.0")
	p.Commit("feat: long released")
	p.Branch("release/2.3")
	p.Commit("fix: made there")
	for _, tag := range []string{"v2.3.0", "v2.3.11", "v2.3.2", "v2.3.12-rc.1"} {
		p.LightTag(tag)
	}
	p.Checkout("main")
	left := p.Head()
	p.Commit("feat: new")
	p.Branch("release/2.4")
	p.Commit("fix: two")
	p.fetch()
	made := p.must("lts-2.4", strict)
	if made.Inputs.Previous != nil || made.Inputs.Version.String() != "2.4.0" || subjects(made) != "two, new" {
		t.Errorf("%s after %s with %q", made.Inputs.Version, previous(made), subjects(made))
	}
	if !said(made, "since 2.3.11 left the branch at "+release.Short(left)) || said(made, "1.0.0") {
		t.Errorf("it assumes %q", made.Assumptions)
	}
}

// A hotfix counts as taken to the source branch by what that branch holds, not by its ancestry.
func TestAHotfixIsOnTheSourceBranchByItsContent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		build func(p *project, hotfix string)
		pass  bool
	}{
		"picked up": {
			build: func(p *project, hotfix string) { p.Pick(hotfix) }, pass: true,
		},
		"picked up, and taken back there": {
			build: func(p *project, hotfix string) { p.Revert(p.Pick(hotfix)) },
		},
		"merged forward": {
			build: func(p *project, _ string) { p.Merge("release/2.4", "Merge branch 'release/2.4'") }, pass: true,
		},
		"merged forward with -s ours: an ancestor, without its content": {
			build: func(p *project, _ string) {
				p.Git("merge", "--quiet", "-s", "ours", "-m", "Merge branch 'release/2.4'", "release/2.4")
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := maintained(t, sourced...)
			hotfix := p.Commit("fix: two")
			p.Checkout("main")
			p.Commit("feat: three")
			c.build(p, hotfix)
			p.fetch()
			v := verdict(t, p.must("lts-2.4", indexed).Verdicts, plan.GateSource)
			if (v.Status == release.Pass) != c.pass || v.Blocks() == c.pass {
				t.Errorf("%s: %s", v.Status, v.Reason)
			}
		})
	}
}

// Of a line that is not here nobody knows which fixes it has: that is no upgrade without losses.
func TestAnUpgradeFromALineThatIsNotHereIsNotJudged(t *testing.T) {
	t.Parallel()
	older := "kind: lts\nline: \"2.3\"\nbranch: release/2.3\ntag: \"{version}\"\n"
	p := adopted(t, "channels/lts-2.3.yaml", older, ltsFile, lts+"upgrade: {from: \">=2.3.0\", fixes: refuse}\n")
	p.Git("checkout", "--quiet", "-b", "release/2.3", "main")
	p.Tag("2.3.0")
	p.Commit("fix: of the older line")
	p.Tag("2.3.1")
	p.adopt("lts-2.3", "2.3.0", "2.3.1")
	p.Checkout("release/2.4")
	p.Commit("fix: two")
	p.fetch()
	ask := func() release.Verdict { return verdict(t, p.must("lts-2.4", indexed).Verdicts, plan.GateUpgrade) }
	if v := ask(); v.Status != release.Fail || !strings.Contains(v.Reason, "of the older line") {
		t.Fatalf("with the branch: %s: %s", v.Status, v.Reason)
	}
	p.Git("update-ref", "refs/remotes/origin/release/2.3", "2.3.0^{commit}")
	if v := ask(); v.Status != release.Errored || !strings.Contains(v.Reason, "release 2.3.1 of lts-2.3 is not in the history of branch release/2.3") {
		t.Errorf("with a branch that lost its release: %s: %s", v.Status, v.Reason)
	}
	p.Git("update-ref", "-d", "refs/remotes/origin/release/2.3")
	if v := ask(); v.Status != release.Errored || !v.Blocks() || !strings.Contains(v.Reason, "refs/remotes/origin/release/2.3 does not exist here") {
		t.Errorf("without the branch: %s: %s", v.Status, v.Reason)
	}
}
