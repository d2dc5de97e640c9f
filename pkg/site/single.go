package site

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"path"
	"strings"
)

// singleFrame is what the template of the single file is given.
type singleFrame struct {
	Site
	Style     template.CSS
	StyleHash string
	// Contents lead to the chapters.
	Contents []navItem
	Chapters []chapter
}

type chapter struct {
	ID, Title string
	Body      template.HTML
}

// contentsID is that of the list of chapters, which stands for the first page of a site that has none.
const contentsID = "_contents"

// maxInlined is the largest image that the single file carries; larger ones are linked.
const maxInlined = 2 << 20

// together is the view of all pages in one file.
type together struct {
	*builder
	doc *document
	ids map[*document]string
}

func (v together) href(t target) string {
	if t.doc == nil {
		return escapePath(t.asset)
	}
	return "#" + v.join(t.doc, t.fragment)
}

func (v together) join(d *document, fragment string) string {
	if fragment == "" || v.ids[d] == contentsID {
		return v.ids[d]
	}
	return v.ids[d] + "--" + fragment
}

func (v together) src(asset string) string {
	a := v.assets[asset]
	if len(a.Data) > maxInlined {
		return escapePath(asset)
	}
	return "data:" + imageTypes[strings.ToLower(path.Ext(asset))] + ";base64," + base64.StdEncoding.EncodeToString(a.Data)
}

func (v together) id(id string) string { return v.join(v.doc, id) }
func (v together) level(n int) int     { return min(n+1, 6) }

// single writes all pages as one file that needs no other.
func (b *builder) single() error {
	style, err := embedded.ReadFile("assets/style.css")
	if err != nil {
		return err
	}
	ids := map[*document]string{}
	used := map[string]bool{}
	for _, d := range b.docs {
		// No page's id may be the beginning of another's with "--" after it, so numbers are set apart by a dot.
		id := slug(strings.ReplaceAll(strings.TrimSuffix(d.html, ".html"), "/", "-"))
		for base, n := id, 1; used[id]; n++ {
			id = fmt.Sprintf("%s.%d", base, n)
		}
		used[id], ids[d] = true, id
	}
	f := singleFrame{Site: b.Site, Style: template.CSS(style), StyleHash: "'sha256-" + hash(style) + "'"} //nolint:gosec // the style sheet is our own
	if b.contentsPage != nil {
		ids[b.contentsPage] = contentsID
	}
	f.Contents = b.nav(b.root, func(d *document) string { return "#" + ids[d] }, nil)
	if b.contentsPage != nil {
		f.Contents = f.Contents[1:]
	}
	for _, d := range b.docs {
		if d == b.contentsPage {
			continue
		}
		body, err := b.render(d, together{b, d, ids})
		if err != nil {
			return err
		}
		f.Chapters = append(f.Chapters, chapter{ID: ids[d], Title: d.title, Body: body})
	}
	return b.execute("single.html", "single.html", f)
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return base64.StdEncoding.EncodeToString(sum[:])
}
