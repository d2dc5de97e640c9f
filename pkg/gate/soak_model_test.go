package gate_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/release"
)

// What a model of soak knows of a minute.
const (
	away = iota // what is asked for did not run
	unknown
	healthy
	sick
)

// minutes plays a history of one cell minute by minute.
func minutes(h gate.History, cell string, about func(gate.Stay) bool, since, length int) []int {
	out := make([]int, length)
	minute := func(t time.Time) int { return int(t.Sub(noon) / time.Minute) }
	for _, s := range h.Stays {
		if s.Cell != cell || !about(s) {
			continue
		}
		until := length
		if !s.Until.IsZero() {
			until = minute(s.Until)
		}
		for m := max(minute(s.From), since); m < until; m++ {
			out[m] = max(out[m], unknown)
			for _, o := range h.Observations {
				if o.Cell != cell || o.Release != s.Release || m < minute(o.From) || m >= minute(o.To) {
					continue
				}
				switch o.Status {
				case release.Pass:
					out[m] = max(out[m], healthy)
				case release.Fail:
					out[m] = sick
				}
			}
		}
	}
	return out
}

// fill makes unknown time healthy where it lies between healthy minutes and lasts no longer than gap.
func fill(cell []int, gap int) {
	last := -1
	for m, what := range cell {
		switch {
		case what == healthy && last >= 0 && m-last-1 <= gap:
			for i := last + 1; i < m; i++ {
				cell[i] = healthy
			}
			last = m
		case what == healthy:
			last = m
		case what != unknown:
			last = -1
		}
	}
}

// TestSoakAgreesWithAModel plays random histories of three releases in two cells and compares the longest unbroken
// time with that of a model that knows no spans, only minutes.
func TestSoakAgreesWithAModel(t *testing.T) {
	t.Parallel()
	const length, gap = 80, 3
	at := func(m int) time.Time { return noon.Add(time.Duration(m) * time.Minute) }
	proven := 0
	for seed := range uint64(1000) {
		r := rand.New(rand.NewPCG(seed, 1))
		var h gate.History
		holds := map[string][]string{"r0": nil, "r1": {"x"}, "r2": {"x", "y"}}
		for _, cell := range []string{"a", "b"} {
			for m := 0; m < length; {
				next := min(m+5+r.IntN(40), length)
				name := []string{"r0", "r1", "r2", "r2"}[r.IntN(4)]
				s := gate.Stay{Cell: cell, Release: name, From: at(m), Changes: holds[name]}
				if next < length {
					s.Until = at(next)
				}
				h.Stays = append(h.Stays, s)
				m = next
			}
			for m := 0; m < length; m += 1 + r.IntN(6) {
				status := []release.Status{"pass", "pass", "pass", "pass", "pass", "pass", "no-data", "fail"}[r.IntN(8)]
				for _, name := range []string{"r1", "r2"} {
					h.Observations = append(h.Observations, gate.Observation{Cell: cell, Release: name, From: at(m), To: at(m + 1 + r.IntN(5)), Status: status})
				}
			}
		}
		since := 0
		if r.IntN(3) == 0 {
			since = r.IntN(length)
			h.Voids = []gate.Void{{Kind: "rollback", Release: "r1", At: at(since), Changes: []string{"x"}}}
		}
		r.Shuffle(len(h.Observations), func(i, j int) { h.Observations[i], h.Observations[j] = h.Observations[j], h.Observations[i] })

		about := func(s gate.Stay) bool { return slices.Contains(s.Changes, "x") }
		a, b := minutes(h, "a", about, since, length), minutes(h, "b", about, since, length)
		fill(a, gap)
		fill(b, gap)
		want, run := 0, 0
		for m := range length {
			if run++; a[m] != healthy || b[m] != healthy {
				run = 0
			}
			want = max(want, run)
		}
		q := gate.Soak{Change: "x", Cells: []string{"a", "b"}, For: 1, MaxGap: gap * 60}
		if got := int(q.Measure(h, at(length)).Healthy() / time.Minute); got != want {
			t.Fatalf("seed %d: healthy for %d minutes, the model says %d\na %v\nb %v", seed, got, want, a, b)
		}
		if want > 10 {
			proven++
		}
	}
	if proven < 100 {
		t.Errorf("only %d histories have more than ten minutes of soak, too few to tell", proven)
	}
}
