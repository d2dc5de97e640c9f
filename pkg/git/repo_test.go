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

// open opens the repository of a test and closes it at its end.
func open(t testing.TB, dir string) *git.Repo {
	t.Helper()
	repo, err := git.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := repo.Close(); err != nil {
			t.Error(err)
		}
	})
	return repo
}

// physical is a path without symbolic links, as git reports paths.
func physical(t testing.TB, dir string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestOpenFindsTheRepositoryThatHoldsAFolder(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: one", "a/b/c.txt", "1\n")
	r.Push()
	tree := filepath.Join(t.TempDir(), "other tree")
	r.Git("worktree", "add", "--quiet", "-b", "side", tree)
	dir, remote := physical(t, r.Dir), physical(t, r.Remote)
	for _, c := range []struct{ name, dir, top, gitDir, common string }{
		{"root", r.Dir, dir, dir + "/.git", dir + "/.git"},
		{"folder", r.Dir + "/a/b", dir, dir + "/.git", dir + "/.git"},
		{"worktree", tree, physical(t, tree), dir + "/.git/worktrees/other-tree", dir + "/.git"},
		{"worktree's folder", tree + "/a", physical(t, tree), dir + "/.git/worktrees/other-tree", dir + "/.git"},
		{"bare", r.Remote, "", remote, remote},
		{"bare's folder", r.Remote + "/objects", "", remote, remote},
		{"git data", r.Dir + "/.git/refs", "", dir + "/.git", dir + "/.git"},
	} {
		t.Run(c.name, func(t *testing.T) {
			repo := open(t, c.dir)
			for what, pair := range map[string][2]string{
				"top": {repo.Top(), c.top}, "git dir": {repo.GitDir(), c.gitDir}, "common dir": {repo.CommonDir(), c.common},
			} {
				if got, want := pair[0], filepath.FromSlash(pair[1]); got != want {
					t.Errorf("%s is %q, want %q", what, got, want)
				}
			}
			if id, err := repo.Resolve(t.Context(), "refs/heads/main"); err != nil || id != r.Head() {
				t.Errorf("main is %q, %v", id, err)
			}
		})
	}
}

func TestWorktreesHaveABranchOfTheirOwn(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: one")
	tree := filepath.Join(t.TempDir(), "tree")
	r.Git("worktree", "add", "--quiet", "-b", "side", tree)
	for dir, want := range map[string]string{r.Dir: "main", tree: "side"} {
		if got, err := open(t, dir).DefaultBranch(t.Context(), ""); err != nil || got != want {
			t.Errorf("branch of %s is %q, %v, want %q", dir, got, err, want)
		}
	}
}

func TestOpenFollowsALinkToAClone(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: one", "a/b.txt", "1\n")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Join(r.Dir, "a"), link); err != nil {
		t.Fatal(err)
	}
	if got, want := open(t, link).Top(), physical(t, r.Dir); got != want {
		t.Errorf("top is %q, want %q", got, want)
	}
}

// hinted is an error that says what to do.
type hinted interface{ Hint() string }

func TestOpenRefusesWhatItWouldMisread(t *testing.T) {
	for name, c := range map[string]struct {
		build func(r *gittest.Repo) string
		says  string
		hint  string
	}{
		"no repository": {func(*gittest.Repo) string { return t.TempDir() }, "is not in a git repository", "-C <folder>"},
		"no folder":     {func(r *gittest.Repo) string { return r.Dir + "/missing" }, "is not in a git repository", "-C <folder>"},
		"sha256": {func(r *gittest.Repo) string {
			dir := filepath.Join(t.TempDir(), "new")
			r.Git("init", "--quiet", "--object-format=sha256", dir)
			return dir
		}, "sha256 object ids", "SHA-1"},
		"reftable": {func(r *gittest.Repo) string {
			r.Git("config", "core.repositoryFormatVersion", "1")
			r.Git("config", "extensions.refStorage", "reftable")
			return r.Dir
		}, "cannot read rightly", "git"},
		"partial clone": {func(r *gittest.Repo) string {
			r.InRemote("config", "uploadpack.allowFilter", "true")
			dir := filepath.Join(t.TempDir(), "partial")
			r.Git("clone", "--quiet", "--filter=blob:none", "file://"+r.Remote, dir)
			return dir
		}, "partial clone", "without --filter"},
		"other format": {func(r *gittest.Repo) string {
			r.Git("config", "core.repositoryFormatVersion", "9")
			return r.Dir
		}, "format that this git does not know", "newer git"},
	} {
		t.Run(name, func(t *testing.T) {
			r := gittest.New(t)
			r.Commit("feat: one")
			r.Push()
			_, err := git.Open(t.Context(), c.build(r))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("error is %v, want one that says %q", err, c.says)
			}
			var h hinted
			if !errors.As(err, &h) || !strings.Contains(h.Hint(), c.hint) {
				t.Errorf("hint of %T is not about %q", err, c.hint)
			}
		})
	}
}

func TestOpenReadsWhatGitReadsButGoGitRefuses(t *testing.T) {
	r := gittest.New(t)
	id := r.Commit("feat: one", "a.txt", "1\n")
	r.Git("config", "core.repositoryFormatVersion", "1")
	r.Git("config", "extensions.worktreeConfig", "true")
	r.Git("config", "extensions.preciousObjects", "true")
	repo := open(t, r.Dir)
	if got, err := repo.Resolve(t.Context(), "refs/heads/main"); err != nil || got != id {
		t.Errorf("main is %q, %v", got, err)
	}
	if _, err := repo.WriteBlob([]byte("x")); err != nil {
		t.Error(err)
	}
}

func TestSharedObjectsAreRead(t *testing.T) {
	r := gittest.New(t)
	id := r.Commit("feat: one", "a.txt", "1\n")
	dir := filepath.Join(t.TempDir(), "shared")
	r.Git("clone", "--quiet", "--shared", r.Dir, dir)
	if c, err := open(t, dir).Commit(t.Context(), id); err != nil || c.Message != "feat: one" {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestTheCallersVariablesDoNotLeadElsewhere(t *testing.T) {
	r, other := gittest.New(t), gittest.New(t)
	id := r.Commit("feat: mine", "a.txt", "mine\n")
	other.Commit("feat: other", "a.txt", "other\n")
	for k, v := range map[string]string{
		"GIT_DIR": other.Dir + "/.git", "GIT_WORK_TREE": other.Dir, "GIT_INDEX_FILE": other.Dir + "/.git/index",
		"GIT_OBJECT_DIRECTORY": other.Dir + "/.git/objects", "GIT_COMMON_DIR": other.Dir + "/.git",
		"GIT_NAMESPACE": "other", "GIT_CEILING_DIRECTORIES": r.Dir, "GIT_CONFIG": "/nowhere", "GIT_EXTERNAL_DIFF": "false",
		"GIT_CONFIG_PARAMETERS": "'core.bare'='true'", "LC_ALL": "de_DE.UTF-8", "LANGUAGE": "de",
	} {
		t.Setenv(k, v)
	}
	repo := open(t, r.Dir)
	if repo.Top() != physical(t, r.Dir) {
		t.Fatalf("opened %s", repo.Top())
	}
	if got, err := repo.Resolve(t.Context(), "refs/heads/main"); err != nil || got != id {
		t.Errorf("main is %q, %v", got, err)
	}
	if dirty, err := repo.Dirty(t.Context()); err != nil || len(dirty) > 0 {
		t.Errorf("dirty: %q, %v", dirty, err)
	}
	if _, err := git.Open(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "not in a git repository") {
		t.Errorf("error is %v", err)
	}
}

func TestDirtyNamesChangedTrackedFiles(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: one", "a.txt", "1\n", "b c.txt", "2\n", "ä.txt", "3\n", "gone.txt", "4\n")
	repo := open(t, r.Dir)
	if got, err := repo.Dirty(t.Context()); err != nil || len(got) > 0 {
		t.Fatalf("clean tree: %q, %v", got, err)
	}
	r.Write("new.txt", "untracked\n")
	if got, err := repo.Dirty(t.Context()); err != nil || len(got) > 0 {
		t.Fatalf("untracked file: %q, %v", got, err)
	}
	r.Write("b c.txt", "changed\n")
	r.Write("ä.txt", "staged\n")
	r.Git("add", "ä.txt")
	r.Git("rm", "--quiet", "gone.txt")
	got, err := repo.Dirty(t.Context())
	if want := "b c.txt|gone.txt|ä.txt"; err != nil || strings.Join(got, "|") != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if got, err := open(t, r.Remote).Dirty(t.Context()); err != nil || got != nil {
		t.Errorf("bare: %q, %v", got, err)
	}
}

func TestShallowClonesAreToldAndWalksRefuseThem(t *testing.T) {
	r := gittest.New(t)
	first := r.Commit("feat: one")
	r.Commit("feat: two")
	head := r.Commit("feat: three")
	r.Push()
	dir := filepath.Join(t.TempDir(), "shallow")
	r.Git("clone", "--quiet", "--depth=2", "file://"+r.Remote, dir)
	if shallow, err := open(t, r.Dir).Shallow(); shallow || err != nil {
		t.Errorf("full clone: %v, %v", shallow, err)
	}
	repo := open(t, dir)
	if shallow, err := repo.Shallow(); !shallow || err != nil {
		t.Fatalf("shallow clone: %v, %v", shallow, err)
	}
	if c, err := repo.Commit(t.Context(), head); err != nil || c.Message != "feat: three" {
		t.Errorf("reading a commit needs no history: %+v, %v", c, err)
	}
	ctx := t.Context()
	for what, walk := range map[string]func() error{
		"IsAncestor": func() error { _, err := repo.IsAncestor(ctx, first, head); return err },
		"MergeBase":  func() error { _, err := repo.MergeBase(ctx, head, head); return err },
		"CountRange": func() error { _, err := repo.CountRange(ctx, head, head); return err },
		"Checkout":   func() error { return repo.Checkout(ctx, filepath.Join(t.TempDir(), "x"), "origin", head) },
		"Log": func() error {
			for _, err := range repo.Log(ctx, git.LogOptions{To: []string{head}}) {
				return err
			}
			return nil
		},
	} {
		var shallow *git.ShallowError
		if err := walk(); !errors.As(err, &shallow) || !strings.Contains(shallow.Hint(), "git fetch --unshallow") {
			t.Errorf("%s: error is %v", what, err)
		}
	}
	// The command that the hint names mends it.
	open(t, dir)
	if _, err := r.TryGit("-C", dir, "fetch", "--quiet", "--unshallow"); err != nil {
		t.Fatal(err)
	}
	if ok, err := repo.IsAncestor(ctx, first, head); !ok || err != nil {
		t.Errorf("after deepening: %v, %v", ok, err)
	}
}

func TestIdentityIsWhatWasConfiguredAndNeverGuessed(t *testing.T) {
	r := gittest.New(t)
	repo := open(t, r.Dir)
	if name, email, err := repo.Identity(t.Context()); err != nil || name != gittest.Name || email != gittest.Email {
		t.Errorf("got %q, %q, %v", name, email, err)
	}
	r.Git("config", "user.name", "Rolle Ä")
	t.Setenv("GIT_COMMITTER_EMAIL", "ci@acme.example")
	if name, email, err := repo.Identity(t.Context()); err != nil || name != "Rolle Ä" || email != "ci@acme.example" {
		t.Errorf("got %q, %q, %v", name, email, err)
	}
}

func TestNoIdentityIsAnErrorThatSaysWhatToDo(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: one")
	repo := open(t, r.Dir)
	tree, err := repo.Tree(r.Head())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("EMAIL", "")
	_, _, err1 := repo.Identity(t.Context())
	_, err2 := repo.CommitTree(t.Context(), git.CommitOptions{Tree: tree, Message: "x"})
	_, err3 := repo.CreateTag(t.Context(), "v1", r.Head(), "x")
	for what, err := range map[string]error{"Identity": err1, "CommitTree": err2, "CreateTag": err3} {
		var id *git.IdentityError
		if !errors.As(err, &id) || !strings.Contains(id.Hint(), "git config user.name") {
			t.Errorf("%s: error is %v", what, err)
		}
	}
}
