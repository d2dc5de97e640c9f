package cli

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

func newBundleWrite(s IO) *cobra.Command {
	var out, in string
	var stores []string
	var inStore bool
	var remote *string
	cmd := &cobra.Command{
		Use:   "write <version>",
		Short: "Write the bundle of a release anew, with today's trust",
		Long: `write makes the bundle of a visible release again from a store. The release in it is the same to the byte; the trust that
travels along is today's, so that a site learns of newer roots, withdrawals and upgrades, and so that bundles from before
a key was revoked are good again. With --in-store it replaces the bundles that lie in the stores.`,
		Example: `  relctl bundle write 2.4.7
  relctl bundle write 2.4.7 --out /media/usb/acme-2.4.7.bundle
  relctl bundle write 2.4.7 --in-store`,
		Args: exactly("version"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := release.ParseVersion(strings.TrimPrefix(args[0], "v"))
			if err != nil {
				return usagef("give a released version such as 2.4.7", "%s", err)
			}
			if inStore && out != "" {
				return usagef("see "+cmd.CommandPath()+" --help", "give either --out or --in-store")
			}
			p, err := actAt(cmd.Context(), cmd, s, *remote)
			if err != nil {
				return err
			}
			ch, err := lineOf(p, in, v)
			if err != nil {
				return err
			}
			from, err := storesOf(p, stores)
			if err != nil {
				return err
			}
			if inStore {
				done, err := cut.ReplaceBundle(cmd.Context(), p, ch, v, from)
				for _, store := range done {
					s.print("bundle    %s, in %s\n", cut.BundleName(p.Policy.Product.Name, v), store)
				}
				return err
			}
			path := out
			if path == "" {
				path = cut.BundleName(p.Policy.Product.Name, v)
			}
			if _, err := os.Lstat(path); err == nil {
				return usagef("give another name with --out, or remove it", "%s exists already", path)
			}
			if _, err := cut.WriteBundle(cmd.Context(), p, ch, v, from, path); err != nil {
				return err
			}
			s.print("bundle    %s\n", path)
			return nil
		},
	}
	remote = addRemote(cmd)
	cmd.Flags().StringVar(&out, "out", "", "write it to this `file` (default <product>-<version>.bundle)")
	cmd.Flags().StringVar(&in, "channel", "", "the `channel` of the release (default: the line that owns the version)")
	cmd.Flags().StringArrayVar(&stores, "store", nil, "use the release in this `store` instead of the policy's stores (repeatable)")
	cmd.Flags().BoolVar(&inStore, "in-store", false, "replace the bundles in the stores instead of writing a file")
	return cmd
}

// lineOf returns the LTS channel of a version.
func lineOf(p *project.Project, name string, v release.Version) (*channel.Channel, error) {
	if name != "" {
		return p.Policy.Channel(name)
	}
	for _, ch := range p.Policy.Channels {
		if ch.Kind == release.LTS && p.Policy.Owns(ch, v) {
			return ch, nil
		}
	}
	return nil, usagef("relctl channels lists the lines", "no line owns version %s", v)
}
