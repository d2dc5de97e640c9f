package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/portal"
	"github.com/relctl/relctl/pkg/release"
)

func newSite(s IO) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "site",
		Short: "Make the release portal: all channels, for the people inside",
		Example: `  relctl site build
  relctl site build --fetch --output /srv/www/releases`,
	}
	cmd.AddCommand(newSiteBuild(s))
	return cmd
}

func newSiteBuild(s IO) *cobra.Command {
	var output string
	var fetch bool
	var remote *string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "build",
		Short: "Write the release portal into a folder, as static HTML",
		Long: `build writes pages that say what is where (channels and rings), how long lines are supported, which ways lead from one
release to another, what is missing on which line, which release ran in which ring, what happened, what is gated and why,
how old feature flags are and where they differ, how far the service is ahead of each line, and what changed in every
release. They work from the folder, without a server and without a network; search alone needs JavaScript.

It changes nothing in the repository, asks no gate, and looks at what was fetched last: --fetch brings news first. Run it
again whenever something happened: only what has changed is written again. Give the folder to nobody outside: it shows what
customers are not told.`,
		Example: `  relctl site build
  relctl site build --fetch --output /srv/www/releases
  relctl site build --json >portal.json      what the pages are made of`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			open := look
			if fetch {
				open = act
			}
			ctx, cancel := context.WithCancel(cmd.Context())
			defer cancel() // ends a walk that nobody waits for
			p, err := open(ctx, cmd, *remote)
			if err != nil {
				return err
			}
			g := gatherer{IO: s, project: p, now: s.now().UTC()}
			m, err := g.model(ctx)
			if err != nil {
				return err
			}
			if *asJSON {
				return s.json(m)
			}
			if output == "" {
				output = filepath.Join(p.Dist(), "site")
			}
			runtime.GC() // what the model was read from may be large, and writing needs little
			r, err := portal.Write(output, m)
			if err != nil {
				return fmt.Errorf("write the portal: %w", err)
			}
			sayWhere(s, p)
			s.say("%s; %d of %s written", release.Count(r.Pages, "page"), r.Written, release.Count(r.Files, "file"))
			if r.Unsearched > 0 {
				s.say("search leaves out %s of the oldest releases", release.Count(r.Unsearched, "change"))
			}
			s.print("%s\n", filepath.Join(output, "index.html"))
			return nil
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "", "write into this `folder` (default dist/relctl/site in the repository)")
	cmd.Flags().BoolVar(&fetch, "fetch", false, "fetch from the remote first")
	return cmd
}
