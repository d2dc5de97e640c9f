package deploy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/git"
)

// DefaultBranch is the short name of the deploy branch unless the product says otherwise.
const DefaultBranch = "relctl/deploy"

// Branch is the deploy branch of a remote. It is for one goroutine at a time.
type Branch struct {
	repo *git.Repo
	// remote is its name or its address, local where the branch is found in this clone.
	remote, name, local string
	// gone says that the remote had no such branch when it was asked last, whatever this clone remembers.
	gone bool
}

// NewBranch returns the deploy branch of the given short name, "" for [DefaultBranch].
func NewBranch(repo *git.Repo, remote, name string) *Branch {
	if name == "" {
		name = DefaultBranch
	}
	return &Branch{repo: repo, remote: remote, name: name, local: "refs/remotes/" + remote + "/" + name}
}

// NewBranchAt returns the deploy branch of a repository for which this clone has no remote, by its address.
func NewBranchAt(repo *git.Repo, address, name string) *Branch {
	b := NewBranch(repo, address, name)
	b.local = "refs/relctl/deploy/" + b.name
	return b
}

// Remote is the name of the remote that has the branch, or its address.
func (b *Branch) Remote() string { return b.remote }

// Ref is the branch's full name on the remote.
func (b *Branch) Ref() string { return "refs/heads/" + b.name }

// Fetch brings the branch up to date with the remote. A remote without it is no error.
func (b *Branch) Fetch(ctx context.Context) error {
	refs, err := b.repo.LsRemote(ctx, b.remote)
	if err != nil {
		return err
	}
	at, ok := refs.Ref(b.Ref())
	if b.gone = !ok; b.gone {
		return nil
	}
	if have, err := b.Head(ctx); err != nil || have == at.ID {
		return err
	}
	return b.repo.Fetch(ctx, b.remote, "+"+b.Ref()+":"+b.local)
}

// Head returns the commit at which the branch stood when it was fetched last, "" if there was none.
func (b *Branch) Head(ctx context.Context) (string, error) {
	if b.gone {
		return "", nil
	}
	id, err := b.repo.Resolve(ctx, b.local)
	if errors.Is(err, git.ErrNotFound) {
		return "", nil
	}
	return id, err
}

// Files returns the files of the branch as fetched last, nil if there is none.
func (b *Branch) Files(ctx context.Context) (fs.FS, error) {
	head, err := b.Head(ctx)
	if head == "" || err != nil {
		return nil, err
	}
	return b.repo.FS(ctx, head)
}

// Change is what a commit makes of the branch, and what it says.
type Change struct {
	Set     *Set
	Message Message
}

// attempts bounds how often a lost race is tried again.
const attempts = 20

// Commit fetches the branch, asks what to make of it, and pushes one commit, unless the branch holds all of it already.
// If somebody else pushes meanwhile, it asks again on top of that; decide may return nil for nothing to do. It returns
// the commit at which the branch stands then, and whether that is a new one. What belongs to people stays as it is.
func (b *Branch) Commit(ctx context.Context, decide func(files fs.FS) (*Change, error)) (id string, made bool, err error) {
	for try := range attempts {
		if err := b.Fetch(ctx); err != nil {
			return "", false, err
		}
		head, err := b.Head(ctx)
		if err != nil {
			return "", false, err
		}
		files, err := b.Files(ctx)
		if err != nil {
			return "", false, err
		}
		c, err := decide(files)
		if c == nil || err != nil {
			return head, false, err
		}
		id, err := b.push(ctx, head, files, c)
		var lost *git.PushError
		if err == nil || !errors.As(err, &lost) || lost.Reason != git.Stale {
			return id, err == nil && id != head, err
		}
		if err := pause(ctx, try); err != nil {
			return "", false, err
		}
	}
	return "", false, fmt.Errorf("deploy: %s of %s moved %d times while this was being written; run the command again", b.name, b.remote, attempts)
}

// pause waits a random while, longer after each lost race.
func pause(ctx context.Context, try int) error {
	t := time.NewTimer(time.Duration(rand.Int64N(int64(try+1) * int64(20*time.Millisecond)))) //nolint:gosec // jitter
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// push writes the change on top of head and returns the commit, head itself if nothing differs.
func (b *Branch) push(ctx context.Context, head string, files fs.FS, c *Change) (string, error) {
	old := ""
	if head != "" {
		var err error
		if old, err = b.repo.Tree(head); err != nil {
			return "", err
		}
	}
	tree, err := b.tree(ctx, old, files, c.Set)
	if err != nil || tree == old {
		return head, err
	}
	opts := git.CommitOptions{Tree: tree, Message: c.Message.String()}
	if head != "" {
		opts.Parents = []string{head}
	}
	id, err := b.repo.CommitTree(ctx, opts)
	if err != nil {
		return "", err
	}
	if err := b.repo.Push(ctx, b.remote, []git.Update{{Ref: b.Ref(), New: id, Old: head}}); err != nil {
		return "", err
	}
	b.gone = false
	if err := b.repo.UpdateRef(ctx, b.local, id, head); err != nil {
		// A concurrent fetch in this clone moved it already, or it was there before; the remote has the commit.
		return id, b.Fetch(ctx)
	}
	return id, nil
}

// tree writes the set on top of a tree.
func (b *Branch) tree(ctx context.Context, old string, files fs.FS, set *Set) (string, error) {
	have, err := inventory(files)
	if err != nil {
		return "", err
	}
	want := map[string][]byte{}
	for name, data := range set.Files {
		want[name] = data
	}
	for name, data := range set.Scaffolds {
		if have[name] == nil {
			want[name] = data
		}
	}
	tree, anew := old, stale(have, set) && rewritable(have)
	if anew { // there is no way to take single files out of a tree
		tree = ""
		for _, name := range sortedKeys(have) {
			if want[name] != nil || set.owns(name) {
				continue
			}
			if want[name], err = fs.ReadFile(files, name); err != nil {
				return "", err
			}
		}
	}
	for _, name := range sortedKeys(want) {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		if is := have[name]; !anew && is != nil && git.BlobID(is) == git.HashBlob(want[name]) {
			continue
		}
		if tree, err = b.repo.WriteFile(tree, name, want[name]); err != nil {
			return "", err
		}
	}
	return tree, nil
}

// inventory lists the files of a branch. files may be nil.
func inventory(files fs.FS) (map[string]fs.FileInfo, error) {
	out := map[string]fs.FileInfo{}
	if files == nil {
		return out, nil
	}
	return out, fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		out[name] = info
		return err
	})
}

// stale reports whether files remain of what the set owns and does not hold.
func stale(have map[string]fs.FileInfo, set *Set) bool {
	for name := range have {
		if set.Files[name] == nil && set.owns(name) {
			return true
		}
	}
	return false
}

// rewritable reports whether all files can be written again as they are: no links, no programs.
func rewritable(have map[string]fs.FileInfo) bool {
	for _, info := range have {
		if info.Mode() != 0o644 {
			return false
		}
	}
	return true
}

// Trailer returns the value of a trailer in a message, "" if it has none.
func Trailer(message, key string) string {
	last := message[strings.LastIndex(strings.TrimSpace(message), "\n\n")+1:]
	for line := range strings.Lines(last) {
		if v, ok := strings.CutPrefix(line, key+": "); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
