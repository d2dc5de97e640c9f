package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/doctor"
	"github.com/relctl/relctl/pkg/release"
)

// doctorReport is what relctl doctor prints with --json.
type doctorReport struct {
	Schema   string           `json:"schema"`
	Findings []doctor.Finding `json:"findings"`
}

func newDoctor(s IO) *cobra.Command {
	var remote *string
	var asJSON *bool
	var goreleaser string
	var probe bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what would keep a release from being made, and say what to do",
		Long: `doctor looks at git and this clone, the remote, the channel files on its default branch, keys and roles, stores, how
every branch is built, the documentation, how long trust lasts, the clock, and the ledger. It changes nothing, but for the
clone's knowledge of the remote.

Rules that a server applies to what is pushed, such as protected branches, show only in a push: --probe pushes the
branch relctl/doctor, at the default branch's commit, and deletes it. Jobs that run for every branch run for it too. Into each
store it stages a small file, which nobody sees, and takes it back.

Exit code 1 if there is a problem; a warning alone is none.`,
		Example: `  relctl doctor
  relctl doctor --probe`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := doctor.Examine(cmd.Context(), doctor.Options{Dir: repoFlag(cmd), Remote: *remote, Probe: probe, Goreleaser: goreleaser, Now: s.now()})
			if err != nil {
				return err
			}
			if *asJSON {
				if err := s.json(doctorReport{"https://relctl.dev/schema/doctor/v1", list}); err != nil {
					return err
				}
			} else {
				printFindings(s, list)
			}
			if doctor.Failed(list) {
				return &exitError{exitFailed}
			}
			return nil
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().BoolVar(&probe, "probe", false, "push the branch relctl/doctor and stage a file in each store, and take both back")
	cmd.Flags().StringVar(&goreleaser, "goreleaser", "", "`path` of the goreleaser program (default: from the PATH)")
	return cmd
}

var findingMarks = map[doctor.Status][2]string{doctor.OK: {"32", "ok"}, doctor.Warning: {"33", "warning"}, doctor.Problem: {"31", "problem"}}

func printFindings(s IO, list []doctor.Finding) {
	wide := 0
	for _, f := range list {
		wide = max(wide, len(f.Subject))
	}
	count := map[doctor.Status]int{}
	for _, f := range list {
		count[f.Status]++
		mark := findingMarks[f.Status]
		indent := strings.Repeat(" ", wide+13)
		text := strings.ReplaceAll(plainLines(f.Text), "\n", "\n"+indent)
		s.print("  %s  %-*s  %s\n", s.paint(mark[0], fmt.Sprintf("%-7s", mark[1])), wide, f.Subject, text)
		if f.Remedy != "" {
			s.print("%s→ %s\n", indent, strings.ReplaceAll(plainLines(f.Remedy), "\n", "\n"+indent+"  "))
		}
	}
	s.print("\n%s, %s\n", release.Count(count[doctor.Problem], "problem"), release.Count(count[doctor.Warning], "warning"))
}
