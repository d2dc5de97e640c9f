package plan_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
)

func TestOnlyTheRemotesDefaultBranchIsPolicy(t *testing.T) {
	t.Parallel()
	p := maintained(t)
	loose := strings.Replace(lts, "[fix, security]", "[fix, security, feat]", 1)
	p.Commit("chore: loosen my own gates", ltsFile, loose)
	p.fetch()
	p.Checkout("main")
	p.Commit("chore: loosen here, unpushed", ltsFile, loose)
	p.Checkout("release/2.4")
	p.Write(ltsFile, "this is no channel file")
	for name, src := range map[string]plan.Source{
		"the remote's HEAD":               {Remote: "origin"},
		"the branch that genesis pinned":  {Remote: "origin", Branch: "main"},
		"though the working tree is fine": {Remote: "origin", WorkingTree: true},
	} {
		got, err := plan.LoadPolicy(t.Context(), p.open(), src)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		ch, err := got.Channel("lts-2.4")
		if err != nil || strings.Join(ch.Accept, " ") != "fix security" {
			t.Errorf("%s: accepts %v, %v", name, ch, err)
		}
		if got.Ref != "refs/remotes/origin/main" || got.Branch != "main" || got.Commit != p.Git("rev-parse", "origin/main") || got.Assumption() != "" {
			t.Errorf("%s: read %s at %s of %s, assuming %q", name, got.Ref, got.Commit, got.Branch, got.Assumption())
		}
		want := []release.Blob{
			{Path: ltsFile, ID: p.Git("rev-parse", "origin/main:"+ltsFile)},
			{Path: productFile, ID: p.Git("rev-parse", "origin/main:"+productFile)},
			{Path: rollingFile, ID: p.Git("rev-parse", "origin/main:"+rollingFile)},
		}
		equal(t, name+": blobs", got.Blobs, want)
	}
}

func TestThePinnedBranchWinsOverTheRemotesHEAD(t *testing.T) {
	t.Parallel()
	p := begin(t)
	p.Branch("trunk")
	p.Commit("chore: rename", productFile, strings.Replace(product, "acme", "trunked", 1))
	p.fetch()
	got, err := plan.LoadPolicy(t.Context(), p.open(), plan.Source{Remote: "origin", Branch: "trunk"})
	if err != nil || got.Product.Name != "trunked" || got.Ref != "refs/remotes/origin/trunk" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestASigningKeyIsPartOfThePolicy(t *testing.T) {
	t.Parallel()
	p := begin(t, productFile, product+"signing: {keys: [channels/keys/release.pub, channels/keys/none.pub], threshold: 1}\n", "channels/keys/release.pub", "one key\n")
	p.fetch()
	blobs := func() []release.Blob {
		got, err := plan.LoadPolicy(t.Context(), p.open(), plan.Source{Remote: "origin"})
		if err != nil {
			t.Fatal(err)
		}
		return got.Blobs
	}
	before := blobs()
	if len(before) != 4 || before[0].Path != "channels/keys/release.pub" {
		t.Fatalf("blobs %v: want the key that is there, and not the one that is missing", before)
	}
	p.Commit("chore: another key", "channels/keys/release.pub", "another key\n")
	p.fetch()
	if after := blobs(); after[0].ID == before[0].ID {
		t.Error("an exchanged key leaves the policy as it was")
	}
}

// A file that nobody could read as it was meant must not be passed over in favour of another one.
func TestABrokenPolicyIsAnErrorWhereverElseAGoodOneLies(t *testing.T) {
	t.Parallel()
	p := begin(t)
	p.Commit("chore: break it", ltsFile, lts+"acept: [feat]\n")
	p.fetch()
	p.Write(ltsFile, lts)
	for _, fallback := range []bool{false, true} {
		_, err := plan.LoadPolicy(t.Context(), p.open(), plan.Source{Remote: "origin", WorkingTree: fallback})
		_ = as[channel.Errors](t, err)
		if errors.Is(err, channel.ErrNone) || !strings.Contains(err.Error(), "refs/remotes/origin/main: "+ltsFile) || !strings.Contains(err.Error(), "accept") {
			t.Errorf("with fallback %v: %v", fallback, err)
		}
	}
}

func TestAWorkingTreeCountsOnlyWhereNothingIsPushedYet(t *testing.T) {
	t.Parallel()
	p := begin(t)
	p.Git("rm", "-r", "--quiet", "channels")
	p.Empty("chore: no channels")
	p.fetch()
	p.Write(productFile, product)
	p.Write(rollingFile, rolling)

	_, err := plan.LoadPolicy(t.Context(), p.open(), plan.Source{Remote: "origin"})
	if !errors.Is(err, channel.ErrNone) {
		t.Errorf("without the fallback: %v", err)
	}
	got, err := plan.LoadPolicy(t.Context(), p.open(), plan.Source{Remote: "origin", WorkingTree: true})
	if err != nil {
		t.Fatal(err)
	}
	if got.Ref != "" || got.Commit != "" || !strings.Contains(got.Assumption(), "working tree") {
		t.Errorf("ref %q, commit %q, assuming %q", got.Ref, got.Commit, got.Assumption())
	}
	equal(t, "blobs", got.Blobs, []release.Blob{
		{Path: productFile, ID: p.Git("hash-object", productFile)}, {Path: rollingFile, ID: p.Git("hash-object", rollingFile)},
	})

	p.Write(rollingFile, "kind: rolling\nbrunch: main\n")
	_, err = plan.LoadPolicy(t.Context(), p.open(), plan.Source{Remote: "origin", WorkingTree: true})
	_ = as[channel.Errors](t, err)
}

func TestAPlanSaysThatItsPolicyIsNotPushed(t *testing.T) {
	t.Parallel()
	p := begin(t)
	p.fetch()
	req := p.request("rolling")
	policy, err := plan.LoadPolicy(t.Context(), req.Repo, plan.Source{Remote: "origin", Branch: "unborn", WorkingTree: true})
	if err != nil {
		t.Fatal(err)
	}
	req.Policy = policy
	made, err := plan.New(t.Context(), req)
	if err != nil || len(made.Assumptions) == 0 || made.Assumptions[0] != policy.Assumption() || policy.Assumption() == "" {
		t.Errorf("%+v, %v", made, err)
	}
}

func TestADefaultBranchThatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	p := begin(t)
	p.fetch()
	for remote, ref := range map[string]string{"origin": "refs/remotes/origin/trunk", "": "refs/heads/trunk"} {
		_, err := plan.LoadPolicy(t.Context(), p.open(), plan.Source{Remote: remote, Branch: "trunk"})
		if !errors.Is(err, channel.ErrNone) || !strings.Contains(err.Error(), ref) {
			t.Errorf("remote %q: %v", remote, err)
		}
		var hint interface{ Hint() string }
		if !errors.As(err, &hint) || !strings.Contains(hint.Hint(), "push") {
			t.Errorf("remote %q: no way out of %v", remote, err)
		}
	}
}

func TestARepositoryWithoutARemoteIsReadFromItsOwnBranch(t *testing.T) {
	t.Parallel()
	p := begin(t)
	got, err := plan.LoadPolicy(t.Context(), p.open(), plan.Source{Branch: "main"})
	if err != nil || got.Ref != "refs/heads/main" || got.Commit != p.Head() {
		t.Errorf("%+v, %v", got, err)
	}
}
