package ring_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
)

const (
	manyRings    = 4
	manyReleases = 10
	nothing      = -1
)

// simple is the rollout as one would write it on the back of an envelope: releases are numbers, rings are places, and
// everything is looked up in lists. It shares nothing with the model that it judges.
type simple struct {
	now      time.Time
	released int
	rejected [manyReleases + 1]bool
	fast     [manyReleases + 1]bool
	voids    []simpleVoid
	rings    [manyRings]simpleRing
	heldAll  bool
	frozen   map[string]int // by name, the ring or everywhere
}

const everywhere = -1

type simpleVoid struct {
	release, from int
	at            time.Time
	cleared       bool
}

type simpleRing struct {
	soak         time.Duration
	stays        []int
	held, sticky bool
	gate         bool // whether the release may leave as far as its gate knows
	seen         []window
}

type window struct {
	stay, release int
	from, to      time.Time
	healthy       bool
}

func (r *simpleRing) runs() int {
	if len(r.stays) == 0 {
		return nothing
	}
	return r.stays[len(r.stays)-1]
}

// since is when the soak of a release was taken last, and whether it was.
func (s *simple) since(release int) (at time.Time, voided bool) {
	for _, v := range s.voids {
		if v.release == release && !v.cleared {
			at, voided = v.at, true
		}
	}
	return at, voided
}

// run returns the longest, or the present, healthy time of what a ring runs.
func (s *simple) run(r *simpleRing, present bool) time.Duration {
	var best, length time.Duration
	var start, end time.Time
	stay := nothing
	since, _ := s.since(r.runs())
	for _, w := range r.seen {
		if w.release != r.runs() || w.to.Before(since) {
			continue
		}
		from := w.from
		if from.Before(since) {
			from = since
		}
		switch {
		case !w.healthy:
			stay, length = nothing, 0
			continue
		case w.stay != stay || from.Sub(end) > gate.DefaultMaxGap:
			start = from
		}
		stay, end = w.stay, w.to
		length = end.Sub(start)
		best = max(best, length)
	}
	if !present {
		return best
	}
	if stay != len(r.stays)-1 || s.now.Sub(end) > gate.DefaultMaxGap {
		return 0
	}
	return length
}

func (s *simple) pinned(i int) bool {
	r := &s.rings[i]
	if _, voided := s.since(r.runs()); r.runs() == nothing || s.rejected[r.runs()] || voided {
		return false
	}
	if i+1 < manyRings {
		return s.rings[i+1].runs() < r.runs()
	}
	return s.run(r, false) < r.soak
}

func (s *simple) isFrozen(i int) bool {
	for _, where := range s.frozen {
		if where == everywhere || where == i {
			return true
		}
	}
	return false
}

func (s *simple) candidate(i int) int {
	if i > 0 {
		return s.rings[i-1].runs()
	}
	for v := s.released - 1; v >= 0; v-- {
		if !s.rejected[v] {
			return v
		}
	}
	return nothing
}

// mayEnter says whether the next release may enter a ring, if it is (or becomes) one of the fast lane.
func (s *simple) mayEnter(i int, fast bool) bool {
	r, v := &s.rings[i], s.candidate(i)
	if v == nothing || v <= r.runs() || s.rejected[v] || r.held || r.sticky || s.heldAll {
		return false
	}
	fast = fast || s.fast[v]
	if !fast && (s.pinned(i) || s.isFrozen(i)) {
		return false
	}
	if i == 0 {
		return true
	}
	before := &s.rings[i-1]
	need := before.soak
	if fast {
		need /= 8
	}
	return before.gate && (need == 0 || s.run(before, true) >= need)
}

func (s *simple) enter(i int) {
	s.rings[i].stays = append(s.rings[i].stays, s.candidate(i))
}

// next is the step that automation takes, as "3>1", or "".
func (s *simple) next() string {
	for i := manyRings - 1; i >= 0; i-- {
		if s.mayEnter(i, false) {
			return fmt.Sprintf("%d>%d", s.candidate(i), i)
		}
	}
	return ""
}

// world is a service next to its simple twin, with a deploy branch between them.
type world struct {
	*service
	twin     *simple
	rand     *rand.Rand
	deployed [manyRings]int
	at       [manyRings]time.Time
	story    []string
}

func ringName(i int) string { return fmt.Sprintf("ring-%d", i) }
func cellName(i int) string { return fmt.Sprintf("cell-%d", i) }
func number(i int) string   { return fmt.Sprintf("1.%d.0", i) }

func newWorld(t testing.TB, seed uint64) *world {
	w := &world{rand: rand.New(rand.NewPCG(seed, 4)), twin: &simple{now: begin, frozen: map[string]int{}}}
	p := ring.Policy{Channel: "rolling"}
	for i, soak := range []time.Duration{0, time.Hour, 4 * time.Hour, 8 * time.Hour} {
		p.Rings = append(p.Rings, ring.Ring{Name: ringName(i), Cells: []string{cellName(i)}, Soak: soak, Gates: []string{"errors"}})
		w.twin.rings[i] = simpleRing{soak: soak, gate: true}
		w.deployed[i] = nothing
	}
	w.service = newService(t, p)
	return w
}

// tick lets a minute pass of which nobody says anything.
func (w *world) tick() { w.Now = w.Now.Add(time.Minute); w.twin.now = w.Now }

// elapse lets time pass, and lets the cells say how it was for what they run; sick is the ring that was not healthy.
func (w *world) elapse(d time.Duration, sick int) {
	w.Now = w.Now.Add(d)
	w.twin.now = w.Now
	for i, v := range w.deployed {
		if v == nothing {
			continue
		}
		from := w.Now.Add(-d)
		if w.at[i].After(from) {
			from = w.at[i]
		}
		status := release.Pass
		if i == sick {
			status = release.Fail
		}
		w.Observed = append(w.Observed, ledger.Observation{Observe: ledger.Observe{
			Kind: ledger.ObserveHealth, Cell: cellName(i), Ring: ringName(i), Version: version(number(v)), Status: status, From: from, To: w.Now,
		}, Time: w.Now})
		if r := &w.twin.rings[i]; v == r.runs() {
			r.seen = append(r.seen, window{stay: len(r.stays) - 1, release: v, from: from, to: w.Now, healthy: status == release.Pass})
		}
	}
}

// reconcile advances and deploys, and dies after so many steps of either kind.
func (w *world) reconcile(steps int) {
	w.t.Helper()
	w.askGates()
	for ; ; steps-- {
		e, want := w.Next(), w.twin.next()
		got := ""
		if e != nil {
			got = fmt.Sprintf("%d>%d", e.Promote.Version.Minor(), slices.Index(e.Promote.Rings, e.Promote.Ring))
		}
		if got != want {
			w.fatal("automation does %q, the twin %q", got, want)
		}
		if e == nil || steps == 0 {
			break
		}
		w.must(e)
		for of, status := range replayed(w.t, e) {
			if status != release.Pass {
				w.fatal("the record of %s is judged %s", of, status)
			}
		}
		w.twin.enter(slices.Index(e.Promote.Rings, e.Promote.Ring))
		w.askGates()
	}
	for i, target := range w.Targets() {
		if steps == 0 {
			return
		}
		if v := int(target.Version.Minor()); w.deployed[i] != v {
			w.deployed[i], w.at[i] = v, w.Now
			steps--
		}
	}
}

func (w *world) askGates() {
	clear(w.Verdicts)
	for _, q := range w.Questions() {
		v := release.Verdict{Gate: "errors", Status: release.Fail, Reason: "too many"}
		if i := w.Policy.Names(); w.twin.rings[slices.Index(i, q.Ring)].gate {
			v = release.Verdict{Gate: "errors", Status: release.Pass}
		}
		w.Verdicts[q] = []release.Verdict{v}
	}
}

func (w *world) fatal(format string, args ...any) {
	w.t.Helper()
	for _, line := range w.story {
		w.t.Log(line)
	}
	for _, d := range w.Decide() {
		w.t.Log(d)
	}
	w.t.Fatalf(format, args...)
}

// command tries something and holds the answer against what the twin expects; done changes the twin.
func (w *world) command(what string, legal bool, done func()) func(*ledger.Event, error) {
	return func(e *ledger.Event, err error) {
		w.t.Helper()
		w.story = append(w.story, fmt.Sprintf("%s %s: %v", w.Now.Format("02 15:04"), what, err))
		if (err == nil) != legal {
			w.fatal("%s: %v; the twin says %v", what, err, legal)
		}
		if err == nil {
			w.must(e)
			done()
		}
	}
}

func (w *world) act() {
	w.t.Helper()
	w.tick()
	i := w.rand.IntN(manyRings)
	r := &w.twin.rings[i]
	v := w.rand.IntN(manyReleases)
	switch w.rand.IntN(14) {
	case 0, 1:
		if w.twin.released < manyReleases {
			w.story = append(w.story, "cut "+number(w.twin.released))
			w.cut(number(w.twin.released))
			w.twin.released++
		}
	case 2:
		w.rollback(i, r)
	case 3:
		legal := v < w.twin.released && !w.twin.rejected[v]
		w.command("reject "+number(v), legal, func() {
			w.twin.rejected[v] = true
			w.twin.voids = append(w.twin.voids, simpleVoid{release: v, from: v, at: w.Now})
		})(w.Reject(version(number(v)), "why"))
	case 4:
		_, voided := w.twin.since(v)
		w.command("exonerate "+number(v), voided, func() {
			w.twin.rejected[v] = false
			for i := range w.twin.voids {
				if x := &w.twin.voids[i]; x.release == v || x.from == v {
					x.cleared = true
				}
			}
		})(w.Exonerate(version(number(v)), nil, "why"))
	case 5:
		w.command("hold "+ringName(i), !r.held, func() { r.held = true })(w.Hold(ringName(i), "why"))
	case 6, 7:
		w.command("resume "+ringName(i), r.held || r.sticky, func() { r.held, r.sticky = false, false })(w.Resume(ringName(i), ""))
	case 8:
		w.command("hold all", !w.twin.heldAll, func() { w.twin.heldAll = true })(w.Hold("", "why"))
	case 9, 10:
		w.command("resume all", w.twin.heldAll, func() { w.twin.heldAll = false })(w.Resume("", ""))
	case 11:
		w.freezeOrThaw(i)
	case 12:
		w.fastLane()
	case 13:
		r.gate = !r.gate
		w.story = append(w.story, fmt.Sprintf("gate of %s: %v", ringName(i), r.gate))
	}
	w.tick()
}

func (w *world) rollback(i int, r *simpleRing) {
	to := w.rand.IntN(manyReleases)
	emergency := w.rand.IntN(2) == 0
	legal := slices.Contains(r.stays, to) && to < r.runs() && !w.twin.rejected[to] && (emergency || !w.twin.isFrozen(i))
	from := r.runs()
	w.command(fmt.Sprintf("rollback %s to %s", ringName(i), number(to)), legal, func() {
		r.stays, r.sticky = append(r.stays, to), true
		for v := to + 1; v <= from; v++ {
			w.twin.voids = append(w.twin.voids, simpleVoid{release: v, from: from, at: w.Now})
		}
	})(w.Rollback(ringName(i), version(number(to)), "why", emergency))
}

func (w *world) freezeOrThaw(i int) {
	name := fmt.Sprintf("freeze-%d", w.rand.IntN(2))
	_, stands := w.twin.frozen[name]
	if stands {
		w.command("thaw "+name, true, func() { delete(w.twin.frozen, name) })(w.Thaw(name, ""))
		return
	}
	f, where := ledger.Freeze{Name: name, Rings: []string{ringName(i)}}, i
	if i == 0 {
		f.Rings, where = nil, everywhere
	}
	w.command("freeze "+name, true, func() { w.twin.frozen[name] = where })(w.Freeze(f, "why"))
}

// fastLane puts the newest release onto the fast lane, through the first ring.
func (w *world) fastLane() {
	v := w.twin.candidate(0)
	if v == nothing {
		return
	}
	fast := w.approve(number(v))
	w.command("fast lane "+number(v), w.twin.mayEnter(0, true), func() {
		w.twin.enter(0)
		w.twin.fast[v] = true
	})(w.Promote(version(number(v)), ringName(0), fast))
}

// settle ends all stops and gives the service all the time it wants.
func (w *world) settle() {
	w.t.Helper()
	if w.twin.heldAll {
		w.command("resume all", true, func() { w.twin.heldAll = false })(w.Resume("", ""))
	}
	for name := range w.twin.frozen {
		w.command("thaw "+name, true, func() {})(w.Thaw(name, ""))
	}
	clear(w.twin.frozen)
	for i := range w.twin.rings {
		r := &w.twin.rings[i]
		if r.gate = true; r.held || r.sticky {
			w.command("resume "+ringName(i), true, func() { r.held, r.sticky = false, false })(w.Resume(ringName(i), ""))
		}
	}
	w.cut(number(w.twin.released))
	w.twin.released++
	for range manyReleases * manyRings {
		w.reconcile(-1)
		w.elapse(8*time.Hour, nothing)
	}
	w.reconcile(-1)
	for i, v := range w.deployed {
		if newest := w.twin.released - 1; v != newest || w.runs(ringName(i)) != number(newest) {
			w.fatal("%s runs %d in the end, not the newest, %d", ringName(i), v, newest)
		}
	}
}

func TestWhateverHappensTheRingsConvergeToWhatTheLedgerSays(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		w := newWorld(t, seed)
		for range 120 {
			w.act()
			if w.rand.IntN(3) > 0 {
				sick := nothing
				if w.rand.IntN(6) == 0 {
					sick = w.rand.IntN(manyRings)
				}
				w.elapse(time.Duration(1+w.rand.IntN(24))*10*time.Minute, sick)
			}
			if w.rand.IntN(2) == 0 {
				w.tick()
				w.reconcile(w.rand.IntN(8)) // a crash, mostly
			}
		}
		w.tick()
		w.reconcile(-1)
		for i, v := range w.deployed {
			if got := w.twin.rings[i].runs(); got != v {
				w.fatal("seed %d: %s has %d deployed, the twin runs %d", seed, ringName(i), v, got)
			}
		}
		w.settle()
		w.replay()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// replay folds the log again and expects the same state.
func (w *world) replay() {
	w.t.Helper()
	again := ledger.NewState()
	for _, rec := range w.log {
		if err := again.Apply(rec); err != nil {
			w.fatal("%v", err)
		}
	}
	want, _ := json.Marshal(w.State)
	if got, _ := json.Marshal(again); string(got) != string(want) {
		w.fatal("the log folds to\n%s, not to\n%s", got, want)
	}
}
