package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/slo"
)

func newSLO(s IO) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "slo",
		Short:   "Turn service level objectives into Prometheus rules",
		Example: "  relctl slo rules slo.yaml > slo.rules.yaml",
	}
	cmd.AddCommand(newSLORules(s))
	return cmd
}

func newSLORules(s IO) *cobra.Command {
	var check string
	cmd := &cobra.Command{
		Use:   "rules <file>",
		Short: "Print the recording and alerting rules of an SLO file",
		Long: `rules reads an SLO file, - for standard input, and prints the rules that Prometheus needs for it: the share of errors
over seven windows, and alerts that fire while the error budget is used up too fast. Each carries the ring and the
version of the series that it is about. Equal files give equal rules.`,
		Example: `  relctl slo rules slo.yaml > slo.rules.yaml
  relctl slo rules slo.yaml --check slo.rules.yaml     in CI: are they those of the file?`,
		Args: exactly("file"),
		RunE: func(_ *cobra.Command, args []string) error {
			data, err := readInput(s, args[0])
			if err != nil {
				return err
			}
			f, err := slo.Parse(data)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if check == "" {
				_, err := s.Out.Write(f.Rules())
				return err
			}
			have, err := os.ReadFile(check)
			if err != nil {
				return err
			}
			if !bytes.Equal(have, f.Rules()) {
				return &rulesError{file: args[0], rules: check}
			}
			s.say("%s holds the rules of %s", plain(check), plain(args[0]))
			return nil
		},
	}
	cmd.Flags().StringVar(&check, "check", "", "print nothing, and fail unless this `file` holds the rules")
	return cmd
}

// rulesError is a file of rules that is not what the SLO file says.
type rulesError struct{ file, rules string }

func (e *rulesError) Error() string {
	return fmt.Sprintf("%s does not hold the rules of %s", e.rules, e.file)
}

// Hint says how to write it.
func (e *rulesError) Hint() string { return fmt.Sprintf("relctl slo rules %s > %s", e.file, e.rules) }

// maxInput bounds what is read from a file that is named on the command line.
const maxInput = 64 << 20

// readInput reads a file, or standard input for "-".
func readInput(s IO, name string) ([]byte, error) {
	in := s.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxInput+1))
	if err == nil && len(data) > maxInput {
		err = fmt.Errorf("%s is larger than %d MiB", name, maxInput>>20)
	}
	return data, err
}
