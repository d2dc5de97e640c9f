package git_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

func tree(t testing.TB, r *gittest.Repo) fs.FS {
	t.Helper()
	fsys, err := open(t, r.Dir).FS(t.Context(), r.Head())
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}

func TestTreesAreFileSystems(t *testing.T) {
	r := gittest.New(t)
	// Folders sort as if a slash followed: git has a.b before a/ and a0 after it.
	files := []string{"a/b/c.txt", "1\n", "a.b", "2\n", "a0", "3\n", "hack/e2e.sh", "#!/bin/sh\n", "empty", "", "dir with space/ä.yaml", "4\n"}
	r.Commit("feat: one", files...)
	r.Commit("feat: later changes are not seen") // not in the tree below
	fsys, err := open(t, r.Dir).FS(t.Context(), r.Git("rev-parse", "HEAD~1"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := 0; i < len(files); i += 2 {
		names = append(names, files[i])
		data, err := fs.ReadFile(fsys, files[i])
		if err != nil || string(data) != files[i+1] {
			t.Errorf("%s is %q, %v", files[i], data, err)
		}
		info, err := fs.Stat(fsys, files[i])
		if err != nil || info.Size() != int64(len(files[i+1])) || git.BlobID(info) != git.HashBlob(data) || git.BlobID(info) != r.Git("rev-parse", "HEAD:"+files[i]) {
			t.Errorf("%s: %+v, %v", files[i], info, err)
		}
		if wantX := strings.HasSuffix(files[i], ".sh"); (info.Mode()&0o111 != 0) != wantX {
			t.Errorf("%s has mode %s", files[i], info.Mode())
		}
	}
	if err := fstest.TestFS(fsys, names...); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"a/b", "a", "."} {
		if info, err := fs.Stat(fsys, name); err != nil || !info.IsDir() {
			t.Errorf("%s: %+v, %v", name, info, err)
		}
		if _, err := fs.ReadFile(fsys, name); err == nil {
			t.Errorf("%s was read as a file", name)
		}
	}
	for _, name := range []string{"none", "a/none", "a.b/c", "a/b/c.txt/d", "A", ".git", "changes"} {
		if _, err := fsys.Open(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"/a", "../a", "a/", ""} {
		if _, err := fsys.Open(name); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestLinksAndSubmodulesAreListedAndNotFollowed(t *testing.T) {
	r := gittest.New(t)
	first := r.Commit("feat: one", "a.txt", "1\n")
	if err := os.Symlink("a.txt", filepath.Join(r.Dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("..", filepath.Join(r.Dir, "up")); err != nil {
		t.Fatal(err)
	}
	r.Git("add", "--all")
	r.Git("update-index", "--add", "--cacheinfo", "160000,"+first+",sub")
	r.Git("commit", "--quiet", "-m", "feat: links")
	fsys := tree(t, r)
	list, err := fs.ReadDir(fsys, ".")
	var got []string
	for _, e := range list {
		got = append(got, e.Name()+" "+e.Type().String())
		if info, err := e.Info(); err != nil || info.Name() != e.Name() {
			t.Errorf("%s: %v", e.Name(), err)
		}
	}
	if want := "a.txt ----------|link L---------|sub ?---------|up L---------"; err != nil || strings.Join(got, "|") != want {
		t.Errorf("got %q, %v", got, err)
	}
	for name, says := range map[string]string{"link": "symbolic link", "sub": "submodule", "up": "symbolic link", "up/repo": "not exist", "sub/a.txt": "not exist"} {
		if _, err := fs.ReadFile(fsys, name); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBigFilesAreRefusedBeforeTheyAreRead(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: one", "fits", strings.Repeat("x", git.MaxBlob), "big", strings.Repeat("y", git.MaxBlob+1))
	fsys := tree(t, r)
	if data, err := fs.ReadFile(fsys, "fits"); err != nil || len(data) != git.MaxBlob {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	if _, err := fs.ReadFile(fsys, "big"); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("error is %v", err)
	}
	if info, err := fs.Stat(fsys, "big"); err != nil || info.Size() != git.MaxBlob+1 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestFSNeedsACommit(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: one")
	repo := open(t, r.Dir)
	for _, id := range []string{strings.Repeat("1", 40), "refs/heads/main", "", r.GitIn(nil, "hash-object", "-w", "--stdin")} {
		if _, err := repo.FS(t.Context(), id); err == nil {
			t.Errorf("%q is no commit", id)
		}
	}
}

func TestMissingObjectsAreErrorsNotAbsence(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: one", "a/b.txt", "1\n")
	blob := r.Git("rev-parse", "HEAD:a/b.txt")
	if err := os.Remove(filepath.Join(r.Dir, ".git", "objects", blob[:2], blob[2:])); err != nil {
		t.Fatal(err)
	}
	_, err := fs.ReadFile(tree(t, r), "a/b.txt")
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}

func TestObjectsAreReadByManyAtOnce(t *testing.T) {
	r := gittest.New(t)
	var files []string
	for i := range 40 {
		files = append(files, fmt.Sprintf("d%d/f%d.txt", i%7, i), strings.Repeat(fmt.Sprint(i), 1000))
	}
	r.Commit("feat: one", files...)
	r.Tag("v1")
	r.Git("gc", "--quiet")
	repo := open(t, r.Dir)
	head := r.Head()
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			fsys, err := repo.FS(t.Context(), head)
			if err != nil {
				t.Error(err)
				return
			}
			for i := 0; i < len(files); i += 2 {
				if data, err := fs.ReadFile(fsys, files[i]); err != nil || string(data) != files[i+1] {
					t.Errorf("%s: %d bytes, %v", files[i], len(data), err)
				}
			}
			if _, err := repo.Resolve(t.Context(), "refs/tags/v1"); err != nil {
				t.Error(err)
			}
			if id, err := repo.WriteBlob([]byte(fmt.Sprint(n))); err != nil || id != git.HashBlob([]byte(fmt.Sprint(n))) {
				t.Errorf("%s, %v", id, err)
			}
			if n == 3 {
				if err := repo.Close(); err != nil { // it starts again
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestACancelledReadSaysSoAndTheNextOneWorks(t *testing.T) {
	r := gittest.New(t)
	head := r.Commit("feat: one", "a.txt", "1\n")
	repo := open(t, r.Dir)
	ctx, cancel := context.WithCancel(t.Context())
	fsys, err := repo.FS(ctx, head)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := fs.ReadFile(fsys, "a.txt"); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if c, err := repo.Commit(t.Context(), head); err != nil || c.ID != head {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestObjectsWrittenLaterAreSeen(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: one")
	repo := open(t, r.Dir)
	if _, err := repo.Resolve(t.Context(), "refs/heads/main"); err != nil { // starts the process
		t.Fatal(err)
	}
	second := r.Commit("feat: two")
	r.Git("gc", "--quiet", "--prune=now")
	third := r.Commit("feat: three")
	for _, id := range []string{second, third} {
		if c, err := repo.Commit(t.Context(), id); err != nil || c.ID != id {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestWriteFileGraftsOntoATree(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: one", "a/b.txt", "1\n", "a.txt", "2\n", "z", "3\n", "hack/run.sh", "#!/bin/sh\n")
	repo := open(t, r.Dir)
	base := r.Git("rev-parse", "HEAD^{tree}")
	want := map[string]string{"a/b.txt": "1\n", "a.txt": "2\n", "z": "3\n", "hack/run.sh": "#!/bin/sh\n"}
	id := base
	var err error
	for _, path := range []string{"events/0000/00000001-genesis.json", "a/c/d.txt", "a-b", "a0", "a/b.txt"} {
		want[path] = "new " + path
		if id, err = repo.WriteFile(id, path, []byte(want[path])); err != nil {
			t.Fatal(err)
		}
	}
	r.Git("read-tree", id)
	r.Git("fsck", "--strict", "--no-dangling", id)
	var paths []string
	for path, text := range want {
		paths = append(paths, path)
		if got := r.Git("cat-file", "blob", id+":"+path); got != strings.TrimSuffix(text, "\n") {
			t.Errorf("%s is %q", path, got)
		}
	}
	slices.Sort(paths)
	if got := r.Git("ls-tree", "-r", "--name-only", id); got != strings.Join(paths, "\n") {
		t.Errorf("tree has\n%s\nwant\n%s", got, strings.Join(paths, "\n"))
	}
	if mode := r.Git("ls-tree", id, "hack/run.sh"); !strings.HasPrefix(mode, "100755") {
		t.Errorf("mode of a neighbour changed: %s", mode)
	}
	// What git itself would write.
	if got := r.Git("write-tree"); got != id {
		t.Errorf("tree is %s, git makes %s", id, got)
	}
	first, err := repo.WriteFile("", "x/y", []byte("1"))
	if err != nil || r.Git("ls-tree", "-r", "--name-only", first) != "x/y" {
		t.Errorf("onto nothing: %s, %v", first, err)
	}
	for _, bad := range []string{"", "/x", "x/", "a//b", "../x", "a/./b", ".git/config", "a/.GIT/x", "x\x00y", "z/inside-a-file", "a"} {
		if _, err := repo.WriteFile(base, bad, nil); err == nil {
			t.Errorf("%q was written", bad)
		}
	}
	if _, err := repo.WriteFile(strings.Repeat("1", 40), "x", nil); !errors.Is(err, git.ErrNotFound) {
		t.Errorf("onto a tree that does not exist: %v", err)
	}
}

func TestCommitTreeMakesWhatGitWouldMake(t *testing.T) {
	r := gittest.New(t)
	parent := r.Commit("feat: one")
	repo := open(t, r.Dir)
	tree, err := repo.Tree(parent)
	if err != nil || tree != r.Git("rev-parse", "HEAD^{tree}") {
		t.Fatalf("tree %s, %v", tree, err)
	}
	r.Git("config", "i18n.commitEncoding", "ISO-8859-1") // the message is UTF-8 all the same
	const text = "relctl: reserve äöü\n\n# kept\n"
	when := gittest.Start.AddDate(0, 1, 0)
	id, err := repo.CommitTree(t.Context(), git.CommitOptions{Tree: tree, Parents: []string{parent}, Message: text, Date: when})
	if err != nil {
		t.Fatal(err)
	}
	c, err := repo.Commit(t.Context(), id)
	if err != nil || c.Message != text || c.Tree != tree || !slices.Equal(c.Parents, []string{parent}) || !c.Author.When.Equal(when) || !c.Committer.When.Equal(when) || c.Committer.Email != gittest.Email {
		t.Errorf("got %+v, %v", c, err)
	}
	if bytes.Contains([]byte(r.Git("cat-file", "commit", id)), []byte("encoding")) {
		t.Error("the commit claims another encoding")
	}
	if r.Head() != parent {
		t.Error("a branch moved")
	}
	if _, err := repo.CommitTree(t.Context(), git.CommitOptions{Tree: strings.Repeat("1", 40), Message: text}); err == nil {
		t.Error("committed a tree that does not exist")
	}
}

func TestCommitTreeSignsAsAsked(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: one")
	r.SignWith(gittest.SSHKey(t, "ci-1"))
	repo := open(t, r.Dir)
	tree := r.Git("rev-parse", "HEAD^{tree}")
	for _, c := range []struct {
		config string
		mode   git.SignMode
		want   bool
	}{
		{"true", git.SignAsConfigured, true}, {"false", git.SignAsConfigured, false},
		{"false", git.SignAlways, true}, {"true", git.SignNever, false},
	} {
		r.Git("config", "commit.gpgSign", c.config)
		id, err := repo.CommitTree(t.Context(), git.CommitOptions{Tree: tree, Message: "x", Sign: c.mode})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(r.Git("cat-file", "commit", id), "\ngpgsig "); got != c.want {
			t.Errorf("commit.gpgSign=%s, mode %d: signed is %v", c.config, c.mode, got)
		}
	}
	r.Git("config", "user.signingKey", "/nowhere/key")
	_, err := repo.CommitTree(t.Context(), git.CommitOptions{Tree: tree, Message: "x", Sign: git.SignAlways})
	var sign *git.SignError
	if !errors.As(err, &sign) || !strings.Contains(err.Error(), "/nowhere/key") {
		t.Errorf("error is %v", err)
	}
}
