package cli

import (
	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
	"github.com/relctl/relctl/pkg/rollout"
)

func newPromote(s IO) *cobra.Command {
	var f *rollFlags
	var into, reason string
	var fast bool
	cmd := &cobra.Command{
		Use:   "promote <channel> [version]",
		Short: "Move a release of a rolling channel into its next ring",
		Long: `promote points a ring to a release and renders what it runs to the deploy branch, where Argo CD or Flux takes it from.
A person is held to the same rules as automation: the release must have soaked in the ring before, its gates must pass,
and it never takes the place of one that soaks. Without --ring it is the next ring of the version, or the last ring that
something may enter.

The fast lane is for emergencies: an eighth of the soak, through a freeze, past what soaks. It needs a reason, and
approvals of that release by two people of the role "emergency"; all of it stands in the ledger.`,
		Example: `  relctl promote rolling --dry-run                        what would be deployed where
  relctl promote rolling 2026.1123.1 --ring canary
  relctl promote rolling 2026.1123.2 --ring canary --fast-lane --reason "CVE-2026-1234"`,
		Args: between(1, "channel", "version"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := versionArg(append(args, "")[1])
			if err != nil {
				return err
			}
			if fast && reason == "" || !fast && reason != "" {
				return usagef("see "+cmd.CommandPath()+" --help", "--fast-lane and --reason belong together")
			}
			return roll(cmd, s, f, args[0], func(r *rollout.Rollout) rollout.Decide {
				return func(m ring.Model) (*ledger.Event, error) { return promote(cmd, r, m, v, into, fast, reason) }
			})
		},
	}
	f = addRoll(cmd)
	cmd.Flags().StringVar(&into, "ring", "", "the `name` of the ring to promote into")
	cmd.Flags().BoolVar(&fast, "fast-lane", false, "an emergency: less soak, through a freeze, past what soaks")
	cmd.Flags().StringVar(&reason, "reason", "", "why it takes the fast lane, in `words`")
	addPrometheus(cmd)
	return cmd
}

func promote(cmd *cobra.Command, r *rollout.Rollout, m ring.Model, v release.Version, into string, fast bool, reason string) (*ledger.Event, error) {
	if into == "" {
		var err error
		if into, err = rollout.NextRing(m, v); err != nil {
			return nil, err
		}
	}
	if !fast {
		return m.Promote(v, into, nil)
	}
	next := v
	for _, d := range m.Decide() {
		if v.IsZero() && d.Ring == into {
			next = d.Candidate
		}
	}
	lane, err := r.FastLane(cmd.Context(), m.State, next, reason)
	if err != nil {
		return nil, err
	}
	return m.Promote(v, into, lane)
}
