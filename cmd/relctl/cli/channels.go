package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

func newChannels(s IO) *cobra.Command {
	var remote *string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "channels",
		Short: "List the channels of this repository",
		Example: `  relctl channels
  relctl channels show lts-2.4`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := look(cmd.Context(), cmd, *remote)
			if err != nil {
				return err
			}
			if *asJSON {
				return s.json(listing(p))
			}
			sayWhere(s, p)
			w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
			_, _ = fmt.Fprintln(w, "CHANNEL\tKIND\tLINE\tBRANCH\tLAST RELEASE\tSUPPORT")
			for _, row := range listing(p).Channels {
				_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", row.Name, row.Kind, dash(row.Line), row.Branch, dash(row.Last.String()), dash(row.Support))
			}
			return w.Flush()
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.AddCommand(newChannelsShow(s))
	return cmd
}

// channelRow is one channel of `relctl channels --json`.
type channelRow struct {
	Name    string          `json:"name"`
	Kind    release.Kind    `json:"kind"`
	Line    string          `json:"line,omitempty"`
	Branch  string          `json:"branch"`
	Last    release.Version `json:"last_release,omitzero"`
	Support string          `json:"support,omitempty"`
}

type channelList struct {
	Schema   string       `json:"schema"`
	Product  string       `json:"product"`
	Channels []channelRow `json:"channels"`
}

func listing(p *project.Project) channelList {
	out := channelList{Schema: "https://relctl.dev/schema/channels/v1", Product: p.Policy.Product.Name}
	for _, ch := range p.Policy.Channels {
		row := channelRow{Name: ch.Name, Kind: ch.Kind, Line: ch.Line.String(), Branch: ch.Branch, Support: support(ch)}
		if st := p.State.Channels[ch.Name]; st != nil && len(st.Releases) > 0 {
			row.Last = st.Releases[len(st.Releases)-1].Version
		}
		out.Channels = append(out.Channels, row)
	}
	return out
}

func support(ch *channel.Channel) string {
	if ch.Support == nil {
		return ""
	}
	var parts []string
	if m := ch.Support.Maintenance.String(); m != "" {
		parts = append(parts, "maintenance from "+m)
	}
	if e := ch.Support.EOL.String(); e != "" {
		parts = append(parts, "end of life "+e)
	}
	return strings.Join(parts, ", ")
}

// sayWhere tells the person when the channel files are not the ones that a cut would obey.
func sayWhere(s IO, p *project.Project) {
	if text := p.Policy.Assumption(); text != "" {
		s.say("note: %s", text)
	}
}

// sayAbsent tells which lines an answer about all of them leaves out.
func sayAbsent(ctx context.Context, s IO, p *project.Project) error {
	absent, err := p.Absent(ctx)
	for _, a := range absent {
		s.say("note: %s is left out, %s does not exist here: %s", a.Channel, plain(a.Ref), plain(a.Hint()))
	}
	return err
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return plain(text)
}

func newChannelsShow(s IO) *cobra.Command {
	var remote *string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:     "show <channel>",
		Short:   "Explain one channel in words",
		Example: "  relctl channels show lts-2.4",
		Args:    exactly("channel"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, ch, err := findChannel(args[0])(look(cmd.Context(), cmd, *remote))
			if err != nil {
				return err
			}
			if *asJSON {
				return s.json(ch)
			}
			sayWhere(s, p)
			explain(s, p, ch)
			return nil
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	return cmd
}

// explain says what a channel file means.
func explain(s IO, p *project.Project, ch *channel.Channel) {
	s.print("%s  (%s)\n\n", s.paint("1", p.Policy.Product.Name+" "+ch.Name), ch.Kind)
	row := func(key, format string, args ...any) {
		s.print("  %-10s %s\n", key, plain(fmt.Sprintf(format, args...)))
	}
	row("file", "channels/%s.yaml", ch.Name)
	row("branch", "%s", ch.Branch)
	if !ch.Line.IsZero() {
		row("line", "owns the versions %s.x", ch.Line)
	}
	if ch.Tag != "" {
		row("tag", "%s", ch.Tag)
	}
	if len(ch.Checks) > 0 {
		row("checks", "%s must have passed on a commit; CI says so with relctl observe check", strings.Join(ch.Checks, ", "))
	}
	if len(ch.Accept) > 0 {
		row("accepts", "changes of type %s; anything else needs a waiver with a reason", strings.Join(ch.Accept, ", "))
	}
	if ch.Source != "" {
		row("source", "every change must exist on %s first", ch.Source)
	}
	if ch.Soak != nil {
		row("soak", "every change must have run %s in ring %s", ch.Soak.For, ch.Soak.Ring)
		if a := ch.Soak.Approval; a != nil {
			row("", "adapted picks and changes of the line alone need %s by role %s", release.Count(max(a.Count, 1), "approval"), a.Role)
		}
	}
	for _, g := range ch.Gates {
		row("gate", "%s, asked %s", gateWords(g), moment(g.When))
	}
	for i, r := range ch.Rings {
		row("ring", "%s: %s; %s", r.Name, strings.Join(r.Cells, ", "), ringWords(r, i+1 == len(ch.Rings)))
	}
	if text := support(ch); text != "" {
		row("support", "%s", text)
	}
	if ch.Upgrade != nil && ch.Upgrade.From != "" {
		row("upgrade", "from %s", ch.Upgrade.From)
	}
	if st := p.State.Channels[ch.Name]; st != nil && len(st.Releases) > 0 {
		last := st.Releases[len(st.Releases)-1]
		row("last", "%s at %s", last.Version, release.Short(last.Commit))
	} else {
		row("last", "no release in the ledger yet")
	}
}

// ringWords says what must hold before a release leaves a ring.
func ringWords(r channel.Ring, last bool) string {
	text := "a release goes on"
	if last {
		text = "a newer release comes"
	}
	if r.Soak > 0 {
		text += fmt.Sprintf(" after %s healthy here", r.Soak)
	} else {
		text += " at once"
	}
	for _, g := range r.Gates {
		text += "; " + gateWords(g)
	}
	return text
}

func gateWords(g channel.Gate) string {
	switch {
	case g.Approval != nil:
		return fmt.Sprintf("%s: approval by %s of role %s", g.Name, release.Count(g.Approval.Count, "person"), g.Approval.Role)
	case len(g.Command) > 0:
		return fmt.Sprintf("%s: %s must end with exit code 0", g.Name, strings.Join(g.Command, " "))
	}
	return g.Name
}

func moment(m release.Moment) string {
	if m == release.Built {
		return "on the built files"
	}
	return "before the build"
}
