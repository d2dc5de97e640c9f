package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/upgrade"
)

const pathSchema = "https://relctl.dev/schema/upgrade-path/v1"

// pathReport is the answer of `relctl upgrade path --json`.
type pathReport struct {
	Schema string          `json:"schema"`
	From   release.Version `json:"from"`
	To     release.Version `json:"to"`
	// Steps are the releases to install, in order; none if To is installed already.
	Steps []upgrade.Step `json:"steps"`
}

func newUpgradePath(s IO) *cobra.Command {
	var remote *string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "path <from> <to>",
		Short: "Show which releases to install, in order, to get from one to another",
		Long: `path plans the way with the fewest steps by the same rules as a customer's relverify: required stops, blocked ways,
conditions, withdrawn releases and ways on which a fix would go missing. Without a way it says how far one gets, and ends
with exit code 6.`,
		Example: `  relctl upgrade path 2.2.3 3.0.1
  relctl upgrade path 2.2.3 3.0.1 --json`,
		Args: exactly("release to upgrade from", "release to upgrade to"),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, err := versionArg(args[0])
			if err != nil {
				return err
			}
			to, err := versionArg(args[1])
			if err != nil {
				return err
			}
			p, err := look(cmd.Context(), cmd, *remote)
			if err != nil {
				return err
			}
			drawn, err := upgradeLines(cmd.Context(), p, s.now())
			if err != nil {
				return err
			}
			lines := make([]upgrade.Line, len(drawn))
			for i, l := range drawn {
				lines[i] = l.Line
			}
			steps, err := planWay(lines, from, to)
			if err != nil {
				return err
			}
			if *asJSON {
				return s.json(pathReport{Schema: pathSchema, From: from, To: to, Steps: orNone(steps)})
			}
			sayWhere(s, p)
			printPath(s, from, to, steps)
			return nil
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	return cmd
}

func printPath(s IO, from, to release.Version, steps []upgrade.Step) {
	if len(steps) == 0 {
		s.print("%s is %s already\n", from, to)
		return
	}
	s.print("%s\n", s.paint("1", fmt.Sprintf("From %s to %s in %s", from, to, release.Count(len(steps), "step"))))
	for i, step := range steps {
		s.print("  %d. %s  %s\n", i+1, step.Version, plain(step.Channel))
		for _, c := range step.Conditions {
			fold(s.Out, "     ", "before: "+c)
		}
		if step.Stop != "" {
			fold(s.Out, "     ", "required stop: "+step.Stop)
		}
	}
}

func newUpgradeGraph(s IO) *cobra.Command {
	var remote *string
	var out string
	cmd := &cobra.Command{
		Use:   "graph",
		Short: "Draw lines, releases, ways to upgrade and support windows as SVG",
		Long: `graph draws a picture of what customers are told: each line with its releases, which of them are required stops,
withdrawn or too old, the ways between lines, open and blocked, and how long each line is supported. The picture adapts
to light and dark, has no scripts, and says in words what it shows.`,
		Example: `  relctl upgrade graph -o upgrades.svg
  relctl upgrade graph >upgrades.svg`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := look(cmd.Context(), cmd, *remote)
			if err != nil {
				return err
			}
			now := s.now()
			lines, err := upgradeLines(cmd.Context(), p, now)
			if err != nil {
				return err
			}
			if len(lines) == 0 {
				return &project.StatementError{Text: "there is no channel of kind lts, and so nothing to draw", Remedy: "relctl open opens a line"}
			}
			svg := upgrade.Picture{Product: p.Policy.Product.Name, Now: now, Lines: lines}.SVG()
			if out != "" {
				return os.WriteFile(out, svg, 0o644)
			}
			_, err = s.Out.Write(svg)
			return err
		},
	}
	remote = addRemote(cmd)
	cmd.Flags().StringVarP(&out, "output", "o", "", "write to this `file` (default: standard output)")
	return cmd
}

// upgradeLines gathers what is known of all LTS channels: their standing as it would be signed now, and their releases.
func upgradeLines(ctx context.Context, p *project.Project, now time.Time) ([]upgrade.Drawn, error) {
	lines, err := p.Lines(ctx)
	if err != nil {
		return nil, err
	}
	var out []upgrade.Drawn
	for _, ch := range p.Policy.Channels {
		if ch.Kind != release.LTS {
			continue
		}
		st, err := p.Standing(ctx, ch, p.State, now)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", ch.Name, err)
		}
		d := upgrade.Drawn{Line: upgrade.Line{Standing: st}}
		released, err := lines.Releases(ctx, ch)
		if err != nil {
			return nil, err
		}
		for i, r := range released {
			d.Releases = append(d.Releases, r.Version)
			if i == 0 {
				c, err := p.Repo.Commit(ctx, r.Commit)
				if err != nil {
					return nil, err
				}
				d.Begin = c.Committer.When.UTC()
			}
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b upgrade.Drawn) int { return a.Standing.Line.First().Compare(b.Standing.Line.First()) })
	return out, nil
}
