package plan

import (
	"context"
	"fmt"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/release"
)

// markers refuses files in which somebody left git's conflict markers since the previous release. A file that shows
// such markers on purpose can be let through with a waiver.
func (d *draft) markers(ctx context.Context, _ gate.Subject) release.Verdict {
	from := "" // all of it
	if p := d.plan.Inputs.Previous; p != nil {
		from = p.Commit
	}
	found, err := d.Repo.ConflictMarkers(ctx, from, d.plan.Inputs.Commit)
	if err != nil {
		return release.Verdict{Status: release.Errored, Reason: err.Error()}
	}
	if len(found) == 0 {
		return release.Verdict{Status: release.Pass, Reason: "no file holds conflict markers"}
	}
	var places []string
	for _, m := range found {
		places = append(places, fmt.Sprintf("%s:%d", m.Path, m.Line))
	}
	return release.Verdict{
		Status: release.Fail, Reason: "conflict markers were left in " + listed(places),
		Hint: "resolve the conflict on the branch; if the file shows them on purpose: relctl waive " + d.Channel.Name + " --gate markers --reason '…'",
	}
}
