// Package durable writes files so that a crash leaves the old one or the new one, and nothing between.
package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/relctl/relctl/internal/disk"
)

// Write replaces the file at path through a temporary name beside it, and makes its folder if there is none.
func Write(path string, data []byte, mode fs.FileMode) error {
	if err := disk.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := disk.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".")
	if err != nil {
		return err
	}
	defer func() { _ = disk.Remove(f.Name()) }() // gone after the rename
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := disk.Rename(f.Name(), path); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// SyncDir makes what was created and renamed in a folder last, on systems that can.
func SyncDir(path string) error {
	err := disk.SyncDir(path)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, os.ErrInvalid) || os.PathSeparator == '\\' {
		return nil // not every system can sync a folder
	}
	return err
}
