package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// MaxBlob is the largest file that [Repo.FS] reads, in bytes.
const MaxBlob = 16 << 20

// FS returns the files of a commit. Symbolic links and submodules are listed and not followed. Folders are listed by
// the git program when they are first looked into: a few small files of a large repository cost milliseconds, where
// go-git first loads the pack's index.
func (r *Repo) FS(ctx context.Context, commit string) (fs.FS, error) {
	if !isID(commit) {
		return nil, fmt.Errorf("%q is not a full commit id", commit)
	}
	return &treeFS{ctx: ctx, repo: r, commit: commit, dirs: map[string][]*node{}}, nil
}

// treeFS is a commit's tree. It keeps the context of the command that opened it, since fs.FS has no other way in.
type treeFS struct {
	ctx    context.Context //nolint:containedctx // see above
	repo   *Repo
	commit string
	mu     sync.Mutex
	dirs   map[string][]*node
}

// node is one entry of a tree; it is its own FileInfo and DirEntry.
type node struct {
	name, id string
	mode     fs.FileMode
	size     int64
}

func (n *node) Name() string               { return n.name }
func (n *node) Size() int64                { return n.size }
func (n *node) Mode() fs.FileMode          { return n.mode }
func (n *node) Type() fs.FileMode          { return n.mode.Type() }
func (n *node) ModTime() time.Time         { return time.Time{} }
func (n *node) IsDir() bool                { return n.mode.IsDir() }
func (n *node) Sys() any                   { return n.id }
func (n *node) Info() (fs.FileInfo, error) { return n, nil }

// BlobID returns the blob id of a file of [Repo.FS], "" for others.
func BlobID(info fs.FileInfo) string {
	id, _ := info.Sys().(string)
	return id
}

// HashBlob returns the id that git gives a file with these bytes.
func HashBlob(data []byte) string {
	return plumbing.ComputeHash(plumbing.BlobObject, data).String()
}

// Open implements fs.FS.
func (t *treeFS) Open(name string) (fs.File, error) {
	n, err := t.find(name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	if n.IsDir() {
		return &dirFile{node: n, fs: t, path: name}, nil
	}
	if !n.mode.IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("not a regular file")}
	}
	if n.size > MaxBlob {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fmt.Errorf("%d bytes, at most %d are read", n.size, MaxBlob)}
	}
	data, err := t.repo.read(t.ctx, "cat-file", "blob", n.id)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &blobFile{node: n, Reader: strings.NewReader(string(data))}, nil
}

// Stat implements fs.StatFS, without reading the file.
func (t *treeFS) Stat(name string) (fs.FileInfo, error) {
	n, err := t.find(name)
	if err != nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	return n, nil
}

// ReadDir implements fs.ReadDirFS.
func (t *treeFS) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := t.find(name)
	if err == nil && !n.IsDir() {
		err = errors.New("not a folder")
	}
	var nodes []*node
	if err == nil {
		nodes, err = t.list(name)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	out := make([]fs.DirEntry, len(nodes))
	for i, n := range nodes {
		out[i] = n
	}
	return out, nil
}

func (t *treeFS) find(name string) (*node, error) {
	if !fs.ValidPath(name) {
		return nil, fs.ErrInvalid
	}
	if name == "." {
		return &node{name: ".", mode: fs.ModeDir | 0o755}, nil
	}
	dir, base := path.Split(name)
	dir = path.Clean(dir)
	if dir != "." {
		parent, err := t.find(dir)
		if err != nil || !parent.IsDir() {
			return nil, errors.Join(err, fs.ErrNotExist)
		}
	}
	nodes, err := t.list(dir)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(nodes, func(n *node) bool { return n.name == base }); i >= 0 {
		return nodes[i], nil
	}
	return nil, fs.ErrNotExist
}

// list reads one folder of the tree.
func (t *treeFS) list(dir string) ([]*node, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if nodes, ok := t.dirs[dir]; ok {
		return nodes, nil
	}
	tree := t.commit + ":"
	if dir != "." {
		tree += dir
	}
	out, err := t.repo.read(t.ctx, "ls-tree", "-z", "--long", tree)
	if err != nil {
		return nil, err
	}
	nodes := []*node{}
	for line := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if line == "" {
			continue
		}
		n, err := parseTreeLine(line)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	slices.SortFunc(nodes, func(a, b *node) int { return strings.Compare(a.name, b.name) })
	t.dirs[dir] = nodes
	return nodes, nil
}

// parseTreeLine reads "100644 blob <id>    <size>\t<name>".
func parseTreeLine(line string) (*node, error) {
	head, name, ok := strings.Cut(line, "\t")
	f := strings.Fields(head)
	if !ok || len(f) != 4 {
		return nil, fmt.Errorf("git ls-tree: unexpected line %q", line)
	}
	n := &node{name: name, id: f[2]}
	switch f[0] {
	case "040000":
		n.mode = fs.ModeDir | 0o755
	case "100644":
		n.mode = 0o644
	case "100755":
		n.mode = 0o755
	case "120000":
		n.mode = fs.ModeSymlink | 0o777
	default:
		n.mode = fs.ModeIrregular
	}
	if f[3] != "-" {
		var err error
		if n.size, err = strconv.ParseInt(f[3], 10, 64); err != nil {
			return nil, fmt.Errorf("git ls-tree: unexpected size in %q", line)
		}
	}
	return n, nil
}

type blobFile struct {
	*node
	*strings.Reader
}

func (f *blobFile) Size() int64                { return f.size }
func (f *blobFile) Stat() (fs.FileInfo, error) { return f.node, nil }
func (f *blobFile) Close() error               { return nil }

type dirFile struct {
	*node
	fs   *treeFS
	path string
	rest []fs.DirEntry
	read bool
}

func (d *dirFile) Stat() (fs.FileInfo, error) { return d.node, nil }
func (d *dirFile) Close() error               { return nil }
func (d *dirFile) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.path, Err: errors.New("is a folder")}
}

// ReadDir implements fs.ReadDirFile.
func (d *dirFile) ReadDir(n int) ([]fs.DirEntry, error) {
	if !d.read {
		var err error
		if d.rest, err = d.fs.ReadDir(d.path); err != nil {
			return nil, err
		}
		d.read = true
	}
	if n <= 0 {
		all := d.rest
		d.rest = nil
		return all, nil
	}
	if len(d.rest) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.rest))
	some := d.rest[:n]
	d.rest = d.rest[n:]
	return some, nil
}

// Export writes the files of a commit into the folder dst, without a clone and without attributes or filters of the
// user's configuration.
func (r *Repo) Export(ctx context.Context, commit, dst string) error {
	index, err := os.CreateTemp("", "relctl-index-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(index.Name()) }()
	if err := errors.Join(index.Close(), os.Remove(index.Name())); err != nil {
		return err
	}
	env := append(hermetic(), "GIT_INDEX_FILE="+index.Name())
	if _, err := execute(command(ctx, r.dir(), env, "read-tree", commit), nil); err != nil {
		return err
	}
	_, err = execute(command(ctx, r.dir(), env, "checkout-index", "--all", "--force", "--prefix="+filepath.ToSlash(dst)+"/"), nil)
	return err
}
