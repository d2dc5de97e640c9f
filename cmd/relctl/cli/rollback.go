package cli

import (
	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/ring"
)

func newRollback(s IO) *cobra.Command {
	var f *rollFlags
	var in, to, reason string
	var emergency bool
	cmd := &cobra.Command{
		Use:   "rollback <channel>",
		Short: "Point a ring back to a release that it ran before",
		Long: `rollback points a ring to an older release that it ran, and deploys that. It is sticky: automation promotes nothing into
the ring until relctl resume. The soak of what came with the newer releases is void, also for LTS channels, unless
relctl exonerate says that they were not at fault. A freeze stops rollbacks too; --emergency passes it, and is recorded.`,
		Example: `  relctl rollback rolling --ring canary --reason "orders fail"
  relctl rollback rolling --ring canary --to 2026.1121.1 --reason "both newer ones are bad"
  relctl rollback rolling --ring canary --reason "orders fail" --dry-run`,
		Args: exactly("channel"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := versionArg(to)
			if err != nil {
				return err
			}
			return roll(cmd, s, f, args[0], always(func(m ring.Model) (*ledger.Event, error) {
				return m.Rollback(in, v, reason, emergency)
			}))
		},
	}
	f = addRoll(cmd)
	cmd.Flags().StringVar(&in, "ring", "", "the `name` of the ring")
	cmd.Flags().StringVar(&to, "to", "", "the `version` to go back to (default: the one before, if it was not rolled back itself)")
	cmd.Flags().StringVar(&reason, "reason", "", "why, in `words`; it stands in the ledger and on the deploy branch")
	cmd.Flags().BoolVar(&emergency, "emergency", false, "pass a freeze")
	mustRequire(cmd, "ring")
	mustRequire(cmd, "reason")
	return cmd
}
