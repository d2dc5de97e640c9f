package site

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// Limits of what a site is made of. A page beyond them is refused before it is parsed.
const (
	MaxPages     = 5000
	MaxPageBytes = 1 << 20
	MaxBytes     = 256 << 20 // all pages and assets together
)

// Site is what the documentation of one release is made of.
type Site struct {
	// Product, Version and Channel stand on every page. Version and Channel may be "" for a preview.
	Product, Version, Channel string
	// Commit is the full id of the commit that the documentation belongs to, "" if there is none.
	Commit string
	// Date of the release, in UTC; the zero time is not shown.
	Date   time.Time
	Pages  []Page
	Assets []Asset
}

// Page is one page of Markdown.
type Page struct {
	// Path in the documentation, with slashes, such as "runbooks/disk-full.md". A README.md is the page of its folder.
	Path string
	// Markdown in UTF-8: CommonMark with tables, strikethrough, task lists, definition lists and bare links. It may begin
	// with front matter between lines of three dashes, with the keys title, order and summary.
	Markdown []byte
	// Title is what the page is called; "" takes the front matter's, the first heading, or the name of the file.
	Title string
	// Source is the path that problems name; "" is Path.
	Source string
}

// Asset is any other file of the documentation, kept as it is.
type Asset struct {
	// Path in the documentation, with slashes.
	Path string
	Data []byte
}

// File is one file of the finished documentation.
type File struct {
	// Path relative to the folder of the documentation, with slashes.
	Path string
	Data []byte
}

// Built is a finished site.
type Built struct {
	// Files sorted by path: the pages as HTML and as Markdown, single.html, man pages, assets, and what the pages need.
	Files []File
	// Problems of the pages, sorted by place. The files are harmless whatever they say.
	Problems []Problem
}

// Build makes the documentation. It fails only if there is too much of it; what is wrong with a page is a problem.
func Build(s Site) (*Built, error) {
	b, err := load(s)
	if err != nil {
		return nil, err
	}
	for _, make := range []func() error{b.pages, b.single, b.manual, b.search, b.furniture} {
		if err := make(); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(b.files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	b.clashes()
	return &Built{Files: b.files, Problems: sorted(b.problems)}, nil
}

// builder is a site in the making.
type builder struct {
	Site
	// docs in reading order.
	docs []*document
	root *folder
	// contentsPage is the first page, if it was made here.
	contentsPage *document
	byPath       map[string]*document
	assets       map[string]Asset

	files    []File
	problems []Problem
}

// load parses all pages and puts them in order.
func load(s Site) (*builder, error) {
	if err := checkSize(s); err != nil {
		return nil, err
	}
	b := &builder{Site: s, byPath: map[string]*document{}, assets: map[string]Asset{}}
	for _, a := range s.Assets {
		b.assets[a.Path] = a
		b.add(a.Path, a.Data)
	}
	for _, p := range s.Pages {
		b.parse(p)
	}
	b.arrange()
	if b.byPath["index.md"] == nil && b.root.page == nil {
		b.parse(b.contents())
		b.arrange()
		b.contentsPage = b.root.page
	}
	return b, nil
}

func checkSize(s Site) error {
	total := 0
	for _, p := range s.Pages {
		if len(p.Markdown) > MaxPageBytes {
			return &SizeError{fmt.Sprintf("%s has %d bytes, a page may have %d", name(p), len(p.Markdown), MaxPageBytes)}
		}
		total += len(p.Markdown)
	}
	for _, a := range s.Assets {
		total += len(a.Data)
	}
	switch {
	case len(s.Pages) > MaxPages:
		return &SizeError{fmt.Sprintf("the documentation has %d pages, %d are allowed", len(s.Pages), MaxPages)}
	case total > MaxBytes:
		return &SizeError{fmt.Sprintf("the documentation has %d bytes, %d are allowed", total, MaxBytes)}
	}
	return nil
}

func (b *builder) parse(p Page) {
	d := parse(p, b.problem)
	b.byPath[p.Path] = d
	b.docs = append(b.docs, d)
	b.add(p.Path, p.Markdown)
}

func (b *builder) add(name string, data []byte) { b.files = append(b.files, File{name, data}) }

func (b *builder) problem(p Problem) { b.problems = append(b.problems, p) }

// clashes finds files that are one on systems that do not tell upper from lower case.
func (b *builder) clashes() {
	seen := map[string]string{}
	for _, f := range b.files {
		key := strings.ToLower(f.Path)
		if other, ok := seen[key]; ok {
			b.problem(Problem{File: f.Path, Text: fmt.Sprintf("the site needs the name %s more than once; rename the file of yours that is called so", other)})
		}
		seen[key] = f.Path
	}
}

// name is how a problem calls a page.
func name(p Page) string { return cmp.Or(p.Source, p.Path) }

// htmlPath is where a page lies as HTML.
func htmlPath(page string) string {
	if isIndex(page) {
		return path.Join(path.Dir(page), "index.html")
	}
	return strings.TrimSuffix(page, path.Ext(page)) + ".html"
}

func isIndex(page string) bool {
	base := strings.ToLower(path.Base(page))
	return base == "index.md" || base == "readme.md"
}

// Add adds a page that something else than a file makes, unless the site has one at its place.
func (s *Site) Add(p Page) {
	if !slices.ContainsFunc(s.Pages, func(other Page) bool { return htmlPath(other.Path) == htmlPath(p.Path) }) {
		s.Pages = append(s.Pages, p)
	}
}
