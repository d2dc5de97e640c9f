package history_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/internal/gittest"
	"github.com/relctl/relctl/pkg/release"
)

// world is a repository with main and maintained lines.
type world struct {
	*gittest.Repo
	t        *testing.T
	names    []string // of the lines, as they were cut
	releases map[string][]history.Released
	opts     history.IndexOptions
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Repo: gittest.New(t), t: t, releases: map[string][]history.Released{}}
	w.Commit("feat: begin", "base.txt", "base\n")
	return w
}

// cut makes a line where the working tree stands, and stays there.
func (w *world) cut(name string) {
	w.t.Helper()
	w.Branch("release/" + name)
	w.names = append(w.names, name)
}

// on checks main or a line out.
func (w *world) on(name string) {
	w.t.Helper()
	if name != "main" {
		name = "release/" + name
	}
	w.Checkout(name)
}

// release tags what is checked out as a release of a line.
func (w *world) release(line, version string) {
	w.t.Helper()
	w.LightTag("v" + version)
	w.releases[line] = append(w.releases[line], history.Released{Version: release.MustVersion(version), Commit: w.Head()})
}

// carry makes the changes of a commit here, under another message.
func (w *world) carry(commit, message string) string {
	w.t.Helper()
	w.Git("cherry-pick", "--no-commit", commit)
	return w.Empty(message)
}

// run runs git and returns the commit at which it ends.
func (w *world) run(args ...string) string {
	w.t.Helper()
	w.Git(args...)
	return w.Head()
}

func (w *world) options() history.IndexOptions {
	opts := w.opts
	opts.Main = history.Line{Name: "main", Ref: "refs/heads/main", Releases: w.releases["main"]}
	for i := len(w.names) - 1; i >= 0; i-- { // the newest first
		opts.Lines = append(opts.Lines, history.Line{Name: w.names[i], Ref: "refs/heads/release/" + w.names[i], Releases: w.releases[w.names[i]]})
	}
	return opts
}

func (w *world) load() *history.Index {
	w.t.Helper()
	return load(w.t, w.Dir, w.options())
}

func load(t *testing.T, dir string, opts history.IndexOptions) *history.Index {
	t.Helper()
	repo := open(t, dir)
	ix, err := history.Load(t.Context(), repo, opts)
	if err != nil {
		t.Fatal(err)
	}
	return ix
}

func open(t *testing.T, dir string) *git.Repo {
	t.Helper()
	repo, err := git.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	return repo
}

// claim is what the index must say of a change on a line.
type claim struct {
	change, line string
	// state is presence, first release, evidence and confidence, such as "present 2.4.1 trailer certain".
	state string
	// commit carries the change there, or took it back.
	commit string
}

func check(t *testing.T, ix *history.Index, claims ...claim) {
	t.Helper()
	for _, c := range claims {
		found := ix.Of(c.change)
		if len(found) != 1 {
			t.Errorf("%.9s is %d changes", c.change, len(found))
			continue
		}
		s := ix.State(found[0], c.line)
		if got := say(s); got != c.state || s.Commit != c.commit {
			t.Errorf("%q on %s is %q by commit %.9q, want %q by %.9q", found[0].Subject, c.line, got, s.Commit, c.state, c.commit)
		}
	}
}

// say puts a state in words.
func say(s history.State) string {
	words := []string{string(s.Presence)}
	if !s.Since.IsZero() {
		words = append(words, s.Since.String())
	}
	if s.By != "" {
		words = append(words, string(s.By), s.Confidence)
	}
	return strings.Join(words, " ")
}

// everything writes down all that an index says, by the ids of commits.
func everything(ix *history.Index) string {
	var b strings.Builder
	for _, c := range ix.Changes() {
		fmt.Fprintf(&b, "%s %s (%s) #%d %v %v %q %q %v\n", c.Commit, c.Subject, c.Home, c.PR, c.Parts, c.Undoes, c.Author, c.Scope, c.CVEs)
		for _, line := range append([]string{ix.Main()}, ix.Lines()...) {
			s := ix.State(c, line)
			fmt.Fprintf(&b, "\t%s: %s %s %s\n", line, say(s), s.Commit, s.Reason)
		}
	}
	return b.String()
}

// shell runs a pipeline in a folder, as a person would.
func shell(t *testing.T, dir, script string, args ...string) string {
	t.Helper()
	cmd := exec.Command("sh", append([]string{"-c", script, "sh"}, args...)...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return strings.TrimSpace(string(out))
}
