package portal

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/timeline"
	"github.com/relctl/relctl/pkg/upgrade"
)

// rolling reports whether there is a channel with rings.
func (m *Model) rolling() bool {
	return slices.ContainsFunc(m.Channels, func(ch Channel) bool { return len(ch.Rings) > 0 })
}

// Of returns the channels of a kind.
func (m *Model) Of(kind release.Kind) []*Channel {
	var out []*Channel
	for i := range m.Channels {
		if m.Channels[i].Kind == kind {
			out = append(out, &m.Channels[i])
		}
	}
	return out
}

// AheadOf returns how far the service is ahead of a line, nil if nobody knows.
func (m *Model) AheadOf(channel string) *Ahead {
	for i := range m.Ahead {
		if m.Ahead[i].Channel == channel {
			return &m.Ahead[i]
		}
	}
	return nil
}

// Waiting says how many changes are not released yet, "" if nobody knows.
func (ch *Channel) Waiting() string {
	if ch.Unreleased == nil {
		return ""
	}
	return release.Count(*ch.Unreleased, "change")
}

// Concern is something that somebody should look at.
type Concern struct {
	Mood Mood
	// What it is about, and what is the matter with it.
	What, Text string
	// Path of the page that tells more.
	Path string
}

// Concerns are what somebody should look at, the worst first.
func (m *Model) Concerns() []Concern {
	var out []Concern
	for i := range m.Channels {
		ch := &m.Channels[i]
		for _, r := range ch.Rings {
			if r.Why != "" && r.mood() != Good && r.mood() != Neutral {
				out = append(out, Concern{r.mood(), ch.Name + " / " + r.Name, r.Why, gatesPath})
			}
		}
		for _, r := range ch.Refused {
			if r.Ring == "" && r.Version.Compare(ch.Last) > 0 {
				out = append(out, Concern{Warn, ch.Name, r.sentence(), gatesPath})
			}
		}
		for _, n := range ch.Notes {
			out = append(out, Concern{Warn, ch.Name, strings.TrimPrefix(n, ch.Name+": "), gatesPath})
		}
	}
	for _, l := range m.Lines {
		if phase, left := l.phase(m.Time); phase != "full support" && left <= 180 {
			text := "end of life in " + release.Count(left, "day")
			mood := Warn
			if left <= 0 {
				text, mood = "end of life", Neutral
			}
			out = append(out, Concern{mood, l.Standing.Channel, text, supportPath})
		}
	}
	for _, f := range m.Flags.Findings(m.Time) {
		out = append(out, Concern{Warn, release.Count(len(f.Flags), "flag") + " " + f.Short, strings.Join(f.Flags[:min(len(f.Flags), 5)], ", "), flagsPath})
	}
	slices.SortStableFunc(out, func(a, b Concern) int { return cmp.Compare(rank(a.Mood), rank(b.Mood)) })
	return out
}

// sentence says which gates refused what.
func (r *Refusal) sentence() string {
	var gates []string
	for _, v := range release.Blocking(r.Verdicts) {
		gates = append(gates, v.Gate+" "+string(v.Status))
	}
	return fmt.Sprintf("%s was refused: %s", r.Version, strings.Join(gates, ", "))
}

func rank(m Mood) int { return slices.Index([]Mood{Bad, Warn, Neutral, Good}, m) }

// mood of what is next with a ring.
func (r *Ring) mood() Mood {
	switch r.Next {
	case "up-to-date", "-":
		return Good
	case "promote", "wait":
		return Neutral
	case "blocked", "held", "frozen":
		return Warn
	}
	return Bad // rejected, rolled back
}

// Mood of what is next with a ring.
func (r Ring) Mood() Mood { return r.mood() }

// Where is which releases are in which rings.
type Where struct {
	Rings []string
	Rows  []WhereRow
}

// WhereRow is a release, and where it is: Cells in the order of the rings.
type WhereRow struct {
	Version release.Version
	// Path of its page, "" for none.
	Path  string
	Cells []Cell
}

// mostRows is how many releases are shown where only the newest matter.
const mostRows = 8

// Where tells where the newest releases of a channel are, and where those that any ring runs.
func (ch *Channel) Where() Where {
	var w Where
	for _, r := range ch.Rings {
		w.Rings = append(w.Rings, r.Name)
	}
	shown := 0
	for i := range ch.Releases {
		rel := &ch.Releases[i]
		runs := slices.ContainsFunc(ch.Rings, func(r Ring) bool { return !r.Runs.IsZero() && r.Runs.Compare(rel.Version) == 0 })
		if rel.Version.IsZero() || !runs && shown >= mostRows {
			continue
		}
		shown++
		row := WhereRow{Version: rel.Version, Path: rel.path(ch.Name)}
		for _, r := range ch.Rings {
			row.Cells = append(row.Cells, r.cell(rel.Version))
		}
		w.Rows = append(w.Rows, row)
	}
	return w
}

// cell tells how a release stands in a ring.
func (r *Ring) cell(v release.Version) Cell {
	if !r.Runs.IsZero() && r.Runs.Compare(v) == 0 {
		return Cell{Words: "runs", Mood: Good, More: "since " + r.Since.UTC().Format("Jan 2 15:04")}
	}
	for _, s := range slices.Backward(r.Stays) {
		if s.Version.Compare(v) != 0 {
			continue
		}
		if s.End == "rollback" {
			return Cell{Words: "rolled back", Mood: Bad, More: s.Until.UTC().Format("Jan 2 15:04")}
		}
		return Cell{Words: "ran", Mood: Neutral, More: "until " + s.Until.UTC().Format("Jan 2 15:04")}
	}
	return Cell{Words: "–", Mood: ""}
}

// window of the rings that a chart shows.
const ringWindow = 60 * 24 * time.Hour

// RingChart draws which release ran in which ring.
func (m *Model) RingChart(ch *Channel) template.HTML {
	c := chart{id: "rings-" + ch.Name, title: "Rings of " + ch.Name + " over time", now: m.Time, from: m.Time, to: m.Time}
	oldest := m.Time.Add(-ringWindow)
	colours := map[string]int{}
	var words []string
	for _, r := range ch.Rings {
		row := chartRow{name: r.Name}
		for _, s := range r.Stays {
			until := s.Until
			if until.IsZero() {
				until = m.Time
			}
			if until.Before(oldest) {
				continue
			}
			if s.From.Before(c.from) {
				c.from = s.From
			}
			v := s.Version.String()
			if _, ok := colours[v]; !ok {
				colours[v] = len(colours) % 6
			}
			b := bar{from: s.From, to: until, class: fmt.Sprintf("v%d", colours[v]), label: v}
			b.tip = fmt.Sprintf("%s in %s from %s", v, r.Name, stamp(s.From))
			switch {
			case s.Until.IsZero():
				b.tip += ", still there"
			case s.End == "rollback" || s.End == "reject":
				b.mark = "bad"
				b.tip += fmt.Sprintf(" to %s, ended by %s", stamp(s.Until), s.End)
			default:
				b.tip += " to " + stamp(s.Until)
			}
			row.bars = append(row.bars, b)
		}
		if !r.Runs.IsZero() {
			words = append(words, fmt.Sprintf("%s runs %s since %s.", r.Name, r.Runs, stamp(r.Since)))
		}
		c.rows = append(c.rows, row)
	}
	if c.from.Before(oldest) {
		c.from = oldest
	}
	if span := c.to.Sub(c.from); span < 24*time.Hour {
		c.from = c.to.Add(-24 * time.Hour)
	}
	c.from = c.from.Add(-c.to.Sub(c.from) / 50)
	c.desc = strings.Join(words, " ") + " The table below has all of it."
	return c.svg()
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// Spell is a stay with its ring, for a table.
type Spell struct {
	Ring string
	Stay
	// Lasted is how long, in words.
	Lasted string
}

// Spells lists the stays in all rings, the newest first.
func (m *Model) Spells(ch *Channel) []Spell {
	var out []Spell
	for _, r := range ch.Rings {
		for _, s := range r.Stays {
			until := cmp.Or(s.Until, m.Time)
			out = append(out, Spell{r.Name, s, lasted(until.Sub(s.From))})
		}
	}
	slices.SortStableFunc(out, func(a, b Spell) int { return b.From.Compare(a.From) })
	return out[:min(len(out), 200)]
}

// Ended says what ended a stay, in words; "" while it lasts.
func (s Spell) Ended() string {
	return map[string]string{"promote": "the next release", "rollback": "a rollback", "reject": "a rejection"}[s.End]
}

// Bad reports whether it did not end well.
func (s Spell) Bad() bool { return s.End == "rollback" || s.End == "reject" }

// lasted writes how long something took, by the day where it is long.
func lasted(d time.Duration) string {
	if n := int(d / (24 * time.Hour)); n >= 2 {
		return release.Count(n, "day")
	}
	return release.SpanMinutes(d)
}

// day reads a day of a support window, zero for none.
func day(text string) time.Time {
	t, _ := time.Parse(time.DateOnly, text) // the standing was checked
	return t
}

// phase names where a line is in its life, and how many days are left of all support; many if nobody said.
func (l *Line) phase(now time.Time) (name string, left int) {
	end, full := day(l.Standing.Support.EOL), day(l.Standing.Support.Maintenance)
	left = 1 << 30
	if !end.IsZero() {
		left = days(end.Add(23*time.Hour), now)
	}
	switch {
	case l.Standing.Ended != nil, left <= 0:
		return "end of life", 0
	case !full.IsZero() && !now.Before(full):
		return "serious faults only", left
	}
	return "full support", left
}

// NewestFirst returns the lines, the newest first, as charts have them.
func (m *Model) NewestFirst() []Line {
	out := slices.Clone(m.Lines)
	slices.Reverse(out)
	return out
}

// Newest returns the newest release, zero for none.
func (l Line) Newest() release.Version {
	var v release.Version
	for _, r := range l.Releases {
		if v.IsZero() || r.Compare(v) > 0 {
			v = r
		}
	}
	return v
}

// Phase names where a line is in its life.
func (m *Model) Phase(l Line) string {
	name, _ := l.phase(m.Time)
	return name
}

// Left is how long a line is supported yet, in words.
func (m *Model) Left(l Line) string {
	switch _, left := l.phase(m.Time); {
	case left <= 0:
		return "none"
	case left >= 1<<30:
		return "no end announced"
	default:
		return release.Count(left, "day")
	}
}

// SupportChart draws how long each line is supported.
func (m *Model) SupportChart() template.HTML {
	c := chart{id: "support", title: "Support windows of " + m.Product, now: m.Time, from: m.Time.AddDate(0, -3, 0), to: m.Time.AddDate(0, 9, 0)}
	for _, l := range m.Lines {
		if !l.Begin.IsZero() && l.Begin.Before(c.from) {
			c.from = l.Begin
		}
		for _, end := range []time.Time{day(l.Standing.Support.Maintenance), day(l.Standing.Support.EOL)} {
			if end.After(c.to) {
				c.to = end
			}
		}
	}
	pad := c.to.Sub(c.from) / 40
	c.from, c.to = c.from.Add(-pad), c.to.Add(3*pad)
	var words []string
	for _, l := range m.NewestFirst() {
		s := l.Standing
		full, end := day(s.Support.Maintenance), day(s.Support.EOL)
		row := chartRow{name: s.Channel}
		begin, last := cmp.Or(l.Begin, c.from), cmp.Or(end, c.to)
		if s.Ended != nil && s.Ended.Time.Before(last) {
			last = s.Ended.Time
		}
		full = cmp.Or(full, last)
		if full.After(last) {
			full = last
		}
		if begin.Before(full) {
			row.bars = append(row.bars, bar{from: begin, to: full, class: "full", label: "full support", tip: fmt.Sprintf("%s: full support from %s until %s", s.Channel, date(begin), until(full, c.to))})
		}
		if full.Before(last) {
			row.bars = append(row.bars, bar{from: full, to: last, class: "part", label: "serious faults", tip: fmt.Sprintf("%s: serious faults from %s until %s", s.Channel, date(full), until(last, c.to))})
		}
		words = append(words, fmt.Sprintf("%s: %s, %s left.", s.Channel, m.Phase(l), m.Left(l)))
		c.rows = append(c.rows, row)
	}
	c.desc = strings.Join(words, " ")
	return c.svg()
}

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func until(t, edge time.Time) string {
	if !t.Before(edge) {
		return "nobody said when"
	}
	return date(t)
}

// UpgradeGraph draws lines, releases and the ways between them.
func (m *Model) UpgradeGraph() template.HTML {
	p := upgrade.Picture{Product: m.Product, Now: m.Time}
	for _, l := range m.Lines {
		p.Lines = append(p.Lines, upgrade.Drawn{Line: upgrade.Line{Standing: l.Standing, Releases: l.Releases}, Begin: l.Begin})
	}
	return template.HTML(p.Inline()) //nolint:gosec // all texts are escaped
}

// Finding is what flags have in common that somebody should look at.
type Finding struct {
	Title, Short, Text string
	Flags              []string
}

// oldFlag is the age from which a flag is old, in days.
const oldFlag = 90

// Findings are what the flags tell; the first channel is the service.
func (f *Flags) Findings(now time.Time) []Finding {
	all := []Finding{
		{Title: "On for everybody in the service, and off in LTS", Short: "on in the service and off in LTS", Text: "Customers of a line do not have what the service has proven: turn the flag on with the next release of the line, or say why not."},
		{Title: "Older than 90 days", Short: "older than 90 days", Text: "A flag is for the time of a rollout. What decides something for longer is configuration."},
		{Title: "On for everybody, everywhere", Short: "to remove", Text: "Nobody depends on the flag any more: it can be taken out of the code."},
	}
	for _, flag := range f.Flags {
		for i, holds := range []bool{flag.lagging(), !flag.Born.IsZero() && days(now, flag.Born) > oldFlag, flag.everywhere()} {
			if holds {
				all[i].Flags = append(all[i].Flags, flag.Name)
			}
		}
	}
	return slices.DeleteFunc(all, func(f Finding) bool { return len(f.Flags) == 0 })
}

// lagging reports whether a flag is on for everybody in the service, and off in a line.
func (f *Flag) lagging() bool {
	return len(f.States) > 1 && on(f.States[0]) && slices.ContainsFunc(f.States[1:], off)
}

func (f *Flag) everywhere() bool {
	return len(f.States) > 0 && !slices.ContainsFunc(f.States, func(s string) bool { return !on(s) })
}

func on(state string) bool {
	return slices.Contains([]string{"on", "true", "yes", "enabled"}, state)
}

func off(state string) bool {
	return slices.Contains([]string{"off", "false", "no", "disabled"}, state)
}

// StateMood says how the state of a flag is shown.
func (f *Flags) StateMood(state string) Mood {
	switch {
	case on(state):
		return Good
	case off(state):
		return Neutral
	case state == "":
		return ""
	}
	return Warn
}

// Day is what happened on a day.
type Day struct {
	Date   time.Time
	Events []timeline.Entry
}

// mostEvents is how many events are told.
const mostEvents = 1000

// Days groups what happened, the newest day first.
func (m *Model) Days() []Day {
	var out []Day
	for _, e := range slices.Backward(m.Events[max(len(m.Events)-mostEvents, 0):]) {
		d := e.Time.UTC().Truncate(24 * time.Hour)
		if n := len(out); n == 0 || !out[n-1].Date.Equal(d) {
			out = append(out, Day{Date: d})
		}
		last := &out[len(out)-1]
		last.Events = append(last.Events, e)
	}
	return out
}

// Untold is the number of events that are too many.
func (m *Model) Untold() int { return max(len(m.Events)-mostEvents, 0) }

// VerdictMood says how a verdict is shown.
func (m *Model) VerdictMood(s release.Status) Mood {
	switch s {
	case release.Pass:
		return Good
	case release.Waived:
		return Warn
	case release.NotEvaluated, release.Pending:
		return Neutral
	}
	return Bad
}
