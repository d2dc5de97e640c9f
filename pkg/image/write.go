package image

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/relctl/relctl/internal/disk"
	"github.com/relctl/relctl/pkg/release"
)

// MediaType of the file that holds an image.
const MediaType = "application/x-tar"

// header is the content of the file oci-layout.
const header = `{"imageLayoutVersion":"1.0.0"}`

// writer gathers the files of a layout in a folder.
type writer struct {
	dir string
	// files by their path in the layout, with their sizes.
	files map[string]int64
}

// write adds a file by its path in the layout.
func (w *writer) write(path string, data []byte) error {
	w.files[path] = int64(len(data))
	return disk.WriteFile(w.local(path), data, 0o600)
}

// local is where a file of the layout lies: all in one folder.
func (w *writer) local(path string) string { return filepath.Join(w.dir, filepath.Base(path)) }

// document adds a blob of JSON.
func (w *writer) document(mediaType types.MediaType, v any) (v1.Descriptor, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return v1.Descriptor{}, err
	}
	return w.blob(mediaType, func(out io.Writer) error {
		_, err := out.Write(data)
		return err
	})
}

// blob adds a blob that fill writes.
func (w *writer) blob(mediaType types.MediaType, fill func(io.Writer) error) (v1.Descriptor, error) {
	tmp, err := disk.CreateTemp(w.dir, "blob-")
	if err != nil {
		return v1.Descriptor{}, err
	}
	counted := &meter{sum: sha256.New()}
	err = errors.Join(fill(io.MultiWriter(tmp, counted)), tmp.Close())
	if err != nil {
		return v1.Descriptor{}, err
	}
	d := v1.Descriptor{MediaType: mediaType, Size: counted.size, Digest: counted.digest()}
	w.files[blobPath(d.Digest)] = d.Size
	return d, disk.Rename(tmp.Name(), w.local(blobPath(d.Digest)))
}

// has reports whether the layout holds a blob.
func (w *writer) has(h v1.Hash) bool {
	_, ok := w.files[blobPath(h)]
	return ok
}

// pack writes the layout into one file, sorted, and describes it. The file appears whole or not at all.
func (w *writer) pack(root, path string) (release.File, error) {
	dst := filepath.Join(root, filepath.FromSlash(path))
	if err := disk.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
		return release.File{}, err
	}
	tmp, err := disk.CreateTemp(filepath.Dir(dst), ".image-")
	if err != nil {
		return release.File{}, err
	}
	defer func() { _ = disk.Remove(tmp.Name()) }()
	counted := &meter{sum: sha256.New()}
	err = errors.Join(w.archive(io.MultiWriter(tmp, counted)), tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = disk.Link(tmp.Name(), dst) // unlike a rename it replaces nothing
	}
	return release.File{Path: path, MediaType: MediaType, Mode: "0644", Size: counted.size, SHA256: counted.digest().Hex}, err
}

// archive writes the layout as an archive of plain files.
func (w *writer) archive(out io.Writer) error {
	archive := tar.NewWriter(out)
	for _, path := range sorted(w.files) {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: path, Mode: 0o644, Size: w.files[path], Format: tar.FormatUSTAR}
		if err := archive.WriteHeader(h); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		in, err := os.Open(w.local(path))
		if err != nil {
			return err
		}
		_, err = io.Copy(archive, in)
		if err := errors.Join(err, in.Close()); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return archive.Close()
}

// meter counts and hashes what is written to it.
type meter struct {
	sum  hash.Hash
	size int64
}

func (m *meter) Write(p []byte) (int, error) {
	m.size += int64(len(p))
	return m.sum.Write(p)
}

func (m *meter) digest() v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(m.sum.Sum(nil))}
}
