package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

// withdraw, floor and eol: what a vendor says about releases that are out there.

const statedHelp = `
It is an event in the ledger; if channels/product.yaml has a role "security", only one that this role signed counts.
Customers learn of it from the channel's standing, channels/<channel>.json: relctl standing shows it as it would be signed.`

// statement are the flags of commands that state something.
type statement struct {
	remote   *string
	json     *bool
	dryRun   bool
	reason   string
	advisory string
}

func addStatement(cmd *cobra.Command) *statement {
	f := &statement{remote: addRemote(cmd), json: addJSON(cmd)}
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "show what would be recorded, and record nothing")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why, in `words` that customers will read")
	mustRequire(cmd, "reason")
	return f
}

func addAdvisory(cmd *cobra.Command, f *statement) {
	cmd.Flags().StringVar(&f.advisory, "advisory", "", "the `name` of what was published about it, such as a CVE or an address")
}

// state records a statement about a channel and says so.
func (f *statement) state(ctx context.Context, s IO, p *project.Project, name string, make project.Statement, format string, args ...any) error {
	rec, err := p.Record(ctx, name, f.dryRun, make)
	if err != nil {
		return err
	}
	switch {
	case *f.json:
		return s.json(rec)
	case f.dryRun:
		s.print("would record: %s %s %s\n", rec.Type, name, plain(rec.Summary()))
	default:
		s.print("ledger %d: "+format+"\n", append([]any{rec.Number}, args...)...)
		if p.State.Trust == nil || len(p.State.Trust.Files) == 0 {
			s.say("customers learn of it once there is trust and the standing is signed: relctl standing %s shows it", name)
			return nil
		}
		s.say("customers learn of it once the standing is signed: relctl trust standing %s", name)
	}
	return nil
}

func newWithdraw(s IO) *cobra.Command {
	var f *statement
	var name string
	cmd := &cobra.Command{
		Use:   "withdraw <version>",
		Short: "Say that a release must not be installed any more",
		Long: `withdraw warns of a release. It is not deleted: it stays where it is and still verifies, as what it is, withdrawn. No
withdrawal is ever taken back; another one of the same release replaces reason and advisory.
` + statedHelp,
		Example: `  relctl withdraw 2.4.6 --reason "loses orders on restart" --advisory CVE-2026-31337
  relctl withdraw 2.4.6 --reason "loses orders on restart" --dry-run`,
		Args: exactly("version"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := versionArg(args[0])
			if err != nil {
				return err
			}
			p, err := actAt(cmd.Context(), cmd, s, *f.remote)
			if err != nil {
				return err
			}
			channel, _, err := p.Find(v, name)
			if err != nil {
				return err
			}
			err = f.state(cmd.Context(), s, p, channel, project.Withdraw(channel, v, f.reason, f.advisory), "%s %s is withdrawn", channel, v)
			if err == nil {
				sayTwins(s, v, p.Twins(channel, v))
			}
			return err
		},
	}
	f = addStatement(cmd)
	addAdvisory(cmd, f)
	cmd.Flags().StringVar(&name, "channel", "", "the `name` of the channel, where several released the version")
	return cmd
}

func newFloor(s IO) *cobra.Command {
	var f *statement
	cmd := &cobra.Command{
		Use:   "floor <channel> <version>",
		Short: "Say which version is the lowest that may still be installed",
		Long: `floor names the lowest release of a channel that may still be installed; everything below counts as withdrawn. Floors
never fall.
` + statedHelp,
		Example: `  relctl floor lts-2.4 2.4.7 --reason "all before leak tokens into logs" --advisory CVE-2026-31337`,
		Args:    exactly("channel", "version"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := versionArg(args[1])
			if err != nil {
				return err
			}
			p, ch, err := findChannel(args[0])(actAt(cmd.Context(), cmd, s, *f.remote))
			if err != nil {
				return err
			}
			if _, _, err := p.Find(v, ch.Name); err != nil {
				return err
			}
			return f.state(cmd.Context(), s, p, ch.Name, project.Floor(ch.Name, v, f.reason, f.advisory), "%s is the lowest version of %s that may be installed", v, ch.Name)
		},
	}
	f = addStatement(cmd)
	addAdvisory(cmd, f)
	return cmd
}

func newEOL(s IO) *cobra.Command {
	var f *statement
	var successor string
	cmd := &cobra.Command{
		Use:   "eol <channel>",
		Short: "End the life of a channel",
		Long: `eol says that nothing is released on a channel any more: plan and cut refuse it from then on, with the reason. Its
releases stay, and still verify, as what they are.
` + statedHelp,
		Example: `  relctl eol lts-2.2 --reason "as announced in January" --successor lts-2.4`,
		Args:    exactly("channel"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, ch, err := findChannel(args[0])(actAt(cmd.Context(), cmd, s, *f.remote))
			if err != nil {
				return err
			}
			if err := p.Successor(ch, successor); err != nil {
				return err
			}
			return f.state(cmd.Context(), s, p, ch.Name, project.EndOfLife(ch.Name, successor, f.reason), "%s has ended", ch.Name)
		},
	}
	f = addStatement(cmd)
	cmd.Flags().StringVar(&successor, "successor", "", "the `channel` that customers go to")
	return cmd
}

// sayTwins names the releases of other channels that are the same commit as one that is bad.
func sayTwins(s IO, v release.Version, twins []project.Twin) {
	for _, t := range twins {
		s.say("%s %s is made of the same commit as %s; is it at fault too: relctl withdraw %s --channel %s --reason '…'", t.Channel, t.Version, v, t.Version, t.Channel)
	}
}

// saidNotes tells what people said about a channel and its releases.
func saidNotes(ch *project.ChannelStatus) []string {
	var out []string
	for _, w := range ch.Withdrawn {
		out = append(out, fmt.Sprintf("%s: %s was withdrawn %s (%s): %s", ch.Name, w.Version, minute(w.Since), proofOf(w), w.Reason))
	}
	if f := ch.Floor; f != nil {
		out = append(out, fmt.Sprintf("%s: nothing below %s may be installed since %s (%s): %s", ch.Name, f.Version, minute(f.Since), proofOf(*f), f.Reason))
	}
	if l := ch.Support; l != nil && l.Reason != "" {
		text := fmt.Sprintf("%s: ended (event %d): %s", ch.Name, l.Ended, l.Reason)
		if l.Successor != "" {
			text += "; go to " + l.Successor
		}
		out = append(out, text)
	}
	for _, n := range ch.Unsigned {
		out = append(out, fmt.Sprintf("%s: event %d lacks the signature of role security, and customers are not told of it", ch.Name, n))
	}
	return out
}

func proofOf(s project.SaidStatus) string {
	if s.Advisory == "" {
		return fmt.Sprintf("event %d", s.Event)
	}
	return fmt.Sprintf("event %d, %s", s.Event, s.Advisory)
}
