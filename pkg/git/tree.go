package git

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
)

const (
	// MaxBlob is the largest file that [Repo.FS] reads, in bytes.
	MaxBlob = 16 << 20
	maxTree = 64 << 20
)

// FS returns the files of a commit. Symbolic links and submodules are listed and not followed; files above [MaxBlob]
// are refused. The context ends all reading from it, since fs.FS has no other way in. Objects are read when they are
// asked for, by `git cat-file --batch-command`: go-git would take 30 to 110 ms for the first one in a large pack.
func (r *Repo) FS(ctx context.Context, commit string) (fs.FS, error) {
	if !isID(commit) {
		return nil, fmt.Errorf("%q is not a full commit id", commit)
	}
	found, err := r.objects.info(ctx, commit+"^{tree}")
	if err != nil {
		return nil, err
	}
	if found[0].kind != "tree" {
		return nil, fmt.Errorf("commit %s: %w", commit, ErrNotFound)
	}
	return &treeFS{ctx: ctx, objects: r.objects, root: found[0].id, dirs: map[string][]entry{}}, nil
}

// BlobID returns the object id of a file or folder of [Repo.FS], "" for others.
func BlobID(info fs.FileInfo) string {
	id, _ := info.Sys().(ObjectID)
	return string(id)
}

// ObjectID is what Sys returns for a file of [Repo.FS].
type ObjectID string

// HashBlob returns the id that git gives a file with these bytes.
func HashBlob(data []byte) string {
	return plumbing.ComputeHash(plumbing.BlobObject, data).String()
}

// entry is one line of a tree object.
type entry struct {
	name, id string
	mode     string // octal, as git writes it: 100644, 100755, 120000, 40000, 160000
}

const modeDir = "40000"

// parseTree reads a tree object: "<mode> <name>\x00<20 bytes of id>", over and over.
func parseTree(raw []byte) ([]entry, error) {
	var out []entry
	for len(raw) > 0 {
		head, rest, ok := bytes.Cut(raw, []byte{0})
		mode, name, spaced := strings.Cut(string(head), " ")
		if !ok || !spaced || len(rest) < 20 || name == "" || strings.Contains(name, "/") {
			return nil, fmt.Errorf("tree object is malformed at %.40q", raw)
		}
		out = append(out, entry{name: name, mode: mode, id: hex.EncodeToString(rest[:20])})
		raw = rest[20:]
	}
	return out, nil
}

// treeFS is a commit's tree.
type treeFS struct {
	ctx     context.Context // see Repo.FS
	objects *objects
	root    string

	mu   sync.Mutex
	dirs map[string][]entry // by tree id
}

var (
	_ fs.ReadDirFS  = (*treeFS)(nil)
	_ fs.ReadFileFS = (*treeFS)(nil)
	_ fs.StatFS     = (*treeFS)(nil)
)

func (t *treeFS) find(op, name string) (entry, error) {
	if !fs.ValidPath(name) {
		return entry{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	at := entry{name: ".", mode: modeDir, id: t.root}
	if name == "." {
		return at, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		if at.mode != modeDir {
			return entry{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
		}
		list, err := t.list(at.id)
		if err != nil {
			return entry{}, &fs.PathError{Op: op, Path: name, Err: err}
		}
		i := slices.IndexFunc(list, func(e entry) bool { return e.name == part })
		if i < 0 {
			return entry{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
		}
		at = list[i]
	}
	return at, nil
}

// list reads one folder, sorted by name: git sorts folders as if a slash followed.
func (t *treeFS) list(id string) ([]entry, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if list, ok := t.dirs[id]; ok {
		return list, nil
	}
	raw, err := t.objects.read(t.ctx, "tree", id, maxTree)
	if err != nil {
		return nil, err
	}
	list, err := parseTree(raw)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	t.dirs[id] = list
	return list, nil
}

// sized returns what Stat tells about an entry.
func (t *treeFS) sized(e entry) (*fileInfo, error) {
	info := &fileInfo{entry: e}
	if info.Mode().IsRegular() || info.Mode()&fs.ModeSymlink != 0 {
		found, err := t.objects.info(t.ctx, e.id)
		if err != nil {
			return nil, err
		}
		if found[0].kind != "blob" {
			return nil, fmt.Errorf("blob %s: %w", e.id, ErrNotFound)
		}
		info.size = found[0].size
	}
	return info, nil
}

// Stat implements fs.StatFS, without reading the file.
func (t *treeFS) Stat(name string) (fs.FileInfo, error) {
	e, err := t.find("stat", name)
	if err != nil {
		return nil, err
	}
	info, err := t.sized(e)
	if err != nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	return info, nil
}

// ReadDir implements fs.ReadDirFS.
func (t *treeFS) ReadDir(name string) ([]fs.DirEntry, error) {
	e, err := t.find("readdir", name)
	if err != nil {
		return nil, err
	}
	if e.mode != modeDir {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errors.New("not a folder")}
	}
	list, err := t.list(e.id)
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	out := make([]fs.DirEntry, len(list))
	for i, child := range list {
		out[i] = &dirEntry{fileInfo: fileInfo{entry: child}, tree: t}
	}
	return out, nil
}

// ReadFile implements fs.ReadFileFS.
func (t *treeFS) ReadFile(name string) ([]byte, error) { return t.read("read", name) }

func (t *treeFS) read(op, name string) ([]byte, error) {
	e, err := t.find(op, name)
	if err != nil {
		return nil, err
	}
	var data []byte
	switch mode := (&fileInfo{entry: e}).Mode(); {
	case mode.IsDir():
		err = errors.New("is a folder")
	case mode&fs.ModeSymlink != 0:
		err = errors.New("is a symbolic link, which is not followed")
	case !mode.IsRegular():
		err = errors.New("is a submodule, which is not followed")
	default:
		data, err = t.objects.read(t.ctx, "blob", e.id, MaxBlob)
	}
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	return data, nil
}

// Open implements fs.FS.
func (t *treeFS) Open(name string) (fs.File, error) {
	e, err := t.find("open", name)
	if err != nil {
		return nil, err
	}
	if e.mode == modeDir {
		return &dirFile{fileInfo: fileInfo{entry: entry{name: path.Base(name), mode: modeDir, id: e.id}}, tree: t, path: name}, nil
	}
	data, err := t.read("open", name)
	if err != nil {
		return nil, err
	}
	return &blobFile{info: fileInfo{entry: e, size: int64(len(data))}, Reader: bytes.NewReader(data)}, nil
}

// Blob returns the content of a file by its blob id, at most limit bytes of it; more is an error.
func (r *Repo) Blob(ctx context.Context, id string, limit int64) ([]byte, error) {
	if !isID(id) {
		return nil, fmt.Errorf("%q is not a full blob id", id)
	}
	return r.objects.read(ctx, "blob", id, limit)
}
