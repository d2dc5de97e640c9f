package site

import (
	"bytes"
	"embed"
	"html/template"
	"strings"
)

// assetDir holds what the pages need beside their text.
const assetDir = "_site"

//go:embed assets
var embedded embed.FS

var templates = template.Must(template.New("").ParseFS(embedded, "assets/*.html"))

// frame is what the template of a page is given.
type frame struct {
	Site
	Title, Summary string
	// Home, Single, Source, Man and Assets are relative addresses.
	Home, Single, Source, Man, Assets, Search string
	Crumbs                                    []link
	Nav                                       []navItem
	TOC                                       []link
	Body                                      template.HTML
	Previous, Next                            *link
	// Wide pages hold tables and charts rather than prose.
	Wide bool
}

// link is a text and where it leads; Href may be "".
type link struct {
	Text, Href string
	Level      int
}

// navItem is a line of the navigation, with what is below it.
type navItem struct {
	link
	Current bool
	Items   []navItem
}

// alone is the view of a page on its own.
type alone struct{ doc *document }

func (v alone) href(t target) string {
	switch {
	case t.doc == nil:
		return relative(v.doc.html, t.asset)
	case t.doc == v.doc && t.fragment != "":
		return "#" + t.fragment
	case t.fragment != "":
		return relative(v.doc.html, t.doc.html) + "#" + t.fragment
	}
	return relative(v.doc.html, t.doc.html)
}

func (v alone) src(asset string) string { return relative(v.doc.html, asset) }
func (v alone) id(id string) string     { return id }
func (v alone) level(n int) int         { return n }

// pages writes the HTML of each page.
func (b *builder) pages() error {
	for i, d := range b.docs {
		b.check(d)
		body, err := b.render(d, alone{d})
		if err != nil {
			return err
		}
		f := frame{
			Site: b.Site, Title: d.title, Summary: d.summary, Body: body, TOC: d.toc(),
			Home: relative(d.html, "index.html"), Single: relative(d.html, "single.html"), Source: relative(d.html, d.Path),
			Assets: relative(d.html, assetDir), Crumbs: b.crumbs(d),
			Nav: b.nav(b.root, func(to *document) string { return relative(d.html, to.html) }, d),
		}
		if i > 0 {
			f.Previous = linkTo(d, b.docs[i-1])
		}
		if i+1 < len(b.docs) {
			f.Next = linkTo(d, b.docs[i+1])
		}
		if err := b.execute("page.html", d.html, f); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) execute(template, to string, data any) error {
	var buf bytes.Buffer
	if err := templates.ExecuteTemplate(&buf, template, data); err != nil {
		return err
	}
	b.add(to, buf.Bytes())
	return nil
}

func linkTo(from, to *document) *link {
	return &link{Text: to.title, Href: relative(from.html, to.html)}
}

// toc lists the sections of a page; one alone needs no list.
func (d *document) toc() []link {
	var out []link
	for _, h := range d.headings {
		if h.level <= 3 {
			out = append(out, link{Text: h.text, Href: "#" + h.id, Level: h.level})
		}
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

// nav lists the pages of a folder, with their addresses.
func (b *builder) nav(f *folder, href func(*document) string, current *document) []navItem {
	to := func(title string, d *document) navItem {
		return navItem{link: link{Text: title, Href: href(d)}, Current: d == current}
	}
	var out []navItem
	if f.path == "." && f.page != nil {
		out = append(out, to("Overview", f.page))
	}
	for _, it := range f.items {
		if it.folder == nil {
			out = append(out, to(it.doc.title, it.doc))
			continue
		}
		n := navItem{link: link{Text: it.folder.title}}
		if p := it.folder.page; p != nil {
			n = to(it.folder.title, p)
		}
		n.Items = b.nav(it.folder, href, current)
		out = append(out, n)
	}
	return out
}

// crumbs lead from the first page down to the folder of a page.
func (b *builder) crumbs(d *document) []link {
	if d.html == "index.html" {
		return nil
	}
	out := []link{{Text: b.Product, Href: relative(d.html, "index.html")}}
	var below func(f *folder)
	below = func(f *folder) {
		for _, it := range f.items {
			if it.folder == nil || !strings.HasPrefix(d.Path, it.folder.path+"/") || it.folder.page == d {
				continue
			}
			l := link{Text: it.folder.title}
			if it.folder.page != nil {
				l.Href = relative(d.html, it.folder.page.html)
			}
			out = append(out, l)
			below(it.folder)
		}
	}
	below(b.root)
	return out
}

// furniture writes what all pages share.
func (b *builder) furniture() error {
	files, err := Furniture()
	b.files = append(b.files, files...)
	return err
}

var furniture = []string{"style.css", "site.js"}
