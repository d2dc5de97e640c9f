package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/trust"
)

func newTrustInit(s IO) *cobra.Command {
	var f trustFlags
	var roles, thresholds []string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make the first root of trust",
		Long: `init names the keys of the four roles and, if you like, of channels, and makes the first metadata. Roles are root, targets,
snapshot, timestamp, and for each LTS channel <channel> and <channel>-status. One key has one role, but one may be that of
several channels' status; a key that signs releases has none. Two of three root keys is what most begin with: one may be lost, and one stolen.`,
		Example: `  relctl key generate --out keys --name root-anna    and so on, each on the machine of who holds it
  relctl trust init --role root=anna.pub --role root=bert.pub --role root=carl.pub --threshold root=2 \
    --role targets=targets.pub --role snapshot=snapshot.pub --role timestamp=timestamp.pub \
    --role lts-2.4=ci.pub --role lts-2.4-status=status.pub --out request.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd, s, func(_ *project.Project, repo *trust.Repository, e *trust.Edit) error {
				if !repo.IsZero() {
					return usagef("relctl trust show shows it; rotate-root, add-key, remove-key and revoke change it", "there is a root of trust already")
				}
				for _, text := range roles {
					role, path, err := pair("role", text)
					if err != nil {
						return err
					}
					key, err := readPublic(path)
					if err != nil {
						return err
					}
					if err := e.AddKey(role, key); err != nil {
						return err
					}
				}
				return setThresholds(e, thresholds)
			})
		},
	}
	addTrustFlags(cmd, &f)
	cmd.Flags().StringArrayVar(&roles, "role", nil, "let a public key sign for a role: `role=file` (repeatable)")
	cmd.Flags().StringArrayVar(&thresholds, "threshold", nil, "how many keys of a role must sign: `role=number`, 1 if not given (repeatable)")
	return cmd
}

func newTrustAddKey(s IO) *cobra.Command {
	var f trustFlags
	var threshold int
	cmd := &cobra.Command{
		Use:   "add-key <role> <public key>...",
		Short: "Let a key sign for a role, or begin the role of a channel",
		Example: `  relctl trust add-key lts-2.6 ci-2.6.pub --out request.json
  relctl trust add-key root dora.pub --threshold 3 --out request.json`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd, s, func(p *project.Project, _ *trust.Repository, e *trust.Edit) error {
				if channel, _ := trust.ChannelOf(args[0]); channel != "" {
					if _, err := p.Policy.Channel(channel); err != nil {
						return err
					}
				}
				for _, path := range args[1:] {
					key, err := readPublic(path)
					if err != nil {
						return err
					}
					if err := e.AddKey(args[0], key); err != nil {
						return err
					}
				}
				return thresholdOf(cmd, e, args[0], threshold)
			})
		},
	}
	addTrustFlags(cmd, &f)
	addThreshold(cmd, &threshold)
	return cmd
}

func addThreshold(cmd *cobra.Command, n *int) {
	cmd.Flags().IntVar(n, "threshold", 0, "from now on so `many` of the role's keys must sign (default: as before, or 1)")
}

func thresholdOf(cmd *cobra.Command, e *trust.Edit, role string, n int) error {
	if !cmd.Flags().Changed("threshold") {
		return nil
	}
	return setThresholds(e, []string{fmt.Sprintf("%s=%d", role, n)})
}

func newTrustRemoveKey(s IO) *cobra.Command {
	var f trustFlags
	var threshold int
	cmd := &cobra.Command{
		Use:   "remove-key <role> <key>...",
		Short: "Take a role from a key, named by its file or its id",
		Example: `  relctl trust remove-key root 3f2a9c1b04de --out request.json
  relctl trust remove-key lts-2.4 old-ci.pub --out request.json`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd, s, func(_ *project.Project, _ *trust.Repository, e *trust.Edit) error {
				for _, text := range args[1:] {
					name, err := keyOrName(text)
					if err != nil {
						return err
					}
					if err := e.RemoveKey(args[0], name); err != nil {
						return err
					}
				}
				return thresholdOf(cmd, e, args[0], threshold)
			})
		},
	}
	addTrustFlags(cmd, &f)
	addThreshold(cmd, &threshold)
	return cmd
}

func newTrustRotateRoot(s IO) *cobra.Command {
	var f trustFlags
	var add, remove []string
	var threshold int
	cmd := &cobra.Command{
		Use:   "rotate-root",
		Short: "Make the next root: with other keys, or only to last longer",
		Long: `rotate-root makes the next root. It is signed by enough keys of the root before and by enough of its own, so that a site
that knows any older root follows. Customers need nothing but their next bundle or trust update.`,
		Example: `  relctl trust rotate-root --out request.json                               the same keys, for two more years
  relctl trust rotate-root --add dora.pub --remove anna.pub --out request.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd, s, func(_ *project.Project, _ *trust.Repository, e *trust.Edit) error {
				e.Renew(release.RoleRoot)
				for _, path := range add {
					key, err := readPublic(path)
					if err != nil {
						return err
					}
					if err := e.AddKey(release.RoleRoot, key); err != nil {
						return err
					}
				}
				for _, text := range remove {
					name, err := keyOrName(text)
					if err != nil {
						return err
					}
					if err := e.RemoveKey(release.RoleRoot, name); err != nil {
						return err
					}
				}
				return thresholdOf(cmd, e, release.RoleRoot, threshold)
			})
		},
	}
	addTrustFlags(cmd, &f)
	addThreshold(cmd, &threshold)
	cmd.Flags().StringArrayVar(&add, "add", nil, "a public key in this `file` joins (repeatable)")
	cmd.Flags().StringArrayVar(&remove, "remove", nil, "this `key` leaves, named by its file or its id (repeatable)")
	return cmd
}

func newTrustRevoke(s IO) *cobra.Command {
	var f trustFlags
	var replace string
	cmd := &cobra.Command{
		Use:   "revoke <key>",
		Short: "Take every role from a key that was lost or stolen",
		Long: `revoke takes every role from a key and makes anew all metadata that hung on it. Lists of releases are made from the
ledger, so that what a thief listed is gone. Bundles that were written before it carry metadata of the old key; relctl
bundle write makes them anew with today's trust.`,
		Example: `  relctl trust revoke 3f2a9c1b04de --replace ci-new.pub --reason "runner was broken into" --out request.json`,
		Args:    exactly("key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd, s, func(_ *project.Project, _ *trust.Repository, e *trust.Edit) error {
				name, err := keyOrName(args[0])
				if err != nil {
					return err
				}
				roles, err := e.Revoke(name)
				if err != nil || replace == "" {
					return err
				}
				key, err := readPublic(replace)
				if err != nil {
					return err
				}
				for _, role := range roles {
					if err := e.AddKey(role, key); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	addTrustFlags(cmd, &f)
	cmd.Flags().StringVar(&replace, "replace", "", "the public key in this `file` takes its place")
	return cmd
}

func newTrustRenew(s IO) *cobra.Command {
	var f trustFlags
	cmd := &cobra.Command{
		Use:     "renew <role>...",
		Short:   "Make the metadata of a role anew, to last longer",
		Example: "  relctl trust renew targets lts-2.4 --out request.json",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, role := range args {
				if role == release.RoleSnapshot || role == release.RoleTimestamp {
					return usagef("relctl trust refresh --key <file>", "%s is the reconciler's", role)
				}
			}
			return f.run(cmd, s, func(_ *project.Project, _ *trust.Repository, e *trust.Edit) error {
				for _, role := range args {
					e.Renew(role)
				}
				return nil
			})
		},
	}
	addTrustFlags(cmd, &f)
	return cmd
}

func newTrustStanding(s IO) *cobra.Command {
	var f trustFlags
	cmd := &cobra.Command{
		Use:   "standing <channel>...",
		Short: "Sign how a channel stands: support, upgrades, what is withdrawn",
		Long: `standing makes channels/<channel>.json anew: the support window and the upgrades of the channel file, and from the ledger
what was withdrawn, given up or ended. It is signed by the keys of <channel>-status. relctl trust status says for which
channels that is due.`,
		Example: `  relctl trust standing lts-2.4 --dry-run
  relctl trust standing lts-2.2 lts-2.4 --out request.json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd, s, func(p *project.Project, _ *trust.Repository, e *trust.Edit) error {
				for _, name := range args {
					if _, err := p.Policy.Channel(name); err != nil {
						return err
					}
					e.Renew(release.StatusRole(name))
				}
				return nil
			})
		},
	}
	addTrustFlags(cmd, &f)
	return cmd
}
