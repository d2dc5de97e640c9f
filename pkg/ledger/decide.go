package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/release"
)

// RoleWaiver is the role whose signature waivers need if channels/product.yaml has it.
const RoleWaiver = "waiver"

// Approvals is a gate that asks people of a role: so many different keys must have signed an approval of the same
// commit and build.
type Approvals struct {
	Ledger              *Ledger
	Channel, Gate, Role string
	Count               int
	Keys                git.Keyring
}

// Evaluate counts the approvals. An event that is unsigned, or signed by another key, counts as absent.
func (a Approvals) Evaluate(ctx context.Context, s *State, in release.Inputs) release.Verdict {
	_, v := a.Find(ctx, s, in.Commit, in.BuildDigest())
	return v
}

// Find counts the approvals of a commit and build, and returns the numbers of those events that count, one for each
// key.
func (a Approvals) Find(ctx context.Context, s *State, commit, build string) ([]uint64, release.Verdict) {
	need := max(a.Count, 1)
	by := map[string]string{}
	var events []uint64
	unsigned, strangers, others := 0, 0, 0
	for _, rec := range s.Approvals {
		if rec.Channel != a.Channel || rec.Approve.Gate != a.Gate {
			continue
		}
		if rec.Approve.Commit != commit || rec.Approve.Build != build {
			others++
			continue
		}
		signed, err := a.Ledger.repo.VerifyCommit(ctx, rec.Commit, a.Keys)
		switch {
		case errors.Is(err, git.ErrUnsigned):
			unsigned++
		case errors.Is(err, git.ErrUntrusted):
			strangers++
		case err != nil:
			return nil, release.Verdict{Status: release.Errored, Reason: fmt.Sprintf("ledger event %d: %v", rec.Number, err)}
		case by[signed.Key] == "":
			by[signed.Key] = signed.Name
			events = append(events, rec.Number)
		}
	}
	names := make([]string, 0, len(by))
	for _, n := range by {
		names = append(names, n)
	}
	slices.Sort(names)
	if len(by) >= need {
		return events, release.Verdict{Status: release.Pass, Reason: fmt.Sprintf("approved by %s (%s)", strings.Join(names, ", "), a.Role)}
	}
	reason := fmt.Sprintf("%d of %d approvals by role %s", len(by), need, a.Role)
	for _, x := range []struct {
		n    int
		text string
	}{{unsigned, "unsigned"}, {strangers, "not signed by a key of the role"}, {others, "for another commit or build"}} {
		if x.n > 0 {
			reason += fmt.Sprintf("; %d %s and not counted", x.n, x.text)
		}
	}
	return events, release.Verdict{Status: release.Fail, Reason: reason, Hint: fmt.Sprintf("relctl approve %s --gate %s", a.Channel, a.Gate)}
}

// Trust says which waivers count.
type Trust struct {
	// Signed demands a signature by one of Keys.
	Signed bool
	Keys   git.Keyring
}

// Waivers returns the state's waivers that count at a time: not expired, and signed where that is demanded.
func (l *Ledger) Waivers(ctx context.Context, s *State, now time.Time, t Trust) (*Waivers, error) {
	w := &Waivers{}
	for _, rec := range s.Waivers {
		if now.After(rec.Waive.Expires) {
			continue
		}
		if t.Signed {
			_, err := l.repo.VerifyCommit(ctx, rec.Commit, t.Keys)
			if errors.Is(err, git.ErrUnsigned) || errors.Is(err, git.ErrUntrusted) {
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		w.list = append(w.list, rec)
	}
	return w, nil
}

// Waivers are those that count now.
type Waivers struct{ list []Recorded }

// Gate looks for a waiver of a whole gate and returns the event's number and reason.
func (w *Waivers) Gate(channel, gate string) (event uint64, reason string, ok bool) {
	return w.find(func(r Recorded) bool {
		return r.Channel == channel && r.Waive.Gate == gate && gate != "" && r.Waive.Ring == ""
	})
}

// Ring looks for a waiver of a gate for a release that leaves a ring: for just that, or of the whole gate.
func (w *Waivers) Ring(channel, gate, ring string, v release.Version) (event uint64, reason string, ok bool) {
	event, reason, ok = w.find(func(r Recorded) bool {
		return r.Channel == channel && r.Waive.Gate == gate && gate != "" && r.Waive.Ring == ring && ring != "" && r.Waive.Release.Compare(v) == 0
	})
	if !ok {
		return w.Gate(channel, gate)
	}
	return event, reason, ok
}

// Change looks for a waiver of one change by its commit id.
func (w *Waivers) Change(channel, commit string) (event uint64, reason string, ok bool) {
	return w.find(func(r Recorded) bool { return r.Channel == channel && r.Waive.Change == commit && commit != "" })
}

func (w *Waivers) find(match func(Recorded) bool) (uint64, string, bool) {
	if w == nil {
		return 0, "", false
	}
	for _, r := range slices.Backward(w.list) {
		if match(r) {
			return r.Number, r.Reason, true
		}
	}
	return 0, "", false
}
