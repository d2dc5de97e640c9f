package git_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

func TestRemotesAreNamedAndTheirURLsHideSecrets(t *testing.T) {
	r := gittest.New(t)
	repo := open(t, r.Dir)
	for name, url := range map[string]string{
		"token": "https://x-token:s3cret@git.acme.example/acme.git", "user": "https://t0ken@git.acme.example/acme.git",
		"ssh": "ssh://git:pw@git.acme.example/acme.git", "scp": "git@git.acme.example:acme.git", "odd": "https://a:p@ss@git.acme.example/x.git",
	} {
		r.Git("remote", "add", name, url)
	}
	r.Git("config", "url.https://mirror.acme.example/.pushInsteadOf", "https://git.acme.example/")
	t.Setenv("GIT_CONFIG_COUNT", "1")
	t.Setenv("GIT_CONFIG_KEY_0", "url.https://x:y@proxy.acme.example/.insteadOf")
	t.Setenv("GIT_CONFIG_VALUE_0", "https://git.acme.example/")
	if got, err := repo.Remotes(t.Context()); err != nil || strings.Join(got, " ") != "odd origin scp ssh token user" {
		t.Errorf("remotes are %q, %v", got, err)
	}
	for name, want := range map[string]string{
		"token": "https://git.acme.example/acme.git", "user": "https://git.acme.example/acme.git", "ssh": "ssh://git@git.acme.example/acme.git",
		"scp": "git@git.acme.example:acme.git", "odd": "https://git.acme.example/x.git", "origin": r.Remote, "": "",
	} {
		if got, err := repo.RemoteURL(t.Context(), name); err != nil || got != want {
			t.Errorf("%s is %q, %v, want %q", name, got, err, want)
		}
	}
	if _, err := repo.RemoteURL(t.Context(), "none"); !errors.Is(err, git.ErrNotFound) {
		t.Errorf("error is %v", err)
	}
	if _, err := repo.RemoteURL(t.Context(), "--all"); err == nil {
		t.Error("an option was taken for a remote")
	}
}

func TestTheDefaultBranchIsTheRemotes(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: one")
	r.Branch("trunk")
	r.Commit("feat: two")
	repo := open(t, r.Dir)
	if _, err := repo.DefaultBranch(t.Context(), "origin"); !errors.Is(err, git.ErrNotFound) {
		t.Errorf("an empty remote: %v", err)
	}
	r.Git("push", "--quiet", "origin", "main", "trunk")
	r.InRemote("symbolic-ref", "HEAD", "refs/heads/trunk")
	if got, err := repo.DefaultBranch(t.Context(), "origin"); err != nil || got != "trunk" {
		t.Errorf("asked: %q, %v", got, err)
	}
	r.Git("remote", "set-head", "origin", "main")
	if got, err := repo.DefaultBranch(t.Context(), "origin"); err != nil || got != "main" {
		t.Errorf("as last fetched: %q, %v", got, err)
	}
	if got, err := repo.DefaultBranch(t.Context(), ""); err != nil || got != "trunk" {
		t.Errorf("here: %q, %v", got, err)
	}
	r.Git("checkout", "--quiet", "--detach")
	if _, err := repo.DefaultBranch(t.Context(), ""); !errors.Is(err, git.ErrNotFound) {
		t.Errorf("detached: %v", err)
	}
}

func TestLsRemoteTellsTagsAndWhatTheyAreOf(t *testing.T) {
	r := gittest.New(t)
	head := r.Commit("feat: one")
	object := r.Tag("v1.0.0")
	r.LightTag("v1.0.1")
	r.Git("branch", "v1.0.0")
	r.Push()
	refs, err := open(t, r.Dir).LsRemote(t.Context(), "origin")
	if err != nil {
		t.Fatal(err)
	}
	if refs.Head != "refs/heads/main" {
		t.Errorf("head is %q", refs.Head)
	}
	want := []git.Ref{{Name: "refs/tags/v1.0.0", ID: object, Commit: head}, {Name: "refs/tags/v1.0.1", ID: head, Commit: head}}
	got := refs.Refs("refs/tags/")
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %v", got)
	}
	if ref, ok := refs.Ref("refs/heads/v1.0.0"); !ok || ref.ID != head {
		t.Errorf("got %v, %v", ref, ok)
	}
	for _, name := range []string{"v1.0.0", "HEAD", "refs/tags/v1.0.0^{}", "refs/tags/none"} {
		if ref, ok := refs.Ref(name); ok {
			t.Errorf("%s is %v", name, ref)
		}
	}
}

func TestFetchBringsWhatIsAskedAndPrunesNothing(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: one")
	r.Push()
	c := r.Clone()
	c.Tag("local")
	c.Git("config", "fetch.prune", "true")
	c.Git("config", "fetch.pruneTags", "true")
	c.Git("config", "remote.origin.tagOpt", "--tags")
	head := r.Commit("feat: two")
	r.Tag("v2")
	r.Push()
	repo := open(t, c.Dir)
	if err := repo.Fetch(t.Context(), "origin", "+refs/heads/*:refs/remotes/origin/*"); err != nil {
		t.Fatal(err)
	}
	if got, err := repo.Resolve(t.Context(), "refs/remotes/origin/main"); err != nil || got != head {
		t.Errorf("main is %q, %v", got, err)
	}
	if _, err := repo.Tag(t.Context(), "v2"); !errors.Is(err, git.ErrNotFound) {
		t.Errorf("a tag that was not asked for: %v", err)
	}
	if err := repo.Fetch(t.Context(), "origin", "+refs/heads/*:refs/remotes/origin/*", "refs/tags/*:refs/tags/*"); err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"v2", "local"} {
		if _, err := repo.Tag(t.Context(), tag); err != nil {
			t.Errorf("tag %s: %v", tag, err)
		}
	}
}

func TestATagThatMovedOnTheRemoteIsAnAlarm(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: one")
	before := r.Tag("v1")
	r.Push()
	c := r.Clone()
	r.Commit("feat: two")
	r.Git("tag", "-d", "v1")
	r.Tag("v1")
	r.Push()
	repo := open(t, c.Dir)
	err := repo.Fetch(t.Context(), "origin", "+refs/heads/*:refs/remotes/origin/*", "refs/tags/*:refs/tags/*")
	var clobber *git.ClobberError
	if !errors.As(err, &clobber) || len(clobber.Tags) != 1 || clobber.Tags[0] != "refs/tags/v1" || !strings.Contains(clobber.Hint(), "refs/tags/v1") {
		t.Errorf("error is %v", err)
	}
	if tag, err := repo.Tag(t.Context(), "v1"); err != nil || tag.Object != before {
		t.Errorf("the local tag moved: %+v, %v", tag, err)
	}
}

func TestRemotesThatCannotBeReadSayWhy(t *testing.T) {
	r := gittest.New(t)
	head := r.Commit("feat: one")
	repo := open(t, r.Dir)
	r.Git("remote", "add", "gone", r.Remote+"-gone")
	r.Git("remote", "add", "closed", "https://user:s3cret@127.0.0.1:9/acme.git")
	r.Git("remote", "add", "command", "ext::sh -c evil")
	for _, remote := range []string{"gone", "closed", "command", "unknown"} {
		_, err1 := repo.LsRemote(t.Context(), remote)
		err2 := repo.Fetch(t.Context(), remote, "+refs/heads/*:refs/remotes/x/*")
		err3 := repo.Push(t.Context(), remote, []git.Update{{Ref: "refs/tags/v1", New: head}})
		for _, err := range []error{err1, err2} {
			var fetch *git.FetchError
			if !errors.As(err, &fetch) || fetch.Remote != remote || !strings.Contains(fetch.Hint(), "git ls-remote "+remote) {
				t.Errorf("%s: error is %v", remote, err)
			}
		}
		var push *git.PushError
		if !errors.As(err3, &push) || push.Reason != git.Unreachable || push.Ref != "" {
			t.Errorf("%s: push error is %v", remote, err3)
		}
		for _, err := range []error{err1, err2, err3} {
			if strings.Contains(err.Error(), "s3cret") || len(err.Error()) > 700 {
				t.Errorf("%s: error is %v", remote, err)
			}
		}
	}
	if err := repo.Fetch(t.Context(), "--upload-pack=x", "refs/heads/main"); err == nil || errors.As(err, new(*git.FetchError)) {
		t.Errorf("an option was taken for a remote: %v", err)
	}
	if err := repo.Fetch(t.Context(), "origin"); err == nil {
		t.Error("a fetch of nothing in particular went through")
	}
}
