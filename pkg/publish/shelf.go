package publish

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/relctl/relctl/pkg/release"
)

// shelf remembers the manifests of plans and releases that were read, so that opening a file of one costs one request.
type shelf struct {
	mu        sync.Mutex
	manifests map[string]*release.Manifest
}

func (s *shelf) put(name string, m *release.Manifest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.manifests == nil {
		s.manifests = map[string]*release.Manifest{}
	}
	s.manifests[name] = m
}

func (s *shelf) get(name string) *release.Manifest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.manifests[name]
}

func (s *shelf) drop(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.manifests, name)
}

// find returns a file of a manifest by its path.
func find(m *release.Manifest, path string) (release.File, bool) {
	i := slices.IndexFunc(m.Files, func(f release.File) bool { return f.Path == path })
	if i < 0 {
		return release.File{}, false
	}
	return m.Files[i], true
}

// changedError is a file that is not what its manifest says any more.
type changedError struct{ path string }

func (e *changedError) Error() string { return e.path + " changed since it was built" }

// checkFiles holds the files of a set against its manifest before anything of them leaves the machine.
func checkFiles(s Set) error {
	for _, f := range s.Manifest.Files {
		path := filepath.Join(s.Dir, filepath.FromSlash(f.Path))
		size, digest, err := sum(path)
		if err != nil {
			return err
		}
		if size != f.Size || digest != f.SHA256 {
			return &changedError{path}
		}
	}
	return nil
}

// sum returns size and sha256 of a file.
func sum(path string) (size int64, digest string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	h := sha256.New()
	size, err = io.Copy(h, f)
	return size, hex.EncodeToString(h.Sum(nil)), errors.Join(err, f.Close())
}

// checked is a reader of a file that ends with an error unless it had the size and the digest of its manifest.
type checked struct {
	io.ReadCloser
	file release.File
	hash hash.Hash
	n    int64
}

func check(r io.ReadCloser, f release.File) io.ReadCloser {
	return &checked{ReadCloser: r, file: f, hash: sha256.New()}
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.hash.Write(p[:n])
	c.n += int64(n)
	switch {
	case c.n > c.file.Size:
		return n, &CorruptError{Name: c.file.Path, Want: fmt.Sprintf("%d bytes", c.file.Size), Got: "more"}
	case errors.Is(err, io.EOF) && c.n < c.file.Size:
		return n, &CorruptError{Name: c.file.Path, Want: fmt.Sprintf("%d bytes", c.file.Size), Got: fmt.Sprint(c.n)}
	case errors.Is(err, io.EOF):
		if got := hex.EncodeToString(c.hash.Sum(nil)); got != c.file.SHA256 {
			return n, &CorruptError{Name: c.file.Path, Want: "sha256 " + c.file.SHA256, Got: got}
		}
	}
	return n, err
}
