package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/project"
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
func look(ctx context.Context, cmd *cobra.Command, remote string) (*project.Project, error) {
	return openProject(ctx, cmd, project.OpenOptions{Remote: remote})
}

// act opens the project for a command that changes something: on refs freshly fetched from the remote.
func act(ctx context.Context, cmd *cobra.Command, remote string) (*project.Project, error) {
	return openProject(ctx, cmd, project.OpenOptions{Remote: remote, Act: true})
}

// findChannel finds a channel in the project that was opened just now: findChannel(name)(look(…)).
func findChannel(name string) func(*project.Project, error) (*project.Project, *channel.Channel, error) {
	return func(p *project.Project, err error) (*project.Project, *channel.Channel, error) {
		if err != nil {
			return nil, nil, err
		}
		ch, err := p.Policy.Channel(name)
		return p, ch, err
	}
}

// openProject opens the project, with what the command line says about gates.
func openProject(ctx context.Context, cmd *cobra.Command, opts project.OpenOptions) (*project.Project, error) {
	p, err := project.Open(ctx, repoFlag(cmd), opts)
	if err == nil {
		p.Prometheus = prometheusFlag(cmd)
	}
	return p, err
}

func repoFlag(cmd *cobra.Command) string {
	dir, err := cmd.Flags().GetString("repo")
	if err != nil {
		return "."
	}
	return dir
}
