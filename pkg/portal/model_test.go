package portal_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/portal"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/timeline"
)

var now = time.Date(2026, 6, 1, 10, 30, 0, 0, time.UTC)

func ago(days float64) time.Time { return now.Add(-time.Duration(days * 24 * float64(time.Hour))) }

// words make subjects that differ and read like those of people.
var words = strings.Fields("order stock report limit retry token cache index quota shard schema worker tenant bucket header cursor batch stream export policy")

// changes of a release, all different; the seed keeps releases apart.
func changes(seed, n int) []portal.Change {
	out := make([]portal.Change, n)
	for i := range out {
		k := seed*7919 + i*104729
		out[i] = portal.Change{
			Commit: fmt.Sprintf("%08x%032x", uint32(k*2654435761), k), Type: []string{"fix", "feat", "perf", "docs", "fix", "chore"}[k%6], Scope: words[k%len(words)],
			Subject:  fmt.Sprintf("keep the %s of a %s when the %s is full (%d)", words[(k/3)%len(words)], words[(k/7)%len(words)], words[(k/11)%len(words)], k),
			Breaking: k%97 == 0, PR: k%9000 + 1, Author: "dev-" + fmt.Sprint(k%40), Date: ago(float64(k % 900)),
		}
		if k%61 == 0 {
			out[i].Type, out[i].CVEs = "security", []string{fmt.Sprintf("CVE-2026-%04d", k%10000)}
		}
	}
	return out
}

// product is a model with lines and rings; most of its releases are on the rolling channel. read counts how often the
// changes of a release are read.
func product(releases, each int, read *int) *portal.Model {
	m := &portal.Model{
		Schema: portal.Schema, Product: "acme", Time: now,
		Backports: portal.Backports{Main: "rolling", Lines: []string{"lts-2.6", "lts-2.4"}},
		Flags:     portal.Flags{Channels: []string{"rolling", "lts-2.6", "lts-2.4"}, Missing: map[string]string{"lts-2.2": "branch release/2.2 was not fetched"}},
	}
	rolling := portal.Channel{Name: "rolling", Kind: release.Rolling, Unreleased: new(int)}
	*rolling.Unreleased = 3
	for i := range releases {
		v := release.MustVersion(fmt.Sprintf("2026.%d.1", 500-i))
		rolling.Releases = append(rolling.Releases, made(v, i, each, ago(float64(i)*1.5), read))
	}
	rolling.Releases = append([]portal.Release{made(release.Version{}, 1000, 3, time.Time{}, read)}, rolling.Releases...)
	rolling.Last, rolling.LastTime = rolling.Releases[1].Version, rolling.Releases[1].Date
	for i, name := range []string{"dogfood", "canary", "single-tenant", "multi-tenant"} {
		r := portal.Ring{Name: name, Cells: []string{"eu-1", "us-1"}[:1+i%2], Soak: "2h done", Gates: "errors pass", Next: "up-to-date"}
		for k := min(releases, 12); k > i; k-- {
			s := portal.Stay{Version: rolling.Releases[k].Version, From: ago(float64(k)*1.5 - float64(i)*.4), Until: ago(float64(k-1)*1.5 - float64(i)*.4), End: "promote"}
			if k == i+1 {
				s.Until, s.End = time.Time{}, ""
				r.Runs, r.Since = s.Version, s.From
			} else if k == 5 && i == 1 {
				s.End = "rollback"
			}
			r.Stays = append(r.Stays, s)
		}
		rolling.Rings = append(rolling.Rings, r)
	}
	canary := &rolling.Rings[1]
	canary.Next, canary.Why, canary.Hint = "blocked", "gate errors fail: 0.04 is not below 0.01", "relctl waive rolling --gate errors --ring canary --reason '…'"
	canary.Verdicts = []release.Verdict{{Gate: "errors", Status: release.Fail, Reason: "0.04 is not below 0.01"}, {Gate: "soak", Status: release.Pass, Reason: "healthy for 2h"}}
	rolling.Gates = []portal.Gate{{Name: "soak", When: "leaving ring canary", Kind: "soak", Asks: "healthy for 2h"}, {Name: "errors", When: "leaving ring canary", Kind: "prometheus", Asks: "value < 0.01 of sum(rate(errors[5m]))"}}
	m.Channels = append(m.Channels, rolling)
	for i, line := range []string{"2.6", "2.4", "2.2"} {
		name := "lts-" + line
		ch := portal.Channel{Name: name, Kind: release.LTS, Unreleased: new(int), Support: "full, maintenance in 200 days"}
		var versions []release.Version
		for k := 3 + i; k >= 0; k-- {
			v := release.MustVersion(fmt.Sprintf("%s.%d", line, k))
			versions = append(versions, v)
			r := made(v, 100*(i+1)+k, min(each, 40), ago(float64(20+90*i-10*k+200*i)), read)
			if k == 1 {
				r.Withdrawn = "orders could be lost"
			}
			ch.Releases = append(ch.Releases, r)
		}
		ch.Last, ch.LastTime = versions[0], ch.Releases[0].Date
		parsed, err := release.ParseLine(line)
		if err != nil {
			panic(err)
		}
		begin := ago(float64(40 + 300*i))
		st := &release.Standing{
			Schema: release.StandingSchema, Product: "acme", Channel: name, Line: parsed, Issued: now, Upgrade: release.Upgrades{From: ">=2.0.0"},
			Support:   release.SupportWindow{Maintenance: begin.AddDate(1, 0, 0).Format(time.DateOnly), EOL: begin.AddDate(2, 0, 0).Format(time.DateOnly)},
			Withdrawn: []release.Withdrawal{{Version: versions[len(versions)-2], Time: now, Reason: "orders could be lost"}},
		}
		if line == "2.4" {
			st.Upgrade.Stops = []release.Stop{{Version: versions[0], Reason: "it moves the orders to a table of their own"}}
		}
		m.Lines = append([]portal.Line{{Begin: begin, Standing: st, Releases: versions}}, m.Lines...)
		oldest := changes(i, 1)[0]
		oldest.Date = ago(41 + 300*float64(i))
		m.Ahead = append(m.Ahead, portal.Ahead{Channel: name, Service: "rolling", Version: rolling.Releases[min(4, releases)].Version, Line: versions[0], Changes: 214 + 300*i, Wanted: 12 + i, Oldest: &oldest})
		m.Channels = append(m.Channels, ch)
	}
	for i, c := range changes(77, 12) {
		b := portal.Backport{Change: c}
		for k := range m.Backports.Lines {
			b.Lines = append(b.Lines, []portal.Cell{{Words: "applies", Mood: portal.Good}, {Words: "conflicts", Mood: portal.Bad, More: "in server/orders.go"}, {Words: "2.4.3", Mood: portal.Neutral}, {Words: "–"}}[(i+k)%4])
		}
		m.Backports.Changes = append(m.Backports.Changes, b)
	}
	m.Backports.Total = 40
	for i, states := range [][]string{{"on", "on", "off"}, {"on", "on", "on"}, {"off", "", ""}, {"beta (with targeting)", "off", ""}} {
		m.Flags.Flags = append(m.Flags.Flags, portal.Flag{Name: words[i] + "-hints", Text: "What it does.", Path: "flags.json", Born: ago(float64(30 + 50*i)), States: states})
	}
	for i := range 30 {
		m.Events = append(m.Events, timeline.Entry{
			Event: uint64(i + 1), Time: ago(20 - float64(i)*.6), Type: ledger.TypePromote, Channel: "rolling", Ring: "canary", Version: rolling.Releases[1].Version,
			Who: "dev-1 <dev-1@acme.example>", What: "promoted " + rolling.Releases[1].Version.String() + " into canary", Signature: ledger.Signature{Status: ledger.NotAsked},
		})
	}
	return m
}

func made(v release.Version, seed, n int, date time.Time, read *int) portal.Release {
	return portal.Release{
		Version: v, Commit: strings.Repeat("0123456789", 4), Date: date, Key: fmt.Sprint(seed, n),
		Changes: func() ([]portal.Change, bool, error) { *read++; return changes(seed, n), false, nil },
	}
}
