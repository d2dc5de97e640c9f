package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Try is one cherry-pick to forecast, or one revert.
type Try struct {
	// Commit is what would be picked.
	Commit string
	// Revert takes the commit back rather than bring it.
	Revert bool
	// Parent is the parent that its change is told against: "" for the only one. A merge needs its mainline here.
	Parent string
	// Onto is the commit to pick onto, or the Tree of an earlier forecast, to see how picks do in a row.
	Onto string
}

// Forecast is what a cherry-pick would do.
type Forecast struct {
	// Clean: it applies without a conflict.
	Clean bool
	// Empty: it is clean and changes nothing, since what it brings is there already.
	Empty bool
	// Tree is the id of the resulting tree, "" if it is not clean. It exists only for the [Forecaster] that made it.
	Tree string
	// Conflicts are the files that git would leave unmerged, sorted by path.
	Conflicts []Conflict
	// Err says why git cannot tell, such as an object that is missing.
	Err error
}

// Conflict is a file that git cannot merge.
type Conflict struct {
	Path string
	// Kind is git's word for it: content, add/add, modify/delete, rename/delete, rename/rename, file/directory,
	// distinct modes, binary, submodule and some more.
	Kind string
	// Absent: there is no such file where the commit would be picked to.
	Absent bool
}

// Forecaster tells what cherry-picks would do, as git's default strategy (ort) and configuration decide, with the
// attributes that the files .gitattributes give where a commit is picked to. It touches no working tree, no ref and no
// object of the repository: its results lie in a temporary folder until Close. Several goroutines may share it; they
// take turns.
//
// Each try becomes a merge of the picked commit with a commit that nobody made: the tree of the target on top of the
// picked commit's parent. That is what a cherry-pick does, and works with every git since 2.38. Long-lived
// `git merge-tree --stdin` processes, one a core, do so in 1 to 4 ms.
type Forecaster struct {
	repo       *Repo
	objects    *objects // with what the quarantine holds
	attributes *attributes

	mu      sync.Mutex
	q       *quarantine
	nothing string               // a commit without files
	made    map[[2]string]string // commits by tree and parent
	pools   []*pool              // the one that was used last at the end
}

// pool is some processes that obey the same attributes.
type pool struct {
	key     string
	call    call // starts one
	mergers []*merger
}

// maxPools is for how many sets of attributes processes are kept. Each line may have its own.
const maxPools = 6

// Forecaster starts forecasting. It must be closed.
func (r *Repo) Forecaster(ctx context.Context) (*Forecaster, error) {
	if err := r.refuseShallow(); err != nil {
		return nil, err
	}
	q, err := r.quarantine()
	if err != nil {
		return nil, err
	}
	f := &Forecaster{repo: r, q: q, made: map[[2]string]string{}}
	f.objects = &objects{command: func(context.Context) call { return q.call(q.dir, "cat-file", "--batch-command") }}
	f.attributes = &attributes{objects: f.objects, folders: map[string]folder{}}
	if f.nothing, err = q.commit(emptyTree); err == nil {
		_, err = f.pool(ctx, attributeSet{}, 1) // says now whether this git can do it
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Close ends the processes and removes everything that was written.
func (f *Forecaster) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.pools {
		p.end()
	}
	f.pools = nil
	return errors.Join(f.objects.close(), f.q.remove())
}

// Pick forecasts one cherry-pick.
func (f *Forecaster) Pick(ctx context.Context, try Try) (Forecast, error) {
	out, err := f.Picks(ctx, []Try{try})
	if err != nil {
		return Forecast{}, err
	}
	return out[0], out[0].Err
}

// Picks forecasts many cherry-picks that do not depend on each other, in the order of the tries. One of which git
// cannot tell does not stop the others.
func (f *Forecaster) Picks(ctx context.Context, tries []Try) ([]Forecast, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	jobs, err := f.prepare(ctx, tries)
	if err != nil {
		return nil, err
	}
	out := make([]Forecast, len(tries))
	for len(jobs) > 0 {
		var now, later []job
		for _, j := range jobs {
			if j.set.key == jobs[0].set.key {
				now = append(now, j)
			} else {
				later = append(later, j)
			}
		}
		p, err := f.pool(ctx, now[0].set, min(len(now), runtime.GOMAXPROCS(0)))
		if err != nil {
			return nil, err
		}
		if err := p.merge(ctx, f.nothing, now, out); err != nil {
			p.end()
			return nil, err
		}
		jobs = later
	}
	return out, nil
}

// job is a try in trees, and where its forecast goes.
type job struct {
	at           int
	onto         string // tree
	ours, theirs string // commits
	set          attributeSet
}

// prepare looks up what the tries need and writes their commits.
func (f *Forecaster) prepare(ctx context.Context, tries []Try) ([]job, error) {
	jobs := make([]job, len(tries))
	targets := map[string]job{}
	for i, t := range tries {
		parent, theirs, err := f.change(ctx, t)
		if err != nil {
			return nil, fmt.Errorf("forecast a pick: %w", err)
		}
		j, ok := targets[t.Onto]
		if !ok {
			if j, err = f.target(ctx, t.Onto); err != nil {
				return nil, fmt.Errorf("forecast a pick onto %q: %w", t.Onto, err)
			}
			targets[t.Onto] = j
		}
		if j.ours, err = f.commit(j.onto, parent); err != nil {
			return nil, err
		}
		j.at, j.theirs = i, theirs
		jobs[i] = j
	}
	return jobs, nil
}

// change returns the commits before and after a change, the latter with the former as its only parent.
func (f *Forecaster) change(ctx context.Context, t Try) (parent, theirs string, err error) {
	c, err := f.repo.Commit(ctx, t.Commit)
	if err != nil {
		return "", "", err
	}
	if parent, err = c.parentOfPick(t.Parent); err != nil {
		return "", "", err
	}
	if parent == "" { // the root of a history
		parent = f.nothing
	}
	theirs = t.Commit
	if t.Revert { // a revert picks the way from a commit back to its parent
		before, err := f.tree(ctx, parent)
		if err == nil {
			theirs, err = f.commit(before, t.Commit)
		}
		return t.Commit, theirs, err
	}
	if len(c.Parents) != 1 {
		theirs, err = f.commit(c.Tree, parent)
	}
	return parent, theirs, err
}

// parentOfPick returns the parent against which a commit is picked, "" for the root of a history.
func (c *Commit) parentOfPick(want string) (string, error) {
	switch {
	case want != "":
		if slices.Contains(c.Parents, want) {
			return want, nil
		}
		return "", fmt.Errorf("%.10s is no parent of commit %.10s", want, c.ID)
	case len(c.Parents) > 1:
		return "", fmt.Errorf("commit %.10s is a merge, which is picked against its mainline parent", c.ID)
	case len(c.Parents) == 1:
		return c.Parents[0], nil
	}
	return "", nil
}

// target finds the tree of what is picked onto, and the attributes there.
func (f *Forecaster) target(ctx context.Context, onto string) (job, error) {
	if !isID(onto) {
		return job{}, errors.New("not a full commit id")
	}
	found, err := f.objects.info(ctx, onto+"^{tree}")
	if err != nil {
		return job{}, err
	}
	if found[0].kind != "tree" {
		return job{}, ErrNotFound
	}
	set, err := f.attributes.of(ctx, found[0].id)
	return job{onto: found[0].id, set: set}, err
}

// tree returns the tree of a commit of the repository, or of nothing.
func (f *Forecaster) tree(ctx context.Context, commit string) (string, error) {
	if commit == f.nothing {
		return emptyTree, nil
	}
	c, err := f.repo.Commit(ctx, commit)
	if err != nil {
		return "", err
	}
	return c.Tree, nil
}

// commit returns a commit of a tree on top of a parent.
func (f *Forecaster) commit(tree, parent string) (string, error) {
	key := [2]string{tree, parent}
	if id, ok := f.made[key]; ok {
		return id, nil
	}
	id, err := f.q.commit(tree, parent)
	if err == nil {
		f.made[key] = id
	}
	return id, err
}

// pool returns at least n processes which know a set of attributes. They look for them in a working tree.
func (f *Forecaster) pool(ctx context.Context, set attributeSet, n int) (*pool, error) {
	var p *pool
	if at := slices.IndexFunc(f.pools, func(p *pool) bool { return p.key == set.key }); at >= 0 {
		p = f.pools[at]
		f.pools = slices.Delete(f.pools, at, at+1)
	} else {
		dir := filepath.Join(f.q.dir, "tree-"+HashBlob([]byte(set.key)))
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			if err := f.attributes.lay(ctx, set, dir); err != nil {
				return nil, fmt.Errorf("lay out attributes: %w", err)
			}
		}
		p = &pool{key: set.key, call: f.q.call(dir, "merge-tree", "--write-tree", "--messages", "--stdin")}
	}
	f.pools = append(f.pools, p)
	if len(f.pools) > maxPools {
		f.pools[0].end()
		f.pools = slices.Delete(f.pools, 0, 1)
	}
	for len(p.mergers) < n {
		m, err := startMerger(ctx, p.call, f.nothing)
		if err != nil {
			return nil, err
		}
		p.mergers = append(p.mergers, m)
	}
	return p, nil
}

// merge deals jobs out to the processes.
func (p *pool) merge(ctx context.Context, nothing string, jobs []job, out []Forecast) error {
	n := min(len(jobs), len(p.mergers))
	group, ctx := errgroup.WithContext(ctx)
	for w := range n {
		group.Go(func() error {
			var own []job
			for i := w; i < len(jobs); i += n {
				own = append(own, jobs[i])
			}
			return p.work(ctx, nothing, w, own, out)
		})
	}
	return group.Wait()
}

// work does the jobs of one process, and starts it anew after a job at which it died.
func (p *pool) work(ctx context.Context, nothing string, w int, jobs []job, out []Forecast) error {
	for len(jobs) > 0 {
		var input strings.Builder
		for _, j := range jobs {
			input.WriteString(j.ours + " " + j.theirs + "\n")
		}
		done := 0
		err := p.mergers[w].merge(ctx, input.String(), len(jobs), func(i int, r merged) {
			done++
			j := jobs[i]
			if r.clean {
				out[j.at] = Forecast{Clean: true, Empty: r.tree == j.onto, Tree: r.tree}
			} else {
				out[j.at] = Forecast{Conflicts: r.conflicts(j.ours, j.theirs)}
			}
		})
		if err == nil || ctx.Err() != nil || done == len(jobs) {
			return err
		}
		out[jobs[done].at] = Forecast{Err: err}
		jobs = jobs[done+1:]
		p.mergers[w].end()
		if p.mergers[w], err = startMerger(ctx, p.call, nothing); err != nil {
			p.mergers[w] = &merger{ended: true}
			return err
		}
	}
	return nil
}

// end stops all processes.
func (p *pool) end() {
	for _, m := range p.mergers {
		m.end()
	}
	p.mergers = nil
}
