package git

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Fetch brings refs from a remote by refspecs such as "+refs/heads/*:refs/remotes/origin/*". Tags come only if a
// refspec names them; one that exists here and points elsewhere there is an error.
func (r *Repo) Fetch(ctx context.Context, remote string, refspecs ...string) error {
	args := append([]string{"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules", remote}, refspecs...)
	_, err := r.run(ctx, nil, args...)
	var exit *Error
	if errors.As(err, &exit) {
		if strings.Contains(exit.Stderr, "would clobber existing tag") {
			return &ClobberError{Remote: remote, Text: exit.Stderr}
		}
		return &FetchError{Remote: remote, Text: exit.Stderr}
	}
	return err
}

// FetchError is a remote that could not be read.
type FetchError struct{ Remote, Text string }

func (e *FetchError) Error() string { return fmt.Sprintf("fetch from %s: %s", e.Remote, e.Text) }

// Hint says how to try by hand.
func (e *FetchError) Hint() string {
	return "check the remote with git ls-remote " + e.Remote
}

// ClobberError is a tag that is one thing here and another on the remote.
type ClobberError struct{ Remote, Text string }

func (e *ClobberError) Error() string {
	return fmt.Sprintf("a tag here differs from the one on %s: %s", e.Remote, e.Text)
}

// Hint says how to find out which is right.
func (e *ClobberError) Hint() string {
	return "compare git ls-remote --tags " + e.Remote + " with git tag; delete the local tag if it is the wrong one"
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

// LsRemote asks a remote for its branches, tags and default branch.
func (r *Repo) LsRemote(ctx context.Context, remote string) (*RemoteRefs, error) {
	out, err := r.run(ctx, nil, "ls-remote", "--symref", "--quiet", remote)
	var exit *Error
	if errors.As(err, &exit) {
		return nil, &FetchError{Remote: remote, Text: exit.Stderr}
	}
	if err != nil {
		return nil, err
	}
	refs := &RemoteRefs{refs: map[string]Ref{}}
	for line := range strings.Lines(string(out)) {
		id, name, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if target, ok := strings.CutPrefix(id, "ref: "); ok {
			if name == "HEAD" {
				refs.Head = target
			}
			continue
		}
		if tag, ok := strings.CutSuffix(name, "^{}"); ok {
			ref := refs.refs[tag]
			ref.Commit = id
			refs.refs[tag] = ref
			continue
		}
		refs.refs[name] = Ref{Name: name, ID: id, Commit: id}
	}
	return refs, nil
}

// Update is one ref that a push changes.
type Update struct {
	// Ref is the full name, New the object that it shall point at.
	Ref, New string
	// Old is what it must point at on the remote, an ancestor of New; "" means that it must not exist.
	Old string
}

// Push changes refs of a remote, all or none. It never forces: a ref that is to be created must not exist, one that is
// to move must be where Old says and move forward. A failure is a [*PushError].
func (r *Repo) Push(ctx context.Context, remote string, updates []Update) error {
	args := []string{"push", "--atomic", "--porcelain", "--no-follow-tags", "--recurse-submodules=no"}
	for _, u := range updates {
		if u.Old == "" {
			// An empty expectation means "must not exist". For a ref that moves no lease is given, since a lease
			// would also allow to move it backwards.
			args = append(args, "--force-with-lease="+u.Ref+":")
		}
	}
	args = append(args, remote)
	for _, u := range updates {
		args = append(args, u.New+":"+u.Ref)
	}
	out, err := r.run(ctx, nil, args...)
	var exit *Error
	if err == nil || !errors.As(err, &exit) {
		return err
	}
	return pushError(remote, string(out), exit.Stderr)
}

// pushError reads the lines of `git push --porcelain`: "!\t<from>:<to>\t[rejected] (why)".
func pushError(remote, porcelain, stderr string) error {
	e := &PushError{Remote: remote, Reason: Unreachable, Text: stderr}
	for line := range strings.Lines(porcelain) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) != 3 || f[0] != "!" || strings.Contains(f[2], "atomic push failed") || strings.Contains(f[2], "atomic transaction failed") {
			continue
		}
		_, e.Ref, _ = strings.Cut(f[1], ":")
		e.Text = f[2]
		switch {
		case strings.Contains(f[2], "[remote rejected]") && (strings.Contains(f[2], "cannot lock ref") || strings.Contains(f[2], "reference already exists") || strings.Contains(f[2], "failed to update ref") || strings.Contains(f[2], "fetch first")):
			e.Reason = Stale
		case strings.Contains(f[2], "[remote rejected]"):
			e.Reason = Refused
			e.Text = strings.TrimSpace(f[2] + " " + remoteSays(stderr))
		default:
			e.Reason = Stale
		}
		return e
	}
	if strings.Contains(stderr, "does not support --atomic push") {
		e.Text = "the remote cannot push several refs at once (--atomic), which a release needs"
	}
	return e
}

// remoteSays keeps the lines that the server's hooks print.
func remoteSays(stderr string) string {
	var lines []string
	for line := range strings.SplitSeq(stderr, "; ") {
		if text, ok := strings.CutPrefix(line, "remote:"); ok && strings.TrimSpace(text) != "" {
			lines = append(lines, strings.TrimSpace(text))
		}
	}
	return strings.Join(lines, "; ")
}
