package gittest

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// mark names an object of the stream before it has an id.
type mark int

// importer writes a stream for git fast-import. The first error sticks, and end reports it.
type importer struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	w      *bufio.Writer
	out    *bufio.Reader
	stderr bytes.Buffer
	last   mark
	marks  string // the file into which git writes the ids
	// ids of all commits by mark, after end.
	ids map[mark]string
	err error
}

func startImport(ctx context.Context, dir string) (*importer, error) {
	i := &importer{marks: filepath.Join(dir, "marks"), ids: map[mark]string{}}
	i.cmd = exec.CommandContext(ctx, "git", "-c", "core.compression=0", "fast-import", "--quiet", "--done", "--date-format=raw", "--export-marks="+i.marks)
	i.cmd.Dir, i.cmd.Stderr = dir, &i.stderr
	// Else glibc maps zlib's memory anew for every object, which takes longer than all the rest.
	i.cmd.Env = append(os.Environ(), "MALLOC_MMAP_THRESHOLD_=1073741824", "MALLOC_TRIM_THRESHOLD_=1073741824")
	out, err := i.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if i.in, err = i.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	i.w, i.out = bufio.NewWriterSize(i.in, 1<<20), bufio.NewReader(out)
	return i, i.cmd.Start()
}

// entry is a file as a commit leaves it.
type entry struct {
	path    string
	content []byte
}

// importCommit is one commit of the stream.
type importCommit struct {
	ref               string
	parents           []mark // the first may be left out if it is the ref's tip
	author, committer string // Name <address>
	authored, done    time.Time
	message           string
	files             []entry
}

func (i *importer) commit(c importCommit) mark {
	i.last++
	m := i.last
	i.print("commit %s\nmark :%d\nauthor %s %d +0000\ncommitter %s %d +0000\ndata %d\n%s\n",
		c.ref, m, c.author, c.authored.Unix(), c.committer, c.done.Unix(), len(c.message), c.message)
	for n, p := range c.parents {
		i.print("%s :%d\n", [2]string{"from", "merge"}[min(n, 1)], p)
	}
	for _, f := range c.files {
		i.print("M 100644 inline %s\ndata %d\n", f.path, len(f.content))
		i.print("%s\n", f.content)
	}
	i.print("\n")
	return m
}

// print writes to the stream, and keeps the first error.
func (i *importer) print(format string, args ...any) {
	_, err := fmt.Fprintf(i.w, format, args...)
	i.err = cmp.Or(i.err, err)
}

// point makes a ref.
func (i *importer) point(ref string, to mark) { i.print("reset %s\nfrom :%d\n\n", ref, to) }

// id asks git for the id of a commit that was written.
func (i *importer) id(m mark) string {
	i.print("get-mark :%d\n", m)
	i.err = cmp.Or(i.err, i.w.Flush())
	line, err := i.out.ReadString('\n')
	i.err = cmp.Or(i.err, err)
	return strings.TrimSpace(line)
}

// end closes the stream and reads the ids.
func (i *importer) end() error {
	i.print("done\n")
	i.err = cmp.Or(i.err, i.w.Flush(), i.in.Close())
	if err := cmp.Or(i.cmd.Wait(), i.err); err != nil {
		return fmt.Errorf("git fast-import: %w\n%s", err, i.stderr.Bytes())
	}
	return i.readMarks()
}

// readMarks reads lines such as ":12 3f2a…" and removes the file.
func (i *importer) readMarks() error {
	data, err := os.ReadFile(i.marks)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(data)) {
		var m mark
		var id string
		if _, err := fmt.Sscanf(line, ":%d %s", &m, &id); err != nil {
			return fmt.Errorf("git fast-import's marks: %w", err)
		}
		i.ids[m] = id
	}
	return os.Remove(i.marks)
}
