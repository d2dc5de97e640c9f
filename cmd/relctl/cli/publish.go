package cli

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/cut"
)

func newPublish(s IO) *cobra.Command {
	var to, from []string
	var in string
	var dryRun bool
	var remote *string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "publish <version>",
		Short: "Bring a released version from one store to another",
		Long: `publish takes a release that relctl cut for customers from the stores of the policy, holds it against the ledger and the
signing keys of the policy, and brings it into other stores, with its bundle and all of today's trust. What a store has
is not sent again, so that the same command finishes what a broken connection left.`,
		Example: `  relctl publish 2.4.7 --to s3://releases/acme?endpoint=https://s3.example.com
  relctl publish 2.4.7 --from ../store --to oci://registry.example.com/acme/releases --to /srv/www/acme
  relctl publish 2.4.7 --to /srv/www/acme --dry-run`,
		Args: exactly("version"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			v, err := versionArg(args[0])
			if err != nil {
				return err
			}
			stores, err := openStores(to)
			if err != nil {
				return err
			}
			p, err := actAt(ctx, cmd, s, *remote)
			if err != nil {
				return err
			}
			ch, err := lineOf(p, in, v)
			if err != nil {
				return err
			}
			sources, err := storesOf(p, from)
			if err != nil {
				return err
			}
			return inScratch(func(dir string) error {
				path := filepath.Join(dir, cut.BundleName(p.Policy.Product.Name, v))
				if _, err := cut.WriteBundle(ctx, p, ch, v, sources, path); err != nil {
					return err
				}
				r, err := openCarried(path, dir)
				if err != nil {
					return err
				}
				out, err := carryTo(ctx, r, stores, dryRun)
				if err == nil && !dryRun {
					_, err = p.PublishTrust(ctx, stores)
				}
				return printCarried(s, out, *asJSON, err)
			})
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().StringArrayVar(&to, "to", nil, "bring it into this `store`, a folder, oci://… or s3://… (repeatable)")
	cmd.Flags().StringArrayVar(&from, "from", nil, "take it from this `store` instead of the policy's (repeatable)")
	cmd.Flags().StringVar(&in, "channel", "", "the `channel` of the release (default: the line that owns the version)")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "hold the release against the ledger, and say what would be brought where")
	mustRequire(cmd, "to")
	return cmd
}
