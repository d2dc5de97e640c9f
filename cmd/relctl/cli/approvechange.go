package cli

import (
	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/release"
)

// approveChange records an approval of one change by its own commit.
func approveChange(cmd *cobra.Command, s IO, remote string, asJSON bool, channel, change, reason string) error {
	ctx := cmd.Context()
	p, err := actAt(ctx, cmd, s, remote)
	if err != nil {
		return err
	}
	ch, err := p.Policy.Channel(channel)
	if err != nil {
		return err
	}
	rec, err := p.ApproveChange(ctx, ch, change, reason)
	if err != nil {
		return err
	}
	return recorded(s, asJSON, rec, "change %s approved for %s", release.Short(rec.Approve.Commit), ch.Name)
}
