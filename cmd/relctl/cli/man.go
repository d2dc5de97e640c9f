package cli

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// newMan writes the manual pages that packages of relctl install.
func newMan(s IO) *cobra.Command {
	return &cobra.Command{
		Use:   "man <folder>",
		Short: "Write manual pages, one for each command",
		Long: `man writes manual pages of section 1 into a folder, one for each command: relctl.1, relctl-cut.1, and so on. They say
what --help says.`,
		Example: `  relctl man ~/.local/share/man/man1
  man relctl-cut`,
		Args: exactly("folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			literally(cmd.Root())
			s.say("manual pages are in %s", args[0])
			return doc.GenManTree(cmd.Root(), &doc.GenManHeader{Section: "1", Source: "relctl " + Version(), Manual: "relctl"}, args[0])
		},
	}
}

// literally keeps placeholders such as <channel> from being taken for HTML.
func literally(cmd *cobra.Command) {
	for _, text := range []*string{&cmd.Use, &cmd.Short, &cmd.Long} {
		*text = strings.ReplaceAll(*text, "<", `\<`)
	}
	for _, sub := range cmd.Commands() {
		literally(sub)
	}
}
