package git

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"time"
)

// fileInfo describes one entry of a tree. Files have no times: git keeps none.
type fileInfo struct {
	entry
	size int64
}

func (i *fileInfo) Name() string       { return i.name }
func (i *fileInfo) Size() int64        { return i.size }
func (i *fileInfo) ModTime() time.Time { return time.Time{} }
func (i *fileInfo) IsDir() bool        { return i.mode == modeDir }
func (i *fileInfo) Sys() any           { return ObjectID(i.id) }

func (i *fileInfo) Mode() fs.FileMode {
	switch i.mode {
	case modeDir:
		return fs.ModeDir | 0o755
	case "100644", "100664":
		return 0o644
	case "100755":
		return 0o755
	case "120000":
		return fs.ModeSymlink | 0o777
	}
	return fs.ModeIrregular // a submodule
}

// dirEntry is a fileInfo whose size is asked for when it is needed.
type dirEntry struct {
	fileInfo
	tree *treeFS
}

func (d *dirEntry) Type() fs.FileMode          { return d.Mode().Type() }
func (d *dirEntry) Info() (fs.FileInfo, error) { return d.tree.sized(d.entry) }

// blobFile is an open file.
type blobFile struct {
	info fileInfo
	*bytes.Reader
}

func (f *blobFile) Stat() (fs.FileInfo, error) { return &f.info, nil }
func (f *blobFile) Close() error               { return nil }

// dirFile is an open folder.
type dirFile struct {
	fileInfo
	tree *treeFS
	path string
	rest []fs.DirEntry
	read bool
}

func (d *dirFile) Stat() (fs.FileInfo, error) { return &d.fileInfo, nil }
func (d *dirFile) Close() error               { return nil }

func (d *dirFile) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.path, Err: errors.New("is a folder")}
}

// ReadDir implements fs.ReadDirFile.
func (d *dirFile) ReadDir(n int) ([]fs.DirEntry, error) {
	if !d.read {
		var err error
		if d.rest, err = d.tree.ReadDir(d.path); err != nil {
			return nil, err
		}
		d.read = true
	}
	if n <= 0 {
		n = len(d.rest)
	} else if len(d.rest) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.rest))
	some := d.rest[:n:n]
	d.rest = d.rest[n:]
	return some, nil
}
