package upgrade

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/relctl/relctl/pkg/release"
)

// Picture is what [Picture.SVG] draws.
type Picture struct {
	Product string
	// Now is the day that is marked among the support windows.
	Now   time.Time
	Lines []Drawn
}

// Drawn is a line in a picture.
type Drawn struct {
	Line
	// Begin is when its support began, zero if that is not known.
	Begin time.Time
}

// Measures in pixels.
const (
	left, step, rowHigh = 130, 62, 92
	most                = 14 // releases of a line that are drawn; of more the stops, the first and the newest
	barHigh, windowWide = 34, 640
)

// SVG returns the picture: a row for each line, the newest on top, with its releases; the ways from the newest release of
// each line to the next newer one and to the newest within one step; and below the support windows as bars. Equal input
// gives equal bytes. Whatever a
// text holds, it is shown as text.
func (p Picture) SVG() []byte {
	d, lines := p.drawing()
	d.windows(lines, p.Now)
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-labelledby="title desc">`+"\n", d.wide, d.y, d.wide, d.y)
	p.words(&out, lines)
	out.WriteString("<style>\n" + style + "</style>\n" + tip)
	fmt.Fprintf(&out, "<rect class=\"page\" width=\"%d\" height=\"%d\"/>\n<text class=\"head\" x=\"20\" y=\"30\">%s</text>\n", d.wide, d.y, escaped(p.title()))
	return d.end(&out)
}

// Inline returns the picture as a part of an HTML page, without heading, support windows and colours: those are up to the
// page's style sheet, by the classes upgrades (all of it), name, note, rail, good, gone, old, way, shut and tip.
func (p Picture) Inline() []byte {
	const above, below = 44, 40 // room for the heading and the windows, which are left out
	d, lines := p.drawing()
	d.y -= below
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg class="upgrades" width="%d" height="%d" viewBox="0 %d %d %d" role="img" aria-labelledby="title desc">`+"\n", d.wide, d.y-above, above, d.wide, d.y-above)
	p.words(&out, lines)
	out.WriteString(tip)
	return d.end(&out)
}

// drawing draws the lines, the newest first, and the ways between them.
func (p Picture) drawing() (*drawing, []Drawn) {
	lines := slices.Clone(p.Lines)
	slices.SortStableFunc(lines, func(a, b Drawn) int { return b.Standing.Line.First().Compare(a.Standing.Line.First()) })
	d := &drawing{}
	d.rows(lines)
	d.ways()
	return d, lines
}

func (p Picture) title() string {
	return fmt.Sprintf("Releases of %s and ways to upgrade", p.Product)
}

// words says what the picture shows.
func (p Picture) words(out *bytes.Buffer, lines []Drawn) {
	fmt.Fprintf(out, "<title id=\"title\">%s</title>\n<desc id=\"desc\">%s</desc>\n", escaped(p.title()), escaped(inWords(lines)))
}

func (d *drawing) end(out *bytes.Buffer) []byte {
	out.Write(d.under.Bytes())
	out.Write(d.over.Bytes())
	out.WriteString("</svg>\n")
	return out.Bytes()
}

const style = `.page{fill:#fff}.head{font:600 17px sans-serif;fill:#1b1f24}.name{font:600 13px sans-serif;fill:#1b1f24}.note{font:11px sans-serif;fill:#57606a}
.rail{stroke:#d0d7de;stroke-width:2}.good{fill:#1a7f37}.gone{fill:#fff;stroke:#cf222e;stroke-width:2}.old{fill:#fff;stroke:#8c959f;stroke-width:2}
.way{fill:none;stroke:#0969da;stroke-width:1.6}.shut{fill:none;stroke:#cf222e;stroke-width:1.6;stroke-dasharray:5 4}.tip{fill:#0969da}
.full{fill:#2da44e}.part{fill:#bf8700}.now{stroke:#cf222e;stroke-width:1.5}
@media (prefers-color-scheme:dark){.page{fill:#0d1117}.head,.name{fill:#e6edf3}.note{fill:#9198a1}.rail{stroke:#3d444d}.good{fill:#3fb950}
.gone,.shut,.now{stroke:#f85149}.old{stroke:#6e7681}.gone,.old{fill:#0d1117}.way{stroke:#58a6ff}.tip{fill:#58a6ff}.full{fill:#238636}.part{fill:#9e6a03}}
`

const tip = `<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>
`

// drawing is a picture in the making. What is under lies behind what is over.
type drawing struct {
	under, over bytes.Buffer
	wide, y     int
	placed      []row
}

// row is a line with the places of its releases.
type row struct {
	Drawn
	rules    *Rules
	releases []release.Version
	y        int
}

func (r row) x(i int) int { return left + 30 + i*step }

// rows draws a row for each line.
func (d *drawing) rows(lines []Drawn) {
	d.wide, d.y = left+windowWide+60, 78
	for _, l := range lines {
		r := row{Drawn: l, rules: NewRules(l.Standing), releases: shown(l), y: d.y}
		end := r.x(max(len(r.releases)-1, 0))
		d.wide = max(d.wide, end+70)
		fmt.Fprintf(&d.under, "<text class=\"name\" x=\"20\" y=\"%d\">%s</text>\n", r.y+5, escaped(short(l.Standing.Channel, 16)))
		fmt.Fprintf(&d.under, "<line class=\"rail\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n", left, r.y, end, r.y)
		if len(r.releases) == 0 {
			fmt.Fprintf(&d.over, "<text class=\"note\" x=\"%d\" y=\"%d\">no release yet</text>\n", left+40, r.y+4)
		}
		if n := len(l.Releases) - len(r.releases); n > 0 {
			fmt.Fprintf(&d.over, "<text class=\"note\" x=\"20\" y=\"%d\">%d more not drawn</text>\n", r.y+21, n)
		}
		for i, v := range r.releases {
			d.release(r, i, v)
		}
		d.placed = append(d.placed, r)
		d.y += rowHigh
	}
}

// shown chooses the releases of a line that are drawn.
func shown(l Drawn) []release.Version {
	all := slices.Clone(l.Releases)
	slices.SortFunc(all, release.Version.Compare)
	all = slices.CompactFunc(all, func(a, b release.Version) bool { return a.Compare(b) == 0 })
	if len(all) <= most {
		return all
	}
	keep := all[len(all)-most:]
	var out []release.Version
	for i, v := range all {
		if i == 0 || isStop(l.Standing, v) || v.Compare(keep[0]) > 0 {
			out = append(out, v)
		}
	}
	return out
}

func isStop(s *release.Standing, v release.Version) bool {
	return slices.ContainsFunc(s.Upgrade.Stops, func(x release.Stop) bool { return x.Version.Compare(v) == 0 })
}

// release draws one release by what it is: a disc, a square for a required stop, a crossed ring for a withdrawn one, an
// empty ring for one below the floor.
func (d *drawing) release(r row, i int, v release.Version) {
	x, y, about := r.x(i), r.y, v.String()
	shape := fmt.Sprintf(`<circle class="good" cx="%d" cy="%d" r="8"/>`, x, y)
	switch w, f := r.Standing.Withdrawal(v), r.Standing.Floor; {
	case w != nil:
		about += " was withdrawn: " + w.Reason
		shape = fmt.Sprintf(`<circle class="gone" cx="%d" cy="%d" r="8"/><path class="gone" d="M%d %dl10 10m0 -10l-10 10"/>`, x, y, x-5, y-5)
	case f != nil && v.Compare(f.Version) < 0:
		about += fmt.Sprintf(" lies below %s, the lowest version that may be installed: %s", f.Version, f.Reason)
		shape = fmt.Sprintf(`<circle class="old" cx="%d" cy="%d" r="8"/>`, x, y)
	case isStop(r.Standing, v):
		about += " is a required stop: " + stopReason([]Line{r.Line}, v, release.Version{})
		shape = fmt.Sprintf(`<rect class="good" x="%d" y="%d" width="18" height="18"/>`, x-9, y-9)
	}
	fmt.Fprintf(&d.over, "<g><title>%s</title>%s<text class=\"note\" text-anchor=\"middle\" x=\"%d\" y=\"%d\">%s</text></g>\n", escaped(about), shape, x, y+25, escaped(short(v.String(), 12)))
}

// ways draws the ways from the newest usable release of each line: to the next newer line, and to the newest line that it
// reaches in one step. All others lie between these.
func (d *drawing) ways() {
	for i, from := range d.placed {
		a := newestUsable(from)
		if a < 0 {
			continue
		}
		next := -1
		for j := i - 1; j >= 0 && next < 0; j-- {
			if newestUsable(d.placed[j]) >= 0 {
				next = j
			}
		}
		if next < 0 {
			continue
		}
		d.wayTo(from, a, d.placed[next])
		for _, to := range d.placed[:next] {
			b := newestUsable(to)
			if b < 0 {
				continue
			}
			if code, _ := to.rules.judge(from.releases[a], to.releases[b]); code == "" {
				d.wayTo(from, a, to)
				break
			}
		}
	}
}

// wayTo draws the way from a release to the newest of a line, to the stop before it, or that it is blocked.
func (d *drawing) wayTo(from row, a int, to row) {
	b := newestUsable(to)
	va, vb := from.releases[a], to.releases[b]
	switch code, at := to.rules.judge(va, vb); code {
	case "":
		d.way("way", from, a, to, b, fmt.Sprintf("%s may go to %s", va, vb))
	case CodeBlocked:
		d.way("shut", from, a, to, b, fmt.Sprintf("%s may not go to %s: %s", va, vb, to.Standing.Upgrade.Blocked[at].Reason))
	case CodeStop:
		stop := to.Standing.Upgrade.Stops[at]
		if s := slices.IndexFunc(to.releases, func(v release.Version) bool { return v.Compare(stop.Version) == 0 }); s >= 0 {
			d.way("way", from, a, to, s, fmt.Sprintf("%s goes to %s first: %s", va, stop.Version, stop.Reason))
		}
	}
}

func newestUsable(r row) int {
	for i, v := range slices.Backward(r.releases) {
		if r.rules.Usable(v) == nil {
			return i
		}
	}
	return -1
}

func (d *drawing) way(class string, from row, a int, to row, b int, about string) {
	x1, y1, x2, y2 := from.x(a), from.y-10, to.x(b), to.y+30
	tip := ""
	if class == "way" {
		tip = ` marker-end="url(#tip)"`
	}
	fmt.Fprintf(&d.under, "<g><title>%s</title><path class=\"%s\" d=\"M%d %dC%d %d %d %d %d %d\"%s/></g>\n",
		escaped(about), class, x1, y1, x1, (y1+y2)/2, x2, (y1+y2)/2, x2, y2, tip)
}

// windows draws the support of each line as a bar over time.
func (d *drawing) windows(lines []Drawn, now time.Time) {
	scale, ok := newScale(lines, now)
	if !ok {
		return
	}
	top := d.y
	fmt.Fprintf(&d.over, "<text class=\"head\" x=\"20\" y=\"%d\">Support</text>\n", d.y+4)
	d.y += 24
	for _, l := range lines {
		begin, full, end := window(l, scale)
		fmt.Fprintf(&d.over, "<text class=\"name\" x=\"20\" y=\"%d\">%s</text>\n", d.y+14, escaped(short(l.Standing.Channel, 16)))
		if begin.IsZero() || end.Before(begin) {
			fmt.Fprintf(&d.over, "<text class=\"note\" x=\"%d\" y=\"%d\">%s</text>\n", left+10, d.y+14, escaped(supportWords(l)))
			d.y += barHigh
			continue
		}
		if full.After(begin) {
			fmt.Fprintf(&d.over, "<g><title>%s</title><rect class=\"full\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"18\"/></g>\n", escaped(supportWords(l)), scale.x(begin), d.y, scale.x(full)-scale.x(begin))
		}
		if end.After(full) {
			fmt.Fprintf(&d.over, "<g><title>%s</title><rect class=\"part\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"18\"/></g>\n", escaped(supportWords(l)), scale.x(full), d.y, scale.x(end)-scale.x(full))
		}
		d.y += barHigh
	}
	for year := scale.from.Year() + 1; year <= scale.to.Year(); year++ {
		x := scale.x(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC))
		fmt.Fprintf(&d.under, "<line class=\"rail\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n<text class=\"note\" text-anchor=\"middle\" x=\"%d\" y=\"%d\">%d</text>\n", x, top+14, x, d.y, x, d.y+14, year)
	}
	x := scale.x(now)
	fmt.Fprintf(&d.over, "<g><title>%s</title><line class=\"now\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/></g>\n", now.UTC().Format(time.DateOnly), x, top+14, x, d.y)
	d.y += 30
}

// scale maps times to places.
type scale struct{ from, to time.Time }

func (s scale) x(t time.Time) int {
	return left + int(int64(t.Sub(s.from)/time.Hour)*windowWide/max(int64(s.to.Sub(s.from)/time.Hour), 1))
}

// newScale spans all that is known of the lines; false if that is nothing.
func newScale(lines []Drawn, now time.Time) (scale, bool) {
	s := scale{from: now, to: now}
	some := false
	for _, l := range lines {
		for _, t := range []time.Time{l.Begin, day(l.Standing.Support.Maintenance), day(l.Standing.Support.EOL)} {
			if t.IsZero() {
				continue
			}
			some = true
			if t.Before(s.from) {
				s.from = t
			}
			if t.After(s.to) {
				s.to = t
			}
		}
	}
	s.to = s.to.AddDate(0, 1, 0)
	return s, some
}

func day(text string) time.Time {
	t, _ := time.Parse(time.DateOnly, text) // zero for none
	return t
}

// window returns when full support begins and ends, and when all ends; a line without an end lasts as long as the scale.
func window(l Drawn, s scale) (begin, full, end time.Time) {
	begin, full, end = l.Begin, day(l.Standing.Support.Maintenance), day(l.Standing.Support.EOL)
	if end.IsZero() {
		end = s.to
	}
	if e := l.Standing.Ended; e != nil && e.Time.Before(end) {
		end = e.Time
	}
	if full.IsZero() || full.After(end) {
		full = end
	}
	return begin, full, end
}

func supportWords(l Drawn) string {
	s := l.Standing
	text := s.Channel + ": no announced end of support"
	switch {
	case s.Ended != nil:
		text = fmt.Sprintf("%s: ended on %s: %s", s.Channel, s.Ended.Time.Format(time.DateOnly), s.Ended.Reason)
	case s.Support.Maintenance != "" && s.Support.EOL != "":
		text = fmt.Sprintf("%s: full support until %s, serious faults until %s", s.Channel, s.Support.Maintenance, s.Support.EOL)
	case s.Support.EOL != "":
		text = fmt.Sprintf("%s: supported until %s", s.Channel, s.Support.EOL)
	}
	return text
}

// inWords says what the picture shows, for those who do not see it.
func inWords(lines []Drawn) string {
	var b strings.Builder
	for _, l := range lines {
		s := l.Standing
		fmt.Fprintf(&b, "%s. ", supportWords(l))
		if all := slices.SortedFunc(slices.Values(l.Releases), release.Version.Compare); len(all) > 0 {
			fmt.Fprintf(&b, "%d releases, %s to %s. ", len(all), all[0], all[len(all)-1])
		}
		fmt.Fprintf(&b, "It takes in %s. ", NewRules(s).takes())
		for _, w := range s.Withdrawn {
			fmt.Fprintf(&b, "%s was withdrawn: %s. ", w.Version, w.Reason)
		}
		if f := s.Floor; f != nil {
			fmt.Fprintf(&b, "Nothing below %s may be installed: %s. ", f.Version, f.Reason)
		}
		for _, x := range s.Upgrade.Stops {
			fmt.Fprintf(&b, "%s is a required stop: %s. ", x.Version, x.Reason)
		}
		for _, x := range s.Upgrade.Blocked {
			fmt.Fprintf(&b, "The way from %s to %s is not offered: %s. ", x.From, x.To, x.Reason)
		}
		b.WriteByte('\n')
	}
	return strings.TrimSpace(b.String())
}

// short cuts a text that would run into others.
func short(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// escaped makes any text safe inside an element: markup is escaped; control, format and bidirectional characters become
// U+FFFD.
func escaped(s string) string {
	s = strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes all
	return strings.ReplaceAll(b.String(), "&#xA;", "\n")
}
