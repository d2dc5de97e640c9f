package site

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// target is where a link leads: out of the site, or to a page or an asset of it.
type target struct {
	// external is an address with one of the allowed schemes.
	external string
	doc      *document
	// fragment is the id of a heading of doc, "" for all of it.
	fragment string
	// asset is the path of a file.
	asset string
}

// linkSchemes may stand in links; nothing else that a browser may act on.
var linkSchemes = []string{"http", "https", "mailto"}

// resolve finds where a link of d leads. problem says why it leads nowhere.
func (b *builder) resolve(d *document, dest string) (t target, problem string) {
	u, err := url.Parse(dest)
	switch {
	case err != nil:
		return t, fmt.Sprintf("the link %q is no address", short(dest))
	case u.Scheme != "" && !slices.Contains(linkSchemes, strings.ToLower(u.Scheme)):
		return t, fmt.Sprintf("a link may not have the scheme %q; allowed are %s", short(u.Scheme), strings.Join(linkSchemes, ", "))
	case u.Scheme != "":
		return target{external: u.String()}, ""
	case u.Host != "":
		return t, fmt.Sprintf("the link %q has no scheme; write https: before it", short(dest))
	case strings.HasPrefix(u.Path, "/"):
		return t, fmt.Sprintf("the link %q begins at the root of a server; write it relative to this page", short(dest))
	case u.Path == "":
		return b.within(d, u.Fragment)
	}
	p := path.Join(path.Dir(d.Path), u.Path)
	if p == ".." || strings.HasPrefix(p, "../") {
		return t, fmt.Sprintf("the link %q leads out of the documentation, which ships alone", short(dest))
	}
	if to := b.page(p); to != nil {
		return b.within(to, u.Fragment)
	}
	if _, ok := b.assets[p]; ok {
		return target{asset: p}, ""
	}
	return t, fmt.Sprintf("the link %q leads to %s, which does not exist%s", short(dest), short(p), b.near(p))
}

// page finds the page that a path means: itself, its HTML, or the index of a folder.
func (b *builder) page(p string) *document {
	if d := b.byPath[p]; d != nil {
		return d
	}
	for _, d := range b.docs {
		if d.html == p || isIndex(d.Path) && path.Dir(d.Path) == p {
			return d
		}
	}
	return nil
}

func (b *builder) within(d *document, fragment string) (target, string) {
	if fragment == "" || d.ids[fragment] {
		return target{doc: d, fragment: fragment}, ""
	}
	ids := make([]string, 0, len(d.headings))
	for _, h := range d.headings {
		ids = append(ids, "#"+h.id)
	}
	has := "it has none"
	if len(ids) > 0 {
		has = "it has " + strings.Join(ids[:min(len(ids), 8)], ", ")
	}
	return target{}, fmt.Sprintf("%s has no section #%s; %s", d.Path, short(fragment), has)
}

// near names a page with the same name in another folder, or with .md after it.
func (b *builder) near(p string) string {
	for _, d := range b.docs {
		if d.Path == p+".md" || path.Base(d.Path) == path.Base(p) {
			return "; there is " + d.Path
		}
	}
	return ""
}

// imageTypes are shown in pages; SVG in an image runs no script.
var imageTypes = map[string]string{
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".svg": "image/svg+xml", ".webp": "image/webp",
}

// image finds the asset that an image shows.
func (b *builder) image(d *document, dest string) (asset, problem string) {
	t, problem := b.resolve(d, dest)
	switch {
	case problem != "":
		return "", problem
	case t.external != "":
		return "", fmt.Sprintf("the image %q comes from elsewhere; put it beside the page, since readers may have no network", short(dest))
	case t.asset == "" || imageTypes[strings.ToLower(path.Ext(t.asset))] == "":
		return "", fmt.Sprintf("%s is no image that browsers show", short(dest))
	}
	return t.asset, ""
}

// check looks at all links and images of a page.
func (b *builder) check(d *document) {
	_ = ast.Walk(d.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the walker returns no error
		if !entering {
			return ast.WalkContinue, nil
		}
		problem := ""
		switch n := n.(type) {
		case *ast.Link:
			_, problem = b.resolve(d, unescape(n.Destination))
		case *ast.AutoLink:
			_, problem = b.resolve(d, autoURL(n, d.source))
		case *ast.Image:
			if _, problem = b.image(d, unescape(n.Destination)); problem == "" && plainText(n, d.source) == "" {
				problem = "the image has no text for those who cannot see it; write it between the brackets"
			}
		}
		if problem != "" {
			d.note(d.line(n), "%s", problem)
		}
		return ast.WalkContinue, nil
	})
}

func autoURL(n *ast.AutoLink, source []byte) string {
	u := string(n.URL(source))
	if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(u), "mailto:") {
		return "mailto:" + u
	}
	return u
}

// relative is the link from one file of the site to another.
func relative(from, to string) string {
	var up string
	dir := path.Dir(from)
	for dir != "." && !strings.HasPrefix(to, dir+"/") {
		up += "../"
		dir = path.Dir(dir)
	}
	if dir != "." {
		to = strings.TrimPrefix(to, dir+"/")
	}
	return up + escapePath(to)
}

func escapePath(p string) string {
	return (&url.URL{Path: p}).String()
}

func short(s string) string {
	const most = 120
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
