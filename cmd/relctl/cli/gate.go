package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

// addPrometheus adds the flag that names the metric server for gates that name none; look and act read it.
func addPrometheus(cmd *cobra.Command) {
	cmd.Flags().String("prometheus", "", "ask this metric server where a gate names none, an `address` such as http://prometheus:9090 (default: $RELCTL_PROMETHEUS)")
}

// prometheusFlag returns the metric server that the flag or the environment names.
func prometheusFlag(cmd *cobra.Command) string {
	if f := cmd.Flags().Lookup("prometheus"); f != nil && f.Changed {
		return f.Value.String()
	}
	return os.Getenv("RELCTL_PROMETHEUS")
}

func newGate(s IO) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "gate",
		Short: "Look at what gates were told",
		Example: `  relctl gate list rolling
  relctl gate replay 42`,
	}
	cmd.AddCommand(newGateList(s), newGateReplay(s))
	return cmd
}

// gateRow is one gate of a channel.
type gateRow struct {
	Name string `json:"name"`
	// When is planned, built, or "leaving ring <name>".
	When string `json:"when"`
	Kind string `json:"kind"`
	Asks string `json:"asks"`
}

// gateList is what relctl gate list prints.
type gateList struct {
	Schema  string    `json:"schema"`
	Channel string    `json:"channel"`
	Gates   []gateRow `json:"gates"`
}

func newGateList(s IO) *cobra.Command {
	var remote *string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "list <channel>",
		Short: "List a channel's gates, when each is asked, and what",
		Long: `list shows the gates of a channel's cuts and rings. If a cut, promote or advance in this clone was refused by gates, it
names on stderr the file with what they were told then; relctl gate replay judges it again.`,
		Example: "  relctl gate list rolling",
		Args:    exactly("channel"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, ch, err := findChannel(args[0])(look(cmd.Context(), cmd, *remote))
			if err != nil {
				return err
			}
			rows := gateRows(ch)
			if *asJSON {
				return s.json(gateList{Schema: "https://relctl.dev/schema/gate-list/v1", Channel: ch.Name, Gates: rows})
			}
			if len(rows) == 0 {
				s.say("channel %s has no gates", ch.Name)
			}
			if err := sayRefused(s, p, ch); err != nil {
				return err
			}
			return s.table(func(row func(cells ...string)) {
				for _, r := range rows {
					row(r.Name, r.When, r.Kind, plain(r.Asks))
				}
			})
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	return cmd
}

// sayRefused tells where what gates last refused lies.
func sayRefused(s IO, p *project.Project, ch *channel.Channel) error {
	refused, files, err := p.Refusals(ch)
	if err != nil {
		return err
	}
	for i, r := range refused {
		where := ""
		if r.Ring != "" {
			where = " in ring " + plain(r.Ring)
		}
		s.say("%s%s was refused at %s: relctl gate replay %s", r.Version, where, r.Time.Format("2006-01-02 15:04 MST"), plain(files[i]))
	}
	return nil
}

// replayReport is what relctl gate replay prints.
type replayReport struct {
	Schema string `json:"schema"`
	// Event is the number of the ledger's event, 0 for a file.
	Event uint64           `json:"event,omitempty"`
	Gates []project.Replay `json:"gates"`
}

func newGateReplay(s IO) *cobra.Command {
	var remote *string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "replay <event or file>",
		Short: "Judge again what gates were told",
		Long: `replay takes the records of gates, which say what each asked and was answered, and judges them again, without asking
anybody. They lie in the events of the ledger that relied on them: reserve, cut and promote. What gates
refused lies in dist/relctl/refused-….json of the clone in which they were asked, until the next refusal; relctl gate list
names those files. Records also stand in what relctl plan --json prints; - reads it from standard input. It ends with exit code 6 if a verdict comes out differently
or would let nothing through.`,
		Example: `  relctl gate replay 42                            what event 42 of the ledger relied on
  relctl plan lts-2.4 --json | relctl gate replay -
  relctl gate replay 42 --json                     with the records`,
		Args: exactly("event or file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			report, err := replay(cmd, s, *remote, args[0])
			if err != nil {
				return err
			}
			if *asJSON {
				if err := s.json(report); err != nil {
					return err
				}
			} else if err := printReplay(s, report.Gates); err != nil {
				return err
			}
			for _, r := range report.Gates {
				if !r.Holds() {
					return &exitError{code: exitGate}
				}
			}
			return nil
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	return cmd
}

// replay judges the records of an event, by its number, or of a file again.
func replay(cmd *cobra.Command, s IO, remote, what string) (*replayReport, error) {
	out := &replayReport{Schema: "https://relctl.dev/schema/gate-replay/v1"}
	var verdicts []release.Verdict
	if n, err := strconv.ParseUint(what, 10, 53); err == nil {
		p, err := look(cmd.Context(), cmd, remote)
		if err != nil {
			return nil, err
		}
		if out.Event, verdicts, err = eventVerdicts(cmd, p, n); err != nil {
			return nil, err
		}
	} else {
		data, err := readInput(s, what)
		if err != nil {
			return nil, err
		}
		if verdicts, err = fileVerdicts(data); err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
	}
	var err error
	out.Gates, err = project.ReplayVerdicts(verdicts)
	if err == nil && len(out.Gates) == 0 {
		err = errors.New("there are no verdicts of gates")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return out, nil
}

// eventVerdicts returns the verdicts that an event of the ledger relied on.
func eventVerdicts(cmd *cobra.Command, p *project.Project, n uint64) (uint64, []release.Verdict, error) {
	for rec, err := range p.Ledger.Log(cmd.Context()) {
		if err != nil {
			return 0, nil, err
		}
		if rec.Number == n {
			return n, project.EventVerdicts(&rec.Event), nil
		}
	}
	return 0, nil, &noEventError{number: n}
}

// noEventError is a number that no event of the ledger has.
type noEventError struct{ number uint64 }

func (e *noEventError) Error() string { return fmt.Sprintf("the ledger has no event %d", e.number) }

// Hint says where the numbers are.
func (*noEventError) Hint() string {
	return "relctl ledger log lists the events; for a file of that name write ./ before it"
}

// fileVerdicts reads a record, an event, or anything that has verdicts, such as a plan.
func fileVerdicts(data []byte) ([]release.Verdict, error) {
	var head struct {
		Schema   string            `json:"schema"`
		Verdicts []release.Verdict `json:"verdicts"`
	}
	if err := release.Decode(data, &head); err != nil {
		return nil, err
	}
	switch head.Schema {
	case gate.RecordSchema:
		r, v, err := gate.Replay(data)
		v.Gate, v.Record = r.Gate, json.RawMessage(data)
		return []release.Verdict{v}, err
	case ledger.EventSchema:
		e, err := ledger.DecodeEvent(data)
		if err != nil {
			return nil, err
		}
		return project.EventVerdicts(e), nil
	}
	return head.Verdicts, nil
}

func printReplay(s IO, gates []project.Replay) error {
	return s.table(func(row func(cells ...string)) {
		for _, r := range gates {
			name := r.Recorded.Gate
			if r.Ring != "" {
				name += " of ring " + r.Ring
			}
			switch {
			case r.Replayed == nil:
				row("-", plain(name), string(r.Recorded.Status)+", without a record: "+plain(r.Recorded.Reason))
			case !r.Same:
				row("DIFFERS", plain(name), fmt.Sprintf("recorded %s, judged again %s: %s", r.Recorded.Status, r.Replayed.Status, plain(r.Replayed.Reason)))
			case r.Recorded.Status == release.Waived:
				row("same", plain(name), fmt.Sprintf("%s, waived by event %d: %s", r.Replayed.Status, r.Recorded.Waiver, plain(r.Replayed.Reason)))
			default:
				row("same", plain(name), fmt.Sprintf("%s: %s", r.Replayed.Status, plain(r.Replayed.Reason)))
			}
		}
	})
}
