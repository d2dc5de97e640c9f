package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// LFSError is a commit with files in Git LFS whose contents cannot be had: a build would get pointers for files.
type LFSError struct {
	Commit string
	// Files that are pointers, up to ten.
	Files []string
	// Err is what git-lfs said, nil if it is not installed.
	Err error
}

func (e *LFSError) Error() string {
	why := "git-lfs is not on the PATH"
	if e.Err != nil {
		why = e.Err.Error()
	}
	return fmt.Sprintf("commit %.10s keeps %s in Git LFS: %s", e.Commit, strings.Join(e.Files, ", "), why)
}
func (e *LFSError) Unwrap() error { return e.Err }

// Hint says what to install, or how to try by hand.
func (e *LFSError) Hint() string {
	if e.Err == nil {
		return "install git-lfs, whose contents the build needs"
	}
	return "git lfs fetch <remote> " + e.Commit + " must work, with the credentials that are there"
}

// fillLFS puts the contents of LFS files in the place of their pointers.
func (s *scratch) fillLFS(ctx context.Context, r *Repo, commit string) error {
	files, err := s.pointers(ctx)
	if err != nil || len(files) == 0 {
		return err
	}
	if _, err := exec.LookPath("git-lfs"); err != nil {
		return &LFSError{Commit: commit, Files: files}
	}
	// Contents that are here already need no network.
	err = s.git(ctx, "config", "lfs.storage", filepath.Join(r.commonDir, "lfs"))
	for _, args := range [][]string{{"lfs", "install", "--local", "--skip-repo"}, {"lfs", "pull"}} {
		if err == nil {
			err = s.asUser(ctx, args...)
		}
	}
	if err != nil {
		return &LFSError{Commit: commit, Files: files, Err: err}
	}
	left, err := s.pointers(ctx)
	if err == nil && len(left) > 0 {
		err = &LFSError{Commit: commit, Files: left, Err: errors.New("git lfs pull left pointers")}
	}
	return err
}

// pointers lists files in the working tree that are still pointers to LFS contents, up to ten.
func (s *scratch) pointers(ctx context.Context) ([]string, error) {
	out, err := call{dir: s.dir, args: []string{"ls-files", "-z", "--", ":(attr:filter=lfs)"}}.run(ctx)
	if err != nil {
		return nil, err
	}
	var found []string
	for name := range strings.SplitSeq(string(out), "\x00") {
		if name == "" || len(found) == 10 {
			continue
		}
		is, err := isPointer(filepath.Join(s.dir, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		if is {
			found = append(found, name)
		}
	}
	return found, nil
}

// isPointer reads the first line of https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md.
func isPointer(name string) (bool, error) {
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return false, err
	}
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	head := make([]byte, 64)
	n, err := io.ReadFull(f, head)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = nil
	}
	return bytes.HasPrefix(head[:n], []byte("version https://git-lfs.github.com/spec/")), errors.Join(err, f.Close())
}
