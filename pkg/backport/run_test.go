package backport_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/backport"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

// run takes a change to the branch line of origin, whose channel is lts-1.0.
func (w *world) run(c backport.Change, opts backport.RunOptions) (*backport.Result, error) {
	w.t.Helper()
	heads, err := w.repo.LsRemote(w.t.Context(), "origin")
	if err != nil {
		w.t.Fatal(err)
	}
	opts.Heads, opts.Forecaster = heads, w.f
	return backport.Run(w.t.Context(), w.repo, c, backport.Target{Line: "lts-1.0", Remote: "origin", Branch: "line"}, opts)
}

// branched makes a repository whose branch line is one commit beside main.
func branched(t *testing.T) *gittest.Repo {
	t.Helper()
	r := gittest.New(t)
	r.Commit("feat: base", "a.txt", lines(nil))
	r.Branch("line")
	r.Commit("chore: line", "a.txt", lines(map[int]string{3: "line"}))
	r.Checkout("main")
	return r
}

func TestALineThatMovedIsNotOverwritten(t *testing.T) {
	t.Parallel()
	r := branched(t)
	fix := r.Commit("fix: it", "new.txt", "1\n")
	r.Push()
	other := r.Clone()
	other.Checkout("line")
	moved := other.Commit("fix: somebody was faster", "faster.txt", "1\n")
	other.Git("push", "--quiet", "origin", "line")
	w := open(t, r)
	_, err := w.run(w.change(fix), backport.RunOptions{Direct: true})
	var push *git.PushError
	if !errors.As(err, &push) || push.Reason != git.Stale {
		t.Errorf("error is %v", err)
	}
	if got := r.InRemote("rev-parse", "line"); got != moved {
		t.Errorf("the line is at %s", got)
	}
	r.Git("fetch", "--quiet", "origin")
	got, err := w.run(w.change(fix), backport.RunOptions{Direct: true})
	if err != nil || got.State != backport.Pushed || got.Base != moved || r.InRemote("rev-parse", "line") != got.Commit {
		t.Errorf("after a fetch: %+v, %v", got, err)
	}
	if subjects := r.InRemote("log", "--format=%s", "-2", "line"); subjects != "fix: it\nfix: somebody was faster" {
		t.Errorf("log: %q", subjects)
	}
}

func TestATopicBranchIsOnlyCreated(t *testing.T) {
	t.Parallel()
	r := branched(t)
	fix := r.Commit("fix: it", "new.txt", "1\n")
	r.Push()
	w := open(t, r)
	topic := "refs/heads/backport/lts-1.0/" + fix[:10]
	foreign := r.Commit("feat: of somebody")
	r.Git("push", "--quiet", "origin", foreign+":"+topic)
	_, err := w.run(w.change(fix), backport.RunOptions{})
	var there *backport.TopicError
	if !errors.As(err, &there) || !strings.Contains(there.Hint(), "git push origin --delete backport/lts-1.0/"+fix[:10]) {
		t.Errorf("error is %v", err)
	}
	if got := r.InRemote("rev-parse", topic); got != foreign {
		t.Errorf("the branch moved to %s", got)
	}
	r.InRemote("update-ref", "-d", topic)
	first, err := w.run(w.change(fix), backport.RunOptions{})
	if err != nil || first.State != backport.Pushed {
		t.Fatalf("got %+v, %v", first, err)
	}
	again, err := w.run(w.change(fix), backport.RunOptions{})
	if err != nil || again.State != backport.There || again.Commit != first.Commit {
		t.Errorf("again: %+v, %v", again, err)
	}
}

func TestPushesRunTheUsersHooks(t *testing.T) {
	t.Parallel()
	r := branched(t)
	fix := r.Commit("fix: it", "new.txt", "1\n")
	r.Push()
	r.SignWith(gittest.SSHKey(t, "dev"))
	w := open(t, r)
	hook := filepath.Join(r.Dir, ".git", "hooks", "pre-push")
	if err := os.WriteFile(hook, []byte("#!/bin/sh\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	before := r.InRemote("for-each-ref")
	var push *git.PushError
	if _, err := w.run(w.change(fix), backport.RunOptions{}); !errors.As(err, &push) || push.Reason != git.Refused {
		t.Errorf("error is %v", err)
	}
	if r.InRemote("for-each-ref") != before || r.Git("branch", "--list", "backport/*") != "" {
		t.Error("something is left")
	}
	if err := os.Remove(hook); err != nil {
		t.Fatal(err)
	}
	got, err := w.run(w.change(fix), backport.RunOptions{})
	if err != nil || !strings.Contains(r.InRemote("cat-file", "commit", got.Commit), "BEGIN SSH SIGNATURE") {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestWhatTheLineHasIsNotPickedAgain(t *testing.T) {
	t.Parallel()
	r := branched(t)
	base := r.Git("rev-list", "--max-parents=0", "main")
	same := r.Commit("fix: same as the line", "a.txt", lines(map[int]string{3: "line"}))
	fix := r.Commit("fix: it", "new.txt", "1\n")
	r.Push()
	w := open(t, r)
	before := r.InRemote("for-each-ref")
	for name, c := range map[string]backport.Change{"the same content": w.change(same), "the very commit, changed since": w.change(base)} {
		got, err := w.run(c, backport.RunOptions{})
		if err != nil || got.State != backport.Nothing || got.Failed() || got.Forecast.Outcome != backport.Present {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if r.InRemote("for-each-ref") != before {
		t.Error("something was pushed")
	}
	got, err := w.run(w.change(same, fix), backport.RunOptions{})
	if err != nil || got.State != backport.Pushed || !slices.Equal(got.Empty, []string{same}) || r.InRemote("log", "--format=%s", "line.."+got.Commit) != "fix: it" {
		t.Errorf("in part: %+v, %v", got, err)
	}
}

func TestAConflictLeavesABranchAndTheCommands(t *testing.T) {
	t.Parallel()
	r := branched(t)
	one := r.Commit("fix: one", "new.txt", "1\n")
	r.Branch("topic")
	r.Commit("fix: clash", "a.txt", lines(map[int]string{3: "main"}), "it's.txt", "main\n")
	r.Checkout("line")
	r.Commit("fix: clash on the line", "it's.txt", "line\n")
	r.Checkout("main")
	r.Empty("chore: beside")
	merge := r.Merge("topic", "Merge topic")
	two := r.Commit("fix: two", "new.txt", "2\n")
	r.Push()
	line := r.Git("rev-parse", "line")
	w := open(t, r)
	topic := "backport/lts-1.0/" + two[:10]
	before := r.InRemote("for-each-ref")
	change := w.change(one, merge, two)

	dry, err := w.run(change, backport.RunOptions{DryRun: true})
	if err != nil || !dry.Failed() || dry.State != backport.Forecasted || r.Git("branch", "--list", "backport/*") != "" {
		t.Errorf("dry run: %+v, %v", dry, err)
	}
	for _, kept := range []bool{false, true} {
		got, err := w.run(change, backport.RunOptions{Direct: kept})
		if err != nil || got.State != backport.Stopped || !got.Failed() || got.Branch != topic || got.Kept != kept {
			t.Fatalf("got %+v, %v", got, err)
		}
		push := "git push origin " + topic
		if kept {
			push += ":line"
		}
		want := []string{
			"git switch " + topic, "git cherry-pick -x " + one, "git cherry-pick -x -m 1 " + merge,
			"git add -- a.txt 'it'\\''s.txt'", "git cherry-pick --continue", "git cherry-pick -x " + two, push,
		}
		if !slices.Equal(got.Commands, want) {
			t.Errorf("commands:\n%s\nwant:\n%s", strings.Join(got.Commands, "\n"), strings.Join(want, "\n"))
		}
		if files := got.Forecast.Files; !slices.Equal(files, []backport.File{{Path: "a.txt", Kind: "content"}, {Path: "it's.txt", Kind: "add/add"}}) {
			t.Errorf("files: %+v", files)
		}
		if at := r.Git("rev-parse", "refs/heads/"+topic); at != line {
			t.Errorf("the branch is at %s", at)
		}
	}
	if r.InRemote("for-each-ref") != before {
		t.Error("something was pushed")
	}
	if status := r.Git("status", "--porcelain"); status != "" || r.Git("symbolic-ref", "HEAD") != "refs/heads/main" {
		t.Errorf("the working tree was touched: %q", status)
	}
}

func TestTheRealPickDecides(t *testing.T) {
	t.Parallel()
	r := branched(t)
	r.Checkout("line")
	r.Commit("chore: a merge driver", ".gitattributes", "a.txt merge=mine\n")
	r.Checkout("main")
	fix := r.Commit("fix: it", "a.txt", lines(map[int]string{30: "fixed"}))
	r.Push()
	r.Git("config", "merge.mine.driver", "false")
	w := open(t, r)
	if dry, err := w.run(w.change(fix), backport.RunOptions{DryRun: true}); err != nil || dry.Forecast.Outcome != backport.Applies {
		t.Errorf("dry run: %+v, %v", dry, err)
	}
	got, err := w.run(w.change(fix), backport.RunOptions{})
	if err != nil || got.State != backport.Stopped || got.Forecast.Outcome != backport.Conflicts || len(got.Forecast.Files) != 1 || got.Forecast.Files[0].Path != "a.txt" {
		t.Errorf("got %+v, %v", got, err)
	}
}
