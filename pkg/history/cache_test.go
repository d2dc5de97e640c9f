package history_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

// grown is a repository with something of everything, and a cache of its own.
func grown(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.opts.Cache = filepath.Join(t.TempDir(), "cache", "history")
	w.cut("2.4")
	w.on("main")
	fix, patch := w.Commit("fix: one (#1)"), w.Commit("fix(api): two\n\nFixes CVE-2026-1234.", "a.txt", "1\n")
	w.pull("fix!: in two steps (#7)")
	revert := w.Revert(fix)
	w.on("2.4")
	w.Pick(fix)
	w.carry(patch, "fix: by patch")
	w.Pick(revert)
	w.Commit("fix: of the line\n\nLTS-Only: main has it no more", "b.txt", "1\n")
	w.release("2.4", "2.4.1")
	return w
}

// cold is what an index without a cache says.
func (w *world) cold() string {
	w.t.Helper()
	opts := w.options()
	opts.Cache = ""
	return everything(load(w.t, w.Dir, opts))
}

func (w *world) same(what string) {
	w.t.Helper()
	want := w.cold()
	for _, run := range []string{"first", "second"} {
		if got := everything(w.load()); got != want {
			w.t.Errorf("%s, %s run:\n%s\nwant\n%s", what, run, got, want)
		}
	}
}

func TestACacheChangesNoAnswer(t *testing.T) {
	t.Parallel()
	w := grown(t)
	w.same("new")
	if files, err := filepath.Glob(filepath.Join(w.opts.Cache, "*")); err != nil || len(files) != 2 {
		t.Errorf("the cache is %v (%v)", files, err)
	}
	w.on("main")
	late := w.Commit("fix: late (#20)", "c.txt", "1\n")
	w.same("one more commit")
	w.on("2.4")
	w.carry(late, "fix: late [release-2.4] (#21)")
	w.pull("feat: two more (#22)")
	w.same("a pick and a merge")
	w.on("main")
	w.cut("2.5")
	w.Commit("fix: on the new line", "d.txt", "1\n")
	w.same("one more line")
	w.names = w.names[1:]
	w.same("one line less")
}

func TestADamagedCacheIsBuiltAgain(t *testing.T) {
	t.Parallel()
	w := grown(t)
	want := everything(w.load())
	for _, file := range []string{"commits", "patches"} {
		path := filepath.Join(w.opts.Cache, file)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for name, bad := range map[string]string{
			"deleted":         "",
			"empty":           " ",
			"another format":  strings.Replace(string(good), "relctl", "other", 1),
			"an older format": strings.Replace(string(good), " 2\n", " 1\n", 1),
			"cut off":         string(good[:len(good)/2]),
			"cut at a line":   string(good[:strings.LastIndex(string(good[:len(good)-1]), "\n")+1]),
			"a line less":     strings.Replace(string(good), strings.SplitAfter(string(good), "\n")[2], "", 1),
			"another byte":    strings.Replace(string(good), "\t", "\t0", 1),
			"more at its end": string(good) + "more\n",
			"binary":          strings.Repeat("\x00\xff\n", 100),
		} {
			if bad == "" {
				err = os.Remove(path)
			} else {
				err = os.WriteFile(path, []byte(bad), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := everything(w.load()); got != want {
				t.Errorf("%s %s:\n%s\nwant\n%s", file, name, got, want)
			}
			if now, err := os.ReadFile(path); err != nil || string(now) != string(good) {
				t.Errorf("%s %s: the cache was not mended (%v)", file, name, err)
			}
		}
	}
}

func TestWithoutARoomForItTheCacheIsLeftOut(t *testing.T) {
	t.Parallel()
	w := grown(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("not a folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.opts.Cache = filepath.Join(file, "history")
	w.same("a file in the way")
	w.opts.Cache = t.TempDir()
	if err := os.MkdirAll(filepath.Join(w.opts.Cache, "commits", "in-the-way"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.same("a folder in the way")
	if left, err := filepath.Glob(filepath.Join(w.opts.Cache, "commits.*")); err != nil || len(left) > 0 {
		t.Errorf("files are left behind: %v (%v)", left, err)
	}
}

func TestACacheFromBeforeHistoryWasRewrittenIsNoHarm(t *testing.T) {
	t.Parallel()
	w := grown(t)
	w.load()
	w.on("2.4")
	w.Git("commit", "--quiet", "--amend", "--message", "fix: of the line, with other words")
	w.releases = nil
	w.Git("tag", "--delete", "v2.4.1")
	w.same("amended")
	w.Git("reset", "--quiet", "--hard", "HEAD~2")
	w.Commit("fix: another end", "z.txt", "1\n")
	w.same("reset")
	w.Git("reflog", "expire", "--expire=now", "--all")
	w.Git("gc", "--quiet", "--prune=now")
	w.same("old commits are gone, and nothing is new")
	w.Commit("fix: and on it goes", "z.txt", "2\n")
	w.same("old commits are gone")
	w.on("main")
	w.Git("checkout", "--quiet", "--orphan", "anew")
	w.Commit("feat: begin again", "y.txt", "1\n")
	w.Git("branch", "--force", "main", "anew")
	w.same("main begins again")
}

func TestWhatNoLineReachesAnyMoreIsNotFound(t *testing.T) {
	t.Parallel()
	w := grown(t)
	w.on("main")
	gone := w.Commit("fix: soon gone (#99)", "z.txt", "1\n")
	w.load()
	w.Git("reset", "--quiet", "--hard", "HEAD~1")
	ix := w.load()
	if found := ix.Find("#99"); len(found) > 0 {
		t.Errorf("the number finds %+v", found[0])
	}
	if found := ix.Of(gone); len(found) > 0 {
		t.Errorf("the id finds %+v", found[0])
	}
}

func TestProcessesShareACache(t *testing.T) {
	t.Parallel()
	w := grown(t)
	want := w.cold()
	opts := w.options()
	var wg sync.WaitGroup
	for range 6 {
		repo := open(t, w.Dir)
		wg.Go(func() {
			ix, err := history.Load(t.Context(), repo, opts)
			if err != nil {
				t.Error(err)
				return
			}
			if got := everything(ix); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
	wg.Wait()
	w.same("afterwards")
	if files, err := filepath.Glob(filepath.Join(w.opts.Cache, "*")); err != nil || len(files) != 2 {
		t.Errorf("the cache is %v (%v)", files, err)
	}
}

func TestHostileCommitsKeepTheCacheReadable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.opts.Cache = t.TempDir()
	w.cut("2.4")
	w.on("main")
	fix := w.Commit("fix: one")
	for i, message := range []string{
		"",
		"\n\n",
		strings.Repeat("x", 1<<20),
		"fix: " + strings.Repeat("long ", 1<<17) + "(#5)",
		"fix: body\n\n" + strings.Repeat("line of a body (#1)\n", 1<<15),
		"fix: crlf\r\n\r\nbody\r\n",
		"fix: \xff\xfe broken \x80",
		"fix: tabs\tand\x0bmore\tof them",
		"fix\t(a\tb): no\ttype",
		"LTS: x\n\nLTS-Only: a\ttab\n  and a second line\n",
		"fix: separators \u2028 \u2029 \u0085 \x1e",
		strings.Repeat("(cherry picked from commit 0123456)\n", 5000),
	} {
		w.Commit(message, "hostile.txt", fmt.Sprint(i))
	}
	for _, name := range []string{"Tab\tName", "relctl commits 2", "a\rb", "\xff", "-", "0123"} {
		w.Write("hostile.txt", name)
		w.Git("-c", "user.name="+name, "commit", "--quiet", "--all", "--message", "fix: by "+name)
	}
	w.on("2.4")
	pick := w.Pick(fix)
	w.same("hostile")
	ix := w.load()
	check(t, ix, claim{fix, "2.4", "picked trailer certain", pick})
	if info, err := os.Stat(filepath.Join(w.opts.Cache, "commits")); err != nil || info.Size() > 256<<10 {
		t.Errorf("the cache takes %d bytes (%v)", info.Size(), err)
	}
	before, err := os.Stat(filepath.Join(w.opts.Cache, "commits"))
	if err != nil {
		t.Fatal(err)
	}
	w.load()
	if after, err := os.Stat(filepath.Join(w.opts.Cache, "commits")); err != nil || !os.SameFile(before, after) {
		t.Errorf("a cache of hostile commits was not read, but written again (%v)", err)
	}
}

// small has every kind of pick there is, in numbers.
var small = gittest.SyntheticOptions{Commits: 600, Lines: 3, Picks: 40, Seed: 11, Files: 120}

func TestASyntheticHistoryIsTheSameFromACacheThatGrew(t *testing.T) {
	t.Parallel()
	r := gittest.Synthetic(t, small)
	opts := synthetic(r)
	want := everything(load(t, r.Dir, opts))
	opts.Cache = t.TempDir()
	full := opts.Main.Ref
	for _, back := range []int{300, 120, 7, 0} { // main as it was
		opts.Main.Ref = "refs/heads/then"
		shell(t, r.Dir, `git branch --force then "$1~$2"`, full, fmt.Sprint(back))
		load(t, r.Dir, opts)
	}
	opts.Main.Ref = full
	for _, run := range []string{"grown", "warm"} {
		if got := everything(load(t, r.Dir, opts)); got != want {
			t.Errorf("%s: another answer than without a cache", run)
		}
	}
}
