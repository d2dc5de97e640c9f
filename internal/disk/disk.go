// Package disk is the door through which relctl changes files: the functions of package os by their own names, each a
// step that can be watched. Tests hold that no package which releases, promotes or publishes goes around it, and let the
// process die, or the disk fail, at every step that a command takes.
package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
)

// Step is one change to the disk.
type Step struct {
	// Op is "mkdir", "create", "write", "sync", "chmod", "rename", "link", "remove" or "object", a loose object of git.
	Op string
	// Path is what is changed: of a rename or link, the new name.
	Path string
}

// Watcher is called in place of every step; do takes the step.
type Watcher func(s Step, do func() error) error

var watcher atomic.Pointer[Watcher]

// Watch lets w see every step of this process from now on. It is for tests.
func Watch(w Watcher) { watcher.Store(&w) }

// Do takes a step that is none of this package's functions.
func Do(op, path string, do func() error) error {
	if w := watcher.Load(); w != nil {
		return (*w)(Step{Op: op, Path: path}, do)
	}
	return do()
}

// File is an open file whose changes are steps.
type File struct {
	*os.File
}

// Write writes to the file.
func (f *File) Write(p []byte) (n int, err error) {
	err = Do("write", f.Name(), func() error {
		n, err = f.File.Write(p)
		return err
	})
	return n, err
}

// WriteString writes to the file.
func (f *File) WriteString(s string) (int, error) { return f.Write([]byte(s)) }

// ReadFrom copies into the file what r has, as one step, so that the system can do it by itself.
func (f *File) ReadFrom(r io.Reader) (n int64, err error) {
	err = Do("write", f.Name(), func() error {
		n, err = f.File.ReadFrom(r)
		return err
	})
	return n, err
}

// Sync makes what was written last.
func (f *File) Sync() error { return Do("sync", f.Name(), f.File.Sync) }

// Chmod changes the mode.
func (f *File) Chmod(mode fs.FileMode) error {
	return Do("chmod", f.Name(), func() error { return f.File.Chmod(mode) })
}

// opened is a file that was made.
func opened(path string, open func() (*os.File, error)) (*File, error) {
	var f *os.File
	err := Do("create", path, func() (err error) {
		f, err = open()
		return err
	})
	if err != nil {
		if f != nil {
			_ = f.Close()
		}
		return nil, err
	}
	return &File{f}, nil
}

// OpenFile is os.OpenFile, for writing.
func OpenFile(path string, flag int, mode fs.FileMode) (*File, error) {
	return opened(path, func() (*os.File, error) { return os.OpenFile(path, flag, mode) })
}

// CreateTemp is os.CreateTemp.
func CreateTemp(dir, pattern string) (*File, error) {
	return opened(dir+string(os.PathSeparator)+pattern, func() (*os.File, error) { return os.CreateTemp(dir, pattern) })
}

// WriteFile is os.WriteFile: one step to make the file, one to write it.
func WriteFile(path string, data []byte, mode fs.FileMode) error {
	f, err := OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// Mkdir is os.Mkdir.
func Mkdir(path string, mode fs.FileMode) error {
	return Do("mkdir", path, func() error { return os.Mkdir(path, mode) })
}

// MkdirAll is os.MkdirAll, a step only where a folder is missing.
func MkdirAll(path string, mode fs.FileMode) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	return Do("mkdir", path, func() error { return os.MkdirAll(path, mode) })
}

// MkdirTemp is os.MkdirTemp.
func MkdirTemp(dir, pattern string) (name string, err error) {
	err = Do("mkdir", dir+string(os.PathSeparator)+pattern, func() error {
		name, err = os.MkdirTemp(dir, pattern)
		return err
	})
	return name, err
}

// Rename is os.Rename.
func Rename(from, to string) error {
	return Do("rename", to, func() error { return os.Rename(from, to) })
}

// Link is os.Link.
func Link(from, to string) error {
	return Do("link", to, func() error { return os.Link(from, to) })
}

// Chmod is os.Chmod.
func Chmod(path string, mode fs.FileMode) error {
	return Do("chmod", path, func() error { return os.Chmod(path, mode) })
}

// Remove is os.Remove, a step only where there is something.
func Remove(path string) error {
	if _, err := os.Lstat(path); err != nil {
		return err
	}
	return Do("remove", path, func() error { return os.Remove(path) })
}

// RemoveAll is os.RemoveAll, a step only where there is something.
func RemoveAll(path string) error {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return Do("remove", path, func() error { return os.RemoveAll(path) })
}

// SyncDir makes what was created and renamed in a folder last; the error is the system's.
func SyncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	err = Do("sync", path, f.Sync)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}
