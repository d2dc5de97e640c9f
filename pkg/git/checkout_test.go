package git_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

// files lists a folder's files by content, without git data.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == ".git" {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if d.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(path)
			out[name] = "-> " + target
			return err
		}
		data, err := os.ReadFile(path)
		out[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCheckoutIsACleanScratchClone(t *testing.T) {
	r := gittest.New(t)
	id := r.Commit("feat: one", "a/b.txt", "1\n", "run.sh", "#!/bin/sh\n", "crlf.txt", "1\r\n2\n")
	r.Tag("v1")
	r.Commit("feat: two", "a/b.txt", "2\n")
	r.Push()
	r.Write("a/b.txt", "uncommitted\n")
	r.Git("config", "core.autocrlf", "true")
	r.Git("config", "core.hooksPath", r.Dir+"/.git/hooks")
	for _, hook := range []string{"post-checkout", "reference-transaction"} {
		if err := os.WriteFile(filepath.Join(r.Dir, ".git", "hooks", hook), []byte("#!/bin/sh\ntouch '"+r.Dir+"/ran'\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	repo := open(t, r.Dir)
	dst := filepath.Join(t.TempDir(), "new", "scratch")
	if err := repo.Checkout(t.Context(), dst, "origin", id); err != nil {
		t.Fatal(err)
	}
	got := files(t, dst)
	if len(got) != 3 || got["a/b.txt"] != "1\n" || got["run.sh"] != "#!/bin/sh\n" || got["crlf.txt"] != "1\r\n2\n" {
		t.Errorf("got %q", got)
	}
	if info, err := os.Stat(filepath.Join(dst, "run.sh")); err != nil || info.Mode()&0o100 == 0 {
		t.Errorf("run.sh: %v, %v", info, err)
	}
	for args, want := range map[string]string{
		"rev-parse HEAD": id, "status --porcelain": "", "remote get-url origin": r.Remote, "for-each-ref": "", "log --format=%s": "feat: one",
	} {
		if got := r.Git(append([]string{"-C", dst}, strings.Fields(args)...)...); got != want {
			t.Errorf("git %s: got %q, want %q", args, got, want)
		}
	}
	if _, err := r.TryGit("-C", dst, "symbolic-ref", "HEAD"); err == nil {
		t.Error("HEAD is not detached")
	}
	if _, err := os.Stat(filepath.Join(r.Dir, "ran")); err == nil {
		t.Error("a hook ran")
	}
	r.Git("-C", dst, "tag", "v1") // build tools need it at HEAD, and it must not be here already
	if data, err := os.ReadFile(filepath.Join(r.Dir, "a", "b.txt")); err != nil || string(data) != "uncommitted\n" {
		t.Errorf("the working tree was touched: %q, %v", data, err)
	}
	if err := repo.Checkout(t.Context(), dst, "origin", id); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("onto itself: %v", err)
	}
}

func TestCheckoutWorksFromWorktreesAndBareRepositories(t *testing.T) {
	r := gittest.New(t)
	id := r.Commit("feat: one", "a.txt", "1\n")
	r.Push()
	tree := filepath.Join(t.TempDir(), "tree")
	r.Git("worktree", "add", "--quiet", "-b", "side", tree)
	shared := filepath.Join(t.TempDir(), "shared")
	r.Git("clone", "--quiet", "--shared", r.Dir, shared)
	for _, dir := range []string{tree, r.Remote, shared} {
		dst := t.TempDir()
		if err := open(t, dir).Checkout(t.Context(), dst, "", id); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
		if got := files(t, dst); got["a.txt"] != "1\n" {
			t.Errorf("%s: got %q", dir, got)
		}
		if got := r.Git("-C", dst, "remote"); got != "" {
			t.Errorf("remotes: %q", got)
		}
	}
}

func TestCheckoutSaysWhatIsMissing(t *testing.T) {
	r := gittest.New(t)
	id := r.Commit("feat: one")
	repo := open(t, r.Dir)
	for name, c := range map[string][2]string{
		"absent": {"origin", strings.Repeat("1", 40)}, "short": {"origin", id[:10]}, "ref": {"origin", "refs/heads/main"}, "no remote": {"none", id},
	} {
		dst := filepath.Join(t.TempDir(), "x")
		if err := repo.Checkout(t.Context(), dst, c[0], c[1]); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestARelativeRemoteIsResolvedForTheScratchClone(t *testing.T) {
	r := gittest.New(t)
	id := r.Commit("feat: one")
	r.Push()
	r.Git("remote", "set-url", "origin", "../remote.git")
	dst := t.TempDir()
	if err := open(t, filepath.Join(r.Dir, "changes")).Checkout(t.Context(), dst, "origin", id); err != nil {
		t.Fatal(err)
	}
	if got, want := r.Git("-C", dst, "remote", "get-url", "origin"), physical(t, r.Remote); got != want {
		t.Errorf("origin is %s, want %s", got, want)
	}
	r.Git("-C", dst, "ls-remote", "origin")
}

func TestSubmodulesWithRelativeURLsComeFromBesideTheRemote(t *testing.T) {
	lib := gittest.New(t)
	libID := lib.Commit("feat: lib", "lib.txt", "lib\n")
	lib.Push()
	r := gittest.New(t)
	// beside the remote, and nowhere near the clone
	beside := filepath.Join(filepath.Dir(r.Remote), "lib.git")
	r.Git("clone", "--quiet", "--bare", lib.Remote, beside)
	r.Write(".gitmodules", "[submodule \"third_party/lib\"]\n\tpath = third_party/lib\n\turl = ../lib.git\n")
	r.Write("a.txt", "1\n")
	r.Git("add", ".gitmodules", "a.txt")
	r.Git("update-index", "--add", "--cacheinfo", "160000,"+libID+",third_party/lib")
	id := r.Empty("feat: with lib") // commits the index as it is
	r.Push()
	moved := filepath.Join(t.TempDir(), "far", "away")
	r.Git("clone", "--quiet", r.Remote, moved)
	repo := open(t, moved)
	dst := t.TempDir()
	if err := repo.Checkout(t.Context(), dst, "origin", id); err != nil {
		t.Fatal(err)
	}
	got := files(t, dst)
	if got["third_party/lib/lib.txt"] != "lib\n" || got["a.txt"] != "1\n" {
		t.Errorf("got %q", got)
	}
	if out := r.Git("-C", dst, "status", "--porcelain"); out != "" {
		t.Errorf("not clean: %s", out)
	}
	if err := os.Rename(beside, beside+"-gone"); err != nil {
		t.Fatal(err)
	}
	err := repo.Checkout(t.Context(), t.TempDir(), "origin", id)
	var sub *git.SubmoduleError
	if !errors.As(err, &sub) || !strings.Contains(err.Error(), "lib.git") || !strings.Contains(sub.Hint(), "submodule update") {
		t.Errorf("error is %v", err)
	}
}

// withoutLFS makes a PATH on which git is found and git-lfs is not.
func withoutLFS(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"git", "sh"} {
		if err := os.Symlink(gittest.Program(t, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4\nsize 4\n"

func TestPointersOfGitLFSAreRefusedWithoutGitLFS(t *testing.T) {
	r := gittest.New(t)
	none := r.Commit("feat: attribute only", "docs/.gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n", "other.bin", pointer, "docs/real.bin", "real\n")
	id := r.Commit("feat: pointer", "docs/a.bin", pointer)
	t.Setenv("PATH", withoutLFS(t))
	repo := open(t, r.Dir)
	err := repo.Checkout(t.Context(), t.TempDir(), "", id)
	var lfs *git.LFSError
	if !errors.As(err, &lfs) || !slices.Equal(lfs.Files, []string{"docs/a.bin"}) || !strings.Contains(lfs.Hint(), "install git-lfs") {
		t.Errorf("error is %v", err)
	}
	if err := repo.Checkout(t.Context(), t.TempDir(), "", none); err != nil {
		t.Errorf("no pointer that an attribute names: %v", err)
	}
	if err := repo.Export(t.Context(), id, t.TempDir()); err != nil {
		t.Errorf("an export keeps pointers: %v", err)
	}
}

func TestContentsInGitLFSAreFetched(t *testing.T) {
	gittest.Program(t, "git-lfs")
	r := gittest.New(t)
	r.Git("lfs", "install", "--local")
	id := r.Commit("feat: big", ".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n", "a.bin", "big contents\n")
	if got := r.Git("cat-file", "blob", "HEAD:a.bin"); !strings.HasPrefix(got, "version https://git-lfs") {
		t.Fatalf("not a pointer: %q", got)
	}
	r.Git("remote", "set-url", "origin", "file://"+r.Remote)
	r.Git("push", "--quiet", "origin", "main")
	fresh := filepath.Join(t.TempDir(), "fresh") // has no contents yet
	r.Git("clone", "--quiet", "file://"+r.Remote, fresh)
	for _, dir := range []string{r.Dir, fresh} {
		dst := t.TempDir()
		if err := open(t, dir).Checkout(t.Context(), dst, "origin", id); err != nil {
			t.Fatalf("%s: %v", dir, err)
		}
		if got := files(t, dst)["a.bin"]; got != "big contents\n" {
			t.Errorf("got %q", got)
		}
		if out := r.Git("-C", dst, "status", "--porcelain"); out != "" {
			t.Errorf("not clean: %s", out)
		}
	}
	if err := os.RemoveAll(filepath.Join(r.Remote, "lfs")); err != nil {
		t.Fatal(err)
	}
	gone := filepath.Join(t.TempDir(), "gone")
	r.Git("clone", "--quiet", "file://"+r.Remote, gone)
	err := open(t, gone).Checkout(t.Context(), t.TempDir(), "origin", id)
	var lfs *git.LFSError
	if !errors.As(err, &lfs) || lfs.Err == nil || !strings.Contains(lfs.Hint(), "git lfs fetch") {
		t.Errorf("contents that are gone: %v", err)
	}
}

func TestExportWritesTheFilesAndNothingElse(t *testing.T) {
	r := gittest.New(t)
	if err := os.Symlink("a.txt", filepath.Join(r.Dir, "link")); err != nil {
		t.Fatal(err)
	}
	id := r.Commit("feat: one", "a.txt", "$Id$\n", ".gitattributes", "secret export-ignore\na.txt export-subst\n", "secret", "kept\n", "hack/e2e.sh", "#!/bin/sh\n")
	r.Push()
	for _, dir := range []string{r.Dir, r.Remote} {
		dst := filepath.Join(t.TempDir(), "out")
		if err := open(t, dir).Export(t.Context(), id, dst); err != nil {
			t.Fatal(err)
		}
		got := files(t, dst)
		if len(got) != 5 || got["a.txt"] != "$Id$\n" || got["secret"] != "kept\n" || got["link"] != "-> a.txt" {
			t.Errorf("got %q", got)
		}
		if info, err := os.Stat(filepath.Join(dst, "hack", "e2e.sh")); err != nil || info.Mode()&0o100 == 0 {
			t.Errorf("e2e.sh: %v, %v", info, err)
		}
		if _, err := os.Lstat(filepath.Join(dst, ".git")); err == nil {
			t.Error("git data is left")
		}
	}
}
