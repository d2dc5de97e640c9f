package git

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/relctl/relctl/internal/disk"
)

// WriteBlob stores bytes and returns their blob id.
func (r *Repo) WriteBlob(data []byte) (string, error) { return r.store(plumbing.BlobObject, data) }

// store writes a loose object.
func (r *Repo) store(kind plumbing.ObjectType, data []byte) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	obj := r.storage.NewEncodedObject()
	obj.SetType(kind)
	w, err := obj.Writer()
	if err != nil {
		return "", err
	}
	_, err = w.Write(data)
	if err := errors.Join(err, w.Close()); err != nil {
		return "", err
	}
	var id plumbing.Hash
	err = disk.Do("object", kind.String(), func() (err error) {
		id, err = r.storage.SetEncodedObject(obj)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("write a %s: %w", kind, err)
	}
	return id.String(), nil
}

// WriteFile stores data under a path with slashes on top of a tree, "" for an empty one, and returns the new tree's id.
// A file that is there already is replaced; a folder in the place of the file, or the other way round, is an error.
func (r *Repo) WriteFile(tree, path string, data []byte) (string, error) {
	parts := strings.Split(path, "/")
	for _, p := range parts {
		if p == "" || p == "." || p == ".." || strings.EqualFold(p, ".git") || strings.ContainsRune(p, 0) {
			return "", fmt.Errorf("write %q: not a path of a file in a tree", path)
		}
	}
	blob, err := r.WriteBlob(data)
	if err != nil {
		return "", fmt.Errorf("write %s: %w", path, err)
	}
	id, err := r.graft(tree, parts, blob)
	if err != nil {
		return "", fmt.Errorf("write %s: %w", path, err)
	}
	return id, nil
}

// graft puts a blob into a tree and returns the id of the changed tree.
func (r *Repo) graft(tree string, path []string, blob string) (string, error) {
	var entries []entry
	if tree != "" {
		raw, err := r.objects.read(context.Background(), "tree", tree, maxTree) // reading here waits for nobody
		if err != nil {
			return "", err
		}
		if entries, err = parseTree(raw); err != nil {
			return "", err
		}
	}
	e := entry{name: path[0], mode: "100644", id: blob}
	i := slices.IndexFunc(entries, func(e entry) bool { return e.name == path[0] })
	if i >= 0 && (entries[i].mode == modeDir) != (len(path) > 1) {
		return "", fmt.Errorf("%s is a file in one place and a folder in the other", path[0])
	}
	if len(path) > 1 {
		below := ""
		if i >= 0 {
			below = entries[i].id
		}
		id, err := r.graft(below, path[1:], blob)
		if err != nil {
			return "", err
		}
		e.mode, e.id = modeDir, id
	}
	if i >= 0 {
		entries[i] = e
	} else {
		entries = append(entries, e)
	}
	return r.writeTree(entries)
}

func (r *Repo) writeTree(entries []entry) (string, error) {
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.sortName(), b.sortName()) })
	var raw []byte
	for _, e := range entries {
		id, err := hex.DecodeString(e.id)
		if err != nil {
			return "", err
		}
		raw = append(raw, e.mode+" "+e.name+"\x00"...)
		raw = append(raw, id...)
	}
	return r.store(plumbing.TreeObject, raw)
}

// sortName is the name by which git sorts: folders as if they ended with a slash.
func (e entry) sortName() string {
	if e.mode == modeDir {
		return e.name + "/"
	}
	return e.name
}

// Tree returns the id of a commit's tree.
func (r *Repo) Tree(commit string) (string, error) {
	c, err := r.Commit(context.Background(), commit)
	if err != nil {
		return "", err
	}
	return c.Tree, nil
}

// SignMode says whether a commit is signed.
type SignMode int

// The modes: as commit.gpgSign says, always, or never.
const (
	SignAsConfigured SignMode = iota
	SignAlways
	SignNever
)

// CommitOptions describe a commit that is made without a working tree.
type CommitOptions struct {
	Tree    string
	Parents []string
	Message string
	Sign    SignMode
	// Date of author and committer; the zero time takes the clock.
	Date time.Time
}

// CommitTree makes a commit object by the user's identity and returns its id. No ref moves. Errors are
// [*IdentityError] and [*SignError] where those are the reason.
func (r *Repo) CommitTree(ctx context.Context, opts CommitOptions) (string, error) {
	// commit-tree pays no heed to commit.gpgSign.
	sign := opts.Sign == SignAlways
	if opts.Sign == SignAsConfigured {
		var err error
		if sign, err = r.setting(ctx, "commit.gpgSign"); err != nil {
			return "", err
		}
	}
	args := []string{"-c", "user.useConfigOnly=true", "-c", "i18n.commitEncoding=UTF-8", "commit-tree"}
	if sign {
		args = append(args, "-S")
	}
	for _, p := range opts.Parents {
		args = append(args, "-p", p)
	}
	c := call{dir: r.dir(), user: true, stdin: []byte(opts.Message), args: r.args(append(args, "-F", "-", opts.Tree))}
	if !opts.Date.IsZero() {
		date := fmt.Sprintf("%d +0000", opts.Date.Unix())
		c.env = []string{"GIT_AUTHOR_DATE=" + date, "GIT_COMMITTER_DATE=" + date}
	}
	out, said, err := c.output(ctx)
	if err != nil {
		return "", createError(err)
	}
	id := strings.TrimSpace(string(out))
	if !sign {
		return id, nil
	}
	raw, err := r.rawCommit(ctx, id)
	if err != nil {
		return "", err
	}
	if _, _, err := splitSignature(raw); errors.Is(err, ErrUnsigned) { // as git 2.39 does with tags
		return "", &SignError{Err: errors.New(brief(said))}
	}
	return id, nil
}
