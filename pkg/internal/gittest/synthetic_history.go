package gittest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

const (
	mainRef  = "refs/heads/main"
	fileSize = 12 // lines
	around   = 3  // lines of context in a diff
)

// content is a file: each line stands for a setting, and holds the number of the edit that wrote it last.
type content [fileSize]int32

// edit sets one line of a file.
type edit struct {
	file, line int
	to         int32
	before     content // the file as it was
}

// change is one logical change of main.
type change struct {
	mark     mark // the commit, or the merge of its pull request
	merge    bool
	parts    []mark // what it brought
	subject  string // without number
	body     string
	pr       int
	author   string
	authored time.Time
	edits    []edit
	undone   bool // main took it back, or it takes another one back
}

func (c *change) header() string {
	if c.pr == 0 || c.merge {
		return c.subject
	}
	return fmt.Sprintf("%s (#%d)", c.subject, c.pr)
}

// author makes up main and its lines.
type author struct {
	*importer
	opts  SyntheticOptions
	rand  *rand.Rand
	clock time.Time
	paths []string
	// tree is main as it stands.
	tree    []content
	written int32 // edits so far
	pr      int   // the last number of a pull request
	tip     mark
	changes []*change
	forks   []fork
}

// fork is main where a line leaves it.
type fork struct {
	tree    []content
	tip     mark
	changes int // before it
}

func newAuthor(i *importer, opts SyntheticOptions) *author {
	if opts.Files == 0 {
		opts.Files = 2000
	}
	a := &author{
		importer: i, opts: opts, rand: rand.New(rand.NewPCG(opts.Seed, 1)), //nolint:gosec // must be the same every time
		clock: Start, tree: make([]content, opts.Files),
	}
	for n := range opts.Files {
		a.paths = append(a.paths, fmt.Sprintf("pkg/%s/part%d/file%02d.go", scopeOf(n), n/20/len(scopes), n%20))
	}
	return a
}

var scopes = []string{"api", "auth", "cache", "cli", "config", "gateway", "index", "ingest", "query", "ring", "rules", "store"}

func (a *author) tick(minutes int) time.Time {
	a.clock = a.clock.Add(time.Duration(minutes) * time.Minute)
	return a.clock
}

// render writes a file out.
func render(c content) []byte {
	b := make([]byte, 0, 24*fileSize)
	for i, v := range c {
		b = append(b, "\tsetting"...)
		b = strconv.AppendInt(b, int64(i), 10)
		b = append(b, " = "...)
		b = strconv.AppendInt(b, int64(v), 10)
		b = append(b, '\n')
	}
	return b
}

// apply edits a tree and returns the files that changed.
func (a *author) apply(tree []content, edits []edit) []entry {
	var out []entry
	for _, e := range edits {
		tree[e.file][e.line] = e.to
		out = append(out, entry{a.paths[e.file], render(tree[e.file])})
	}
	return out
}

// invent makes up edits of main in files that none of the others touches.
func (a *author) invent(others []edit) []edit {
	var edits []edit
	for want := 1 + a.rand.IntN(8)/5 + a.rand.IntN(8)/7; len(edits) < want; {
		file := a.rand.IntN(len(a.tree))
		same := func(e edit) bool { return e.file == file }
		if slices.ContainsFunc(edits, same) || slices.ContainsFunc(others, same) {
			continue
		}
		a.written++
		edits = append(edits, edit{file: file, line: a.rand.IntN(fileSize), to: a.written, before: a.tree[file]})
	}
	return edits
}

// writeMain writes the first commit, and then changes until there are enough commits.
func (a *author) writeMain() {
	files := []entry{{"VERSION", []byte("0.1.0\n")}}
	for n := range a.tree {
		files = append(files, entry{a.paths[n], render(a.tree[n])})
	}
	a.tip = a.commit(importCommit{
		ref: mainRef, author: person(1), committer: person(1), authored: a.clock, done: a.clock, message: "feat: begin\n", files: files,
	})
	for int(a.last) < a.opts.Commits {
		if n := len(a.forks); n < a.opts.Lines && int(a.last) >= a.opts.Commits*2/3+a.opts.Commits*n/(4*a.opts.Lines) {
			a.forks = append(a.forks, fork{slices.Clone(a.tree), a.tip, len(a.changes)})
		}
		switch n := a.rand.IntN(200); {
		case n < 6:
			a.mergeTopic()
		case n == 6:
			a.revertLast()
		default:
			a.squash()
		}
	}
}

// newChange makes up what a change says.
func (a *author) newChange(edits []edit) *change {
	return &change{
		subject: writeSubject(a.rand, scopeOf(edits[0].file)), body: one(a.rand, bodies),
		author: person(1 + a.rand.IntN(40)), authored: a.tick(1 + a.rand.IntN(30)), edits: edits,
	}
}

func (a *author) nextPR() int {
	a.pr++
	return a.pr
}

// put writes a change on main.
func (a *author) put(c *change, message string) {
	c.mark = a.commit(importCommit{
		ref: mainRef, author: c.author, committer: c.author, authored: c.authored, done: c.authored,
		message: message, files: a.apply(a.tree, c.edits),
	})
	a.tip = c.mark
}

// squash is the pull request of most changes: one commit with the number in its subject.
func (a *author) squash() {
	c := a.newChange(a.invent(nil))
	c.pr = a.nextPR()
	a.put(c, join(c.header(), c.body))
	a.changes = append(a.changes, c)
}

// revertLast takes the newest change back, if nothing was built on it and no line may have it.
func (a *author) revertLast() {
	if len(a.changes) == 0 || a.changes[len(a.changes)-1].merge || a.changes[len(a.changes)-1].undone {
		a.squash()
		return
	}
	last := a.changes[len(a.changes)-1]
	last.undone = true
	c := a.newChange(back(last.edits))
	c.subject, c.pr, c.undone = fmt.Sprintf("Revert %q", last.header()), a.nextPR(), true
	a.put(c, join(c.header(), "This reverts commit "+a.id(last.mark)+"."))
	a.changes = append(a.changes, c)
}

// back is the edits that take others back.
func back(edits []edit) []edit {
	out := slices.Clone(edits)
	for i, e := range out {
		out[i].to = e.before[e.line]
		out[i].before[e.line] = e.to
	}
	return out
}

// mergeTopic is a pull request that keeps its commits: a branch of one to three, and the merge that brings them.
func (a *author) mergeTopic() {
	base, tree := a.tip, a.tree
	a.tree = slices.Clone(tree)
	unit := &change{merge: true}
	for range 1 + a.rand.IntN(3) {
		c := a.newChange(a.invent(unit.edits))
		a.put(c, join(c.subject, c.body))
		unit.edits, unit.subject, unit.author = append(unit.edits, c.edits...), c.subject, c.author
		unit.parts = append(unit.parts, c.mark)
	}
	a.tree, unit.pr, unit.authored = tree, a.nextPR(), a.tick(5)
	unit.mark = a.commit(importCommit{
		ref: mainRef, parents: []mark{base, a.tip}, author: unit.author, committer: unit.author, authored: unit.authored, done: unit.authored,
		message: join(fmt.Sprintf("Merge pull request #%d from dev/topic-%d", unit.pr, unit.pr), unit.subject), files: a.apply(a.tree, unit.edits),
	})
	a.tip = unit.mark
	a.changes = append(a.changes, unit)
}

// scopeOf is the part of the product to which a file belongs.
func scopeOf(file int) string { return scopes[file/20%len(scopes)] }
