package acme

import (
	"strings"
	"testing"
	"testing/fstest"
)

const head = "branch: main\nby: dev-1 <dev-1@acme.example>\ndate: 2026-01-12T09:30:00Z\n"

// steps turns texts into the files of a folder, numbered.
func steps(texts ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i, text := range texts {
		fsys["000"+string(rune('1'+i))+"-step.txtar"] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func TestAStepThatMeansNothingIsRefused(t *testing.T) {
	for text, says := range map[string]string{
		"branch main":                            "not of the form",
		head + "colour: red":                     "colour: unknown key",
		head:                                     "does nothing",
		"commit: feat: x\n-- a --\n":             "branch, by and date are needed",
		head + "commit: feat: x":                 "need some",
		head + "merge: topic":                    "a merge needs a subject",
		head + "pick: 0001\n-- a --\n":           "files are for commits",
		head + "pick: 0001\ncommit: feat: x":     "git writes the subject",
		head + "pick: 0001\nrevert: 0001":        "has pick already",
		head + "pick: 0001\n\nreason":            "nothing takes the body",
		head + "commit: x\n-- ../a --\n":         "outside of the repository",
		head + "commit: x\ndate: monday":         "date: ",
		head + "commit: x\nby: nobody\n":         "by: ",
		head + "pick-conflict: 0001":             "need some",
		head + "tag: v1\n\nbody\n-- a --\nx\n":   "files are for commits",
		head + "remove: a\npick: 0001\n\nbody\n": "files are for commits",
	} {
		if _, err := readSteps(steps(text)); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "0001-step.txtar") {
			t.Errorf("%q: %v, want an error that says %q and names the file", text, err, says)
		}
	}
	if _, err := readSteps(steps()); err == nil {
		t.Error("no steps at all are accepted")
	}
}

func TestReplayStopsWhereGitDoesNotDoWhatTheStepSays(t *testing.T) {
	first := head + "commit: feat: x\n-- a --\none\n"
	for text, says := range map[string]string{
		head + "pick: 0009":                                          "no step 0009",
		head + "revert: 0002":                                        "no step 0002",
		head + "pick: 0001":                                          "git cherry-pick",
		head + "merge: topic\ncommit: Merge":                         "git merge",
		strings.Replace(head, "main", "topic", 1) + "tag: v1":        "git checkout",
		head + "commit: fix: x\n-- changes.diff --\nnonsense\n":      "git apply",
		head + "commit: fix: x\nremove: b\n":                         "git rm",
		head + "pick-conflict: 0001\n-- a --\none\n":                 "without a conflict",
		head + "tag: v..1\n\nbody":                                   "git tag",
		head + "commit: fix: x\n-- a --\none\n":                      "git commit",
		strings.Replace(head, "main", "x", 1) + "from: y\ntag: v1\n": "git checkout",
	} {
		if _, err := replay(t.Context(), t.TempDir(), steps(first, text)); err == nil || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "step 0002: ") {
			t.Errorf("%q: %v, want an error of step 0002 that says %q", text, err, says)
		}
	}
}

func TestAFileThatAStepRemovesIsGone(t *testing.T) {
	s, err := replay(t.Context(), t.TempDir(), steps(head+"commit: feat: x\n-- a --\none\n-- b/c --\ntwo\n", head+"commit: chore: y\nremove: b/c"))
	if err != nil {
		t.Fatal(err)
	}
	if got := gitIn(t, s.Remote, "ls-tree", "-r", "--name-only", "main"); got != "a" {
		t.Errorf("files on main: %q", got)
	}
}
