package plan_test

import (
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
)

// sourced are the files of a line that takes only what its source has, and of that source.
var sourced = []string{
	ltsFile, lts + "source: rolling\nsoak: {ring: canary, for: 72h}\n", rollingFile, rolling + "rings:\n  - {name: canary, cells: [eu-1]}\n",
}

// indexed lets a plan read which change is on which line.
func indexed(req *plan.Request) {
	req.Index = plan.Lines{Repo: req.Repo, Remote: req.Remote, Policy: req.Policy, State: req.State}.Index
}

func TestTheSourceGateAsksForAnOriginal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		build func(p *project)
		pass  bool
		// want is checked where only one status will do.
		want release.Status
	}{
		"a pick of what is on the source branch": {
			build: func(p *project) { p.backport("fix: two") }, pass: true,
		},
		"a pick that had to be adapted": {
			build: func(p *project) {
				p.Checkout("main")
				id := p.Commit("fix: two", "a.txt", "for main\n")
				p.Checkout("release/2.4")
				p.Commit("fix: two\n\n(cherry picked from commit "+id+")\n", "a.txt", "for 2.4\n")
			}, pass: true,
		},
		"a pick of a pick": {
			build: func(p *project) {
				p.Checkout("main")
				id := p.Commit("fix: two")
				p.Git("checkout", "--quiet", "-b", "release/2.5", "main~1")
				middle := p.Pick(id)
				p.Checkout("release/2.4")
				p.Pick(middle)
			}, pass: true,
		},
		"a commit that is on both branches": {
			build: func(p *project) {
				p.Commit("fix: two")
				p.Checkout("main")
				p.Merge("release/2.4", "Merge branch 'release/2.4'")
			}, pass: true,
		},
		"a change for the line only, with a reason": {
			build: func(p *project) { p.Commit("fix: two\n\nLTS-Only: main has no such code any more\n") }, pass: true,
		},
		"a change for the line only, without a reason": {
			build: func(p *project) { p.Commit("fix: two\n\nLTS-Only: \n") },
		},
		"a hotfix that nobody took to the source branch": {
			build: func(p *project) { p.Commit("fix: two") },
		},
		"one such hotfix among picks": {
			build: func(p *project) { p.backport("fix: two"); p.Commit("fix: three") },
		},
		"a pick of what is on another branch only": {
			build: func(p *project) {
				p.Git("checkout", "--quiet", "-b", "topic", "main")
				id := p.Commit("fix: two")
				p.Checkout("release/2.4")
				p.Pick(id)
			}, want: release.Fail,
		},
		"a pick of a commit that is nowhere": {
			build: func(p *project) {
				p.Commit("fix: two\n\n(cherry picked from commit " + strings.Repeat("12345678", 5) + ")\n")
			}, want: release.Fail,
		},
		"a source branch that is not there": {
			build: func(p *project) {
				p.Commit("fix: two")
				p.Checkout("main")
				p.Commit("chore: follow another branch", rollingFile, strings.Replace(sourced[3], "branch: main", "branch: next", 1))
			}, want: release.Errored,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := maintained(t, sourced...)
			c.build(p)
			p.fetch()
			v := verdict(t, p.must("lts-2.4", indexed).Verdicts, plan.GateSource)
			if (v.Status == release.Pass) != c.pass || c.want != "" && v.Status != c.want {
				t.Errorf("%s: %s", v.Status, v.Reason)
			}
			if c.want != "" && !v.Blocks() {
				t.Errorf("%s does not block: %s", v.Status, v.Reason)
			}
			if v.Reason == "" {
				t.Error("no reason")
			}
		})
	}
}
