package ring

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

// Action is what happens next with a ring.
type Action string

// The actions. Only Promote changes anything.
const (
	Promote    Action = "promote"     // the candidate may enter now
	Wait       Action = "wait"        // time will tell
	Blocked    Action = "blocked"     // a gate, or what runs in the ring, keeps the candidate out
	Held       Action = "held"        // a person stopped promotions
	Frozen     Action = "frozen"      // a freeze covers the ring
	RolledBack Action = "rolled-back" // a person went back, and automation stays away until it is resumed
	Rejected   Action = "rejected"    // what runs here, or would come, was rejected or withdrawn
	UpToDate   Action = "up-to-date"  // there is nothing newer
)

// Decision is what happens next with one ring, and why.
type Decision struct {
	Ring string `json:"ring"`
	// Runs is what the ring runs, zero for nothing, and Since from when.
	Runs  release.Version `json:"runs,omitzero"`
	Since time.Time       `json:"since,omitzero"`
	// Previous is where a rollback would go, zero for nowhere.
	Previous release.Version `json:"previous,omitzero"`
	Action   Action          `json:"action"`
	// Candidate is what would enter the ring next, zero for nothing.
	Candidate release.Version `json:"candidate,omitzero"`
	// FastLane says that the candidate is on the fast lane, Overtakes which release it replaces before that went on.
	FastLane  bool            `json:"fast_lane,omitempty"`
	Overtakes release.Version `json:"overtakes,omitzero"`
	// Until is when the ring is to be looked at again, zero if no clock decides that.
	Until time.Time `json:"until,omitzero"`
	// Reason in words, one line. Hint is the command that would change it, or "".
	Reason string `json:"reason"`
	Hint   string `json:"hint,omitempty"`
	// Verdicts are those about the candidate in the ring before: its soak and its gates.
	Verdicts []release.Verdict `json:"verdicts,omitempty"`
}

// Coming reports whether the candidate is the release that the next promotion into the ring brings, sooner or later: not
// after a rollback, nor if it or what runs was rejected.
func (d Decision) Coming() bool {
	switch d.Action {
	case Promote, Wait, Blocked, Held, Frozen:
		return !d.Candidate.IsZero()
	}
	return false
}

// String says it in one line.
func (d Decision) String() string {
	switch d.Action {
	case Promote:
		return fmt.Sprintf("promote %s to ring %s: %s", d.Candidate, d.Ring, d.Reason)
	case Wait:
		if !d.Until.IsZero() {
			return fmt.Sprintf("%s: wait until %s: %s", d.Ring, clock(d.Until), d.Reason)
		}
	case UpToDate:
		if d.Runs.IsZero() { // it is empty, which nobody calls up to date
			return d.Ring + ": nothing to do: " + d.Reason
		}
	}
	return fmt.Sprintf("%s: %s: %s", d.Ring, d.Action, d.Reason)
}

// Decide says for each ring, in order, what happens next and why. It never lets a release take the place of one that
// soaks, nor enter a ring that runs a newer one, nor enter at all once it is rejected. A release on the fast lane needs
// an eighth of the soak, passes a freeze, and overtakes what soaks before it.
func (m Model) Decide() []Decision {
	c := m.channel()
	out := make([]Decision, len(m.Policy.Rings))
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = m.ring(c, i)
		if d := &out[i]; d.Action == Wait && d.Until.IsZero() && i+1 < len(out) {
			d.Until = out[i+1].Until // what is in the way waits for that
		}
	}
	return out
}

// Next returns the event that advances the channel by one step, nil if there is nothing to do. Later rings come first,
// so that a train makes room for the next. Call it again on the state that has the event.
func (m Model) Next() *ledger.Event {
	for _, d := range slices.Backward(m.Decide()) {
		if d.Action == Promote {
			return m.event(d)
		}
	}
	return nil
}

// event is the promotion that a decision calls for.
func (m Model) event(d Decision) *ledger.Event {
	p := &ledger.Promote{Version: d.Candidate, Ring: d.Ring, Rings: m.Policy.Names(), FastLane: d.FastLane, Verdicts: m.recorded(d)}
	e := &ledger.Event{Type: ledger.TypePromote, Channel: m.Policy.Channel, Promote: p}
	if fast := m.channel().Find(d.Candidate).FastLane; fast != nil {
		p.Approvals, e.Reason = fast.Approvals, fast.Reason
	}
	return e
}

// ring decides about the ring at i.
func (m Model) ring(c *ledger.Channel, i int) Decision {
	d := m.situation(c, i)
	if m.stopped(c, &d) {
		if _, refused := c.Usable(d.Candidate); refused != "" || c.Index(d.Candidate) <= c.Index(d.Runs) {
			d.Candidate = release.Version{} // nor would it come if nobody had stopped the ring
		}
		return d
	}
	if m.nothing(c, i, &d) {
		return d
	}
	return m.candidate(c, i, d)
}

// candidate decides about the newer release that would come next into the ring at i.
func (m Model) candidate(c *ledger.Channel, i int, d Decision) Decision {
	rel, refused := c.Usable(d.Candidate)
	if refused != "" {
		if _, sick := c.Usable(d.Runs); sick != "" && !d.Runs.IsZero() {
			d.Hint = m.replace(d)
		}
		return d.say(Rejected, "%s", refused)
	}
	d.FastLane = d.FastLane || rel.FastLane != nil
	return m.enter(c, i, d)
}

// situation is a ring as it stands, with the release that would come next.
func (m Model) situation(c *ledger.Channel, i int) Decision {
	name := m.Policy.Rings[i].Name
	stay, _ := c.Rings[name].Runs()
	d := Decision{Ring: name, Runs: stay.Version, Since: stay.Time, Previous: c.Previous(name)}
	if i > 0 {
		d.Candidate = c.Runs(m.Policy.Rings[i-1].Name)
		return d
	}
	for _, rel := range slices.Backward(c.Releases) {
		if _, refused := c.Usable(rel.Version); refused == "" {
			d.Candidate = rel.Version
			break
		}
	}
	return d
}

func (d *Decision) say(a Action, format string, args ...any) Decision {
	d.Action, d.Reason = a, fmt.Sprintf(format, args...)
	return *d
}

// stopped says which person stopped the ring, if one did.
func (m Model) stopped(c *ledger.Channel, d *Decision) bool {
	ring := c.Rings[d.Ring]
	resume := "relctl resume " + m.Policy.Channel
	switch {
	case m.Unsigned != 0:
		d.say(Blocked, "event %d of the ledger lacks the signature of role %s", m.Unsigned, ledger.RoleDeploy)
		d.Hint = UnsignedHint(m.Unsigned)
	case c.Held != nil:
		d.say(Held, "held by %s (event %d): %s", c.Held.Actor, c.Held.Event, c.Held.Reason)
		d.Hint = resume
	case ring != nil && ring.Held != nil:
		d.say(Held, "held by %s (event %d): %s", ring.Held.Actor, ring.Held.Event, ring.Held.Reason)
		d.Hint = resume + " --ring " + d.Ring
	case ring != nil && ring.RolledBack != nil:
		d.say(RolledBack, "rolled back to %s by %s (event %d), waiting for resume: %s", d.Runs, ring.RolledBack.Actor, ring.RolledBack.Event, ring.RolledBack.Reason)
		d.Hint = resume + " --ring " + d.Ring
	default:
		return false
	}
	return true
}

// UnsignedHint says how to find the events that lack a signature, and how to make up for it.
func UnsignedHint(event uint64) string {
	return fmt.Sprintf("relctl ledger verify lists them; who holds role %s and finds them right: relctl ledger endorse %d --reason '…'", ledger.RoleDeploy, event)
}

// nothing says that there is nothing that could enter the ring, if that is so.
func (m Model) nothing(c *ledger.Channel, i int, d *Decision) bool {
	_, refused := c.Usable(d.Runs)
	switch {
	case d.Candidate.IsZero() && i == 0:
		d.say(UpToDate, "there is no release to promote")
	case d.Candidate.IsZero():
		d.say(UpToDate, "ring %s runs nothing yet", m.Policy.Rings[i-1].Name)
	case c.Index(d.Candidate) > c.Index(d.Runs):
		return false
	case refused != "":
		d.say(Rejected, "%s, and nothing newer may come", refused)
		d.Hint = m.replace(*d)
	case c.Index(d.Candidate) == c.Index(d.Runs):
		d.say(UpToDate, "runs %s", d.Runs)
	default:
		d.say(UpToDate, "runs %s, which is newer than %s", d.Runs, d.Candidate)
	}
	if refused == "" {
		d.Candidate = release.Version{}
	}
	return true
}

// replace says how a ring gets rid of what it runs and must not run.
func (m Model) replace(d Decision) string {
	if !d.Previous.IsZero() {
		return fmt.Sprintf("relctl rollback %s --ring %s --reason '…', back to %s", m.Policy.Channel, d.Ring, d.Previous)
	}
	return fmt.Sprintf("relctl cut %s, with the fault mended: ring %s has no older release to go back to", m.Policy.Channel, d.Ring)
}

// enter decides whether a usable candidate may enter the ring at i now.
func (m Model) enter(c *ledger.Channel, i int, d Decision) Decision {
	pinned, until := m.pinned(c, i)
	if pinned != "" && !d.FastLane {
		action := Wait
		if until.IsZero() && i+1 == len(m.Policy.Rings) {
			action = Blocked
		}
		d.Until = until
		d.Hint = fmt.Sprintf("relctl reject %s %s, if it is not to go on", m.Policy.Channel, d.Runs)
		return d.say(action, "%s is next, but %s", d.Candidate, pinned)
	}
	if pinned != "" {
		d.Overtakes = d.Runs
	}
	waiting := progress{}
	if i > 0 {
		before := m.Policy.Rings[i-1]
		waiting = m.soak(before, share(before.Soak, d.FastLane), true)
		d.Verdicts = append([]release.Verdict{waiting.Verdict}, m.verdicts(before, d.Candidate)...)
	}
	if by, until, err := m.frozen(d.Ring); err != nil {
		return d.say(Blocked, "%v", err)
	} else if by != "" && !d.FastLane {
		d.Until = until
		return d.say(Frozen, "%s", by)
	}
	for _, v := range d.Verdicts {
		switch {
		case v.Gate == GateSoak && v.Status == release.Pending:
			d.Until = waiting.until
			return d.say(Wait, "soak of %s: %s", d.Candidate, v.Reason)
		case v.Blocks() || v.Status == release.Pending || v.Status == release.NotEvaluated:
			d.Hint = v.Hint
			if d.Hint == "" {
				d.Hint = fmt.Sprintf("mend the cause, or let it pass for a time: relctl waive %s --gate %s --ring %s --release %s --reason '…'", m.Policy.Channel, v.Gate, m.Policy.Rings[i-1].Name, d.Candidate)
			}
			return d.say(Blocked, "gate %s %s: %s", v.Gate, v.Status, v.Reason)
		}
	}
	return d.say(Promote, "%s", m.because(i, d))
}

// because says why a promotion may happen.
func (m Model) because(i int, d Decision) string {
	text := "it is the newest release"
	if i > 0 {
		text = d.Verdicts[0].Reason
		if n := len(d.Verdicts) - 1; n > 0 {
			text += fmt.Sprintf("; gates passed: %d", n)
		}
	}
	if d.FastLane {
		text += "; on the fast lane"
	}
	if !d.Overtakes.IsZero() {
		text += fmt.Sprintf(", overtakes %s", d.Overtakes)
	}
	return text
}

// share is the soak that a release needs.
func share(soak time.Duration, fast bool) time.Duration {
	if fast {
		return soak / FastLaneShare
	}
	return soak
}

// pinned says why what a ring runs keeps its place, or returns "", and until when if a clock decides that. In the last
// ring a release stays until it has soaked, so that its changes may ship.
func (m Model) pinned(c *ledger.Channel, i int) (why string, until time.Time) {
	ring := m.Policy.Rings[i]
	if c.Pinned(ring.Name, m.Policy.Names()) {
		return fmt.Sprintf("%s has not gone on to %s yet", c.Runs(ring.Name), m.Policy.Rings[i+1].Name), time.Time{}
	}
	runs := c.Runs(ring.Name)
	_, refused := c.Usable(runs)
	if i+1 < len(m.Policy.Rings) || refused != "" || c.Voided(runs) != nil {
		return "", time.Time{}
	}
	p := m.soak(ring, ring.Soak, false)
	if p.Status == release.Pass || p.Status == release.Waived {
		return "", time.Time{}
	}
	return fmt.Sprintf("%s soaks: %s", runs, p.Reason), p.until
}

// verdicts returns those of a ring's gates about a release; a gate that was not asked has no data.
func (m Model) verdicts(r Ring, v release.Version) []release.Verdict {
	given := m.Verdicts[Question{Ring: r.Name, Version: v}]
	out := make([]release.Verdict, 0, len(r.Gates))
	for _, name := range r.Gates {
		i := slices.IndexFunc(given, func(v release.Verdict) bool { return v.Gate == name })
		if i < 0 {
			out = append(out, release.Verdict{Gate: name, Status: release.NoData, Reason: "it was not asked"})
			continue
		}
		out = append(out, given[i])
	}
	return out
}

// frozen says which freeze covers a ring now, or returns "", and until when, zero if that is not known.
func (m Model) frozen(ring string) (by string, until time.Time, err error) {
	f, err := gate.Frozen(m.windows(ring), m.Now)
	if err != nil || len(f.By) == 0 {
		return "", time.Time{}, err
	}
	by = fmt.Sprintf("frozen by %s", strings.Join(f.By, ", "))
	if f.Change.IsZero() {
		return by + " until it is thawed", time.Time{}, nil
	}
	return by + " until " + clock(f.Change), f.Change, nil
}
