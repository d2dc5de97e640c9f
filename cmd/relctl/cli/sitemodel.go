package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/backport"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/portal"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
	"github.com/relctl/relctl/pkg/timeline"
)

// gatherer gathers what the portal shows, from what relctl status, backports, upgrade, timeline, gate, facts and changelog
// tell.
type gatherer struct {
	IO
	project *project.Project
	now     time.Time
}

// siteBackports is how many changes the matrix of backports shows.
const siteBackports = 200

func (g *gatherer) model(ctx context.Context) (*portal.Model, error) {
	m := &portal.Model{
		Schema: portal.Schema, Product: g.project.Policy.Product.Name, Time: g.now.Truncate(time.Second),
		Channels: []portal.Channel{}, Lines: []portal.Line{}, Ahead: []portal.Ahead{},
	}
	for _, step := range []func(context.Context, *portal.Model) error{g.channels, g.lines, g.history, g.flags, g.events} {
		if err := step(ctx, m); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// channels tells how each channel stands, and lists its releases.
func (g *gatherer) channels(ctx context.Context, m *portal.Model) error {
	st, err := g.project.Status(ctx, g.now)
	if err != nil {
		return err
	}
	for i := range st.Channels {
		one := &st.Channels[i]
		policy, err := g.project.Policy.Channel(one.Name)
		if err != nil {
			return err
		}
		ch := portal.Channel{Name: one.Name, Kind: one.Kind, Unreleased: one.Unreleased, Notes: channelNotes(one), Gates: siteGates(policy)}
		if one.Last != nil {
			ch.Last = one.Last.Version
			if !one.Last.Adopted {
				ch.LastTime = one.Last.Time
			}
		}
		if one.Support != nil {
			ch.Support = supportWords(one.Support)
		}
		for k := range one.Rings {
			ch.Rings = append(ch.Rings, g.ring(one.Name, &one.Rings[k]))
		}
		refused, _, err := g.project.Refusals(policy)
		if err != nil {
			return err
		}
		for _, r := range refused {
			ch.Refused = append(ch.Refused, portal.Refusal{Ring: r.Ring, Version: r.Version, Time: r.Time, Verdicts: release.WithoutRecords(r.Verdicts)})
		}
		if ch.Releases, err = g.releases(ctx, policy, one); err != nil {
			return err
		}
		m.Channels = append(m.Channels, ch)
	}
	return nil
}

func (g *gatherer) ring(channel string, r *project.RingStatus) portal.Ring {
	out := portal.Ring{
		Name: r.Ring, Cells: r.Cells, Runs: r.Runs, Since: r.Since, Soak: soakWords(r.Soak), Gates: gatesWords(r.Gates),
		Next: string(r.Action), Why: r.Explain(), Hint: r.Hint, Verdicts: release.WithoutRecords(r.Verdicts),
	}
	if r.Refused != "" && r.Action != ring.Rejected {
		out.Why = strings.TrimSuffix("it runs what may go nowhere: "+r.Refused+"; "+out.Why, "; ")
	}
	if r.Runs.IsZero() && r.Action == ring.UpToDate {
		out.Next = "-"
	}
	if st := g.project.State.Channels[channel]; st != nil {
		for _, e := range st.Episodes(r.Ring) {
			out.Stays = append(out.Stays, portal.Stay{Version: e.Version, From: e.From, Until: e.Until, End: string(e.By)})
		}
	}
	return out
}

// siteGates lists what a channel asks for: what its file says beside gates, and its gates.
func siteGates(ch *channel.Channel) []portal.Gate {
	var out []portal.Gate
	if len(ch.Accept) > 0 {
		out = append(out, portal.Gate{Name: plan.GateAccept, When: "planned", Kind: "type of change", Asks: strings.Join(ch.Accept, ", ")})
	}
	if ch.Source != "" {
		out = append(out, portal.Gate{Name: plan.GateSource, When: "planned", Kind: "main first", Asks: "every change stands on " + ch.Source})
	}
	if ch.Soak != nil {
		out = append(out, portal.Gate{Name: ring.GateSoak, When: "planned", Kind: "soak", Asks: fmt.Sprintf("every change was healthy in ring %s for %s", ch.Soak.Ring, ch.Soak.For)})
	}
	for _, r := range ch.Rings {
		if r.Soak > 0 {
			out = append(out, portal.Gate{Name: ring.GateSoak, When: "leaving ring " + r.Name, Kind: "soak", Asks: "healthy for " + release.SpanMinutes(time.Duration(r.Soak))})
		}
	}
	for _, r := range gateRows(ch) {
		out = append(out, portal.Gate(r))
	}
	return out
}

// lines tells what customers of each line are told.
func (g *gatherer) lines(ctx context.Context, m *portal.Model) error {
	drawn, err := upgradeLines(ctx, g.project, g.now)
	for _, d := range drawn {
		m.Lines = append(m.Lines, portal.Line{Begin: d.Begin, Standing: d.Standing, Releases: d.Releases})
	}
	return err
}

// history tells what is missing on which line, and how far the service is ahead of each.
func (g *gatherer) history(ctx context.Context, m *portal.Model) error {
	m.Backports = portal.Backports{Lines: []string{}, Changes: []portal.Backport{}}
	ix, err := g.project.Index(ctx)
	if err != nil {
		return err
	}
	m.Backports.Main = ix.Main()
	if len(ix.Lines()) == 0 {
		return nil
	}
	f := backportsFlags{limit: siteBackports}
	r, err := f.reportOn(ctx, g.project, ix, g.now)
	if err != nil {
		return err
	}
	m.Backports.Total = r.Total
	for i, row := range r.Changes {
		b := portal.Backport{Change: siteKnown(row.Known)}
		for _, l := range row.Lines {
			if i == 0 {
				m.Backports.Lines = append(m.Backports.Lines, l.Channel)
			}
			b.Lines = append(b.Lines, siteCell(l))
		}
		m.Backports.Changes = append(m.Backports.Changes, b)
	}
	return g.ahead(ix, m)
}

// ahead compares what the service runs with the last release of each line.
func (g *gatherer) ahead(ix *history.Index, m *portal.Model) error {
	service, running := g.service()
	if running == nil {
		return nil
	}
	for _, ch := range g.project.Policy.Channels {
		if !slices.Contains(ix.Lines(), ch.Name) {
			continue
		}
		out := portal.Ahead{Channel: ch.Name, Service: service, Version: running.Version}
		at := ix.Tip(ch.Name)
		if last := lastFinal(g.project.State.Channels[ch.Name]); last != nil {
			out.Line, at = last.Version, last.Commit
		}
		changes, err := ix.Between(running.Commit, at)
		if err != nil {
			return err
		}
		out.Changes = len(changes)
		var oldest *history.Known
		for _, c := range changes {
			if plan.Accepts(ch, c) {
				out.Wanted++
			}
			if oldest == nil || c.Date.Before(oldest.Date) {
				oldest = c
			}
		}
		if oldest != nil {
			c := siteKnown(oldest)
			out.Oldest = &c
		}
		m.Ahead = append(m.Ahead, out)
	}
	return nil
}

// service returns what the last ring that runs something runs, of the first channel of which that is so; without rings,
// its last release.
func (g *gatherer) service() (channel string, running *ledger.Release) {
	for _, ch := range g.project.Policy.Channels {
		st := g.project.State.Channels[ch.Name]
		if ch.Kind != release.Rolling || st == nil {
			continue
		}
		for _, r := range slices.Backward(ch.Rings) {
			if v := st.Runs(r.Name); !v.IsZero() {
				return ch.Name, st.Find(v)
			}
		}
		if last := lastFinal(st); last != nil {
			return ch.Name, last
		}
	}
	return "", nil
}

// lastFinal returns the newest release that is no pre-release, nil for none.
func lastFinal(st *ledger.Channel) *ledger.Release {
	if st == nil {
		return nil
	}
	for i := range slices.Backward(st.Releases) {
		if st.Releases[i].Version.Prerelease() == "" {
			return &st.Releases[i]
		}
	}
	return nil
}

func siteKnown(c *history.Known) portal.Change {
	return portal.Change{
		Commit: c.Commit, Type: c.Type, Scope: c.Scope, Subject: c.Subject, Breaking: c.Breaking, PR: c.PR, CVEs: c.CVEs, Author: c.Author, Date: c.Date,
	}
}

// siteCell says how a change stands on a line.
func siteCell(l backportCell) portal.Cell {
	c := portal.Cell{Words: l.words(), Mood: portal.Neutral, More: l.Reason}
	switch {
	case l.Forecast != nil && l.Forecast.Outcome == backport.Applies:
		c.Mood = portal.Good
	case l.Forecast != nil && (l.Forecast.Outcome == backport.Conflicts || l.Forecast.Outcome == backport.Unknown):
		c.Mood = portal.Bad
	case l.Forecast != nil && l.Forecast.Outcome == backport.Needs:
		c.Mood = portal.Warn
	case c.Words == "-":
		c.Words, c.Mood = "–", ""
	}
	if f := l.Forecast; f != nil && (f.Outcome == backport.Conflicts || f.Outcome == backport.Needs) {
		c.More = strings.TrimPrefix(obstacle(f), "conflicts ")
	}
	return c
}

// events tells what happened.
func (g *gatherer) events(ctx context.Context, m *portal.Model) error {
	var err error
	m.Events, err = story(ctx, g.project, timeline.Filter{})
	return err
}
