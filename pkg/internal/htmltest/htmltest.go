// Package htmltest holds finished HTML against the grammar, its links against what is there, and hostile texts against
// what they must not become.
package htmltest

import (
	"bytes"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Check makes sure that all HTML among files, by their paths, is valid, and that links and images lead to a file and to
// an id that are there. With outline, no level of headings is left out.
func Check(t testing.TB, name string, files map[string][]byte, outline bool) {
	t.Helper()
	ids := map[string]map[string]bool{}
	docs := map[string]*html.Node{}
	for file, data := range files {
		if path.Ext(file) == ".html" {
			docs[file] = strict(t, name+"/"+file, data)
			ids[file] = idsOf(t, name+"/"+file, docs[file], outline)
		}
	}
	for file, doc := range docs {
		for n := range doc.Descendants() {
			for _, a := range n.Attr {
				switch a.Key {
				case "href", "src":
					checkAddress(t, file, a.Val, files, ids)
				case "aria-labelledby":
					for _, id := range strings.Fields(a.Val) {
						if !ids[file][id] {
							t.Errorf("%s/%s: aria-labelledby names %q, which is no id", name, file, id)
						}
					}
				}
			}
		}
	}
}

func checkAddress(t testing.TB, file, to string, files map[string][]byte, ids map[string]map[string]bool) {
	t.Helper()
	if regexp.MustCompile(`^(https?://|mailto:|data:image/)`).MatchString(to) {
		return
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Errorf("%s links to %q: %v", file, to, err)
		return
	}
	p, fragment := u.Path, u.Fragment
	target := file
	if p != "" {
		target = path.Join(path.Dir(file), p)
	}
	if _, ok := files[target]; !ok {
		t.Errorf("%s links to %q, which is no file", file, to)
	} else if fragment != "" && !ids[target][fragment] {
		t.Errorf("%s links to %q, which has no such id", file, to)
	}
}

// strict parses HTML and compares what the parser made of it with what the tokens say: a parser that had to move, close
// or leave out anything met invalid HTML.
func strict(t testing.TB, name string, data []byte) *html.Node {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var open []string
	void := []string{"meta", "link", "br", "hr", "img", "input", "wbr"}
	optional := []string{"html", "head", "body", "tbody"}
	starts := 0
	for z := html.NewTokenizer(bytes.NewReader(data)); ; {
		switch tt := z.Next(); tt {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Errorf("%s: never closed: %v", name, open)
			}
			nodes := 0
			for n := range doc.Descendants() {
				if n.Type == html.ElementNode && !slices.Contains(optional, n.Data) {
					nodes++
				}
			}
			if nodes != starts {
				t.Errorf("%s: %d elements are written and %d understood", name, starts, nodes)
			}
			return doc
		case html.StartTagToken, html.SelfClosingTagToken:
			tag, _ := z.TagName()
			if !slices.Contains(optional, string(tag)) {
				starts++
			}
			if !slices.Contains(void, string(tag)) && (tt == html.StartTagToken || !slices.Contains(open, "svg")) {
				open = append(open, string(tag))
			}
			if string(tag) == "p" && slices.Contains(open[:len(open)-1], "p") {
				t.Errorf("%s: a paragraph in a paragraph", name)
			}
		case html.EndTagToken:
			tag, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(tag) {
				t.Fatalf("%s: </%s> closes %v", name, tag, open)
			}
			open = open[:len(open)-1]
		case html.TextToken, html.CommentToken, html.DoctypeToken:
		}
	}
}

// idsOf returns the ids of a page, and looks at what HTML asks for beyond its grammar.
func idsOf(t testing.TB, name string, doc *html.Node, outline bool) map[string]bool {
	t.Helper()
	ids, last, ones := map[string]bool{}, 0, 0
	for n := range doc.Descendants() {
		attr := map[string]string{}
		for _, a := range n.Attr {
			if _, twice := attr[a.Key]; twice {
				t.Errorf("%s: <%s> has %s twice", name, n.Data, a.Key)
			}
			attr[a.Key] = a.Val
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
				t.Errorf("%s: <%s> has the attribute %s", name, n.Data, a.Key)
			}
		}
		if id, ok := attr["id"]; ok {
			if ids[id] || id == "" || strings.ContainsAny(id, " \t\n") {
				t.Errorf("%s: the id %q is not unique or not valid", name, id)
			}
			ids[id] = true
		}
		if _, ok := attr["alt"]; n.Data == "img" && !ok {
			t.Errorf("%s: an image without alt", name)
		}
		if regexp.MustCompile("^h[1-6]$").MatchString(n.Data) && attr["id"] != "_toc" {
			level := int(n.Data[1] - '0')
			if level == 1 {
				ones++
			}
			if level > last+1 && outline {
				t.Errorf("%s: h%d follows h%d", name, level, last)
			}
			last = level
		}
	}
	if ones != 1 {
		t.Errorf("%s has %d first headings", name, ones)
	}
	return ids
}

// Inert makes sure that no script but ours is in a page, that nothing in it acts or asks for anything from outside, and
// that it embeds nothing; allowed are elements such as svg that it may have all the same.
func Inert(t testing.TB, file string, data []byte, allowed ...string) {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		for _, a := range n.Attr {
			value := strings.ToLower(strings.TrimSpace(a.Val))
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcdoc":
				t.Errorf("%s: <%s %s=%q>", file, n.Data, a.Key, a.Val)
			case (a.Key == "href" || a.Key == "src") && regexp.MustCompile(`^[a-z]+:`).MatchString(value) && !regexp.MustCompile(`^(https?|mailto):`).MatchString(value):
				t.Errorf("%s: <%s %s=%q>", file, n.Data, a.Key, a.Val)
			case a.Key == "src" && (strings.Contains(value, ":") || strings.HasPrefix(value, "//")):
				t.Errorf("%s asks for %q", file, a.Val)
			case n.Data == "script" && a.Key == "src" && path.Base(a.Val) != "site.js":
				t.Errorf("%s: script %q", file, a.Val)
			}
		}
		if n.Data == "script" && n.FirstChild != nil || slices.Contains([]string{"iframe", "object", "embed", "base", "svg"}, n.Data) && !slices.Contains(allowed, n.Data) {
			t.Errorf("%s holds <%s>", file, n.Data)
		}
	}
}
