package plan_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
)

func TestMain(m *testing.M) {
	gittest.Isolate()
	os.Exit(m.Run())
}

// The channel files that tests begin with.
const (
	productFile = "channels/product.yaml"
	ltsFile     = "channels/lts-2.4.yaml"
	rollingFile = "channels/rolling.yaml"

	product = "name: acme\nbuild: {command: [make, dist], output: out}\n"
	lts     = "kind: lts\nline: \"2.4\"\nbranch: release/2.4\naccept: [fix, security]\n"
	rolling = "kind: rolling\nbranch: main\ntag: \"app-{version}\"\nversion: {scheme: semver}\n"
)

// now is when all plans are made.
var now = time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)

// project is a repository with channel files on main, and what its ledger adds up to. A plan reads the remote's branches
// as they were fetched last and asks no remote, so that nothing here is pushed but by the tests that need a clone.
type project struct {
	*gittest.Repo
	t     *testing.T
	state *ledger.State
}

// begin makes a project with the three channel files, which more, as path and content in turn, adds to or replaces.
// The remote has nothing yet.
func begin(t *testing.T, more ...string) *project {
	t.Helper()
	p := &project{Repo: gittest.New(t), t: t, state: ledger.NewState()}
	p.Git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
	p.Commit("chore: begin", append([]string{productFile, product, ltsFile, lts, rollingFile, rolling}, more...)...)
	return p
}

// maintained is a project whose line 2.4 was opened at 2.4.0; release/2.4 is checked out.
func maintained(t *testing.T, more ...string) *project {
	t.Helper()
	p := begin(t, more...)
	p.Commit("feat: one")
	p.Branch("release/2.4")
	p.Tag("v2.4.0")
	return p
}

// adopted is a maintained project with 2.4.0 in the ledger.
func adopted(t *testing.T, more ...string) *project {
	t.Helper()
	p := maintained(t, more...)
	p.adopt("lts-2.4", "2.4.0")
	return p
}

// fixed is an adopted project with one fix on main and its pick on release/2.4, fetched.
func fixed(t *testing.T, more ...string) *project {
	t.Helper()
	p := adopted(t, more...)
	p.backport("fix: two")
	p.fetch()
	return p
}

// fetch makes all branches known as the remote's, as if they had been pushed and fetched.
func (p *project) fetch() {
	p.t.Helper()
	refs := p.Git("for-each-ref", "--format=update refs/remotes/origin/%(refname:lstrip=2) %(objectname)", "refs/heads/")
	p.GitIn([]byte(refs+"\n"), "update-ref", "--stdin")
}

// backport commits on main, picks that to release/2.4 and returns the pick's id.
func (p *project) backport(message string) string {
	p.t.Helper()
	p.Checkout("main")
	id := p.Commit(message)
	p.Checkout("release/2.4")
	return p.Pick(id)
}

func (p *project) open() *git.Repo {
	p.t.Helper()
	repo, err := git.Open(p.t.Context(), p.Dir)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = repo.Close() })
	return repo
}

// record fetches, and folds an event into the state of the ledger.
func (p *project) record(e ledger.Event) {
	p.t.Helper()
	p.fetch()
	if p.state.Next == 1 {
		p.apply(ledger.Event{Type: ledger.TypeGenesis, Genesis: &ledger.Genesis{DefaultBranch: "main"}})
	}
	p.apply(e)
}

func (p *project) apply(e ledger.Event) {
	p.t.Helper()
	e.Schema, e.Number, e.Time, e.Actor = ledger.EventSchema, p.state.Next, now, gittest.Name
	if err := p.state.Apply(ledger.Recorded{Event: e, Commit: fmt.Sprintf("%040x", e.Number)}); err != nil {
		p.t.Fatal(err)
	}
}

// adopt records versions as a channel's releases, by their tags.
func (p *project) adopt(channel string, versions ...string) {
	p.t.Helper()
	prefix := map[string]string{"lts-2.4": "v", "rolling": "app-"}[channel]
	var list []ledger.Adopted
	for _, v := range versions {
		tag := prefix + v
		list = append(list, ledger.Adopted{
			Version: release.MustVersion(v), Tag: tag, Commit: p.Git("rev-parse", tag+"^{commit}"), TagObject: p.Git("rev-parse", "refs/tags/"+tag),
		})
	}
	p.record(ledger.Event{Type: ledger.TypeAdopt, Channel: channel, Adopt: &ledger.Adopt{Releases: list}})
}

// waive records a waiver of lts-2.4 that counts until the given day of February.
func (p *project) waive(w ledger.Waive, day int) {
	p.t.Helper()
	w.Expires = time.Date(2026, 2, day, 0, 0, 0, 0, time.UTC)
	p.record(ledger.Event{Type: ledger.TypeWaive, Channel: "lts-2.4", Reason: "promised in the contract", Waive: &w})
}

// reserve records a plan as the channel's open reservation and returns its commit.
func (p *project) reserve(made *release.Plan) string {
	p.t.Helper()
	p.record(ledger.Event{Type: ledger.TypeReserve, Channel: made.Inputs.Channel, Reserve: &ledger.Reserve{
		Plan: *made, Sequence: p.state.NextSequence(made.Inputs.Channel),
	}})
	return p.state.Head
}

// request is what a plan of a channel is made of now, by what was fetched last.
func (p *project) request(channel string) plan.Request {
	p.t.Helper()
	ctx := p.t.Context()
	req := plan.Request{Repo: p.open(), Remote: "origin", State: p.state, Now: now}
	var err error
	if req.Waivers, err = ledger.New(req.Repo, req.Remote).Waivers(ctx, req.State, now, ledger.Trust{}); err != nil {
		p.t.Fatal(err)
	}
	if req.Policy, err = plan.LoadPolicy(ctx, req.Repo, plan.Source{Remote: req.Remote, Branch: req.State.DefaultBranch}); err != nil {
		p.t.Fatal(err)
	}
	if req.Channel, err = req.Policy.Channel(channel); err != nil {
		p.t.Fatal(err)
	}
	req.Builder = build.Command{Argv: req.Policy.Product.Build.Command, Output: req.Policy.Product.Build.Output}
	return req
}

// plan plans a channel, after the tweaks to its request.
func (p *project) plan(channel string, tweaks ...func(*plan.Request)) (*release.Plan, error) {
	p.t.Helper()
	req := p.request(channel)
	for _, tweak := range tweaks {
		tweak(&req)
	}
	return plan.New(p.t.Context(), req)
}

// must plans a channel that can be planned.
func (p *project) must(channel string, tweaks ...func(*plan.Request)) *release.Plan {
	p.t.Helper()
	made, err := p.plan(channel, tweaks...)
	if err != nil {
		p.t.Fatal(err)
	}
	return made
}

func strict(req *plan.Request) { req.Strict = true }

func pre(name string) func(*plan.Request) { return func(req *plan.Request) { req.Pre = name } }

// verdict is what a gate of a plan said.
func verdict(t *testing.T, list []release.Verdict, gate string) release.Verdict {
	t.Helper()
	found := map[string]release.Verdict{}
	for _, v := range list {
		found[v.Gate] = v
	}
	v, ok := found[gate]
	if !ok {
		t.Fatalf("no gate %s among %v", gate, slices.Sorted(maps.Keys(found)))
	}
	return v
}

// as returns err as a T, or ends the test.
func as[T error](t *testing.T, err error) T {
	t.Helper()
	var out T
	if !errors.As(err, &out) {
		t.Fatalf("got error %v, want a %T", err, out)
	}
	return out
}

// equal compares lists.
func equal[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}
