package ring

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

// Refusal is a command that cannot be done now.
type Refusal struct {
	// Text says why, in words.
	Text string
	// hint is the way out.
	hint string
}

func (r *Refusal) Error() string { return r.Text }

// Hint returns the command or step that would help, or "".
func (r *Refusal) Hint() string { return r.hint }

func refuse(hint, format string, args ...any) error {
	return &Refusal{Text: fmt.Sprintf(format, args...), hint: hint}
}

// FastLane asks for the fast lane.
type FastLane struct {
	Reason string
	// Approvals are the numbers of the events that approve the release, and Approved the verdict about them: see
	// [ledger.Approvals.Find] with [ledger.GateFastLane], [ledger.RoleEmergency] and [ledger.FastLaneApprovals].
	Approvals []uint64
	Approved  release.Verdict
}

// Promote returns the event by which a person moves a release into a ring, zero for what is next there. A person is
// held to the same rules as automation; fast, which may be nil, takes the fast lane.
func (m Model) Promote(v release.Version, ring string, fast *FastLane) (*ledger.Event, error) {
	i, err := m.known(ring)
	if err != nil {
		return nil, err
	}
	c := m.channel()
	d := m.situation(c, i)
	if !v.IsZero() && v.Compare(d.Candidate) != 0 {
		return nil, m.notNext(c, i, v, d)
	}
	stopped := m.stopped(c, &d) || m.nothing(c, i, &d)
	if !stopped {
		if fast != nil {
			if err := m.admit(d.Candidate, fast); err != nil {
				return nil, err
			}
			d.FastLane = true
		}
		d = m.candidate(c, i, d)
	}
	if d.Action != Promote {
		return nil, refuse(d.Hint, "ring %s: %s: %s", d.Ring, d.Action, d.Reason)
	}
	e := m.event(d)
	if fast != nil {
		e.Reason, e.Promote.Approvals = fast.Reason, fast.Approvals
	}
	return m.try(e)
}

// admit says what a release lacks for the fast lane.
func (m Model) admit(v release.Version, fast *FastLane) error {
	switch {
	case strings.TrimSpace(fast.Reason) == "":
		return refuse("--reason", "the fast lane needs a reason")
	case fast.Approved.Status != release.Pass || len(fast.Approvals) < ledger.FastLaneApprovals:
		why := fast.Approved.Reason
		if why == "" {
			why = fmt.Sprintf("%d of %d approvals", len(fast.Approvals), ledger.FastLaneApprovals)
		}
		return refuse(fmt.Sprintf("relctl approve %s --gate %s", m.Policy.Channel, ledger.GateFastLane), "%s may not take the fast lane: %s", v, why)
	}
	return nil
}

// notNext says why a release that a person names is not the one that may enter the ring at i.
func (m Model) notNext(c *ledger.Channel, i int, v release.Version, d Decision) error {
	_, refused := c.Usable(v)
	switch {
	case refused != "":
		return refuse("", "%s", refused)
	case v.Compare(d.Runs) == 0:
		return refuse("", "ring %s runs %s already", d.Ring, v)
	case c.Index(v) < c.Index(d.Runs):
		hint := ""
		if _, err := m.Rollback(d.Ring, v, "is it possible?", false); err == nil {
			hint = fmt.Sprintf("relctl rollback %s --ring %s --to %s --reason '…'", m.Policy.Channel, d.Ring, v)
		}
		return refuse(hint, "ring %s runs %s, which is newer than %s", d.Ring, d.Runs, v)
	case i > 0:
		return refuse("", "%s does not run in ring %s, which comes before %s", v, m.Policy.Rings[i-1].Name, d.Ring)
	}
	return refuse("", "%s is newer than %s, and may go", d.Candidate, v)
}

// Rollback returns the event by which a person points a ring back to a release that it ran, zero for the previous one.
// emergency passes a freeze.
func (m Model) Rollback(ring string, to release.Version, reason string, emergency bool) (*ledger.Event, error) {
	if _, err := m.known(ring); err != nil {
		return nil, err
	}
	c := m.channel()
	if to.IsZero() {
		to = c.Previous(ring)
	}
	from := c.Runs(ring)
	switch by, _, err := m.frozen(ring); {
	case from.IsZero():
		return nil, refuse("", "ring %s runs nothing yet", ring)
	case to.IsZero():
		return nil, refuse(m.forward(c, from), "ring %s ran no older release to which it could go back", ring)
	case err != nil && !emergency:
		return nil, err
	case by != "" && !emergency:
		return nil, refuse("--emergency --reason …, which is recorded", "ring %s is %s", ring, by)
	}
	return m.try(&ledger.Event{
		Type: ledger.TypeRollback, Channel: m.Policy.Channel, Reason: reason,
		Rollback: &ledger.Rollback{Ring: ring, From: from, To: to, Emergency: emergency},
	})
}

// forward says how to go on from a release behind which there is none.
func (m Model) forward(c *ledger.Channel, from release.Version) string {
	text := fmt.Sprintf("relctl cut %s, with the fault mended, and promote that", m.Policy.Channel)
	if _, refused := c.Usable(from); refused == "" {
		text = fmt.Sprintf("relctl reject %s %s --reason '…' keeps it out of further rings\n%s", m.Policy.Channel, from, text)
	}
	return text
}

// Reject returns the event by which a release goes into no further ring.
func (m Model) Reject(v release.Version, reason string) (*ledger.Event, error) {
	return m.try(&ledger.Event{Type: ledger.TypeReject, Channel: m.Policy.Channel, Reason: reason, Reject: &ledger.Reject{Version: v}})
}

// Exonerate returns the event by which a release, or some of its changes, get their soak back.
func (m Model) Exonerate(v release.Version, changes []string, reason string) (*ledger.Event, error) {
	return m.try(&ledger.Event{
		Type: ledger.TypeExonerate, Channel: m.Policy.Channel, Reason: reason,
		Exonerate: &ledger.Exonerate{Version: v, Changes: changes},
	})
}

// Hold returns the event that stops promotions into a ring, "" for all.
func (m Model) Hold(ring, reason string) (*ledger.Event, error) {
	if err := m.knownOrAll(ring); err != nil {
		return nil, err
	}
	return m.try(&ledger.Event{Type: ledger.TypeHold, Channel: m.Policy.Channel, Reason: reason, Hold: &ledger.Hold{Ring: ring}})
}

// Resume returns the event that ends a hold or a rollback of a ring, or with "" the hold of all.
func (m Model) Resume(ring, reason string) (*ledger.Event, error) {
	if err := m.knownOrAll(ring); err != nil {
		return nil, err
	}
	return m.try(&ledger.Event{Type: ledger.TypeResume, Channel: m.Policy.Channel, Reason: reason, Resume: &ledger.Resume{Ring: ring}})
}

// Freeze returns the event that declares a freeze.
func (m Model) Freeze(f ledger.Freeze, reason string) (*ledger.Event, error) {
	for _, ring := range f.Rings {
		if _, err := m.known(ring); err != nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(m.Policy.Freeze, func(w gate.Window) bool { return w.Name == f.Name }) {
		return nil, refuse("", "the channel file has a freeze %s already", f.Name)
	}
	return m.try(&ledger.Event{Type: ledger.TypeFreeze, Channel: m.Policy.Channel, Reason: reason, Freeze: &f})
}

// Thaw returns the event that ends a freeze.
func (m Model) Thaw(name, reason string) (*ledger.Event, error) {
	if slices.ContainsFunc(m.Policy.Freeze, func(w gate.Window) bool { return w.Name == name }) {
		return nil, refuse("change the channel file on the default branch", "the freeze %s stands in the channel file", name)
	}
	return m.try(&ledger.Event{Type: ledger.TypeThaw, Channel: m.Policy.Channel, Reason: reason, Thaw: &ledger.Thaw{Name: name}})
}

// try holds an event against the ledger's own rules.
func (m Model) try(e *ledger.Event) (*ledger.Event, error) {
	err := m.State.Try(e, m.Now)
	var pre *ledger.PreconditionError
	if errors.As(err, &pre) {
		return nil, refuse("", "%s", pre.Text)
	}
	return e, err
}

// known returns the place of a ring.
func (m Model) known(ring string) (int, error) {
	i := m.Policy.index(ring)
	if i < 0 {
		return 0, refuse("", "channel %s has no ring %.50q; it has %s", m.Policy.Channel, ring, strings.Join(m.Policy.Names(), ", "))
	}
	return i, nil
}

func (m Model) knownOrAll(ring string) error {
	if ring == "" {
		return nil
	}
	_, err := m.known(ring)
	return err
}
