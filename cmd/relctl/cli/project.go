package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/cut"
)

// addRemote adds the flag that names the remote.
func addRemote(cmd *cobra.Command) *string {
	return cmd.Flags().String("remote", "", "work with this `remote` (default origin, or the only one)")
}

// addJSON adds the flag for machine-readable output.
func addJSON(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("json", false, "print JSON")
}

// look opens the project for reading: nothing is fetched, and channel files may come from the working tree.
func look(ctx context.Context, cmd *cobra.Command, remote string) (*cut.Project, error) {
	return cut.Open(ctx, repoFlag(cmd), cut.OpenOptions{Remote: remote})
}

// act opens the project for a command that changes something: on refs freshly fetched from the remote.
func act(ctx context.Context, cmd *cobra.Command, remote string) (*cut.Project, error) {
	return cut.Open(ctx, repoFlag(cmd), cut.OpenOptions{Remote: remote, Act: true})
}

func repoFlag(cmd *cobra.Command) string {
	dir, err := cmd.Flags().GetString("repo")
	if err != nil {
		return "."
	}
	return dir
}
