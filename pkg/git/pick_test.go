package git_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

// traces lists everything in a clone that a command might leave something in, but for objects.
func traces(t testing.TB, r *gittest.Repo) string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(filepath.Join(r.Dir, ".git"), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Name() == "objects" {
			return filepath.SkipDir
		}
		names = append(names, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, "\n") + "\n" + r.Git("for-each-ref") + "\n" + r.Git("status", "--porcelain") + "\n" + r.Git("reflog", "HEAD")
}

func TestPicksKeepAuthorsAndNameTheirOrigin(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: base", "a.txt", "1\n", "big/file.txt", "x\n")
	r.Branch("line")
	line := r.Commit("chore: line", "line.txt", "1\n")
	r.Checkout("main")
	r.Write("a.txt", "2\n")
	r.Git("commit", "--quiet", "--all", "--author", "Ada <ada@acme.example>", "--date", "1700000000 +0530", "-m", "fix: one\n\nText.\n\nSigned-off-by: Ada <ada@acme.example>\n(cherry picked from commit "+strings.Repeat("1", 40)+")")
	one := r.Head()
	two := r.Commit("fix: two", "new/b.txt", "2\n")
	t.Setenv("GIT_AUTHOR_NAME", "Somebody Else")
	t.Setenv("GIT_COMMITTER_NAME", "Picker")
	r.Write("a.txt", "uncommitted\n")
	before := traces(t, r)
	got, err := open(t, r.Dir).CherryPick(t.Context(), line, []git.Pick{{Commit: one}, {Commit: two}})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Empty) > 0 {
		t.Errorf("empty: %v", got.Empty)
	}
	if after := traces(t, r); after != before {
		t.Errorf("something is left:\n%s\nbefore:\n%s", after, before)
	}
	for args, want := range map[string]string{
		"log -1 --format=%P " + got.Head + "^":                            line,
		"log -1 --format=%an/%ae/%ad/%cn --date=raw " + got.Head + "^":    "Ada/ada@acme.example/1700000000 +0530/Picker",
		"log -1 --format=%B " + got.Head + "^":                            "fix: one\n\nText.\n\nSigned-off-by: Ada <ada@acme.example>\n(cherry picked from commit " + strings.Repeat("1", 40) + ")\n(cherry picked from commit " + one + ")",
		"log -1 --format=%B " + got.Head:                                  "fix: two\n\n(cherry picked from commit " + two + ")",
		"ls-tree -r --name-only " + got.Head:                              "a.txt\nbig/file.txt\nline.txt\nnew/b.txt",
		"diff --name-only " + line + " " + got.Head + " -- a.txt new big": "a.txt\nnew/b.txt",
	} {
		if out := r.Git(strings.Fields(args)...); out != want {
			t.Errorf("git %s: got %q, want %q", args, out, want)
		}
	}
}

func TestPicksLeaveOutWhatIsThereAndStopAtConflicts(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Commit("feat: base", "a.txt", "1\n", "gone/b.txt", "1\n2\n3\n")
	r.Branch("line")
	r.Git("rm", "--quiet", "-r", "gone")
	line := r.Commit("chore: line", "a.txt", "line\n", "same.txt", "same\n")
	r.Checkout("main")
	same := r.Commit("fix: same", "same.txt", "same\n")
	nothing := r.Empty("chore: nothing")
	fine := r.Commit("fix: fine", "new.txt", "1\n")
	bad := r.Commit("fix: bad", "a.txt", "main\n", "gone/b.txt", "1\n2\nx\n", "new.txt", "2\n")
	repo := open(t, r.Dir)
	before := traces(t, r)

	got, err := repo.CherryPick(t.Context(), line, []git.Pick{{Commit: same}, {Commit: fine}, {Commit: nothing}})
	if err != nil || !slices.Equal(got.Empty, []string{same, nothing}) {
		t.Fatalf("got %+v, %v", got, err)
	}
	if out := r.Git("log", "--format=%s", line+".."+got.Head); out != "fix: fine" {
		t.Errorf("log: %q", out)
	}
	got, err = repo.CherryPick(t.Context(), line, []git.Pick{{Commit: same}})
	if err != nil || got.Head != line || len(got.Empty) != 1 {
		t.Errorf("all there: got %+v, %v", got, err)
	}
	_, err = repo.CherryPick(t.Context(), line, []git.Pick{{Commit: fine}, {Commit: bad}})
	var conflict *git.PickError
	if !errors.As(err, &conflict) || conflict.Commit != bad || !slices.Equal(conflict.Files, []string{"a.txt", "gone/b.txt"}) {
		t.Errorf("error is %v", err)
	}
	if after := traces(t, r); after != before {
		t.Errorf("something is left:\n%s\nbefore:\n%s", after, before)
	}
}

func TestMergesArePickedByTheirMainline(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Commit("feat: base", "a.txt", "1\n")
	r.Branch("line")
	line := r.Commit("chore: line", "line.txt", "1\n")
	r.Checkout("main")
	r.Branch("topic")
	r.Commit("fix: one", "b.txt", "1\n")
	topic := r.Commit("fix: two", "c.txt", "1\n")
	r.Checkout("main")
	main := r.Commit("docs: main", "m.txt", "1\n")
	merge := r.Merge("topic", "Merge pull request #7")
	r.Push()
	for _, dir := range []string{r.Dir, r.Remote} {
		repo := open(t, dir)
		got, err := repo.CherryPick(t.Context(), line, []git.Pick{{Commit: merge, Parent: main}})
		if err != nil {
			t.Fatalf("%s: %v", dir, err)
		}
		for args, want := range map[string]string{
			"log --format=%s%n%b " + line + ".." + got.Head: "Merge pull request #7\n(cherry picked from commit " + merge + ")",
			"diff --name-only " + line + " " + got.Head:     "b.txt\nc.txt",
			"rev-parse " + got.Head + "^@":                  line,
		} {
			if out := r.Git(append([]string{"-C", dir}, strings.Fields(args)...)...); strings.TrimSpace(out) != want {
				t.Errorf("git %s: got %q, want %q", args, out, want)
			}
		}
		got, err = repo.CherryPick(t.Context(), line, []git.Pick{{Commit: merge, Parent: topic}})
		if err != nil || r.Git("-C", dir, "diff", "--name-only", line, got.Head) != "m.txt" {
			t.Errorf("other parent: %+v, %v", got, err)
		}
		if _, err := repo.CherryPick(t.Context(), line, []git.Pick{{Commit: merge}}); err == nil || !strings.Contains(err.Error(), "is a merge") {
			t.Errorf("no mainline: %v", err)
		}
		if _, err := repo.CherryPick(t.Context(), line, []git.Pick{{Commit: merge, Parent: line}}); err == nil || !strings.Contains(err.Error(), "no parent") {
			t.Errorf("foreign parent: %v", err)
		}
	}
}

func TestPicksFollowTheUsersConfigurationButRunNoHooks(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Commit("feat: base", "a.txt", "1\n", "x/y.txt", "1\n")
	line := r.Head()
	fix := r.Commit("fix: one", "a.txt", "2\n")
	r.SignWith(gittest.SSHKey(t, "dev"))
	r.Git("config", "core.sparseCheckout", "true")
	r.Git("config", "index.sparse", "true")
	r.Git("config", "core.autocrlf", "true")
	for _, hook := range []string{"prepare-commit-msg", "commit-msg", "post-commit", "post-checkout", "reference-transaction", "post-index-change"} {
		if err := os.WriteFile(filepath.Join(r.Dir, ".git", "hooks", hook), []byte("#!/bin/sh\ntouch '"+r.Dir+"/ran'\nexit 1\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	repo := open(t, r.Dir)
	got, err := repo.CherryPick(t.Context(), line, []git.Pick{{Commit: fix}})
	if err != nil {
		t.Fatal(err)
	}
	if raw := r.Git("cat-file", "commit", got.Head); !strings.Contains(raw, "BEGIN SSH SIGNATURE") {
		t.Errorf("not signed:\n%s", raw)
	}
	if _, err := os.Stat(filepath.Join(r.Dir, "ran")); err == nil {
		t.Error("a hook ran")
	}
	r.Git("config", "user.signingKey", filepath.Join(r.Dir, "none"))
	var sign *git.SignError
	if _, err := repo.CherryPick(t.Context(), line, []git.Pick{{Commit: fix}}); !errors.As(err, &sign) {
		t.Errorf("a key that is not there: %v", err)
	}
}

func TestPicksAndForecastsWorkFromWorktreesAndSharedClones(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	line := r.Commit("feat: base", "a.txt", "1\n")
	fix := r.Commit("fix: one", "a.txt", "2\n")
	tree := filepath.Join(t.TempDir(), "tree")
	r.Git("config", "extensions.worktreeConfig", "true")
	r.Git("worktree", "add", "--quiet", "-b", "side", tree, line)
	r.Git("-C", tree, "sparse-checkout", "set", "nowhere")
	shared := filepath.Join(t.TempDir(), "shared")
	r.Git("clone", "--quiet", "--shared", r.Dir, shared)
	for _, dir := range []string{tree, shared, filepath.Join(r.Dir, ".git")} {
		repo := open(t, dir)
		got, err := forecaster(t, repo).Pick(t.Context(), git.Try{Commit: fix, Onto: line})
		if err != nil || !got.Clean {
			t.Fatalf("%s: %+v, %v", dir, got, err)
		}
		done, err := repo.CherryPick(t.Context(), line, []git.Pick{{Commit: fix}})
		if err != nil {
			t.Fatalf("%s: %v", dir, err)
		}
		if have := r.Git("-C", dir, "rev-parse", done.Head+"^{tree}"); have != got.Tree {
			t.Errorf("%s: tree %s, forecast %s", dir, have, got.Tree)
		}
	}
	if out := r.Git("worktree", "list"); strings.Count(out, "\n") != 1 {
		t.Errorf("worktrees:\n%s", out)
	}
}

func TestPickedCommitsAreFoundByTheirFirstDigits(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	id := r.Commit("feat: base", "a.txt", "1\n")
	repo := open(t, r.Dir)
	for prefix, want := range map[string]string{id: id, id[:10]: id, id[:4]: id} {
		if got, err := repo.Expand(t.Context(), prefix); err != nil || got != want {
			t.Errorf("%s: got %q, %v", prefix, got, err)
		}
	}
	blob := r.Git("rev-parse", "HEAD:a.txt")
	for _, bad := range []string{"", id[:3], "main", "HEAD", "refs/heads/main", blob[:12], blob, strings.Repeat("1", 12), strings.ToUpper(id[:12]) + "X", id + "0", "--all"} {
		if got, err := repo.Expand(t.Context(), bad); !errors.Is(err, git.ErrNotFound) {
			t.Errorf("%q: got %q, %v", bad, got, err)
		}
	}
	var script strings.Builder
	for i := range 700 {
		fmt.Fprintf(&script, "commit refs/heads/many\ncommitter Dev <dev-1@acme.example> %d +0000\ndata 1\nx\n", gittest.Start.Unix()+int64(i))
	}
	r.GitIn([]byte(script.String()), "fast-import", "--quiet")
	seen := map[string]string{}
	for _, c := range strings.Fields(r.Git("rev-list", "many")) {
		if other := seen[c[:4]]; other != "" {
			var ambiguous *git.AmbiguousError
			if _, err := repo.Expand(t.Context(), c[:4]); !errors.As(err, &ambiguous) || !slices.Contains(ambiguous.Commits, c) || !slices.Contains(ambiguous.Commits, other) {
				t.Errorf("error is %v", err)
			}
			return
		}
		seen[c[:4]] = c
	}
	t.Error("no two commits begin alike")
}

func TestTheLastCommitsThatTouchAFileAreFound(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	base := r.Commit("feat: base", "a[1].txt", "1\n", "a1.txt", "1\n", "dir/b.txt", "1\n")
	one := r.Commit("fix: one", "a[1].txt", "2\n")
	r.Commit("fix: other", "a1.txt", "2\n")
	two := r.Commit("fix: two", "dir/b.txt", "2\n", "a[1].txt", "3\n")
	three := r.Commit("fix: three", "dir/b.txt", "3\n")
	repo := open(t, filepath.Join(r.Dir, "dir"))
	for _, c := range []struct {
		name  string
		not   string
		paths []string
		n     int
		want  []string
	}{
		{"a name is no pattern", base, []string{"a[1].txt"}, 9, []string{one, two}},
		{"several files, oldest first", base, []string{"a[1].txt", "dir/b.txt"}, 9, []string{one, two, three}},
		{"the last ones", base, []string{"a[1].txt", "dir/b.txt"}, 2, []string{two, three}},
		{"what the line has is left out", two, []string{"a[1].txt", "dir/b.txt"}, 9, []string{three}},
		{"no file", base, nil, 9, nil},
	} {
		got, err := repo.LastTouching(t.Context(), c.not, "refs/heads/main", c.paths, c.n)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, %v", c.name, got, err)
		}
	}
	paths, err := repo.PickPaths(t.Context(), git.Pick{Commit: two})
	if err != nil || !slices.Equal(paths, []string{"a[1].txt", "dir/b.txt"}) {
		t.Errorf("paths: %v, %v", paths, err)
	}
}
