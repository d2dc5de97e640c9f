package portal

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"time"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/site"
)

//go:embed assets
var assets embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"date":   func(t time.Time) string { return t.UTC().Format("2006-01-02") },
	"minute": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") },
	"inc":    func(i int) int { return i + 1 },
	"short":  release.Short,
	"count":  release.Count,
	"age":    func(now, t time.Time) string { return release.Count(days(now, t), "day") },
	"to":     func(v view, path string) string { return site.Relative(v.Path, path) },
	"list":   channelPath,
	"page":   func(ch *Channel, r *Release) string { return r.path(ch.Name) },
}).ParseFS(assets, "assets/*.html"))

// pagePaths of the navigation.
const (
	overviewPath  = "index.html"
	ringsPath     = "rings.html"
	supportPath   = "support.html"
	upgradesPath  = "upgrades.html"
	backportsPath = "backports.html"
	flagsPath     = "flags.html"
	gatesPath     = "gates.html"
	eventsPath    = "events.html"
)

// page is a page of the navigation: its template has the name of its path.
type page struct {
	path, title, summary string
	// found are the things on it that search finds.
	found func(v view) []site.Found
}

// pages that a portal has, in the order of the navigation. Those without content are left out.
func pages(m *Model) []page {
	all := []page{{overviewPath, "Overview", "What is where", nil}}
	if m.rolling() {
		all = append(all, page{ringsPath, "Rings over time", "Which release ran in which ring, and when", nil})
	}
	if len(m.Lines) > 0 {
		all = append(all,
			page{supportPath, "Support windows", "How long each line is supported", nil},
			page{upgradesPath, "Ways to upgrade", "Which release leads to which", nil},
			page{backportsPath, "Backports", "Which change of main is missing on which line", foundBackports})
	}
	if len(m.Flags.Channels) > 0 {
		all = append(all, page{flagsPath, "Feature flags", "Flags by age and channel", foundFlags})
	}
	return append(all,
		page{gatesPath, "Gates", "What is gated, and why", nil},
		page{eventsPath, "What happened", "What was cut, promoted, held and rolled back, and by whom", nil})
}

// shell is the frame of all pages.
func shell(m *Model) *site.Shell {
	s := &site.Shell{Product: m.Product, Name: "releases"}
	for _, p := range pages(m) {
		s.Nav = append(s.Nav, site.Entry{Title: p.title, Path: p.path})
	}
	log := site.Entry{Title: "Changelog"}
	for i := range m.Channels {
		ch := &m.Channels[i]
		log.Items = append(log.Items, site.Entry{Title: ch.Name, Path: channelPath(ch)})
	}
	if len(log.Items) > 0 {
		s.Nav = append(s.Nav, log)
	}
	return s
}

func channelPath(ch *Channel) string { return "changelog/" + ch.Name + "/index.html" }

// view is what the template of a page is given.
type view struct {
	*Model
	Path string
	// Channel of a list of releases, and the counts of their changes.
	Channel   *Channel
	Summaries []Summary
}

// pages writes all that is no release, and the search.
func (w *writer) pages() error {
	var ix site.Index
	add := func(p page, v view, name string) error {
		var body bytes.Buffer
		if err := templates.ExecuteTemplate(&body, name, v); err != nil {
			return err
		}
		html, err := w.shell.Page(site.Text{Path: p.path, Title: p.title, Summary: p.summary, Body: body.Bytes()})
		if err != nil {
			return err
		}
		w.report.Pages++
		n := len(ix.Pages)
		ix.Pages = append(ix.Pages, [2]string{p.path, p.title})
		ix.Found = append(ix.Found, site.Found{Page: n, Text: p.summary})
		if p.found != nil {
			for _, f := range p.found(v) {
				f.Page = n
				ix.Found = append(ix.Found, f)
			}
		}
		return w.put(p.path, html)
	}
	for _, p := range pages(w.model) {
		if err := add(p, view{Model: w.model, Path: p.path}, p.path); err != nil {
			return err
		}
	}
	searched := 0
	for i := range w.model.Channels {
		ch := &w.model.Channels[i]
		v := view{Model: w.model, Path: channelPath(ch), Channel: ch}
		for k := range ch.Releases {
			r := &ch.Releases[k]
			sum := w.now.Releases[r.path(ch.Name)].Summary
			v.Summaries = append(v.Summaries, sum)
		}
		if err := add(page{path: v.Path, title: "Changelog of " + ch.Name, summary: "The releases of " + ch.Name}, v, "changelog.html"); err != nil {
			return err
		}
	}
	for _, p := range w.byAge() {
		if searched += p.changes; searched > MaxSearched {
			w.report.Unsearched += p.changes
			continue
		}
		ix.Parts = append(ix.Parts, p.name)
	}
	data, err := ix.Script()
	if err != nil {
		return err
	}
	return w.put(site.IndexPath("search.js"), data)
}

// furniture writes what the pages share.
func (w *writer) furniture() error {
	files, err := site.Furniture()
	if err != nil {
		return err
	}
	style, err := assets.ReadFile("assets/portal.css")
	if err != nil {
		return err
	}
	for _, f := range append(files, site.File{Path: site.IndexPath("portal.css"), Data: style}) {
		if err := w.put(f.Path, f.Data); err != nil {
			return err
		}
	}
	return nil
}

func foundBackports(v view) []site.Found {
	var out []site.Found
	for i := range v.Backports.Changes {
		c := &v.Backports.Changes[i]
		text := c.words()
		for k, l := range c.Lines {
			text += fmt.Sprintf(" %s: %s", v.Backports.Lines[k], l.Words)
		}
		out = append(out, site.Found{ID: fmt.Sprintf("b-%d", i+1), Heading: c.Subject, Text: text})
	}
	return out
}

func foundFlags(v view) []site.Found {
	var out []site.Found
	for i, f := range v.Flags.Flags {
		out = append(out, site.Found{ID: fmt.Sprintf("f-%d", i+1), Heading: f.Name, Text: "feature flag " + f.Text})
	}
	return out
}

// days is how many whole days lie between a time and now, 0 for what is yet to come.
func days(now, t time.Time) int { return max(int(now.Sub(t).Hours()/24), 0) }
