package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// GateFastLane is the gate, and RoleEmergency the role, under which people approve a release for the fast lane.
const (
	GateFastLane  = "fast-lane"
	RoleEmergency = "emergency"
)

// FastLaneApprovals is how many people must approve a release for the fast lane.
const FastLaneApprovals = 2

// RoleDeploy is the role whose signature the events of rings need if channels/product.yaml has it.
const RoleDeploy = "deploy"

// Promote moves a release into a ring.
type Promote struct {
	Version release.Version `json:"version"`
	Ring    string          `json:"ring"`
	// Rings are all rings of the channel in order, as the policy had them then.
	Rings []string `json:"rings"`
	// FastLane says that the release takes less soak, passes a freeze and overtakes a release that soaks; the event's
	// Reason says why.
	FastLane bool `json:"fast_lane,omitempty"`
	// Approvals are the numbers of the events that approved the fast lane.
	Approvals []uint64 `json:"approvals,omitempty"`
	// Verdicts are those of the gates that were asked.
	Verdicts []release.Verdict `json:"verdicts,omitempty"`
}

// Rollback points a ring to a release that it ran before.
type Rollback struct {
	Ring string `json:"ring"`
	// From is what the ring runs, To what it goes back to.
	From release.Version `json:"from"`
	To   release.Version `json:"to"`
	// Emergency passes a freeze.
	Emergency bool `json:"emergency,omitempty"`
}

// Reject says that a release goes into no further ring.
type Reject struct {
	Version release.Version `json:"version"`
}

// Exonerate says that a release that was rolled back or rejected was not at fault. Without Changes it takes the
// rejection back too.
type Exonerate struct {
	Version release.Version `json:"version"`
	// Changes are the full commit ids of the changes that are cleared, none for all.
	Changes []string `json:"changes,omitempty"`
}

// Hold stops promotions into one ring, or into all of the channel's where Ring is "".
type Hold struct {
	Ring string `json:"ring,omitempty"`
}

// Resume ends what a hold of the same ring, or a rollback in it, stopped.
type Resume struct {
	Ring string `json:"ring,omitempty"`
}

// Freeze is a time without promotions and rollbacks, on the event's channel or, if that names none, on all.
type Freeze struct {
	Name string `json:"name"`
	// Rings are those that it is for, none for all.
	Rings []string `json:"rings,omitempty"`
	// From is its first moment, zero for at once; Until the first moment after it, zero for a freeze that lasts until
	// it is thawed.
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// Thaw ends the freeze of that name, on the channel or on all as it was declared.
type Thaw struct {
	Name string `json:"name"`
}

func (p *Promote) check(e *Event) error {
	err := checkOrder(p.Ring, p.Rings)
	switch {
	case err != nil:
		return err
	case p.Version.IsZero():
		return e.lacks("version")
	case !p.FastLane && len(p.Approvals) > 0:
		return errors.New("only the fast lane needs approvals")
	case !p.FastLane:
		return nil
	case len(distinct(p.Approvals)) < FastLaneApprovals:
		return fmt.Errorf("the fast lane needs %d approvals, it names %d", FastLaneApprovals, len(distinct(p.Approvals)))
	}
	return e.needReason()
}

func (p *Promote) summary() string {
	text := fmt.Sprintf("%s into %s", p.Version, p.Ring)
	if p.FastLane {
		text += ", fast lane"
	}
	return text
}

func (b *Rollback) check(e *Event) error {
	switch {
	case release.CheckName(b.Ring) != nil:
		return e.lacks("ring")
	case b.From.IsZero(), b.To.IsZero():
		return e.lacks("version")
	}
	return e.needReason()
}

func (b *Rollback) summary() string {
	text := fmt.Sprintf("%s from %s to %s", b.Ring, b.From, b.To)
	if b.Emergency {
		text += ", emergency"
	}
	return text
}

func (r *Reject) check(e *Event) error { return e.checkVersion(r.Version) }
func (r *Reject) summary() string      { return r.Version.String() }

func (x *Exonerate) check(e *Event) error {
	for _, c := range x.Changes {
		if !commitForm.MatchString(c) {
			return fmt.Errorf("%.80q is not the full commit id of a change", c)
		}
	}
	return e.checkVersion(x.Version)
}

func (x *Exonerate) summary() string {
	if n := len(x.Changes); n > 0 {
		return fmt.Sprintf("%s of %s", release.Count(n, "change"), x.Version)
	}
	return x.Version.String()
}

func (h *Hold) check(e *Event) error {
	if err := checkScope(h.Ring); err != nil {
		return err
	}
	return e.needReason()
}

func (h *Hold) summary() string { return scope(h.Ring) }

func (r *Resume) check(*Event) error { return checkScope(r.Ring) }
func (r *Resume) summary() string    { return scope(r.Ring) }

func (f *Freeze) check(e *Event) error {
	if err := release.CheckName(f.Name); err != nil {
		return err
	}
	if err := checkNames("ring", f.Rings); err != nil {
		return err
	}
	switch {
	case !f.Until.IsZero() && !f.From.Before(f.Until):
		return fmt.Errorf("freeze %s ends before it begins", f.Name)
	case !f.Until.IsZero() && !e.Time.Before(f.Until):
		return fmt.Errorf("freeze %s is over before it is declared", f.Name)
	}
	return e.needReason()
}

func (f *Freeze) summary() string {
	text := f.Name + " of " + scope(strings.Join(f.Rings, ", "))
	if !f.From.IsZero() {
		text += " from " + f.From.UTC().Format(time.RFC3339)
	}
	if !f.Until.IsZero() {
		text += " until " + f.Until.UTC().Format(time.RFC3339)
	}
	return text
}

func (t *Thaw) check(*Event) error { return release.CheckName(t.Name) }
func (t *Thaw) summary() string    { return t.Name }

// checkOrder admits a list of different names with ring among them.
func checkOrder(ring string, rings []string) error {
	if err := checkNames("ring", rings); err != nil {
		return err
	}
	if !slices.Contains(rings, ring) {
		return fmt.Errorf("ring %.50q is not one of the channel's", ring)
	}
	return nil
}

func checkNames(what string, names []string) error {
	for i, n := range names {
		if err := release.CheckName(n); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if slices.Contains(names[:i], n) {
			return fmt.Errorf("%s %s is named twice", what, n)
		}
	}
	return nil
}

func checkScope(ring string) error {
	if ring == "" {
		return nil
	}
	return release.CheckName(ring)
}

// scope names a ring, or all of them.
func scope(ring string) string {
	if ring == "" {
		return "all rings"
	}
	return "ring " + ring
}

func distinct(in []uint64) []uint64 {
	out := slices.Clone(in)
	slices.Sort(out)
	return slices.Compact(out)
}

func (e *Event) needReason() error {
	if strings.TrimSpace(e.Reason) == "" {
		return fmt.Errorf("event of type %q gives no reason", e.Type)
	}
	return nil
}

func (e *Event) lacks(what string) error {
	return fmt.Errorf("event of type %q names no %s", e.Type, what)
}

// checkVersion demands a version and a reason.
func (e *Event) checkVersion(v release.Version) error {
	if v.IsZero() {
		return e.lacks("version")
	}
	return e.needReason()
}
