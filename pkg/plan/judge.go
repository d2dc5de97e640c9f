package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/release"
)

// Names of the gates that come from a channel's own keys, and of that which every channel has.
const (
	GateAccept  = "accept"
	GateSource  = "source"
	GateSoak    = "soak"
	GateUpgrade = "upgrade"
	GateMarkers = "markers"
)

// judge grades the evidence of each change and asks the planned gates.
func (d *draft) judge(ctx context.Context) error {
	d.gradeEvidence(ctx)
	d.plan.Verdicts = gate.Evaluate(ctx, d.gates(), release.Planned, gate.Subject{Inputs: d.plan.Inputs}, d.waived)
	return ctx.Err()
}

// gates are those that the channel's own keys stand for, then those that its file lists.
func (d *draft) gates() []gate.Entry {
	var entries []gate.Entry
	add := func(name string, m release.Moment, f gate.Func) {
		entries = append(entries, gate.Entry{Name: name, Moment: m, Gate: f})
	}
	if len(d.Channel.Checks) > 0 {
		add(GateChecks, release.Planned, d.checks)
	}
	if len(d.Channel.Accept) > 0 {
		add(GateAccept, release.Planned, d.accept)
	}
	if d.Channel.Source != "" {
		add(GateSource, release.Planned, d.source)
	}
	if d.Channel.Soak != nil {
		add(GateSoak, release.Planned, d.soak)
	}
	if d.Channel.Upgrade != nil {
		add(GateUpgrade, release.Planned, d.upgrade)
	}
	when := release.Planned
	if d.plan.Inputs.Previous == nil {
		when = release.Built // every file is new then, and reading them all would make plans slow
	}
	add(GateMarkers, when, d.markers)
	return append(entries, d.Gates...)
}

// waived looks for a waiver of a whole gate.
func (d *draft) waived(name string) (uint64, string, bool) {
	return d.Waivers.Gate(d.Channel.Name, name)
}

func (d *draft) changeWaiver(c release.Change) (uint64, string, bool) {
	for _, id := range []string{c.Commit, c.ID} {
		if event, reason, ok := d.Waivers.Change(d.Channel.Name, id); ok {
			return event, reason, true
		}
	}
	return 0, "", false
}

// accept holds the types of the changes against the channel's list. A revert takes back what was released, and is
// always acceptable.
func (d *draft) accept(context.Context, gate.Subject) release.Verdict {
	if d.plan.Inputs.Previous == nil {
		return release.Verdict{Status: release.NotEvaluated, Reason: "the first release of a line takes in everything; the rule counts from the next one on"}
	}
	var refused []string
	waived := 0
	for _, c := range d.plan.Changes {
		if slices.Contains(d.Channel.Accept, c.Type) && !c.Breaking || c.Type == "revert" {
			continue
		}
		if _, _, ok := d.changeWaiver(c); ok {
			waived++
			continue
		}
		refused = append(refused, fmt.Sprintf("%s %s", release.Short(c.Commit), describe(c)))
	}
	if len(refused) == 0 {
		reason := fmt.Sprintf("all changes are of type %s", strings.Join(d.Channel.Accept, ", "))
		if waived > 0 {
			reason += fmt.Sprintf(", or waived (%d)", waived)
		}
		return release.Verdict{Status: release.Pass, Reason: reason}
	}
	first := strings.Fields(refused[0])[0]
	more := ""
	if n := len(refused) - 1; n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return release.Verdict{
		Status: release.Fail,
		Reason: fmt.Sprintf("%s%s: the channel takes only %s", refused[0], more, strings.Join(d.Channel.Accept, ", ")),
		Hint:   fmt.Sprintf("take the change off the branch, or: relctl waive %s --change %s --reason '…'", d.Channel.Name, first),
	}
}

func describe(c release.Change) string {
	switch {
	case c.Type == "":
		return fmt.Sprintf("%q is not a conventional commit", c.Subject)
	case c.Breaking:
		return fmt.Sprintf("%q is a breaking %s", c.Subject, c.Type)
	}
	return fmt.Sprintf("%q is of type %s", c.Subject, c.Type)
}

// Recheck asks all gates of a plan again, the built ones on the files in dir, against the state of now.
func Recheck(ctx context.Context, req Request, p release.Plan, dir string) ([]release.Verdict, error) {
	d := draft{Request: req, plan: &p}
	if err := d.judge(ctx); err != nil {
		return nil, err
	}
	planned := slices.DeleteFunc(p.Verdicts, func(v release.Verdict) bool { return v.Status == release.Pending })
	built := gate.Evaluate(ctx, d.gates(), release.Built, gate.Subject{Inputs: p.Inputs, Dir: dir}, d.waived)
	return append(planned, built...), ctx.Err()
}
