package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

// GateChecks is the gate that a channel's key checks stands for.
const GateChecks = "checks"

// maxSkipped bounds the commits that a plan tells of one by one.
const maxSkipped = 10

// test chooses the newest commit of the branch, by first parents and after the previous release, whose required checks all
// passed. If none has, or if the gate is waived, the plan is of the branch's head, and the gate says what it lacks.
func (d *draft) test(ctx context.Context) error {
	if len(d.Channel.Checks) == 0 || d.since == d.head.ID {
		return nil
	}
	if _, _, waived := d.waived(GateChecks); waived {
		return nil
	}
	walk := git.LogOptions{To: []string{d.head.ID}, FirstParent: true}
	if d.since != "" {
		walk.Not = []string{d.since}
	}
	for c, err := range d.Repo.Log(ctx, walk) {
		if err != nil {
			return err
		}
		r, err := d.checked(ctx, c.ID)
		if err != nil {
			return err
		}
		if len(r.lacks) == 0 {
			return d.settle(ctx, c)
		}
		subject, _, _ := strings.Cut(c.Message, "\n")
		if d.skipped++; len(d.skips) < maxSkipped {
			d.skips = append(d.skips, release.SkippedCommit{Commit: c.ID, Subject: subject, Reason: strings.Join(r.lacks, ", ")})
		}
	}
	return nil
}

// settle makes the plan one of a commit that passed. One on a side that the previous release is not part of is none.
func (d *draft) settle(ctx context.Context, c *git.Commit) error {
	if d.since != "" {
		if ok, err := d.Repo.IsAncestor(ctx, d.since, c.ID); !ok || err != nil {
			return err
		}
	}
	d.plan.Skipped, d.plan.SkippedCount = d.skips, d.skipped
	d.at(c)
	return nil
}

// results are those of the required checks of one commit.
type results struct {
	// lacks says what is missing, each a phrase; empty if all passed.
	lacks []string
	// failed says that one failed, instead of being silent.
	failed bool
	// proof are the ledger's events, and signers who signed them.
	proof, signers []string
}

func (d *draft) checked(ctx context.Context, commit string) (results, error) {
	var r results
	var known map[string]ledger.Check
	if d.Checks != nil {
		var err error
		if known, err = d.Checks(ctx, commit); err != nil {
			return r, err
		}
	}
	for _, name := range d.Channel.Checks {
		c, ok := known[name]
		switch {
		case !ok:
			r.lacks = append(r.lacks, name+" has not reported")
		case c.Status != release.Pass:
			r.failed = true
			where := fmt.Sprintf("ledger event %d", c.Event)
			if c.Details != "" {
				where += ", " + c.Details
			}
			r.lacks = append(r.lacks, fmt.Sprintf("%s failed (%s)", name, where))
		default:
			r.proof = append(r.proof, fmt.Sprint(c.Event))
			if c.Signer != "" && !slices.Contains(r.signers, c.Signer) {
				r.signers = append(r.signers, c.Signer)
			}
		}
	}
	return r, nil
}

// checks is the gate: the required checks of the plan's commit have passed.
func (d *draft) checks(ctx context.Context, s gate.Subject) release.Verdict {
	r, err := d.checked(ctx, s.Inputs.Commit)
	if err != nil {
		return release.Verdict{Status: release.Errored, Reason: err.Error()}
	}
	if len(r.lacks) == 0 {
		reason := fmt.Sprintf("%s passed on %s (ledger %s)", strings.Join(d.Channel.Checks, ", "), release.Short(s.Inputs.Commit), strings.Join(r.proof, ", "))
		if len(r.signers) > 0 {
			reason += ", signed by " + strings.Join(r.signers, ", ")
		}
		return release.Verdict{Status: release.Pass, Reason: reason}
	}
	v := release.Verdict{
		Status: release.NoData,
		Reason: fmt.Sprintf("%s: %s", release.Short(s.Inputs.Commit), strings.Join(r.lacks, ", ")),
		Hint: fmt.Sprintf("CI says so with: relctl observe check %s --check %s --status pass\nor let the commit through: relctl waive %s --gate %s --reason '…'",
			release.Short(s.Inputs.Commit), quoted(d.Channel.Checks[0]), d.Channel.Name, GateChecks),
	}
	if r.failed {
		v.Status = release.Fail
	}
	if d.skipped > 1 {
		v.Reason = "no commit since the last release passed all checks: " + Skipped(d.skips, d.skipped)
	}
	return v
}

// quoted is a word of a shell's command line.
func quoted(word string) string {
	if strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Skipped says in one line which commits were passed over and why, at most three of them; n is how many there are in all.
func Skipped(commits []release.SkippedCommit, n int) string {
	const most = 3
	commits = commits[:min(len(commits), most)]
	var each []string
	for _, c := range commits {
		each = append(each, fmt.Sprintf("%s %s", release.Short(c.Commit), c.Reason))
	}
	text := strings.Join(each, "; ")
	if more := n - len(commits); more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}
