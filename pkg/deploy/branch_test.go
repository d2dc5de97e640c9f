package deploy_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/relctl/relctl/pkg/deploy"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

// opened is a repository with a remote, and its deploy branch.
func opened(t testing.TB) (*gittest.Repo, *deploy.Branch) {
	t.Helper()
	r := gittest.New(t)
	r.Commit("feat: begin", "a", "1")
	r.Push()
	return r, branchOf(t, r)
}

func branchOf(t testing.TB, r *gittest.Repo) *deploy.Branch {
	t.Helper()
	repo, err := git.Open(t.Context(), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	return deploy.NewBranch(repo, "origin", "")
}

// rollout decides that the input runs in its ring, as a caller does.
func rollout(in deploy.Input) func(fs.FS) (*deploy.Change, error) {
	return func(files fs.FS) (*deploy.Change, error) {
		in.Branch = files
		set, err := deploy.Render(in)
		if err != nil {
			return nil, err
		}
		running, err := deploy.Running(files, rings, set)
		if err != nil {
			return nil, err
		}
		own, err := deploy.GitOps{Product: "acme", Channel: "rolling", Engine: in.Engine, Rings: rings, Deployed: running,
			Repository: "https://git.example/acme.git", Branch: deploy.DefaultBranch}.Render()
		if err != nil {
			return nil, err
		}
		diffs, err := set.Diff(files)
		if err != nil {
			return nil, err
		}
		all, err := deploy.Join(set, own)
		if err != nil {
			return nil, err
		}
		return &deploy.Change{Set: all, Message: deploy.Message{
			Product: "acme", Channel: "rolling", Ring: in.Ring.Name, Version: in.Release.Version, Release: in.Release.Digest, Event: 17, Diffs: diffs,
		}}, nil
	}
}

// commit puts a release on the branch and returns the head.
func commit(t testing.TB, b *deploy.Branch, in deploy.Input) (id string, made bool) {
	t.Helper()
	id, made, err := b.Commit(t.Context(), rollout(in))
	if err != nil {
		t.Fatal(err)
	}
	return id, made
}

// listing returns the names of the files on the remote's deploy branch.
func listing(r *gittest.Repo) string {
	return r.InRemote("ls-tree", "-r", "--name-only", "relctl/deploy")
}

func TestACommitSaysWhatChangesAndCarriesTrailers(t *testing.T) {
	t.Parallel()
	r, b := opened(t)
	in := canary(t)
	commit(t, b, in)
	in.Release = version("2026.103.2", '2')
	id, made := commit(t, b, in)
	if !made || strings.TrimSpace(r.InRemote("rev-parse", "relctl/deploy")) != id {
		t.Fatalf("made %v, head %s", made, id)
	}
	message := r.InRemote("log", "-1", "--format=%B", "relctl/deploy")
	golden(t, "message.txt", strings.TrimSpace(message)+"\n")
	trailers := r.InRemote("log", "-1", "--format=%(trailers:only)", "relctl/deploy")
	for key, want := range map[string]string{
		deploy.TrailerChannel: "rolling", deploy.TrailerVersion: "2026.103.2", deploy.TrailerRelease: digest('a'), deploy.TrailerEvent: "17",
	} {
		if !strings.Contains(trailers, key+": "+want) || deploy.Trailer(message, key) != want {
			t.Errorf("%s is %q in\n%s", key, deploy.Trailer(message, key), trailers)
		}
	}
	if deploy.Trailer(message, "Relctl") != "" || deploy.Trailer("", deploy.TrailerEvent) != "" {
		t.Error("a trailer that is not there")
	}
}

func TestCommittingTheSameAgainMakesNoCommit(t *testing.T) {
	t.Parallel()
	_, b := opened(t)
	first, made := commit(t, b, canary(t))
	if !made {
		t.Error("no commit at first")
	}
	if again, made := commit(t, b, canary(t)); made || again != first {
		t.Errorf("made %v: %s after %s", made, again, first)
	}
	id, made, err := b.Commit(t.Context(), func(fs.FS) (*deploy.Change, error) { return nil, nil })
	if err != nil || made || id != first {
		t.Errorf("nothing to do: %s %v %v", id, made, err)
	}
	broken := errors.New("broken")
	if _, made, err := b.Commit(t.Context(), func(fs.FS) (*deploy.Change, error) { return nil, broken }); !errors.Is(err, broken) || made {
		t.Errorf("%v %v", made, err)
	}
}

func TestABranchThatWasDeletedIsMadeAgain(t *testing.T) {
	t.Parallel()
	r, b := opened(t)
	first, _ := commit(t, b, canary(t))
	r.InRemote("update-ref", "-d", "refs/heads/relctl/deploy")
	second, made := commit(t, b, canary(t))
	if !made || r.InRemote("rev-parse", "relctl/deploy^{tree}") != r.InRemote("rev-parse", first+"^{tree}") {
		t.Error("the branch is another one")
	}
	if head, err := b.Head(t.Context()); err != nil || head != second {
		t.Errorf("this clone knows %s, not %s: %v", head, second, err)
	}
}

func TestGoingBackGivesTheBytesOfBefore(t *testing.T) {
	t.Parallel()
	r, b := opened(t)
	in := canary(t)
	first, _ := commit(t, b, in)
	in.Release = version("2026.103.2", '2')
	commit(t, b, in)
	in.Release = version("2026.103.1", '1')
	back, made := commit(t, b, in)
	if !made || r.InRemote("rev-parse", first+"^{tree}") != r.InRemote("rev-parse", back+"^{tree}") {
		t.Error("the branch is not what it was")
	}
}

func TestWhatIsAPersonsIsKept(t *testing.T) {
	t.Parallel()
	r, b := opened(t)
	in := canary(t)
	in.Source = tree(pinnedWith(t, "deploy/base/once.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: once}\n"))
	in.Ring.Cells = []string{"eu-1", "eu-9"}
	commit(t, b, in)
	r.Git("fetch", "origin")
	r.Git("checkout", "-b", "theirs", "origin/relctl/deploy")
	r.Commit("ours", "README.md", "ours\n", "rings/canary/kustomization.yaml", "namespace: theirs\ncomponents: [release]\n", "cells/eu-1/note", "x")
	r.Git("push", "origin", "HEAD:refs/heads/relctl/deploy")

	in.Source, in.Ring.Cells, in.Release = tree(pinned(t)), []string{"eu-1"}, version("2026.103.2", '2')
	commit(t, b, in)
	if message := r.InRemote("log", "-1", "--format=%B", "relctl/deploy"); !strings.Contains(message, "eu-9: leaves the ring; ") {
		t.Errorf("message does not tell of eu-9:\n%s", message)
	}
	names := listing(r)
	for _, want := range []string{"README.md", "cells/eu-1/note", "rendered/canary/eu-1/manifests.yaml"} {
		if !strings.Contains(names, want) {
			t.Errorf("%s is gone", want)
		}
	}
	for _, gone := range []string{"once.yaml", "eu-9"} {
		if strings.Contains(names, gone) {
			t.Errorf("%s is still there:\n%s", gone, names)
		}
	}
	if got := r.InRemote("show", "relctl/deploy:rings/canary/kustomization.yaml"); !strings.Contains(got, "namespace: theirs") {
		t.Errorf("the ring's kustomization is %q", got)
	}
	if got := r.InRemote("show", "relctl/deploy:rendered/canary/eu-1/manifests.yaml"); !strings.Contains(got, "namespace: theirs") {
		t.Error("the person's namespace does not count")
	}
}

func pinnedWith(t testing.TB, name, text string) map[string]string {
	t.Helper()
	out := pinned(t)
	out[name] = text
	return out
}

func TestProgramsAndLinksOfPeopleStayWhatTheyAre(t *testing.T) {
	t.Parallel()
	r, b := opened(t)
	in := canary(t)
	commit(t, b, in)
	r.Git("fetch", "origin")
	r.Git("checkout", "-b", "theirs", "origin/relctl/deploy")
	r.Write("bin/apply.sh", "#!/bin/sh\n")
	if err := os.Chmod(filepath.Join(r.Dir, "bin/apply.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("apply.sh", filepath.Join(r.Dir, "bin/link")); err != nil {
		t.Fatal(err)
	}
	r.Commit("ours")
	r.Git("push", "origin", "HEAD:refs/heads/relctl/deploy")
	in.Ring.Cells, in.Release = []string{"eu-2"}, version("2026.103.2", '2')
	commit(t, b, in)
	if got := r.InRemote("ls-tree", "relctl/deploy", "bin/apply.sh"); !strings.HasPrefix(got, "100755") {
		t.Errorf("the program is %q", got)
	}
	if got := r.InRemote("ls-tree", "relctl/deploy", "bin/link"); !strings.HasPrefix(got, "120000") {
		t.Errorf("the link is %q", got)
	}
	if !strings.Contains(listing(r), "rendered/canary/eu-2/manifests.yaml") {
		t.Error("the ring was not rendered")
	}
}

func TestRacingCommitsAllArrive(t *testing.T) {
	t.Parallel()
	r, _ := opened(t)
	var wg sync.WaitGroup
	errs := make([]error, len(rings))
	for i, ring := range rings {
		b := branchOf(t, r.Clone())
		in := canary(t)
		in.Ring = ring
		wg.Go(func() { _, _, errs[i] = b.Commit(context.WithoutCancel(t.Context()), rollout(in)) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	names := listing(r)
	for _, want := range []string{"rendered/dogfood/internal/", "rendered/canary/eu-1/", "rendered/multi-tenant/us-1/", "rendered/multi-tenant/eu-2/"} {
		if !strings.Contains(names, want) {
			t.Errorf("%s is missing:\n%s", want, names)
		}
	}
	set := r.InRemote("show", "relctl/deploy:gitops/argocd/rolling/applicationset.yaml")
	if strings.Count(set, "ring: ") != 4+1 { // one in the template
		t.Errorf("the last commit does not know what the others deployed:\n%s", set)
	}
	if n := strings.TrimSpace(r.InRemote("rev-list", "--count", "relctl/deploy")); n != "3" {
		t.Errorf("%s commits", n)
	}
}
