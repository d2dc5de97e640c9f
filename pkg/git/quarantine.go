package git

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/relctl/relctl/internal/disk"
)

// emptyTree is the id of a tree without entries, which git knows without an object.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// quarantine is a throw-away repository in a temporary folder. It reads the objects of a real one as alternates and
// keeps for itself what is written. It has no configuration of anybody's, no refs and no hooks.
type quarantine struct {
	dir    string
	packed bytes.Buffer
	packer *zlib.Writer
}

// quarantineConfig makes objects cheap, since nobody keeps them.
const quarantineConfig = `[core]
	repositoryFormatVersion = 0
	bare = false
	fsync = none
	createObject = rename
	looseCompression = 0
[gc]
	auto = 0
`

func (r *Repo) quarantine() (*quarantine, error) {
	dir, err := disk.MkdirTemp(quarantineParent(), "relctl-quarantine-")
	if err != nil {
		return nil, err
	}
	q := &quarantine{dir: dir}
	info := filepath.Join(q.gitDir(), "objects", "info")
	objects := filepath.ToSlash(filepath.Join(r.commonDir, "objects")) + "\n"
	err = errors.Join(disk.MkdirAll(info, 0o755), disk.MkdirAll(filepath.Join(q.gitDir(), "refs"), 0o755))
	for file, text := range map[string]string{"HEAD": "ref: refs/heads/none\n", "config": quarantineConfig, "objects/info/alternates": objects} {
		err = errors.Join(err, disk.WriteFile(filepath.Join(q.gitDir(), filepath.FromSlash(file)), []byte(text), 0o644))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a scratch repository: %w", err), q.remove())
	}
	q.packer, err = zlib.NewWriterLevel(&q.packed, zlib.NoCompression)
	return q, err
}

func (q *quarantine) gitDir() string { return filepath.Join(q.dir, "git") }

func (q *quarantine) remove() error { return disk.RemoveAll(q.dir) }

// call is a hermetic run of git here, with a working tree that holds the files of the folder tree.
func (q *quarantine) call(tree string, args ...string) call {
	return call{dir: tree, args: append([]string{"--git-dir=" + q.gitDir(), "--work-tree=" + tree}, args...)}
}

// commit writes a commit object that nobody made. Its date lies after all others, so that git finds the way from it to
// its parent before it walks any history.
func (q *quarantine) commit(tree string, parents ...string) (string, error) {
	text := "tree " + tree + "\n"
	for _, p := range parents {
		text += "parent " + p + "\n"
	}
	const who = "relctl <> 4102444800 +0000\n" // the year 2100
	text += "author " + who + "committer " + who + "\n"
	id := plumbing.ComputeHash(plumbing.CommitObject, []byte(text)).String()

	// Nobody reads it before it is named, so that the file may grow in place.
	q.packed.Reset()
	q.packer.Reset(&q.packed)
	_, err := fmt.Fprintf(q.packer, "commit %d\x00%s", len(text), text)
	err = errors.Join(err, q.packer.Close())
	dir := filepath.Join(q.gitDir(), "objects", id[:2])
	err = errors.Join(err, disk.MkdirAll(dir, 0o755), disk.WriteFile(filepath.Join(dir, id[2:]), q.packed.Bytes(), 0o644))
	if err != nil {
		return "", fmt.Errorf("write a scratch commit: %w", err)
	}
	return id, nil
}
