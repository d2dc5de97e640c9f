package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	gogit "github.com/go-git/go-git/v5"
)

// Repo is one repository, of which relctl never changes the working tree.
type Repo struct {
	top, gitDir, commonDir string
	repo                   *gogit.Repository
}

// Open finds the repository that holds dir: a clone, a worktree of one, or a bare repository.
func Open(ctx context.Context, dir string) (*Repo, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	out, err := read(ctx, abs, nil, "rev-parse", "--path-format=absolute", "--is-bare-repository", "--absolute-git-dir", "--git-common-dir", "--show-object-format")
	if err != nil {
		return nil, openError(abs, err)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != 4 {
		return nil, fmt.Errorf("git rev-parse in %s gave %d lines, want 4", abs, len(lines))
	}
	r := &Repo{gitDir: filepath.FromSlash(lines[1]), commonDir: filepath.FromSlash(lines[2])}
	if lines[3] != "sha1" {
		return nil, &UnsupportedError{What: lines[3] + " object ids"}
	}
	if lines[0] == "false" {
		top, err := read(ctx, abs, nil, "rev-parse", "--path-format=absolute", "--show-toplevel")
		if err != nil {
			return nil, openError(abs, err)
		}
		r.top = filepath.FromSlash(strings.TrimSuffix(string(top), "\n"))
	}
	if err := r.checkFormat(ctx); err != nil {
		return nil, err
	}
	r.repo, err = gogit.PlainOpenWithOptions(r.dir(), &gogit.PlainOpenOptions{DetectDotGit: r.top != "", EnableDotGitCommonDir: true})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", r.dir(), err)
	}
	return r, nil
}

// checkFormat refuses the kinds of repositories that go-git or a walk would misread.
func (r *Repo) checkFormat(ctx context.Context) error {
	out, err := read(ctx, r.commonDir, nil, "config", "--local", "--get-regexp", `^(extensions\.|remote\..*\.promisor)`)
	var exit *Error
	if errors.As(err, &exit) && exit.Code == 1 {
		return nil // no such setting
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case key == "extensions.refstorage" && value != "files":
			return &UnsupportedError{What: value + " ref storage"}
		case key == "extensions.partialclone", strings.HasSuffix(key, ".promisor") && value == "true":
			return &UnsupportedError{What: "partial clones", Remedy: "clone the whole repository, without --filter"}
		case key == "extensions.relativeworktrees" && value == "true":
			return &UnsupportedError{What: "relative worktree paths", Remedy: "work in a clone of its own"}
		}
	}
	return nil
}

func openError(dir string, err error) error {
	if _, serr := os.Stat(dir); serr != nil {
		return &NotRepositoryError{Dir: dir, Err: serr}
	}
	var exit *Error
	if errors.As(err, &exit) && exit.Code == 128 {
		return &NotRepositoryError{Dir: dir, Err: err}
	}
	return err
}

// dir is where git commands run.
func (r *Repo) dir() string {
	if r.top != "" {
		return r.top
	}
	return r.gitDir
}

// Top returns the root of the working tree, "" for a bare repository.
func (r *Repo) Top() string { return r.top }

// GitDir returns the folder of this worktree's own git data.
func (r *Repo) GitDir() string { return r.gitDir }

// CommonDir returns the folder of the git data that all worktrees share.
func (r *Repo) CommonDir() string { return r.commonDir }

// Shallow reports whether history ends early here, so that ranges and ancestry would be answered wrongly.
func (r *Repo) Shallow() (bool, error) {
	_, err := os.Stat(filepath.Join(r.commonDir, "shallow"))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Dirty returns the tracked files that have changes, staged or not.
func (r *Repo) Dirty(ctx context.Context) ([]string, error) {
	if r.top == "" {
		return nil, nil
	}
	out, err := r.read(ctx, "status", "--porcelain", "-z", "--untracked-files=no", "--no-renames", "--ignore-submodules=none")
	if err != nil {
		return nil, err
	}
	var files []string
	for entry := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if len(entry) > 3 {
			files = append(files, entry[3:])
		}
	}
	return files, nil
}

// Identity returns the name and the address that commits made here carry.
func (r *Repo) Identity(ctx context.Context) (name, email string, err error) {
	out, err := r.run(ctx, nil, "var", "GIT_COMMITTER_IDENT")
	if err != nil {
		return "", "", &IdentityError{Err: err}
	}
	ident := strings.TrimSpace(string(out))
	open, end := strings.LastIndexByte(ident, '<'), strings.LastIndexByte(ident, '>')
	if open < 1 || end < open {
		return "", "", &IdentityError{Err: fmt.Errorf("git says %q", ident)}
	}
	return strings.TrimSpace(ident[:open]), ident[open+1 : end], nil
}
