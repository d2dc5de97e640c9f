package cli

import (
	"errors"
	"fmt"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/upgrade"
)

// wayError is a refused way, as those are told who make the releases.
type wayError struct {
	*upgrade.Refusal
	from, to release.Version
}

func (e *wayError) Unwrap() error { return e.Refusal }

// Hint says what customers are told, and how to look behind it.
func (e *wayError) Hint() string {
	return fmt.Sprintf("%s. Who makes the releases: relctl upgrade check %s %s lists the fixes that would go missing", e.Remedy, e.from, e.to)
}

// planWay is [upgrade.Plan] for those who make the releases.
func planWay(lines []upgrade.Line, from, to release.Version) ([]upgrade.Step, error) {
	steps, err := upgrade.Plan(lines, from, to)
	var no *upgrade.Refusal
	if errors.As(err, &no) && no.Code == upgrade.CodeNoWay && from.Compare(to) < 0 {
		return nil, &wayError{no, from, to}
	}
	return steps, err
}
