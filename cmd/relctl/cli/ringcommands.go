package cli

import (
	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/ring"
	"github.com/relctl/relctl/pkg/rollout"
)

// hold, resume, reject and exonerate: what a person says about rings and releases.

func newHold(s IO) *cobra.Command {
	var f *rollFlags
	var name, reason string
	cmd := &cobra.Command{
		Use:   "hold <channel>",
		Short: "Stop promotions into a ring, or into all rings of a channel",
		Long: `hold stops promotions until relctl resume. What runs stays; a rollback is still possible. Without --ring it is for all
rings of the channel.`,
		Example: `  relctl hold rolling --ring multi-tenant --reason "a large customer migrates today"
  relctl hold rolling --reason "incident 71"`,
		Args: exactly("channel"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return roll(cmd, s, f, args[0], always(func(m ring.Model) (*ledger.Event, error) { return m.Hold(name, reason) }))
		},
	}
	f = addRoll(cmd)
	cmd.Flags().StringVar(&name, "ring", "", "the `name` of the ring (default: all)")
	cmd.Flags().StringVar(&reason, "reason", "", "why, in `words`")
	mustRequire(cmd, "reason")
	return cmd
}

func newResume(s IO) *cobra.Command {
	var f *rollFlags
	var name, reason string
	cmd := &cobra.Command{
		Use:   "resume <channel>",
		Short: "Let promotions go on after a hold or a rollback",
		Long: `resume ends a hold, and the stop that a rollback leaves behind. It promotes nothing by itself: the next relctl advance
does. Without --ring it ends the hold of the whole channel; those of single rings stay.`,
		Example: `  relctl resume rolling --ring canary
  relctl resume rolling --reason "incident 71 is over"`,
		Args: exactly("channel"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return roll(cmd, s, f, args[0], always(func(m ring.Model) (*ledger.Event, error) { return m.Resume(name, reason) }))
		},
	}
	f = addRoll(cmd)
	cmd.Flags().StringVar(&name, "ring", "", "the `name` of the ring (default: the hold of the whole channel)")
	cmd.Flags().StringVar(&reason, "reason", "", "why, in `words`")
	return cmd
}

func newReject(s IO) *cobra.Command {
	var f *rollFlags
	var reason string
	cmd := &cobra.Command{
		Use:   "reject <channel> <version>",
		Short: "Say that a release goes into no further ring",
		Long: `reject stops a release for good: automation promotes a newer one, never this one again, and the soak of its changes is
void. The rings that run it keep it until something newer comes or they are rolled back. Was it not at fault after all,
relctl exonerate takes the rejection back.`,
		Example: `  relctl reject rolling 2026.1123.1 --reason "loses orders on restart"`,
		Args:    exactly("channel", "version"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := versionArg(args[1])
			if err != nil {
				return err
			}
			var twins []project.Twin
			err = roll(cmd, s, f, args[0], func(r *rollout.Rollout) rollout.Decide {
				twins = r.Twins(args[0], v)
				return func(m ring.Model) (*ledger.Event, error) { return m.Reject(v, reason) }
			})
			if err == nil {
				sayTwins(s, v, twins)
			}
			return err
		},
	}
	f = addRoll(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "why, in `words`")
	mustRequire(cmd, "reason")
	return cmd
}

func newExonerate(s IO) *cobra.Command {
	var f *rollFlags
	var reason string
	var changes []string
	cmd := &cobra.Command{
		Use:   "exonerate <channel> <version>",
		Short: "Say that a release, or some of its changes, were not at fault",
		Long: `exonerate gives changes their soak back that a rollback or a rejection of their release took. With --change it is about
those changes only; without, about the whole release, and a rejection is taken back too.`,
		Example: `  relctl exonerate rolling 2026.1123.1 --reason "the network was at fault"
  relctl exonerate rolling 2026.1123.1 --change 3f2a9c1 --reason "touches the docs only"`,
		Args: exactly("channel", "version"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := versionArg(args[1])
			if err != nil {
				return err
			}
			return roll(cmd, s, f, args[0], func(r *rollout.Rollout) rollout.Decide {
				return func(m ring.Model) (*ledger.Event, error) {
					full := make([]string, len(changes))
					for i, c := range changes {
						if full[i], err = r.Repo.Expand(cmd.Context(), c); err != nil {
							return nil, err
						}
					}
					return m.Exonerate(v, full, reason)
				}
			})
		},
	}
	f = addRoll(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "why, in `words`")
	cmd.Flags().StringArrayVar(&changes, "change", nil, "clear only the change of this `commit` (repeatable)")
	mustRequire(cmd, "reason")
	return cmd
}
