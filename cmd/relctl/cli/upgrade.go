package cli

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/release"
)

const upgradeSchema = "https://relctl.dev/schema/upgrade-check/v1"

// upgradeReport is the answer of `relctl upgrade check --json`.
type upgradeReport struct {
	Schema string      `json:"schema"`
	From   releasedRef `json:"from"`
	To     releasedRef `json:"to"`
	// Lost are the fixes in From that are not in To, newest first.
	Lost []*history.Known `json:"lost"`
	// Accepted are those among them of which somebody recorded why the line will not get them.
	Accepted []acceptedLoss `json:"accepted"`
}

// releasedRef is a release of a channel.
type releasedRef struct {
	Channel string          `json:"channel"`
	Version release.Version `json:"version"`
	Commit  string          `json:"commit"`
}

// acceptedLoss is a fix that is known to be missing, and why.
type acceptedLoss struct {
	*history.Known
	Reason string `json:"reason"`
	Event  uint64 `json:"event"`
}

func newUpgrade(s IO) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "upgrade",
		Short: "Look at the way from one release to another",
		Example: `  relctl upgrade check 2.4.7 2.6.1
  relctl upgrade path 2.2.3 3.0.1
  relctl upgrade graph -o upgrades.svg`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newUpgradeCheck(s), newUpgradePath(s), newUpgradeGraph(s))
	return cmd
}

func newUpgradeCheck(s IO) *cobra.Command {
	var remote *string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "check <from> <to>",
		Short: "List the fixes that an upgrade from one release to another would lose",
		Long: `check lists the fixes (of type fix or security, or naming a CVE) that stand in one release and not in another, picks and
reverts considered. A fix must never go missing on upgrade: with any loss it ends with exit code 6. A loss of which
somebody recorded the reason with relctl changes mark --wont is shown, and does not count.`,
		Example: `  relctl upgrade check 2.4.7 2.6.1
  relctl upgrade check 2.4.7 2.6.1 --json`,
		Args: exactly("release to upgrade from", "release to upgrade to"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			p, err := look(ctx, cmd, *remote)
			if err != nil {
				return err
			}
			lines, err := p.Lines(ctx)
			if err != nil {
				return err
			}
			fromCh, from, err := lines.Release(ctx, args[0])
			if err != nil {
				return err
			}
			toCh, to, err := lines.Release(ctx, args[1])
			if err != nil {
				return err
			}
			ix, err := lines.Index(ctx)
			if err != nil {
				return err
			}
			if err := lines.Holds(ctx, ix, fromCh, from); err != nil {
				return err
			}
			if err := lines.Holds(ctx, ix, toCh, to); err != nil {
				return err
			}
			r := upgradeReport{
				Schema: upgradeSchema, Lost: []*history.Known{}, Accepted: []acceptedLoss{},
				From: releasedRef{fromCh.Name, from.Version, from.Commit}, To: releasedRef{toCh.Name, to.Version, to.Commit},
			}
			between, err := ix.Between(from.Commit, to.Commit)
			if err != nil {
				return err
			}
			for _, c := range between {
				m, marked := ix.Mark(c, toCh.Name)
				switch {
				case !c.Fix():
				case marked && m.Verdict == history.MarkWont:
					r.Accepted = append(r.Accepted, acceptedLoss{c, m.Reason, m.Event})
				default:
					r.Lost = append(r.Lost, c)
				}
			}
			if *asJSON {
				err = s.json(r)
			} else {
				err = printUpgrade(s, r)
			}
			if err == nil && len(r.Lost) > 0 {
				err = &lossError{r}
			}
			return err
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	return cmd
}

// lossError is an upgrade on which fixes go missing.
type lossError struct{ report upgradeReport }

func (e *lossError) Error() string {
	return fmt.Sprintf("an upgrade from %s to %s would lose %s", e.report.From.Version, e.report.To.Version, release.Count(len(e.report.Lost), "fix"))
}

// Hint says how to get them there.
func (e *lossError) Hint() string {
	return fmt.Sprintf("relctl backport <change> --to %s, and release it", e.report.To.Channel)
}

func printUpgrade(s IO, r upgradeReport) error {
	if len(r.Lost) == 0 {
		s.print("every fix of %s is in %s\n", r.From.Version, r.To.Version)
	} else {
		s.print("%s\n", s.paint("1", fmt.Sprintf("Fixes of %s that %s has not", r.From.Version, r.To.Version)))
	}
	w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	for _, c := range r.Lost {
		_, _ = fmt.Fprintf(w, "  %s\t%s\n", release.Short(c.Commit), plain(title(c)))
	}
	if err := w.Flush(); err != nil || len(r.Accepted) == 0 {
		return err
	}
	s.print("\n%s\n", s.paint("1", "Known to be missing"))
	for _, c := range r.Accepted {
		_, _ = fmt.Fprintf(w, "  %s\t%s\t%s (ledger event %d)\n", release.Short(c.Commit), plain(title(c.Known)), plain(c.Reason), c.Event)
	}
	return w.Flush()
}
