package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// WriteBlob stores bytes and returns their blob id.
func (r *Repo) WriteBlob(data []byte) (string, error) {
	obj := r.repo.Storer.NewEncodedObject()
	obj.SetType(plumbing.BlobObject)
	w, err := obj.Writer()
	if err != nil {
		return "", err
	}
	_, err = w.Write(data)
	if err := errors.Join(err, w.Close()); err != nil {
		return "", err
	}
	id, err := r.repo.Storer.SetEncodedObject(obj)
	return id.String(), err
}

// WriteFile stores data under a path with slashes on top of a tree, "" for an empty one, and returns the new tree's id.
func (r *Repo) WriteFile(tree, path string, data []byte) (string, error) {
	blob, err := r.WriteBlob(data)
	if err != nil {
		return "", fmt.Errorf("write %s: %w", path, err)
	}
	id, err := r.graft(tree, strings.Split(path, "/"), blob)
	if err != nil {
		return "", fmt.Errorf("write %s: %w", path, err)
	}
	return id, nil
}

func (r *Repo) graft(tree string, path []string, blob string) (string, error) {
	var entries []object.TreeEntry
	if tree != "" {
		t, err := r.repo.TreeObject(plumbing.NewHash(tree))
		if err != nil {
			return "", err
		}
		entries = slices.Clone(t.Entries)
	}
	i := slices.IndexFunc(entries, func(e object.TreeEntry) bool { return e.Name == path[0] })
	entry := object.TreeEntry{Name: path[0], Mode: filemode.Regular, Hash: plumbing.NewHash(blob)}
	if len(path) > 1 {
		below := ""
		if i >= 0 && entries[i].Mode == filemode.Dir {
			below = entries[i].Hash.String()
		}
		id, err := r.graft(below, path[1:], blob)
		if err != nil {
			return "", err
		}
		entry.Mode, entry.Hash = filemode.Dir, plumbing.NewHash(id)
	}
	if i >= 0 {
		entries[i] = entry
	} else {
		entries = append(entries, entry)
	}
	slices.SortFunc(entries, func(a, b object.TreeEntry) int { return strings.Compare(sortName(a), sortName(b)) })
	obj := r.repo.Storer.NewEncodedObject()
	if err := (&object.Tree{Entries: entries}).Encode(obj); err != nil {
		return "", err
	}
	id, err := r.repo.Storer.SetEncodedObject(obj)
	return id.String(), err
}

// sortName is the name by which git sorts: folders as if they ended with a slash.
func sortName(e object.TreeEntry) string {
	if e.Mode == filemode.Dir {
		return e.Name + "/"
	}
	return e.Name
}

// SignMode says whether a commit is signed.
type SignMode int

// The modes: as the user configured it, or always.
const (
	SignAsConfigured SignMode = iota
	SignAlways
)

// CommitOptions describe a commit that is made without a working tree.
type CommitOptions struct {
	Tree    string
	Parents []string
	Message string
	Sign    SignMode
}

// CommitTree makes a commit object by the user's identity and returns its id. No ref moves.
func (r *Repo) CommitTree(ctx context.Context, opts CommitOptions) (string, error) {
	args := []string{"commit-tree"}
	sign := opts.Sign == SignAlways
	if !sign {
		out, err := r.run(ctx, nil, "config", "--type=bool", "--get", "commit.gpgSign")
		sign = err == nil && strings.TrimSpace(string(out)) == "true"
	}
	if sign {
		args = append(args, "-S")
	}
	for _, p := range opts.Parents {
		args = append(args, "-p", p)
	}
	args = append(args, "-F", "-", opts.Tree)
	out, err := r.run(ctx, []byte(opts.Message), args...)
	var exit *Error
	if errors.As(err, &exit) {
		if strings.Contains(exit.Stderr, "tell me who you are") || strings.Contains(exit.Stderr, "empty ident") {
			return "", &IdentityError{Err: err}
		}
		if sign {
			return "", &SignError{Err: err}
		}
	}
	return strings.TrimSpace(string(out)), err
}

// SignError is a git that could not sign.
type SignError struct{ Err error }

func (e *SignError) Error() string { return "git could not sign: " + e.Err.Error() }
func (e *SignError) Unwrap() error { return e.Err }

// Hint says how to set signing up.
func (e *SignError) Hint() string {
	return "git config gpg.format ssh && git config user.signingkey ~/.ssh/id_ed25519.pub   (or an OpenPGP key)"
}

// Tree returns the id of a commit's tree.
func (r *Repo) Tree(commit string) (string, error) {
	c, err := r.repo.CommitObject(plumbing.NewHash(commit))
	if err != nil {
		return "", fmt.Errorf("commit %s: %w", commit, err)
	}
	return c.TreeHash.String(), nil
}

// UpdateRef points a local ref at an object, if it is where old says; "" means that it must not exist.
func (r *Repo) UpdateRef(ctx context.Context, name, id, old string) error {
	if old == "" {
		old = strings.Repeat("0", 40)
	}
	_, err := r.run(ctx, nil, "update-ref", name, id, old)
	return err
}

// rawCommit returns the bytes of a commit object.
func (r *Repo) rawCommit(id string) ([]byte, error) {
	obj, err := r.repo.Storer.EncodedObject(plumbing.CommitObject, plumbing.NewHash(id))
	if err != nil {
		return nil, fmt.Errorf("commit %s: %w", id, err)
	}
	rd, err := obj.Reader()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(rd, MaxMessage+64<<10))
	return data, errors.Join(err, rd.Close())
}
