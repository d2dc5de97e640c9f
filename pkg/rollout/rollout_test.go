package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/deploy"
	"github.com/relctl/relctl/pkg/internal/cuttest"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
	"github.com/relctl/relctl/pkg/rollout"
)

const rolling = `kind: rolling
branch: main
version: {scheme: calver, format: YYYY.MDD.N}
rings:
  - {name: inside, cells: [internal]}
  - {name: outside, cells: [eu-1, us-1]}
freeze:
  - {name: nights, weekdays: [sun], start: "22:00", end: "06:00", timezone: Europe/Berlin}
deploy: {engine: argocd}
`

const service = "apiVersion: v1\nkind: Service\nmetadata: {name: acme}\nspec: {selector: {app: acme}, ports: [{port: 80}]}\n"

// beginRolling is a world with a rolling channel of two rings, and one release of it.
func beginRolling(t *testing.T) *world {
	t.Helper()
	w := begin(t,
		cuttest.ProductFile, cuttest.Product+"signing: {keys: [channels/keys/first.pub], threshold: 1}\ndeploy: {base: deploy/base, repository: https://git.example/acme.git}\n",
		"channels/rolling.yaml", rolling,
		"deploy/base/kustomization.yaml", "resources: [service.yaml]\n", "deploy/base/service.yaml", service)
	w.Git("config", "url."+w.Remote+".insteadOf", "https://git.example/acme.git")
	w.Checkout("main")
	w.cutRolling()
	return w
}

// cutRolling releases what is new on main.
func (w *world) cutRolling(files ...string) release.Version {
	w.T.Helper()
	w.Commit("fix: more", files...)
	w.Push()
	p := w.Project()
	ch, err := p.Policy.Channel("rolling")
	w.Do(err)
	res, err := cut.Run(w.T.Context(), p, ch, cut.Options{Signers: []project.Signer{cuttest.Key(w.T, cuttest.FirstKey)}, Now: cuttest.Now})
	w.Do(err)
	return res.Manifest.Version
}

// rollout opens the rollout at a time.
func (w *world) rollout(at time.Time) *rollout.Rollout {
	w.T.Helper()
	p := w.Project()
	p.Ledger.SetClock(func() time.Time { return at })
	ch, err := p.Policy.Channel("rolling")
	w.Do(err)
	r, err := rollout.New(p, ch, rollout.Options{Now: func() time.Time { return at }})
	w.Do(err)
	w.T.Cleanup(r.Close)
	return r
}

func (w *world) advance(at time.Time) *rollout.Result {
	w.T.Helper()
	out, err := w.rollout(at).Advance(w.T.Context())
	w.Do(err)
	return out
}

// deployed is what a cell runs by the deploy branch.
func (w *world) deployed(ring, cell string) string {
	w.T.Helper()
	p := w.Project()
	b := deploy.NewBranch(p.Repo, p.Remote, "")
	w.Do(b.Fetch(w.T.Context()))
	files, err := b.Files(w.T.Context())
	w.Do(err)
	d, err := deploy.ReadDeployed(files, ring, cell)
	w.Do(err)
	if d == nil {
		return ""
	}
	return d.Version.String()
}

func TestARunThatFellBehindTakesNothingBack(t *testing.T) {
	t.Parallel()
	w := beginRolling(t)
	w.advance(cuttest.Now)
	late := w.rollout(cuttest.Now)
	second := w.cutRolling()
	if out := w.advance(cuttest.Now); len(out.Events) != 2 {
		t.Fatalf("promoted %v", out.Events)
	}
	before := w.InRemote("rev-parse", "relctl/deploy")
	out, err := late.Settle(t.Context())
	if err != nil || len(out.Deploys) != 0 {
		t.Errorf("a run that knows an older ledger deployed %v, %v", out.Deploys, err)
	}
	if got := w.deployed("outside", "us-1"); got != second.String() || w.InRemote("rev-parse", "relctl/deploy") != before {
		t.Errorf("us-1 runs %s, want %s", got, second)
	}
}

func TestAReleaseThatCannotBeDeployedIsNotPromoted(t *testing.T) {
	t.Parallel()
	w := beginRolling(t)
	w.advance(cuttest.Now)
	first := w.deployed("inside", "internal")
	w.cutRolling("deploy/base/service.yaml", service+"---\napiVersion: v1\nkind: Pod\nmetadata: {name: acme}\nspec: {containers: [{name: acme, image: acme:latest}]}\n")
	events := w.Events()
	_, err := w.rollout(cuttest.Now).Advance(t.Context())
	if found := cuttest.As[deploy.Problems](t, err); !strings.Contains(found.Error(), "acme:latest") {
		t.Errorf("refused because of %v", found)
	}
	if w.Events() != events || w.deployed("inside", "internal") != first {
		t.Error("it is promoted, or deployed")
	}
}

func TestADeployBranchThatWasDeletedIsMadeAgain(t *testing.T) {
	t.Parallel()
	w := beginRolling(t)
	w.advance(cuttest.Now)
	tree := w.InRemote("rev-parse", "relctl/deploy^{tree}")
	w.InRemote("update-ref", "-d", "refs/heads/relctl/deploy")
	out := w.advance(cuttest.Now)
	if len(out.Events) != 0 || len(out.Deploys) != 2 || w.InRemote("rev-parse", "relctl/deploy^{tree}") != tree {
		t.Errorf("made %v, %v", out.Events, out.Deploys)
	}
}

func TestACellThatLeavesItsRingLeavesTheBranch(t *testing.T) {
	t.Parallel()
	w := beginRolling(t)
	w.advance(cuttest.Now)
	w.Commit("ci: one cell less", "channels/rolling.yaml", strings.Replace(rolling, "[eu-1, us-1]", "[eu-1]", 1))
	w.Push()
	if out := w.advance(cuttest.Now); len(out.Deploys) != 1 || w.deployed("outside", "us-1") != "" || w.deployed("outside", "eu-1") == "" {
		t.Errorf("made %v; us-1 runs %q", out.Deploys, w.deployed("outside", "us-1"))
	}
	if out := w.advance(cuttest.Now); len(out.Deploys) != 0 {
		t.Errorf("made %v again", out.Deploys)
	}
}

// windows are what the engine is told of a freeze, in the AppProject.
func (w *world) windows() string {
	w.T.Helper()
	return w.InRemote("show", "relctl/deploy:gitops/argocd/rolling/project.yaml")
}

func TestAnEmergencyPassesTheFreezeOfTheEngine(t *testing.T) {
	t.Parallel()
	w := beginRolling(t)
	w.advance(cuttest.Now)
	w.cutRolling()
	w.advance(cuttest.Now)
	night := time.Date(2026, 2, 1, 23, 0, 0, 0, time.UTC)
	back := func(emergency bool) error {
		_, err := w.rollout(night).Do(t.Context(), func(m ring.Model) (*ledger.Event, error) {
			return m.Rollback("inside", release.Version{}, "orders fail", emergency)
		})
		return err
	}
	if !strings.Contains(w.windows(), "acme-rolling-internal") || !strings.Contains(w.windows(), "duration: 8h") {
		t.Errorf("the engine does not know the freeze:\n%s", w.windows())
	}
	_ = cuttest.As[*ring.Refusal](t, back(false))
	w.Do(back(true))
	if windows := w.windows(); strings.Contains(windows, "acme-rolling-internal") || !strings.Contains(windows, "acme-rolling-eu-1") {
		t.Errorf("the engine holds the emergency back:\n%s", windows)
	}
	w.advance(night.Add(12 * time.Hour))
	if !strings.Contains(w.windows(), "acme-rolling-internal") {
		t.Errorf("the freeze is not for everybody again:\n%s", w.windows())
	}
}

func TestImagesComeFromTheReleaseThatTheLedgerNames(t *testing.T) {
	t.Parallel()
	w := beginRolling(t)
	w.Commit("ci: images", cuttest.ProductFile, w.Git("show", "HEAD:"+cuttest.ProductFile)+"\nimages: [{name: acme}]\n")
	w.Push()
	other := w.elsewhere()
	other.Git("config", "url."+w.Remote+".insteadOf", "https://git.example/acme.git")
	_, err := other.rollout(cuttest.Now).Advance(t.Context())
	_ = cuttest.As[*rollout.NotInStoreError](t, err) // it has no store beside it
	w.advance(cuttest.Now)                           // this clone has what it built
	if w.deployed("inside", "internal") == "" {
		t.Error("nothing is deployed")
	}
}
