package site

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
)

// manSection is that of pages about something that is not one command or file.
const manSection = "7"

// manual writes each page as a man page: man/acme-runbooks-disk-full.7.
func (b *builder) manual() error {
	used := map[string]bool{}
	for _, d := range b.docs {
		stem := strings.TrimSuffix(d.html, ".html")
		if isIndex(d.Path) {
			stem = strings.TrimSuffix(strings.TrimSuffix(stem, "index"), "/")
		}
		base := slug(strings.Trim(b.Product+"-"+strings.ReplaceAll(stem, "/", "-"), "-"))
		d.man = base
		for n := 1; used[d.man]; n++ {
			d.man = fmt.Sprintf("%s-%d", base, n)
		}
		used[d.man] = true
	}
	for _, d := range b.docs {
		b.add(path.Join("man", d.man+"."+manSection), b.man(d))
	}
	return nil
}

// man renders a page with the macros of man(7), which every man program reads, and those of tbl for tables.
func (b *builder) man(d *document) []byte {
	r := &roff{builder: b, doc: d}
	if hasTable(d.root) {
		r.out.WriteString("'\\\" t\n")
	}
	date := ""
	if !b.Date.IsZero() {
		date = b.Date.UTC().Format("2006-01-02")
	}
	fmt.Fprintf(&r.out, ".TH %s %s %q %s %s\n", quoted(strings.ToUpper(d.man)), manSection, date, quoted(strings.TrimSpace(b.Product+" "+b.Version)), quoted(b.Product+" documentation"))
	r.request("SH", "NAME")
	r.line(roffText(d.man) + " \\- " + roffText(d.title))
	if first := d.root.FirstChild(); first != nil && (first != ast.Node(d.top) || first.NextSibling() != nil) {
		r.request("SH", "DESCRIPTION")
	}
	r.blocks(d.root)
	return clean([]byte(r.out.String()))
}

func hasTable(n ast.Node) bool {
	found := false
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the walker returns no error
		if n.Kind() == east.KindTable {
			found = true
			return ast.WalkStop, nil
		}
		return ast.WalkContinue, nil
	})
	return found
}

// roff writes one man page. Text passes roffText and a line never begins with what pages say, so that nothing in them is
// a request.
type roff struct {
	*builder
	doc *document
	out strings.Builder
	// begun says that a heading was written last.
	begun bool
}

// request writes a macro with quoted arguments.
func (r *roff) request(name string, args ...string) {
	r.out.WriteString("." + name)
	for _, a := range args {
		r.out.WriteString(" " + quoted(a))
	}
	r.out.WriteByte('\n')
	r.begun = name == "SH" || name == "SS"
}

// quoted is one argument of a macro.
func quoted(s string) string { return `"` + strings.ReplaceAll(roffText(s), `"`, `\(dq`) + `"` }

// paragraph begins one, where no heading has.
func (r *roff) paragraph() {
	if !r.begun {
		r.request("PP")
	}
	r.begun = false
}

// line writes a line of text that is already escaped.
func (r *roff) line(s string) {
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	r.out.WriteString(s + "\n")
	r.begun = false
}

// roffText makes a text mean itself, on one line.
func roffText(s string) string {
	return roffLine(strings.Join(strings.Fields(s), " "))
}

// roffLine escapes text and keeps its spaces. What is not ASCII is written by its number, which every formatter reads.
func roffLine(s string) string {
	var b strings.Builder
	for _, r := range roffEscape.Replace(s) {
		if r < 0x7f {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\[u%04X]`, r)
		}
	}
	return b.String()
}

var roffEscape = strings.NewReplacer(`\`, `\e`, "-", `\-`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`)

// blocks writes what stands in a node.
func (r *roff) blocks(n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		r.block(c)
	}
}

func (r *roff) block(n ast.Node) {
	switch n := n.(type) {
	case *ast.Heading:
		switch {
		case n == r.doc.top:
		case n.Level <= 2:
			r.request("SH", plainText(n, r.doc.source))
		default:
			r.request("SS", plainText(n, r.doc.source))
		}
	case *ast.Paragraph:
		r.paragraph()
		r.text(n)
	case *ast.TextBlock:
		r.text(n)
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		r.code(string(n.Lines().Value(r.doc.source)))
	case *ast.HTMLBlock:
		if raw := n.Lines().Value(r.doc.source); !isComment(raw) {
			r.paragraph()
			r.line(roffText(string(raw)))
		}
	case *ast.List:
		r.list(n)
	case *ast.Blockquote:
		r.request("RS", "4")
		r.blocks(n)
		r.request("RE")
	case *ast.ThematicBreak:
		r.paragraph()
		r.line(`* * *`)
	case *east.Table:
		r.table(n)
	case *east.DefinitionList:
		r.definitions(n)
	}
}

func (r *roff) text(n ast.Node) {
	for l := range strings.SplitSeq(strings.TrimSpace(r.inline(n)), "\n") {
		if l = strings.TrimSpace(l); l != "" {
			r.line(l)
		}
	}
}

func (r *roff) code(text string) {
	r.paragraph()
	r.request("RS", "4")
	r.request("EX")
	for l := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		r.line(roffLine(l))
	}
	r.request("EE")
	r.request("RE")
}

func (r *roff) list(n *ast.List) {
	number := n.Start
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		if n.IsOrdered() {
			fmt.Fprintf(&r.out, ".IP %d. 4\n", number)
			number++
		} else {
			r.out.WriteString(".IP \\(bu 2\n")
		}
		for c := item.FirstChild(); c != nil; c = c.NextSibling() {
			if p, ok := c.(*ast.Paragraph); ok {
				if c != item.FirstChild() {
					r.out.WriteString(".IP \"\" 4\n")
				}
				r.text(p)
				continue
			}
			nested := c.Kind() == ast.KindList
			if nested {
				r.request("RS", "4")
			}
			r.block(c)
			if nested {
				r.request("RE")
			}
		}
	}
}

func (r *roff) definitions(n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if c.Kind() == east.KindDefinitionTerm {
			r.request("TP")
			r.text(c)
		} else {
			r.blocks(c)
		}
	}
}

func (r *roff) table(n *east.Table) {
	r.request("TS")
	columns := max(len(n.Alignments), 1)
	r.out.WriteString("allbox tab(\t);\n" + strings.TrimSpace(strings.Repeat("lbx ", columns)) + "\n" + strings.TrimSpace(strings.Repeat("lx ", columns)) + ".\n")
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		var cells []string
		for c := row.FirstChild(); c != nil; c = c.NextSibling() {
			text := strings.Join(strings.Fields(r.inline(c)), " ")
			cells = append(cells, "T{\n\\&"+text+"\nT}")
		}
		r.out.WriteString(strings.Join(cells, "\t") + "\n")
	}
	r.request("TE")
}

// inline returns escaped text, bold and italic as in the page, with the address of a link after it.
func (r *roff) inline(n ast.Node) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			s := literal(c, r.doc.source)
			b.WriteString(roffLine(strings.ReplaceAll(s, "\n", " ")))
			if c.SoftLineBreak() || c.HardLineBreak() {
				b.WriteByte('\n')
			}
		case *ast.String:
			b.WriteString(roffLine(string(c.Value)))
		case *ast.CodeSpan:
			b.WriteString(`\fB` + r.inline(c) + `\fP`)
		case *ast.Emphasis:
			b.WriteString(`\fI` + r.inline(c) + `\fP`)
		case *ast.AutoLink:
			b.WriteString(roffText(string(c.Label(r.doc.source))))
		case *ast.Link:
			b.WriteString(r.inline(c) + r.reference(c))
		case *ast.Image:
			b.WriteString("[" + roffText(plainText(c, r.doc.source)) + "]")
		case *ast.RawHTML:
			if raw := c.Segments.Value(r.doc.source); !isComment(raw) {
				b.WriteString(roffText(string(raw)))
			}
		case *east.TaskCheckBox:
			b.WriteString(map[bool]string{true: "[x] ", false: "[ ] "}[c.IsChecked])
		default:
			b.WriteString(r.inline(c))
		}
	}
	return b.String()
}

// reference is where a link leads, as a reader of man pages goes there.
func (r *roff) reference(n *ast.Link) string {
	t, problem := r.resolve(r.doc, unescape(n.Destination))
	switch to := cmp.Or(t.external, t.asset); {
	case problem != "", t.doc == r.doc:
		return ""
	case t.doc != nil:
		return ` (\fB` + roffText(t.doc.man) + `\fP(` + manSection + `))`
	default:
		return " <" + roffText(to) + ">"
	}
}
