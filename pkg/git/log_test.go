package git_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

// walk collects a log.
func walk(t testing.TB, repo *git.Repo, opts git.LogOptions) []*git.Commit {
	t.Helper()
	var out []*git.Commit
	for c, err := range repo.Log(t.Context(), opts) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

func subjects(commits []*git.Commit) string {
	var out []string
	for _, c := range commits {
		out = append(out, strings.TrimSpace(c.Message))
	}
	return strings.Join(out, " | ")
}

func TestLogWalksRanges(t *testing.T) {
	r := gittest.New(t)
	first := r.Commit("one")
	r.Branch("side")
	r.Commit("side-1")
	side := r.Commit("side-2")
	r.Checkout("main")
	main := r.Commit("two")
	r.Merge("side", "merge")
	r.Git("tag", "main", first) // must not confuse
	repo := open(t, r.Dir)
	const head = "refs/heads/main"
	for name, c := range map[string]struct {
		opts git.LogOptions
		want string
	}{
		"all":            {git.LogOptions{To: []string{head}}, "merge | side-2 | side-1 | two | one"},
		"since":          {git.LogOptions{To: []string{head}, Not: []string{first}}, "merge | side-2 | side-1 | two"},
		"since two":      {git.LogOptions{To: []string{head}, Not: []string{main, side}}, "merge"},
		"first parent":   {git.LogOptions{To: []string{head}, FirstParent: true}, "merge | two | one"},
		"no merges":      {git.LogOptions{To: []string{head}, NoMerges: true}, "side-2 | side-1 | two | one"},
		"reverse":        {git.LogOptions{To: []string{head}, Reverse: true}, "one | two | side-1 | side-2 | merge"},
		"several heads":  {git.LogOptions{To: []string{main, side}, Not: []string{first}}, "two | side-2 | side-1"},
		"empty":          {git.LogOptions{To: []string{first}, Not: []string{head}}, ""},
		"tag, no branch": {git.LogOptions{To: []string{"refs/tags/main"}}, "one"},
	} {
		if got := subjects(walk(t, repo, c.opts)); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	for name, opts := range map[string]git.LogOptions{
		"nothing": {}, "absent": {To: []string{strings.Repeat("1", 40)}}, "absent ref": {To: []string{head}, Not: []string{"refs/heads/none"}},
		"option": {To: []string{"--all"}}, "short": {To: []string{"main"}},
	} {
		n := 0
		var last error
		for c, err := range repo.Log(t.Context(), opts) {
			n, last = n+1, err
			if c != nil {
				t.Errorf("%s: got commit %s", name, c.ID)
			}
		}
		if n != 1 || last == nil {
			t.Errorf("%s: %d steps, error %v", name, n, last)
		}
	}
}

// odd are messages that tools stumble over.
var odd = map[string]string{
	"none":          "",
	"no subject":    "\n\nbody only\n",
	"crlf":          "fix: a\r\n\r\nbody\r\n",
	"bad utf-8":     "fix: caf\xe9 \xff\xfe\n",
	"lone quote":    "fix: \"'`$(x) %H %n\n",
	"no newline":    "fix: end",
	"newlines":      "fix: a\n\n\n\nb\n\n\n",
	"control":       "fix: \x01\x1b[31m\x7f\n",
	"looks like id": strings.Repeat("a", 40) + "\n",
	"diff":          "fix: x\n\ndiff --git a/a b/a\n--- a/a\n",
	"commit line":   "commit 1234\nAuthor: x\n",
	"wide":          "fix: 日本語 🎉\u2028\n",
}

func TestOddMessagesComeBackAsTheyAre(t *testing.T) {
	r := gittest.New(t)
	want := map[string]string{}
	for _, text := range odd {
		want[r.Commit(text, "a.txt", text+"x")] = strings.ToValidUTF8(text, "�")
	}
	repo := open(t, r.Dir)
	commits := walk(t, repo, git.LogOptions{To: []string{"refs/heads/main"}})
	if len(commits) != len(want) {
		t.Fatalf("%d commits, want %d", len(commits), len(want))
	}
	for _, c := range commits {
		if c.Message != want[c.ID] {
			t.Errorf("message is %q, want %q", c.Message, want[c.ID])
		}
		one, err := repo.Commit(t.Context(), c.ID)
		if err != nil || !reflect.DeepEqual(one, c) {
			t.Errorf("Commit and Log differ: %+v, %v\n%+v", one, err, c)
		}
	}
}

func TestHugeMessagesAreCutBetweenCharacters(t *testing.T) {
	r := gittest.New(t)
	for _, text := range []string{
		"fix: big\n\n" + strings.Repeat("0123456789abcdef", 1<<16) + "tail\n",
		"fix: big\n\n" + strings.Repeat("日", 1<<19),
		"fix: bad\n\n" + strings.Repeat("\xff", 1<<20),
	} {
		id := r.Commit(text, "a.txt", text[:20])
		next := r.Commit("fix: next", "a.txt", "next")
		repo := open(t, r.Dir)
		commits := walk(t, repo, git.LogOptions{To: []string{next}})
		if len(commits) < 2 || commits[0].Message != "fix: next" || commits[1].ID != id {
			t.Fatalf("the commits around a big one are lost: %d", len(commits))
		}
		got := commits[1].Message
		if len(got) > git.MaxMessage || !utf8.ValidString(got) || !strings.HasPrefix(got, text[:8]) {
			t.Errorf("message of %d bytes became %d, valid %v", len(text), len(got), utf8.ValidString(got))
		}
		if utf8.ValidString(text) && len(got) < git.MaxMessage-3 {
			t.Errorf("only %d bytes are left", len(got))
		}
		if one, err := repo.Commit(t.Context(), id); err != nil || one.Message != got {
			t.Errorf("Commit and Log differ: %v", err)
		}
	}
}

// raw writes a commit object with the given header lines.
func raw(r *gittest.Repo, header, message string) string {
	return r.GitIn([]byte("tree "+r.Git("write-tree")+"\n"+header+"\n\n"+message), "hash-object", "-t", "commit", "-w", "--stdin", "--literally")
}

func TestOddHeadersAreReadTheWayGitReadsThem(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: one")
	const who = "QA One <qa-1@acme.example> "
	for name, header := range map[string]string{
		"plain":      "author " + who + "1767603600 +0100\ncommitter " + who + "1767603661 -0800",
		"no name":    "author <qa-1@acme.example> 1767603600 +0000\ncommitter " + who + "1767603600 +0000",
		"no email":   "author QA <> 1767603600 +0000\ncommitter " + who + "1767603600 +0000",
		"latin-1":    "author " + who + "1767603600 +0000\ncommitter " + who + "1767603600 +0000\nencoding ISO-8859-1",
		"bad bytes":  "author Q\xe9 <qa-1@acme.example> 1767603600 +0000\ncommitter " + who + "1767603600 +0000",
		"other line": "author " + who + "1767603600 +0000\ncommitter " + who + "1767603600 +0000\nmergetag object 1\n type commit\n tag x\n \n gpgsig no",
		"future":     "author " + who + "4102444800 +0000\ncommitter " + who + "253402300799 +0000",
		"1970":       "author " + who + "0 +0000\ncommitter " + who + "0 +0000",
	} {
		id := raw(r, header, "fix: caf\xe9\n")
		repo := open(t, r.Dir)
		logged := walk(t, repo, git.LogOptions{To: []string{id}})
		one, err := repo.Commit(t.Context(), id)
		if err != nil || len(logged) != 1 || !reflect.DeepEqual(one, logged[0]) {
			t.Errorf("%s: Commit and Log differ: %v\n%+v\n%+v", name, err, one, logged)
		}
		want := "fix: caf�\n"
		if name == "latin-1" {
			want = "fix: café\n"
		}
		if err == nil && one.Message != want {
			t.Errorf("%s: message is %q", name, one.Message)
		}
		if name == "plain" && (one.Author.When != time.Unix(1767603600, 0).UTC() || one.Committer.When != time.Unix(1767603661, 0).UTC() || one.Author.String() != "QA One <qa-1@acme.example>") {
			t.Errorf("got %+v", one)
		}
	}
}

func TestBrokenHeadersAreNoCrash(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: one")
	repo := open(t, r.Dir)
	for _, header := range []string{
		"author\ncommitter", "author x\ncommitter y", "author > < x\ncommitter a <b> zz", "author a <b> 99999999999999999999 +0000\ncommitter a <b> -5 +0000",
	} {
		id := raw(r, header, "fix: x")
		if c, err := repo.Commit(t.Context(), id); err == nil && (!c.Author.When.IsZero() || c.Message != "fix: x") {
			t.Errorf("%q: got %+v", header, c)
		}
		for c, err := range repo.Log(t.Context(), git.LogOptions{To: []string{id}}) {
			if err == nil && !c.Author.When.IsZero() {
				t.Errorf("%q: got %+v", header, c)
			}
		}
	}
}

func TestCommitRefusesWhatIsNoCommit(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: one")
	tag, tree := r.Tag("v1"), r.Git("rev-parse", "HEAD^{tree}")
	repo := open(t, r.Dir)
	for _, id := range []string{tag, tree, strings.Repeat("0", 40)} {
		if c, err := repo.Commit(t.Context(), id); !errors.Is(err, git.ErrNotFound) {
			t.Errorf("%s: got %+v, %v", id, c, err)
		}
	}
	if _, err := repo.Commit(t.Context(), "refs/heads/main"); err == nil {
		t.Error("a ref is no commit id")
	}
}

func TestReadingPaysNoHeedToConfiguration(t *testing.T) {
	r := gittest.New(t)
	r.SignWith(gittest.SSHKey(t, "dev-1"))
	first := r.Commit("feat: one")
	r.Commit("feat: two")
	r.Write(".mailmap", "Other <other@acme.example> <dev-1@acme.example>\n")
	for key, value := range map[string]string{
		"log.showSignature": "true", "log.mailmap": "true", "log.decorate": "full", "format.pretty": "oneline", "color.ui": "always",
		"i18n.logOutputEncoding": "UTF-16", "log.date": "relative", "core.pager": "false", "notes.displayRef": "*", "log.follow": "true", "log.showRoot": "true",
		"core.abbrev": "4", "core.quotePath": "true", "diff.external": "false",
	} {
		r.Git("config", key, value)
	}
	r.Git("notes", "add", "-m", "a note", first)
	r.Git("replace", "--graft", "refs/heads/main") // pretends that main has no parent
	got := walk(t, open(t, r.Dir), git.LogOptions{To: []string{"refs/heads/main"}})
	if subjects(got) != "feat: two | feat: one" || got[1].Author.Name != gittest.Name {
		t.Errorf("got %s by %s", subjects(got), got[0].Author)
	}
}

func TestLogCanBeLeftEarlyAndCancelled(t *testing.T) {
	r := gittest.New(t)
	var script strings.Builder
	for i := range 3000 { // more than fits into the pipe
		fmt.Fprintf(&script, "commit refs/heads/main\ncommitter QA <qa-1@acme.example> %d +0000\ndata 200\n%0200d\n", 1767603600+i, i)
	}
	r.GitIn([]byte(script.String()), "fast-import", "--quiet")
	repo := open(t, r.Dir)
	n := 0
	for _, err := range repo.Log(t.Context(), git.LogOptions{To: []string{"refs/heads/main"}}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("%d commits", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	n = 0
	for _, err := range repo.Log(ctx, git.LogOptions{To: []string{"refs/heads/main"}}) {
		if last = err; err != nil {
			break
		}
		if n++; n == 5 {
			cancel()
		}
	}
	if !errors.Is(last, context.Canceled) || n < 5 {
		t.Errorf("after a cancellation: %d commits, %v", n, last)
	}
	if n >= 3000 {
		t.Error("the walk went on to its end")
	}
}

func TestAncestry(t *testing.T) {
	r := gittest.New(t)
	base := r.Commit("one")
	r.Branch("side")
	side := r.Commit("side")
	r.Checkout("main")
	main := r.Commit("two")
	merge := r.Merge("side", "merge")
	r.Git("checkout", "--quiet", "--orphan", "island")
	island := r.Commit("island")
	repo := open(t, r.Dir)
	ctx := t.Context()
	absent := strings.Repeat("1", 40)
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{base, main, true}, {main, base, false}, {side, main, false}, {side, merge, true}, {main, main, true},
		{base, island, false}, {absent, main, false}, {"refs/heads/side", "refs/heads/main", true}, {"refs/heads/none", main, false},
	} {
		if got, err := repo.IsAncestor(ctx, c.a, c.b); err != nil || got != c.want {
			t.Errorf("IsAncestor(%.10s, %.10s) = %v, %v", c.a, c.b, got, err)
		}
	}
	if _, err := repo.IsAncestor(ctx, main, absent); !errors.Is(err, git.ErrNotFound) {
		t.Errorf("descendant that does not exist: %v", err)
	}
	if got, err := repo.MergeBase(ctx, main, side); err != nil || got != base {
		t.Errorf("merge base is %q, %v", got, err)
	}
	if got, err := repo.MergeBase(ctx, main, island); !errors.Is(err, git.ErrNotFound) {
		t.Errorf("merge base of strangers is %q, %v", got, err)
	}
	for _, c := range []struct {
		not, to string
		want    int
	}{{base, merge, 3}, {merge, base, 0}, {main, "refs/heads/main", 2}} {
		if got, err := repo.CountRange(ctx, c.not, c.to); err != nil || got != c.want {
			t.Errorf("CountRange(%.10s, %.10s) = %d, %v, want %d", c.not, c.to, got, err, c.want)
		}
	}
	if _, err := repo.CountRange(ctx, absent, main); !errors.Is(err, git.ErrNotFound) {
		t.Errorf("count from nowhere: %v", err)
	}
}

// A short line of commits is read without git log, and must be what git log says: for lines of every length around the
// bound, for a merge in them, and for messages that are hard to read.
func TestAShortLineReadsAsTheWalkDoes(t *testing.T) {
	r := gittest.New(t)
	at := []string{r.Commit("feat: begin", "a", "0")}
	for i := range 20 {
		message := fmt.Sprintf("fix: number %d\n\nBody of it.\r\nSigned-off-by: a <a@example.com>\n\n\n", i)
		at = append(at, r.Commit(message, "a", strconv.Itoa(i)))
	}
	r.Branch("side")
	side := r.Commit("fix: aside", "b", "1")
	r.Checkout("main")
	r.Commit("fix: on main", "c", "1")
	merge := r.Merge("side", "Merge side")
	tip := r.Commit("fix: after it", "d", "1")
	repo, err := git.Open(t.Context(), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	walk := func(from, to string, any bool) (out []*git.Commit) {
		for c, err := range repo.Log(t.Context(), git.LogOptions{To: []string{to}, Not: []string{from}, AnyOrder: any}) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, c)
		}
		if to == merge || to == tip { // which side of a merge comes first is git's choice
			slices.SortFunc(out, func(a, b *git.Commit) int { return strings.Compare(a.ID, b.ID) })
		}
		return out
	}
	for _, from := range []string{at[0], at[3], at[4], at[5], side} {
		for _, to := range []string{at[20], at[19], at[5], at[4], side, merge, tip} {
			if slow, fast := walk(from, to, false), walk(from, to, true); !reflect.DeepEqual(slow, fast) {
				t.Errorf("%s..%s: git log says %+v, and read one by one it is %+v", from, to, slow, fast)
			}
		}
	}
}
