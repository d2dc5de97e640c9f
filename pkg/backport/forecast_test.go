package backport_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/backport"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

// world is a repository with a branch line, and what forecasts need.
type world struct {
	*gittest.Repo
	t    *testing.T
	repo *git.Repo
	f    *git.Forecaster
}

func open(t *testing.T, r *gittest.Repo) *world {
	t.Helper()
	repo, err := git.Open(t.Context(), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	f, err := repo.Forecaster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if err := repo.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{Repo: r, t: t, repo: repo, f: f}
}

func (w *world) change(commits ...string) backport.Change {
	w.t.Helper()
	c, err := backport.NewChange(w.t.Context(), w.repo, commits...)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// forecast asks about a change on the branch line, with the given earlier changes.
func (w *world) forecast(c backport.Change, opts backport.Options, earlier ...string) backport.Forecast {
	w.t.Helper()
	request := backport.Request{Change: c, Onto: w.Git("rev-parse", "line")}
	request.Earlier = func(_ context.Context, files []string) ([]backport.Change, error) {
		if len(files) == 0 {
			w.t.Error("asked for earlier changes of no file")
		}
		var out []backport.Change
		for _, e := range earlier {
			out = append(out, w.change(e))
		}
		return out, nil
	}
	out, err := backport.Forecasts(w.t.Context(), w.repo, w.f, []backport.Request{request}, opts)
	if err != nil {
		w.t.Fatal(err)
	}
	return out[0]
}

// text shows a forecast in one line; ids become the subjects of their commits.
func (w *world) text(f backport.Forecast) string {
	w.t.Helper()
	words := []string{string(f.Outcome)}
	for _, file := range f.Files {
		words = append(words, file.Path+" ("+file.Kind+")")
	}
	for _, id := range f.Needs {
		words = append(words, "after "+w.Git("log", "-1", "--format=%s", id))
	}
	if f.Bounded {
		words = append(words, "bounded")
	}
	return strings.Join(words, ", ")
}

// lines is a file with a line for each number, some of them replaced.
func lines(replaced map[int]string) string {
	var b strings.Builder
	for i := range 40 {
		if text, ok := replaced[i]; ok {
			fmt.Fprintln(&b, text)
		} else {
			fmt.Fprintln(&b, i)
		}
	}
	return b.String()
}

func TestForecastsTellWhatAChangeWouldDo(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Commit("feat: base", "a.txt", "1\n", "gone.txt", "gone\n", "gone2.txt", "gone too\n")
	r.Branch("line")
	r.Git("rm", "--quiet", "gone.txt", "gone2.txt")
	r.Commit("chore: line", "line.txt", "1\n", "a.txt", "line\n", "same.txt", "1\n")
	r.Checkout("main")
	fine := r.Commit("fix: fine", "new.txt", "new\n")
	more := r.Commit("fix: more of it", "new.txt", "newer\n")
	same := r.Commit("fix: same", "same.txt", "1\n")
	clash := r.Commit("fix: clash", "a.txt", "main\n")
	gone := r.Commit("fix: gone", "gone.txt", "2\n")
	gone2 := r.Commit("fix: gone too", "gone2.txt", "2\n", "gone.txt", "3\n")
	half := r.Commit("fix: half gone", "gone.txt", "4\n", "other.txt", "1\n")
	r.Branch("topic")
	r.Commit("fix: on a topic", "t.txt", "1\n")
	r.Commit("fix: on a topic again", "t.txt", "2\n")
	r.Checkout("main")
	merge := r.Merge("topic", "Merge pull request #7")
	w := open(t, r)
	for _, c := range []struct {
		name   string
		change backport.Change
		want   string
	}{
		{"applies", w.change(fine), "applies"},
		{"two commits in order", w.change(fine, more), "applies"},
		{"the second without the first", w.change(more), "not-applicable, new.txt (modify/delete)"},
		{"merge", w.change(merge), "applies"},
		{"there already", w.change(same), "present"},
		{"partly there", w.change(same, fine), "applies"},
		{"conflict", w.change(clash), "conflicts, a.txt (content)"},
		{"conflict in the second", w.change(fine, clash), "conflicts, a.txt (content)"},
		{"no such file on the line", w.change(gone), "not-applicable, gone.txt (modify/delete)"},
		{"no such files on the line", w.change(gone, gone2), "not-applicable, gone.txt (modify/delete)"},
		{"one of two files", w.change(half), "conflicts, gone.txt (modify/delete)"},
	} {
		if got := w.text(w.forecast(c.change, backport.Options{})); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestNeededChangesAreFoundBySimulation(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Commit("feat: base", "a.txt", lines(nil))
	r.Branch("line")
	r.Checkout("main")
	file := map[int]string{}
	set := func(message string, pairs ...any) string {
		for i := 0; i < len(pairs); i += 2 {
			file[pairs[i].(int)] = pairs[i+1].(string)
		}
		return r.Commit(message, "a.txt", lines(file))
	}
	five := set("fix: five", 5, "five")
	top := set("fix: top", 0, "zero")
	thirty := set("fix: thirty", 30, "thirty")
	five2 := set("fix: five again", 5, "FIVE")
	needsOne := set("fix: needs thirty", 30, "THIRTY")
	needsTwo := set("fix: needs both fives", 5, "5!")
	needsThree := set("fix: needs fives and thirty", 5, "5!!", 30, "30!!")
	w := open(t, r)
	for _, c := range []struct {
		name    string
		change  string
		tries   int
		earlier []string
		want    string
	}{
		{"one of many", needsOne, 0, []string{five, top, thirty, five2}, "needs, a.txt (content), after fix: thirty"},
		{"two of many, in order", needsTwo, 0, []string{five, top, thirty, five2, needsOne}, "needs, a.txt (content), after fix: five, after fix: five again"},
		{"all but one", needsThree, 0, []string{five, top, thirty, five2, needsOne, needsTwo}, "needs, a.txt (content), after fix: five, after fix: thirty, after fix: five again, after fix: needs thirty, after fix: needs both fives"},
		{"nobody knows any", needsOne, 0, nil, "conflicts, a.txt (content)"},
		{"only others", needsOne, 0, []string{five, top}, "conflicts, a.txt (content)"},
		{"a part of what it needs", needsTwo, 0, []string{top, five2}, "conflicts, a.txt (content)"},
		{"just enough tries", needsTwo, 7, []string{five, top, five2}, "needs, a.txt (content), after fix: five, after fix: five again"},
		{"no tries left to drop all", needsTwo, 3, []string{five, top, five2}, "needs, a.txt (content), after fix: five, after fix: top, after fix: five again, bounded"},
		{"too few tries to look far back", needsTwo, 2, []string{five, top, five2}, "conflicts, a.txt (content), bounded"},
	} {
		got := w.forecast(w.change(c.change), backport.Options{Tries: c.tries}, c.earlier...)
		if text := w.text(got); text != c.want {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, text, c.want)
		}
		if got.Outcome == backport.Needs { // and so it is
			picks := []git.Pick{}
			for _, id := range append(slices.Clone(got.Needs), c.change) {
				picks = append(picks, git.Pick{Commit: id})
			}
			if done, err := w.repo.CherryPick(t.Context(), r.Git("rev-parse", "line"), picks); err != nil || len(done.Empty) > 0 {
				t.Errorf("%s: the real picks: %+v, %v", c.name, done, err)
			}
		}
	}
}

func TestEarlierChangesThatDoNotHelpAreLeftOut(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Commit("feat: base", "a.txt", lines(nil), "b.txt", "1\n")
	r.Branch("line")
	r.Commit("chore: line", "b.txt", "line\n", "a.txt", lines(map[int]string{20: "twenty"}))
	r.Checkout("main")
	clash := r.Commit("fix: clash", "a.txt", lines(map[int]string{7: "x"}), "b.txt", "main\n")
	there := r.Commit("fix: there", "a.txt", lines(map[int]string{7: "x", 20: "twenty"}))
	one := r.Commit("fix: one", "a.txt", lines(map[int]string{7: "x", 20: "twenty", 30: "thirty"}))
	two := r.Commit("fix: two", "a.txt", lines(map[int]string{7: "x", 20: "twenty", 30: "THIRTY"}))
	last := r.Commit("fix: last", "a.txt", lines(map[int]string{7: "x", 20: "twenty", 30: "30!"}))
	w := open(t, r)
	got := w.forecast(w.change(last), backport.Options{}, clash, there, one, two)
	if text := w.text(got); text != "needs, a.txt (content), after fix: one, after fix: two" {
		t.Errorf("got %q", text)
	}
}

func TestManyRequestsAreAnsweredInTheirOrder(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	base := r.Commit("feat: base", "a.txt", "1\n")
	var requests []backport.Request
	w := open(t, r)
	for i := range 12 {
		r.Git("reset", "--quiet", "--hard", base)
		path, first := fmt.Sprintf("%d.txt", i%3), r.Commit("fix: it", "a.txt", fmt.Sprintf("%d\n", i))
		second := r.Commit("fix: more", path, "1\n")
		c := w.change(first, second)
		if i%3 == 0 {
			c = w.change(second)
		}
		requests = append(requests, backport.Request{Change: c, Onto: base})
		if i%3 == 2 {
			requests[i].Onto = requests[0].Change.Picks[0].Commit
		}
	}
	out, err := backport.Forecasts(t.Context(), w.repo, w.f, requests, backport.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range out {
		want := backport.Applies
		if i%3 == 2 {
			want = backport.Conflicts
		}
		if f.Outcome != want {
			t.Errorf("%d: got %+v, want %s", i, f, want)
		}
	}
	if _, err := backport.Forecasts(t.Context(), w.repo, w.f, []backport.Request{{Change: backport.Change{ID: base, Picks: []git.Pick{{Commit: strings.Repeat("1", 40)}}}, Onto: base}}, backport.Options{}); err == nil {
		t.Error("a commit that does not exist: no error")
	}
}

func TestWhatGitCannotTellIsSaid(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Commit("feat: base", "a.txt", lines(nil))
	r.Branch("line")
	r.Commit("chore: line", "a.txt", lines(map[int]string{3: "line"}))
	r.Checkout("main")
	lost := r.Commit("fix: lost", "a.txt", lines(map[int]string{30: "main"}))
	blob := r.Git("rev-parse", "HEAD:a.txt")
	if err := os.Remove(filepath.Join(r.Dir, ".git", "objects", blob[:2], blob[2:])); err != nil {
		t.Fatal(err)
	}
	w := open(t, r)
	got := w.forecast(w.change(lost), backport.Options{})
	if got.Outcome != backport.Unknown || !strings.Contains(got.Reason, blob) {
		t.Errorf("got %+v", got)
	}
}
