package git

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Remotes returns the names of the remotes, sorted.
func (r *Repo) Remotes(ctx context.Context) ([]string, error) {
	out, err := r.read(ctx, "remote")
	if err != nil {
		return nil, err
	}
	names := strings.Fields(string(out))
	slices.Sort(names)
	return names, nil
}

// RemoteURL returns the URL that a remote is fetched from, as the repository's configuration has it, without a password
// or token in it; "" for the remote "". What url.*.insteadOf of the user makes of it stays out: the result goes into
// documents that are the same on every machine.
func (r *Repo) RemoteURL(ctx context.Context, remote string) (string, error) {
	if remote == "" {
		return "", nil
	}
	url, err := r.remoteURL(ctx, remote)
	return redact(url), err
}

// remoteURL is the URL with whatever secrets it holds.
func (r *Repo) remoteURL(ctx context.Context, remote string) (string, error) {
	if err := checkRemote(remote); err != nil {
		return "", err
	}
	out, err := r.read(ctx, "remote", "get-url", remote)
	if _, ok := exitCode(err); ok {
		return "", fmt.Errorf("remote %s: %w", remote, ErrNotFound)
	}
	return strings.TrimSuffix(string(out), "\n"), err
}

// Address returns what url.*.insteadOf of the user makes of the address of a repository.
func (r *Repo) Address(ctx context.Context, address string) (string, error) {
	if err := checkRemote(address); err != nil {
		return "", err
	}
	out, err := r.run(ctx, "ls-remote", "--get-url", "--", address)
	return strings.TrimSuffix(string(out), "\n"), err
}

func checkRemote(remote string) error {
	if remote == "" || strings.HasPrefix(remote, "-") {
		return fmt.Errorf("%q is not the name of a remote", remote)
	}
	return nil
}

// DefaultBranch returns the name of a remote's default branch, such as "main", from what was fetched last, or by asking
// the remote if that is not known here. Without a remote it is the current branch. [ErrNotFound] if there is none.
func (r *Repo) DefaultBranch(ctx context.Context, remote string) (string, error) {
	if remote == "" {
		name, ok := strings.CutPrefix(r.symbolic("HEAD"), "refs/heads/")
		if !ok {
			return "", fmt.Errorf("no branch is checked out: %w", ErrNotFound)
		}
		return name, nil
	}
	prefix := "refs/remotes/" + remote + "/"
	if name, ok := strings.CutPrefix(r.symbolic(prefix+"HEAD"), prefix); ok {
		return name, nil
	}
	refs, err := r.LsRemote(ctx, remote)
	if err != nil {
		return "", err
	}
	name, ok := strings.CutPrefix(refs.Head, "refs/heads/")
	if !ok {
		return "", fmt.Errorf("remote %s names no default branch: %w", remote, ErrNotFound)
	}
	return name, nil
}

// Fetch brings refs from a remote by refspecs such as "+refs/heads/*:refs/remotes/origin/*". Tags come only if a
// refspec names them, nothing is pruned, and a tag that exists here and points elsewhere there is a [*ClobberError]; a
// remote that cannot be read is a [*FetchError].
func (r *Repo) Fetch(ctx context.Context, remote string, refspecs ...string) error {
	if err := checkRemote(remote); err != nil {
		return err
	}
	// fetch.prune and fetch.pruneTags of the user would delete local tags that are not pushed yet.
	args := []string{"fetch", "--no-tags", "--no-prune", "--no-prune-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules", "--no-progress"}
	if len(refspecs) == 0 {
		return fmt.Errorf("fetch from %s: no refspec", remote)
	}
	_, err := r.run(ctx, append(append(args, "--", remote), refspecs...)...)
	return fetchError(remote, err)
}

// RemoteRefs is what a remote has.
type RemoteRefs struct {
	// Head is the full name of the default branch, "" if the remote does not say.
	Head string
	refs map[string]Ref
}

// Ref returns a ref by its full name.
func (r *RemoteRefs) Ref(name string) (Ref, bool) {
	ref, ok := r.refs[name]
	return ref, ok
}

// Refs returns the refs below a prefix such as refs/tags/, sorted by name.
func (r *RemoteRefs) Refs(prefix string) []Ref {
	var out []Ref
	for name, ref := range r.refs {
		if strings.HasPrefix(name, prefix) {
			out = append(out, ref)
		}
	}
	slices.SortFunc(out, func(a, b Ref) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// LsRemote asks a remote for its refs and its default branch. A Ref's Commit is what its tag is of.
func (r *Repo) LsRemote(ctx context.Context, remote string) (*RemoteRefs, error) {
	if err := checkRemote(remote); err != nil {
		return nil, err
	}
	out, err := r.run(ctx, "ls-remote", "--symref", "--quiet", "--", remote)
	if err != nil {
		return nil, fetchError(remote, err)
	}
	refs := &RemoteRefs{refs: map[string]Ref{}}
	for line := range strings.Lines(string(out)) {
		id, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		target, symbolic := strings.CutPrefix(id, "ref: ")
		tag, peeled := strings.CutSuffix(name, "^{}")
		switch {
		case symbolic && name == "HEAD":
			refs.Head = target
		case symbolic || name == "HEAD":
		case !isID(id):
			return nil, &FetchError{Remote: remote, Text: fmt.Sprintf("it answers with %.80q", clean(line))}
		case peeled:
			refs.refs[tag] = Ref{Name: tag, ID: refs.refs[tag].ID, Commit: id}
		default:
			refs.refs[name] = Ref{Name: name, ID: id, Commit: id}
		}
	}
	return refs, nil
}
