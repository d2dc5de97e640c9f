package cut

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/relctl/relctl/internal/disk"
	"github.com/relctl/relctl/internal/durable"
	"github.com/relctl/relctl/pkg/internal/filelock"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

const journalSchema = "https://relctl.dev/schema/journal/v1"

// journal is the memory of one plan's cut: what each stage gave, and the digests of the files it left.
type journal struct {
	// dir is dist/relctl/<plan>.
	dir      string
	progress func(project.Progress)
}

// entry is a finished stage on disk.
type entry struct {
	Schema string `json:"schema"`
	Stage  string `json:"stage"`
	// Input is the digest of what the stage was given.
	Input string `json:"input"`
	// Output is what it returned.
	Output json.RawMessage `json:"output"`
	// Files are what it left, relative to the journal's folder, with their digests.
	Files []fileDigest `json:"files"`
}

type fileDigest struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// step is what a stage returns: its value for the next stages, the files and folders it left (relative to the
// journal's folder), and a line for people.
type step[T any] struct {
	Out  T
	Left []string
	Text string
}

// do runs a stage, unless the journal shows that it was done with the same input and its files are still as they were.
func do[In, Out any](j *journal, stage string, in In, run func() (step[Out], error)) (Out, error) {
	var zero Out
	raw, err := release.Encode(in)
	if err != nil {
		return zero, err
	}
	input := release.Digest(raw)
	if out, ok := recall[Out](j, stage, input); ok {
		j.progress(project.Progress{Stage: stage, State: "kept"})
		return out, nil
	}
	j.progress(project.Progress{Stage: stage, State: "start"})
	s, err := run()
	if err != nil {
		return zero, &StageError{Stage: stage, Err: err}
	}
	if err := record(j, stage, input, s.Out, s.Left); err != nil {
		return zero, &StageError{Stage: stage, Err: fmt.Errorf("write the journal: %w", err)}
	}
	j.progress(project.Progress{Stage: stage, State: "done", Text: s.Text})
	return s.Out, nil
}

func (j *journal) entryPath(stage string) string {
	return filepath.Join(j.dir, "journal", stage+".json")
}

// recall reads a stage's entry. Anything in doubt, from a missing file to a changed byte, means that it is redone.
func recall[Out any](j *journal, stage, input string) (Out, bool) {
	var out Out
	data, err := os.ReadFile(j.entryPath(stage))
	if err != nil {
		return out, false
	}
	var e entry
	if release.Decode(data, &e) != nil || e.Schema != journalSchema || e.Stage != stage || e.Input != input {
		return out, false
	}
	for _, f := range e.Files {
		now, err := digestFile(j.dir, f.Path)
		if err != nil || now != f {
			return out, false
		}
	}
	if json.Unmarshal(e.Output, &out) != nil {
		return out, false
	}
	return out, true
}

func record(j *journal, stage, input string, out any, left []string) error {
	raw, err := json.Marshal(out)
	if err != nil {
		return err
	}
	e := entry{Schema: journalSchema, Stage: stage, Input: input, Output: raw, Files: []fileDigest{}}
	for _, l := range left {
		if e.Files, err = appendFiles(e.Files, j.dir, l); err != nil {
			return err
		}
	}
	sort.Slice(e.Files, func(a, b int) bool { return e.Files[a].Path < e.Files[b].Path })
	data, err := release.Encode(e)
	if err != nil {
		return err
	}
	return durable.Write(j.entryPath(stage), data, 0o644)
}

// appendFiles adds a file, or every file below a folder, to list.
func appendFiles(list []fileDigest, dir, name string) ([]fileDigest, error) {
	root := filepath.Join(dir, filepath.FromSlash(name))
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		f, err := digestFile(dir, filepath.ToSlash(rel))
		list = append(list, f)
		return err
	})
	if _, serr := os.Lstat(root); errors.Is(serr, fs.ErrNotExist) {
		return list, nil // a stage may have nothing to leave there
	}
	return list, err
}

// digestFile hashes a regular file below dir.
func digestFile(dir, name string) (fileDigest, error) {
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return fileDigest{}, err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return fileDigest{Path: name, Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}, err
}

// open makes the folder of a plan's cut and keeps other cuts of the same plan out of it.
func openJournal(dist, plan string, progress func(project.Progress)) (*journal, func(), error) {
	if progress == nil {
		progress = func(project.Progress) {}
	}
	j := &journal{dir: filepath.Join(dist, strings.TrimPrefix(plan, "sha256:")), progress: progress}
	if err := disk.MkdirAll(j.dir, 0o755); err != nil {
		return nil, nil, err
	}
	// The folder is git's business no more than any build output.
	if err := project.HideFromGit(dist); err != nil {
		return nil, nil, err
	}
	unlock, err := filelock.Lock(filepath.Join(j.dir, "lock"))
	if err != nil {
		return nil, nil, err
	}
	return j, unlock, nil
}

// path returns a place in the journal's folder.
func (j *journal) path(elem ...string) string {
	return filepath.Join(append([]string{j.dir}, elem...)...)
}

// clear removes what a failed try of a stage may have left, so that the stage starts from nothing.
func (j *journal) clear(names ...string) error {
	for _, n := range names {
		if err := disk.RemoveAll(j.path(filepath.FromSlash(n))); err != nil {
			return err
		}
	}
	return nil
}
