package git_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

// forecaster starts forecasts of a repository and ends them with the test.
func forecaster(t testing.TB, repo *git.Repo) *git.Forecaster {
	t.Helper()
	f, err := repo.Forecaster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func TestForecastsNameTheKindOfEachConflict(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	many := strings.Repeat("some line of text\n", 20)
	r.Commit("feat: base", "same.txt", "1\n", "gone.txt", "1\n", "kept.txt", "1\n", "old.txt", many, "logo.bin", "\x000\n", "ours.md", "1\n", ".gitattributes", "ours.md merge=union\n")
	r.Branch("line")
	r.Git("rm", "--quiet", "gone.txt")
	r.Git("mv", "old.txt", "renamed-here.txt")
	line := r.Commit("chore: line", "same.txt", "line\n", "kept.txt", "line\n", "new.txt", "line\n", "logo.bin", "\x001\n", "dir", "a file\n", "ours.md", "1\nline\n")
	r.Checkout("main")
	one := func(change func()) string {
		r.Checkout("main")
		r.Git("reset", "--quiet", "--hard", "line~1")
		change()
		r.Git("add", "--all")
		return r.Empty("fix: something")
	}
	write := func(path, content string) func() { return func() { r.Write(path, content) } }
	cases := []struct {
		name   string
		commit string
		want   string
	}{
		{"content", one(write("same.txt", "main\n")), "same.txt content"},
		{"both added", one(write("new.txt", "main\n")), "new.txt add/add"},
		{"gone on the line", one(write("gone.txt", "main\n")), "gone.txt modify/delete absent"},
		{"deleted by the change", one(func() { r.Git("rm", "--quiet", "kept.txt") }), "kept.txt modify/delete"},
		{"renamed twice", one(func() { r.Git("mv", "old.txt", "renamed-there.txt") }), "old.txt rename/rename absent, renamed-here.txt rename/rename, renamed-there.txt rename/rename absent"},
		{"renamed and deleted", one(func() { r.Git("mv", "gone.txt", "moved.txt") }), "moved.txt rename/delete absent"},
		{"binary", one(write("logo.bin", "\x002\n")), "logo.bin binary"},
		{"a folder in the place of a file", one(write("dir/x.txt", "1\n")), "dir file/directory"},
		{"two at once", one(func() { r.Write("same.txt", "main\n"); r.Write("gone.txt", "main\n"); r.Write("fine.txt", "1\n") }), "gone.txt modify/delete absent, same.txt content"},
		{"merged by an attribute of the line", one(write("ours.md", "1\nmain\n")), ""},
		{"edited after a rename on the line", one(write("old.txt", many+"more\n")), ""},
	}
	f := forecaster(t, open(t, r.Dir))
	for _, c := range cases {
		got, err := f.Pick(t.Context(), git.Try{Commit: c.commit, Onto: line})
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, x := range got.Conflicts {
			text := x.Path + " " + x.Kind
			if x.Absent {
				text += " absent"
			}
			texts = append(texts, text)
		}
		if text := strings.Join(texts, ", "); text != c.want || got.Clean != (c.want == "") || got.Clean == (got.Tree == "") || got.Empty {
			t.Errorf("%s: got %q (%+v), want %q", c.name, text, got, c.want)
		}
	}
}

func TestForecastsChainOnTheTreesOfEarlierOnes(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	line := r.Commit("feat: base", "a.txt", "1\n")
	first := r.Commit("fix: first", "a.txt", "1\n2\n")
	second := r.Commit("fix: second", "a.txt", "1\n2\n3\n")
	f := forecaster(t, open(t, r.Dir))
	pick := func(commit, onto string) git.Forecast {
		t.Helper()
		got, err := f.Pick(t.Context(), git.Try{Commit: commit, Onto: onto})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := pick(second, line); got.Clean {
		t.Errorf("second alone: %+v", got)
	}
	one := pick(first, line)
	two := pick(second, one.Tree)
	if !two.Clean || two.Tree != r.Git("rev-parse", second+"^{tree}") {
		t.Errorf("in a row: %+v", two)
	}
	if again := pick(second, two.Tree); !again.Clean || !again.Empty || again.Tree != two.Tree {
		t.Errorf("second again: %+v", again)
	}

	notes := r.Commit("docs: notes", "notes.md", "one\n")
	union := r.Commit("chore: merge notes by themselves", ".gitattributes", "*.md merge=union\n")
	added := r.Commit("docs: more notes", "notes.md", "one\nmain\n")
	r.Git("reset", "--quiet", "--hard", notes)
	beside := r.Commit("docs: other notes", "notes.md", "one\nline\n")
	if got := pick(added, beside); got.Clean {
		t.Errorf("without the attribute: %+v", got)
	}
	if got := pick(added, pick(union, beside).Tree); !got.Clean {
		t.Errorf("an attribute that an earlier pick brought: %+v", got)
	}
}

// objectsOf lists the files of the object store.
func objectsOf(t testing.TB, gitDir string) string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(filepath.Join(gitDir, "objects"), func(path string, _ os.DirEntry, err error) error {
		names = append(names, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, "\n")
}

func TestForecastsLeaveNothingBehind(t *testing.T) {
	r := gittest.New(t)
	line := r.Commit("feat: base", "a.txt", "1\n2\n3\n4\n5\n")
	r.Branch("line")
	other := r.Commit("fix: line", "a.txt", "1\n2\n3\n4\nfive\n")
	r.Checkout("main")
	fix := r.Commit("fix: one", "a.txt", "one\n2\n3\n4\n5\n")
	r.Push()
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	for _, dir := range []string{r.Dir + "/.git", r.Remote} {
		repo := open(t, dir)
		refs, objects, state := r.Git("-C", dir, "for-each-ref"), objectsOf(t, dir), traces(t, r)
		f, err := repo.Forecaster(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.Picks(t.Context(), []git.Try{{Commit: fix, Onto: other}, {Commit: fix, Onto: line}, {Commit: fix, Onto: fix}})
		if err != nil || !got[0].Clean || got[0].Empty || !got[1].Clean || !got[2].Empty {
			t.Errorf("got %+v, %v", got, err)
		}
		if _, err := r.TryGit("-C", dir, "cat-file", "-t", got[0].Tree); err == nil {
			t.Error("the result is in the repository")
		}
		if list, err := os.ReadDir(tmp); err != nil || len(list) != 1 {
			t.Errorf("while it works: %v, %v", list, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if list, err := os.ReadDir(tmp); err != nil || len(list) != 0 {
			t.Errorf("left: %v, %v", list, err)
		}
		if r.Git("-C", dir, "for-each-ref") != refs || objectsOf(t, dir) != objects || traces(t, r) != state {
			t.Error("the repository changed")
		}
	}
}

func TestForecastsSayWhatTheyCannotTry(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	root := r.Commit("feat: base", "a.txt", "1\n")
	r.Branch("topic")
	topic := r.Commit("fix: topic")
	r.Checkout("main")
	main := r.Commit("fix: main")
	merge := r.Merge("topic", "Merge topic")
	f := forecaster(t, open(t, r.Dir))
	for name, c := range map[string]struct {
		try  git.Try
		want string
	}{
		"no such commit":    {git.Try{Commit: strings.Repeat("1", 40), Onto: main}, "not found"},
		"short id":          {git.Try{Commit: topic[:10], Onto: main}, "not a full commit id"},
		"no such target":    {git.Try{Commit: topic, Onto: strings.Repeat("1", 40)}, "not found"},
		"ref as target":     {git.Try{Commit: topic, Onto: "refs/heads/main"}, "not a full commit id"},
		"blob as target":    {git.Try{Commit: topic, Onto: r.Git("rev-parse", "main:a.txt")}, "not found"},
		"no mainline":       {git.Try{Commit: merge, Onto: root}, "is a merge"},
		"foreign parent":    {git.Try{Commit: merge, Parent: root, Onto: root}, "is no parent of"},
		"mainline of a fix": {git.Try{Commit: topic, Parent: main, Onto: root}, "is no parent of"},
	} {
		if _, err := f.Pick(t.Context(), c.try); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	got, err := f.Pick(t.Context(), git.Try{Commit: merge, Parent: main, Onto: root})
	if err != nil || !got.Clean {
		t.Errorf("after errors: %+v, %v", got, err)
	}
	if got, err := f.Picks(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("nothing to try: %v, %v", got, err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Pick(cancelled, git.Try{Commit: topic, Onto: main}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := f.Pick(t.Context(), git.Try{Commit: topic, Onto: main}); err != nil {
		t.Errorf("after a cancelled one: %v", err)
	}
	shallow := filepath.Join(t.TempDir(), "shallow")
	r.Git("clone", "--quiet", "--depth=1", "file://"+r.Dir, shallow)
	var refused *git.ShallowError
	if _, err := open(t, shallow).Forecaster(t.Context()); !errors.As(err, &refused) {
		t.Errorf("shallow clone: %v", err)
	}
}

func TestForecastsServeManyAtOnce(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	line := r.Commit("feat: base", "a.txt", "1\n")
	var commits, trees []string
	for i := range 20 {
		commits = append(commits, r.Commit("fix: it", "a.txt", fmt.Sprintf("%d\n", i+2)))
		r.Git("reset", "--quiet", "--hard", line)
	}
	for _, c := range commits {
		trees = append(trees, r.Git("rev-parse", c+"^{tree}"))
	}
	f := forecaster(t, open(t, r.Dir))
	var wg sync.WaitGroup
	for i, c := range commits {
		wg.Go(func() {
			if got, err := f.Pick(t.Context(), git.Try{Commit: c, Onto: line}); err != nil || got.Tree != trees[i] {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	wg.Wait()
}

func TestAnOldGitIsToldApart(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: base")
	repo := open(t, r.Dir)
	dir, tmp := t.TempDir(), t.TempDir()
	script := "#!/bin/sh\ncase \" $* \" in *\" --write-tree \"*) echo 'usage: git merge-tree <base-tree> <branch1> <branch2>' >&2; exit 129 ;; esac\nexec '" + gittest.Program(t, "git") + "' \"$@\"\n"
	if err := os.WriteFile(filepath.Join(dir, "git"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("TMPDIR", tmp)
	_, err := repo.Forecaster(t.Context())
	var old *git.ForecastError
	if !errors.As(err, &old) || !strings.Contains(old.Hint(), "git 2.38") {
		t.Errorf("error is %v", err)
	}
	if list, err := os.ReadDir(tmp); err != nil || len(list) != 0 {
		t.Errorf("left: %v, %v", list, err)
	}
}

func TestOneMissingObjectDoesNotStopOtherForecasts(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	line := r.Commit("feat: base", "a.txt", "1\n2\n3\n4\n5\n")
	r.Branch("line")
	other := r.Commit("chore: line", "a.txt", "1\n2\n3\n4\nfive\n", "b.txt", "1\n")
	r.Checkout("main")
	fine := r.Commit("fix: fine", "new.txt", "1\n")
	r.Git("reset", "--quiet", "--hard", line)
	lost := r.Commit("fix: lost", "a.txt", "one\n2\n3\n4\n5\n")
	blob := r.Git("rev-parse", "HEAD:a.txt")
	if err := os.Remove(filepath.Join(r.Dir, ".git", "objects", blob[:2], blob[2:])); err != nil {
		t.Fatal(err)
	}
	f := forecaster(t, open(t, r.Dir))
	var tries []git.Try
	for range 4 {
		tries = append(tries, git.Try{Commit: fine, Onto: other}, git.Try{Commit: lost, Onto: other}, git.Try{Commit: fine, Onto: other})
	}
	got, err := f.Picks(t.Context(), tries)
	if err != nil {
		t.Fatal(err)
	}
	for i, g := range got {
		if i%3 == 1 && (g.Err == nil || !strings.Contains(g.Err.Error(), blob) || g.Clean || g.Tree != "") || i%3 != 1 && (!g.Clean || g.Err != nil) {
			t.Errorf("%d: got %+v", i, g)
		}
	}
	if _, err := f.Pick(t.Context(), tries[1]); err == nil {
		t.Error("a single pick: no error")
	}
}
