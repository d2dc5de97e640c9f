package site

import (
	"bytes"
	"encoding/json"
	"html/template"
	"path"
	"slices"
	"unicode/utf8"
)

// Shell is the frame of pages whose text is made elsewhere than in Markdown: navigation, search, themes and styles are
// those of documentation.
type Shell struct {
	// Product and Name stand on every page, such as "acme" and "releases".
	Product, Name string
	// Nav is the navigation, in order; the first entry is the first page.
	Nav []Entry
}

// Entry is a page in the navigation, or a heading over others if it has no path.
type Entry struct {
	Title string
	// Path of the page in the site, with slashes; "" for none.
	Path  string
	Items []Entry
}

// Text is a page in a [Shell].
type Text struct {
	// Path in the site, with slashes, such as "changelog/lts-2.4/2.4.7.html".
	Path, Title, Summary string
	// Within is the path of the page in the navigation that this one belongs to; "" for its own.
	Within string
	// Body is the finished HTML below the title. Whoever makes it escapes what it quotes; characters that reorder or hide
	// text are taken out here.
	Body []byte
	// Previous and Next lead on; the zero Entry leads nowhere.
	Previous, Next Entry
}

// Page puts a text into the frame.
func (s *Shell) Page(t Text) ([]byte, error) {
	within := t.Within
	if within == "" {
		within = t.Path
	}
	f := frame{
		Site: Site{Product: visible(s.Product), Version: visible(s.Name)}, Title: visible(t.Title), Summary: visible(t.Summary), Wide: true,
		Home: relative(t.Path, s.Nav[0].Path), Assets: relative(t.Path, assetDir),
		Nav: s.items(t.Path, within, s.Nav), Body: bodyMark,
		Previous: entryLink(t.Path, t.Previous), Next: entryLink(t.Path, t.Next),
	}
	if within != t.Path {
		f.Crumbs = s.trail(t.Path, within)
	}
	var buf bytes.Buffer
	if err := templates.ExecuteTemplate(&buf, "page.html", f); err != nil {
		return nil, err
	}
	// A large body is put in by hand, since the template would copy it more than once.
	before, after, _ := bytes.Cut(buf.Bytes(), []byte(bodyMark))
	return bytes.Join([][]byte{before, inVisible(t.Body), after}, nil), nil
}

// bodyMark stands for the body in the frame. No text can hold it: a NUL is taken out of all.
const bodyMark template.HTML = "\x00body\x00"

// items lists the navigation as seen from a page.
func (s *Shell) items(from, within string, entries []Entry) []navItem {
	var out []navItem
	for _, e := range entries {
		n := navItem{link: link{Text: visible(e.Title)}, Items: s.items(from, within, e.Items)}
		if e.Path != "" {
			n.Href, n.Current = relative(from, e.Path), e.Path == within
		}
		out = append(out, n)
	}
	return out
}

// trail leads from the first page to the page of the navigation that a page belongs to.
func (s *Shell) trail(from, within string) []link {
	out := []link{{Text: visible(s.Nav[0].Title), Href: relative(from, s.Nav[0].Path)}}
	var find func(entries []Entry, above []link) []link
	find = func(entries []Entry, above []link) []link {
		for _, e := range entries {
			l := link{Text: visible(e.Title)}
			if e.Path != "" {
				l.Href = relative(from, e.Path)
			}
			way := slices.Concat(above, []link{l})
			if e.Path == within {
				return way
			}
			if found := find(e.Items, way); found != nil {
				return found
			}
		}
		return nil
	}
	return append(out, find(s.Nav[1:], nil)...)
}

func entryLink(from string, e Entry) *link {
	if e.Path == "" {
		return nil
	}
	return &link{Text: visible(e.Title), Href: relative(from, e.Path)}
}

// visible takes out of a text what would hide or reorder it.
func visible(s string) string { return string(inVisible([]byte(s))) }

func inVisible(text []byte) []byte {
	if utf8.Valid(text) && bytes.IndexFunc(text, hidden) < 0 {
		return text
	}
	return clean(text)
}

// Furniture returns what all pages of a shell need beside them: the style sheet and the script of documentation.
func Furniture() ([]File, error) {
	var out []File
	for _, name := range furniture {
		data, err := embedded.ReadFile("assets/" + name)
		if err != nil {
			return nil, err
		}
		out = append(out, File{path.Join(assetDir, name), data})
	}
	return out, nil
}

// Found is something that search finds.
type Found struct {
	// Page is the number of the page in [Index.Pages]. ID is the element in it, "" for its beginning.
	Page int
	ID   string
	// Heading and Text are what is searched and shown.
	Heading, Text string
}

// Index is what search looks through.
type Index struct {
	// Pages are path and title.
	Pages [][2]string
	Found []Found
	// Parts are the names of further indexes in the folder of this one, in the order in which they are to be read.
	Parts []string
}

// IndexPath is the place of an index in the site; the one that pages ask for first has the name "search.js".
func IndexPath(name string) string { return path.Join(assetDir, name) }

// Script writes the index as the script that pages load: one from a folder may not read files.
func (x Index) Script() ([]byte, error) {
	ix := index{Pages: make([][2]string, len(x.Pages)), Sections: make([][4]any, len(x.Found)), Parts: x.Parts}
	for i, p := range x.Pages {
		ix.Pages[i] = [2]string{escapePath(p[0]), visible(p[1])}
	}
	for i, f := range x.Found {
		ix.Sections[i] = [4]any{f.Page, f.ID, visible(f.Heading), visible(f.Text)}
	}
	return ix.script()
}

// script writes the call that hands the index to the page.
func (ix index) script() ([]byte, error) {
	data, err := json.Marshal(ix) // escapes what would end a script
	if err != nil {
		return nil, err
	}
	return bytes.Join([][]byte{[]byte("relctlSearch("), data, []byte(");\n")}, nil), nil
}

// Escape writes a text as HTML that means it.
func Escape(b *bytes.Buffer, s string) {
	if !utf8.ValidString(s) {
		s = visible(s)
	}
	template.HTMLEscape(b, []byte(s))
}

// Relative is the address of one file of a site as seen from another.
func Relative(from, to string) string { return relative(from, to) }
