package cli

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/handbook"
	"github.com/relctl/relctl/pkg/project"
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
	// Warnings are what alerts, runbooks and facts do not agree on, where the policy lets it pass.
	Warnings []site.Problem `json:"warnings"`
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
	cmd.AddCommand(newDocsBuild(s), newDocsCheck(s), newDocsNote(s), newDocsGuide(s))
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
			s.warn(report.Problems)
			s.warn(report.Warnings)
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
		Short: "Look for broken links, and for runbooks and alerts that do not agree with the product",
		Long: `check looks at the documentation of the working tree, or of what is named, as a cut does before it begins: links and
images lead to something that ships with it, sections that links name exist, code blocks end and name a known language,
and no invisible character makes a line read otherwise than it is.

Where channels/product.yaml names alerts and runbooks among its facts (docs.facts), every alert must lead to a runbook that
ships with it, every runbook may name only flags, keys, variables, metrics and commands that exist, and alerts may ask only
for metrics that the product exports; docs.contract says whether that stops a release. Exit code 6 if there is a problem.`,
		Example: `  relctl docs check
  relctl docs check release/2.4 --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, report, _, err := docsOf(cmd, args)
			if err != nil {
				return err
			}
			failed := len(report.Problems) > 0
			switch {
			case *asJSON && failed:
				if err := s.json(report); err != nil {
					return err
				}
				return &exitError{exitGate}
			case *asJSON:
				return s.json(report)
			case failed:
				s.warn(report.Warnings)
				return &site.ProblemsError{Problems: report.Problems}
			}
			s.warn(report.Warnings)
			s.print("%s, no problems\n", release.Count(report.Pages, "page"))
			return nil
		},
	}
	asJSON = addJSON(cmd)
	return cmd
}

// docsOf makes the documentation that the arguments ask for.
func docsOf(cmd *cobra.Command, args []string) (*project.Project, *docsReport, *site.Built, error) {
	p, err := look(cmd.Context(), cmd, "")
	if err != nil {
		return nil, nil, nil, err
	}
	at := ""
	if len(args) > 0 {
		at = args[0]
	}
	docs, err := handbook.New(p).Docs(cmd.Context(), at)
	if err != nil {
		return nil, nil, nil, err
	}
	what, built := docs.Site, docs.Built
	problems, warnings := append([]site.Problem{}, built.Problems...), []site.Problem{}
	if docs.Contract.Refuse {
		problems = append(problems, docs.Contract.Breaches...)
	} else {
		warnings = append(warnings, docs.Contract.Breaches...)
	}
	return p, &docsReport{
		Schema: "https://relctl.dev/schema/docs/v1", Product: what.Product, Version: what.Version, Channel: what.Channel, Commit: what.Commit,
		Pages: len(what.Pages), Files: len(built.Files), Problems: problems, Warnings: warnings,
	}, built, nil
}

// warn tells of problems that stop nothing.
func (s IO) warn(problems []site.Problem) {
	for _, one := range problems {
		s.say("warning: %s", plain(one.String()))
	}
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
