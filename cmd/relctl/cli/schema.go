package cli

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

// schemas are the published formats by name.
var schemas = map[string]func() ([]byte, error){
	channel.SchemaChannel: func() ([]byte, error) { return channel.Schema(channel.SchemaChannel) },
	channel.SchemaProduct: func() ([]byte, error) { return channel.Schema(channel.SchemaProduct) },
	"plan":                describe(release.PlanSchema, release.Plan{}),
	"release":             describe(release.ManifestSchema, release.Manifest{}),
	"event":               describe(ledger.EventSchema, ledger.Event{}),
	"verification":        describe(verify.ReportSchema, verify.Report{}),
}

func describe(name string, v any) func() ([]byte, error) {
	return func() ([]byte, error) { return channel.Describe(name, "", v, nil) }
}

func newSchema(s IO) *cobra.Command {
	names := slices.Sorted(maps.Keys(schemas))
	return &cobra.Command{
		Use:   "schema <name>",
		Short: "Print the JSON Schema of a format",
		Long:  "schema prints the JSON Schema of one of the formats that relctl reads or writes: " + strings.Join(names, ", ") + ".",
		Example: `  relctl schema channel > channel.schema.json    for your editor
  relctl schema release`,
		Args:      exactly("name"),
		ValidArgs: names,
		RunE: func(_ *cobra.Command, args []string) error {
			make, ok := schemas[args[0]]
			if !ok {
				return usagef("it has "+strings.Join(names, ", "), "relctl has no schema %q", plain(args[0]))
			}
			data, err := make()
			if err != nil {
				return err
			}
			_, err = s.Out.Write(data)
			return err
		},
	}
}
