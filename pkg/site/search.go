package site

import "github.com/yuin/goldmark/ast"

// index is what search looks through, as search.js holds it.
type index struct {
	// Pages are address and title.
	Pages [][2]string `json:"pages"`
	// Sections are the number of the page, the id of the heading ("" for the beginning of the page), the heading, the text.
	Sections [][4]any `json:"sections"`
	// Parts are the names of further indexes beside this one.
	Parts []string `json:"parts,omitempty"`
}

// search writes the index as a script, since a page from a folder may not read files.
func (b *builder) search() error {
	ix := index{Pages: [][2]string{}, Sections: [][4]any{}}
	for i, d := range b.docs {
		ix.Pages = append(ix.Pages, [2]string{escapePath(d.html), d.title})
		for _, s := range d.sections() {
			ix.Sections = append(ix.Sections, [4]any{i, s.id, s.heading, s.text})
		}
	}
	data, err := ix.script()
	if err != nil {
		return err
	}
	b.add(IndexPath("search.js"), data)
	return nil
}

// section is a heading and what stands below it, as plain text.
type section struct{ id, heading, text string }

func (d *document) sections() []section {
	out := []section{{heading: ""}}
	for n := d.root.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok {
			if h != d.top {
				out = append(out, section{id: d.byNode[h], heading: plainText(h, d.source)})
			}
			continue
		}
		last := &out[len(out)-1]
		if t := plainText(n, d.source); t != "" {
			if last.text != "" {
				last.text += " "
			}
			last.text += t
		}
	}
	return out
}
