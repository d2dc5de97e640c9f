package cli

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/relctl/relctl/pkg/changelog"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

// commentMark begins a comment, so that a pipeline finds the one that it wrote before.
const commentMark = "<!-- relctl ci comment -->"

// markdown writes the comment. What comes from commits and gates is inert in it.
func (c *ciComment) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", commentMark)
	if c.Base == "" {
		fmt.Fprintf(&b, "## %s\n", cell(c.Product))
	} else {
		fmt.Fprintf(&b, "## %s, with this on `%s`\n", cell(c.Product), plain(c.Base))
	}
	if c.Behind > 0 {
		fmt.Fprintf(&b, "\nThis lacks %s of `%s`; what stands here is without them.\n", release.Count(c.Behind, "commit"), plain(c.Base))
	}
	if len(c.Channels) == 0 {
		fmt.Fprintf(&b, "\nNo channel releases from `%s`.\n", plain(c.Base))
	}
	for i := range c.Channels {
		c.Channels[i].markdown(&b, c.Base != "")
	}
	if c.Backports != nil {
		b.WriteString("\n### Backports\n\n")
		printBackportsMarkdown(IO{Out: &b}, c.Backports)
		var obstacles strings.Builder
		printObstacles(IO{Out: &obstacles}, c.Backports)
		for line := range strings.Lines(strings.TrimSpace(obstacles.String())) {
			fmt.Fprintf(&b, "\n- %s", cell(strings.TrimSpace(line)))
		}
		if obstacles.Len() > 0 {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func (c *ciChannel) markdown(b *strings.Builder, merges bool) {
	if c.Plan == nil {
		fmt.Fprintf(b, "\n### %s: no release\n\n%s\n", cell(c.Channel), cell(c.Problem))
		c.writeHint(b)
		return
	}
	in := c.Plan.Inputs
	fmt.Fprintf(b, "\n### %s %s\n\n%s.", cell(c.Channel), in.Version, cell(c.Plan.Why))
	if n := len(release.Blocking(c.Plan.Verdicts)); n > 0 || c.Problem != "" {
		fmt.Fprintf(b, " **A cut would stop**: %s refuses or cannot say.", stops(n, c.Problem))
	}
	b.WriteString("\n")
	c.writeChanges(b, merges)
	c.writeGates(b)
	if c.Problem != "" {
		fmt.Fprintf(b, "\n**The documentation does not agree with the product:**\n\n")
		for line := range strings.Lines(c.Problem) {
			fmt.Fprintf(b, "- %s\n", cell(strings.TrimSpace(line)))
		}
		c.writeHint(b)
	}
	for _, w := range c.Plan.Warnings {
		fmt.Fprintf(b, "\n> %s\n", cell(w))
	}
}

// stops counts what stands in the way of a cut.
func stops(gates int, problem string) string {
	switch {
	case problem == "":
		return release.Count(gates, "gate")
	case gates == 0:
		return "the documentation"
	}
	return release.Count(gates, "gate") + ", and the documentation,"
}

func (c *ciChannel) writeHint(b *strings.Builder) {
	for line := range strings.Lines(c.Hint) {
		fmt.Fprintf(b, "\n→ %s\n", cell(strings.TrimSpace(line)))
	}
}

// writeChanges writes the changelog of what the merge brings, or of the whole plan if nothing is merged.
func (c *ciChannel) writeChanges(b *strings.Builder, merges bool) {
	told := c.Plan.Changes
	if merges {
		told = c.Merged
		rest := len(c.Plan.Changes) - len(told)
		if len(told) == 0 {
			fmt.Fprintf(b, "\nThis brings no change of its own; %s.\n", waits(rest))
			return
		}
		fmt.Fprintf(b, "\nThis brings %s; %s.\n", release.Count(len(told), "change"), waits(rest))
	}
	l := changelog.Log{Product: c.Plan.Inputs.Product, Channel: c.Channel, Releases: []changelog.Release{{
		Product: c.Plan.Inputs.Product, Channel: c.Channel, Version: c.Plan.Inputs.Version, Commit: c.Plan.Inputs.Commit, Changes: told,
	}}}
	if prev := c.Plan.Inputs.Previous; prev != nil {
		l.From, l.Releases[0].Previous = prev.Version, prev.Version
	}
	var text bytes.Buffer
	t, err := changelog.Builtin(changelog.Body)
	if err == nil {
		err = t.Execute(&text, l)
	}
	if err != nil { // the template is our own
		fmt.Fprintf(b, "\n%s\n", cell(err.Error()))
		return
	}
	fmt.Fprintf(b, "\n%s\n", strings.TrimSpace(strings.ReplaceAll(text.String(), "\n### ", "\n#### ")))
}

func waits(n int) string {
	switch n {
	case 0:
		return "nothing else waits to be released"
	case 1:
		return "1 more waits to be released"
	}
	return fmt.Sprintf("%d more wait to be released", n)
}

// writeGates writes the verdicts, and apart from them what operators must be told.
func (c *ciChannel) writeGates(b *strings.Builder) {
	if len(c.Plan.Verdicts) == 0 {
		b.WriteString("\nNo gates.\n")
		return
	}
	b.WriteString("\n| Gate | Says | Why |\n|---|---|---|\n")
	for _, v := range c.Plan.Verdicts {
		why := cell(v.Reason)
		if v.Hint != "" && v.Blocks() {
			why += "<br>→ " + cell(v.Hint)
		}
		says := cell(string(v.Status))
		if v.Blocks() {
			says = "**" + says + "**"
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", cell(v.Gate), says, why)
	}
	for _, v := range c.Plan.Verdicts {
		if v.Gate == project.GateNotes && v.Blocks() {
			fmt.Fprintf(b, "\n**Operators must be told:** %s\n", cell(v.Reason))
			for line := range strings.Lines(v.Hint) {
				fmt.Fprintf(b, "\n→ %s\n", cell(strings.TrimSpace(line)))
			}
		}
	}
}
