package main

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// The model against which the commands about rings are held: releases are numbers in the order of their cuts, rings are
// places, and everything is looked up in lists. It shares no code with relctl. TestRollingConverges uses it.

const (
	modelRings    = 4
	modelReleases = 10
	none          = -1
	// unbroken is the longest silence that does not end a soak.
	unbroken = 15 * time.Minute
)

// modelSoaks is how long a release must be healthy in each ring before it may go on.
var modelSoaks = [modelRings]time.Duration{0, time.Hour, 2 * time.Hour, 2 * time.Hour}

// model is the service as the ledger should tell it.
type model struct {
	now      time.Time
	releases int
	rejected map[int]bool
	voids    []modelVoid
	rings    [modelRings]modelRing
	held     bool
	// frozen are the freezes by name: the ring, or none for all rings.
	frozen map[string]int
}

// modelVoid takes the soak of a release: by its rejection, or by a rollback of from.
type modelVoid struct {
	release, from int
	at            time.Time
}

type modelRing struct {
	stays            []modelStay
	held, rolledBack bool
}

// modelStay is the time of a release in a ring, and what its cell said then.
type modelStay struct {
	release int
	at      time.Time
	said    []modelWord
}

type modelWord struct {
	from, to time.Time
	healthy  bool
}

func newModel(now time.Time) *model {
	return &model{now: now, rejected: map[int]bool{}, frozen: map[string]int{}}
}

func (m *model) clone() *model {
	out := *m
	out.rejected, out.frozen, out.voids = maps.Clone(m.rejected), maps.Clone(m.frozen), slices.Clone(m.voids)
	for i := range out.rings {
		stays := slices.Clone(m.rings[i].stays)
		for j := range stays {
			stays[j].said = slices.Clone(stays[j].said)
		}
		out.rings[i].stays = stays
	}
	return &out
}

// runs is what a ring runs.
func (r *modelRing) runs() int {
	if len(r.stays) == 0 {
		return none
	}
	return r.stays[len(r.stays)-1].release
}

func (r *modelRing) ran(release int) bool {
	return slices.ContainsFunc(r.stays, func(s modelStay) bool { return s.release == release })
}

// voided says whether the soak of a release is void, and since when.
func (m *model) voided(release int) (since time.Time, is bool) {
	for _, v := range m.voids {
		if v.release == release {
			since, is = v.at, true
		}
	}
	return since, is
}

// healthy is the longest time for which a ring's release was healthy without a break, or the one that lasts.
func (m *model) healthy(ring int, lasting bool) time.Duration {
	r := &m.rings[ring]
	since, _ := m.voided(r.runs())
	var best, length time.Duration
	var end time.Time
	current := false
	for i, stay := range r.stays {
		if stay.release != r.runs() {
			continue
		}
		var begin time.Time
		for _, w := range stay.said {
			from := w.from
			if from.Before(since) {
				from = since
			}
			switch {
			case !from.Before(w.to):
				continue
			case !w.healthy:
				begin, length = time.Time{}, 0
				continue
			case begin.IsZero() || from.Sub(end) > unbroken:
				begin = from
			}
			end, current = w.to, i == len(r.stays)-1
			length = end.Sub(begin)
			best = max(best, length)
		}
	}
	if !lasting {
		return best
	}
	if !current || m.now.Sub(end) > unbroken {
		return 0
	}
	return length
}

// candidate is what would come next into a ring.
func (m *model) candidate(ring int) int {
	if ring > 0 {
		return m.rings[ring-1].runs()
	}
	for v := m.releases - 1; v >= 0; v-- {
		if !m.rejected[v] {
			return v
		}
	}
	return none
}

// pinned says whether what a ring runs must not be replaced yet: it has not gone on, or in the last ring not soaked.
func (m *model) pinned(ring int) bool {
	v := m.rings[ring].runs()
	if _, voided := m.voided(v); v == none || m.rejected[v] || voided {
		return false
	}
	if ring+1 < modelRings {
		return m.rings[ring+1].runs() < v
	}
	return m.healthy(ring, false) < modelSoaks[ring]
}

func (m *model) isFrozen(ring int) bool {
	for _, where := range m.frozen {
		if where == none || where == ring {
			return true
		}
	}
	return false
}

func (m *model) mayEnter(ring int) bool {
	r, v := &m.rings[ring], m.candidate(ring)
	if v == none || v <= r.runs() || m.rejected[v] || m.held || r.held || r.rolledBack || m.isFrozen(ring) || m.pinned(ring) {
		return false
	}
	return ring == 0 || modelSoaks[ring-1] == 0 || m.healthy(ring-1, true) >= modelSoaks[ring-1]
}

func (m *model) enter(ring, release int) {
	m.rings[ring].stays = append(m.rings[ring].stays, modelStay{release: release, at: m.now})
}

// act is one command of a person, or of automation.
type act struct {
	what string
	// ring and release are what it is about, none for all or for nothing.
	ring, release int
	name          string
	emergency     bool
	word          modelWord
}

// do returns the states through which a command leads, one for each event; none if it is refused or has nothing to do.
func (m *model) do(a act) []*model {
	if a.what == "advance" {
		return m.advance()
	}
	next := m.clone()
	if !next.obey(a) {
		return nil
	}
	return []*model{next}
}

func (m *model) advance() []*model {
	var out []*model
	for ring := modelRings - 1; ring >= 0; {
		if !m.mayEnter(ring) {
			ring--
			continue
		}
		next := m.clone()
		next.enter(ring, m.candidate(ring))
		out = append(out, next)
		m, ring = next, modelRings-1
	}
	return out
}

// obey does what a person says, and reports whether it may be done.
func (m *model) obey(a act) bool {
	var r *modelRing
	if a.ring != none {
		r = &m.rings[a.ring]
	}
	switch a.what {
	case "cut":
		m.releases++
		return true
	case "publish", "nothing": // a cut of what was cut already, and perhaps is published
		return true
	case "promote":
		ok := a.release == m.candidate(a.ring) && m.mayEnter(a.ring)
		if ok {
			m.enter(a.ring, a.release)
		}
		return ok
	case "rollback":
		return m.rollback(a, r)
	case "reject":
		ok := !m.rejected[a.release]
		if ok {
			m.rejected[a.release] = true
			m.voids = append(m.voids, modelVoid{release: a.release, from: a.release, at: m.now})
		}
		return ok
	case "exonerate":
		_, ok := m.voided(a.release)
		if ok {
			delete(m.rejected, a.release)
			m.voids = slices.DeleteFunc(m.voids, func(v modelVoid) bool { return v.release == a.release || v.from == a.release })
		}
		return ok
	case "hold":
		return set(m.stop(r), true)
	case "resume":
		if r != nil && r.rolledBack {
			r.held, r.rolledBack = false, false
			return true
		}
		return set(m.stop(r), false)
	case "freeze":
		_, stands := m.frozen[a.name]
		m.frozen[a.name] = a.ring
		return !stands
	case "thaw":
		_, stands := m.frozen[a.name]
		delete(m.frozen, a.name)
		return stands
	case "observe":
		stay := &r.stays[len(r.stays)-1]
		stay.said = append(stay.said, a.word)
		return true
	}
	panic(a.what)
}

func (m *model) stop(r *modelRing) *bool {
	if r == nil {
		return &m.held
	}
	return &r.held
}

// set gives a flag a value, and reports whether that is another one.
func set(flag *bool, value bool) bool {
	was := *flag
	*flag = value
	return was != value
}

func (m *model) rollback(a act, r *modelRing) bool {
	from := r.runs()
	if !r.ran(a.release) || a.release >= from || m.rejected[a.release] || m.isFrozen(a.ring) && !a.emergency {
		return false
	}
	m.enter(a.ring, a.release)
	r.rolledBack = true
	for v := a.release + 1; v <= from; v++ {
		m.voids = append(m.voids, modelVoid{release: v, from: from, at: m.now})
	}
	return true
}

// view is what both the model and the ledger can tell.
type view struct {
	Releases         int
	Rejected, Voided []int
	Held             bool
	Frozen           []string
	Rings            [modelRings]viewRing
}

type viewRing struct {
	Stays            []int
	Held, RolledBack bool
	// Words is how often its cell said how it was.
	Words int
}

func (m *model) view() view {
	v := view{Releases: m.releases, Held: m.held}
	for i := range m.releases {
		if m.rejected[i] {
			v.Rejected = append(v.Rejected, i)
		}
		if _, voided := m.voided(i); voided {
			v.Voided = append(v.Voided, i)
		}
	}
	for name, ring := range m.frozen {
		v.Frozen = append(v.Frozen, freezeText(name, ring))
	}
	slices.Sort(v.Frozen)
	for i, r := range m.rings {
		v.Rings[i] = viewRing{Held: r.held, RolledBack: r.rolledBack}
		for _, s := range r.stays {
			v.Rings[i].Stays = append(v.Rings[i].Stays, s.release)
			v.Rings[i].Words += len(s.said)
		}
	}
	return v
}

func freezeText(name string, ring int) string {
	if ring == none {
		return name + " of all"
	}
	return fmt.Sprintf("%s of %s", name, modelRingName(ring))
}

func modelRingName(i int) string { return fmt.Sprintf("ring-%d", i) }
func modelCellName(i int) string { return fmt.Sprintf("cell-%d", i) }
