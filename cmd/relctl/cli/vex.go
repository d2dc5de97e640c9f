package cli

import (
	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/handbook"
	"github.com/relctl/relctl/pkg/release"
)

func newVEX(s IO) *cobra.Command {
	var fetch bool
	var remote *string
	cmd := &cobra.Command{
		Use:   "vex <version or channel>",
		Short: "Print what is known of weaknesses in a release, or in all of a line, as OpenVEX",
		Long: `vex prints an OpenVEX document (v0.2.0) as of today: which known weaknesses a release is affected by, not affected by, or
has fixed. It follows from the files security/<CVE or GHSA>.yaml on the default branch, and from the fixes that name a CVE
and stand in the release. Files are named by digest where a store here shows the release.

Each release carries such a document too, sbom/<product>.openvex.json, as of the day on which it was planned. A file looks
like this:

  about: orders of another customer could be read
  aliases: [GHSA-aaaa-bbbb-cccc]
  versions:
    - {range: "<2.2.0", status: not_affected, justification: vulnerable_code_not_present}
    - {range: "<2.4.7", status: affected, action: upgrade to 2.4.7}
    - {status: fixed}`,
		Example: `  relctl vex 2.4.7
  relctl vex lts-2.4 >acme.openvex.json`,
		Args: exactly("version or channel"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, open := cmd.Context(), look
			if fetch {
				open = act
			}
			p, err := open(ctx, cmd, *remote)
			if err != nil {
				return err
			}
			var only release.Version
			ch, err := p.Policy.Channel(args[0])
			if v, verr := release.ParseVersion(args[0]); verr == nil && err != nil {
				lines, lerr := p.Lines(ctx)
				if lerr != nil {
					return lerr
				}
				only = v
				ch, _, err = lines.Release(ctx, args[0])
			}
			if err != nil {
				return err
			}
			doc, err := handbook.New(p).VEX(ctx, ch, only, s.now())
			if err != nil {
				return err
			}
			if doc == nil {
				s.say("nothing is known of weaknesses in %s: no file security/<CVE>.yaml speaks of it, and no fix names a CVE", plain(args[0]))
				return nil
			}
			_, err = s.Out.Write(doc)
			return err
		},
	}
	remote = addRemote(cmd)
	cmd.Flags().BoolVar(&fetch, "fetch", false, "fetch from the remote first")
	return cmd
}
