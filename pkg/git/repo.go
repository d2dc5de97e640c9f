package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"
)

// Repo is one repository, of which relctl never changes the working tree. It may be used by several goroutines.
type Repo struct {
	top, gitDir, commonDir string

	objects *objects

	mu      sync.Mutex // go-git's storage is not safe for concurrent use
	storage *filesystem.Storage
}

// Open finds the repository that holds dir: a clone, a worktree of one, or a bare repository. It refuses what relctl
// would misread with an [*UnsupportedError]; shallow clones open, see [ShallowError].
func Open(ctx context.Context, dir string) (*Repo, error) {
	abs, err := filepath.Abs(dir)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return nil, &NotRepositoryError{Dir: dir, Err: err}
	}
	// Two processes at once, by the user's configuration: safe.directory stands only there.
	format := make(chan error, 1)
	go func() { format <- checkFormat(ctx, abs) }()
	out, err := call{dir: abs, user: true, args: []string{
		"rev-parse", "--path-format=absolute", "--show-object-format", "--is-inside-work-tree", "--absolute-git-dir", "--git-common-dir", "--show-cdup",
	}}.run(ctx)
	formatErr := <-format
	if err != nil {
		return nil, openError(abs, err)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) < 4 || len(lines) > 5 {
		return nil, fmt.Errorf("git rev-parse in %s gave %d lines, want 5", abs, len(lines))
	}
	if lines[0] != "sha1" {
		return nil, &UnsupportedError{What: lines[0] + " object ids", Remedy: "use a repository with SHA-1 ids, as git makes by default"}
	}
	if formatErr != nil {
		return nil, formatErr
	}
	r := &Repo{gitDir: filepath.Clean(lines[2]), commonDir: filepath.Clean(lines[3])}
	if lines[1] == "true" {
		up := ""
		if len(lines) == 5 {
			up = lines[4]
		}
		r.top = filepath.Join(abs, filepath.FromSlash(up))
		if filepath.IsAbs(up) {
			r.top = filepath.Clean(up)
		}
	}
	r.objects = &objects{command: func(ctx context.Context) call {
		return call{dir: r.dir(), args: r.args([]string{"cat-file", "--batch-command"})}
	}}
	r.openStorage()
	return r, nil
}

// openStorage opens go-git's storage itself: PlainOpen refuses extensions that do not matter here, and reads the whole
// configuration.
func (r *Repo) openStorage() {
	own, shared := osfs.New(r.gitDir), osfs.New(r.commonDir)
	r.storage = filesystem.NewStorageWithOptions(dotgit.NewRepositoryFilesystem(own, shared), cache.NewObjectLRU(cache.MiByte), filesystem.Options{})
}

// Close ends the process that reads objects. It also ends by itself, a while after the last read, and the Repo may be
// used after Close: the process starts again.
func (r *Repo) Close() error { return r.objects.close() }

// checkFormat refuses the kinds of repositories that go-git or a walk would misread.
func checkFormat(ctx context.Context, dir string) error {
	out, err := call{dir: dir, user: true, args: []string{"config", "--local", "-z", "--get-regexp", `^(extensions\..*|remote\..*\.promisor)$`}}.run(ctx)
	if code, ok := exitCode(err); ok && code == 1 {
		return nil // no such setting
	}
	if err != nil {
		return openError(dir, err)
	}
	for entry := range strings.SplitSeq(string(out), "\x00") {
		key, value, _ := strings.Cut(entry, "\n")
		switch {
		case key == "extensions.refstorage" && value != "files":
			return &UnsupportedError{What: "ref storage of the kind " + value, Remedy: "git refs migrate --ref-format=files"}
		case key == "extensions.partialclone", strings.HasSuffix(key, ".promisor") && value != "false":
			return &UnsupportedError{What: "a partial clone, where objects are missing until they are asked for", Remedy: "clone the whole repository, without --filter"}
		}
	}
	return nil
}

func openError(dir string, err error) error {
	var exit *Error
	if !errors.As(err, &exit) {
		return err
	}
	switch {
	case strings.Contains(exit.raw, "dubious ownership"):
		// "detected dubious ownership in repository at '<root>'": trust is given to the root, not to folders of it.
		if _, after, ok := strings.Cut(exit.raw, "repository at '"); ok {
			if root, _, ok := strings.Cut(after, "'\n"); ok {
				dir = root
			}
		}
		return &OwnerError{Dir: dir, Err: err}
	case strings.Contains(exit.raw, "repository extension"), strings.Contains(exit.raw, "repo version"):
		return &UnsupportedError{What: "a format that this git does not know (" + exit.Stderr + ")", Remedy: "use a newer git"}
	case strings.Contains(exit.raw, "not a git repository"):
		return &NotRepositoryError{Dir: dir, Err: err}
	}
	return fmt.Errorf("open %s: %w", dir, err)
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
	info, err := os.Stat(filepath.Join(r.commonDir, "shallow"))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil && info.Size() > 0, err
}

// refuseShallow is the first step of every walk.
func (r *Repo) refuseShallow() error {
	shallow, err := r.Shallow()
	if err == nil && shallow {
		return &ShallowError{Dir: r.dir()}
	}
	return err
}

// Dirty returns the tracked files that have changes, staged or not, by the user's configuration: filters such as Git
// LFS decide what is a change.
func (r *Repo) Dirty(ctx context.Context) ([]string, error) {
	if r.top == "" {
		return nil, nil
	}
	out, err := r.run(ctx, "--work-tree="+r.top, "--no-optional-locks", "status",
		"--porcelain=v1", "-z", "--untracked-files=no", "--no-renames", "--ignore-submodules=none")
	if err != nil {
		return nil, err
	}
	var files []string
	for entry := range strings.SplitSeq(string(out), "\x00") {
		if len(entry) > 3 { // "XY path"
			files = append(files, entry[3:])
		}
	}
	return files, nil
}

// Identity returns the name and the address that commits made here carry. What git would guess from the machine's name
// does not count: [*IdentityError].
func (r *Repo) Identity(ctx context.Context) (name, email string, err error) {
	out, err := r.run(ctx, "-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT")
	if _, ok := exitCode(err); ok {
		return "", "", &IdentityError{Err: err}
	}
	if err != nil {
		return "", "", err
	}
	s := parseIdent(string(out))
	if s.Name == "" || s.Email == "" {
		return "", "", &IdentityError{Err: fmt.Errorf("git says %q", strings.TrimSpace(string(out)))}
	}
	return s.Name, s.Email, nil
}
