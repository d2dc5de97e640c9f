package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

func newLedger(s IO) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "Read and check the record of everything relctl did",
		Example: `  relctl ledger log
  relctl ledger verify`,
	}
	cmd.AddCommand(newLedgerLog(s), newLedgerVerify(s), newLedgerEndorse(s))
	return cmd
}

const ledgerLogSchema = "https://relctl.dev/schema/ledger-log/v1"

// ledgerLog is a list of events as JSON.
type ledgerLog struct {
	Schema string            `json:"schema"`
	Events []ledger.Recorded `json:"events"`
}

func newLedgerLog(s IO) *cobra.Command {
	var remote *string
	var asJSON *bool
	var channel string
	cmd := &cobra.Command{
		Use:   "log",
		Short: "List the events, newest first",
		Example: `  relctl ledger log
  relctl ledger log --channel lts-2.4
  relctl ledger log --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			p, err := look(ctx, cmd, *remote)
			if err != nil {
				return err
			}
			events := []ledger.Recorded{}
			for rec, err := range p.Ledger.Log(ctx) {
				if err != nil {
					return err
				}
				if channel == "" || rec.Channel == channel {
					events = append(events, *rec)
				}
			}
			if *asJSON {
				return s.json(ledgerLog{Schema: ledgerLogSchema, Events: events})
			}
			if len(events) == 0 {
				s.say("the ledger is empty")
				return nil
			}
			w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
			for _, e := range events {
				_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", e.Number, e.Time.Format(time.DateTime), e.Type, dash(e.Channel), plain(e.Summary()), plain(e.Actor))
			}
			return w.Flush()
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().StringVar(&channel, "channel", "", "only events of this `channel`")
	return cmd
}

func newLedgerVerify(s IO) *cobra.Command {
	var remote *string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check that the ledger, its tags and its signatures are what they were",
		Long: `verify reads the whole ledger and checks that it only ever grew, one event a commit, without gaps; that every event
could follow the ones before it; that each tag still is what was recorded, and its message too; and which events carry a
signature of a role. It ends with exit code 1 if anything is wrong.`,
		Example: "  relctl ledger verify",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			p, err := look(ctx, cmd, *remote)
			if err != nil {
				return err
			}
			return verifyLedger(cmd, s, p, *asJSON)
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	return cmd
}

func verifyLedger(cmd *cobra.Command, s IO, p *project.Project, asJSON bool) error {
	keys, err := p.Keyrings()
	if err != nil {
		return err
	}
	report, err := p.Ledger.Verify(cmd.Context(), ledger.VerifyOptions{Roles: keys})
	if err != nil {
		return err
	}
	if asJSON {
		if err := s.json(report); err != nil {
			return err
		}
	}
	bad := 0
	for _, f := range report.Findings {
		if f.Severity == ledger.SeverityError {
			bad++
		}
		if !asJSON {
			s.print("%-7s  %-22s  event %d: %s\n", strings.ToUpper(string(f.Severity)), f.Code, f.Event, plain(f.Text))
		}
	}
	if !asJSON {
		s.print("%s checked, %s\n", release.Count(report.Events, "event"), release.Count(bad, "error"))
	}
	if bad > 0 {
		return &exitError{code: exitFailed}
	}
	return nil
}
