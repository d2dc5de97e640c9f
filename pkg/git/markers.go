package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/relctl/relctl/internal/disk"
)

// Marker is a line that a merge left behind.
type Marker struct {
	Path string
	// Line counts from 1.
	Line int
	// Text of the line, shortened; "" if the file is too large to be shown.
	Text string
}

func (m Marker) String() string { return fmt.Sprintf("%s:%d: %s", m.Path, m.Line, m.Text) }

// markerAttributes stand above those of the tree: a file is binary if its bytes say so, whatever a diff shall show of
// it, and white space is nobody's business.
const markerAttributes = "* !diff !whitespace\n"

// leftover is a line of `git diff --check`.
var leftover = regexp.MustCompile(`^(.+):([0-9]+): leftover conflict marker$`)

// ConflictMarkers returns the conflict markers that stand in the commit to and not in the commit from, "" for all, by
// file and line. Git's own `diff --check` finds them, by the attribute conflict-marker-size in the commit to, and leaves
// binary files out. A file in which no line begins or ends a conflict has none: there, a line such as "=======" is the
// underline of a title.
func (r *Repo) ConflictMarkers(ctx context.Context, from, to string) (_ []Marker, err error) {
	base := emptyTree
	if from != "" {
		if base, err = r.Resolve(ctx, from); err != nil {
			return nil, err
		}
	}
	if to, err = r.Resolve(ctx, to); err != nil {
		return nil, err
	}
	found, err := r.checkDiff(ctx, base, to)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	files, err := r.FS(ctx, to)
	if err != nil {
		return nil, err
	}
	var out []Marker
	for _, file := range found {
		quote(files, file)
		if slices.ContainsFunc(file, func(m Marker) bool { return m.Text == "" || strings.ContainsAny(m.Text[:1], "<>") }) {
			out = append(out, file...)
		}
	}
	return out, nil
}

// checkDiff returns what git takes for conflict markers, a list for each file.
func (r *Repo) checkDiff(ctx context.Context, base, to string) (_ [][]Marker, err error) {
	q, err := r.quarantine()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, q.remove()) }()
	info := filepath.Join(q.gitDir(), "info")
	if err := errors.Join(disk.Mkdir(info, 0o755), disk.WriteFile(filepath.Join(info, "attributes"), []byte(markerAttributes), 0o644)); err != nil {
		return nil, err
	}
	tree, err := r.Tree(to)
	if err != nil {
		return nil, err
	}
	a := &attributes{objects: r.objects, folders: map[string]folder{}}
	set, err := a.of(ctx, tree)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(q.dir, "tree")
	if err := a.lay(ctx, set, dir); err != nil {
		return nil, err
	}
	const quiet = "-trailing-space,-space-before-tab,-indent-with-non-tab,-tab-in-indent"
	out, err := q.call(dir, "-c", "core.whitespace="+quiet, "diff-tree", "-r", "--find-renames", "--no-textconv", "--no-ext-diff", "--no-color", "--check", base, to).run(ctx)
	if code, ok := exitCode(err); err != nil && (!ok || code != 2) { // 2: there are some
		return nil, err
	}
	return parseCheck(string(out)), nil
}

func parseCheck(out string) (files [][]Marker) {
	for text := range strings.Lines(out) {
		f := leftover.FindStringSubmatch(strings.TrimSuffix(text, "\n"))
		if f == nil {
			continue
		}
		line, err := strconv.Atoi(f[2])
		if err != nil {
			continue
		}
		m := Marker{Path: f[1], Line: line}
		if n := len(files); n > 0 && files[n-1][0].Path == m.Path {
			files[n-1] = append(files[n-1], m)
		} else {
			files = append(files, []Marker{m})
		}
	}
	return files
}

// quote adds the text of the lines of one file, if it can be read.
func quote(files fs.FS, markers []Marker) {
	data, err := fs.ReadFile(files, markers[0].Path)
	if err != nil {
		return
	}
	lines := strings.Split(string(data), "\n")
	for i, m := range markers {
		if m.Line <= len(lines) {
			markers[i].Text = shorten([]string{strings.TrimSpace(clean(lines[m.Line-1]))})
		}
	}
}
