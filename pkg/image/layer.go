package image

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/relctl/relctl/pkg/release"
)

// maxEntries bounds the files of one image's own layer.
const maxEntries = 20000

// entry is a file of a layer.
type entry struct {
	// name without the leading slash.
	name string
	mode int64
	size int64
	open func() (io.ReadCloser, error)
}

// tree is the files of a layer by name.
type tree map[string]entry

func (t tree) add(e entry) error {
	if _, ok := t[e.name]; ok {
		return fmt.Errorf("two files have the target /%s", e.name)
	}
	if e.size > release.MaxFileBytes {
		return fmt.Errorf("/%s has %d bytes, at most %d are allowed", e.name, e.size, int64(release.MaxFileBytes))
	}
	if len(t) == maxEntries {
		return fmt.Errorf("there are more than %d files", maxEntries)
	}
	t[e.name] = e
	return nil
}

// addFile adds a file or folder of the source.
func (t tree) addFile(source fs.FS, f File) error {
	info, err := fs.Lstat(source, f.From) // the walk would follow a link in this place
	if err != nil {
		return err
	}
	return fs.WalkDir(source, f.From, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if p != f.From {
			if info, err = d.Info(); err != nil {
				return err
			}
		}
		if info.IsDir() {
			return nil
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is a symbolic link or device, only regular files go into images", p)
		}
		to := path.Join(f.To, strings.TrimPrefix(p, f.From))
		if err := checkTarget(to); err != nil {
			return fmt.Errorf("file %s: %w", to, err)
		}
		e := entry{name: to[1:], mode: 0o644, size: info.Size(), open: func() (io.ReadCloser, error) { return source.Open(p) }}
		if f.Mode == "0755" || f.Mode == "" && info.Mode()&0o100 != 0 {
			e.mode = 0o755
		}
		return t.add(e)
	})
}

// folders returns the parents of all files, sorted.
func (t tree) folders() ([]string, error) {
	seen := map[string]bool{}
	for _, name := range sorted(t) {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, ok := t[dir]; ok {
				return nil, fmt.Errorf("/%s is a file and the folder of /%s", dir, name)
			}
			seen[dir] = true
		}
	}
	return sorted(seen), nil
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// layer writes the files as a compressed layer and returns its descriptor and the digest of the archive within. Only on
// scratch it lists the folders: over a base they would replace its modes, and its links such as /bin; there they come
// into being with the first file in them.
func (w *writer) layer(t tree, scratch bool, date time.Time) (v1.Descriptor, v1.Hash, error) {
	folders, err := t.folders()
	if err != nil {
		return v1.Descriptor{}, v1.Hash{}, err
	}
	if !scratch {
		folders = nil
	}
	plain := &meter{sum: sha256.New()}
	d, err := w.blob(types.OCILayer, func(out io.Writer) error {
		zip := gzip.NewWriter(out) // its header holds neither name nor time
		err := t.archive(io.MultiWriter(zip, plain), folders, date)
		return errors.Join(err, zip.Close())
	})
	return d, plain.digest(), err
}

// archive writes folders and files, sorted, with no trace of the machine.
func (t tree) archive(out io.Writer, folders []string, date time.Time) error {
	archive := tar.NewWriter(out)
	for _, dir := range folders {
		h := &tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755, ModTime: date}
		if err := archive.WriteHeader(h); err != nil {
			return err
		}
	}
	for _, name := range sorted(t) {
		e := t[name]
		h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: e.mode, Size: e.size, ModTime: date}
		if err := archive.WriteHeader(h); err != nil {
			return err
		}
		if err := e.copy(archive); err != nil {
			return fmt.Errorf("/%s: %w", name, err)
		}
	}
	return archive.Close()
}

func (e entry) copy(out io.Writer) error {
	in, err := e.open()
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	if _, err := io.CopyN(out, in, e.size); err != nil {
		return err
	}
	n, err := io.Copy(io.Discard, in)
	if n > 0 {
		return errors.New("the file grew while it was read")
	}
	return err
}
