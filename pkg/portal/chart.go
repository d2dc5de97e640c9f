package portal

import (
	"bytes"
	"fmt"
	"html/template"
	"time"

	"github.com/relctl/relctl/pkg/site"
)

// Measures of charts in pixels.
const (
	chartWide = 960
	chartLeft = 130 // names of rows
	chartTop  = 34  // the scale
	rowHigh   = 40
	barHigh   = 22
)

// chart is a picture with a time scale and a row for each thing that lasts.
type chart struct {
	// id keeps the ids of several charts on a page apart.
	id, title, desc string
	from, to, now   time.Time
	rows            []chartRow
}

type chartRow struct {
	name string
	bars []bar
}

// bar is a time in a row.
type bar struct {
	from, to time.Time
	// class colours it, label stands in it if there is room, and tip says what it is.
	class, label, tip string
	// mark is drawn at its end.
	mark string
}

// svg draws the chart. Whatever a text holds, it is shown as text.
func (c chart) svg() template.HTML {
	var b bytes.Buffer
	high := chartTop + rowHigh*len(c.rows) + 8
	fmt.Fprintf(&b, `<svg class="chart" viewBox="0 0 %d %d" role="img" aria-labelledby="%s-title %s-desc">`, chartWide, high, c.id, c.id)
	fmt.Fprintf(&b, "\n<title id=\"%s-title\">%s</title>\n<desc id=\"%s-desc\">%s</desc>\n", c.id, escaped(c.title), c.id, escaped(c.desc))
	c.scale(&b, high)
	for i, r := range c.rows {
		y := chartTop + i*rowHigh
		fmt.Fprintf(&b, "<line class=\"rail\" x1=\"0\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n<text class=\"name\" x=\"0\" y=\"%d\">%s</text>\n",
			y+rowHigh, chartWide, y+rowHigh, y+25, escaped(clipped(r.name, chartLeft-10)))
		for _, one := range r.bars {
			c.bar(&b, one, y+(rowHigh-barHigh)/2)
		}
		for _, one := range r.bars { // the bars that follow must not hide them
			if one.mark != "" {
				fmt.Fprintf(&b, "<path class=\"mark %s\" d=\"M%d %dv%d\"/>\n", one.mark, max(c.x(one.to), c.x(one.from)+3), y+(rowHigh-barHigh)/2-4, barHigh+8)
			}
		}
	}
	if !c.now.Before(c.from) && !c.now.After(c.to) {
		x := c.x(c.now)
		fmt.Fprintf(&b, "<line class=\"now\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n", x, chartTop-8, x, high-8)
		anchor := "middle"
		if x > chartWide-40 {
			anchor = "end"
		}
		fmt.Fprintf(&b, "<text class=\"today\" text-anchor=\"%s\" x=\"%d\" y=\"%d\">now</text>\n", anchor, min(x, chartWide-2), chartTop-12)
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) //nolint:gosec // all texts are escaped
}

func (c chart) bar(b *bytes.Buffer, one bar, y int) {
	x, end := c.x(one.from), c.x(one.to)
	wide := max(end-x, 3)
	fmt.Fprintf(b, "<g><title>%s</title><rect class=\"bar %s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\"/>", escaped(one.tip), one.class, x, y, wide, barHigh)
	if room := wide - 12; textWide(one.label) <= room {
		fmt.Fprintf(b, "<text class=\"label\" x=\"%d\" y=\"%d\">%s</text>", x+6, y+15, escaped(one.label))
	}
	b.WriteString("</g>\n")
}

// x is where a time lies; what is beyond the scale lies at its end.
func (c chart) x(t time.Time) int {
	switch {
	case t.Before(c.from):
		t = c.from
	case t.After(c.to):
		t = c.to
	}
	return chartLeft + int(float64(chartWide-chartLeft-2)*float64(t.Sub(c.from))/float64(c.to.Sub(c.from)))
}

// scale draws lines at round times, so many that their names have room.
func (c chart) scale(b *bytes.Buffer, high int) {
	t, next, layout := ticks(c.from, c.to)
	for ; !t.After(c.to); t = next(t) {
		x := c.x(t)
		fmt.Fprintf(b, "<line class=\"tick\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>", x, chartTop-6, x, high-8)
		if now := c.x(c.now); x < chartWide-50 && (now < x-20 || now > x+80) {
			fmt.Fprintf(b, "<text class=\"when\" x=\"%d\" y=\"%d\">%s</text>", x+2, chartTop-12, t.Format(layout))
		}
		b.WriteByte('\n')
	}
}

// ticks chooses the distance of the lines of a scale: the first one, how to come to the next, and how to write them.
func ticks(from, to time.Time) (first time.Time, next func(time.Time) time.Time, layout string) {
	span := to.Sub(from)
	day := from.Truncate(24 * time.Hour)
	months := func(n int) (time.Time, func(time.Time) time.Time, string) {
		year := time.Date(from.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
		next := func(t time.Time) time.Time { return t.AddDate(0, n, 0) }
		for year.Before(from) {
			year = next(year)
		}
		return year, next, "Jan 2006"
	}
	every := func(d time.Duration, layout string) (time.Time, func(time.Time) time.Time, string) {
		first, next := day, func(t time.Time) time.Time { return t.Add(d) }
		for first.Before(from) {
			first = next(first)
		}
		return first, next, layout
	}
	const days = 24 * time.Hour
	switch {
	case span > 8*365*days:
		return months(24)
	case span > 4*365*days:
		return months(12)
	case span > 2*365*days:
		return months(6)
	case span > 300*days:
		return months(3)
	case span > 75*days:
		return months(1)
	case span > 20*days:
		return every(7*days, "Jan 2")
	case span > 8*days:
		return every(2*days, "Jan 2")
	case span > 2*days:
		return every(days, "Jan 2")
	}
	return every(6*time.Hour, "Jan 2 15:04")
}

// textWide is about how wide a text is in a label.
func textWide(s string) int { return 7 * len([]rune(s)) }

// clipped cuts a text that has no room.
func clipped(s string, room int) string {
	if r := []rune(s); textWide(s) > room {
		return string(r[:max(room/7-1, 0)]) + "…"
	}
	return s
}

func escaped(s string) string {
	var b bytes.Buffer
	site.Escape(&b, s)
	return b.String()
}
