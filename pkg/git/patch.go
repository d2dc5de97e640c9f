package git

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/relctl/relctl/pkg/internal/proc"
)

// Diff names what a commit does: its tree against that of a parent.
type Diff struct {
	Commit string
	// Parent is what the commit is told against; "" is its own first parent, or nothing for a root. A merge needs it.
	Parent string
}

func (d Diff) line() string {
	if d.Parent == "" {
		return d.Commit + "\n"
	}
	return d.Commit + " " + d.Parent + "\n"
}

// diffArgs compare trees without any configuration's say. Renames stay two files, so that equal patches look equal.
var diffArgs = []string{"diff-tree", "--stdin", "--root", "-r", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color", "--always"}

// Touched is which files a commit changes, and how: equal patches have equal ones.
type Touched struct {
	// Sum is a digest over kinds, modes and paths; "" for a commit without changes.
	Sum string
	// Files is how many there are.
	Files int
	// Names are hashes of the first of them, without their folders, [MaxNames] at most.
	Names []uint32
}

// MaxNames is how many names of files one [Touched] has at most.
const MaxNames = 64

// Touched tells for each diff which files it changes. It shares the work between processors.
func (r *Repo) Touched(ctx context.Context, diffs []Diff) ([]Touched, error) {
	out := make([]Touched, len(diffs))
	err := r.share(ctx, len(diffs), 500, func(ctx context.Context, from, to int) error {
		return r.touched(ctx, diffs[from:to], out[from:to])
	})
	return out, err
}

// share cuts n pieces of work into one part a processor, none smaller than least.
func (r *Repo) share(ctx context.Context, n, least int, work func(ctx context.Context, from, to int) error) error {
	if n == 0 {
		return nil
	}
	if err := r.refuseShallow(); err != nil {
		return err
	}
	parts := max(1, min(runtime.GOMAXPROCS(0), 4, n/least))
	errs := make([]error, parts)
	var wg sync.WaitGroup
	for p := range parts {
		wg.Go(func() { errs[p] = work(ctx, n*p/parts, n*(p+1)/parts) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (r *Repo) touched(ctx context.Context, diffs []Diff, out []Touched) error {
	sum := sha256.New()
	return r.rawDiffs(ctx, diffs, func(i int, fields [][]byte, path []byte) {
		for _, part := range [][]byte{fields[0], fields[1], fields[4], path, {0}} { // not the ids
			sum.Write(part)
		}
		if out[i].Files++; out[i].Files <= MaxNames {
			h := fnv.New32a()
			_, _ = h.Write(path[bytes.LastIndexByte(path, '/')+1:])
			out[i].Names = append(out[i].Names, h.Sum32())
		}
	}, func(i int) {
		if out[i].Files > 0 {
			out[i].Sum = hex.EncodeToString(sum.Sum(nil)[:16])
		}
		sum.Reset()
	})
}

// Growth returns, for each diff, a digest of how many bytes each file grows or shrinks by: equal patches have equal
// ones, and it costs far less than a patch-id. It is "" where nothing changes or a file is not here.
func (r *Repo) Growth(ctx context.Context, diffs []Diff) ([]string, error) {
	const part = 4096 // so that memory does not grow with their number
	if err := r.refuseShallow(); err != nil {
		return nil, err
	}
	out := make([]string, 0, len(diffs))
	for some := range slices.Chunk(diffs, part) {
		found, err := r.growth(ctx, some)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

func (r *Repo) growth(ctx context.Context, diffs []Diff) ([]string, error) {
	var blobs []string
	place := map[string]int{}
	see := func(mode, id []byte) int {
		if string(mode) == "000000" || string(mode) == "160000" { // no file, or a submodule
			return -1
		}
		at, ok := place[string(id)]
		if !ok {
			at = len(blobs)
			place[string(id)] = at
			blobs = append(blobs, string(id))
		}
		return at
	}
	files := make([][]int, len(diffs)) // before and after, in turn
	err := r.rawDiffs(ctx, diffs, func(i int, fields [][]byte, _ []byte) {
		files[i] = append(files[i], see(fields[0], fields[2]), see(fields[1], fields[3]))
	}, func(int) {})
	if err != nil {
		return nil, err
	}
	sizes, err := r.objects.info(ctx, blobs...)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(diffs))
	for i, f := range files {
		if len(f) > 0 {
			out[i] = growthSum(f, sizes)
		}
	}
	return out, nil
}

// growthSum digests the differences of sizes. What is no file counts as empty.
func growthSum(files []int, sizes []objectInfo) string {
	sum := sha256.New()
	by := int64(0)
	for k, at := range files {
		if at >= 0 {
			if sizes[at].kind == "" {
				return ""
			}
			by += sizes[at].size * int64(2*(k%2)-1) // what was before shrinks it, what is after lets it grow
		}
		if k%2 == 1 {
			_, _ = fmt.Fprintf(sum, "%d\n", by)
			by = 0
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// rawDiffs gives each file of each diff to file, with the five fields of git's raw format, and tells when a diff ends.
func (r *Repo) rawDiffs(ctx context.Context, diffs []Diff, file func(i int, fields [][]byte, path []byte), end func(i int)) error {
	at := -1
	err := r.diffTree(diffs, "--raw", "-z", "--no-abbrev").stream(ctx, func(in io.Reader) error {
		br := bufio.NewReaderSize(in, 64<<10)
		var buf, path []byte
		for {
			var err error
			if buf, err = readRecord(br, buf[:0]); err != nil {
				if errors.Is(err, io.EOF) {
					return nil
				}
				return err
			}
			f := bytes.Fields(bytes.TrimPrefix(buf, []byte(":")))
			switch {
			case at >= 0 && len(f) == 5 && buf[0] == ':': // :100644 100644 <id> <id> M
				if path, err = readRecord(br, path[:0]); err != nil {
					return err
				}
				file(at, f, path)
			case at+1 < len(diffs) && string(buf) == diffs[at+1].Commit:
				if at >= 0 {
					end(at)
				}
				at++
			default:
				return fmt.Errorf("unexpected record %.80q", buf)
			}
		}
	})
	if ctx.Err() != nil {
		return fmt.Errorf("git diff-tree: %w", ctx.Err()) // rather than what half a record looks like
	}
	if err != nil {
		return err
	}
	if at != len(diffs)-1 {
		return fmt.Errorf("git diff-tree told of %d commits, %d were asked for", at+1, len(diffs))
	}
	end(at)
	return nil
}

// PatchIDs returns the stable patch-id of each diff, as git patch-id defines it, "" for a diff without text. A commit
// of which git cannot read all files has none either.
func (r *Repo) PatchIDs(ctx context.Context, diffs []Diff) ([]string, error) {
	out := make([]string, len(diffs))
	err := r.share(ctx, len(diffs), 50, func(ctx context.Context, from, to int) error {
		return r.patchIDs(ctx, diffs[from:to], out[from:to])
	})
	return out, err
}

// patchIDs halves what git fails on, down to the commit that it cannot read.
func (r *Repo) patchIDs(ctx context.Context, diffs []Diff, out []string) error {
	ids, err := r.pipePatches(ctx, diffs)
	if _, failed := exitCode(err); failed && ctx.Err() == nil {
		if len(diffs) == 1 {
			return nil
		}
		half := len(diffs) / 2
		return errors.Join(r.patchIDs(ctx, diffs[:half], out[:half]), r.patchIDs(ctx, diffs[half:], out[half:]))
	}
	for i, d := range diffs {
		out[i] = ids[d.Commit]
	}
	return err
}

// pipePatches runs git diff-tree into git patch-id, and returns the ids by commit.
func (r *Repo) pipePatches(ctx context.Context, diffs []Diff) (map[string]string, error) {
	show := r.diffTree(diffs, "-p", "--full-index")
	sum := call{dir: r.dir(), args: r.args([]string{"patch-id", "--stable"})}
	first, second := show.command(ctx), sum.command(ctx)
	proc.Group(first)
	proc.Group(second)
	var said, answered, failed bytes.Buffer
	first.Stdin, first.Stderr = bytes.NewReader(show.stdin), &said
	second.Stdout, second.Stderr = &answered, &failed
	from, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	first.Stdout, second.Stdin = to, from
	err = first.Start()
	if err == nil {
		if err = second.Start(); err != nil {
			_ = first.Process.Kill()
			_ = first.Wait()
		}
	}
	_, _ = to.Close(), from.Close() // the children have theirs
	if err != nil {
		return nil, show.failure(ctx, err, "")
	}
	err1, err2 := first.Wait(), second.Wait()
	if err := cmp.Or(show.failure(ctx, err1, said.String()), sum.failure(ctx, err2, failed.String())); err != nil {
		return nil, err
	}
	ids := make(map[string]string, len(diffs))
	for line := range strings.Lines(answered.String()) {
		if id, commit, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			ids[commit] = id
		}
	}
	return ids, nil
}

// diffTree is one run over all diffs.
func (r *Repo) diffTree(diffs []Diff, more ...string) call {
	var in bytes.Buffer
	for _, d := range diffs {
		in.WriteString(d.line())
	}
	return call{dir: r.dir(), args: r.args(append(append([]string{}, diffArgs...), more...)), stdin: in.Bytes()}
}
