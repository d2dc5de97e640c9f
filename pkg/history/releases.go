package history

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/git"
)

// ReleasesOptions name a history and the releases that part it.
type ReleasesOptions struct {
	// Tips are where the history ends: the branch's head, or the newest release; after it whatever else counts, such
	// as releases that the branch does not contain.
	Tips []string
	// After are commits whose history is left out.
	After []string
	// Releases are the commit ids of the releases, the oldest first.
	Releases []string
	// Across leaves out what was taken back anywhere in the history, not only inside one release.
	Across bool
	// Limit is how many commits of a part are read, the newest; 0 for all.
	Limit int
}

// Part is what one release brought.
type Part struct {
	Result
	// Date is the committer date of the release's commit, zero if the history does not hold it.
	Date time.Time
	// More says that it brought further commits, which were not read because of a limit.
	More bool
}

// Releases parts a history among its releases, in one walk: each commit belongs to the oldest release that contains it.
// It returns a part for each release, in their order, and one more for what no release contains.
func Releases(ctx context.Context, repo *git.Repo, opts ReleasesOptions) ([]Part, error) {
	if opts.Across {
		return across(ctx, repo, opts)
	}
	w := newParting(opts)
	parts := make([]Part, 0, len(opts.Releases)+1)
	for p, err := range w.parts(ctx, repo) {
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	slices.Reverse(parts)
	for i, id := range opts.Releases { // also of those that an older one contains
		parts[i].Date = w.dates[id]
	}
	return parts, nil
}

// Stream gives what [Releases] returns from the other end: first what no release contains, then what each brought, the
// newest first, as soon as it is known. It holds little more than one part at a time, where releases follow upon each
// other. The date of a release that an older one contains is zero. Options with Across are an error.
func Stream(ctx context.Context, repo *git.Repo, opts ReleasesOptions) iter.Seq2[Part, error] {
	if opts.Across {
		return func(yield func(Part, error) bool) {
			yield(Part{}, errors.New("what was taken back anywhere is known at the end only"))
		}
	}
	return newParting(opts).parts(ctx, repo)
}

// across reads a whole history and parts what is left of it.
func across(ctx context.Context, repo *git.Repo, opts ReleasesOptions) (_ []Part, err error) {
	all, w := newCommits(), newParting(opts)
	var at []int // the part of each commit
	for c, err := range repo.Log(ctx, git.LogOptions{To: opts.Tips, Not: opts.After}) {
		if err != nil {
			return nil, err
		}
		all.add(&unit{commit: c, message: parseCommit(c)})
		at = append(at, w.place(c))
	}
	inv := &inverses{repo: repo}
	defer func() { err = errors.Join(err, inv.close()) }()
	all.group(opts.Tips[0])
	whole, err := all.result(ctx, inv)
	if err != nil {
		return nil, err
	}
	parts := make([]Part, len(opts.Releases)+1)
	for _, c := range whole.Changes {
		p := &parts[at[all.byID[c.Commit].order]]
		p.Changes = append(p.Changes, c)
	}
	for _, c := range whole.Dropped {
		p := &parts[at[all.byID[c.Commit].order]]
		p.Dropped = append(p.Dropped, c)
	}
	for i, id := range opts.Releases {
		parts[i].Date = w.dates[id]
	}
	return parts, nil
}

func newCommits() *commits { return &commits{byID: map[string]*unit{}} }

// add takes the next commit of a walk.
func (r *commits) add(u *unit) {
	u.order = len(r.list)
	r.list = append(r.list, u)
	r.byID[u.commit.ID] = u
}

// sort puts the list into generation order, whatever order it came in: no parent before its children, and one branch
// after the other, as git log --topo-order does.
func (r *commits) sort() {
	found := make([][]*unit, len(r.list))
	children := make([]int, len(r.list))
	pool := make([]*unit, 0, 2*len(r.list)) // of which the slices in found are parts
	for i, u := range r.list {
		begin := len(pool)
		for _, id := range u.commit.Parents {
			if p := r.byID[id]; p != nil {
				pool = append(pool, p)
				children[p.order]++
			}
		}
		found[i] = pool[begin:len(pool):len(pool)]
	}
	var stack []*unit
	for _, u := range slices.Backward(r.list) {
		if children[u.order] == 0 {
			stack = append(stack, u)
		}
	}
	sorted := make([]*unit, 0, len(r.list))
	for len(stack) > 0 {
		u := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		sorted = append(sorted, u)
		for _, p := range found[u.order] {
			if children[p.order]--; children[p.order] == 0 {
				stack = append(stack, p)
			}
		}
	}
	for i, u := range sorted {
		u.order = i
	}
	r.list = sorted
}
