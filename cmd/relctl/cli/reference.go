package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// newReference prints the command reference, from which docs/reference.md is made.
func newReference(s IO) *cobra.Command {
	return &cobra.Command{
		Use: "reference", Short: "Print the command reference as Markdown", Args: cobra.NoArgs, Hidden: true,
		Run: func(cmd *cobra.Command, _ []string) {
			s.print("# Commands\n\nGenerated from the help of relctl; `relctl <command> --help` says the same.\n")
			refer(s, cmd.Root())
		},
	}
}

func refer(s IO, cmd *cobra.Command) {
	if !cmd.IsAvailableCommand() && cmd.HasParent() {
		return
	}
	text := cmd.Long
	if text == "" {
		text = cmd.Short + "."
	}
	s.print("\n## %s\n\n%s\n", cmd.CommandPath(), text)
	if cmd.HasExample() {
		s.print("\n```\n%s\n```\n", strings.TrimRight(dedent(cmd.Example), "\n"))
	}
	if flags := cmd.LocalFlags().FlagUsages(); flags != "" {
		s.print("\n```\n%s\n%s```\n", fmt.Sprintf("%s:", cmd.UseLine()), flags)
	}
	for _, sub := range cmd.Commands() {
		refer(s, sub)
	}
}

// dedent takes the two spaces off that help indents examples by.
func dedent(text string) string {
	return strings.TrimPrefix(strings.ReplaceAll(text, "\n  ", "\n"), "  ")
}
