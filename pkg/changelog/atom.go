package changelog

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"html"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// The elements of an Atom feed, RFC 4287.
type (
	atomFeed struct {
		XMLName   xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
		Title     string   `xml:"title"`
		ID        string   `xml:"id"`
		Updated   string   `xml:"updated"`
		Author    string   `xml:"author>name"`
		Generator string   `xml:"generator"`
		Entries   []atomEntry
	}
	atomEntry struct {
		XMLName    xml.Name `xml:"entry"`
		Title      string   `xml:"title"`
		ID         string   `xml:"id"`
		Updated    string   `xml:"updated"`
		Categories []atomCategory
		Content    atomContent
	}
	atomCategory struct {
		XMLName xml.Name `xml:"category"`
		Term    string   `xml:"term,attr"`
	}
	atomContent struct {
		XMLName xml.Name `xml:"content"`
		Type    string   `xml:"type,attr"`
		Text    string   `xml:",chardata"`
	}
)

// Atom returns a feed with an entry for each release of the log, equal bytes for equal input. Its categories are
// "action-required" and "security". What is not released yet is no news.
func Atom(l Log) ([]byte, error) {
	name := Inert(l.Product + " " + l.Channel)
	feed := atomFeed{Title: name, ID: feedID(l.Product, l.Channel), Updated: atomTime(time.Time{}), Author: Inert(l.Product), Generator: "relctl"}
	for _, r := range l.Releases {
		if !r.Released() {
			continue
		}
		if len(feed.Entries) == 0 {
			feed.Updated = atomTime(r.Date)
		}
		feed.Entries = append(feed.Entries, atomOf(l, r))
	}
	out, err := xml.MarshalIndent(feed, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(append([]byte(xml.Header), out...), '\n'), nil
}

func atomOf(l Log, r Release) atomEntry {
	e := atomEntry{
		Title: fmt.Sprintf("%s %s", Inert(l.Product), r.Version), ID: feedID(l.Product, l.Channel, r.Version.String()),
		Updated: atomTime(r.Date), Content: atomContent{Type: "html"},
	}
	entries := r.Entries()
	for _, c := range []struct {
		term string
		has  func(Entry) bool
	}{{"action-required", breaking}, {"security", security}} {
		for _, one := range entries {
			if c.has(one) {
				e.Categories = append(e.Categories, atomCategory{Term: c.term})
				break
			}
		}
	}
	var b strings.Builder
	if len(entries) == 0 {
		b.WriteString("<p>Nothing changed in the software itself.</p>")
	}
	for _, s := range r.Sections() {
		fmt.Fprintf(&b, "<h3>%s</h3><ul>", s.Title)
		for _, one := range s.Entries {
			htmlItem(&b, one)
		}
		b.WriteString("</ul>")
	}
	e.Content.Text = b.String()
	return e
}

// htmlItem writes one change as a list item of HTML.
func htmlItem(b *strings.Builder, e Entry) {
	safe := func(text string) string { return html.EscapeString(cut(Inert(text), maxLine)) }
	b.WriteString("<li>")
	if e.Scope != "" {
		fmt.Fprintf(b, "<b>%s:</b> ", safe(e.Scope))
	}
	b.WriteString(safe(e.Subject))
	if len(e.CVEs) > 0 {
		fmt.Fprintf(b, " (%s)", safe(strings.Join(e.CVEs, ", ")))
	}
	fmt.Fprintf(b, " <code>%s</code>", release.Short(e.Commit))
	if e.Breaking {
		for line := range strings.Lines(breakingText(e)) {
			fmt.Fprintf(b, "<br>%s", safe(line))
		}
	}
	b.WriteString("</li>")
}

// feedID returns a permanent id that depends on the names alone: a UUID of version 8, RFC 9562.
func feedID(names ...string) string {
	sum := sha256.Sum256([]byte("relctl\x00" + strings.Join(names, "\x00")))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	x := hex.EncodeToString(sum[:16])
	return "urn:uuid:" + strings.Join([]string{x[:8], x[8:12], x[12:16], x[16:20], x[20:]}, "-")
}

func atomTime(t time.Time) string {
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	return t.UTC().Format(time.RFC3339)
}
