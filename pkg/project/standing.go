package project

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

// Standing returns what customers of a line are told at a time: channels/<channel>.json, as it would be signed. It
// follows from the channel's file, from what the ledger says, and from the history: a way on which a fix would go missing
// is not offered.
func (p *Project) Standing(ctx context.Context, ch *channel.Channel, s *ledger.State, now time.Time) (*release.Standing, error) {
	if ch.Kind != release.LTS {
		return nil, &StatementError{
			Text:   fmt.Sprintf("%s is a %s channel, and nothing of it lies at customers", ch.Name, ch.Kind),
			Remedy: "standings are for channels of kind lts",
		}
	}
	at := *p
	at.State = s
	told, err := at.Told(ctx, ch.Name)
	if err != nil {
		return nil, err
	}
	out := &release.Standing{
		Schema: release.StandingSchema, Product: p.Policy.Product.Name, Channel: ch.Name, Line: ch.Line,
		Issued: now.UTC().Truncate(time.Second), Newest: newest(s.Channels[ch.Name]), Withdrawn: withdrawals(told, s.Channels[ch.Name]),
	}
	if ch.Support != nil {
		out.Support = release.SupportWindow{Maintenance: ch.Support.Maintenance.String(), EOL: ch.Support.EOL.String()}
	}
	if e := told.Ended; e != nil {
		out.Ended = &release.Ending{Time: e.Time.UTC(), Reason: e.Reason, Successor: e.EOL.Successor}
	}
	if f := told.Floor; f != nil {
		out.Floor = &release.Floor{Version: f.Floor.Version, Reason: f.Reason, Advisory: f.Floor.Advisory}
	}
	if out.Upgrade, err = at.upgrades(ctx, ch); err != nil {
		return nil, err
	}
	return out, out.Validate()
}

// newest is a line's newest final release that has a release.json, nil for none.
func newest(c *ledger.Channel) *release.Head {
	var out *release.Head
	if c == nil {
		return nil
	}
	for _, r := range c.Releases {
		if !r.Adopted && r.Version.Prerelease() == "" && (out == nil || r.Version.Compare(out.Version) > 0) {
			out = &release.Head{Version: r.Version, Sequence: r.Sequence, Release: r.Release}
		}
	}
	return out
}

// withdrawals are the releases that were withdrawn, and the versions that were signed and given up, sorted by version.
func withdrawals(told *ledger.Told, c *ledger.Channel) []release.Withdrawal {
	var out []release.Withdrawal
	for _, w := range told.Withdrawn {
		out = append(out, release.Withdrawal{Version: w.Withdraw.Version, Time: w.First.UTC(), Reason: w.Reason, Advisory: w.Withdraw.Advisory})
	}
	if c != nil {
		for _, a := range c.Abandoned {
			if !a.Burned {
				continue
			}
			reason := a.Reason
			if release.CheckTexts(reason) != nil {
				reason = "it was signed, and given up before it was released"
			}
			out = append(out, release.Withdrawal{Version: a.Version, Time: a.Time.UTC(), Reason: reason, Abandoned: true})
		}
	}
	slices.SortFunc(out, func(a, b release.Withdrawal) int { return a.Version.Compare(b.Version) })
	return out
}

// upgrades are the ways to a line's releases: those of its file, and those that would lose a fix.
func (p *Project) upgrades(ctx context.Context, ch *channel.Channel) (release.Upgrades, error) {
	out := PolicyUpgrades(ch)
	if ch.Upgrade == nil {
		return out, nil
	}
	lines, err := p.Lines(ctx)
	if err != nil {
		return out, err
	}
	lossy, err := lines.Blocked(ctx, ch)
	out.Blocked = append(out.Blocked, lossy...)
	return out, err
}

// PolicyUpgrades are the ways of a channel's file alone.
func PolicyUpgrades(ch *channel.Channel) release.Upgrades {
	var out release.Upgrades
	u := ch.Upgrade
	if u == nil {
		return out
	}
	out.From = u.From
	for _, s := range u.Stops {
		out.Stops = append(out.Stops, release.Stop{Version: s.Version, For: s.For, Reason: s.Reason})
	}
	slices.SortFunc(out.Stops, func(a, b release.Stop) int { return a.Version.Compare(b.Version) })
	for _, b := range u.Blocked {
		out.Blocked = append(out.Blocked, release.Block{From: b.From, To: b.To, Reason: b.Reason})
	}
	for _, c := range u.Conditions {
		out.Conditions = append(out.Conditions, release.Condition{From: c.From, To: c.To, Text: c.Text})
	}
	return out
}
