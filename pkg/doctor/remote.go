package doctor

import (
	"context"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
)

// probeRef lies beside the ledger, so that the same rules of the server are for it.
const probeRef = "refs/heads/relctl/doctor"

// push looks whether a release could be pushed: the ledger and a tag, in one step.
func (d *examination) push(ctx context.Context) {
	head, err := d.repo.Resolve(ctx, plan.RemoteRef(d.remote, d.project.Policy.Branch))
	if err != nil {
		d.failed(Problem, "push", err)
		return
	}
	updates := []git.Update{{Ref: probeRef, New: head}}
	for _, ch := range d.project.Policy.Channels {
		if tag := ch.TagName(release.MustVersion("0.0.0-relctl.doctor")); tag != "" {
			updates = append(updates, git.Update{Ref: "refs/tags/" + tag, New: head})
			break
		}
	}
	if err := d.repo.TryPush(ctx, d.remote, updates); err != nil {
		d.failed(Problem, "push", err)
		return
	}
	if !d.opts.Probe {
		d.ok("push", "%s takes pushes of several refs at once; whether its rules let %s and tags through shows with --probe", d.remote, ledger.Ref)
		return
	}
	if err := d.repo.Push(ctx, d.remote, updates[:1]); err != nil {
		d.failed(Problem, "push", err)
		return
	}
	if err := d.repo.Delete(ctx, d.remote, probeRef, head); err != nil {
		d.add(Warning, "push", "delete the branch relctl/doctor by hand", "%s took the branch relctl/doctor, and does not let it be deleted: %s", d.remote, err)
		return
	}
	d.ok("push", "%s took and gave back a branch beside %s", d.remote, strings.TrimPrefix(ledger.Ref, "refs/heads/"))
}

// leeway is how far clocks may lie apart before it is told.
const leeway = 5 * time.Minute

// clock looks whether this machine's clock is behind what others wrote: time decides soaks, freezes and expiries.
func (d *examination) clock(ctx context.Context) {
	newest, what := time.Time{}, ""
	for _, ch := range d.project.Policy.Channels {
		id, err := d.repo.Resolve(ctx, plan.RemoteRef(d.remote, ch.Branch))
		if err != nil {
			continue // the channel's own finding
		}
		if c, err := d.repo.Commit(ctx, id); err == nil && c.Committer.When.After(newest) {
			newest, what = c.Committer.When, "the newest commit of "+ch.Branch
		}
	}
	if head := d.project.State.Head; head != "" {
		if c, err := d.repo.Commit(ctx, head); err == nil && c.Committer.When.After(newest) {
			newest, what = c.Committer.When, "the newest event of the ledger"
		}
	}
	if ahead := newest.Sub(d.opts.Now); ahead > leeway {
		d.add(Problem, "clock", "set this machine's clock, or find out who wrote with a wrong one", "%s is from %s, which lies ahead by %s",
			what, newest.UTC().Format(time.RFC3339), ahead.Round(time.Minute))
		return
	}
	d.ok("clock", "nothing that others wrote lies ahead of it")
}

// record looks whether the ledger is whole.
func (d *examination) record(ctx context.Context) {
	if d.project.State.Head == "" {
		d.ok("ledger", "it begins with the first release")
		return
	}
	roles, err := d.project.Keyrings()
	if err != nil {
		d.failed(Problem, "ledger", err)
		return
	}
	rep, err := d.project.Ledger.Verify(ctx, ledger.VerifyOptions{Roles: roles})
	if err != nil {
		d.failed(Problem, "ledger", err)
		return
	}
	bad := 0
	for _, f := range rep.Findings {
		if f.Severity == ledger.SeverityError {
			bad++
		}
	}
	if bad > 0 {
		d.add(Problem, "ledger", "relctl ledger verify", "%s in %s", release.Count(bad, "error"), release.Count(rep.Events, "event"))
		return
	}
	d.ok("ledger", "%s, each as it must be", release.Count(rep.Events, "event"))
}
