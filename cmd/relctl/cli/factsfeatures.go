package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/portal"
	"github.com/relctl/relctl/pkg/release"
)

const factsFeaturesSchema = "https://relctl.dev/schema/facts-features/v1"

// factsFeatures is the answer of `relctl facts features --json`.
type factsFeatures struct {
	Schema string `json:"schema"`
	portal.Flags
}

func newFactsFeatures(s IO) *cobra.Command {
	var remote *string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "features",
		Short: "Tell which feature flag is in which state on which channel, and how old it is",
		Long: `features reads the feature flags at the head of each channel's branch, as it was fetched last, and tells their states
side by side, the service's first. A flag is as old as the first commit that has it. docs.facts in channels/product.yaml names
their files as a source of the kind features.`,
		Example: `  relctl facts features
  relctl facts features --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := look(cmd.Context(), cmd, *remote)
			if err != nil {
				return err
			}
			g := gatherer{IO: s, project: p, now: s.now().UTC()}
			m := portal.Model{}
			if err := g.flags(cmd.Context(), &m); err != nil {
				return err
			}
			if *asJSON {
				return s.json(factsFeatures{factsFeaturesSchema, m.Flags})
			}
			for _, name := range slices.Sorted(maps.Keys(m.Flags.Missing)) {
				s.say("%s: %s", name, plain(m.Flags.Missing[name]))
			}
			return g.printFeatures(m.Flags)
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	return cmd
}

func (g *gatherer) printFeatures(flags portal.Flags) error {
	if len(flags.Flags) == 0 {
		g.say("no feature flags; docs.facts in channels/product.yaml says where they are, as in {kind: features, files: [config/flags.json]}")
		return nil
	}
	w := tabwriter.NewWriter(g.Out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "FLAG\t%s\tAGE\n", strings.Join(flags.Channels, "\t"))
	for _, f := range flags.Flags {
		_, _ = fmt.Fprintf(w, "%s\t", plain(f.Name))
		for _, state := range f.States {
			_, _ = fmt.Fprintf(w, "%s\t", cmp.Or(plain(state), "–"))
		}
		age := "unknown"
		if !f.Born.IsZero() {
			const day = 24
			age = release.Count(int(g.now.Sub(f.Born).Hours())/day, "day")
		}
		_, _ = fmt.Fprintln(w, age)
	}
	return w.Flush()
}
