package gittest_test

import (
	"fmt"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/internal/gittest"
)

var small = gittest.SyntheticOptions{Commits: 1500, Lines: 3, Picks: 60, Seed: 7, Files: 200}

// git runs in a repository and returns the lines that git prints.
func git(t *testing.T, dir string, args ...string) []string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	if len(out) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// patchIDs returns the stable patch-ids of what git log -p shows, by commit.
func patchIDs(t *testing.T, dir string, log ...string) map[string]string {
	t.Helper()
	script := `git log -p --full-index "$@" | git patch-id --stable`
	cmd := exec.Command("sh", append([]string{"-c", script, "sh"}, log...)...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for line := range strings.Lines(string(out)) {
		id, commit, _ := strings.Cut(strings.TrimSpace(line), " ")
		ids[commit] = id
	}
	return ids
}

func TestASyntheticRepositoryIsWholeAndTheSameEveryTime(t *testing.T) {
	t.Parallel()
	first, second := gittest.Synthetic(t, small), gittest.Synthetic(t, small)
	git(t, first.Dir, "fsck", "--strict", "--no-dangling")
	if n := len(git(t, first.Dir, "rev-list", first.Main)); n < small.Commits || n > small.Commits+4 {
		t.Errorf("main has %d commits", n)
	}
	if n := len(git(t, first.Dir, "rev-list", "--merges", first.Main)); n < 10 {
		t.Errorf("main has %d merges", n)
	}
	if a, b := git(t, first.Dir, "show-ref"), git(t, second.Dir, "show-ref"); !reflect.DeepEqual(a, b) {
		t.Errorf("refs differ:\n%v\n%v", a, b)
	}
	second.Dir = first.Dir
	if !reflect.DeepEqual(first, second) {
		t.Error("the truth differs")
	}
	other := small
	other.Seed++
	if third := gittest.Synthetic(t, other); third.Tip == first.Tip {
		t.Error("another seed gives the same history")
	}
}

func TestTheTruthAboutASyntheticRepositoryIsThatOfGit(t *testing.T) {
	t.Parallel()
	r := gittest.Synthetic(t, small)
	if len(r.Lines) != small.Lines || git(t, r.Dir, "rev-parse", r.Main)[0] != r.Tip {
		t.Fatalf("%d lines, tip %s", len(r.Lines), r.Tip)
	}
	merges := git(t, r.Dir, "rev-list", "--merges", r.Main)
	if len(merges) != len(r.Parts) {
		t.Errorf("main has %d merges, its truth %d", len(merges), len(r.Parts))
	}
	for _, m := range merges {
		if got := git(t, r.Dir, "rev-list", "--reverse", "--no-merges", m+"^.."+m); !reflect.DeepEqual(got, r.Parts[m]) {
			t.Errorf("merge %s brought %v, not %v", m, got, r.Parts[m])
		}
	}
	kinds := map[gittest.SyntheticKind]int{}
	for _, l := range r.Lines {
		if got := git(t, r.Dir, "merge-base", r.Main, l.Ref)[0]; got != l.Fork {
			t.Errorf("line %s leaves main at %s, not at %s", l.Name, got, l.Fork)
		}
		var ids []string
		for _, c := range l.Commits {
			kinds[c.Kind]++
			ids = append(ids, c.ID)
			if carries := c.Kind != gittest.SyntheticOwn && c.Kind != gittest.SyntheticRevert; carries != (c.Origin != "") {
				t.Errorf("%s commit %s has the origin %q", c.Kind, c.ID, c.Origin)
			}
		}
		if got := git(t, r.Dir, "rev-list", "--reverse", l.Fork+".."+l.Ref); !reflect.DeepEqual(got, ids) || ids[len(ids)-1] != l.Tip {
			t.Errorf("line %s has the commits\n%v\nnot\n%v", l.Name, got, ids)
		}
		for _, rel := range l.Releases {
			if got := git(t, r.Dir, "rev-parse", "refs/tags/v"+rel.Version)[0]; got != rel.Commit {
				t.Errorf("%s is %s, not %s", rel.Version, got, rel.Commit)
			}
		}
		checkPatches(t, r, l)
		checkStates(t, r, l)
	}
	for _, kind := range []gittest.SyntheticKind{"plain", "trailer", "decorated", "adapted", "revert", "reapply", "own"} {
		if kinds[kind] == 0 {
			t.Errorf("no line has a commit of kind %s: %v", kind, kinds)
		}
	}
}

// checkPatches holds SamePatch against git patch-id.
func checkPatches(t *testing.T, r *gittest.SyntheticRepo, l *gittest.SyntheticLine) {
	t.Helper()
	after := l.Fork + ".."
	main, line := patchIDs(t, r.Dir, "--first-parent", "-m", after+r.Main), patchIDs(t, r.Dir, after+l.Ref)
	same := 0
	for _, c := range l.Commits {
		if c.Origin == "" || c.Kind == gittest.SyntheticReapply {
			continue
		}
		if got := main[c.Origin] == line[c.ID]; got != c.SamePatch || main[c.Origin] == "" {
			t.Errorf("%s %s and its origin %s have the same patch: %v, not %v", c.Kind, c.ID, c.Origin, got, c.SamePatch)
		}
		if c.SamePatch {
			same++
		}
	}
	if same == 0 {
		t.Errorf("line %s has no pick with the patch of its origin", l.Name)
	}
}

// checkStates holds the states against the commits, in the order that git has them.
func checkStates(t *testing.T, r *gittest.SyntheticRepo, l *gittest.SyntheticLine) {
	t.Helper()
	carrier, reverts, at := map[string]string{}, 0, map[string]int{}
	for n, c := range l.Commits {
		at[c.ID] = n
		switch {
		case c.Kind == gittest.SyntheticRevert:
			body := git(t, r.Dir, "log", "-1", "--format=%b", c.ID)[0]
			var of string
			if _, err := fmt.Sscanf(body, "This reverts commit %40s", &of); err != nil {
				t.Fatalf("%s says %q", c.ID, body)
			}
			for origin, id := range carrier {
				if id == of {
					carrier[origin], reverts = "", reverts+1
				}
			}
		case c.Origin != "":
			carrier[c.Origin] = c.ID
		}
	}
	if len(carrier) != len(l.States) || reverts == 0 {
		t.Errorf("line %s has %d changes and %d reverts, its truth %d", l.Name, len(carrier), reverts, len(l.States))
	}
	for origin, id := range carrier {
		s := l.States[origin]
		if s.Reverted != (id == "") {
			t.Errorf("%s is carried by %q, and its state is %+v", origin, id, s)
		}
		since := ""
		if id != "" {
			for _, rel := range l.Releases {
				if at[id] <= at[rel.Commit] {
					since = rel.Version
					break
				}
			}
		}
		if s.Since != since {
			t.Errorf("%s is there since %q, its state is %+v", origin, since, s)
		}
	}
}
