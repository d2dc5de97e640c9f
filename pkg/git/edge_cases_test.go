package git_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

// ask runs git in a repository and returns what it prints.
func ask(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).Output()
	if err != nil {
		t.Fatalf("git %v: %v", args, err)
	}
	return string(out)
}

// Between any two tags of a history with merges, lines and reverts, a range has the commits that git gives it.
func TestRangesBetweenTagsAreThoseOfGit(t *testing.T) {
	t.Parallel()
	r := gittest.Synthetic(t, gittest.SyntheticOptions{Commits: 300, Lines: 2, Picks: 45, Seed: 3, Files: 40})
	repo := open(t, r.Dir)
	refs, err := repo.Refs(t.Context(), "refs/tags/")
	if err != nil || len(refs) < 4 {
		t.Fatalf("%d tags, %v", len(refs), err)
	}
	one, other := 0, 0
	for _, a := range refs[:4] {
		for _, b := range refs[len(refs)-4:] {
			var got []string
			for _, c := range walk(t, repo, git.LogOptions{To: []string{b.Name}, Not: []string{a.Name}}) {
				got = append(got, c.ID)
			}
			want := strings.Fields(ask(t, r.Dir, "rev-list", b.Commit, "^"+a.Commit))
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s..%s has %d commits, git says %d", a.Name, b.Name, len(got), len(want))
			}
			if len(want) > 0 {
				one++
			}
			if n, err := repo.CountRange(t.Context(), a.Name, b.Name); err != nil || n != len(want) {
				t.Errorf("%s..%s counts %d, %v", a.Name, b.Name, n, err)
			}
			if ok, err := repo.IsAncestor(t.Context(), a.Name, b.Name); err != nil {
				t.Error(err)
			} else if !ok {
				other++
			}
		}
	}
	if one == 0 || other == 0 {
		t.Errorf("%d ranges hold something, %d pairs are apart: the history is too plain", one, other)
	}
}

// Where a shallow clone's history ends, a commit seems to add all files: no reason to call a ledger broken.
func TestAShallowLinearHistoryIsRefusedUnlessItIsWhole(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Commit("chore: main", "a.txt", "1\n")
	r.Commit("chore: more of main", "a.txt", "2\n")
	r.Git("checkout", "--quiet", "--orphan", "events")
	r.Git("rm", "--quiet", "-r", "--cached", ".")
	r.Git("clean", "--quiet", "--force", "-d", "-x")
	for _, name := range []string{"1.json", "2.json", "3.json"} {
		r.Commit("add "+name, name, name)
	}
	r.Push()
	dir := filepath.Join(t.TempDir(), "shallow")
	r.Git("clone", "--quiet", "--no-single-branch", "--depth=1", "file://"+r.Remote, dir)
	repo, head := open(t, dir), r.Git("rev-parse", "events")
	_, err1 := repo.AddedFiles(t.Context(), head, "")
	_, err2 := repo.LinearChanges(t.Context(), head)
	for _, err := range []error{err1, err2} {
		if !errors.As(err, new(*git.ShallowError)) {
			t.Errorf("cut off, the error is %v", err)
		}
	}
	// main stays shallow, and the events are all there.
	ask(t, dir, "fetch", "--quiet", "--depth=3", "origin", "events")
	if shallow, err := repo.Shallow(); !shallow || err != nil {
		t.Fatalf("shallow: %v, %v", shallow, err)
	}
	files, err := open(t, dir).AddedFiles(t.Context(), head, "")
	if err != nil || len(files) != 3 || files[0].Path != "1.json" || string(files[2].Data) != "3.json" {
		t.Errorf("whole, it has %v, %v", files, err)
	}
}
