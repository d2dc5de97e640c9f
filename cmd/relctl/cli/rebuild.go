package cli

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/release"
)

func newRebuild(s IO) *cobra.Command {
	var fetch bool
	var remote *string
	var asJSON *bool
	var stores []string
	var name string
	var opts cut.RebuildOptions
	cmd := &cobra.Command{
		Use:   "rebuild <version>",
		Short: "Build a release again and say byte for byte whether it is the same",
		Long: `rebuild takes the plan of a release from the ledger, builds it once more in a folder of its own, by the policy of that
time, and compares every file with the release.json that was published, or that is staged where the release still waits
for signatures. It signs and publishes nothing.

It ends with exit code 0 if every file is the same, and with 4 if not: then do not sign. So whoever holds the second key
builds on a machine of their own, and signs only what that machine confirms.`,
		Example: `  relctl rebuild 2.4.7
  relctl rebuild 2.4.7 --fetch && relctl cut lts-2.4 --key second.key
  relctl rebuild 2.4.7 --json`,
		Args: exactly("version"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := versionArg(args[0])
			if err != nil {
				return err
			}
			open := look
			if fetch {
				open = act
			}
			p, err := open(cmd.Context(), cmd, *remote)
			if err != nil {
				return err
			}
			if opts.Stores, err = openStores(stores); err != nil {
				return err
			}
			opts.Progress = tell(s)
			r, err := cut.Rebuild(cmd.Context(), p, v, name, opts)
			if r == nil {
				return err
			}
			if *asJSON {
				return errors.Join(s.json(r), err)
			}
			return errors.Join(printRebuilt(s, r), err)
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().BoolVar(&fetch, "fetch", false, "fetch from the remote first")
	cmd.Flags().StringArrayVar(&stores, "store", nil, "look for the release in this `store` instead of the policy's stores (repeatable)")
	cmd.Flags().StringVar(&name, "channel", "", "the `name` of the channel, where several released the version")
	cmd.Flags().StringVar(&opts.Goreleaser, "goreleaser", "", "`path` of the goreleaser program (default: from the PATH)")
	return cmd
}

func printRebuilt(s IO, r *cut.Rebuilt) error {
	w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	same := 0
	for _, f := range r.Files {
		if f.Match == cut.FileSame {
			same++
		}
		digest := f.Rebuilt
		if digest == "" {
			digest = f.Release
		}
		_, _ = fmt.Fprintf(w, "  %s\t%.12s\t%s\n", f.Match, digest, plain(f.Path))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, p := range r.Pins {
		s.print("  note: another builder: %s\n", plain(p))
	}
	what := "the release"
	if r.Waiting {
		what = "what waits for signatures"
	}
	if r.Same {
		s.print("\n%s %s: all %s are the same as in %s\n", plain(r.Channel), r.Version, release.Count(len(r.Files), "file"), what)
		return nil
	}
	s.print("\n%s %s: %d of %s are the same as in %s\n", plain(r.Channel), r.Version, same, release.Count(len(r.Files), "file"), what)
	return nil
}
