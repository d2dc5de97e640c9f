package gate

import (
	"slices"
	"time"
)

// span is a stretch of time, up to but not including until; a zero until is never.
type span struct{ from, until time.Time }

func (s span) holds(t time.Time) bool {
	return !t.Before(s.from) && (s.until.IsZero() || t.Before(s.until))
}

func (s span) length() time.Duration { return s.until.Sub(s.from) }

// touches reports whether the two have a moment in common, ends included.
func (s span) touches(o span) bool { return !o.from.After(s.until) && !s.from.After(o.until) }

// covers reports whether o lies in s, ends included.
func (s span) covers(o span) bool { return !o.from.Before(s.from) && !o.until.After(s.until) }

// within returns the part of s that lies in o, ends included; it may be a single moment.
func (s span) within(o span) (span, bool) {
	return span{latest(s.from, o.from), earliest(s.until, o.until)}, s.touches(o)
}

// union joins spans that touch or overlap, and sorts them. All of them end.
func union(spans []span) []span {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	var out []span
	for _, s := range spans {
		if last := len(out) - 1; last >= 0 && !s.from.After(out[last].until) {
			out[last].until = latest(out[last].until, s.until)
			continue
		}
		out = append(out, s)
	}
	return out
}

// intersect returns the time that lies in both lists.
func intersect(a, b []span) []span {
	var out []span
	for _, x := range a {
		for _, y := range b {
			if s, ok := x.within(y); ok && s.length() > 0 {
				out = append(out, s)
			}
		}
	}
	return out
}

// subtract takes spans out of others. A single moment that is taken out leaves two spans that touch.
func subtract(spans, out []span) []span {
	for _, o := range out {
		var left []span
		for _, s := range spans {
			if !s.touches(o) {
				left = append(left, s)
				continue
			}
			if s.from.Before(o.from) {
				left = append(left, span{s.from, o.from})
			}
			if o.until.Before(s.until) {
				left = append(left, span{o.until, s.until})
			}
		}
		spans = left
	}
	return spans
}

// longest returns the longest span, the first of equals.
func longest(spans []span) span {
	var out span
	for _, s := range spans {
		if s.length() > out.length() {
			out = s
		}
	}
	return out
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
