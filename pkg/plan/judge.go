package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/release"
)

// Names of the gates that every LTS channel has by its own keys in the channel file.
const (
	GateAccept = "accept"
	GateSource = "source"
	GateSoak   = "soak"
)

// judge grades the evidence of each change and asks the gates: first those that the channel's own keys stand for, then
// those that its file lists.
func (d *draft) judge(ctx context.Context) error {
	d.gradeEvidence()
	var entries []gate.Entry
	add := func(name string, f gate.Func) {
		entries = append(entries, gate.Entry{Name: name, Moment: release.Planned, Gate: f})
	}
	if len(d.Channel.Accept) > 0 {
		add(GateAccept, d.accept)
	}
	if d.Channel.Source != "" {
		add(GateSource, d.source)
	}
	if d.Channel.Soak != nil {
		add(GateSoak, d.soak)
	}
	entries = append(entries, d.Gates...)
	d.plan.Verdicts = gate.Evaluate(ctx, entries, release.Planned, gate.Subject{Inputs: d.plan.Inputs}, d.waived)
	if d.plan.Verdicts == nil {
		d.plan.Verdicts = []release.Verdict{}
	}
	return ctx.Err()
}

// waived looks for a waiver of a whole gate.
func (d *draft) waived(name string) (uint64, string, bool) {
	return d.Waivers.Gate(d.Channel.Name, name)
}

func (d *draft) gradeEvidence() {
	d.plan.Evidence = make([]release.Evidence, 0, len(d.plan.Changes))
	for _, c := range d.plan.Changes {
		e := release.Evidence{Change: c.ID, Commit: c.Commit, Type: c.Type, Subject: c.Subject, Grade: release.GradeNotEvaluated}
		if event, reason, ok := d.changeWaiver(c); ok {
			e.Grade, e.Reason, e.Waiver = release.GradeWaived, reason, event
		}
		d.plan.Evidence = append(d.plan.Evidence, e)
	}
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

// source asks whether every change exists on the source channel's branch. Trailers name the originals; a change that
// names none stays not evaluated, unless its message says that it belongs to this line only.
func (d *draft) source(ctx context.Context, _ gate.Subject) release.Verdict {
	src, err := d.Policy.Channel(d.Channel.Source)
	if err != nil {
		return release.Verdict{Status: release.Errored, Reason: err.Error()}
	}
	ref := RemoteRef(d.Remote, src.Branch)
	tip, err := d.Repo.Resolve(ctx, ref)
	if err != nil {
		return release.Verdict{Status: release.Errored, Reason: fmt.Sprintf("%s: %v", ref, err)}
	}
	var originals, unnamed []string
	only := 0
	for _, c := range d.plan.Changes {
		switch {
		case ltsOnly(c):
			only++
		case len(c.PickedFrom) > 0:
			originals = append(originals, c.PickedFrom[0])
		default:
			unnamed = append(unnamed, c.Commit)
		}
	}
	// What has no pick trailer may still be an ancestor, as on a line that was cut from the source branch today.
	missing, err := d.notIn(ctx, tip, append(originals, unnamed...))
	if err != nil {
		return release.Verdict{Status: release.Errored, Reason: err.Error()}
	}
	var lost, open []string
	for _, id := range missing {
		if slices.Contains(originals, id) {
			lost = append(lost, release.Short(id))
		} else {
			open = append(open, release.Short(id))
		}
	}
	total := len(d.plan.Changes)
	switch {
	case len(lost) > 0:
		return release.Verdict{Status: release.Fail, Reason: fmt.Sprintf("picked from commits that are not on %s: %s", src.Branch, strings.Join(lost, ", ")),
			Hint: "bring the change to " + src.Branch + " first"}
	case len(open) > 0:
		return release.Verdict{Status: release.NotEvaluated, Reason: fmt.Sprintf("%d of %d changes name no original on %s: %s", len(open), total, src.Branch, strings.Join(open, ", "))}
	case only > 0:
		return release.Verdict{Status: release.Pass, Reason: fmt.Sprintf("every change is on %s, or for this line only (%d)", src.Branch, only)}
	}
	return release.Verdict{Status: release.Pass, Reason: fmt.Sprintf("every change is on %s", src.Branch)}
}

// ltsOnly reports whether a change's message says, with a reason, that it belongs to its line only.
func ltsOnly(c release.Change) bool {
	return slices.ContainsFunc(c.Footers, func(f release.Footer) bool {
		return strings.EqualFold(f.Token, "lts-only") && strings.TrimSpace(f.Value) != ""
	})
}

// notIn returns those of the commits that tip does not contain, with one walk for all of them. A commit that does not
// exist here counts as not contained.
func (d *draft) notIn(ctx context.Context, tip string, ids []string) ([]string, error) {
	var have, out []string
	for _, id := range ids {
		full, err := d.Repo.Resolve(ctx, id)
		if err != nil {
			out = append(out, id)
			continue
		}
		have = append(have, full)
	}
	if len(have) == 0 {
		return out, nil
	}
	for c, err := range d.Repo.Log(ctx, git.LogOptions{To: have, Not: []string{tip}}) {
		if err != nil {
			return nil, err
		}
		if slices.Contains(have, c.ID) {
			out = append(out, c.ID)
		}
	}
	return out, nil
}

// soak says plainly that nothing was asked.
func (d *draft) soak(context.Context, gate.Subject) release.Verdict {
	s := d.Channel.Soak
	return release.Verdict{
		Status: release.NotEvaluated,
		Reason: fmt.Sprintf("no ring records health yet, so nobody knows whether the changes ran %s in %s", s.For, s.Ring),
	}
}

// Recheck asks all gates of a plan again, the built ones on the files in dir, against the state of now.
func Recheck(ctx context.Context, req Request, p release.Plan, dir string) ([]release.Verdict, error) {
	d := draft{Request: req, plan: &p}
	if err := d.judge(ctx); err != nil {
		return nil, err
	}
	planned := slices.DeleteFunc(p.Verdicts, func(v release.Verdict) bool { return v.Status == release.Pending })
	built := gate.Evaluate(ctx, req.Gates, release.Built, gate.Subject{Inputs: p.Inputs, Dir: dir}, d.waived)
	return append(planned, built...), ctx.Err()
}
