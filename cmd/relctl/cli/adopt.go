package cli

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/release"
)

func newAdopt(s IO) *cobra.Command {
	var remote *string
	var asJSON *bool
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "adopt <channel>",
		Short: "Record the releases from before relctl, by their tags",
		Long: `adopt writes the tags of a channel's line into the ledger as its releases so far. From then on the ledger says what
was released, and a tag that moves is noticed. Tags outside the line, or not of the channel's form, are left alone.`,
		Example: `  relctl adopt lts-2.4 --dry-run
  relctl adopt lts-2.4`,
		Args: exactly("channel"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			p, ch, err := findChannel(args[0])(actAt(ctx, cmd, s, *remote))
			if err != nil {
				return err
			}
			found, err := p.Adoptable(ctx, ch)
			if err != nil {
				return err
			}
			if !*asJSON {
				w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
				for _, r := range found {
					_, _ = fmt.Fprintf(w, "  %s\t%s\t%.10s\n", r.Version, plain(r.Tag), r.Commit)
				}
				if err := w.Flush(); err != nil {
					return err
				}
			}
			if dryRun {
				if *asJSON {
					return s.json(found)
				}
				s.print("%s would be adopted into %s\n", release.Count(len(found), "release"), ch.Name)
				return nil
			}
			rec, err := p.Adopt(ctx, ch)
			if err != nil {
				return err
			}
			return recorded(s, *asJSON, rec, "%s adopted into %s", release.Count(len(rec.Adopt.Releases), "release"), ch.Name)
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show what would be recorded, and stop")
	return cmd
}
