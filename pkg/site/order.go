package site

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// folder is a part of the navigation.
type folder struct {
	// path is "." for the site, else that of the folder in the documentation.
	path  string
	title string
	// page is the index of the folder, or nil.
	page  *document
	items []item
}

// item is a page or a folder.
type item struct {
	doc    *document
	folder *folder
}

// usual is the order in which operators meet subjects. Front matter (order) overrides it; what is not named comes
// before the troubles.
var usual = []string{
	"overview", "getting-started", "quickstart", "install", "installation", "configure", "configuration", "run", "operate", "monitor", "monitoring", "backup",
	"restore", "upgrade", "upgrading", "", "security", "troubleshoot", "troubleshooting", "runbooks", "reference", "changelog",
}

// arrange puts pages into folders, and folders and pages into the order of reading.
func (b *builder) arrange() {
	b.root = &folder{path: ".", title: b.Product}
	folders := map[string]*folder{".": b.root}
	for _, d := range b.docs {
		f := b.folder(folders, path.Dir(d.Path))
		if isIndex(d.Path) && f.page == nil {
			f.page = d
		} else {
			f.items = append(f.items, item{doc: d})
		}
	}
	b.docs = b.docs[:0]
	b.walk(b.root)
}

func (b *builder) folder(all map[string]*folder, dir string) *folder {
	if f := all[dir]; f != nil {
		return f
	}
	f := &folder{path: dir, title: words(dir + "/index.md")}
	all[dir] = f
	up := b.folder(all, path.Dir(dir))
	up.items = append(up.items, item{folder: f})
	return f
}

// walk sorts a folder, and lists its pages.
func (b *builder) walk(f *folder) {
	if f.page != nil {
		b.docs = append(b.docs, f.page)
		if f.path != "." {
			f.title = f.page.title
		}
	}
	slices.SortStableFunc(f.items, func(x, y item) int {
		return cmp.Or(cmp.Compare(x.order(), y.order()), cmp.Compare(x.rank(), y.rank()), cmp.Compare(x.path(), y.path()))
	})
	for _, it := range f.items {
		if it.folder != nil {
			b.walk(it.folder)
		} else {
			b.docs = append(b.docs, it.doc)
		}
	}
}

// order as the front matter gives it. Pages without one come after those that have a number above 0.
func (it item) order() int {
	d := it.doc
	if it.folder != nil {
		d = it.folder.page
	}
	if d == nil || d.meta.Order == 0 {
		return 1 << 30
	}
	return d.meta.Order
}

func (it item) rank() int {
	stem := strings.TrimSuffix(path.Base(it.path()), path.Ext(it.path()))
	if i := slices.Index(usual, strings.ToLower(stem)); i >= 0 {
		return i
	}
	return slices.Index(usual, "")
}

func (it item) path() string {
	if it.folder != nil {
		return it.folder.path
	}
	return it.doc.Path
}

// contents is the first page of a site that has none: what there is, and what each page is about.
func (b *builder) contents() Page {
	var md strings.Builder
	fmt.Fprintf(&md, "# %s documentation\n\n", escapeMarkdown(b.Product))
	fmt.Fprintf(&md, "For those who run %s%s.\n\n", escapeMarkdown(b.Product), escapeMarkdown(spaced(b.Version)))
	b.list(&md, b.root)
	return Page{Path: "index.md", Markdown: []byte(md.String())}
}

func spaced(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}

func (b *builder) list(md *strings.Builder, f *folder) {
	for _, it := range f.items {
		if it.folder == nil {
			fmt.Fprintf(md, "- [%s](<%s>)", escapeMarkdown(it.doc.title), escapePath(it.doc.Path))
			if it.doc.summary != "" {
				fmt.Fprintf(md, ": %s", escapeMarkdown(it.doc.summary))
			}
			md.WriteByte('\n')
		}
	}
	for _, it := range f.items {
		if it.folder != nil {
			title := escapeMarkdown(it.folder.title)
			if p := it.folder.page; p != nil {
				title = fmt.Sprintf("[%s](<%s>)", title, escapePath(p.Path))
			}
			fmt.Fprintf(md, "\n## %s\n\n", title)
			b.list(md, it.folder)
		}
	}
}

// escapeMarkdown makes a text mean itself.
func escapeMarkdown(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < 0x7f && strings.ContainsRune("\\`*_{}[]()#+-.!|<>&~:@/", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
