package publish

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/relctl/relctl/internal/disk"
	"github.com/relctl/relctl/internal/durable"
	"github.com/relctl/relctl/pkg/release"
)

// Named is a small file at its place in a store.
type Named struct {
	// Name is a path from the store's root, such as "trust/timestamp.json".
	Name string
	Data []byte
}

// Put writes files in the order given, each in one step, so that what comes last may rely on what came before. A file
// that is there with the same bytes is left alone.
func (d Directory) Put(ctx context.Context, files []Named) error {
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		path := filepath.Join(d.Root, filepath.FromSlash(f.Name))
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, f.Data) {
			continue
		}
		if err := d.put(path, f.Data); err != nil {
			return fmt.Errorf("publish %s in %s: %w", f.Name, d.Root, err)
		}
	}
	return nil
}

// put replaces a file in one step. What a killed run leaves of it lies where no server looks.
func (d Directory) put(path string, data []byte) error {
	tmp := filepath.Join(d.Root, ".staging", putting+rand.Text())
	if err := d.sweep(); err != nil {
		return err
	}
	err := errors.Join(disk.MkdirAll(filepath.Dir(tmp), 0o755), disk.MkdirAll(filepath.Dir(path), 0o755))
	if err == nil {
		err = writeFile(tmp, data)
	}
	if err == nil {
		err = disk.Rename(tmp, path)
	}
	if err != nil {
		_ = disk.Remove(tmp)
		return err
	}
	return durable.SyncDir(filepath.Dir(path))
}

// putting begins the names under which files are written that replace others.
const putting = "put-"

// abandoned is how old such a file is before nobody can be writing it any more.
const abandoned = 24 * time.Hour

// sweep removes what killed runs left of files that were to be put.
func (d Directory) sweep() error {
	left, err := filepath.Glob(filepath.Join(d.Root, ".staging", putting+"*"))
	for _, name := range left {
		if info, serr := os.Stat(name); serr == nil && time.Since(info.ModTime()) > abandoned {
			err = errors.Join(err, disk.Remove(name))
		}
	}
	return err
}

// Get returns a file that was put, or nil.
func (d Directory) Get(_ context.Context, name string) ([]byte, error) {
	data, err := readLimited(filepath.Join(d.Root, filepath.FromSlash(name)), release.MaxMetadataBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// PutBundle replaces the bundle of a visible release by another file, in one step; a download that has begun goes on with
// the old one.
func (d Directory) PutBundle(_ context.Context, channel string, v release.Version, file string) error {
	path := filepath.Join(d.Path(channel, v), filepath.Base(file))
	tmp := filepath.Join(d.Root, ".staging", putting+rand.Text())
	err := copyFile(tmp, file, release.File{Mode: "0644", Size: -1})
	if err == nil {
		err = disk.Rename(tmp, path)
	}
	if err != nil {
		_ = disk.Remove(tmp)
		return fmt.Errorf("publish the bundle in %s: %w", d.Root, err)
	}
	return durable.SyncDir(filepath.Dir(path))
}

// OpenReleased opens a file of a visible release by its path in it.
func (d Directory) OpenReleased(_ context.Context, channel string, v release.Version, path string) (io.ReadCloser, error) {
	return os.Open(filepath.Join(d.Path(channel, v), filepath.FromSlash(path)))
}

// Signatures returns the signatures over the release.json of a visible release, by file name.
func (d Directory) Signatures(_ context.Context, channel string, v release.Version) (map[string][]byte, error) {
	names, err := filepath.Glob(filepath.Join(d.Path(channel, v), release.ManifestName+".*.sigstore.json"))
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, n := range names {
		if out[filepath.Base(n)], err = readLimited(n, 1<<20); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return out, nil
}
