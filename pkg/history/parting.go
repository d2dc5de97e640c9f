package history

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/relctl/relctl/pkg/git"
)

// parting parts a history while it is walked, children before their parents: once all children of a commit were seen, so
// was every release that contains it.
type parting struct {
	opts ReleasesOptions
	// number of a release by its commit, the oldest if several are made of it.
	number map[string]int
	dates  map[string]time.Time
	// ahead are the commits that are known to come, each with the oldest release seen so far that contains it, and
	// waiting how many there are for each release.
	ahead   map[string]int
	waiting []int
	// sets are the parts that have commits, and more says of which some were not read.
	sets map[int]*commits
	more map[int]bool
	// next is the part to be given next; parts are given from the last one down.
	next int
}

func newParting(opts ReleasesOptions) *parting {
	n := len(opts.Releases)
	w := &parting{
		opts: opts, number: map[string]int{}, dates: map[string]time.Time{}, ahead: map[string]int{}, waiting: make([]int, n+1),
		sets: map[int]*commits{}, more: map[int]bool{}, next: n,
	}
	for i := n - 1; i >= 0; i-- {
		w.number[opts.Releases[i]] = i
	}
	for _, tip := range opts.Tips {
		at, ok := w.number[tip]
		if !ok {
			at = n
		}
		w.expect(tip, at)
	}
	return w
}

// expect notes that a commit will come, and that release at contains it.
func (w *parting) expect(id string, at int) {
	was, known := w.ahead[id]
	if known && was <= at {
		return
	}
	if known {
		w.waiting[was]--
	}
	w.ahead[id] = at
	w.waiting[at]++
}

// place says to which part a commit belongs, and notes what it says about its parents.
func (w *parting) place(c *git.Commit) int {
	at, known := w.ahead[c.ID]
	if known {
		delete(w.ahead, c.ID)
		w.waiting[at]--
	} else {
		at = len(w.opts.Releases)
	}
	if i, is := w.number[c.ID]; is {
		at = min(at, i)
		w.dates[c.ID] = c.Committer.When
	}
	for _, p := range c.Parents {
		w.expect(p, at)
	}
	return at
}

// take puts a commit into its part.
func (w *parting) take(c *git.Commit) {
	at := w.place(c)
	set := w.sets[at]
	if set == nil {
		set = newCommits()
		w.sets[at] = set
	}
	if w.opts.Limit > 0 && len(set.list) == w.opts.Limit {
		w.more[at] = true
		return
	}
	set.add(&unit{commit: c, message: parseCommit(c)})
}

// parts gives each part once nothing that comes can belong to it, the last one first.
func (w *parting) parts(ctx context.Context, repo *git.Repo) iter.Seq2[Part, error] {
	return func(yield func(Part, error) bool) {
		inv := &inverses{repo: repo}
		err := w.walk(ctx, repo, inv, yield)
		if err = errors.Join(err, inv.close()); err != nil && !errors.Is(err, errStopped) {
			yield(Part{}, err)
		}
	}
}

// errStopped says that whoever asked for parts has enough.
var errStopped = errors.New("stopped")

func (w *parting) walk(ctx context.Context, repo *git.Repo, inv *inverses, yield func(Part, error) bool) error {
	give := func() error {
		p, err := w.finish(ctx, inv)
		if err == nil && !yield(p, nil) {
			err = errStopped
		}
		return err
	}
	whole := len(w.opts.Releases) == 0 // which git may give as it comes, while it goes on walking
	for c, err := range repo.Log(ctx, git.LogOptions{To: w.opts.Tips, Not: w.opts.After, AnyOrder: whole}) {
		if err != nil {
			return err
		}
		w.take(c)
		if w.next == 0 && w.more[0] {
			break
		}
		for w.next > 0 && w.waiting[w.next] == 0 { // those above it were given, and what waits can only become older
			if err := give(); err != nil {
				return err
			}
		}
	}
	for w.next >= 0 {
		if err := give(); err != nil {
			return err
		}
	}
	return nil
}

// finish makes the next part of its commits, and forgets them.
func (w *parting) finish(ctx context.Context, inv *inverses) (Part, error) {
	i := w.next
	w.next--
	p := Part{More: w.more[i]}
	to := w.opts.Tips[0]
	if i < len(w.opts.Releases) {
		to = w.opts.Releases[i]
		p.Date = w.dates[to]
	}
	set := w.sets[i]
	if set == nil {
		set = newCommits()
	}
	delete(w.sets, i)
	if len(w.opts.Releases) == 0 {
		set.sort()
	}
	set.group(to)
	res, err := set.result(ctx, inv)
	if err == nil {
		p.Result = *res
	}
	return p, err
}
