package cli

import "github.com/spf13/cobra"

func newAdvance(s IO) *cobra.Command {
	var f *rollFlags
	cmd := &cobra.Command{
		Use:   "advance <channel>",
		Short: "Do all that may be done with a rolling channel now, and say why",
		Long: `advance is what CI or a CronJob calls: it promotes every release as far as its soak and its gates let it, finishes what
an interrupted command left, also a cut that died before it showed what it had made, and brings the deploy branch to what the ledger says. It says of each ring what it decided
and why. With nothing to do it writes nothing. A release that soaks is never replaced, a rejected one never promoted.`,
		Example: `  relctl advance rolling
  relctl advance rolling --dry-run
  relctl advance rolling --json`,
		Args: exactly("channel"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := openRollout(cmd, s, f, args[0])
			if err != nil {
				return err
			}
			defer r.Close()
			out, err := r.Advance(cmd.Context())
			return tellRollout(s, f, args[0], out, err)
		},
	}
	f = addRoll(cmd)
	addPrometheus(cmd)
	return cmd
}
