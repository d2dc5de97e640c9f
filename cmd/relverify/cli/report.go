package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

func (c *command) encodeReport(s *verify.Site) int {
	rep, err := s.Report()
	if err != nil {
		return c.failed(err)
	}
	return c.encode(rep)
}

// status prints how the site stands; with a version, the eight words of that release.
func (c *command) status(context.Context) int {
	s, err := c.openSite(false)
	if err != nil {
		return c.failed(err)
	}
	if len(c.args) == 1 {
		if c.json {
			return c.fail(errors.New("--json is about the site as a whole: leave the version out"), exitUsage)
		}
		v, err := release.ParseVersion(c.args[0])
		if err != nil {
			return c.fail(err, exitUsage)
		}
		words, err := s.Words(v)
		if err != nil {
			return c.failed(err)
		}
		c.printf("%s  %s\n", v, words)
		return exitDone
	}
	if c.json {
		return c.encodeReport(s)
	}
	rep, err := s.Report()
	if err != nil {
		return c.failed(err)
	}
	c.siteRows(rep)
	return exitDone
}

// report prints what status says, who the site is, and what happened there.
func (c *command) report(context.Context) int {
	s, err := c.openSite(false)
	if err != nil {
		return c.failed(err)
	}
	if c.json {
		return c.encodeReport(s)
	}
	rep, err := s.Report()
	if err != nil {
		return c.failed(err)
	}
	c.printf("report of %s by relverify %s\n\n", rep.Time.Format(time.RFC3339), Version())
	c.siteRows(rep)
	c.row("root", "%d; fingerprint of the pinned one %s", rep.Root, verify.SpacedFingerprint(rep.Fingerprint))
	c.printf("\nwhat changed here\n")
	for _, e := range rep.History {
		c.printf("  %s  %-9s  %s\n", e.Time.UTC().Format(time.DateTime), e.What, plain(e.Text))
	}
	return exitDone
}

func (c *command) row(name, format string, args ...any) {
	c.printf("  %-10s  %s\n", name, plain(fmt.Sprintf(format, args...)))
}

func (c *command) siteRows(rep *verify.SiteReport) {
	c.printf("%s, channel %s\n", rep.Product, rep.Channel)
	c.row("installed", "%s", installedText(rep.Installed))
	if len(rep.Channels) == 0 {
		c.row("known", "nothing yet: check a bundle, or take in a trust update")
	}
	for _, ch := range rep.Channels {
		if ch.Channel == rep.Channel {
			c.channelRows(ch, rep.Today)
		}
	}
	if rep.MaxAge > 0 {
		c.row("at most", "%d days old; older news are refused", rep.MaxAge/(24*60*60))
	}
	for _, text := range rep.Warnings {
		c.row("warning", "%s", text)
	}
	for _, ch := range rep.Channels {
		if ch.Channel != rep.Channel {
			c.printf("channel %s, not followed here\n", ch.Channel)
			c.channelRows(ch, rep.Today)
		}
	}
}

func (c *command) channelRows(ch verify.ChannelReport, today time.Time) {
	c.row("known", "as of %s (%s)", verify.Day(ch.AsOf), verify.Age(today, ch.AsOf))
	if ch.Newest != nil {
		c.row("newest", "%s (sequence %d)", ch.Newest.Version, ch.Newest.Sequence)
		c.row("its words", "%s", ch.Words)
	}
	for _, w := range ch.Withdrawn {
		c.row("withdrawn", "%s: %s", w.Version, w.Reason)
	}
	if ch.Floor != nil {
		c.row("floor", "nothing below %s may be installed: %s", ch.Floor.Version, ch.Floor.Reason)
	}
	c.row("support", "%s", support(ch, today))
}

func support(ch verify.ChannelReport, today time.Time) string {
	var parts []string
	over := ch.SupportLeft != nil && *ch.SupportLeft < 0 || ch.Ended != nil && !today.Before(ch.Ended.Time)
	switch {
	case ch.SupportLeft == nil:
		parts = append(parts, "no end is announced")
	case over:
		parts = append(parts, "it has ended")
	default:
		parts = append(parts, fmt.Sprintf("%d days left", *ch.SupportLeft))
	}
	if e := ch.Ended; e != nil {
		parts = append(parts, fmt.Sprintf("the line ends on %s: %s", verify.Day(e.Time), e.Reason))
		if e.Successor != "" {
			parts = append(parts, "go to "+e.Successor)
		}
	} else if ch.Support.EOL != "" {
		parts = append(parts, "until "+ch.Support.EOL)
	}
	if m := ch.Support.Maintenance; m != "" && !over {
		parts = append(parts, "only serious faults are fixed from "+m)
	}
	return strings.Join(parts, "; ")
}

// path prints the releases to install on the way.
func (c *command) path(context.Context) int {
	s, err := c.openSite(false)
	if err != nil {
		return c.failed(err)
	}
	var versions []release.Version
	for _, text := range c.args {
		v, err := release.ParseVersion(text)
		if err != nil {
			return c.fail(err, exitUsage)
		}
		versions = append(versions, v)
	}
	if len(versions) == 1 {
		at := s.State.Installed
		if at == nil {
			return c.failed(&verify.PolicyError{Text: "from which version? What is installed here is not known", Remedy: "name two versions, or say what is installed: " + c.name + " installed <version>"})
		}
		if at.Version.IsZero() {
			return c.failed(&verify.PolicyError{Text: "nothing is installed here, so that any release may be the first", Remedy: "name two versions to see the way between them"})
		}
		versions = []release.Version{at.Version, versions[0]}
	}
	way, err := s.Path(versions[0], versions[1])
	if err != nil {
		return c.fail(err, noWay(err))
	}
	if c.json {
		return c.encode(way)
	}
	if len(way.Steps) == 0 {
		c.printf("nothing to install: %s is there\n", way.To)
	}
	for i, step := range way.Steps {
		c.printf("%d. %s (%s)\n", i+1, step.Version, step.Channel)
		if step.Stop != "" {
			c.printf("     must be installed on the way: %s\n", plain(step.Stop))
		}
		for _, text := range step.Conditions {
			c.printf("     before: %s\n", plain(text))
		}
	}
	return exitDone
}

// noWay is the exit code of a way that is not offered: refused, or failed if it is something else.
func noWay(err error) int {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return exitRefused
	}
	return exitFailed
}
