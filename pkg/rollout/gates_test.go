package rollout_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/internal/prometheustest"
	"github.com/relctl/relctl/pkg/deploy"
	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/internal/cuttest"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/rollout"
)

const ringsFile = `kind: rolling
branch: main
version: {scheme: calver, format: YYYY.MDD.N}
rings:
  - name: canary
    cells: [eu-1, eu-2]
    gates:
      - name: errors
        prometheus: {query: 'errors{cell="{cell}",ring="{ring}",version="{version}"}', pass: value < 1, traffic: {query: 'requests{cell="{cell}"}', least: "10"}}
      - {name: better, prometheus: {query: 'errors{cell="eu-1",version="{version}"}', control: 'errors{version="{previous}"}', pass: candidate < control}}
      - {name: synced, gitops: {command: [sh, -c, 'cat "$HOME/status.json"']}}
      - {name: agreed, approval: {role: sre}}
      - {name: script, command: [sh, -c, 'echo "$RELCTL_CHANNEL $RELCTL_VERSION"']}
  - {name: wide, cells: [us-1]}
`

// ringWorld is a product with rings, in which ring canary ran one release and runs another.
type ringWorld struct {
	*world
	p   *project.Project
	rel *ledger.Release
}

func beginRings(t *testing.T) ringWorld {
	t.Helper()
	w := begin(t, "channels/rolling.yaml", ringsFile, cuttest.ProductFile, cuttest.Product+"roles: {sre: [{name: sre-1, ssh: "+sshKey+"}]}\n")
	first := ledger.Release{Version: release.MustVersion("2026.102.1"), Commit: strings.Repeat("b", 40)}
	second := ledger.Release{Version: release.MustVersion("2026.103.1"), Commit: strings.Repeat("c", 40), Release: "sha256:" + strings.Repeat("d", 64)}
	p := w.Project()
	p.State.Channels["rolling"] = &ledger.Channel{
		Releases: []ledger.Release{first, second},
		Rings:    map[string]*ledger.Ring{"canary": {Stays: []ledger.Stay{{Version: first.Version}, {Version: second.Version}}}},
	}
	return ringWorld{w, p, &second}
}

// sshKey is nobody's key.
const sshKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1oTkKQyMZ8P3m3nHhDkvaK3UyCDyQ1zqXZ3C0Sjv0q"

// ask asks a gate of ring canary, and holds its verdict against its record.
func (w ringWorld) ask(name string) release.Verdict {
	w.T.Helper()
	ch, err := w.p.Policy.Channel("rolling")
	w.Do(err)
	for _, g := range ch.Rings[0].Gates {
		if g.Name != name {
			continue
		}
		scripts := func(context.Context) (string, error) { return w.Dir, nil }
		deployed := func(ctx context.Context) ([]string, error) {
			return rollout.DeployedAs(ctx, w.p, "canary", ch.Rings[0].Cells, w.rel)
		}
		asked, err := w.p.RingGate(ch, ch.Rings[0], g, w.rel, scripts, deployed)
		w.Do(err)
		v := asked.Evaluate(w.T.Context(), gate.Subject{})
		if v.Record == nil {
			return v
		}
		rec, again, err := gate.Replay(v.Record)
		w.Do(err)
		if rec.Gate != name || rec.Ring != "canary" || rec.Version != w.rel.Version.String() || again.Status != v.Status || again.Reason != v.Reason {
			w.T.Errorf("%+v is replayed to %+v from the record of %s %s", v, again, rec.Ring, rec.Gate)
		}
		return v
	}
	w.T.Fatalf("there is no gate %s", name)
	return release.Verdict{}
}

func (w ringWorld) expect(name string, status release.Status, reason string) {
	w.T.Helper()
	if v := w.ask(name); v.Status != status || !strings.Contains(v.Reason, reason) {
		w.T.Errorf("gate %s: %s %q, want %s %q", name, v.Status, v.Reason, status, reason)
	}
}

// serve starts a metric server with series of one value each.
func (w ringWorld) serve(series ...string) {
	w.T.Helper()
	for _, program := range []string{"prometheus", "promtool"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") != "" {
				w.T.Fatal(err)
			}
			w.T.Skipf("%v (Debian's package prometheus has it)", err)
		}
	}
	var text strings.Builder
	for _, name := range []string{"errors", "requests"} {
		fmt.Fprintf(&text, "# TYPE %s gauge\n", name)
		for _, s := range series {
			if strings.HasPrefix(s, name) {
				fmt.Fprintf(&text, "%s %d\n", s, cuttest.Now.Unix())
			}
		}
	}
	address, stop, err := prometheustest.Start(w.T.TempDir(), text.String()+"# EOF\n")
	w.Do(err)
	w.T.Cleanup(stop)
	w.p.Prometheus, w.p.Clock = address, func() time.Time { return cuttest.Now }
}

func TestAMetricIsAskedForEachCell(t *testing.T) {
	w := beginRings(t)
	w.expect("errors", release.Errored, "no metric server is named")
	w.serve(
		`errors{cell="eu-1",ring="canary",version="2026.103.1"} 0`, `errors{cell="eu-2",ring="canary",version="2026.103.1"} 0`,
		`errors{cell="eu-1",ring="canary",version="2026.102.1"} 1`,
		`errors{cell="eu-1",ring="canary",version="2026.101.1"} 5`, `errors{cell="eu-2",ring="canary",version="2026.101.1"} 0`,
		`errors{cell="eu-1",ring="canary",version="2026.100.1"} 0`,
		`requests{cell="eu-1"} 100`, `requests{cell="eu-2"} 100`,
	)
	w.expect("errors", release.Pass, "eu-1: ")
	w.expect("better", release.Pass, "")
	w.rel.Version = release.MustVersion("2026.101.1")
	w.expect("errors", release.Fail, "eu-1: ")
	w.rel.Version = release.MustVersion("2026.100.1")
	w.expect("errors", release.NoData, "eu-2: ")

	w.rel.Version = release.MustVersion("2026.103.1") // the first release of a ring has no control
	canary := w.p.State.Channels["rolling"].Rings["canary"]
	canary.Stays = canary.Stays[1:]
	w.expect("better", release.NoData, "ring canary has no release before 2026.103.1")
}

func TestAnEngineMustRunWhatTheDeployBranchHolds(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	w := beginRings(t)
	status := func(revision string) {
		w.Do(os.WriteFile(filepath.Join(home, "status.json"), fmt.Appendf(nil, `{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
"metadata": {"name": "acme-rolling-eu-1", "namespace": "argocd"}, "status": {"sync": {"status": "Synced", "revision": %q},
"health": {"status": "Healthy"}, "operationState": {"phase": "Succeeded", "syncResult": {"revision": %q}}}}`, revision, revision), 0o600))
	}
	status(strings.Repeat("0", 40))
	w.expect("synced", release.Errored, "not known which revision is ours")

	w.Git("checkout", "--quiet", "--orphan", "relctl/deploy")
	var files []string
	for _, cell := range []string{"eu-1", "eu-2"} {
		state, err := release.Encode(deploy.Deployed{Schema: deploy.DeployedSchema, Product: "acme", Channel: "rolling", Ring: "canary", Cell: cell, Version: w.rel.Version, Release: w.rel.Release})
		w.Do(err)
		files = append(files, "rendered/canary/"+cell+"/relctl.json", string(state))
	}
	promoted := w.Commit("canary: 2026.103.1", files...)
	later := w.Commit("wide: 2026.102.1", "rendered/wide/us-1/manifests.yaml", "a: b\n")
	w.Push()
	w.Do(w.p.Fetch(t.Context()))
	w.expect("synced", release.NoData, "which is not ours")
	for _, revision := range []string{promoted, later} {
		status(revision)
		w.expect("synced", release.Pass, "acme-rolling-eu-1")
	}
	w.rel.Release = "sha256:" + strings.Repeat("e", 64)
	w.expect("synced", release.Errored, "not known which revision is ours")
}

func TestPeopleAndScriptsAreAskedAboutTheRingsRelease(t *testing.T) {
	w := beginRings(t)
	w.expect("agreed", release.Fail, "0 of 1 approvals by role sre")
	if v := w.ask("agreed"); v.Hint != "relctl approve rolling --gate agreed" {
		t.Errorf("the hint is %q", v.Hint)
	}
	w.expect("script", release.Pass, "rolling 2026.103.1")
}
