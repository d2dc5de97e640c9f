package git

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// Ref is a ref and what it points at.
type Ref struct {
	// Name is the full name.
	Name string
	// ID is the object it points at, an annotated tag's own id.
	ID string
	// Commit is the commit behind it; the same as ID unless it is an annotated tag.
	Commit string
}

// Resolve returns the commit id of a full ref name or a full commit id, or [ErrNotFound].
func (r *Repo) Resolve(ctx context.Context, name string) (string, error) {
	if !isID(name) && !strings.HasPrefix(name, "refs/") {
		return "", fmt.Errorf("%q is neither a full ref name nor a full commit id", name)
	}
	if !isID(name) {
		ref, err := r.repo.Reference(plumbing.ReferenceName(name), true)
		if errors.Is(err, plumbing.ErrReferenceNotFound) {
			return "", fmt.Errorf("%s: %w", name, ErrNotFound)
		}
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		if !strings.HasPrefix(name, "refs/tags/") {
			return ref.Hash().String(), nil // branches point at commits
		}
		name = ref.Hash().String()
	}
	out, err := r.read(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
	var exit *Error
	if errors.As(err, &exit) && exit.Code != 0 {
		return "", fmt.Errorf("%s: %w", name, ErrNotFound)
	}
	return strings.TrimSpace(string(out)), err
}

func isID(s string) bool {
	return len(s) == 40 && strings.Trim(s, "0123456789abcdef") == ""
}

// Refs returns the refs below a prefix such as refs/tags/, sorted by name.
func (r *Repo) Refs(ctx context.Context, prefix string) ([]Ref, error) {
	out, err := r.read(ctx, "for-each-ref", "--format=%(refname) %(objectname) %(*objectname)", prefix)
	if err != nil {
		return nil, err
	}
	var refs []Ref
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			return nil, fmt.Errorf("git for-each-ref: unexpected line %q", line)
		}
		ref := Ref{Name: f[0], ID: f[1], Commit: f[1]}
		if len(f) == 3 {
			ref.Commit = f[2]
		}
		refs = append(refs, ref)
	}
	return refs, nil
}

// Tag is a tag by name.
type Tag struct {
	Name string
	// Object is the tag object's id, the commit's if the tag is lightweight.
	Object, Commit string
	Message        string
	Annotated      bool
}

// Tag reads a tag, given without refs/tags/, or returns [ErrNotFound].
func (r *Repo) Tag(ctx context.Context, name string) (*Tag, error) {
	ref, err := r.repo.Reference(plumbing.ReferenceName("refs/tags/"+name), true)
	if errors.Is(err, plumbing.ErrReferenceNotFound) {
		return nil, fmt.Errorf("tag %s: %w", name, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("tag %s: %w", name, err)
	}
	t := &Tag{Name: name, Object: ref.Hash().String()}
	obj, err := r.repo.TagObject(ref.Hash())
	switch {
	case err == nil:
		t.Annotated, t.Message = true, obj.Message
	case !errors.Is(err, plumbing.ErrObjectNotFound):
		return nil, fmt.Errorf("tag %s: %w", name, err)
	}
	t.Commit, err = r.Resolve(ctx, "refs/tags/"+name)
	return t, err
}

// CreateTag makes an annotated tag as the user configured it: with tag.gpgSign it is signed. It returns the id of the
// tag object. The tag must not exist.
func (r *Repo) CreateTag(ctx context.Context, name, commit, message string) (string, error) {
	if _, err := r.run(ctx, []byte(message), "tag", "--annotate", "--cleanup=verbatim", "--file=-", name, commit); err != nil {
		return "", fmt.Errorf("tag %s: %w", name, err)
	}
	t, err := r.Tag(ctx, name)
	if err != nil {
		return "", err
	}
	return t.Object, nil
}

// DeleteTag deletes a local tag if it still points at object.
func (r *Repo) DeleteTag(ctx context.Context, name, object string) error {
	_, err := r.run(ctx, nil, "update-ref", "-d", "refs/tags/"+name, object)
	return err
}

// IsAncestor reports whether commit a is b or an ancestor of it.
func (r *Repo) IsAncestor(ctx context.Context, a, b string) (bool, error) {
	if a == b {
		return true, nil
	}
	_, err := r.read(ctx, "merge-base", "--is-ancestor", a, b)
	var exit *Error
	switch {
	case err == nil:
		return true, nil
	case errors.As(err, &exit) && exit.Code == 1:
		return false, nil
	case errors.As(err, &exit) && strings.Contains(exit.Stderr, "Not a valid"):
		return false, nil // an id that does not exist here is nobody's ancestor
	}
	return false, err
}

// MergeBase returns the best common ancestor of two commits, or [ErrNotFound].
func (r *Repo) MergeBase(ctx context.Context, a, b string) (string, error) {
	out, err := r.read(ctx, "merge-base", a, b)
	var exit *Error
	if errors.As(err, &exit) && exit.Code == 1 {
		return "", fmt.Errorf("common ancestor: %w", ErrNotFound)
	}
	return strings.TrimSpace(string(out)), err
}

// CountRange counts the commits that the ref or id to has and not has not.
func (r *Repo) CountRange(ctx context.Context, not, to string) (int, error) {
	out, err := r.read(ctx, "rev-list", "--count", to, "^"+not)
	if err != nil {
		return 0, err
	}
	var n int
	_, err = fmt.Sscan(string(out), &n)
	return n, err
}

// Remotes returns the names of the remotes, sorted.
func (r *Repo) Remotes(context.Context) ([]string, error) {
	list, err := r.repo.Remotes()
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(list))
	for _, remote := range list {
		names = append(names, remote.Config().Name)
	}
	slices.Sort(names)
	return names, nil
}

// RemoteURL returns the URL that a remote is fetched from, without a password in it; "" for the remote "".
func (r *Repo) RemoteURL(ctx context.Context, remote string) (string, error) {
	if remote == "" {
		return "", nil
	}
	out, err := r.run(ctx, nil, "remote", "get-url", remote)
	return redact(strings.TrimSpace(string(out))), err
}

// DefaultBranch returns the name of a remote's default branch, "main", from what was fetched last, or by asking the
// remote. Without a remote it is the current branch.
func (r *Repo) DefaultBranch(ctx context.Context, remote string) (string, error) {
	if remote == "" {
		ref, err := r.repo.Reference(plumbing.HEAD, false)
		if err != nil || ref.Type() != plumbing.SymbolicReference {
			return "", fmt.Errorf("no branch is checked out: %w", errors.Join(err, ErrNotFound))
		}
		return ref.Target().Short(), nil
	}
	prefix := "refs/remotes/" + remote + "/"
	if ref, err := r.repo.Reference(plumbing.ReferenceName(prefix+"HEAD"), false); err == nil && ref.Type() == plumbing.SymbolicReference {
		return strings.TrimPrefix(ref.Target().String(), prefix), nil
	}
	refs, err := r.LsRemote(ctx, remote)
	if err != nil {
		return "", err
	}
	if refs.Head == "" {
		return "", fmt.Errorf("remote %s names no default branch: %w", remote, ErrNotFound)
	}
	return strings.TrimPrefix(refs.Head, "refs/heads/"), nil
}

