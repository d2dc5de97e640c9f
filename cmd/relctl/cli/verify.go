package cli

import (
	"github.com/spf13/cobra"

	relverify "github.com/relctl/relctl/cmd/relverify/cli"
)

// newVerify is relverify under another name: the arguments go through untouched.
func newVerify(s IO) *cobra.Command {
	return &cobra.Command{
		Use:   "verify [flags] <bundle>",
		Short: "Check a bundle offline, as relverify does for a customer",
		Example: `  relctl verify --key release.pub acme-2.4.7.bundle
  relctl verify unpack --key release.pub acme-2.4.7.bundle acme-2.4.7`,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 && (args[0] == "-C" || args[0] == "--repo") {
				args = args[2:] // a bundle is checked apart from any repository
			}
			code := relverify.RunAt(cmd.Context(), args, s.In, s.Out, s.Err, "relctl verify", s.now)
			if code == exitDone {
				return nil
			}
			return &exitError{code: code}
		},
	}
}
