package cli

import (
	"errors"

	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/plan"
)

// exitCode is the one place where errors become exit codes.
func exitCode(err error) int {
	var (
		usage   *usageError
		partly  *cut.PartlyError
		moved   *plan.MovedError
		empty   *plan.EmptyError
		gate    *cut.RefusedError
		waiting *cut.WaitingError
		format  *bundle.FormatError
	)
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &partly):
		return exitPartly
	case errors.As(err, &format):
		return exitRefused
	case errors.As(err, &moved), errors.As(err, &empty):
		return exitMoved
	case errors.As(err, &gate):
		return exitGate
	case errors.As(err, &waiting):
		return exitWaiting
	}
	return exitFailed
}
