package git_test

import (
	"os"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/internal/gittest"
)

const conflicted = "one\n<<<<<<< HEAD\nours\n||||||| parent of 1234\nbase\n=======\ntheirs\n>>>>>>> 1234 (fix: it)\ntwo\n"

func TestConflictMarkersAreFoundWhereGitFindsThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, path, content, attributes, want string }{
		{"whole conflict", "a.go", conflicted, "", "a.go:2: <<<<<<< HEAD a.go:4: ||||||| parent of 1234 a.go:6: ======= a.go:8: >>>>>>> 1234 (fix: it)"},
		{"only its end is left", "a.go", "x\n>>>>>>> topic\n", "", "a.go:2: >>>>>>> topic"},
		{"only its begin is left", "a.go", "<<<<<<< HEAD\nx\n", "", "a.go:1: <<<<<<< HEAD"},
		{"CRLF", "a.txt", strings.ReplaceAll(conflicted, "\n", "\r\n"), "", "a.txt:2: <<<<<<< HEAD a.txt:4: ||||||| parent of 1234 a.txt:6: ======= a.txt:8: >>>>>>> 1234 (fix: it)"},
		{"name with spaces", "a b: c.txt", "<<<<<<< HEAD\n", "", "a b: c.txt:1: <<<<<<< HEAD"},
		{"terminal escapes are not repeated", "a.txt", "<<<<<<< \x1b[2J\n", "", "a.txt:1: <<<<<<< [2J"},
		{"title of seven letters", "README.md", "Changes\n=======\n\ntext\n", "", ""},
		{"longer and shorter underlines", "README.rst", "==========\nLong title\n==========\nSix\n===\n>>>>> quoted\n", "", ""},
		{"table of pipes", "t.md", "||||||| x\n", "", ""},
		{"marker inside of a line", "a.go", "s := \"<<<<<<< HEAD\"\n\t<<<<<<< HEAD\n", "", ""},
		{"no space after it", "a.txt", "<<<<<<<<HEAD\n>>>>>>>x\n", "", ""},
		{"white space is nobody's business", "a.txt", "x  \n \ty\n\n\n", "*.txt whitespace=trailing-space,space-before-tab\n", ""},
		{"binary", "a.bin", "\x00\n" + conflicted, "", ""},
		{"text that is not shown in diffs", "a.lock", "<<<<<<< HEAD\n", "*.lock -diff\n", "a.lock:1: <<<<<<< HEAD"},
		{"longer markers by attribute", "a.txt", conflicted + "<<<<<<<<<< HEAD\n", "*.txt conflict-marker-size=10\n", "a.txt:10: <<<<<<<<<< HEAD"},
		{"other files keep the size", "a.go", "<<<<<<< HEAD\n", "*.txt conflict-marker-size=10\n", "a.go:1: <<<<<<< HEAD"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := gittest.New(t)
			from := r.Commit("feat: base", ".gitattributes", c.attributes, "old.txt", "old\n")
			to := r.Commit("fix: change", c.path, c.content)
			r.Commit("fix: later", c.path, "clean\n", ".gitattributes", "* conflict-marker-size=3\n") // what is checked out has no say
			repo := open(t, r.Dir)
			for _, from := range []string{from, ""} {
				found, err := repo.ConflictMarkers(t.Context(), from, to)
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, m := range found {
					got = append(got, m.String())
				}
				if text := strings.Join(got, " "); text != c.want {
					t.Errorf("from %q: got %q, want %q", from, text, c.want)
				}
			}
		})
	}
}

func TestOnlyAddedConflictMarkersCount(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	base := r.Commit("test: fixture", "testdata/conflict.txt", conflicted, "a.txt", "1\n")
	edited := r.Commit("test: more", "testdata/conflict.txt", conflicted+"more\n")
	r.Git("mv", "testdata/conflict.txt", "moved.txt")
	moved := r.Commit("test: move", "a.txt", "2\n")
	removed := r.Commit("test: less", "moved.txt", "none\n")
	repo := open(t, r.Dir)
	for name, c := range map[string]struct {
		from, to string
		want     int
	}{
		"everything": {"", base, 4}, "edited beside": {base, edited, 0}, "moved": {edited, moved, 0}, "removed": {moved, removed, 0}, "nothing between": {base, base, 0}, "back again": {removed, moved, 4},
	} {
		found, err := repo.ConflictMarkers(t.Context(), c.from, c.to)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != c.want {
			t.Errorf("%s: got %v", name, found)
		}
	}
	if _, err := repo.ConflictMarkers(t.Context(), base, strings.Repeat("1", 40)); err == nil {
		t.Error("a commit that does not exist: no error")
	}
	if _, err := repo.ConflictMarkers(t.Context(), strings.Repeat("1", 40), base); err == nil {
		t.Error("from a commit that does not exist: no error")
	}
}

func TestConflictMarkersHeedNoConfiguration(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	id := r.Commit("fix: change", "a.go", "<<<<<<< HEAD\n")
	r.Push()
	r.Git("config", "diff.external", "false")
	r.Git("config", "diff.mnemonicPrefix", "true")
	r.Git("config", "color.ui", "always")
	if err := os.WriteFile(r.Dir+"/.git/info/attributes", []byte("*.go binary conflict-marker-size=9\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{r.Dir, r.Remote} {
		found, err := open(t, dir).ConflictMarkers(t.Context(), "", id)
		if err != nil || len(found) != 1 {
			t.Errorf("%s: got %v, %v", dir, found, err)
		}
	}
}
