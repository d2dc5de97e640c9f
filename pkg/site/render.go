package site

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// view is how a page is rendered: on its own, or as a part of the single file.
type view interface {
	// href is the address of a target, src that of an image, id the one of a heading.
	href(target) string
	src(asset string) string
	id(string) string
	// level is that of a heading.
	level(int) int
}

// render turns a page into HTML, without the heading that is its title. What leads nowhere is text.
func (b *builder) render(d *document, v view) (template.HTML, error) {
	r := renderer.NewRenderer(renderer.WithNodeRenderers(
		util.Prioritized(&pageRenderer{b, d, v}, 100),
		util.Prioritized(extension.NewTableHTMLRenderer(), 500),
		util.Prioritized(extension.NewStrikethroughHTMLRenderer(), 500),
		util.Prioritized(extension.NewDefinitionListHTMLRenderer(), 500),
		util.Prioritized(html.NewRenderer(), 1000),
	))
	var buf bytes.Buffer
	if err := r.Render(&buf, d.source, d.root); err != nil {
		return "", fmt.Errorf("%s: %w", name(d.Page), err)
	}
	return template.HTML(clean(buf.Bytes())), nil //nolint:gosec // every renderer above escapes what it is given
}

// pageRenderer renders what differs from goldmark's own HTML: whatever leads somewhere, and whatever could act.
type pageRenderer struct {
	*builder
	doc  *document
	view view
}

// RegisterFuncs implements [renderer.NodeRenderer].
func (r *pageRenderer) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(ast.KindHeading, r.heading)
	reg.Register(ast.KindLink, r.link)
	reg.Register(ast.KindAutoLink, r.autoLink)
	reg.Register(ast.KindImage, r.figure)
	reg.Register(ast.KindRawHTML, r.rawHTML)
	reg.Register(ast.KindHTMLBlock, r.htmlBlock)
	reg.Register(ast.KindCodeBlock, r.codeBlock)
	reg.Register(ast.KindFencedCodeBlock, r.codeBlock)
	reg.Register(east.KindTable, r.table)
	reg.Register(east.KindTableCell, r.cell)
	reg.Register(east.KindTaskCheckBox, r.checkBox)
}

func put(w util.BufWriter, parts ...string) {
	for _, p := range parts {
		_, _ = w.WriteString(p) // the writer is a buffer
	}
}

func esc(s string) string { return template.HTMLEscapeString(s) }

func (r *pageRenderer) heading(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	h := n.(*ast.Heading)
	if h == r.doc.top {
		return ast.WalkSkipChildren, nil
	}
	tag := fmt.Sprintf("h%d", r.view.level(max(h.Level, 2)))
	id := esc(r.view.id(r.doc.byNode[h]))
	if entering {
		put(w, "<", tag, ` id="`, id, `">`)
	} else {
		put(w, ` <a class="anchor" href="#`, id, `" aria-label="Link to this section">#</a></`, tag, ">\n")
	}
	return ast.WalkContinue, nil
}

func (r *pageRenderer) link(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	r.anchor(w, unescape(n.(*ast.Link).Destination), ` class="out"`, entering)
	return ast.WalkContinue, nil
}

func (r *pageRenderer) autoLink(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		a := n.(*ast.AutoLink)
		dest := autoURL(a, source)
		r.anchor(w, dest, "", true)
		put(w, esc(string(a.Label(source))))
		r.anchor(w, dest, "", false)
	}
	return ast.WalkContinue, nil
}

// anchor opens or closes a link, if it leads anywhere. One that leads out has the attribute, by which its address is
// printed on paper, unless its text is the address.
func (r *pageRenderer) anchor(w util.BufWriter, dest, out string, open bool) {
	t, problem := r.resolve(r.doc, dest)
	switch {
	case problem != "":
	case !open:
		put(w, "</a>")
	case t.external != "":
		put(w, `<a`, out, ` rel="noreferrer" href="`, esc(t.external), `">`)
	default:
		put(w, `<a href="`, esc(r.view.href(t)), `">`)
	}
}

func (r *pageRenderer) figure(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	alt := esc(plainText(n, source))
	if asset, problem := r.image(r.doc, unescape(n.(*ast.Image).Destination)); problem == "" {
		put(w, `<img src="`, esc(r.view.src(asset)), `" alt="`, alt, `">`)
	} else {
		put(w, alt)
	}
	return ast.WalkSkipChildren, nil
}

// rawHTML is shown as text: most of it is a placeholder such as <version>. Comments are left out.
func (r *pageRenderer) rawHTML(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if raw := n.(*ast.RawHTML).Segments.Value(source); entering && !isComment(raw) {
		put(w, esc(string(raw)))
	}
	return ast.WalkSkipChildren, nil
}

func (r *pageRenderer) htmlBlock(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	h := n.(*ast.HTMLBlock)
	raw := h.Lines().Value(source)
	if h.HasClosure() {
		raw = append(raw, h.ClosureLine.Value(source)...)
	}
	if entering && !isComment(raw) {
		put(w, "<p>", esc(strings.TrimSpace(string(raw))), "</p>\n")
	}
	return ast.WalkSkipChildren, nil
}

func (r *pageRenderer) codeBlock(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	lang := ""
	if f, ok := n.(*ast.FencedCodeBlock); ok {
		lang = language(f, source)
	}
	put(w, `<div class="code"`)
	if lang != "" && known(lang) {
		put(w, ` data-lang="`, esc(lang), `"`)
	}
	put(w, `><pre tabindex="0"><code>`, r.doc.code[n], "</code></pre></div>\n")
	return ast.WalkSkipChildren, nil
}

// table scrolls by itself where it is wider than the screen.
func (r *pageRenderer) table(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		put(w, `<div class="table" tabindex="0" role="group" aria-label="Table"><table>`, "\n")
	} else {
		put(w, "</table></div>\n")
	}
	return ast.WalkContinue, nil
}

// cell is aligned by a class, since the policy of the page forbids styles on elements.
func (r *pageRenderer) cell(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	tag, open := "td", "<td"
	if n.Parent().Kind() == east.KindTableHeader {
		tag, open = "th", `<th scope="col"`
	}
	switch align := n.(*east.TableCell).Alignment; {
	case !entering:
		put(w, "</", tag, ">\n")
	case align == east.AlignRight, align == east.AlignCenter:
		put(w, open, ` class="`, align.String(), `">`)
	default:
		put(w, open, ">")
	}
	return ast.WalkContinue, nil
}

func (r *pageRenderer) checkBox(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	if n.(*east.TaskCheckBox).IsChecked {
		put(w, `<span role="img" aria-label="done">☑</span> `)
	} else {
		put(w, `<span role="img" aria-label="to do">☐</span> `)
	}
	return ast.WalkContinue, nil
}
