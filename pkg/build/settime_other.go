//go:build !unix

package build

import (
	"os"
	"time"
)

// setTime sets when a file or folder was changed. Links keep their time here.
func setTime(path string, t time.Time) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&os.ModeSymlink != 0 {
		return err
	}
	return os.Chtimes(path, t, t)
}
