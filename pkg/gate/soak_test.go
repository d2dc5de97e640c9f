package gate_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/release"
)

// noon is when the stories of soak begin.
var noon = at("2026-01-05T12:00:00Z")

func after(hours float64) time.Time { return noon.Add(time.Duration(hours * float64(time.Hour))) }

// saw is an observation of release r1 in cell a, from one hour to another.
func saw(status release.Status, from, to float64) gate.Observation {
	return gate.Observation{Cell: "a", Release: "r1", From: after(from), To: after(to), Status: status}
}

// in returns the observations as those of another cell.
func in(cell string, of ...gate.Observation) []gate.Observation {
	out := make([]gate.Observation, len(of))
	for i, o := range of {
		o.Cell = cell
		out[i] = o
	}
	return out
}

func stay(cell, name string, from, until float64, changes ...string) gate.Stay {
	s := gate.Stay{Cell: cell, Release: name, From: after(from), Changes: changes}
	if until > 0 {
		s.Until = after(until)
	}
	return s
}

// soak asks for four hours of release r1 in cell a, with gaps of at most half an hour, ten hours after noon.
func soak(change func(*gate.SoakGate)) gate.SoakGate {
	g := gate.SoakGate{At: after(10), Soak: gate.Soak{Release: "r1", Cells: []string{"a"}, For: 4 * 3600, MaxGap: 1800},
		History: gate.History{Stays: []gate.Stay{stay("a", "r1", 0, 0)}}}
	change(&g)
	return g
}

func TestSoakCountsOnlyProvenUnbrokenTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		seen   []gate.Observation
		status release.Status
		reason string
	}{
		"one long window passes":                     {[]gate.Observation{saw("pass", 1, 5)}, "pass", "healthy for 4h of 4h, from 2026-01-05 13:00:00Z to 2026-01-05 17:00:00Z"},
		"a second too little is no pass":             {[]gate.Observation{saw("pass", 1, 4.999)}, "no-data", "healthy for 3h59m56s of 4h"},
		"windows that touch are unbroken":            {[]gate.Observation{saw("pass", 1, 3), saw("pass", 3, 5)}, "pass", "4h"},
		"windows in any order, overlapping":          {[]gate.Observation{saw("pass", 3, 5), saw("pass", 1, 4)}, "pass", "4h"},
		"a gap of the allowed length is unbroken":    {[]gate.Observation{saw("pass", 1, 3), saw("pass", 3.5, 5)}, "pass", "4h"},
		"a longer gap breaks, and nothing is known":  {[]gate.Observation{saw("pass", 1, 3), saw("pass", 3.51, 5)}, "no-data", "healthy for 2h of 4h; nothing is known of 8h more"},
		"no observation at all is no data":           {nil, "no-data", "healthy for 0s of 4h; nothing is known of 10h more"},
		"no-data observations prove nothing":         {[]gate.Observation{saw("no-data", 1, 9)}, "no-data", "healthy for 0s"},
		"errors prove nothing":                       {[]gate.Observation{saw("error", 1, 9)}, "no-data", "healthy for 0s"},
		"a status that is not known proves nothing":  {[]gate.Observation{saw("fine", 1, 9)}, "no-data", "healthy for 0s"},
		"a fail breaks, even at one moment":          {[]gate.Observation{saw("pass", 0, 3), saw("fail", 3, 3), saw("pass", 3, 6.5), saw("fail", 6.5, 10)}, "fail", "healthy for 3h30m of 4h; a was not healthy at 2026-01-05 22:00:00Z"},
		"a fail outweighs a pass of the same time":   {[]gate.Observation{saw("pass", 0, 10), saw("fail", 3, 4), saw("fail", 7, 8)}, "fail", "healthy for 3h of 4h"},
		"a fail inside an allowed gap breaks":        {[]gate.Observation{saw("pass", 0, 3), saw("fail", 3.1, 3.2), saw("pass", 3.3, 7.1), saw("fail", 7.1, 10)}, "fail", "healthy for 3h48m of 4h"},
		"the longest time counts, not the last":      {[]gate.Observation{saw("pass", 0, 4), saw("fail", 4, 5), saw("pass", 5, 6)}, "pass", "from 2026-01-05 12:00:00Z to 2026-01-05 16:00:00Z"},
		"single moments close to each other":         {[]gate.Observation{saw("pass", 1, 1), saw("pass", 1.5, 1.5), saw("pass", 2, 2), saw("pass", 2.5, 5)}, "pass", "4h"},
		"time before the release came counts not":    {[]gate.Observation{saw("pass", -4, 3.9), saw("fail", 3.9, 10)}, "fail", "healthy for 3h54m of 4h"},
		"time that has not come counts not":          {[]gate.Observation{saw("fail", 0, 6.5), saw("pass", 6.5, 20)}, "fail", "healthy for 3h30m of 4h"},
		"another cell's observations count not":      {in("b", saw("pass", 0, 10)), "no-data", "healthy for 0s"},
		"another release's observations count not":   {[]gate.Observation{{Cell: "a", Release: "r0", From: after(0), To: after(10), Status: "pass"}}, "no-data", "healthy for 0s"},
		"a window that ends before it begins errors": {[]gate.Observation{saw("pass", 5, 1)}, "error", "ends before it begins"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, ask(t, soak(func(g *gate.SoakGate) { g.History.Observations = c.seen })), c.status, c.reason)
		})
	}
}

func TestSoakThatIsUnderwayFailsUntilItsTimeHasCome(t *testing.T) {
	t.Parallel()
	v := ask(t, soak(func(g *gate.SoakGate) {
		g.At = after(2)
		g.History.Observations = []gate.Observation{saw("pass", 0, 1.9)}
	}))
	expect(t, v, "fail", "healthy for 1h54m of 4h")

	q := soak(func(*gate.SoakGate) {}).Soak
	if due := q.Due(gate.Soaked{From: after(1), Until: after(2)}, after(2.2)); !due.Equal(after(5)) {
		t.Errorf("due at %s", due)
	}
	if due := q.Due(gate.Soaked{}, after(2)); !due.Equal(after(6)) {
		t.Errorf("without a healthy moment due at %s", due)
	}
}

func TestSoakOfAReleaseThatLeftTheRingIsNotCurrent(t *testing.T) {
	t.Parallel()
	v := ask(t, soak(func(g *gate.SoakGate) {
		g.Soak.Current = true
		g.History.Stays = []gate.Stay{stay("a", "r1", 0, 9)}
		g.History.Observations = []gate.Observation{saw("pass", 0, 9)}
	}))
	expect(t, v, "fail", "a does not run it any more")
	expect(t, ask(t, soak(func(g *gate.SoakGate) {
		g.Soak.Current = true
		g.History.Stays = []gate.Stay{stay("a", "r1", 0, 9.9)}
		g.History.Observations = []gate.Observation{saw("pass", 0, 9.9)}
	})), "fail", "a does not run it any more") // not even a moment ago

	rejoined := ask(t, soak(func(g *gate.SoakGate) {
		g.Soak.Current = true
		g.History.Stays = []gate.Stay{stay("a", "r1", 0, 5), stay("a", "r0", 5, 6.2), stay("a", "r1", 6.2, 0)}
		g.History.Observations = []gate.Observation{saw("pass", 0, 9.9)}
	}))
	expect(t, rejoined, "fail", "healthy for 3h42m of 4h; due at 2026-01-05 22:12:00Z") // only since it came back
}

func TestSoakNeedsAllCellsAtOnce(t *testing.T) {
	t.Parallel()
	two := func(a, b []gate.Observation) release.Verdict {
		return ask(t, soak(func(g *gate.SoakGate) {
			g.Soak.Cells = []string{"a", "b"}
			g.History.Stays = []gate.Stay{stay("a", "r1", 0, 0), stay("b", "r1", 0, 0)}
			g.History.Observations = slices.Concat(a, in("b", b...))
		}))
	}
	expect(t, two([]gate.Observation{saw("pass", 0, 6)}, []gate.Observation{saw("pass", 2, 8)}), "pass", "from 2026-01-05 14:00:00Z to 2026-01-05 18:00:00Z")
	expect(t, two([]gate.Observation{saw("pass", 0, 5)}, []gate.Observation{saw("pass", 5, 10)}), "no-data", "healthy for 0s")
	expect(t, two([]gate.Observation{saw("pass", 0, 10)}, []gate.Observation{saw("fail", 3, 7)}), "no-data", "healthy for 0s")
	expect(t, two([]gate.Observation{saw("pass", 0, 10)}, []gate.Observation{saw("pass", 0, 3), saw("fail", 3, 10)}), "fail", "b was not healthy")

	v := ask(t, soak(func(g *gate.SoakGate) {
		g.Soak.Cells = []string{"a", "b"}
		g.History.Observations = []gate.Observation{saw("pass", 0, 10)}
	}))
	expect(t, v, "no-data", "it never ran in b")
}

func TestSoakOfARingsReleaseMustReachUpToNow(t *testing.T) {
	t.Parallel()
	current := func(seen ...gate.Observation) release.Verdict {
		return ask(t, soak(func(g *gate.SoakGate) { g.Soak.Current, g.History.Observations = true, seen }))
	}
	expect(t, current(saw("pass", 0, 9.5)), "pass", "healthy for 9h30m")
	expect(t, current(saw("pass", 0, 9.4)), "no-data", "healthy for 0s")
	expect(t, current(saw("pass", 0, 8), saw("fail", 8, 9), saw("pass", 9, 10)), "fail", "healthy for 1h of 4h")
	expect(t, current(saw("pass", 0, 9.9), saw("fail", 9.9, 10)), "fail", "a was not healthy")
}

func TestSoakOfAChangeGoesOnInTheReleaseThatFollows(t *testing.T) {
	t.Parallel()
	seen := append([]gate.Observation{saw("pass", 0, 3)}, gate.Observation{Cell: "a", Release: "r2", From: after(3.2), To: after(5), Status: "pass"})
	change := func(stays ...gate.Stay) release.Verdict {
		return ask(t, soak(func(g *gate.SoakGate) {
			g.Soak.Release, g.Soak.Change = "", "x"
			g.History = gate.History{Stays: stays, Observations: seen}
		}))
	}
	expect(t, change(stay("a", "r1", 0, 3.1, "x", "y"), stay("a", "r2", 3.1, 5, "x", "z")), "pass", "healthy for 5h")
	expect(t, change(stay("a", "r1", 0, 3.1, "x"), stay("a", "r2", 3.1, 5, "z")), "fail", "healthy for 3h of 4h")
	expect(t, change(stay("a", "r1", 0, 3.1, "x"), stay("a", "r0", 3.1, 3.15, "y"), stay("a", "r2", 3.15, 5, "x")), "fail", "healthy for 3h of 4h")
	expect(t, change(stay("a", "r1", 0, 5, "y")), "no-data", "it never ran in a")
}

func TestRollbackAndRejectVoidSoakUnlessExonerated(t *testing.T) {
	t.Parallel()
	rollback := gate.Void{Kind: "rollback", Release: "r1", At: after(6), Changes: []string{"x", "y"}}
	for name, c := range map[string]struct {
		change string
		void   func(*gate.Void)
		seen   []gate.Observation
		status release.Status
		reason string
	}{
		"a rollback takes the soak of a change":    {"x", func(*gate.Void) {}, []gate.Observation{saw("pass", 0, 6)}, "no-data", "healthy for 0s"},
		"a rollback takes the soak of the release": {"", func(*gate.Void) {}, []gate.Observation{saw("pass", 0, 9), saw("fail", 9, 10)}, "fail", "healthy for 3h of 4h since the rollback of r1 at 2026-01-05 18:00:00Z"},
		"a reject does":                             {"", func(v *gate.Void) { v.Kind = "reject" }, []gate.Observation{saw("pass", 0, 10), saw("fail", 9, 10)}, "fail", "since the reject of r1"},
		"soak begins anew after it":                 {"x", func(v *gate.Void) { v.At = after(2) }, []gate.Observation{saw("pass", 0, 6)}, "pass", "from 2026-01-05 14:00:00Z"},
		"a change that was there before keeps it":   {"x", func(v *gate.Void) { v.Changes = []string{"y"} }, []gate.Observation{saw("pass", 0, 6)}, "pass", "6h"},
		"an exonerated change keeps it":             {"x", func(v *gate.Void) { v.Exonerated = []string{"x"} }, []gate.Observation{saw("pass", 0, 6)}, "pass", "6h"},
		"an exonerated neighbour does not help":     {"x", func(v *gate.Void) { v.Exonerated = []string{"y"} }, []gate.Observation{saw("pass", 0, 6)}, "no-data", "healthy for 0s"},
		"a release's changes do not exonerate it":   {"", func(v *gate.Void) { v.Exonerated = v.Changes }, []gate.Observation{saw("pass", 0, 6)}, "no-data", "healthy for 0s"},
		"a cleared release keeps it":                {"", func(v *gate.Void) { v.Cleared = true }, []gate.Observation{saw("pass", 0, 6)}, "pass", "6h"},
		"and so do its changes":                     {"x", func(v *gate.Void) { v.Cleared = true }, []gate.Observation{saw("pass", 0, 6)}, "pass", "6h"},
		"a void of another release takes nothing":   {"", func(v *gate.Void) { v.Release = "r2" }, []gate.Observation{saw("pass", 0, 6)}, "pass", "6h"},
		"a void that has not come yet takes it not": {"x", func(v *gate.Void) { v.At = after(11) }, []gate.Observation{saw("pass", 0, 6)}, "pass", "6h"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := ask(t, soak(func(g *gate.SoakGate) {
				if c.change != "" {
					g.Soak.Release, g.Soak.Change = "", c.change
				}
				void := rollback
				c.void(&void)
				g.History = gate.History{Stays: []gate.Stay{stay("a", "r1", 0, 0, "x", "y")}, Observations: c.seen, Voids: []gate.Void{void}}
			}))
			expect(t, v, c.status, c.reason)
		})
	}
}

func TestASoakThatSaysTooLittleIsAnError(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*gate.SoakGate){
		"no cells":               func(g *gate.SoakGate) { g.Soak.Cells = nil },
		"no time":                func(g *gate.SoakGate) { g.Soak.For = 0 },
		"negative time":          func(g *gate.SoakGate) { g.Soak.For = -1 },
		"a time that overflows":  func(g *gate.SoakGate) { g.Soak.For = 1 << 50 },
		"no gap":                 func(g *gate.SoakGate) { g.Soak.MaxGap = 0 },
		"neither":                func(g *gate.SoakGate) { g.Soak.Release = "" },
		"a release and a change": func(g *gate.SoakGate) { g.Soak.Change = "x" },
	} {
		v := ask(t, soak(func(g *gate.SoakGate) {
			g.History.Observations = []gate.Observation{saw("pass", 0, 10)}
			change(g)
		}))
		if v.Status != release.Errored {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

func ExampleSoakGate() {
	start := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	g := gate.SoakGate{
		Soak: gate.Soak{Release: "2026.105.1", Cells: []string{"eu-1"}, For: 2 * 3600, MaxGap: 900, Current: true},
		History: gate.History{
			Stays:        []gate.Stay{{Cell: "eu-1", Release: "2026.105.1", From: start}},
			Observations: []gate.Observation{{Cell: "eu-1", Release: "2026.105.1", From: start, To: start.Add(90 * time.Minute), Status: release.Pass}},
		},
		At: start.Add(95 * time.Minute),
	}
	v := gate.Judge(g.Observe(context.Background(), gate.Subject{}))
	fmt.Println(v.Status, v.Reason)
	// Output: fail healthy for 1h30m of 2h; due at 2026-01-05 14:00:00Z
}
