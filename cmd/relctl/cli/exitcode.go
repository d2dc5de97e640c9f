package cli

import (
	"errors"

	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/handbook"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/ring"
	"github.com/relctl/relctl/pkg/rollout"
	"github.com/relctl/relctl/pkg/site"
	"github.com/relctl/relctl/pkg/upgrade"
	"github.com/relctl/relctl/pkg/version"
)

// exitCode is the one place where errors become exit codes.
func exitCode(err error) int {
	var (
		usage   *usageError
		pre     *version.PreError
		partly  *cut.PartlyError
		moved   *plan.MovedError
		empty   *plan.EmptyError
		gate    *project.RefusedError
		loss    *lossError
		waiting *cut.WaitingError
		trusted *project.TrustWaitError
		format  *bundle.FormatError
		refusal *ring.Refusal
		nothing *rollout.NothingError
		lacks   *rollout.UnsignedError
		behind  *rollout.DeployError
		ended   *plan.EndedError
		no      *upgrade.Refusal
		other   *cut.DifferentError
		docs    *site.ProblemsError
		notes   *handbook.NotesError
		file    *planFileError
		stale   *cut.StalePlanError
		shard   *cut.ShardError
		changed *build.ChangedError
		overlap *build.OverlapError
		lacking *cut.MissingShardsError
	)
	switch {
	case errors.As(err, &usage), errors.As(err, &pre):
		return exitUsage
	case errors.As(err, &partly), errors.As(err, &behind):
		return exitPartly
	case errors.As(err, &format), errors.As(err, &other), errors.As(err, &file), errors.As(err, &shard), errors.As(err, &changed), errors.As(err, &overlap):
		return exitRefused
	case errors.As(err, &moved), errors.As(err, &empty), errors.As(err, &stale):
		return exitMoved
	case errors.As(err, &gate), errors.As(err, &loss), errors.As(err, &refusal), errors.As(err, &nothing), errors.As(err, &lacks), errors.As(err, &ended), errors.As(err, &no), errors.As(err, &docs), errors.As(err, &notes):
		return exitGate
	case errors.As(err, &waiting), errors.As(err, &trusted), errors.As(err, &lacking):
		return exitWaiting
	}
	return exitFailed
}
