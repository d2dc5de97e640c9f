package cli

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/trust"
)

func newTrustExport(s IO) *cobra.Command {
	var name, out string
	var since uint64
	var remote *string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write a small file that brings a site's trust up to date",
		Long: `export writes a trust update for the sites of one channel: roots, and what is withdrawn, ended or offered as an upgrade,
without any release. It is small enough for an e-mail. relverify update-trust takes it in.`,
		Example: `  relctl trust export --channel lts-2.4 --out acme.trust
  relctl trust export --channel lts-2.4 --since-root 3 --out acme.trust`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			p, err := actAt(ctx, cmd, s, *remote)
			if err != nil {
				return err
			}
			if _, err := p.Policy.Channel(name); err != nil {
				return err
			}
			repo, err := p.TrustRepository(ctx)
			if err != nil {
				return err
			}
			channels := p.Reach(repo, name)
			files, err := repo.Files(trust.Carry{Standings: channels, SinceRoot: since})
			if err != nil {
				return err
			}
			path := out
			if path == "" {
				path = fmt.Sprintf("%s-%s.trust", p.Policy.Product.Name, s.now().UTC().Format("2006-01-02"))
			}
			var buf bytes.Buffer
			if err := bundle.WriteTrust(&buf, repo.Issued(), trustSources(files)); err != nil {
				return err
			}
			if _, err := os.Lstat(path); err == nil {
				return usagef("give another name with --out, or remove it", "%s exists already", path)
			}
			if err := writeNew(path, buf.Bytes(), 0o644); err != nil {
				return err
			}
			s.print("trust     %s, %d bytes: %s, how %s stands\n", path, buf.Len(), release.Count(len(files), "file"), strings.Join(channels, ", "))
			return nil
		},
	}
	remote = addRemote(cmd)
	cmd.Flags().StringVar(&name, "channel", "", "the `channel` of the sites")
	cmd.Flags().Uint64Var(&since, "since-root", 0, "leave out the roots up to this `number`, which the sites have")
	cmd.Flags().StringVar(&out, "out", "", "write it to this `file` (default <product>-<date>.trust)")
	mustRequire(cmd, "channel")
	return cmd
}

// trustSources are files as an archive takes them.
func trustSources(files []trust.Named) []bundle.Source {
	var out []bundle.Source
	for _, f := range files {
		out = append(out, bundle.Memory(f.Name, f.Data))
	}
	return out
}
