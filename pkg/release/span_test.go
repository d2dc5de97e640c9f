package release_test

import (
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

func TestSpansLeaveOutZeroPartsAtTheEnd(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		72 * time.Hour: "72h", 90 * time.Minute: "1h30m", 45 * time.Second: "45s", 10 * time.Minute: "10m", time.Hour + time.Second: "1h0m1s",
		10 * time.Hour: "10h", 0: "0s",
	} {
		if got := release.Span(d); got != want {
			t.Errorf("%v is %q, want %q", int64(d), got, want)
		}
	}
}

func TestSpansInMinutesLeaveOutWhatIsBelow(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		80*time.Minute + 59*time.Second: "1h20m", 2 * time.Hour: "2h", 59*time.Second + time.Millisecond: "59s", 0: "0s",
	} {
		if got := release.SpanMinutes(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
