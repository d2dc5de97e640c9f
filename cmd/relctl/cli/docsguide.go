package cli

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/guide"
	"github.com/relctl/relctl/pkg/handbook"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/site"
	"github.com/relctl/relctl/pkg/upgrade"
)

func newDocsGuide(s IO) *cobra.Command {
	var remote *string
	var asJSON *bool
	var dir string
	cmd := &cobra.Command{
		Use:   "guide <from> <to>",
		Short: "Tell operators how to get from one release to another",
		Long: `guide prints the upgrade guide for the way from one release to another as Markdown: who must act, the path over required
stops, what to do before, what breaks and what else changes, migrations and from where on there is no way back, how to
install, verify and roll back, what is deprecated, mended and known. It is computed from the facts of the releases on the
way, from the notes, the ways that the channel files offer, and the changes.

Each release carries the guides from the release before it and from the lines before it. What is not released yet, such
as a branch, may stand for the second release; no path leads there, so it is told as one step. Exit code 6 if no way is
offered.`,
		Example: `  relctl docs guide 2.4.6 2.6.0
  relctl docs guide 2.4.7 release/2.4         what the next release would say
  relctl docs guide 2.4.6 2.6.0 -o /tmp/acme  as HTML, with the documentation of 2.6.0`,
		Args: exactly("release to upgrade from", "release to upgrade to"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			p, err := look(ctx, cmd, *remote)
			if err != nil {
				return err
			}
			g, err := makeGuide(ctx, s, p, args[0], args[1])
			if err != nil {
				return err
			}
			switch {
			case dir != "":
				return writeGuide(ctx, s, p, g, args[1], dir)
			case *asJSON:
				return s.json(g)
			}
			_, err = s.Out.Write(g.Markdown())
			return err
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().StringVarP(&dir, "output", "o", "", "write HTML into this `folder`, with the other pages of the documentation")
	cmd.MarkFlagsMutuallyExclusive("output", "json")
	return cmd
}

func makeGuide(ctx context.Context, s IO, p *project.Project, from, to string) (*guide.Guide, error) {
	if len(p.Policy.Product.Docs.Facts) == 0 {
		return nil, &handbook.NoFactsError{Product: p.Policy.Product.Name}
	}
	a, err := p.FindCommit(ctx, from)
	if err != nil {
		return nil, err
	}
	b, err := p.FindCommit(ctx, to)
	if err != nil {
		return nil, err
	}
	steps, err := guidePath(ctx, s, p, a, b)
	if err != nil {
		return nil, err
	}
	return handbook.New(p).Guide(ctx, handbook.Point{Found: a, Name: from}, handbook.Point{Found: b, Name: to}, steps)
}

// guidePath plans the way between two releases of LTS lines. Others have none.
func guidePath(ctx context.Context, s IO, p *project.Project, from, to project.Found) ([]upgrade.Step, error) {
	ch, err := p.Policy.Channel(to.Channel)
	if from.Version.IsZero() || to.Version.IsZero() || err != nil || ch.Kind != release.LTS {
		return nil, nil //nolint:nilerr // no channel, no path
	}
	if from.Version.Compare(to.Version) == 0 {
		return nil, usagef("name a newer release to upgrade to", "%s is %s already", from.Version, to.Version)
	}
	drawn, err := upgradeLines(ctx, p, s.now())
	if err != nil {
		return nil, err
	}
	lines := make([]upgrade.Line, len(drawn))
	for i, l := range drawn {
		lines[i] = l.Line
	}
	return planWay(lines, from.Version, to.Version)
}

// writeGuide writes the documentation of a release with a guide in it.
func writeGuide(ctx context.Context, s IO, p *project.Project, g *guide.Guide, at, dir string) error {
	const page = "upgrade-guide.md"
	docs, err := handbook.New(p).Docs(ctx, at, site.Page{Path: page, Title: g.Title(), Markdown: g.Markdown(), Source: "the upgrade guide"})
	if err != nil {
		return err
	}
	if err := writeDocs(dir, docs.Built.Files); err != nil {
		return err
	}
	s.warn(docs.Built.Problems)
	s.print("%s\n", filepath.Join(dir, strings.TrimSuffix(page, ".md")+".html"))
	return nil
}
