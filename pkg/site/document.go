package site

import (
	"bytes"
	"cmp"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// document is a parsed page.
type document struct {
	Page
	// html is where it lies in the site, and man the name of its man page.
	html, man string
	meta      meta
	// source is the Markdown that was parsed, and above the number of lines of the file before it.
	source []byte
	above  int
	root   ast.Node
	// title is plain text; top is the heading that it was taken from, or nil.
	title string
	top   *ast.Heading
	// summary is the first sentence, "" if there is none.
	summary  string
	headings []heading
	ids      map[string]bool
	// taken counts how often an id was asked for.
	taken  map[string]int
	byNode map[ast.Node]string
	code   map[ast.Node]string
	note   func(line int, format string, args ...any)
}

// heading is a part of a page that can be linked to.
type heading struct {
	id, text string
	level    int
	node     *ast.Heading
}

// meta is the front matter of a page.
type meta struct {
	Title   string `yaml:"title"`
	Order   int    `yaml:"order"`
	Summary string `yaml:"summary"`
}

// maxLine of a page, in bytes.
const maxLine = 32 << 10

// longLine is the number of the first line that is too long, 0 if there is none.
func longLine(source []byte) int {
	n := 0
	for line := range bytes.Lines(source) {
		if n++; len(line) > maxLine {
			return n
		}
	}
	return 0
}

const tooDeep = "blocks are nested more than %d deep; the page is shown as plain text"

// maxDepth of nested blocks and inlines; documents that people read have fewer than ten.
const maxDepth = 100

var markdown = goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.TaskList, extension.DefinitionList, extension.Linkify))

// parse reads a page, and reports what is wrong with it by itself.
func parse(p Page, report func(Problem)) *document {
	d := &document{Page: p, html: htmlPath(p.Path), ids: map[string]bool{}, taken: map[string]int{}, byNode: map[ast.Node]string{}, code: map[ast.Node]string{}}
	d.note = func(line int, format string, args ...any) {
		report(Problem{File: name(p), Line: line, Text: fmt.Sprintf(format, args...)})
	}
	body := d.frontMatter(p.Markdown)
	d.source = d.clean(body)
	if line := longLine(d.source); line > 0 {
		d.asText(d.above+line, "the line has more than %d bytes; the page is shown as plain text", maxLine)
	} else if deep(d.source) {
		d.asText(0, tooDeep, maxDepth)
	} else {
		d.root = markdown.Parser().Parse(text.NewReader(d.source), parser.WithContext(parser.NewContext()))
		if depth(d.root, 0) > maxDepth {
			d.asText(0, tooDeep, maxDepth)
		}
	}
	d.outline()
	d.fences()
	return d
}

// asText replaces a page that nobody can mean, and that takes long to parse, by its text.
func (d *document) asText(line int, format string, args ...any) {
	d.note(line, format, args...)
	block := ast.NewCodeBlock()
	block.Lines().Append(text.NewSegment(0, len(d.source)))
	d.root = ast.NewDocument()
	d.root.AppendChild(d.root, block)
}

// deep reports whether a line opens more blocks than allowed, before anything is spent on parsing them.
func deep(source []byte) bool {
	for line := range bytes.Lines(source) {
		markers := 0
		for i := 0; i+1 < len(line) && bytes.IndexByte([]byte("> \t-+*.)0123456789"), line[i]) >= 0; i++ {
			if line[i] == '>' || line[i] > ' ' && line[i+1] == ' ' {
				markers++
			}
		}
		if markers > maxDepth {
			return true
		}
	}
	return false
}

func depth(n ast.Node, above int) int {
	if above > maxDepth {
		return above
	}
	most := above
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		most = max(most, depth(c, above+1))
	}
	return most
}

// frontMatter reads what stands between three dashes at the beginning, and returns the rest.
func (d *document) frontMatter(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	rest, ok := bytes.CutPrefix(data, []byte("---\n"))
	if !ok {
		return data
	}
	front, body, ok := bytes.Cut(rest, []byte("\n---\n"))
	if !ok {
		return data
	}
	const limit = 16 << 10
	d.above = bytes.Count(front, []byte("\n")) + 3
	if len(front) > limit {
		d.note(1, "front matter has more than %d bytes", limit)
		return body
	}
	if err := yaml.UnmarshalWithOptions(front, &d.meta, yaml.Strict()); err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(yaml.FormatError(err, false, false)), "\n")
		d.note(1, "front matter: %s; its keys are title, order and summary", first)
		d.meta = meta{}
	}
	d.meta.Title, d.meta.Summary = string(clean([]byte(d.meta.Title))), string(clean([]byte(d.meta.Summary)))
	return body
}

// clean reports characters that make a text read otherwise than it is, and takes them out.
func (d *document) clean(body []byte) []byte {
	body = bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))
	if !utf8.Valid(body) {
		d.note(0, "it is not valid UTF-8")
	}
	line := d.above + 1
	for _, r := range string(body) {
		switch {
		case r == '\n':
			line++
		case hidden(r):
			d.note(line, "the invisible character %U changes how the line reads; take it out", r)
		}
	}
	return clean(body)
}

func clean(body []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if hidden(r) {
			return -1
		}
		return r
	}, bytes.ToValidUTF8(body, []byte("\ufffd")))
}

// hidden are control characters and those that reorder text.
func hidden(r rune) bool {
	return r != '\n' && r != '\t' && unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff
}

// outline finds title, summary and headings.
func (d *document) outline() {
	if h, ok := d.root.FirstChild().(*ast.Heading); ok && h.Level == 1 {
		d.top = h
		d.title = plainText(h, d.source)
	}
	d.title = cmp.Or(d.Title, d.meta.Title, d.title, words(d.Path))
	d.summary = cmp.Or(d.meta.Summary, d.firstSentence())
	_ = ast.Walk(d.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the walker returns no error
		if h, ok := n.(*ast.Heading); ok && entering && h != d.top {
			t := plainText(h, d.source)
			id := d.unique(slug(t))
			d.byNode[h] = id
			d.headings = append(d.headings, heading{id: id, text: t, level: max(h.Level, 2), node: h})
		}
		return ast.WalkContinue, nil
	})
}

// firstSentence of the page, if it begins with a paragraph.
func (d *document) firstSentence() string {
	first := d.root.FirstChild()
	if d.top != nil {
		first = d.top.NextSibling()
	}
	if p, ok := first.(*ast.Paragraph); ok {
		return sentence(plainText(p, d.source))
	}
	return ""
}

// sentence cuts a text after its first sentence, or after 200 characters at a word.
func sentence(s string) string {
	const most = 200
	if i := strings.Index(s, ". "); i >= 0 {
		s = s[:i+1]
	}
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	s = string([]rune(s)[:most])
	if i := strings.LastIndexByte(s, ' '); i > 0 {
		s = s[:i]
	}
	return s + " …"
}

// unique makes an id that no other part of the page has.
func (d *document) unique(id string) string {
	base := id
	for d.ids[id] {
		d.taken[base]++
		id = fmt.Sprintf("%s-%d", base, d.taken[base])
	}
	d.ids[id] = true
	return id
}

// slug is the id of a heading, made as forges make it. It never begins with "_", which is for the frame of the page.
func slug(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(strings.TrimSpace(s)) {
		switch {
		case unicode.IsLetter(r), unicode.IsNumber(r), r == '-', r == '_':
			b.WriteRune(r)
		case unicode.IsSpace(r):
			b.WriteByte('-')
		}
		if b.Len() > 100 {
			break
		}
	}
	return cmp.Or(strings.TrimLeft(b.String(), "_"), "section")
}

// words makes a title of a file's name: "runbooks/disk-full.md" is "Disk full".
func words(file string) string {
	base := strings.TrimSuffix(path.Base(file), path.Ext(file))
	if isIndex(file) {
		base = path.Base(path.Dir(file))
	}
	s := strings.TrimSpace(strings.NewReplacer("-", " ", "_", " ").Replace(base))
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 || s == "." {
		return "Overview"
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

// plainText of a node, with single spaces.
func plainText(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the walker returns no error
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				b.WriteString(literal(n, source))
				if n.SoftLineBreak() || n.HardLineBreak() {
					b.WriteByte(' ')
				}
			}
		case *ast.String:
			if entering {
				b.Write(n.Value)
			}
		case *ast.AutoLink:
			if entering {
				b.Write(n.Label(source))
			}
		case *ast.RawHTML:
			if entering && !isComment(n.Segments.Value(source)) {
				b.Write(n.Segments.Value(source))
			}
		case *ast.CodeBlock, *ast.FencedCodeBlock:
			if entering {
				b.Write(n.Lines().Value(source))
			}
		default:
			if !entering && n.Type() == ast.TypeBlock {
				b.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return strings.Join(strings.Fields(string(clean([]byte(b.String())))), " ")
}

// literal is what a text node says, without escapes and references.
func literal(n *ast.Text, source []byte) string {
	if n.IsRaw() {
		return string(n.Value(source))
	}
	return unescape(n.Value(source))
}

func unescape(s []byte) string {
	return string(util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(s))))
}

func isComment(html []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(html), []byte("<!--")) }

// line is where a node stands in the file.
func (d *document) line(n ast.Node) int {
	for ; n != nil; n = n.Parent() {
		if at := start(n); at >= 0 {
			return d.lineAt(at)
		}
	}
	return 0
}

func start(n ast.Node) int {
	if t, ok := n.(*ast.Text); ok {
		return t.Segment.Start
	}
	if n.Type() == ast.TypeInline {
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			if at := start(c); at >= 0 {
				return at
			}
		}
		return n.Pos()
	}
	if lines := n.Lines(); lines.Len() > 0 {
		return lines.At(0).Start
	}
	return -1
}

func (d *document) lineAt(offset int) int {
	return d.above + 1 + bytes.Count(d.source[:min(offset, len(d.source))], []byte("\n"))
}
