package git_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

// everyKind is a history with every kind of change that a tree can have, by name.
func everyKind(t *testing.T) (*gittest.Repo, map[string]git.Diff) {
	t.Helper()
	r := gittest.New(t)
	lines := strings.Repeat("line\n", 20)
	diffs := map[string]git.Diff{}
	add := func(name, commit string) { diffs[name] = git.Diff{Commit: commit} }
	add("root", r.Commit("root", "a.txt", lines, "bin", "\x00\x01", "b.txt", lines+lines))
	add("text", r.Commit("text", "a.txt", lines+"more\n"))
	add("no newline at the end", r.Commit("cut", "a.txt", lines+"more"))
	add("odd name", r.Commit("name", "dir/tab\tquote\" ü\n.txt", "1\n"))
	add("binary", r.Commit("binary", "bin", "\x00\x02"))
	add("other binary", r.Commit("binary again", "bin", "\x00\x03"))
	add("empty file", r.Commit("file", "empty", ""))
	if err := os.Chmod(filepath.Join(r.Dir, "a.txt"), 0o755); err != nil {
		t.Fatal(err)
	}
	r.Git("add", "a.txt")
	add("mode", r.Empty("mode"))
	r.Git("mv", "b.txt", "c.txt")
	add("rename", r.Empty("rename"))
	r.Git("rm", "--quiet", "c.txt")
	add("deletion", r.Empty("deletion"))
	if err := os.Symlink("a.txt", filepath.Join(r.Dir, "link")); err != nil {
		t.Fatal(err)
	}
	add("symlink", r.Commit("symlink", "x.txt", "1\n"))
	r.Git("update-index", "--add", "--cacheinfo", "160000,"+r.Head()+",sub")
	add("submodule", r.Empty("submodule"))
	r.Git("update-index", "--cacheinfo", "160000,"+r.Head()+",sub")
	add("submodule moves", r.Empty("submodule moves"))
	add("empty", r.Empty("empty"))
	base := r.Head()
	r.Branch("topic")
	r.Empty("one more")
	r.Write("t.txt", "1\n")
	r.Git("add", "t.txt")
	tip := r.Empty("two")
	r.Checkout("main")
	r.Empty("meanwhile")
	mainline := r.Head()
	merge := r.Merge("topic", "merge")
	diffs["merge"] = git.Diff{Commit: merge, Parent: mainline}
	diffs["across"] = git.Diff{Commit: tip, Parent: base}
	return r, diffs
}

func list(by map[string]git.Diff) (names []string, diffs []git.Diff) {
	for name, d := range by {
		names, diffs = append(names, name), append(diffs, d)
	}
	return names, diffs
}

// patchID is what git itself says, one commit at a time.
func patchID(t *testing.T, r *gittest.Repo, d git.Diff) string {
	t.Helper()
	args := []string{"diff-tree", "-p", "--no-renames", "--full-index", "--root", d.Commit}
	if d.Parent != "" {
		args = []string{"diff-tree", "-p", "--no-renames", "--full-index", d.Parent, d.Commit}
	}
	cmd := exec.Command("git", append([]string{"-c", "core.quotePath=false"}, args...)...)
	cmd.Dir = r.Dir
	patch, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	id, _, _ := strings.Cut(r.GitIn(patch, "patch-id", "--stable"), " ")
	return id
}

func TestPatchIDsAreThoseOfGit(t *testing.T) {
	t.Parallel()
	r, by := everyKind(t)
	names, diffs := list(by)
	ids, err := open(t, r.Dir).PatchIDs(t.Context(), diffs)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for i, name := range names {
		if want := patchID(t, r, diffs[i]); ids[i] != want {
			t.Errorf("%s has the patch-id %q, git says %q", name, ids[i], want)
		}
		if (ids[i] == "") != (name == "empty") {
			t.Errorf("%s has the patch-id %q", name, ids[i])
		}
		if name == "across" {
			continue // what the merge brings too
		}
		if other, ok := seen[ids[i]]; ok {
			t.Errorf("%s and %s have the same patch-id", name, other)
		}
		seen[ids[i]] = name
	}
}

func TestGitCherryFindsTheSamePicks(t *testing.T) {
	t.Parallel()
	r := gittest.Synthetic(t, gittest.SyntheticOptions{Commits: 500, Lines: 2, Picks: 50, Seed: 3, Files: 100})
	repo := open(t, r.Dir)
	run := func(args ...string) []string {
		cmd := exec.Command("git", args...)
		cmd.Dir = r.Dir
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(string(out)), "\n")
	}
	for _, l := range r.Lines {
		onMain := map[string]bool{}
		var diffs []git.Diff
		for _, id := range run("rev-list", "--no-merges", r.Main, "^"+l.Ref) {
			diffs = append(diffs, git.Diff{Commit: id})
		}
		ids, err := repo.PatchIDs(t.Context(), diffs)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			onMain[id] = true
		}
		picked := 0
		for _, line := range run("cherry", r.Main, l.Ref) {
			sign, commit, _ := strings.Cut(line, " ")
			id, err := repo.PatchIDs(t.Context(), []git.Diff{{Commit: commit}})
			if err != nil {
				t.Fatal(err)
			}
			if onMain[id[0]] != (sign == "-") {
				t.Errorf("git cherry says %q, main has its patch: %v", line, onMain[id[0]])
			}
			if sign == "-" {
				picked++
			}
		}
		if picked < 10 {
			t.Errorf("line %s has %d picks", l.Name, picked)
		}
	}
}

func TestTouchedTellsWhichFilesChangeAndHow(t *testing.T) {
	t.Parallel()
	r, by := everyKind(t)
	names, diffs := list(by)
	got, err := open(t, r.Dir).Touched(t.Context(), diffs)
	if err != nil {
		t.Fatal(err)
	}
	files, sums := map[string]int{}, map[string]string{}
	for i, name := range names {
		files[name], sums[name] = got[i].Files, got[i].Sum
	}
	want := map[string]int{
		"root": 3, "text": 1, "no newline at the end": 1, "odd name": 1, "binary": 1, "other binary": 1, "empty file": 1, "mode": 1, "rename": 2, "deletion": 1,
		"symlink": 2, "submodule": 1, "submodule moves": 1, "empty": 0, "merge": 1, "across": 1,
	}
	if !reflect.DeepEqual(files, want) {
		t.Errorf("files %v, want %v", files, want)
	}
	for _, same := range [][2]string{{"text", "no newline at the end"}, {"binary", "other binary"}, {"merge", "across"}} {
		if sums[same[0]] != sums[same[1]] {
			t.Errorf("%s and %s touch the same file, and have different sums", same[0], same[1])
		}
	}
	for _, other := range [][2]string{{"text", "mode"}, {"submodule", "submodule moves"}, {"root", "rename"}, {"text", "binary"}} {
		if sums[other[0]] == sums[other[1]] {
			t.Errorf("%s and %s have the same sum", other[0], other[1])
		}
	}
	if sums["empty"] != "" {
		t.Errorf("a commit without changes has the sum %s", sums["empty"])
	}
}

func TestGrowthIsTheSameForTheSamePatchElsewhere(t *testing.T) {
	t.Parallel()
	r, by := everyKind(t)
	long := strings.Repeat("line\n", 50)
	by["here"] = git.Diff{Commit: r.Commit("here", "a.txt", "more\n"+long)}
	r.Commit("between", "a.txt", "more\n"+long+"end\n")
	by["there"] = git.Diff{Commit: r.Commit("there", "a.txt", "more\n"+strings.Repeat("more\n", 46)+long+"end\n")}
	by["less"] = git.Diff{Commit: r.Commit("less", "a.txt", "more\n"+long+"end\n")}
	names, diffs := list(by)
	got, err := open(t, r.Dir).Growth(t.Context(), diffs)
	if err != nil {
		t.Fatal(err)
	}
	growth := map[string]string{}
	for i, name := range names {
		growth[name] = got[i]
	}
	for name := range by {
		if (growth[name] == "") != (name == "empty") {
			t.Errorf("%s has the growth %q", name, growth[name])
		}
	}
	for _, same := range [][2]string{{"binary", "other binary"}, {"merge", "across"}, {"mode", "binary"}} {
		if growth[same[0]] != growth[same[1]] {
			t.Errorf("%s and %s grow by the same, and have different sums", same[0], same[1])
		}
	}
	for _, other := range [][2]string{{"there", "less"}, {"text", "no newline at the end"}, {"rename", "deletion"}} {
		if growth[other[0]] == growth[other[1]] {
			t.Errorf("%s and %s have the same growth", other[0], other[1])
		}
	}
}

func TestAMissingFileCostsOnlyItsCommit(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	var diffs []git.Diff
	for i := range 12 {
		diffs = append(diffs, git.Diff{Commit: r.Commit(fmt.Sprint("change ", i), fmt.Sprintf("%d.txt", i), fmt.Sprint(i, "\n"))})
	}
	blob := r.Git("rev-parse", diffs[7].Commit+":7.txt")
	if err := os.Remove(filepath.Join(r.Dir, "7.txt")); err != nil { // git would read this instead
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(r.Dir, ".git", "objects", blob[:2], blob[2:])); err != nil {
		t.Fatal(err)
	}
	repo := open(t, r.Dir)
	ids, err := repo.PatchIDs(t.Context(), diffs)
	if err != nil {
		t.Fatal(err)
	}
	growth, err := repo.Growth(t.Context(), diffs)
	if err != nil {
		t.Fatal(err)
	}
	touched, err := repo.Touched(t.Context(), diffs)
	if err != nil {
		t.Fatal(err)
	}
	for i := range diffs {
		if gone := i == 7; (ids[i] == "") != gone || (growth[i] == "") != gone || touched[i].Files != 1 {
			t.Errorf("commit %d: patch-id %q, growth %q, %d files", i, ids[i], growth[i], touched[i].Files)
		}
	}
}

func TestPatchesOfNothingAndOfNoCommit(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	head := r.Commit("one")
	repo := open(t, r.Dir)
	for _, diffs := range [][]git.Diff{nil, {{Commit: head}, {Commit: strings.Repeat("0", 39) + "1"}}} {
		ids, err := repo.PatchIDs(t.Context(), diffs)
		if len(ids) != len(diffs) || err != nil {
			t.Errorf("patch-ids of %v: %v, %v", diffs, ids, err)
		}
		touched, err := repo.Touched(t.Context(), diffs)
		if len(touched) != len(diffs) || (err != nil) != (len(diffs) > 0) {
			t.Errorf("files of %v: %v, %v", diffs, touched, err)
		}
		if _, err := repo.Growth(t.Context(), diffs); (err != nil) != (len(diffs) > 0) {
			t.Errorf("growth of %v: %v", diffs, err)
		}
	}
}

func TestPatchesOfAShallowCloneAreRefused(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Commit("one")
	head := r.Commit("two")
	r.Push()
	dir := filepath.Join(t.TempDir(), "shallow")
	r.Git("clone", "--quiet", "--depth=1", "file://"+r.Remote, dir)
	repo, diffs := open(t, dir), []git.Diff{{Commit: head}}
	var shallow *git.ShallowError
	if _, err := repo.PatchIDs(t.Context(), diffs); !errors.As(err, &shallow) {
		t.Errorf("patch-ids: %v", err)
	}
	if _, err := repo.Touched(t.Context(), diffs); !errors.As(err, &shallow) {
		t.Errorf("files: %v", err)
	}
	if _, err := repo.Growth(t.Context(), diffs); !errors.As(err, &shallow) {
		t.Errorf("growth: %v", err)
	}
}

func TestPatchesThatAreCalledOffLeaveNoProcess(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("looks into /proc")
	}
	r := gittest.Synthetic(t, gittest.SyntheticOptions{Commits: 1500, Seed: 4, Files: 50})
	repo := open(t, r.Dir)
	var diffs []git.Diff
	for _, c := range walk(t, repo, git.LogOptions{To: []string{r.Main}, NoMerges: true}) {
		diffs = append(diffs, git.Diff{Commit: c.ID})
	}
	for name, ask := range map[string]func(context.Context) error{
		"patch-ids": func(ctx context.Context) error { _, err := repo.PatchIDs(ctx, diffs); return err },
		"files":     func(ctx context.Context) error { _, err := repo.Touched(ctx, diffs); return err },
		"growth":    func(ctx context.Context) error { _, err := repo.Growth(ctx, diffs); return err },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- ask(ctx) }()
		for len(done) == 0 && !running(t, r.Dir, "diff-tree") {
			runtime.Gosched()
		}
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		if running(t, r.Dir, "diff-tree") || running(t, r.Dir, "patch-id") {
			t.Errorf("%s: git still runs", name)
		}
	}
}

// running reports whether a child of this process runs a git command on a repository.
func running(t *testing.T, dir, verb string) bool {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		line, err := os.ReadFile(f)
		if err != nil || !strings.Contains(string(line), dir) || !strings.Contains(string(line), "\x00"+verb+"\x00") {
			continue
		}
		stat, err := os.ReadFile(filepath.Join(filepath.Dir(f), "status"))
		if err == nil && strings.Contains(string(stat), "PPid:\t"+strconv.Itoa(os.Getpid())+"\n") {
			return true
		}
	}
	return false
}
