package history

import (
	"slices"

	"github.com/relctl/relctl/pkg/release"
)

// presence is how a change stands on a line.
type presence struct {
	// carrier brought the change, counted from 1; taker took it back after that, or 0.
	carrier, taker int32
	by             proof
}

// fold goes through a line from its oldest commit to its tip.
func (ix *Index) fold(l *line) {
	l.presence = make([]presence, len(ix.nodes))
	for k := range ix.nodes {
		if i := int32(k); l.reach.has(i) {
			ix.apply(l, i)
		}
	}
}

// apply lets a commit do what it does: bring again what was taken back, carry its changes, take others back.
func (ix *Index) apply(l *line, i int32) {
	for _, a := range ix.acts[i] {
		if p := &l.presence[a.root]; !a.take && (p.taker != 0 || p.carrier == 0 && !a.side) {
			*p = presence{carrier: i + 1, by: proofOf(a.by)}
		}
	}
	for _, o := range ix.rootsOf(i) {
		if p := &l.presence[o.root]; p.carrier == 0 || p.taker != 0 {
			*p = presence{carrier: i + 1, by: proofOf(o.by)}
		}
	}
	for _, a := range ix.acts[i] {
		if p := &l.presence[a.root]; a.take && p.carrier != 0 && p.taker == 0 {
			p.taker, p.by = i+1, max(p.by, proofOf(a.by))
		}
	}
}

// stateOf tells how a change stands on a line.
func (ix *Index) stateOf(l *line, root int32) State {
	p := l.presence[root]
	m, marked := l.marks[root]
	switch {
	case p.carrier != 0 && p.taker != 0:
		s := ix.carried(l, p.taker-1, trust[p.by])
		s.Presence = Reverted
		return s
	case p.carrier != 0:
		s := ix.carried(l, p.carrier-1, trust[p.by])
		if marked && m.Verdict == MarkEquivalent {
			s.Reason, s.Event = m.Reason, m.Event
			s.Presence = Equivalent
		}
		return s
	case marked && m.Verdict == MarkWont:
		return State{Presence: Wont, By: ByRecord, Confidence: confidence(ByRecord), Reason: m.Reason, Event: m.Event}
	}
	if s, ok := ix.byParts(l, root); ok {
		return s
	}
	if l == ix.main {
		return ix.notOnMain(root)
	}
	return State{Presence: Missing}
}

// notOnMain is the state on main of what only a line has: whoever made it may have said that it belongs there.
func (ix *Index) notOnMain(root int32) State {
	if reason := ix.nodes[root].only; reason != "" {
		return State{Presence: Wont, By: ByRecord, Confidence: confidence(ByRecord), Reason: reason}
	}
	for _, l := range ix.lines {
		if m, ok := l.marks[root]; ok && m.Verdict == MarkLTSOnly {
			return State{Presence: Wont, By: ByRecord, Confidence: confidence(ByRecord), Reason: m.Reason, Event: m.Event}
		}
	}
	return State{Presence: Missing}
}

// byParts looks whether a line has all that a merge brought, by itself.
func (ix *Index) byParts(l *line, root int32) (State, bool) {
	var last presence
	for _, i := range ix.parts[root] {
		if ix.hollow(i) {
			continue
		}
		p := l.presence[i]
		switch {
		case p.carrier == 0:
			return State{}, false
		case p.taker != 0:
			s := ix.carried(l, p.taker-1, trust[p.by])
			s.Presence = Reverted
			return s, true
		}
		last = presence{carrier: max(last.carrier, p.carrier), by: max(last.by, p.by)}
	}
	if last.carrier == 0 {
		return State{}, false
	}
	return ix.carried(l, last.carrier-1, trust[last.by]), true
}

// carried is the state by a commit that is on the line.
func (ix *Index) carried(l *line, commit int32, by Evidence) State {
	s := State{Presence: Picked, Commit: ix.nodes[commit].id, By: by, Confidence: confidence(by)}
	if v := ix.firstRelease(l, commit); !v.IsZero() {
		s.Presence, s.Since = Present, v
	}
	return s
}

func confidence(by Evidence) string {
	switch by {
	case ByAncestry, ByTrailer, ByRecord:
		return "certain"
	case ByPatch, ByAuthor:
		return "strong"
	}
	return "likely"
}

// firstRelease returns the lowest version of a line that contains a commit, or zero.
func (ix *Index) firstRelease(l *line, commit int32) release.Version {
	if l.since == nil {
		slices.SortFunc(l.Releases, func(a, b Released) int { return a.Version.Compare(b.Version) })
		l.since = make([]int16, len(ix.nodes))
		seen := ix.newReach()
		for n, r := range l.Releases {
			if tip, ok := ix.find(r.Commit); ok {
				ix.addFrom(seen, tip, func(i int32) { l.since[i] = int16(n + 1) }) //nolint:gosec // few releases
			}
		}
	}
	if n := l.since[commit]; n > 0 {
		return l.Releases[n-1].Version
	}
	return release.Version{}
}
