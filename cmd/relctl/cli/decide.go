package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

// The decisions that people record: approve, waive, abandon.

func newApprove(s IO) *cobra.Command {
	var gate, change, reason, pre, goreleaser, of string
	var remote *string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "approve <channel>",
		Short: "Approve what a channel would release now",
		Long: `approve records that you approve the commit and the build inputs of a channel's plan. It is a signed event in the
ledger, so git must be configured to sign (gpg.format and user.signingkey); it counts if your key stands under the
gate's role in channels/product.yaml. An approval of a release candidate carries to the final release of its commit.

The gates of a ring ask about the release that runs there, and the gate fast-lane about the newest release, for which two
people of the role "emergency" must approve.

With --change it records that you approve one change, by its own commit: a pick that had to be adapted, or a change for
the line alone, which no ring of the service can vouch for. It counts if your key stands under the role of soak.approval
in the channel's file.`,
		Example: `  relctl approve lts-2.4 --gate qa
  relctl approve lts-2.4 --change 3f2a9c1 --reason "read, and tested on 2.4"
  relctl approve rolling --gate fast-lane --release 2026.1123.2
  relctl approve lts-2.4 --gate qa --reason "tested on the reference rack"`,
		Args: exactly("channel"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (gate == "") == (change == "") {
				return usagef("see "+cmd.CommandPath()+" --help", "give either --gate or --change")
			}
			if change != "" {
				return approveChange(cmd, s, *remote, *asJSON, args[0], change, reason)
			}
			ctx := cmd.Context()
			p, ch, err := findChannel(args[0])(actAt(ctx, cmd, s, *remote))
			if err != nil {
				return err
			}
			v, err := versionArg(of)
			if err != nil {
				return err
			}
			a, err := approval(ctx, p, ch, gate, v, cut.PlanOptions{Pre: pre, Goreleaser: goreleaser, Now: s.now(), Strict: true})
			if err != nil {
				return err
			}
			rec, err := p.Append(ctx, func(*ledger.State) (*ledger.Event, error) {
				return &ledger.Event{Type: ledger.TypeApprove, Channel: ch.Name, Reason: reason, Approve: a}, nil
			})
			if err != nil {
				return err
			}
			return recorded(s, *asJSON, rec, "gate %s approved for %s at %s", gate, ch.Name, release.Short(a.Commit))
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().StringVar(&gate, "gate", "", "the `name` of the approval gate")
	cmd.Flags().StringVar(&change, "change", "", "the `commit` of a change to approve in place of its soak")
	cmd.Flags().StringVar(&reason, "reason", "", "what you looked at, in `words`")
	cmd.Flags().StringVar(&of, "release", "", "the released `version` to approve, for gates of rings and fast-lane")
	cmd.Flags().StringVar(&pre, "pre", "", "approve the plan of a pre-release with this `name`")
	cmd.Flags().StringVar(&goreleaser, "goreleaser", "", "`path` of the goreleaser program (default: from the PATH)")
	return cmd
}

// approval is what a person approves: a release for the gates of rings and the fast lane, else what a cut would release.
func approval(ctx context.Context, p *project.Project, ch *channel.Channel, gate string, v release.Version, opts cut.PlanOptions) (*ledger.Approve, error) {
	rel, role, err := p.ReleaseToApprove(ch, gate, v)
	if err != nil {
		return nil, err
	}
	if rel != nil {
		return &ledger.Approve{Gate: gate, Role: role, Commit: rel.Commit, Build: rel.Build}, nil
	}
	if role, err = project.ApprovalRole(ch, gate); err != nil {
		return nil, err
	}
	if !v.IsZero() {
		return nil, usagef("leave --release out", "gate %s is about what a cut would release", gate)
	}
	in, err := cut.Candidate(ctx, p, ch, opts)
	if err != nil {
		return nil, err
	}
	return &ledger.Approve{Gate: gate, Role: role, Commit: in.Commit, Build: in.BuildDigest()}, nil
}

func newWaive(s IO) *cobra.Command {
	var gate, change, ring, of, reason, expires string
	var remote *string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "waive <channel>",
		Short: "Let a gate, or one change, pass once with a reason",
		Long: `waive records that a gate or a change is let through, by whom, why and until when. The waiver stands in the ledger and
is printed in the release; it never turns into a pass. If channels/product.yaml has a role "waiver", only a signed event
of that role counts.

A gate of rings, and their soak, is waived for one release in the ring that it is to leave: --ring and --release say for
which. The next release, and the next ring, ask again.`,
		Example: `  relctl waive lts-2.4 --gate e2e --reason "test rack is down, tested by hand" --expires 2027-03-01
  relctl waive rolling --gate soak --ring canary --release 2026.1123.1 --reason "the cell lost its metrics"
  relctl waive lts-2.4 --change 3f2a9c1 --reason "feature promised for this line"`,
		Args: exactly("channel"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if (gate == "") == (change == "") {
				return usagef("see "+cmd.CommandPath()+" --help", "give either --gate or --change")
			}
			if change != "" && ring+of != "" {
				return usagef("leave them out", "--ring and --release are for gates; a change is waived wherever it goes")
			}
			until, err := expiry(expires, s.now())
			if err != nil {
				return err
			}
			p, ch, err := findChannel(args[0])(actAt(ctx, cmd, s, *remote))
			if err != nil {
				return err
			}
			w, err := waiver(ctx, p, ch, gate, change, ring, of)
			if err != nil {
				return err
			}
			w.Expires = until
			rec, err := p.Append(ctx, func(*ledger.State) (*ledger.Event, error) {
				return &ledger.Event{Type: ledger.TypeWaive, Channel: ch.Name, Reason: reason, Waive: w}, nil
			})
			if err != nil {
				return err
			}
			return recorded(s, *asJSON, rec, "%s is waived for %s until %s", waives(w), ch.Name, until.Format(time.DateOnly))
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().StringVar(&gate, "gate", "", "the `name` of the gate to waive")
	cmd.Flags().StringVar(&change, "change", "", "the `commit` of the change to let through")
	cmd.Flags().StringVar(&ring, "ring", "", "the `ring` whose gate it is, for gates of rings")
	cmd.Flags().StringVar(&of, "release", "", "the `version` to let through, for gates of rings")
	cmd.Flags().StringVar(&reason, "reason", "", "why, in `words`; it is printed in the release")
	cmd.Flags().StringVar(&expires, "expires", "", "the last `date` on which the waiver counts (default: in 14 days)")
	mustRequire(cmd, "reason")
	return cmd
}

// waiver is what a person lets through: a change, or a gate.
func waiver(ctx context.Context, p *project.Project, ch *channel.Channel, gate, change, ring, of string) (*ledger.Waive, error) {
	if change != "" {
		commit, err := p.UnreleasedChange(ctx, ch, change)
		return &ledger.Waive{Change: commit}, err
	}
	v, err := versionArg(of)
	if err != nil {
		return nil, err
	}
	return p.Waive(ch, gate, ring, v)
}

// waives says what a waiver is about.
func waives(w *ledger.Waive) string {
	switch {
	case w.Change != "":
		return "change " + release.Short(w.Change)
	case w.Ring != "":
		return fmt.Sprintf("gate %s of ring %s, for %s,", w.Gate, w.Ring, w.Release)
	}
	return "gate " + w.Gate
}

// expiry parses a date; the waiver counts to the end of that day in UTC.
func expiry(date string, now time.Time) (time.Time, error) {
	day := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 14)
	if date != "" {
		var err error
		if day, err = time.Parse(time.DateOnly, date); err != nil {
			return time.Time{}, usagef("write a date such as "+day.Format(time.DateOnly), "--expires %q is not a date", date)
		}
	}
	end := day.AddDate(0, 0, 1).Add(-time.Second)
	if end.Before(now) {
		return time.Time{}, usagef("choose a date from today on", "--expires %s has passed", date)
	}
	return end, nil
}

func newAbandon(s IO) *cobra.Command {
	var reason string
	var remote *string
	var asJSON *bool
	var dirs []string
	var shards int
	cmd := &cobra.Command{
		Use:   "abandon <channel>",
		Short: "Give up a reserved release that will not be finished",
		Long: `abandon closes the open reservation of a channel. If its release.json was signed already, the version and the sequence
are burned: nothing else will ever carry them, since bytes under that version may be in somebody's hands.

What was staged in stores is removed. Container images that were pushed stay in the registry, under their digests and without
a tag; abandon names them on stderr, as far as this clone made them, with those about which the registry did not answer. Most registries delete images without a tag by
themselves, or with a command such as crane delete.`,
		Example: `  relctl abandon lts-2.4 --reason "the build does not pass on this commit"`,
		Args:    exactly("channel"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			p, ch, err := findChannel(args[0])(actAt(ctx, cmd, s, *remote))
			if err != nil {
				return err
			}
			stores, err := openStores(dirs)
			if err != nil {
				return err
			}
			rec, left := p.Abandon(ctx, ch, reason, stores)
			if rec == nil {
				return left
			}
			burned := "; the version is free again"
			if rec.Abandon.Burned {
				burned = "; it was signed, so the version is burned"
			}
			if err := recorded(s, *asJSON, rec, "%s %s is given up%s", ch.Name, rec.Abandon.Version, burned); err != nil {
				return err
			}
			left = errors.Join(left, cut.DiscardShards(ctx, p, rec.Abandon.Plan, shards, stores))
			if left != nil {
				s.say("warning: %s", plain(left.Error()))
			}
			sayLeft(ctx, s, p, rec.Abandon.Plan)
			return nil
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "why, in `words`")
	cmd.Flags().StringArrayVar(&dirs, "store", nil, "look for its files in this `store` instead of the policy's stores (repeatable)")
	cmd.Flags().IntVar(&shards, "shards", 0, "remove the shards of its build, divided into this `number`, as well")
	mustRequire(cmd, "reason")
	return cmd
}

// sayLeft names the images that stay in registries. The release is given up, whatever they answer.
func sayLeft(ctx context.Context, s IO, p *project.Project, digest string) {
	images, err := p.LeftImages(ctx, digest)
	if err != nil {
		s.say("warning: it is not known which images were pushed: %s", plain(err.Error()))
	}
	for _, image := range images {
		ref := plain(image.Reference)
		if image.Err != nil {
			s.say("warning: it is not known whether %s was left in the registry: %s", ref, plain(image.Err.Error()))
			continue
		}
		s.say("left in the registry without a tag: %s\n  delete it with crane delete %s, unless another cut is about to use it", ref, ref)
	}
}

// recorded reports one event that was appended.
func recorded(s IO, asJSON bool, rec *ledger.Recorded, format string, args ...any) error {
	if asJSON {
		return s.json(rec)
	}
	s.print("ledger %d: "+format+"\n", append([]any{rec.Number}, args...)...)
	return nil
}

// mustRequire makes a command refuse to run without a flag.
func mustRequire(cmd *cobra.Command, flag string) {
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !cmd.Flags().Changed(flag) {
			return usagef("see "+cmd.CommandPath()+" --help", "%s needs --%s", cmd.CommandPath(), flag)
		}
		return run(cmd, args)
	}
}
