package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// root holds what all tests share.
var root string

func TestMain(m *testing.M) {
	var err error
	if root, err = os.MkdirTemp("", "accuracy-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(root)
	os.Exit(code)
}

// repo is a real repository with a working tree.
type repo struct {
	t       *testing.T
	dir     string
	minutes int
}

// git runs git with pinned author and dates, a minute later each time.
func (r *repo) git(args ...string) string {
	r.t.Helper()
	r.minutes++
	date := fmt.Sprintf("%d +0000", 1767603600+60*r.minutes)
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	cmd.Env = append(environment(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C",
		"GIT_AUTHOR_NAME=Dev", "GIT_AUTHOR_EMAIL=dev@acme.example", "GIT_AUTHOR_DATE="+date,
		"GIT_COMMITTER_NAME=Dev", "GIT_COMMITTER_EMAIL=dev@acme.example", "GIT_COMMITTER_DATE="+date)
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit writes a file, commits it and returns the id.
func (r *repo) commit(message, file, content string) string {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, file), []byte(content), 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.git("add", "--all")
	r.git("commit", "--quiet", "--message", message)
	return r.git("rev-parse", "HEAD")
}

// pick cherry-picks and returns the new id.
func (r *repo) pick(args ...string) string {
	r.t.Helper()
	r.git(append([]string{"cherry-pick"}, args...)...)
	return r.git("rev-parse", "HEAD")
}

const (
	mainRef = "refs/heads/main"
	newRef  = "refs/heads/release/1.1"
	oldRef  = "refs/heads/release/1.0"
)

// shared is the repository that picked made.
var shared struct {
	sync.Once
	ids map[string]string
}

// picked returns a repository, which nobody may change, and the ids of its commits by what they are. It has all that
// trailers and patches can say.
//
//	main   begin ─ a ─ b ─ c ─ d ─ merge of part and side ─ e
//	1.1    begin ─ x-a ─ plain-b ─ adapted-c ─ hotfix
//	1.0    begin ─ chained-a ─ short-d ─ via-c ─ stray ─ x-merge ─ lines-only ─ squash
func picked(t *testing.T) (*repo, map[string]string) {
	t.Helper()
	r := &repo{t: t, dir: root}
	shared.Do(func() { shared.ids = r.tell() })
	return r, shared.ids
}

// tell makes the history of picked.
func (r *repo) tell() map[string]string {
	r.t.Helper()
	id := map[string]string{}
	r.git("init", "--quiet", "--initial-branch=main")
	id["begin"] = r.commit("feat: begin", "0", "0\n")
	r.git("branch", "release/1.1")
	r.git("branch", "release/1.0")
	for _, name := range []string{"a", "b", "c", "d"} {
		id[name] = r.commit("fix: "+name, name, name+"\n")
	}
	r.git("checkout", "--quiet", "-b", "topic")
	r.git("branch", "side")
	id["part"] = r.commit("fix: part", "part", "part\n")
	r.git("checkout", "--quiet", "side")
	id["side"] = r.commit("fix: side", "side", "side\n")
	r.git("checkout", "--quiet", "topic")
	r.git("merge", "--quiet", "--no-ff", "--message", "Merge branch side", "side")
	r.git("checkout", "--quiet", "main")
	r.git("merge", "--quiet", "--no-ff", "--message", "Merge pull request #7 from topic", "topic")
	id["merge"] = r.git("rev-parse", "HEAD")
	id["e"] = r.commit("fix: e (#8)", "e", "e\n")

	r.git("checkout", "--quiet", "release/1.1")
	id["x-a"] = r.pick("-x", id["a"])
	id["plain-b"] = r.pick(id["b"])
	id["adapted-c"] = r.commit("fix: c\n\n(cherry picked from commit "+id["c"]+")", "c", "other\n")
	id["hotfix"] = r.commit("fix: hotfix", "hot", "hot\n")

	r.git("checkout", "--quiet", "release/1.0")
	id["chained-a"] = r.pick("-x", id["x-a"])
	id["short-d"] = r.commit("fix: d anew\n\n(cherry picked from commit "+id["d"][:9]+")", "d", "anew\n")
	id["via-c"] = r.commit("fix: c on the old line\n\n(cherry picked from commit "+id["adapted-c"]+")", "c", "old\n")
	id["stray"] = r.commit("fix: stray\n\n(cherry picked from commit "+strings.Repeat("0", 40)+")", "stray", "stray\n")
	id["x-merge"] = r.pick("-x", "-m", "1", id["merge"])
	id["lines-only"] = r.pick("-x", id["hotfix"])
	r.git("checkout", "--quiet", "-b", "backport")
	id["head"] = r.commit("fix: e\n\n(cherry picked from commit "+id["e"]+")", "e", "wrong\n")
	r.commit("fix: review", "e", "other\n")
	r.git("update-ref", "refs/pull/9/head", "HEAD")
	r.git("checkout", "--quiet", "release/1.0")
	id["squash"] = r.commit("fix: e (#9)", "e", "other\n")
	return id
}

// names turns ids into what they are called in picked.
func names(ids map[string]string, of ...string) string {
	var out []string
	for _, id := range of {
		name := id
		for k, v := range ids {
			if v == id {
				name = k
			}
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}
