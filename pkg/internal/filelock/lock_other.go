//go:build !unix

package filelock

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/relctl/relctl/internal/disk"
)

// Lock waits until no other process holds path: the file exists while it is held, and its holder keeps it open, so
// that a file left by a dead process can be removed.
func Lock(path string) (func(), error) {
	for {
		f, err := disk.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
		if err == nil {
			return func() { _ = f.Close(); _ = disk.Remove(path) }, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		if disk.Remove(path) != nil {
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// Held reports whether another process holds path at this moment.
func Held(path string) bool {
	err := disk.Remove(path)
	return err != nil && !errors.Is(err, fs.ErrNotExist)
}
