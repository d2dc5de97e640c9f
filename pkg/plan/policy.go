package plan

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sort"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/release"
)

// Policy is a set of channel files and where it was read.
type Policy struct {
	*channel.Set
	// FS is the tree that holds the files: the pinned remote's default branch, or the working tree.
	FS fs.FS
	// Ref is the full ref name that was read, "" for the working tree.
	Ref string
	// Commit is what Ref stood at, "" for the working tree.
	Commit string
	// Branch is the name of the default branch.
	Branch string
	// Blobs are the files by blob id, sorted by path.
	Blobs []release.Blob
}

// Source says where a policy may be read.
type Source struct {
	// Remote is the name of the pinned remote, "" if the repository has none.
	Remote string
	// Branch is the default branch that the ledger pins; "" asks the remote's HEAD as last fetched.
	Branch string
	// WorkingTree lets a read-only command take channel files that are not on the default branch yet.
	WorkingTree bool
}

// RemoteRef returns the remote-tracking ref of a branch, or the branch itself if there is no remote.
func RemoteRef(remote, branch string) string {
	if remote == "" {
		return "refs/heads/" + branch
	}
	return "refs/remotes/" + remote + "/" + branch
}

// LoadPolicy reads the channel files of the default branch. A branch that is being released never has a say in its own
// gates.
func LoadPolicy(ctx context.Context, repo *git.Repo, src Source) (*Policy, error) {
	p := &Policy{Branch: src.Branch}
	if p.Branch == "" {
		var err error
		if p.Branch, err = repo.DefaultBranch(ctx, src.Remote); err != nil {
			return nil, err
		}
	}
	p.Ref = RemoteRef(src.Remote, p.Branch)
	err := p.readBranch(ctx, repo, src.Remote)
	if errors.Is(err, channel.ErrNone) && src.WorkingTree && repo.Top() != "" {
		if werr := p.readWorkingTree(repo); werr == nil || !errors.Is(werr, channel.ErrNone) {
			return p, werr
		}
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Policy) readBranch(ctx context.Context, repo *git.Repo, remote string) error {
	commit, err := repo.Resolve(ctx, p.Ref)
	if errors.Is(err, git.ErrNotFound) {
		return &branchError{ref: p.Ref, remote: remote, err: fmt.Errorf("%w: %w", channel.ErrNone, err)}
	}
	if err != nil {
		return err
	}
	if p.FS, err = repo.FS(ctx, commit); err != nil {
		return err
	}
	p.Commit = commit
	if p.Set, err = channel.Load(p.FS); err != nil {
		return fmt.Errorf("%s: %w", p.Ref, err)
	}
	for _, path := range p.pinned() {
		info, err := fs.Stat(p.FS, path)
		if err != nil {
			return err
		}
		p.Blobs = append(p.Blobs, release.Blob{Path: path, ID: git.BlobID(info)})
	}
	sortBlobs(p.Blobs)
	return nil
}

// Where the default branch holds what changelogs are written with.
const (
	OverridesDir     = "changelog/overrides"
	OperatorTemplate = "changelog/templates/operator.tmpl"
)

// SecurityDir is where the default branch holds what is known of weaknesses, a file each.
const SecurityDir = "security"

// pinned are the files that decide about a release: the channel files, what its changelog is written with, and
// what is known of weaknesses.
func (p *Policy) pinned() []string {
	files := slices.Clone(p.Files)
	for _, pattern := range []string{OverridesDir + "/*.yaml", OperatorTemplate, SecurityDir + "/*.yaml"} {
		found, err := fs.Glob(p.FS, pattern)
		if err == nil { // the patterns are well formed
			files = append(files, found...)
		}
	}
	return files
}

func (p *Policy) readWorkingTree(repo *git.Repo) error {
	p.Ref, p.Commit = "", ""
	p.FS = os.DirFS(repo.Top())
	var err error
	if p.Set, err = channel.Load(p.FS); err != nil {
		return err
	}
	for _, path := range p.pinned() {
		data, err := fs.ReadFile(p.FS, path)
		if err != nil {
			return err
		}
		p.Blobs = append(p.Blobs, release.Blob{Path: path, ID: git.HashBlob(data)})
	}
	sortBlobs(p.Blobs)
	return nil
}

// Owns reports whether a tagged version is a channel's: one of its line, or for a rolling channel one that no line with
// the same tags holds.
func (p *Policy) Owns(ch *channel.Channel, v release.Version) bool {
	if ch.Kind == release.LTS {
		return ch.Line.Contains(v)
	}
	return !slices.ContainsFunc(p.Channels, func(other *channel.Channel) bool { return other.Tag == ch.Tag && other.Line.Contains(v) })
}

func sortBlobs(b []release.Blob) {
	sort.Slice(b, func(i, j int) bool { return b[i].Path < b[j].Path })
}

// Assumption says in a sentence where the policy was read, or "" if it was the default branch.
func (p *Policy) Assumption() string {
	if p.Ref != "" {
		return ""
	}
	return "the channel files were read from the working tree; a cut reads them from the default branch of the remote, so commit and push them first"
}

// branchError is a default branch that does not exist here.
type branchError struct {
	ref, remote string
	err         error
}

func (e *branchError) Error() string {
	return fmt.Sprintf("there are no channel files: %s does not exist here", e.ref)
}
func (e *branchError) Unwrap() error { return e.err }
func (e *branchError) Hint() string {
	if e.remote == "" {
		return "commit the channel files to the default branch, and push it"
	}
	return "push the default branch, or fetch it: " + fetchBranches(e.remote)
}
