package history_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

// parts returns what each release brought, as "type subject, …", newest first; the last is what no release has.
func parts(t *testing.T, r *gittest.Repo, opts history.ReleasesOptions) []string {
	t.Helper()
	repo, err := git.Open(t.Context(), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := history.Releases(t.Context(), repo, opts)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i, p := range got {
		if i < len(opts.Releases) && p.Date.IsZero() {
			t.Errorf("release %d has no date", i)
		}
		var told []string
		for _, c := range p.Changes {
			told = append(told, strings.TrimSpace(c.Type+" "+c.Subject))
		}
		out = append(out, strings.Join(told, ", "))
	}
	return out
}

func TestEachCommitIsToldByTheOldestReleaseThatContainsIt(t *testing.T) {
	r := gittest.New(t)
	first := r.Commit("feat: begin")
	r.Branch("topic")
	r.Commit("fix: late")
	r.Checkout("main")
	second := r.Commit("fix: two")
	r.Commit("fix: three")
	third := r.Merge("topic", "Merge branch 'topic'")
	r.Commit("fix: four")
	equal(t, "parts", parts(t, r, history.ReleasesOptions{Tips: []string{r.Head()}, Releases: []string{first, second, third}}),
		"feat begin", "fix two", "fix late, fix three", "fix four")
	equal(t, "after the first", parts(t, r, history.ReleasesOptions{Tips: []string{third}, After: []string{first}, Releases: []string{second, third}}),
		"fix two", "fix late, fix three", "")
	equal(t, "no release", parts(t, r, history.ReleasesOptions{Tips: []string{second}}), "fix two, feat begin")
	equal(t, "two at one commit", parts(t, r, history.ReleasesOptions{Tips: []string{second}, Releases: []string{second, second}}), "fix two, feat begin", "", "")
}

func TestAReleaseThatTheBranchDoesNotContainTellsItsOwn(t *testing.T) {
	r := gittest.New(t)
	first := r.Commit("feat: begin")
	r.Branch("gone")
	second := r.Commit("fix: squashed away")
	r.Checkout("main")
	third := r.Commit("fix: squashed")
	equal(t, "parts", parts(t, r, history.ReleasesOptions{Tips: []string{third, second}, Releases: []string{first, second, third}}),
		"feat begin", "fix squashed away", "fix squashed", "")
}

func TestOrderIsThatOfTheHistoryAndNotOfDates(t *testing.T) {
	r := gittest.New(t)
	first := r.Commit("feat: begin")
	r.Commit("fix: dated before everything")
	// The same commit again, by somebody whose clock stands at 2001.
	raw := regexp.MustCompile(`> [0-9]+ `).ReplaceAllString(r.Git("cat-file", "commit", "HEAD"), "> 978307200 ")
	r.Git("reset", "--quiet", "--hard", r.GitIn([]byte(raw+"\n"), "hash-object", "-t", "commit", "-w", "--stdin"))
	r.Branch("topic")
	r.Commit("fix: aside")
	r.Checkout("main")
	second := r.Commit("fix: two")
	third := r.Merge("topic", "Merge branch 'topic'")
	equal(t, "parts", parts(t, r, history.ReleasesOptions{Tips: []string{third}, Releases: []string{first, second, third}}),
		"feat begin", "fix two, fix dated before everything", "fix aside", "")
	equal(t, "one part", parts(t, r, history.ReleasesOptions{Tips: []string{third}}),
		"fix aside, fix two, fix dated before everything, feat begin")
}

func TestWhatALaterReleaseTookBackIsLeftOutOnlyAcross(t *testing.T) {
	r := gittest.New(t)
	first := r.Commit("feat: begin")
	fix := r.Commit("fix: a mistake", "b", "1")
	second := r.Commit("fix: two")
	r.Revert(fix)
	inside := r.Commit("fix: another mistake", "c", "1")
	r.Revert(inside)
	third := r.Commit("fix: three")
	opts := history.ReleasesOptions{Tips: []string{third}, After: []string{first}, Releases: []string{second, third}}
	equal(t, "each for itself", parts(t, r, opts), "fix two, fix a mistake", "fix three, revert fix: a mistake", "")
	opts.Across = true
	equal(t, "across", parts(t, r, opts), "fix two", "fix three", "")
}

func TestPullRequestsAreWholeInTheReleaseOfTheirMerge(t *testing.T) {
	r := gittest.New(t)
	first := r.Commit("feat: begin")
	r.Branch("topic")
	r.Commit("wip: half", "b", "1")
	r.Commit("wip: whole", "b", "2")
	r.Checkout("main")
	second := r.Commit("fix: meanwhile")
	r.Merge("topic", "Merge pull request #9 from acme/topic\n\nperf: faster")
	for _, across := range []bool{false, true} {
		equal(t, "parts", parts(t, r, history.ReleasesOptions{Tips: []string{r.Head()}, After: []string{first}, Releases: []string{second}, Across: across}),
			"fix meanwhile", "perf faster")
	}
}

func TestAnUnknownReleaseIsAnErrorWhereTheWalkBeginsAtIt(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: begin")
	repo, err := git.Open(t.Context(), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	unknown := strings.Repeat("1", 40)
	_, err = history.Releases(t.Context(), repo, history.ReleasesOptions{Tips: []string{r.Head(), unknown}, Releases: []string{unknown}})
	if err == nil || !strings.Contains(err.Error(), unknown) {
		t.Errorf("error is %v, want one that names %s", err, unknown)
	}
}

func TestPartsAreThoseOfGitInAnyHistory(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			r := gittest.New(t)
			random := rand.New(rand.NewPCG(seed, 1))
			all := []string{r.Commit("feat: begin")}
			var releases []string
			for i := range 40 {
				r.Checkout(all[random.IntN(len(all))])
				if random.IntN(3) == 0 {
					r.Git("merge", "--quiet", "--no-edit", "--strategy", "ours", all[random.IntN(len(all))])
				} else {
					r.Commit(fmt.Sprint("fix: number ", i))
				}
				all = append(all, r.Head())
				if random.IntN(4) == 0 {
					releases = append(releases, all[random.IntN(len(all))])
				}
			}
			head, after := all[len(all)-1], all[random.IntN(len(all))]
			repo, err := git.Open(t.Context(), r.Dir)
			if err != nil {
				t.Fatal(err)
			}
			opts := history.ReleasesOptions{Tips: append([]string{head}, releases...), After: []string{after}, Releases: releases}
			whole, err := history.Releases(t.Context(), repo, opts)
			if err != nil {
				t.Fatal(err)
			}
			slices.Reverse(whole)
			opts.Limit = 2
			i := 0
			for p, err := range history.Stream(t.Context(), repo, opts) {
				if err != nil {
					t.Fatal(err)
				}
				to, older := head, releases
				if i > 0 {
					to, older = releases[len(releases)-i], releases[:len(releases)-i]
				}
				args := []string{to, "^" + after}
				for _, o := range older {
					args = append(args, "^"+o)
				}
				list := func(flags ...string) []string {
					return strings.Fields(r.Git(slices.Concat([]string{"rev-list"}, flags, args)...))
				}
				want, got := list("--no-merges"), []string{}
				for _, c := range whole[i].Changes {
					got = append(got, c.Commit)
				}
				slices.Sort(want)
				slices.Sort(got)
				if !slices.Equal(got, want) {
					t.Errorf("part %d from the end is %v, git says %v", i, got, want)
				}
				if n := len(list()); p.More != (n > 2) {
					t.Errorf("part %d from the end has more: %v, git says %d in all", i, p.More, n)
				}
				i++
			}
			if i != len(releases)+1 {
				t.Errorf("%d parts, want %d", i, len(releases)+1)
			}
		})
	}
}
