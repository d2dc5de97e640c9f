package cli

import (
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/project"
)

// placeholder finds the names of arguments in a usage line: <channel>, [version].
var placeholder = regexp.MustCompile(`[<\[]([a-z]+)[>\]]`)

// completions are what a shell may offer for an argument or a flag, by the name that usage lines and flags give it.
var completions = map[string]func(*project.Project) []string{
	"channel": channelNames, "from": releaseNames, "to": releaseNames, "version": releaseNames,
	"ring": func(p *project.Project) []string {
		var names []string
		for _, ch := range p.Policy.Channels {
			for _, r := range ch.Rings {
				names = append(names, r.Name)
			}
		}
		return names
	},
}

func channelNames(p *project.Project) []string {
	var names []string
	for _, ch := range p.Policy.Channels {
		names = append(names, ch.Name)
	}
	return names
}

// releaseNames are the versions that the ledger knows, the newest of a channel first.
func releaseNames(p *project.Project) []string {
	var names []string
	for _, name := range channelNames(p) {
		c := p.State.Channels[name]
		if c == nil {
			continue
		}
		for _, r := range slices.Backward(c.Releases) {
			names = append(names, r.Version.String())
		}
	}
	return names
}

// complete lets shells offer channels, versions and rings wherever a command asks for one.
func complete(cmd *cobra.Command) {
	if asked := placeholder.FindAllStringSubmatch(cmd.Use, -1); len(asked) > 0 && cmd.ValidArgs == nil {
		cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) >= len(asked) && !strings.HasSuffix(cmd.Use, "…") {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return offer(cmd, asked[min(len(args), len(asked)-1)][1])
		}
	}
	for _, name := range []string{"channel", "ring"} {
		if cmd.Flags().Lookup(name) != nil {
			_ = cmd.RegisterFlagCompletionFunc(name, func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
				return offer(cmd, name)
			})
		}
	}
	for _, sub := range cmd.Commands() {
		complete(sub)
	}
}

// offer reads the names from what this clone knows; a shell that cannot be told them falls back to files.
func offer(cmd *cobra.Command, what string) ([]string, cobra.ShellCompDirective) {
	of, ok := completions[what]
	if !ok {
		return nil, cobra.ShellCompDirectiveDefault
	}
	p, err := look(cmd.Context(), cmd, "")
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names := of(p)
	slices.Sort(names)
	return slices.Compact(names), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}
