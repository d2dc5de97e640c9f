package gittest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/internal/gittest"
)

func story(t *testing.T) (*gittest.Repo, []string) {
	r := gittest.New(t)
	ids := []string{r.Commit("feat: one", "a.txt", "1\n")}
	r.Branch("release/2.4")
	r.Checkout("main")
	fix := r.Commit("fix: two")
	r.Checkout("release/2.4")
	pick := r.Pick(fix)
	ids = append(ids, fix, pick, r.Revert(pick), r.Tag("v2.4.0"))
	r.Checkout("main")
	ids = append(ids, r.Merge("release/2.4", "Merge release/2.4"))
	r.Push()
	return r, ids
}

func TestEqualStepsGiveEqualIDs(t *testing.T) {
	_, first := story(t)
	_, second := story(t)
	if strings.Join(first, " ") != strings.Join(second, " ") {
		t.Errorf("ids differ:\n%s\n%s", first, second)
	}
	seen := map[string]bool{}
	for _, id := range first {
		if len(id) != 40 || seen[id] {
			t.Errorf("id %q is repeated or no id", id)
		}
		seen[id] = true
	}
}

func TestPushedRefsReachTheRemoteAndItsClones(t *testing.T) {
	r, ids := story(t)
	if got := r.InRemote("rev-parse", "refs/heads/release/2.4"); got != ids[3] {
		t.Errorf("remote has %s, want %s", got, ids[3])
	}
	c := r.Clone()
	if got := c.Git("rev-parse", "origin/HEAD", "refs/tags/v2.4.0"); got != ids[5]+"\n"+ids[4] {
		t.Errorf("clone has %s", got)
	}
}

func TestTheUsersConfigurationHasNoSay(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: one")
	if got := r.Git("log", "-1", "--format=%an <%ae> %cn %ct"); got != "Dev One <dev-1@acme.example> Dev One 1767603600" {
		t.Errorf("commit is by %q", got)
	}
	r.Git("config", "user.name", "QA One")
	r.Commit("feat: two")
	// Programs started by the code under test inherit the process's environment.
	cmd := exec.Command("git", "log", "-1", "--format=%an <%ae>")
	cmd.Dir = r.Dir
	if out, err := cmd.Output(); err != nil || string(out) != "QA One <dev-1@acme.example>\n" {
		t.Errorf("the repository's own configuration gives %q, %v", out, err)
	}
	out, err := exec.Command("git", "config", "--list", "--show-scope", "--show-origin").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "system") || strings.HasPrefix(line, "global") && !strings.Contains(line, os.Getenv("GIT_CONFIG_GLOBAL")) {
			t.Errorf("git reads %q", line)
		}
	}
	if !strings.Contains(string(out), "Dev One") {
		t.Errorf("git does not see the identity of tests:\n%s", out)
	}
}

func TestMessagesAreKeptByteByByte(t *testing.T) {
	r := gittest.New(t)
	for _, want := range []string{"", "# no comment\n", "fix: a\r\n\r\nbody\r\n", "bytes \xff\xfe\n", "\n\nfix: late\n\n\n"} {
		id := r.Commit(want)
		raw := r.Git("cat-file", "commit", id)
		_, got, _ := strings.Cut(raw, "\n\n")
		if got != strings.TrimRight(want, "\n") {
			t.Errorf("message %q became %q", want, got)
		}
	}
}

func TestSignedCommitsAreSigned(t *testing.T) {
	r := gittest.New(t)
	r.SignWith(gittest.SSHKey(t, "qa-1"))
	r.Commit("feat: one")
	if raw := r.Git("cat-file", "commit", "HEAD"); !strings.Contains(raw, "gpgsig -----BEGIN SSH SIGNATURE-----") {
		t.Errorf("no signature in\n%s", raw)
	}
}
