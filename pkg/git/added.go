package git

import (
	"context"
	"fmt"
	"strings"
)

// AddedFile is a file that a commit added.
type AddedFile struct {
	Commit, Path string
	Data         []byte
}

// LinearChange is what one commit of a linear history did.
type LinearChange struct {
	Commit  string
	Parents int
	// Changes are "A path", "M path", "D path".
	Changes []string
	// Data is the added file's content if the commit did nothing but add one file.
	Data []byte
}

// MoreThanAddedError is a commit that does more, or less, than add one file.
type MoreThanAddedError struct{ Commit string }

func (e *MoreThanAddedError) Error() string {
	return fmt.Sprintf("commit %.10s does more than add one file", e.Commit)
}

// AddedFiles reads, oldest first, the one file that each commit after since, "" for all, up to head added. It is meant
// for branches on which every commit adds a file, and costs two git processes however many there are. The error is a
// [*MoreThanAddedError] if one does not.
func (r *Repo) AddedFiles(ctx context.Context, head, since string) ([]AddedFile, error) {
	changes, err := r.changes(ctx, head, since)
	if err != nil {
		return nil, err
	}
	files := make([]AddedFile, 0, len(changes))
	for _, c := range changes {
		path, ok := strings.CutPrefix(strings.Join(c.Changes, " "), "A ")
		if len(c.Changes) != 1 || !ok || c.Parents > 1 {
			return nil, &MoreThanAddedError{Commit: c.Commit}
		}
		files = append(files, AddedFile{Commit: c.Commit, Path: path, Data: c.Data})
	}
	return files, nil
}

// LinearChanges reads, oldest first, what each commit up to head did.
func (r *Repo) LinearChanges(ctx context.Context, head string) ([]LinearChange, error) {
	return r.changes(ctx, head, "")
}

func (r *Repo) changes(ctx context.Context, head, since string) ([]LinearChange, error) {
	args := []string{"log", "-z", "--reverse", "--topo-order", "--no-renames", "--no-color", "--raw", "--no-abbrev", "--root", "-m", "--first-parent", "--format=commit %H %P", head}
	if since != "" {
		args = append(args, "^"+since)
	}
	out, err := r.read(ctx, append(args, "--")...)
	if err != nil {
		return nil, err
	}
	var list []LinearChange
	var blobs []string
	var owner []int
	fields := strings.Split(string(out), "\x00")
	for i := 0; i < len(fields); i++ {
		f := strings.TrimLeft(fields[i], "\n")
		switch {
		case strings.HasPrefix(f, "commit "):
			words := strings.Fields(f)
			list = append(list, LinearChange{Commit: words[1], Parents: len(words) - 2})
		case strings.HasPrefix(f, ":") && len(list) > 0 && i+1 < len(fields):
			words := strings.Fields(f) // :000000 100644 <old> <new> A
			i++
			if len(words) != 5 {
				return nil, fmt.Errorf("git log: unexpected line %q", f)
			}
			c := &list[len(list)-1]
			c.Changes = append(c.Changes, words[4]+" "+fields[i])
			if words[4] == "A" && len(c.Changes) == 1 {
				blobs, owner = append(blobs, words[3]), append(owner, len(list)-1)
			}
		}
	}
	// Where a shallow clone's history ends, a commit seems to add all that there is.
	if len(list) > 0 && list[0].Parents == 0 && len(list[0].Changes) > 1 {
		if err := r.refuseShallow(); err != nil {
			return nil, err
		}
	}
	data, err := r.blobs(ctx, blobs)
	if err != nil {
		return nil, err
	}
	for i, at := range owner {
		list[at].Data = data[i]
	}
	return list, nil
}

// blobs reads many blobs in the order of their ids.
func (r *Repo) blobs(ctx context.Context, ids []string) ([][]byte, error) {
	list := make([][]byte, 0, len(ids))
	for _, id := range ids {
		data, err := r.objects.read(ctx, "blob", id, MaxBlob)
		if err != nil {
			return nil, err
		}
		list = append(list, data)
	}
	return list, nil
}
