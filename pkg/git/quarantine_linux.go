package git

import (
	"os"
	"syscall"
)

const (
	memoryDir   = "/dev/shm"
	memoryLeast = 4 << 30
)

// quarantineParent is the folder for quarantines, "" for the system's default: in memory if there is plenty, since small
// files are what forecasting costs, and wherever TMPDIR says if it is set.
func quarantineParent() string {
	var fs syscall.Statfs_t
	if os.Getenv("TMPDIR") != "" || syscall.Statfs(memoryDir, &fs) != nil {
		return ""
	}
	const tmpfs = 0x01021994
	if fs.Type != tmpfs || fs.Bavail*uint64(fs.Bsize) < memoryLeast || syscall.Access(memoryDir, 2) != nil { //nolint:gosec // block sizes are positive
		return ""
	}
	return memoryDir
}
