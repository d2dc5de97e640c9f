package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/release"
)

// source asks whether every change exists on the source channel's branch, and still stands there: what is only on the
// line would be lost with the next upgrade. The line's own releases and reverts are no such changes, nor is what
// somebody declared to belong to the line.
func (d *draft) source(ctx context.Context, _ gate.Subject) release.Verdict {
	ix, err := d.lines(ctx)
	if err != nil {
		return release.Verdict{Status: release.Errored, Reason: err.Error()}
	}
	var lost []string
	only, waived := 0, 0
	for _, c := range d.plan.Changes {
		_, _, isWaived := d.changeWaiver(c)
		switch problem := d.offSource(ix, c); {
		case problem == "":
		case ltsOnly(ix, c):
			only++
		case isWaived:
			waived++
		default:
			lost = append(lost, fmt.Sprintf("%s %q %s", release.Short(c.Commit), c.Subject, problem))
		}
	}
	if len(lost) > 0 {
		first := strings.Fields(lost[0])[0]
		more, once := "", ""
		if n := len(lost) - 1; n > 0 {
			more = fmt.Sprintf(", and %d more", n)
			once = fmt.Sprintf("; all of them, for one release: relctl waive %s --gate %s --reason '…'", d.Channel.Name, GateSource)
		}
		return release.Verdict{
			Status: release.Fail, Reason: lost[0] + more,
			Hint: fmt.Sprintf("bring it to %s, or: relctl changes mark %s --channel %s --lts-only --reason '…'%s", ix.Main(), first, d.Channel.Name, once),
		}
	}
	reason := fmt.Sprintf("every change is on %s", ix.Main())
	var but []string
	if only > 0 {
		but = append(but, fmt.Sprintf("for this line only (%d)", only))
	}
	if waived > 0 {
		but = append(but, fmt.Sprintf("waived (%d)", waived))
	}
	if len(but) > 0 {
		reason += ", or " + strings.Join(but, ", or ")
	}
	return release.Verdict{Status: release.Pass, Reason: reason}
}

// lines reads the index once a plan.
func (d *draft) lines(ctx context.Context) (*history.Index, error) {
	if d.Index == nil {
		return nil, errors.New("nobody reads the history of the lines here")
	}
	if d.index == nil {
		var err error
		if d.index, err = d.Index(ctx); err != nil {
			return nil, err
		}
	}
	return d.index, nil
}

// offSource says why a change does not stand on main, "" if it does or need not.
func (d *draft) offSource(ix *history.Index, c release.Change) string {
	if history.MakesRelease(c.Subject) {
		return ""
	}
	for _, k := range ix.Of(c.Commit) {
		switch s := ix.State(k, ix.Main()); s.Presence {
		case history.Present, history.Picked, history.Equivalent:
		case history.Reverted:
			return fmt.Sprintf("was taken back on %s by %s", ix.Main(), release.Short(s.Commit))
		default:
			if len(k.Undoes) == 0 {
				return "is not on " + ix.Main()
			}
		}
	}
	return ""
}

// ltsOnly reports whether somebody said of all that a commit brings that it belongs to its line only.
func ltsOnly(ix *history.Index, c release.Change) bool {
	return !slices.ContainsFunc(ix.Of(c.Commit), func(k *history.Known) bool {
		p := ix.State(k, ix.Main()).Presence
		return p == history.Missing || p == history.Reverted
	})
}
