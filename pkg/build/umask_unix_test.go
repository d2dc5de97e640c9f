//go:build unix

package build_test

import "syscall"

// withTightUmask runs f under a umask that lets nobody else read.
func withTightUmask(f func()) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	f()
}
