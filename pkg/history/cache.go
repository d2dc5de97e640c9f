package history

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/relctl/relctl/internal/disk"
)

// The caches hold what never changes: facts of commits by their ids. They may be deleted at any time, and one that does
// not read as expected counts as absent.
const (
	graphFormat = "relctl commits 2"
	patchFormat = "relctl patches 3"
)

const nodeFields = 17

// loadGraph reads the cache, or returns an empty graph.
func loadGraph(path string) *graph {
	g, err := readGraph(path)
	if err != nil {
		return newGraph()
	}
	return g
}

func readGraph(path string) (*graph, error) {
	text, err := readCache(path, graphFormat)
	if err != nil {
		return nil, err
	}
	return parseGraph(text)
}

func parseGraph(text string) (*graph, error) {
	count := strings.Count(text, "\n")
	g := &graph{nodes: make([]node, 0, count), at: make(map[string]int32, count)}
	for len(text) > 0 {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		at := int32(len(g.nodes)) //nolint:gosec // far below 2^31 commits
		n, err := parseNode(line, at)
		if err != nil {
			return nil, err
		}
		g.at[n.id] = at
		g.nodes = append(g.nodes, n)
	}
	return g, nil
}

// parseNode reads one line; at is its place, below which its parents lie.
func parseNode(line string, at int32) (node, error) {
	var f [nodeFields]string
	for i := range nodeFields - 1 {
		var ok bool
		if f[i], line, ok = strings.Cut(line, "\t"); !ok {
			return node{}, fmt.Errorf("record %d has %d fields", at, i+1)
		}
	}
	f[nodeFields-1] = line
	r := fieldReader{}
	n := node{
		id: f[0], tree: f[1], parents: r.list(f[2]), author: f[3], email: f[4], authored: r.int(f[5], 64), committed: r.int(f[6], 64),
		header: f[7], typ: f[8], breaking: f[9] == "!", pr: int32(r.int(f[10], 32)), rare: nothing, //nolint:gosec // 32 bits were asked for
	}
	if strings.Join(f[11:], "") != "" {
		n.rare = &rare{
			backports: r.list(f[11]), revertsPR: int32(r.int(f[12], 32)), //nolint:gosec // the same
			picks: words(f[13]), reverts: words(f[14]), cves: words(f[15]), only: f[16],
		}
	}
	for _, p := range n.parents {
		if p < 0 || p >= at {
			return n, fmt.Errorf("record %d has the parent %d", at, p)
		}
	}
	return n, r.err
}

// fieldReader keeps the first error.
type fieldReader struct{ err error }

func (r *fieldReader) int(text string, bits int) int64 {
	if text == "" {
		return 0
	}
	v, err := strconv.ParseInt(text, 10, bits)
	if err != nil {
		r.err = err
	}
	return v
}

func (r *fieldReader) list(text string) []int32 {
	if text == "" {
		return nil
	}
	out := make([]int32, 0, strings.Count(text, " ")+1)
	for w := range strings.SplitSeq(text, " ") {
		out = append(out, int32(r.int(w, 32))) //nolint:gosec // 32 bits were asked for
	}
	return out
}

func words(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, " ")
}

// saveGraph writes the cache. Failing to is no error: the next run walks again.
func saveGraph(path string, g *graph) {
	_ = writeCache(path, graphFormat, func(w *bufio.Writer) {
		var line []byte
		for i := range g.nodes {
			line = appendNode(line[:0], &g.nodes[i])
			_, _ = w.Write(line)
		}
	})
}

func appendNode(b []byte, n *node) []byte {
	text := func(s string) { b = append(append(b, s...), '\t') }
	number := func(v int64) {
		if v != 0 {
			b = strconv.AppendInt(b, v, 10)
		}
		b = append(b, '\t')
	}
	list := func(l []int32) {
		for i, v := range l {
			if i > 0 {
				b = append(b, ' ')
			}
			b = strconv.AppendInt(b, int64(v), 10)
		}
		b = append(b, '\t')
	}
	text(n.id)
	text(n.tree)
	list(n.parents)
	text(n.author)
	text(n.email)
	number(n.authored)
	number(n.committed)
	text(n.header)
	text(n.typ)
	if n.breaking {
		b = append(b, '!')
	}
	b = append(b, '\t')
	number(int64(n.pr))
	list(n.backports)
	number(int64(n.revertsPR))
	text(strings.Join(n.picks, " "))
	text(strings.Join(n.reverts, " "))
	text(strings.Join(n.cves, " "))
	b = append(b, n.only...)
	return append(b, '\n')
}

// readCache returns what stands between the first line of a cache, its format, and the last, its checksum.
func readCache(path, format string) (string, error) {
	if path == "" {
		return "", os.ErrNotExist
	}
	text, err := readFile(path)
	if err != nil {
		return "", err
	}
	return unseal(text, format)
}

// readFile reads a file into a string, without the copy that a conversion makes.
func readFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // only read
	var b strings.Builder
	if info, err := f.Stat(); err == nil {
		b.Grow(int(info.Size()))
	}
	_, err = io.Copy(&b, f)
	return b.String(), err
}

var errCache = errors.New("no cache of this relctl, or a damaged one")

func unseal(text, format string) (string, error) {
	body, sum, ok := cutLast(text)
	rest, known := strings.CutPrefix(body, format+"\n")
	if !ok || !known || sum != checksum(rest) {
		return "", errCache
	}
	return rest, nil
}

// cutLast parts the last line from those before it.
func cutLast(text string) (before, last string, ok bool) {
	last, ok = strings.CutSuffix(text, "\n")
	at := strings.LastIndexByte(last, '\n') + 1
	return text[:at], last[at:], ok
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum finds damage. Whoever can write a cache could as well write the repository.
func checksum(text string) string {
	var sum uint32
	buf := make([]byte, 64<<10)
	for len(text) > 0 {
		n := copy(buf, text)
		sum, text = crc32.Update(sum, castagnoli, buf[:n]), text[n:]
	}
	return fmt.Sprintf("%08x", sum)
}

// writeCache replaces a cache in one step, so that readers find the old or the new one.
func writeCache(path, format string, write func(*bufio.Writer)) error {
	if path == "" {
		return nil
	}
	if err := disk.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := disk.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer disk.Remove(f.Name()) //nolint:errcheck // gone after the rename
	_, err = f.WriteString(format + "\n")
	sum := crc32.New(castagnoli)
	w := bufio.NewWriterSize(io.MultiWriter(f, sum), 256<<10)
	write(w)
	err = cmp.Or(err, w.Flush()) // it remembers the first error
	if err == nil {
		_, err = fmt.Fprintf(f, "%08x\n", sum.Sum32())
	}
	if err = cmp.Or(err, f.Close()); err != nil {
		return err
	}
	return disk.Rename(f.Name(), path)
}
