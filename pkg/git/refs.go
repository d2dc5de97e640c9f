package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// Ref is a ref and what it points at.
type Ref struct {
	// Name is the full name.
	Name string
	// ID is the object it points at, an annotated tag's own id.
	ID string
	// Commit is the commit behind it: the same as ID unless it is an annotated tag, "" if it is no commit at all.
	Commit string
}

// CheckRef reports whether name is a full ref name that git would accept.
func CheckRef(name string) error {
	if !strings.HasPrefix(name, "refs/") || strings.Count(name, "/") < 2 {
		return fmt.Errorf("%q is not a full ref name such as refs/heads/main", name)
	}
	bad := strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`~^:?*[\`, r) }) ||
		strings.Contains(name, "..") || strings.Contains(name, "@{") || strings.HasSuffix(name, ".")
	for part := range strings.SplitSeq(name, "/") {
		bad = bad || part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock")
	}
	if bad {
		return fmt.Errorf("%q is not a valid ref name", name)
	}
	return nil
}

// isID reports whether s is a full object id.
func isID(s string) bool {
	return len(s) == 40 && strings.Trim(s, "0123456789abcdef") == ""
}

// Resolve returns the commit id of a full ref name or a full commit id, or [ErrNotFound]. A ref is looked up under this
// very name; git's own search through refs/tags and refs/heads plays no part.
func (r *Repo) Resolve(ctx context.Context, name string) (string, error) {
	ids, err := r.ids(ctx, name)
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// ids resolves many names at once.
func (r *Repo) ids(ctx context.Context, names ...string) ([]string, error) {
	ids, err := r.lookUpAll(names)
	if err != nil {
		return nil, err
	}
	for i := range ids {
		ids[i] += "^{}"
	}
	found, err := r.objects.info(ctx, ids...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", strings.Join(names[:min(len(names), 3)], ", "), err)
	}
	for i, name := range names {
		switch f := found[i]; f.kind {
		case "commit":
			ids[i] = f.id
		case "":
			return nil, fmt.Errorf("commit %s: %w", name, ErrNotFound)
		default:
			return nil, fmt.Errorf("%s is a %s, not a commit: %w", name, f.kind, ErrNotFound)
		}
	}
	return ids, nil
}

// lookUpAll returns the objects that full ref names point at. Full ids stay.
func (r *Repo) lookUpAll(names []string) ([]string, error) {
	ids := slices.Clone(names)
	for i, name := range names {
		if isID(name) {
			continue
		}
		var err error
		if ids[i], err = r.lookUp(name); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// lookUp returns the object that a ref points at, a tag object's own id.
func (r *Repo) lookUp(name string) (string, error) {
	if err := CheckRef(name); err != nil {
		return "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	ref, err := storer.ResolveReference(r.storage, plumbing.ReferenceName(name))
	// The name of a folder of refs reads as an error of the file system.
	if errors.Is(err, plumbing.ErrReferenceNotFound) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.EISDIR) || errors.Is(err, syscall.ENOTDIR) {
		return "", fmt.Errorf("%s: %w", name, ErrNotFound)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return ref.Hash().String(), nil
}

// symbolic returns what a symbolic ref such as HEAD names, "" if it is not symbolic or does not exist.
func (r *Repo) symbolic(name string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	ref, err := r.storage.Reference(plumbing.ReferenceName(name))
	if err != nil || ref.Type() != plumbing.SymbolicReference {
		return ""
	}
	return ref.Target().String()
}

// Refs returns the refs below a prefix that ends with a slash, such as refs/tags/, sorted by name.
func (r *Repo) Refs(ctx context.Context, prefix string) ([]Ref, error) {
	if !strings.HasPrefix(prefix, "refs/") || !strings.HasSuffix(prefix, "/") {
		return nil, fmt.Errorf("%q is not a prefix of refs such as refs/tags/", prefix)
	}
	// Asking for %(*objectname) here would read every commit: tags are peeled below.
	out, err := r.read(ctx, "for-each-ref", "--format=%(refname) %(objectname) %(objecttype)", prefix)
	if err != nil {
		return nil, err
	}
	var refs []Ref
	var tags []int
	var names []string
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) != 3 || !isID(f[1]) {
			return nil, fmt.Errorf("git for-each-ref: unexpected line %q", line)
		}
		ref := Ref{Name: f[0], ID: f[1]}
		switch f[2] {
		case "commit":
			ref.Commit = ref.ID
		case "tag":
			tags, names = append(tags, len(refs)), append(names, ref.ID+"^{}")
		}
		refs = append(refs, ref)
	}
	if len(names) == 0 {
		return refs, nil
	}
	peeled, err := r.objects.info(ctx, names...)
	if err != nil {
		return nil, err
	}
	for i, at := range tags {
		if peeled[i].kind == "commit" {
			refs[at].Commit = peeled[i].id
		}
	}
	return refs, nil
}

// UpdateRef points a local ref at an object, if it is where old says; "" means that it must not exist.
func (r *Repo) UpdateRef(ctx context.Context, name, id, old string) error {
	if err := CheckRef(name); err != nil {
		return err
	}
	if old == "" {
		old = strings.Repeat("0", 40)
	}
	_, err := r.read(ctx, "update-ref", "--no-deref", name, id, old)
	return err
}
