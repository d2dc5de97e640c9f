package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

const openSchema = "https://relctl.dev/schema/open/v1"

// openReport is what `relctl open --json` prints.
type openReport struct {
	Schema string `json:"schema"`
	*project.Opening
	DryRun bool `json:"dry_run,omitempty"`
}

func newOpen(s IO) *cobra.Command {
	var from, line string
	var req project.OpenLine
	var dryRun bool
	var remote *string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "open <channel>",
		Short: "Start an LTS line at a release that has soaked in the service",
		Long: `open starts an LTS line at a release of a rolling channel. One atomic push makes the line's branch at the commit of that
release, the event in the ledger, and the branch relctl/open-<channel>, which proposes the channel file: policy is what
the default branch says, so the line is there once that is merged. The file takes its rules from the newest line that
exists.

The release must have soaked as that line asks of its changes, or in the last ring. With --waive it need not; the reason
stands in the ledger.`,
		Example: `  relctl open lts-2.6 --from 2026.1101.1 --dry-run
  relctl open lts-2.6 --from 2026.1101.1
  relctl open lts-2.6 --from 2026.1101.1 --waive "the customer's certification starts today"`,
		Args: exactly("channel"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			var err error
			if req.From, err = release.ParseVersion(strings.TrimPrefix(from, "v")); err != nil {
				return usagef("give a release of a rolling channel, such as 2026.1101.1", "--from: %s", err)
			}
			if line != "" {
				if req.Line, err = release.ParseLine(line); err != nil {
					return usagef("give a line such as 2.6", "--line: %s", err)
				}
			}
			if cmd.Flags().Changed("waive") && strings.TrimSpace(req.Waive) == "" {
				return usagef("say why", "--waive needs a reason")
			}
			p, err := actAt(ctx, cmd, s, *remote)
			if err != nil {
				return err
			}
			req.Channel, req.Now = args[0], s.now()
			do := p.OpenLine
			if dryRun {
				do = p.PlanOpen
			}
			o, err := do(ctx, req)
			if err != nil {
				return err
			}
			if *asJSON {
				return s.json(openReport{Schema: openSchema, Opening: o, DryRun: dryRun})
			}
			printOpening(s, p, o, dryRun)
			return nil
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().StringVar(&from, "from", "", "the `version` of a rolling release to begin at")
	cmd.Flags().StringVar(&line, "line", "", "the `line` of versions (default: the end of the channel's name)")
	cmd.Flags().StringVar(&req.Branch, "branch", "", "the `name` of the new branch (default release/<line>)")
	cmd.Flags().StringVar(&req.Waive, "waive", "", "open at a release that has not soaked, for this `reason`")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show what would be pushed, and push nothing")
	mustRequire(cmd, "from")
	return cmd
}

func printOpening(s IO, p *project.Project, o *project.Opening, dryRun bool) {
	what := "is open"
	if dryRun {
		what = "would be opened; this was a dry run"
	}
	s.print("%s %s\n", s.paint("1", o.Channel), what)
	row := func(key, value string) { s.print("  %-9s %s\n", key, plain(value)) }
	row("line", o.Line.String())
	row("begins at", o.Source+" "+o.Version.String()+", "+release.Short(o.Commit))
	row("branch", o.Branch)
	row("soak", string(o.Soak.Status)+": "+o.Soak.Reason)
	row("proposes", o.File+" on branch "+o.Topic)
	if dryRun {
		s.print("\n")
		for text := range strings.Lines(o.Text) {
			s.print("  %s\n", plain(strings.TrimRight(text, "\n")))
		}
		s.print("\nNext: relctl open %s --from %s\n", o.Channel, o.Version)
		return
	}
	s.print("  %-9s event %d\n\n", "ledger", o.Event)
	s.print("Next: say how long you support the line in %s, and merge %s into %s;\n", o.File, o.Topic, p.Policy.Branch)
	s.print("      then relctl plan %s --fetch\n", o.Channel)
}
