package build

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/relctl/relctl/internal/disk"
	"github.com/relctl/relctl/pkg/release"
)

// errNothing is a build without a result.
var errNothing = errors.New("the build made no file that could be released")

// collector copies what a build left into its output folder.
type collector struct {
	out   string // absolute
	list  []*Artifact
	paths map[string]string // by path in lower case
	// nothing is fine: a shard may have nothing to make.
	nothing bool
}

func newCollector(req Request) (*collector, error) {
	abs, err := filepath.Abs(req.Out)
	return &collector{out: abs, paths: map[string]string{}, nothing: !req.Shard.whole()}, err
}

// add copies file, hashing what it writes, as the artifact a with the given path. The artifact may be refined until
// finish is called.
func (c *collector) add(file string, a Artifact, at string) (*Artifact, error) {
	info, err := os.Lstat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is a %s: only regular files can be released", path.Base(at), kindOf(info.Mode()))
	}
	src, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = src.Close() }()
	a.Mode = "0644"
	if info.Mode()&0o100 != 0 {
		a.Mode = "0755"
	}
	return c.copy(src, a, at)
}

// copy adds an artifact from its bytes.
func (c *collector) copy(src io.Reader, a Artifact, at string) (*Artifact, error) {
	// A binary inside of others has no path in the release, but one just as good is wanted here.
	if err := release.CheckPath("artifacts/" + strings.TrimPrefix(strings.TrimPrefix(at, "artifacts/"), "binaries/")); err != nil {
		return nil, err
	}
	if other, taken := c.paths[strings.ToLower(at)]; taken {
		return nil, fmt.Errorf("two files want the name %s (the other is %s)", at, other)
	}
	c.paths[strings.ToLower(at)] = at
	a.Path, a.Local = at, filepath.Join(c.out, filepath.FromSlash(at))
	if err := disk.MkdirAll(filepath.Dir(a.Local), 0o755); err != nil {
		return nil, err
	}
	dst, err := disk.OpenFile(a.Local, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	a.Size, err = io.Copy(io.MultiWriter(dst, h), io.LimitReader(src, release.MaxFileBytes+1))
	if err := errors.Join(err, dst.Close()); err != nil {
		return nil, err
	}
	if a.Size > release.MaxFileBytes {
		return nil, fmt.Errorf("%s is larger than the %d bytes that a file of a release may have", at, int64(release.MaxFileBytes))
	}
	mode := os.FileMode(0o644)
	if a.Mode == "0755" {
		mode = 0o755
	}
	a.SHA256, a.MediaType = hex.EncodeToString(h.Sum(nil)), mediaType(at, a.Kind)
	c.list = append(c.list, &a)
	return &a, disk.Chmod(a.Local, mode)
}

// finish looks into archives for the binaries that they carry, and returns all artifacts, sorted by path.
func (c *collector) finish() ([]Artifact, error) {
	for _, a := range c.list {
		if a.Kind != KindArchive {
			continue
		}
		if err := c.lookInside(a); err != nil {
			return nil, fmt.Errorf("look into %s: %w", a.Path, err)
		}
	}
	c.nameBinaries()
	out := make([]Artifact, 0, len(c.list))
	shipped := false
	for _, a := range c.list {
		slices.Sort(a.Contains)
		a.Contains = slices.Compact(a.Contains)
		shipped = shipped || a.Shipped
		out = append(out, *a)
	}
	if !shipped && !c.nothing {
		return nil, errNothing
	}
	slices.SortFunc(out, func(a, b Artifact) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

// lookInside finds the known binaries in an archive, by their bytes.
func (c *collector) lookInside(a *Artifact) error {
	sizes := map[int64]bool{}
	bySum := map[string][]string{}
	for _, b := range c.list {
		if b.Kind == KindBinary {
			sizes[b.Size] = true
			bySum[b.SHA256] = append(bySum[b.SHA256], b.Path)
		}
	}
	return members(a.Local, func(m member) error {
		if !sizes[m.size] {
			return nil
		}
		h := sha256.New()
		if _, err := io.Copy(h, m.data); err != nil {
			return err
		}
		a.Contains = append(a.Contains, bySum[hex.EncodeToString(h.Sum(nil))]...)
		return nil
	})
}

// nameBinaries makes binary and platform unique: programs of one name that were built in two ways get the names of
// their files.
func (c *collector) nameBinaries() {
	type key struct{ binary, platform string }
	count := map[key]int{}
	for _, a := range c.list {
		if a.Kind == KindBinary {
			count[key{a.Binary, a.Platform}]++
		}
	}
	for _, a := range c.list {
		if a.Kind == KindBinary && count[key{a.Binary, a.Platform}] > 1 {
			_, rel, _ := strings.Cut(a.Path, "/")
			a.Binary = strings.ReplaceAll(strings.TrimSuffix(rel, ".exe"), "/", "_")
		}
	}
}

func kindOf(m os.FileMode) string {
	switch {
	case m&os.ModeSymlink != 0:
		return "symbolic link"
	case m.IsDir():
		return "folder"
	case m&os.ModeDevice != 0:
		return "device"
	case m&os.ModeNamedPipe != 0:
		return "named pipe"
	case m&os.ModeSocket != 0:
		return "socket"
	}
	return "special file"
}
