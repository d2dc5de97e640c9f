package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/changelog"
	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/handbook"
	"github.com/relctl/relctl/pkg/release"
)

func newPlan(s IO) *cobra.Command {
	var remote *string
	var asJSON *bool
	var opts cut.PlanOptions
	var fetch bool
	cmd := &cobra.Command{
		Use:   "plan <channel>",
		Short: "Show what a cut would do, and why",
		Long: `plan shows the next version of a channel and why it is that, the changes since the last release, what each gate
says, and what would be built. It changes nothing. Its digest names the plan: relctl cut --plan <digest> does exactly
this, or stops with exit code 5 and says what moved. Exit code 6, as in a cut, where a fact breaks that no note tells
operators of, and where alerts and runbooks do not agree with the product (see relctl docs check).`,
		Example: `  relctl plan lts-2.4
  relctl plan lts-2.4 --pre rc        the next release candidate
  relctl plan lts-2.4 --json          for a CI job`,
		Args: exactly("channel"),
		RunE: func(cmd *cobra.Command, args []string) error {
			open := look
			if fetch {
				open = act
			}
			p, ch, err := findChannel(args[0])(open(cmd.Context(), cmd, *remote))
			if err != nil {
				return err
			}
			opts.Now = s.now()
			made, err := cut.Plan(cmd.Context(), p, ch, opts)
			if err != nil {
				return err
			}
			agreed, err := handbook.New(p).Contract(cmd.Context(), made.Inputs)
			if err != nil {
				return err
			}
			if !agreed.Refuse {
				s.warn(agreed.Breaches)
			}
			if err := jobHere().planned(made); err != nil {
				return err
			}
			if *asJSON {
				return errors.Join(s.json(made), handbook.NotesRefusal(made), agreed.Err())
			}
			printPlan(s, made)
			return errors.Join(handbook.NotesRefusal(made), agreed.Err())
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().StringVar(&opts.Pre, "pre", "", "plan a pre-release with this `name`, such as rc")
	cmd.Flags().StringVar(&opts.Goreleaser, "goreleaser", "", "`path` of the goreleaser program (default: from the PATH)")
	addPrometheus(cmd)
	cmd.Flags().BoolVar(&fetch, "fetch", false, "fetch the remote's refs first, as cut does")
	return cmd
}

// printPlan writes a plan for a person.
func printPlan(s IO, p *release.Plan) {
	in := p.Inputs
	s.print("%s  %s\n\n", s.paint("1", fmt.Sprintf("%s %s %s", in.Product, in.Channel, in.Version)), plain(p.Why))
	row := func(key, value string) { s.print("  %-9s %s\n", key, plain(value)) }
	row("commit", fmt.Sprintf("%s  %s  %s", release.Short(in.Commit), in.Branch[len("refs/heads/"):], in.SourceDate.Format(time.DateOnly)))
	if in.Previous != nil {
		row("previous", fmt.Sprintf("%s  %s", in.Previous.Version, release.Short(in.Previous.Commit)))
	}
	if in.Tag != "" {
		row("tag", in.Tag)
	}
	row("digest", p.Digest)
	printSkipped(s, p)

	s.print("\n%s\n", s.paint("1", fmt.Sprintf("Changes (%d)", len(p.Changes))))
	s.print("%s", changelog.Terminal(p.Changes))

	s.print("\n%s\n", s.paint("1", "Gates"))
	printVerdicts(s, p.Verdicts)
	printEvidence(s, p)

	s.print("\n%s\n", s.paint("1", "Build"))
	for _, line := range p.Build {
		s.print("  %s\n", plain(line))
	}
	for _, pin := range in.Pins {
		s.print("  pinned: %s %s\n", plain(pin.Name), plain(pin.Value))
	}
	printNotes(s, "Warnings", p.Warnings)
	printNotes(s, "Assumed", p.Assumptions)
	if n := len(release.Blocking(p.Verdicts)); n > 0 {
		s.print("\nA cut would stop: %s refuses or cannot say.\n", release.Count(n, "gate"))
		return
	}
	s.print("\nNext: relctl cut %s --plan %s\n", in.Channel, p.Digest)
}

func printNotes(s IO, heading string, notes []string) {
	if len(notes) == 0 {
		return
	}
	s.print("\n%s\n", s.paint("1", heading))
	for _, n := range notes {
		s.print("  %s\n", plain(n))
	}
}

// printVerdicts writes one line a gate, with what would change its mind.
func printVerdicts(s IO, verdicts []release.Verdict) {
	if len(verdicts) == 0 {
		s.print("  none\n")
	}
	width := 10
	for _, v := range verdicts {
		width = max(width, len(v.Gate))
	}
	for _, v := range verdicts {
		word := map[release.Status]string{release.NotEvaluated: "not evaluated", release.NoData: "no data"}[v.Status]
		if word == "" {
			word = string(v.Status)
		}
		style := map[release.Status]string{release.Pass: "32", release.Waived: "33", release.Fail: "31", release.Errored: "31", release.NoData: "31"}[v.Status]
		padded := fmt.Sprintf("%-13s", word)
		if style != "" {
			padded = s.paint(style, padded)
		}
		s.print("  %s  %-*s  %s\n", padded, width, plain(v.Gate), plain(v.Reason))
		if v.Hint != "" && v.Blocks() {
			s.print("  %-13s  %-*s  → %s\n", "", width, "", plain(v.Hint))
		}
	}
}
