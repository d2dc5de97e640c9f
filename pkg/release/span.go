package release

import (
	"strings"
	"time"
)

// Span writes a time span for people, without what is zero at its end: 72h, 1h30m, 45s.
func Span(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// SpanMinutes is [Span] in whole minutes, and in seconds below one: 1h20m, 45m, 30s.
func SpanMinutes(d time.Duration) string {
	if d >= time.Minute {
		d = d.Truncate(time.Minute)
	}
	return Span(d.Truncate(time.Second))
}
