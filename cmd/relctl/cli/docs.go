package cli

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/site"
)

// docsReport is what relctl docs prints with --json.
type docsReport struct {
	Schema  string `json:"schema"`
	Product string `json:"product"`
	// Version is that of a release, else the name that was given.
	Version string `json:"version"`
	Channel string `json:"channel,omitempty"`
	Commit  string `json:"commit,omitempty"`
	// Dir is where the files were written, "" for check.
	Dir string `json:"dir,omitempty"`
	// Pages and Files are how many there are.
	Pages int `json:"pages"`
	Files int `json:"files"`
	// Problems are what keeps a release from being cut.
	Problems []site.Problem `json:"problems"`
}

func newDocs(s IO) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "docs",
		Short: "Make and check the documentation that releases carry for operators",
		Long: `docs makes what a release holds under docs/ out of the Markdown in the folder that channels/product.yaml names
(docs.operator): HTML pages with search that work from a folder without a network, the same as one file (single.html)
and as man pages, and the Markdown itself. A cut makes it for the release's commit; these commands show it before.`,
		Example: `  relctl docs build                 the working tree's, to look at
  relctl docs check release/2.4     what would keep a release of this branch from being cut`,
	}
	cmd.AddCommand(newDocsBuild(s), newDocsCheck(s))
	return cmd
}

func newDocsBuild(s IO) *cobra.Command {
	var output string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "build [version or ref]",
		Short: "Write the documentation into a folder, to look at it",
		Long: `build writes the documentation as a release would carry it, of the working tree if nothing else is named. What is
wrong with it is said and does not stop it.`,
		Example: `  relctl docs build
  relctl docs build 2.4.7 --output /tmp/acme-docs`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, report, built, err := docsOf(cmd, args)
			if err != nil {
				return err
			}
			report.Dir = output
			if output == "" {
				report.Dir = filepath.Join(p.Dist(), "docs")
				if err := os.RemoveAll(report.Dir); err != nil {
					return err
				}
			}
			if err := writeDocs(report.Dir, built.Files); err != nil {
				return err
			}
			if *asJSON {
				return s.json(report)
			}
			for _, problem := range built.Problems {
				s.say("warning: %s", plain(problem.String()))
			}
			s.say("%s, %s", release.Count(report.Pages, "page"), release.Count(report.Files, "file"))
			s.print("%s\n", filepath.Join(report.Dir, "index.html"))
			return nil
		},
	}
	asJSON = addJSON(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "", "write into this `folder` (default dist/relctl/docs in the repository)")
	return cmd
}

func newDocsCheck(s IO) *cobra.Command {
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "check [version or ref]",
		Short: "Look for broken links, images, anchors and code blocks",
		Long: `check looks at the documentation of the working tree, or of what is named, as a cut does before it begins: links and
images lead to something that ships with it, sections that links name exist, code blocks end and name a known language,
and no invisible character makes a line read otherwise than it is. Exit code 6 if there is a problem.`,
		Example: `  relctl docs check
  relctl docs check release/2.4 --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, report, built, err := docsOf(cmd, args)
			if err != nil {
				return err
			}
			failed := len(built.Problems) > 0
			switch {
			case *asJSON && failed:
				if err := s.json(report); err != nil {
					return err
				}
				return &exitError{exitGate}
			case *asJSON:
				return s.json(report)
			case failed:
				return &site.ProblemsError{Problems: built.Problems}
			}
			s.print("%s, no problems\n", release.Count(report.Pages, "page"))
			return nil
		},
	}
	asJSON = addJSON(cmd)
	return cmd
}

// docsOf makes the documentation that the arguments ask for.
func docsOf(cmd *cobra.Command, args []string) (*cut.Project, *docsReport, *site.Built, error) {
	p, err := look(cmd.Context(), cmd, "")
	if err != nil {
		return nil, nil, nil, err
	}
	at := ""
	if len(args) > 0 {
		at = args[0]
	}
	what, built, err := p.Docs(cmd.Context(), at)
	if err != nil {
		return nil, nil, nil, err
	}
	problems := built.Problems
	if problems == nil {
		problems = []site.Problem{}
	}
	return p, &docsReport{
		Schema: "https://relctl.dev/schema/docs/v1", Product: what.Product, Version: what.Version, Channel: what.Channel, Commit: what.Commit,
		Pages: len(what.Pages), Files: len(built.Files), Problems: problems,
	}, built, nil
}

// writeDocs writes files below a folder, and nothing outside of it.
func writeDocs(dir string, files []site.File) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // nothing is buffered
	for _, f := range files {
		name := filepath.FromSlash(f.Path)
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := root.WriteFile(name, f.Data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
