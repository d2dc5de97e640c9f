package portal

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/site"
)

// section is a part of a release's changes.
type section struct {
	id, title string
	holds     func(*Change) bool
}

// sections in the order in which people want them. A change stands in the first that holds it.
var sections = []section{
	{"breaking", "Breaking changes", func(c *Change) bool { return c.Breaking }},
	{"security", "Security", (*Change).security},
	{"features", "Features", func(c *Change) bool { return c.Type == "feat" }},
	{"fixes", "Fixes", func(c *Change) bool { return c.Type == "fix" }},
	{"performance", "Performance", func(c *Change) bool { return c.Type == "perf" }},
	{"other", "Everything else", func(*Change) bool { return true }},
}

func (c *Change) security() bool { return c.Type == "security" || len(c.CVEs) > 0 }

// Summary counts the changes of a release. More says that its page does not list all.
type Summary struct {
	Changes  int  `json:"changes"`
	Breaking int  `json:"breaking,omitempty"`
	Security int  `json:"security,omitempty"`
	Features int  `json:"features,omitempty"`
	Fixes    int  `json:"fixes,omitempty"`
	More     bool `json:"more,omitempty"`
}

func summarize(changes []Change, more bool) Summary {
	s := Summary{Changes: len(changes), More: more}
	for i := range changes {
		c := &changes[i]
		for n, holds := range map[*int]bool{&s.Breaking: c.Breaking, &s.Security: c.security(), &s.Features: c.Type == "feat", &s.Fixes: c.Type == "fix"} {
			if holds {
				*n++
			}
		}
	}
	return s
}

// name is what a release is called.
func (r *Release) name() string {
	if r.Version.IsZero() {
		return "next"
	}
	return r.Version.String()
}

// path is where the page of a release lies.
func (r *Release) path(channel string) string {
	return "changelog/" + channel + "/" + r.name() + ".html"
}

// title is what its page is called.
func (r *Release) title(channel string) string {
	if r.Version.IsZero() {
		return channel + ": not released yet"
	}
	return channel + " " + r.Version.String()
}

// body writes what changed in a release.
func (r *Release) body(changes []Change, more bool) []byte {
	var b bytes.Buffer
	r.head(&b, len(changes), more)
	parts := make([][]*Change, len(sections))
	for i := range changes {
		at := slices.IndexFunc(sections, func(s section) bool { return s.holds(&changes[i]) })
		parts[at] = append(parts[at], &changes[i])
	}
	ids := changeIDs{}
	for i, s := range sections {
		if len(parts[i]) == 0 {
			continue
		}
		fmt.Fprintf(&b, "<h2 id=\"%s\">%s <span class=\"count\">%d</span></h2>\n<ul class=\"changes\">\n", s.id, s.title, len(parts[i]))
		for _, c := range parts[i] {
			c.item(&b, ids.of(c))
		}
		b.WriteString("</ul>\n")
	}
	return b.Bytes()
}

// head says what release this is.
func (r *Release) head(b *bytes.Buffer, n int, more bool) {
	var words []string
	if !r.Date.IsZero() {
		words = append(words, fmt.Sprintf(`<time datetime="%s">%s</time>`, r.Date.Format("2006-01-02"), r.Date.Format("2 January 2006")))
	}
	since := release.Count(n, "change")
	if !r.Previous.IsZero() {
		since += " since " + escaped(r.Previous.String())
	}
	words = append(words, since)
	if r.Commit != "" {
		words = append(words, "commit <code>"+escaped(release.Short(r.Commit))+"</code>")
	}
	fmt.Fprintf(b, "<p class=\"facts\">%s</p>\n", strings.Join(words, " · "))
	if more {
		b.WriteString("<p class=\"callout warn\">These are the newest. The older ones are too many for a page; <code>relctl changelog --all</code> tells them.</p>\n")
	}
	if r.Withdrawn != "" {
		fmt.Fprintf(b, "<p class=\"callout bad\"><strong>Withdrawn.</strong> %s</p>\n", escaped(r.Withdrawn))
	}
}

// item writes a change.
func (c *Change) item(b *bytes.Buffer, id string) {
	b.WriteString(`<li id="`)
	b.WriteString(id)
	b.WriteString(`">`)
	if c.Scope != "" {
		b.WriteString("<b>")
		site.Escape(b, c.Scope)
		b.WriteString(":</b> ")
	}
	site.Escape(b, c.Subject)
	if c.Note != "" {
		b.WriteString(`<span class="note">`)
		site.Escape(b, c.Note)
		b.WriteString("</span>")
	}
	b.WriteString(` <span class="meta">`)
	for _, cve := range c.CVEs {
		b.WriteString(`<span class="pill bad">`)
		site.Escape(b, cve)
		b.WriteString("</span> ")
	}
	if c.PR > 0 {
		fmt.Fprintf(b, "#%d · ", c.PR)
	}
	if c.Author != "" {
		site.Escape(b, c.Author)
		b.WriteString(" · ")
	}
	b.WriteString("<code>")
	site.Escape(b, release.Short(c.Commit))
	b.WriteString("</code></span></li>\n")
}

// changeIDs gives each change of a page an id of its own.
type changeIDs map[string]int

func (ids changeIDs) of(c *Change) string {
	id := "c-" + strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, release.Short(c.Commit))
	if ids[id]++; ids[id] > 1 {
		return fmt.Sprintf("%s-%d", id, ids[id])
	}
	return id
}

// index is what search knows of a release.
func (r *Release) index(channel string, changes []Change) site.Index {
	ix := site.Index{Pages: [][2]string{{r.path(channel), r.title(channel)}}, Found: make([]site.Found, 0, len(changes))}
	parts := changeIDs{}
	ids := make([]string, len(changes))
	for _, s := range sections { // in the order of the page, which numbers repeated ids
		for i := range changes {
			if ids[i] == "" && s.holds(&changes[i]) {
				ids[i] = parts.of(&changes[i])
			}
		}
	}
	for i := range changes {
		c := &changes[i]
		ix.Found = append(ix.Found, site.Found{ID: ids[i], Heading: c.Subject, Text: c.words()})
	}
	return ix
}

// words are what else a change is found by.
func (c *Change) words() string {
	var words []string
	for _, w := range append([]string{c.Type, c.Scope}, c.CVEs...) {
		if w != "" {
			words = append(words, w)
		}
	}
	if c.PR > 0 {
		words = append(words, fmt.Sprintf("#%d", c.PR))
	}
	words = append(words, c.Author, release.Short(c.Commit))
	if c.Note != "" {
		words = append(words, c.Note)
	}
	return strings.Join(words, " ")
}
