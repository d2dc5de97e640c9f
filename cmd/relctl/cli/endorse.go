package cli

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/release"
)

func newLedgerEndorse(s IO) *cobra.Command {
	var reason string
	var remote *string
	var dry bool
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "endorse <event>[..<event>]",
		Short: "Vouch for earlier events about rings that lack the signature of role deploy",
		Long: `endorse records, in an event that you sign, that you looked at earlier events about rings which carry no signature of the
role "deploy", and vouch for them: those from before the role stood in channels/product.yaml, or by a key that left it.
They count from then on. It names each by its commit in the ledger, so that nothing can be put in their place. Your key must
stand under the role, or nothing is recorded. --dry-run lists the events.`,
		Example: `  relctl ledger endorse 4..17 --dry-run
  relctl ledger endorse 4..17 --reason "compared with what the cells run"`,
		Args: exactly("event"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			first, last, err := eventRange(args[0])
			if err != nil {
				return err
			}
			if reason == "" && !dry {
				return usagef("see "+cmd.CommandPath()+" --help", "%s needs --reason", cmd.CommandPath())
			}
			p, err := actAt(ctx, cmd, s, *remote)
			if err != nil {
				return err
			}
			events, err := p.Endorsable(ctx, first, last)
			if err != nil {
				return err
			}
			if dry && *asJSON {
				return s.json(ledgerLog{Schema: ledgerLogSchema, Events: events})
			}
			if !*asJSON {
				for _, e := range events {
					s.print("event %d: %s %s %s, by %s\n", e.Number, e.Type, dash(e.Channel), plain(e.Summary()), plain(e.Actor))
				}
			}
			if dry {
				return nil
			}
			rec, err := p.Endorse(ctx, events, reason)
			if err != nil {
				return err
			}
			return recorded(s, *asJSON, rec, "%s endorsed", release.Count(len(events), "event"))
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "what you looked at, in `words`")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "list the events and record nothing")
	return cmd
}

// eventRange reads "4" or "4..17".
func eventRange(text string) (first, last uint64, err error) {
	a, b, found := strings.Cut(text, "..")
	if !found {
		b = a
	}
	if first, err = strconv.ParseUint(a, 10, 53); err == nil {
		last, err = strconv.ParseUint(b, 10, 53)
	}
	if err != nil || first == 0 || last < first {
		return 0, 0, usagef("write the numbers of relctl ledger log, such as 4..17", "%.60q is not a range of events", text)
	}
	return first, last, nil
}
