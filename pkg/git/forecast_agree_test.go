package git_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

// outcome is what a pick did, in a form that compares.
type outcome struct {
	clean, empty bool
	tree         string
	files        string
}

func outcomeOf(f git.Forecast) outcome {
	var files []string
	for _, c := range f.Conflicts {
		files = append(files, c.Path)
	}
	return outcome{clean: f.Clean, empty: f.Empty, tree: f.Tree, files: strings.Join(files, "\n")}
}

// picker does real cherry-picks in a worktree of its own.
type picker struct {
	t   testing.TB
	dir string
	env []string // nil for that of the test
}

func newPicker(t testing.TB, gitDir string) picker {
	t.Helper()
	gittest.Isolate()
	dir := filepath.Join(t.TempDir(), "real")
	out, err := exec.Command("git", "clone", "--quiet", "--shared", "--no-checkout", gitDir, dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return picker{t: t, dir: dir}
}

func (p picker) try(args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = p.dir, p.env
	out, err := cmd.Output()
	return strings.TrimRight(string(out), "\n\x00"), err
}

func (p picker) git(args ...string) string {
	p.t.Helper()
	out, err := p.try(args...)
	if err != nil {
		p.t.Fatalf("git %v: %v", args, err)
	}
	return out
}

// aside is what git appends to the name of a file that it puts beside another one.
var aside = regexp.MustCompile(`~(HEAD|[0-9a-f]{7,} \(.*)$`)

// pick does what the try asks for and cleans up. Mainline is the number of a merge's parent, or 0. It reports false if
// git gave up, as it does in clones that lack objects.
func (p picker) pick(commit string, mainline int, onto string) (outcome, bool) {
	p.t.Helper()
	p.git("checkout", "--quiet", "--force", "--detach", onto)
	args := []string{"cherry-pick", "--allow-empty", "--keep-redundant-commits"}
	if mainline > 0 {
		args = append(args, "-m", fmt.Sprint(mainline))
	}
	var o outcome
	_, err := p.try(append(args, commit)...)
	if err == nil {
		o.clean = true
		trees := strings.Fields(p.git("rev-parse", "HEAD^{tree}", onto+"^{tree}"))
		o.tree, o.empty = trees[0], trees[0] == trees[1]
		return o, true
	}
	var exit *exec.ExitError
	verdict := errors.As(err, &exit) && exit.ExitCode() == 1
	files := strings.Split(p.git("diff", "--name-only", "--diff-filter=U", "-z"), "\x00")
	for i, f := range files {
		files[i] = aside.ReplaceAllString(f, "")
	}
	slices.Sort(files)
	o.files = strings.Join(slices.Compact(files), "\n")
	p.git("reset", "--quiet", "--hard", onto)
	return o, verdict
}

// wild makes a repository whose main and line fell apart by all kinds of changes, and returns what main has since.
func wild(t testing.TB, steps int) (r *gittest.Repo, commits []string) {
	t.Helper()
	r = gittest.New(t)
	rnd := rand.New(rand.NewPCG(2, 4))
	numbers := func() string {
		var b strings.Builder
		for i := range 30 {
			fmt.Fprintf(&b, "line %d\n", i)
		}
		return b.String()
	}
	var base []string
	for i := range 12 {
		base = append(base, fmt.Sprintf("d%d/f%d.txt", i%3, i), numbers())
	}
	base = append(base, ".gitattributes", "notes.md merge=union\n", "d1/.gitattributes", "f4.txt -merge\n", "notes.md", "# Notes\n", "bin/logo", "a\x00b\n", "run.txt", "#!/bin/sh\n")
	r.Commit("feat: base", base...)
	r.Branch("line")
	r.Checkout("main")
	mess(t, r, rnd, steps)
	commits = strings.Fields(r.Git("rev-list", "line..main"))
	r.Checkout("line")
	for _, i := range []int{3, 7, 8} { // some are there already
		_, _ = r.TryGit("cherry-pick", commits[len(commits)-i])
		_, _ = r.TryGit("cherry-pick", "--abort")
	}
	mess(t, r, rnd, steps/3)
	r.Commit("docs: other notes", "notes.md", "# Notes\nof the line\n")
	return r, commits
}

// mess makes n commits of many kinds on the branch that is checked out.
func mess(t testing.TB, r *gittest.Repo, rnd *rand.Rand, n int) {
	t.Helper()
	for i := range n {
		files := strings.Fields(r.Git("ls-files", "d*/f*"))
		name := files[rnd.IntN(len(files))]
		message := fmt.Sprintf("fix: step %d of %s", i, name)
		switch rnd.IntN(12) {
		case 0:
			r.Git("rm", "--quiet", name)
		case 1:
			r.Git("mv", name, fmt.Sprintf("%s-%d.txt", strings.TrimSuffix(name, ".txt"), i))
		case 2:
			r.Write(fmt.Sprintf("d%d/f-new-%d.txt", rnd.IntN(3), rnd.IntN(4)), fmt.Sprintf("new %d\n", i))
		case 3:
			r.Write("bin/logo", fmt.Sprintf("a\x00%d\n", i))
		case 4:
			r.Write("notes.md", fmt.Sprintf("# Notes\nstep %d\n", i))
		case 5:
			if err := os.Chmod(filepath.Join(r.Dir, name), 0o755); err != nil {
				t.Fatal(err)
			}
		case 6:
			r.Git("rm", "--quiet", name)
			if err := os.Symlink("elsewhere", filepath.Join(r.Dir, name)); err != nil {
				t.Fatal(err)
			}
		case 7:
			branch := r.Git("symbolic-ref", "--short", "HEAD")
			side := fmt.Sprintf("%s-side-%d", branch, i)
			r.Branch(side)
			edit(t, r, rnd, name)
			r.Commit(message + " on the side")
			r.Checkout(branch)
			r.Commit(fmt.Sprintf("docs: beside %d", i), "d2/beside.txt", fmt.Sprint(i))
			r.Merge(side, message)
			continue
		case 8:
			r.Write(".gitattributes", fmt.Sprintf("notes.md merge=union\nd%d/f%d.txt merge=binary\n", rnd.IntN(3), rnd.IntN(12)))
		default:
			edit(t, r, rnd, name)
		}
		r.Git("add", "--all")
		r.Empty(message)
	}
}

// edit changes one line of a file.
func edit(t testing.TB, r *gittest.Repo, rnd *rand.Rand, name string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(r.Dir, name))
	if err != nil {
		data = []byte("was a link\n")
		if err := os.Remove(filepath.Join(r.Dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.SplitAfter(string(data), "\n")
	at := rnd.IntN(len(lines))
	lines[at] = fmt.Sprintf("changed %d\n", rnd.IntN(5))
	r.Write(name, strings.Join(lines, ""))
}

// tryOf picks merges against their first parent.
func tryOf(p picker, commit, onto string) (try git.Try, mainline int) {
	try = git.Try{Commit: commit, Onto: onto}
	if parents := strings.Fields(p.git("rev-list", "--parents", "-1", commit))[1:]; len(parents) > 1 {
		try.Parent, mainline = parents[0], 1
	}
	return try, mainline
}

// tally is how many picks were clean, empty and in conflict, and of how many git gave no verdict, here or there.
type tally struct{ clean, empty, conflict, none int }

// agree holds forecasts against real picks.
func agree(t *testing.T, repo *git.Repo, p picker, pairs [][2]string) (n tally) {
	t.Helper()
	var tries []git.Try
	var mainlines []int
	for _, pair := range pairs {
		try, mainline := tryOf(p, pair[0], pair[1])
		tries, mainlines = append(tries, try), append(mainlines, mainline)
	}
	forecasts, err := forecaster(t, repo).Picks(t.Context(), tries)
	if err != nil {
		t.Fatal(err)
	}
	for i, try := range tries {
		got := outcomeOf(forecasts[i])
		want, verdict := p.pick(try.Commit, mainlines[i], try.Onto)
		switch {
		case !verdict || forecasts[i].Err != nil:
			n.none++
			continue
		case want.empty:
			n.empty++
		case want.clean:
			n.clean++
		default:
			n.conflict++
		}
		if got != want {
			t.Errorf("pick %s onto %.10s:\nforecast %+v\nreal     %+v", p.git("log", "-1", "--format=%h %s", try.Commit), try.Onto, got, want)
		}
	}
	t.Logf("%+v", n)
	return n
}

func TestForecastsAgreeWithRealPicks(t *testing.T) {
	t.Parallel()
	r, commits := wild(t, 36)
	line := r.Git("rev-parse", "line")
	var pairs [][2]string
	for _, c := range commits {
		pairs = append(pairs, [2]string{c, line})
	}
	root := r.Git("rev-list", "--max-parents=0", "main")
	main := r.Git("rev-parse", "main")
	pairs = append(pairs, [2]string{root, line}, [2]string{commits[0], main}, [2]string{r.Git("rev-list", "-1", "line"), main})
	n := agree(t, open(t, r.Dir), newPicker(t, r.Dir), pairs)
	if n.clean < 10 || n.empty < 3 || n.conflict < 10 || n.none > 0 {
		t.Errorf("the history is too tame: %+v", n)
	}
}

// realTries are 200 recent commits of a clone's main branch, dealt out over its five newest release branches. The clone
// is named by RELCTL_BENCH_REPO, such as one of prometheus.
func realTries(t testing.TB) (dir string, pairs [][2]string) {
	t.Helper()
	dir = os.Getenv("RELCTL_BENCH_REPO")
	if dir == "" {
		t.Skip("RELCTL_BENCH_REPO names no clone with release-* branches")
	}
	git := func(args ...string) []string {
		out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).Output()
		if err != nil {
			t.Fatalf("git %v: %v", args, err)
		}
		return strings.Fields(string(out))
	}
	lines := git("for-each-ref", "--sort=-committerdate", "--count=5", "--format=%(objectname)", "refs/heads/release-*", "refs/remotes/origin/release-*")
	for i, c := range git("rev-list", "-200", "--skip=100", "HEAD") {
		pairs = append(pairs, [2]string{c, lines[i%len(lines)]})
	}
	return dir, pairs
}

func TestForecastsAgreeWithRealPicksInARealClone(t *testing.T) {
	dir, pairs := realTries(t)
	p := newPicker(t, dir)
	p.git("sparse-checkout", "set", "--no-cone", ".gitattributes")    // quick, and there may be files that cannot be laid out
	if n := agree(t, open(t, dir), p, pairs); n.none > len(pairs)/2 { // mirrors may lack large files
		t.Errorf("git gave no verdict on %d of %d", n.none, len(pairs))
	}
}

// BenchmarkForecast compares 200 forecasts, from the start of the forecaster to its end, with a run of git merge-tree
// for each. Both start with nothing written, and take turns.
func BenchmarkForecast(b *testing.B) {
	dir, pairs := realTries(b)
	repo := open(b, dir)
	p := newPicker(b, dir)
	var tries []git.Try
	var single [][]string
	for _, pair := range pairs {
		try, _ := tryOf(p, pair[0], pair[1])
		tries = append(tries, try)
		root := p.git("commit-tree", "-m", "x", try.Commit+"^^{tree}")
		ours := p.git("commit-tree", "-m", "x", "-p", root, try.Onto+"^{tree}")
		theirs := p.git("commit-tree", "-m", "x", "-p", root, try.Commit+"^{tree}")
		single = append(single, []string{"merge-tree", "--write-tree", ours, theirs})
	}
	var reference, forecasts time.Duration
	for b.Loop() {
		p.env = append(os.Environ(), "GIT_OBJECT_DIRECTORY="+b.TempDir(), "GIT_ALTERNATE_OBJECT_DIRECTORIES="+filepath.Join(p.dir, ".git", "objects"))
		start := time.Now()
		for _, args := range single {
			_, _ = p.try(args...) // a conflict is exit code 1
		}
		reference += time.Since(start)

		start = time.Now()
		f, err := repo.Forecaster(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := f.Picks(b.Context(), tries); err != nil {
			b.Fatal(err)
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
		forecasts += time.Since(start)
	}
	b.ReportMetric(float64(forecasts)/float64(reference), "x-merge-tree")
	b.ReportMetric(float64(forecasts.Milliseconds())/float64(b.N*len(tries)), "ms/forecast")
}
