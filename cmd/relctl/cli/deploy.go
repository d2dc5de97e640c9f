package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/deploy"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/rollout"
)

func newDeploy(s IO) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "deploy",
		Short:   "Look at what is deployed, and what would be",
		Example: "  relctl deploy diff rolling",
	}
	cmd.AddCommand(newDeployDiff(s))
	return cmd
}

const deployDiffSchema = "https://relctl.dev/schema/deploy-diff/v1"

// deployDiff is what `relctl deploy diff --json` prints.
type deployDiff struct {
	Schema  string `json:"schema"`
	Channel string `json:"channel"`
	// Cells, ring by ring.
	Cells []deploy.Diff `json:"cells"`
}

func newDeployDiff(s IO) *cobra.Command {
	var rings []string
	var short bool
	var remote *string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "diff <channel> [<version> <version>]",
		Short: "Show what differs between two releases in each cell, or what the next promotion would change",
		Long: `diff renders the manifests of releases for each cell, as a promotion does, and compares them object by object. With two
versions it goes from the first to the second; without, from what the deploy branch has to what would come next into each
ring. Of a ring into which nothing will be promoted, say since it was rolled back, it says why. It looks at what was fetched
last, asks a deploy repository of its own, and changes nothing. What a Secret holds is not shown.`,
		Example: `  relctl deploy diff rolling
  relctl deploy diff rolling --ring canary
  relctl deploy diff rolling 2026.302.1 2026.303.1 --ring multi-tenant`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return usagef("usage: "+cmd.UseLine(), "%s needs a channel", cmd.CommandPath())
			case 2:
				return usagef("usage: "+cmd.UseLine(), "%s compares two versions, and only one is given", cmd.CommandPath())
			}
			return cobra.MaximumNArgs(3)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			p, ch, err := findChannel(args[0])(look(cmd.Context(), cmd, *remote))
			if err != nil {
				return err
			}
			if len(ch.Rings) == 0 {
				return &project.NoRingsError{Channel: ch.Name}
			}
			if err := inRings(ch, rings); err != nil {
				return err
			}
			out := deployDiff{Schema: deployDiffSchema, Channel: ch.Name}
			if len(args) == 3 {
				out.Cells, err = betweenReleases(cmd, p, ch, args[1], args[2], rings)
			} else {
				out.Cells, err = nextPromotions(cmd, s, p, ch, rings)
			}
			if err != nil {
				return err
			}
			if *asJSON {
				if out.Cells == nil {
					out.Cells = []deploy.Diff{}
				}
				return s.json(out)
			}
			sayWhere(s, p)
			for i := range out.Cells {
				if d := &out.Cells[i]; short {
					s.print("%s/%s\n", d.Ring, plain(d.Summary()))
				} else {
					s.print("%s", d.Text())
				}
			}
			return nil
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().StringArrayVar(&rings, "ring", nil, "only the cells of this `ring` (repeatable)")
	cmd.Flags().BoolVar(&short, "summary", false, "one line a cell")
	return cmd
}

// inRings refuses rings that the channel does not have.
func inRings(ch *channel.Channel, rings []string) error {
	var have []string
	for _, r := range ch.Rings {
		have = append(have, r.Name)
	}
	for _, r := range rings {
		if err := oneOf("ring", r, have); err != nil {
			return err
		}
	}
	return nil
}

func betweenReleases(cmd *cobra.Command, p *project.Project, ch *channel.Channel, a, b string, rings []string) ([]deploy.Diff, error) {
	from, err := typed(a)
	if err != nil {
		return nil, err
	}
	to, err := typed(b)
	if err != nil {
		return nil, err
	}
	old, err := p.Released(ch, from)
	if err != nil {
		return nil, err
	}
	now, err := p.Released(ch, to)
	if err != nil {
		return nil, err
	}
	return rollout.CompareDeployed(cmd.Context(), p, ch, old, now, rings)
}

// typed reads a version that a person typed.
func typed(text string) (release.Version, error) {
	v, err := release.ParseVersion(text)
	if err != nil {
		return v, usagef("write a version such as 2026.302.1", "%s", err)
	}
	return v, nil
}

// nextPromotions compares what the rings run with what would come next, and says for each when it may, or why nothing
// will: what was rolled back or rejected is not offered again.
func nextPromotions(cmd *cobra.Command, s IO, p *project.Project, ch *channel.Channel, rings []string) ([]deploy.Diff, error) {
	st, err := p.Status(cmd.Context(), s.now(), ch.Name)
	if err != nil {
		return nil, err
	}
	var out []deploy.Diff
	found := false
	for i := range st.Channels[0].Rings {
		r := &st.Channels[0].Rings[i]
		if len(rings) > 0 && !slices.Contains(rings, r.Ring) {
			continue
		}
		if !r.Coming() {
			s.say("%s: nothing will be promoted: %s", r.Ring, plain(r.Reason))
			continue
		}
		found = true
		rel, err := p.Released(ch, r.Candidate)
		if err != nil {
			return nil, err
		}
		s.say("%s: %s, %s", r.Ring, r.Action, plain(r.Explain()))
		diffs, err := rollout.ComparePromotion(cmd.Context(), p, ch, r.Ring, rel)
		if err != nil {
			return nil, fmt.Errorf("ring %s with %s: %w", r.Ring, r.Candidate, err)
		}
		out = append(out, diffs...)
	}
	if !found {
		s.say("nothing is to come next")
	}
	return out, nil
}
