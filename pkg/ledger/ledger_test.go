package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

func TestMain(m *testing.M) {
	gittest.Isolate()
	os.Exit(m.Run())
}

func open(t testing.TB, r *gittest.Repo) (*git.Repo, *ledger.Ledger) {
	t.Helper()
	repo, err := git.Open(t.Context(), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	return repo, ledger.New(repo, "origin")
}

// begun is a repository with one commit, pushed.
func begun(t testing.TB) *gittest.Repo {
	t.Helper()
	r := gittest.New(t)
	r.Commit("feat: begin", "a", "1")
	r.Push()
	return r
}

func waiver(reason string) *ledger.Event {
	return &ledger.Event{Type: ledger.TypeWaive, Channel: "lts-2.4", Reason: reason, Waive: &ledger.Waive{Gate: "e2e", Expires: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}}
}

// appendOne records a waiver.
func appendOne(ctx context.Context, l *ledger.Ledger, reason string) (*ledger.Recorded, error) {
	return l.Append(ctx, func(*ledger.State) (*ledger.Event, error) { return waiver(reason), nil }, ledger.AppendOptions{})
}

func TestTheFirstEventPinsTheDefaultBranch(t *testing.T) {
	r := begun(t)
	_, l := open(t, r)
	rec, err := appendOne(t.Context(), l, "one")
	if err != nil {
		t.Fatal(err)
	}
	if rec.Number != 2 || rec.Commit == "" || rec.Actor == "" {
		t.Errorf("%+v", rec)
	}
	s, err := l.State(t.Context())
	if err != nil || s.DefaultBranch != "main" || s.Next != 3 || s.Head != rec.Commit {
		t.Errorf("%+v, %v", s, err)
	}
	if files := r.InRemote("ls-tree", "-r", "--name-only", ledger.Ref); !strings.Contains(files, "events/0000/00000001-genesis.json") || !strings.Contains(files, "events/0000/00000002-waive.json") {
		t.Error(files)
	}
	if n := strings.TrimSpace(r.InRemote("rev-list", "--count", ledger.Ref)); n != "2" {
		t.Errorf("%s commits", n)
	}
}

func TestManyWritersMakeOneLine(t *testing.T) {
	r := begun(t)
	const writers, each = 4, 3
	var wg sync.WaitGroup
	errs := make([]error, writers)
	for w := range writers {
		_, l := open(t, r.Clone())
		wg.Go(func() {
			for i := range each {
				if _, err := appendOne(context.Background(), l, fmt.Sprintf("writer %d, %d", w, i)); err != nil {
					errs[w] = err
					return
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	_, l := open(t, r)
	if err := l.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	rep, err := l.Verify(t.Context(), ledger.VerifyOptions{})
	if err != nil || rep.Events != writers*each+1 || len(rep.Findings) != 0 {
		t.Errorf("%+v, %v", rep, err)
	}
	seen := map[string]bool{}
	for rec, err := range l.Log(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		seen[rec.Reason] = true
	}
	if len(seen) != writers*each+1 {
		t.Errorf("%d different events", len(seen))
	}
}

func TestAWriterThatLostTheRaceDecidesAnew(t *testing.T) {
	r := begun(t)
	_, first := open(t, r)
	_, second := open(t, r.Clone())
	calls := 0
	rec, err := first.Append(t.Context(), func(s *ledger.State) (*ledger.Event, error) {
		if calls++; calls == 1 {
			if _, err := appendOne(t.Context(), second, "faster"); err != nil {
				t.Fatal(err)
			}
			return waiver("slower"), nil
		}
		if len(s.Waivers) != 1 || s.Waivers[0].Reason != "faster" {
			t.Errorf("the second look shows %+v", s.Waivers)
		}
		return nil, nil //nolint:nilnil // changed its mind
	}, ledger.AppendOptions{})
	if rec != nil || err != nil || calls != 2 {
		t.Errorf("%+v, %v after %d calls", rec, err, calls)
	}
}

func TestARefusedPushLeavesNothing(t *testing.T) {
	r := begun(t)
	r.Hook("pre-receive", "#!/bin/sh\necho no ledgers here\nexit 1\n")
	_, l := open(t, r)
	_, err := appendOne(t.Context(), l, "one")
	var push *git.PushError
	if !errors.As(err, &push) || !strings.Contains(err.Error(), "no ledgers here") {
		t.Errorf("error %v", err)
	}
	if s, err := l.State(t.Context()); err != nil || s.Next != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestACacheThatIsDeletedOrBrokenCostsTimeOnly(t *testing.T) {
	r := begun(t)
	repo, l := open(t, r)
	if _, err := appendOne(t.Context(), l, "one"); err != nil {
		t.Fatal(err)
	}
	caches, err := filepath.Glob(filepath.Join(repo.CommonDir(), "relctl", "ledger-*.json"))
	if err != nil || len(caches) != 1 {
		t.Fatal(caches, err)
	}
	for _, text := range []string{"", "{", `{"schema":"other"}`, `{"schema":"https://relctl.dev/schema/ledger-cache/v2","state":{"head":"` + strings.Repeat("a", 40) + `","next":99,"channels":{}}}`} {
		if err := os.WriteFile(caches[0], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := l.State(t.Context()); err != nil || s.Next != 3 || len(s.Waivers) != 1 {
			t.Errorf("cache %q: %+v, %v", text, s, err)
		}
	}
}

// rewrite replaces the ledger on the remote by what the script leaves in a clone of it, and fetches it.
func rewrite(t *testing.T, r *gittest.Repo, l *ledger.Ledger, steps ...[]string) {
	t.Helper()
	r.Git("fetch", "--quiet", "origin", "+"+ledger.Ref+":refs/remotes/origin/"+ledger.Branch)
	r.Git("checkout", "--quiet", "--detach", "refs/remotes/origin/"+ledger.Branch)
	for _, s := range steps {
		r.Git(s...)
	}
	r.Git("push", "--quiet", "--force", "origin", "HEAD:"+ledger.Ref)
	r.Checkout("main")
	if err := l.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyNoticesWhatWasRewritten(t *testing.T) {
	for name, c := range map[string]struct {
		steps [][]string
		code  string
	}{
		"an event was deleted":      {[][]string{{"rm", "--quiet", "events/0000/00000002-waive.json"}, {"commit", "--quiet", "-m", "gone"}}, ledger.CodeShape},
		"another file was added":    {[][]string{{"mv", "events/0000/00000002-waive.json", "events/x.json"}, {"commit", "--quiet", "-m", "moved"}}, ledger.CodeShape},
		"a commit without an event": {[][]string{{"commit", "--quiet", "--allow-empty", "-m", "empty"}}, ledger.CodeShape},
	} {
		t.Run(name, func(t *testing.T) {
			r := begun(t)
			_, l := open(t, r)
			if _, err := appendOne(t.Context(), l, "one"); err != nil {
				t.Fatal(err)
			}
			rewrite(t, r, l, c.steps...)
			rep, err := l.Verify(t.Context(), ledger.VerifyOptions{})
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, f := range rep.Findings {
				found = found || f.Code == c.code && f.Severity == ledger.SeverityError
			}
			if !found {
				t.Errorf("findings: %+v", rep.Findings)
			}
		})
	}
}

func TestApprovalsCountDistinctKeysOfTheRoleForTheSameBuild(t *testing.T) {
	gittest.Program(t, "ssh-keygen")
	r := begun(t)
	_, l := open(t, r)
	qa1, qa2, stranger := gittest.SSHKey(t, "qa-1"), gittest.SSHKey(t, "qa-2"), gittest.SSHKey(t, "stranger")
	keys, err := git.ParseSigners([]git.Signer{{Name: "qa-1", SSH: qa1.Public}, {Name: "qa-2", SSH: qa2.Public}})
	if err != nil {
		t.Fatal(err)
	}
	in := release.Inputs{Product: "acme", Commit: r.Head(), Pins: []release.Pin{}}
	approve := func(build string, sign bool) {
		t.Helper()
		_, err := l.Append(t.Context(), func(*ledger.State) (*ledger.Event, error) {
			return &ledger.Event{Type: ledger.TypeApprove, Channel: "lts-2.4", Approve: &ledger.Approve{Gate: "qa", Role: "qa", Commit: in.Commit, Build: build}}, nil
		}, ledger.AppendOptions{Sign: sign})
		if err != nil {
			t.Fatal(err)
		}
	}
	gate := ledger.Approvals{Ledger: l, Channel: "lts-2.4", Gate: "qa", Role: "qa", Count: 2, Keys: keys}
	expect := func(status release.Status, says string) {
		t.Helper()
		s, err := l.State(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if v := gate.Evaluate(t.Context(), s, in); v.Status != status || !strings.Contains(v.Reason, says) {
			t.Errorf("%+v, want %s that says %q", v, status, says)
		}
	}
	approve(in.BuildDigest(), false)
	expect(release.Fail, "1 unsigned")
	r.SignWith(stranger)
	approve(in.BuildDigest(), true)
	expect(release.Fail, "1 not signed by a key of the role")
	r.SignWith(qa1)
	approve(in.BuildDigest(), true)
	approve(in.BuildDigest(), true)
	expect(release.Fail, "1 of 2")
	r.SignWith(qa2)
	approve("sha256:"+strings.Repeat("0", 64), true)
	expect(release.Fail, "1 for another commit or build")
	approve(in.BuildDigest(), true)
	expect(release.Pass, "qa-1, qa-2")
}

func ExampleFormatTagMessage() {
	fmt.Print(ledger.FormatTagMessage("acme 2.4.7", ledger.TagMessage{Reserve: "0123456789", Release: "sha256:abcdef"}))
	// Output:
	// acme 2.4.7
	//
	// Relctl-Reserve: 0123456789
	// Relctl-Release: sha256:abcdef
}
