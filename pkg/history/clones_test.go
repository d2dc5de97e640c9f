package history_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/history"
)

func TestAShallowCloneIsRefused(t *testing.T) {
	t.Parallel()
	w := grown(t)
	w.Push()
	dir := filepath.Join(t.TempDir(), "shallow")
	shell(t, w.Dir, `git clone --quiet --no-single-branch --depth 1 "file://$1" "$2"`, w.Remote, dir)
	opts := w.options()
	opts.Main.Ref = "refs/remotes/origin/main"
	opts.Lines[0].Ref = "refs/remotes/origin/release/2.4"
	if ix, err := history.Load(t.Context(), open(t, dir), opts); !errors.As(err, new(*git.ShallowError)) {
		t.Errorf("the index is %v, the error %v", ix != nil, err)
	}
	shell(t, dir, `git fetch --quiet --unshallow`)
	if got, want := everything(load(t, dir, opts)), w.cold(); got != want {
		t.Errorf("whole again, it says\n%s\nwant\n%s", got, want)
	}
}

func TestCloneThatMissesALineSaysSo(t *testing.T) {
	t.Parallel()
	w := grown(t)
	opts := w.options()
	opts.Lines[0].Ref = "refs/heads/release/2.3"
	if _, err := history.Load(t.Context(), open(t, w.Dir), opts); !errors.Is(err, git.ErrNotFound) {
		t.Errorf("the error is %v", err)
	}
}

func TestEveryKindOfCloneGivesTheSameAnswer(t *testing.T) {
	t.Parallel()
	w := grown(t)
	want := w.cold()
	for name, make := range map[string]func(dir string) string{
		"a linked worktree": func(dir string) string {
			w.Git("worktree", "add", "--quiet", "--detach", dir, "release/2.4")
			return dir
		},
		"a clone that shares objects": func(dir string) string {
			shell(t, w.Dir, `git clone --quiet --shared --bare . "$1"`, dir)
			return dir
		},
		"packed refs and objects": func(dir string) string {
			shell(t, w.Dir, `git clone --quiet --bare --no-local . "$1" && cd "$1" && git pack-refs --all --prune && git gc --quiet`, dir)
			return dir
		},
		"a commit graph": func(dir string) string {
			shell(t, w.Dir, `git clone --quiet --bare . "$1" && cd "$1" && git commit-graph write --reachable --changed-paths`, dir)
			return dir
		},
		"a subfolder": func(string) string {
			w.on("main")
			w.Git("checkout", "--quiet", "--detach")
			return filepath.Join(w.Dir, "changes")
		},
		"another user's configuration": func(dir string) string {
			shell(t, w.Dir, `git clone --quiet --bare . "$1" && cd "$1" && git config diff.noprefix true && git config diff.renames copies &&
				git config diff.algorithm patience && git config diff.context 0 && git config diff.mnemonicPrefix true && git config log.showSignature true &&
				git config core.quotePath true && git config i18n.logOutputEncoding latin1 && git config log.follow true && git config diff.orderFile order &&
				git config diff.interHunkContext 9 && git config diff.indentHeuristic false && git config diff.ignoreSubmodules all && git config patchid.stable false`, dir)
			return dir
		},
	} {
		opts := w.options()
		opts.Cache = ""
		if got := everything(load(t, make(filepath.Join(t.TempDir(), "clone")), opts)); got != want {
			t.Errorf("%s says\n%s\nwant\n%s", name, got, want)
		}
	}
}

// What a person grafted or replaced here is on no other machine.
func TestGraftsAndReplacementsDoNotCount(t *testing.T) {
	t.Parallel()
	w := grown(t)
	want := w.cold()
	root := w.Git("rev-list", "--max-parents=0", "main")
	fix := w.Git("rev-list", "--max-count=1", "--grep=fix: one (#1)", "--fixed-strings", "release/2.4")
	w.Git("replace", fix, root)
	w.Git("replace", "--graft", w.Git("rev-parse", "main"))
	if err := os.WriteFile(filepath.Join(w.Dir, ".git", "info", "grafts"), []byte(fix+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := w.Git("rev-list", "--count", "main"); n != "1" {
		t.Fatalf("git itself sees %s commits of main, the replacement is not in force", n)
	}
	if got := w.cold(); got != want {
		t.Errorf("with grafts and replacements it says\n%s\nwant\n%s", got, want)
	}
}
