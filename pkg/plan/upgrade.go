package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/release"
)

// upgrade asks whether an upgrade to this release would lose a fix: for each older line from which it is possible,
// every fix of its newest release must be here too. The channel's policy says whether a loss stops the cut.
func (d *draft) upgrade(ctx context.Context, _ gate.Subject) release.Verdict {
	from, err := semver.NewConstraint(d.Channel.Upgrade.From)
	if err != nil {
		return release.Verdict{Status: release.Errored, Reason: err.Error()}
	}
	lines := Lines{Repo: d.Repo, Remote: d.Remote, Policy: d.Policy, State: d.State}
	var losses, asked []string
	for _, other := range d.Policy.Channels {
		last, ok := d.upgradesFrom(lines, other, from)
		if !ok {
			continue
		}
		ix, err := d.lines(ctx)
		if err != nil {
			return release.Verdict{Status: release.Errored, Reason: err.Error()}
		}
		if err := lines.Holds(ctx, ix, other, last); err != nil {
			return release.Verdict{Status: release.Errored, Reason: err.Error()}
		}
		asked = append(asked, fmt.Sprintf("%s %s", other.Name, last.Version))
		lost, err := ix.Losses(last.Commit, d.plan.Inputs.Commit, d.Channel.Name)
		if err != nil {
			return release.Verdict{Status: release.Errored, Reason: err.Error()}
		}
		if len(lost) > 0 {
			losses = append(losses, fmt.Sprintf("%s%s that %s would lose: %s", losing(other.Name, last.Version), fixes(len(lost)), d.plan.Inputs.Version, naming(lost)))
		}
	}
	switch {
	case len(asked) == 0:
		return release.Verdict{Status: release.Pass, Reason: "no older line has a release to upgrade from"}
	case len(losses) == 0:
		return release.Verdict{Status: release.Pass, Reason: "every fix of " + strings.Join(asked, ", ") + " is here"}
	case d.Channel.Upgrade.Fixes == channel.FixesRefuse:
		return release.Verdict{
			Status: release.Fail, Reason: strings.Join(losses, "; "),
			Hint: fmt.Sprintf("relctl backport them to %s, or record why not: relctl changes mark <change> --channel %s --wont --reason '…'", d.Channel.Name, d.Channel.Name),
		}
	}
	d.plan.Warnings = append(d.plan.Warnings, losses...)
	return release.Verdict{Status: release.Pass, Reason: "losses are told, and do not stop a cut (upgrade.fixes in the channel's file)"}
}

// losing is how a warning about lost fixes begins.
func losing(channel string, v release.Version) string { return fmt.Sprintf("%s %s has ", channel, v) }

// Loses reports whether a plan warns that an upgrade from a release of another line would lose fixes. Such ways are not
// offered.
func Loses(p release.Plan, channel string, v release.Version) bool {
	return slices.ContainsFunc(p.Warnings, func(w string) bool { return strings.HasPrefix(w, losing(channel, v)) })
}

// upgradesFrom returns the newest release of an older line from which this channel takes upgrades.
func (d *draft) upgradesFrom(lines Lines, other *channel.Channel, from *semver.Constraints) (history.Released, bool) {
	var last history.Released
	if other.Kind != release.LTS || other.Line.First().Compare(d.Channel.Line.First()) >= 0 {
		return last, false
	}
	for _, r := range lines.releases(other, nil) {
		v, err := semver.NewVersion(r.Version.String())
		if err == nil && from.Check(v) && r.Version.Compare(last.Version) > 0 {
			last = r
		}
	}
	return last, !last.Version.IsZero()
}

func fixes(n int) string {
	if n == 1 {
		return "1 fix"
	}
	return fmt.Sprintf("%d fixes", n)
}

func naming(lost []*history.Known) string {
	names := make([]string, len(lost))
	for i, k := range lost {
		names[i] = fmt.Sprintf("%s %q", release.Short(k.Commit), k.Subject)
	}
	return listed(names)
}

// listed joins names, of many only the first.
func listed(names []string) string {
	const shown = 5
	if n := len(names) - shown; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), n)
	}
	return strings.Join(names, ", ")
}
