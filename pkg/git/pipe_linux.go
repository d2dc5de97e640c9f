package git

import (
	"io"
	"syscall"

	"golang.org/x/sys/unix"
)

// widen lets a pipe hold more, so that git seldom waits for us. Without it a pipe holds 64 KiB.
func widen(out io.Reader) {
	if c, ok := out.(syscall.Conn); ok {
		if raw, err := c.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, 1<<20) })
		}
	}
}
