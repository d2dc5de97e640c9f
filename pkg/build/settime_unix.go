//go:build unix

package build

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// setTime sets when a file, folder or link was changed, without following links.
func setTime(path string, t time.Time) error {
	ts := unix.NsecToTimespec(t.UnixNano())
	if err := unix.UtimesNanoAt(unix.AT_FDCWD, path, []unix.Timespec{ts, ts}, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fmt.Errorf("set the time of %s: %w", path, err)
	}
	return nil
}
