package git_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

func TestAMachineWithoutGitIsToldWhatToInstall(t *testing.T) {
	r := gittest.New(t)
	t.Setenv("PATH", t.TempDir())
	_, err := git.Open(t.Context(), r.Dir)
	var missing *git.MissingError
	if !errors.As(err, &missing) || !strings.Contains(missing.Hint(), "install git") {
		t.Errorf("error is %v", err)
	}
}

func TestATooOldGitIsToldToBeReplaced(t *testing.T) {
	r := gittest.New(t)
	fake := t.TempDir() // knows no option at all, as a git from long ago would not know ours
	if err := os.WriteFile(filepath.Join(fake, "git"), []byte("#!/bin/sh\necho 'usage: git' >&2\nexit 129\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", fake+string(os.PathListSeparator)+os.Getenv("PATH"))
	_, err := git.Open(t.Context(), r.Dir)
	var h hinted
	if !errors.As(err, &h) || !strings.Contains(h.Hint(), "2.39") {
		t.Errorf("error is %v", err)
	}
}

// A helper that the remote's transport starts must not outlive a cancelled fetch.
func TestACancelledFetchLeavesNoProgramBehind(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: one")
	repo := open(t, r.Dir)
	dir := t.TempDir()
	script := filepath.Join(dir, "upload-pack")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho $$ >'"+dir+"/pid.tmp'\nmv '"+dir+"/pid.tmp' '"+dir+"/pid'\ntrap '' TERM\nwhile :; do sleep 0.1; done\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	r.Git("config", "remote.origin.uploadpack", script)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- repo.Fetch(ctx, "origin", "+refs/heads/*:refs/remotes/origin/*") }()
	var pid string
	for pid == "" {
		select {
		case err := <-done:
			t.Fatalf("the fetch ended by itself: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
		data, _ := os.ReadFile(filepath.Join(dir, "pid")) // not there yet, most of the time
		pid = strings.TrimSpace(string(data))
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	for exec.Command("kill", "-0", pid).Run() == nil { // ends, or the test's time does
		time.Sleep(20 * time.Millisecond)
	}
}

func TestADeadlineIsReportedAsOne(t *testing.T) {
	r := gittest.New(t)
	head := r.Commit("feat: one")
	repo := open(t, r.Dir)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	_, err1 := repo.CountRange(ctx, head, head)
	_, err2 := repo.LsRemote(ctx, "origin")
	_, err3 := repo.Refs(ctx, "refs/heads/")
	for _, err := range []error{err1, err2, err3} {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v", err)
		}
	}
}

func TestTheConfigurationOfTheUserCountsForActingOnly(t *testing.T) {
	r := gittest.New(t)
	head := r.Commit("feat: one")
	r.Push()
	file := filepath.Join(t.TempDir(), "config")
	// A user's alias cannot replace a command, but settings that break reading would show.
	text := "[user]\n\tname = QA One\n\temail = qa-1@acme.example\n[core]\n\tabbrev = 4\n[log]\n\tshowSignature = true\n[color]\n\tui = always\n[url \"" + r.Remote + "\"]\n\tinsteadOf = https://git.acme.example/acme.git\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_CONFIG_GLOBAL", file)
	r.Git("remote", "add", "web", "https://git.acme.example/acme.git")
	repo := open(t, r.Dir)
	if name, _, err := repo.Identity(t.Context()); err != nil || name != "QA One" {
		t.Errorf("identity is %q, %v", name, err)
	}
	if refs, err := repo.LsRemote(t.Context(), "web"); err != nil || refs.Head != "refs/heads/main" {
		t.Errorf("insteadOf: %v", err)
	}
	if url, err := repo.RemoteURL(t.Context(), "web"); err != nil || url != "https://git.acme.example/acme.git" {
		t.Errorf("url is %q, %v", url, err)
	}
	if got := walk(t, repo, git.LogOptions{To: []string{head}}); len(got) != 1 || got[0].ID != head {
		t.Errorf("log: %v", got)
	}
}

func TestErrorsStayShortAndNameTheCommand(t *testing.T) {
	r := gittest.New(t)
	head := r.Commit("feat: one")
	err := open(t, r.Dir).UpdateRef(t.Context(), "refs/heads/x", head, head)
	var e *git.Error
	if !errors.As(err, &e) || e.Command != "update-ref" || e.Code != 128 || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "fatal:") {
		t.Errorf("error is %q", err)
	}
}

func TestAnotherUsersRepositoryIsReadOnceItIsTrusted(t *testing.T) {
	r := gittest.New(t)
	head := r.Commit("feat: one", "a/b.txt", "1\n")
	dir := t.TempDir()
	// A git that takes every folder for another user's, as a container meets a mounted clone.
	text := "#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec '" + gittest.Program(t, "git") + "' \"$@\"\n"
	if err := os.WriteFile(filepath.Join(dir, "git"), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	_, err := git.Open(t.Context(), filepath.Join(r.Dir, "a"))
	var owner *git.OwnerError
	if !errors.As(err, &owner) || !strings.HasSuffix(owner.Hint(), "safe.directory "+physical(t, r.Dir)) {
		t.Fatalf("error is %v", err)
	}
	config := filepath.Join(dir, "config")
	if err := os.WriteFile(config, []byte("[safe]\n\tdirectory = "+physical(t, r.Dir)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_CONFIG_GLOBAL", config)
	repo := open(t, r.Dir)
	if c, err := repo.Commit(t.Context(), head); err != nil || c.ID != head {
		t.Errorf("reading: %v", err)
	}
	if n, err := repo.CountRange(t.Context(), head, "refs/heads/main"); err != nil || n != 0 {
		t.Errorf("walking: %d, %v", n, err)
	}
	if dirty, err := repo.Dirty(t.Context()); err != nil || len(dirty) > 0 {
		t.Errorf("status: %q, %v", dirty, err)
	}
}
