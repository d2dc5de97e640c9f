package git_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

// pushed is a repository whose main is on the remote, with a second commit that is not.
func pushed(t *testing.T) (r *gittest.Repo, repo *git.Repo, first, second string) {
	t.Helper()
	r = gittest.New(t)
	first = r.Commit("feat: one")
	r.Push()
	second = r.Commit("feat: two")
	return r, open(t, r.Dir), first, second
}

// refused asserts that a push failed for a reason, and that no ref of the remote changed. It returns what the error says
// and hints at.
func refused(t *testing.T, r *gittest.Repo, before string, err error, want git.Reason, ref string) (text, hint string) {
	t.Helper()
	var push *git.PushError
	if !errors.As(err, &push) {
		t.Fatalf("error is %T %v, want a PushError", err, err)
	}
	if push.Reason != want || push.Ref != ref || push.Text == "" || push.Hint() == "" {
		t.Errorf("got %+v, want %s of %q", push, want, ref)
	}
	if after := r.InRemote("for-each-ref"); after != before {
		t.Errorf("the remote changed from\n%s\nto\n%s", before, after)
	}
	return push.Text, push.Hint()
}

func TestPushCreatesAndMovesAllOrNothing(t *testing.T) {
	r, repo, first, second := pushed(t)
	tag := r.Tag("v1")
	err := repo.Push(t.Context(), "origin", []git.Update{
		{Ref: "refs/tags/v1", New: tag}, {Ref: "refs/heads/relctl/ledger", New: first}, {Ref: "refs/heads/main", New: second, Old: first},
	})
	if err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]string{"refs/tags/v1": tag, "refs/heads/relctl/ledger": first, "refs/heads/main": second} {
		if got := r.InRemote("rev-parse", ref); got != want {
			t.Errorf("%s is %s, want %s", ref, got, want)
		}
	}
}

func TestARefThatExistsStopsTheWholePush(t *testing.T) {
	r, repo, first, second := pushed(t)
	r.InRemote("update-ref", "refs/tags/v1", first)
	before := r.InRemote("for-each-ref")
	err := repo.Push(t.Context(), "origin", []git.Update{{Ref: "refs/heads/main", New: second, Old: first}, {Ref: "refs/tags/v1", New: second}})
	if _, hint := refused(t, r, before, err, git.Stale, "refs/tags/v1"); !strings.Contains(hint, "run the command again") {
		t.Errorf("hint is %q", hint)
	}
}

func TestSeveralStaleRefsAreToldAsOneFailure(t *testing.T) {
	r, repo, first, second := pushed(t)
	r.InRemote("update-ref", "refs/tags/v1", first)
	r.InRemote("update-ref", "refs/heads/main", r.InRemote("commit-tree", "-m", "rival", "-p", first, first+"^{tree}"))
	before := r.InRemote("for-each-ref")
	err := repo.Push(t.Context(), "origin", []git.Update{{Ref: "refs/heads/main", New: second, Old: first}, {Ref: "refs/tags/v1", New: second}})
	refused(t, r, before, err, git.Stale, "")
}

func TestARefThatMovedStopsTheWholePush(t *testing.T) {
	r, repo, first, second := pushed(t)
	other := r.Clone()
	theirs := other.Commit("fix: theirs")
	other.Git("push", "--quiet", "origin", "main")
	before := r.InRemote("for-each-ref")
	tag := []git.Update{{Ref: "refs/tags/v1", New: second}}
	refused(t, r, before, repo.Push(t.Context(), "origin", append(tag, git.Update{Ref: "refs/heads/main", New: second, Old: first})), git.Stale, "refs/heads/main")
	// The same for somebody who has fetched their commit, and would go back.
	r.Git("fetch", "--quiet", "origin")
	refused(t, r, before, repo.Push(t.Context(), "origin", append(tag, git.Update{Ref: "refs/heads/main", New: second, Old: theirs})), git.Stale, "refs/heads/main")
	refused(t, r, before, repo.Push(t.Context(), "origin", append(tag, git.Update{Ref: "refs/heads/main", New: first, Old: theirs})), git.Stale, "refs/heads/main")
	// A ref that vanished did not stay where it was either.
	refused(t, r, before, repo.Push(t.Context(), "origin", append(tag, git.Update{Ref: "refs/heads/gone", New: second, Old: first})), git.Stale, "refs/heads/gone")
}

func TestARewoundRefIsNotWhereItWas(t *testing.T) {
	r, repo, first, second := pushed(t)
	if err := repo.Push(t.Context(), "origin", []git.Update{{Ref: "refs/heads/main", New: second, Old: first}}); err != nil {
		t.Fatal(err)
	}
	third := r.Commit("feat: three")
	r.InRemote("update-ref", "refs/heads/main", first) // a plain push would go forward from here
	before := r.InRemote("for-each-ref")
	refused(t, r, before, repo.Push(t.Context(), "origin", []git.Update{{Ref: "refs/heads/main", New: third, Old: second}}), git.Stale, "refs/heads/main")
}

func TestWhatIsThereAlreadyIsNotPushedTwice(t *testing.T) {
	r, repo, first, second := pushed(t)
	create := git.Update{Ref: "refs/tags/v1", New: second}
	if err := repo.Push(t.Context(), "origin", []git.Update{create}); err != nil {
		t.Fatal(err)
	}
	before := r.InRemote("for-each-ref")
	refused(t, r, before, repo.Push(t.Context(), "origin", []git.Update{create}), git.Stale, "refs/tags/v1")
	// Beside a ref that moves it is let pass: the outcome is the wanted one.
	if err := repo.Push(t.Context(), "origin", []git.Update{create, {Ref: "refs/heads/main", New: second, Old: first}}); err != nil {
		t.Error(err)
	}
}

func TestALostRaceInsideTheServerIsStale(t *testing.T) {
	r, repo, first, second := pushed(t)
	for name, u := range map[string]git.Update{
		"moved":   {Ref: "refs/heads/main", New: second, Old: first},
		"created": {Ref: "refs/tags/v1", New: second},
	} {
		t.Run(name, func(t *testing.T) {
			// The hook is the rival: it moves the ref after our push was compared and before it is stored.
			rival := r.InRemote("commit-tree", "-m", "rival", "-p", first, first+"^{tree}")
			r.Hook("pre-receive", "#!/bin/sh\nunset GIT_QUARANTINE_PATH\ngit update-ref "+u.Ref+" "+rival+"\n")
			err := repo.Push(t.Context(), "origin", []git.Update{u})
			var push *git.PushError
			if !errors.As(err, &push) || push.Reason != git.Stale || push.Ref != u.Ref {
				t.Errorf("error is %+v", err)
			}
			if got := r.InRemote("rev-parse", u.Ref); got != rival {
				t.Errorf("the rival's commit was lost: %s", got)
			}
			r.InRemote("update-ref", "refs/heads/main", first)
		})
	}
}

func TestServersThatRefuseAreQuoted(t *testing.T) {
	for name, c := range map[string]struct{ hook, script, ref, says string }{
		"pre-receive": {"pre-receive", "echo 'GitLab: You are not allowed to push code to protected branches.' >&2; exit 1", "", "pre-receive hook declined: GitLab: You are not allowed"},
		"update":      {"update", "test \"$1\" != refs/heads/main || { printf 'error: GH006: Protected branch\\033[31m update failed\\n' >&2; exit 1; }", "refs/heads/main", "hook declined: GH006: Protected branch[31m update failed"},
		"silent":      {"pre-receive", "exit 1", "", "hook declined"},
		"secret":      {"pre-receive", "echo 'see https://bot:s3cret@ci.acme.example/' >&2; exit 1", "", "see https://ci.acme.example/"},
		"long":        {"pre-receive", "seq 1 5000 >&2; exit 1", "", "…"},
	} {
		t.Run(name, func(t *testing.T) {
			r, repo, first, second := pushed(t)
			r.Hook(c.hook, "#!/bin/sh\n"+c.script+"\n")
			before := r.InRemote("for-each-ref")
			err := repo.Push(t.Context(), "origin", []git.Update{{Ref: "refs/tags/v1", New: second}, {Ref: "refs/heads/main", New: second, Old: first}})
			text, hint := refused(t, r, before, err, git.Refused, c.ref)
			if !strings.Contains(text, c.says) || len(text) > 800 || strings.Contains(text, "\x1b") || strings.Contains(text, "s3cret") {
				t.Errorf("text is %q", text)
			}
			if !strings.Contains(hint, "Nothing was changed") {
				t.Errorf("hint is %q", hint)
			}
		})
	}
}

func TestServersWithoutAtomicPushesAreRefused(t *testing.T) {
	r, repo, first, second := pushed(t)
	r.InRemote("config", "receive.advertiseAtomic", "false")
	before := r.InRemote("for-each-ref")
	err := repo.Push(t.Context(), "origin", []git.Update{{Ref: "refs/heads/main", New: second, Old: first}})
	if text, _ := refused(t, r, before, err, git.Refused, ""); !strings.Contains(text, "--atomic") {
		t.Errorf("text is %q", text)
	}
}

func TestTheUsersPushSettingsAddNothing(t *testing.T) {
	r, repo, first, second := pushed(t)
	r.Tag("v0-unpushed")
	for key, value := range map[string]string{"push.followTags": "true", "push.default": "matching", "push.recurseSubmodules": "check", "remote.origin.push": "+refs/*:refs/*"} {
		r.Git("config", key, value)
	}
	r.Git("branch", "private")
	if err := repo.Push(t.Context(), "origin", []git.Update{{Ref: "refs/heads/main", New: second, Old: first}}); err != nil {
		t.Fatal(err)
	}
	if got := r.InRemote("for-each-ref", "--format=%(refname)"); got != "refs/heads/main" {
		t.Errorf("the remote has\n%s", got)
	}
}

func TestAPrePushHookHereMayStopAPush(t *testing.T) {
	r, repo, first, second := pushed(t)
	hook := filepath.Join(r.Dir, ".git", "hooks", "pre-push")
	if err := os.MkdirAll(filepath.Dir(hook), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(hook, []byte("#!/bin/sh\necho 'no pushes on Fridays' >&2\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	before := r.InRemote("for-each-ref")
	err := repo.Push(t.Context(), "origin", []git.Update{{Ref: "refs/heads/main", New: second, Old: first}})
	if text, hint := refused(t, r, before, err, git.Refused, ""); !strings.Contains(text, "no pushes on Fridays") || !strings.Contains(hint, "pre-push") {
		t.Errorf("text is %q, hint %q", text, hint)
	}
}

func TestUpdatesThatMakeNoSenseAreRefusedBeforeAnythingIsSent(t *testing.T) {
	r, repo, first, second := pushed(t)
	before := r.InRemote("for-each-ref")
	for name, updates := range map[string][]git.Update{
		"none":      nil,
		"short ref": {{Ref: "main", New: second, Old: first}},
		"force":     {{Ref: "+refs/heads/main", New: second}},
		"delete":    {{Ref: "refs/heads/main", New: "", Old: first}},
		"wildcard":  {{Ref: "refs/heads/*", New: second}},
		"short id":  {{Ref: "refs/heads/x", New: second[:10]}},
		"bad old":   {{Ref: "refs/heads/main", New: second, Old: "refs/heads/main"}},
		"twice":     {{Ref: "refs/heads/x", New: second}, {Ref: "refs/heads/x", New: first}},
	} {
		if err := repo.Push(t.Context(), "origin", updates); err == nil || errors.As(err, new(*git.PushError)) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	if err := repo.Push(t.Context(), "--mirror", []git.Update{{Ref: "refs/heads/x", New: first}}); err == nil {
		t.Error("an option was taken for a remote")
	}
	if after := r.InRemote("for-each-ref"); after != before {
		t.Errorf("the remote changed to\n%s", after)
	}
}
