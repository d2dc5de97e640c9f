package gate_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/release"
)

var (
	yearEnd  = gate.Window{Name: "year-end", From: "2026-12-20", To: "2027-01-04", Timezone: "Europe/Berlin"}
	nights   = gate.Window{Name: "nights", Weekdays: []string{"mon", "tue", "wed", "thu", "fri"}, Start: "18:00", End: "08:00", Timezone: "Europe/Berlin"}
	weekend  = gate.Window{Name: "weekend", Weekdays: []string{"sat", "sun"}, Timezone: "Europe/Berlin"}
	always   = gate.Window{Name: "always", Weekdays: []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}}
	sundays  = gate.Window{Name: "sundays", Weekdays: []string{"sun"}, Start: "02:15", End: "02:45", Timezone: "Europe/Berlin"}
	incident = gate.Window{Name: "incident", Since: at("2026-03-03T10:00:00Z")}
	outage   = gate.Window{Name: "outage", Since: at("2026-03-03T10:00:00Z"), Until: at("2026-03-03T12:00:00Z")}
)

// TestFreeze asks at moments around each edge. Times are UTC; Berlin is an hour ahead in winter, two in summer.
func TestFreeze(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		windows []gate.Window
		at      string
		want    string
	}{
		{nil, "2026-03-03T10:00:00Z", "pass: nothing is frozen"},

		{[]gate.Window{yearEnd}, "2026-12-19T22:59:59Z", "pass: nothing is frozen before 2026-12-19 23:00:00Z"},
		{[]gate.Window{yearEnd}, "2026-12-19T23:00:00Z", "fail: frozen by year-end until 2027-01-04 23:00:00Z"},
		{[]gate.Window{yearEnd}, "2027-01-04T22:59:59Z", "fail: frozen by year-end until 2027-01-04 23:00:00Z"},
		{[]gate.Window{yearEnd}, "2027-01-04T23:00:00Z", "pass: nothing is frozen"},
		{[]gate.Window{yearEnd}, "2025-01-04T23:00:00Z", "pass: nothing is frozen"}, // too far ahead to tell

		{[]gate.Window{nights}, "2026-03-02T16:59:59Z", "pass: nothing is frozen before 2026-03-02 17:00:00Z"}, // a Monday
		{[]gate.Window{nights}, "2026-03-02T17:00:00Z", "fail: frozen by nights until 2026-03-03 07:00:00Z"},
		{[]gate.Window{nights}, "2026-03-03T06:59:59Z", "fail: frozen by nights until 2026-03-03 07:00:00Z"},
		{[]gate.Window{nights}, "2026-03-03T07:00:00Z", "pass: nothing is frozen before 2026-03-03 17:00:00Z"},
		{[]gate.Window{nights}, "2026-03-02T06:00:00Z", "pass: nothing is frozen before 2026-03-02 17:00:00Z"}, // Sunday's night is none
		{[]gate.Window{nights}, "2026-03-07T06:59:59Z", "fail: frozen by nights until 2026-03-07 07:00:00Z"},   // Friday's night ends on Saturday

		{[]gate.Window{weekend}, "2026-03-06T23:00:00Z", "fail: frozen by weekend until 2026-03-08 23:00:00Z"},
		{[]gate.Window{nights, weekend}, "2026-03-06T23:00:00Z", "fail: frozen by nights, weekend until 2026-03-08 23:00:00Z"},
		{[]gate.Window{nights, weekend}, "2026-03-06T17:00:00Z", "fail: frozen by nights until 2026-03-08 23:00:00Z"}, // until all have ended
		{[]gate.Window{always}, "2026-03-06T17:00:00Z", "fail: frozen by always, with no end in sight"},
		{[]gate.Window{yearEnd, incident}, "2026-12-24T00:00:00Z", "fail: frozen by year-end, incident, with no end in sight"},

		{[]gate.Window{incident}, "2026-03-03T09:59:59Z", "pass: nothing is frozen before 2026-03-03 10:00:00Z"},
		{[]gate.Window{incident}, "2036-03-03T10:00:00Z", "fail: frozen by incident, with no end in sight"},
		{[]gate.Window{outage}, "2026-03-03T11:59:59Z", "fail: frozen by outage until 2026-03-03 12:00:00Z"},
		{[]gate.Window{outage}, "2026-03-03T12:00:00Z", "pass: nothing is frozen"},

		// Clocks go forward on 2026-03-29 at 02:00 and back on 2026-10-25 at 03:00 in Berlin.
		{[]gate.Window{weekend}, "2026-03-29T21:59:59Z", "fail: frozen by weekend until 2026-03-29 22:00:00Z"},
		{[]gate.Window{weekend}, "2026-10-25T22:59:59Z", "fail: frozen by weekend until 2026-10-25 23:00:00Z"},
		{[]gate.Window{{Name: "summer", From: "2026-03-29", To: "2026-10-25", Timezone: "Europe/Berlin"}}, "2026-03-28T23:00:00Z", "fail: frozen by summer until 2026-10-25 23:00:00Z"},
		{[]gate.Window{sundays}, "2026-03-29T00:30:00Z", "pass: nothing is frozen before 2026-04-05 00:15:00Z"},                                 // the half hour does not exist
		{[]gate.Window{sundays}, "2026-10-25T00:15:00Z", "fail: frozen by sundays until 2026-10-25 01:45:00Z"},                                  // and here it comes twice
		{[]gate.Window{sundays}, "2026-10-25T01:44:59Z", "fail: frozen by sundays until 2026-10-25 01:45:00Z"},                                  //
		{[]gate.Window{sundays}, "2026-10-25T01:45:00Z", "pass: nothing is frozen before 2026-11-01 01:15:00Z"},                                 //
		{[]gate.Window{withZone(weekend, "Pacific/Apia")}, "2011-12-30T09:59:59Z", "pass: nothing is frozen before 2011-12-30 10:00:00Z"},       // Friday the 30th was left out
		{[]gate.Window{withZone(weekend, "America/Sao_Paulo")}, "2018-11-04T12:00:00Z", "fail: frozen by weekend until 2018-11-05 02:00:00Z"},   // midnight did not exist on the 4th
		{[]gate.Window{withZone(weekend, "Australia/Lord_Howe")}, "2026-04-04T12:00:00Z", "fail: frozen by weekend until 2026-04-05 13:30:00Z"}, // half an hour back
	} {
		v := ask(t, gate.FreezeGate{Windows: c.windows, At: at(c.at)})
		if got := fmt.Sprintf("%s: %s", v.Status, v.Reason); got != c.want {
			t.Errorf("at %s:\n got %s\nwant %s", c.at, got, c.want)
		}
	}
}

func withZone(w gate.Window, zone string) gate.Window {
	w.Timezone = zone
	return w
}

// TestFreezeAgreesWithTheClockOnTheWall holds weekly windows against what a clock in their zone shows, every 5 minutes
// of the weeks in which clocks are set.
func TestFreezeAgreesWithTheClockOnTheWall(t *testing.T) {
	t.Parallel()
	w := gate.Window{Name: "w", Weekdays: []string{"sat", "sun"}, Start: "05:00", End: "21:30"}
	for zone, start := range map[string]string{"Europe/Berlin": "2026-03-25T00:00:00Z", "America/New_York": "2026-10-29T00:00:00Z", "Australia/Lord_Howe": "2026-10-01T00:00:00Z", "Asia/Kolkata": "2026-10-01T00:00:00Z"} {
		w.Timezone = zone
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 7 * 24 * 12 {
			now := at(start).Add(time.Duration(i) * 5 * time.Minute)
			local := now.In(loc)
			minute := local.Hour()*60 + local.Minute()
			want := (local.Weekday() == time.Saturday || local.Weekday() == time.Sunday) && minute >= 5*60 && minute < 21*60+30
			f, err := gate.Frozen([]gate.Window{w}, now)
			if err != nil || (len(f.By) > 0) != want {
				t.Fatalf("%s, which is %s: frozen by %v, %v", now, local, f.By, err)
			}
		}
	}
}

func TestFrozenSaysWhatChangesWhen(t *testing.T) {
	t.Parallel()
	f, err := gate.Frozen([]gate.Window{nights, weekend}, at("2026-03-06T17:00:00Z"))
	want := gate.Freeze{By: []string{"nights"}, Change: at("2026-03-08T23:00:00Z")}
	if d := cmp.Diff(want, f); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
}

func TestAWindowThatIsNoneIsAnErrorAndNeverAPass(t *testing.T) {
	t.Parallel()
	for want, w := range map[string]gate.Window{
		"either from and to, or weekdays":           {},
		"either from and to, or weekdays, or since": {From: "2026-01-01", To: "2026-01-02", Weekdays: []string{"mon"}},
		"to is \"\", not a day":                     {From: "2026-01-01"},
		"from is \"2026-02-30\"":                    {From: "2026-02-30", To: "2026-03-01"},
		"before it begins on 2026-01-02":            {From: "2026-01-02", To: "2026-01-01"},
		"\"Mon\" is not a weekday":                  {Weekdays: []string{"Mon"}},
		"\"6pm\" is not a time of day":              {Weekdays: []string{"mon"}, Start: "6pm", End: "08:00"},
		"\"\" is not a time of day":                 {Weekdays: []string{"mon"}, Start: "18:00"},
		"a day cannot begin at its end":             {Weekdays: []string{"mon"}, Start: "24:00", End: "08:00"},
		"hours of weekdays, and there are none":     {From: "2026-01-01", To: "2026-01-02", Start: "18:00", End: "19:00"},
		"until needs since":                         {Until: at("2026-01-01T00:00:00Z")},
		"it ends before it begins":                  {Since: at("2026-01-01T00:00:00Z"), Until: at("2026-01-01T00:00:00Z")},
		"unknown time zone Nowhere/Else":            {Weekdays: []string{"mon"}, Timezone: "Nowhere/Else"},
		"Local is another one on every machine":     {Weekdays: []string{"mon"}, Timezone: "Local"},
	} {
		w.Name = "x"
		if err := w.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", w, err, want)
		}
		expect(t, ask(t, gate.FreezeGate{Windows: []gate.Window{outage, w}, At: noon}), release.Errored, "freeze x: ")
	}
}

func ExampleFreezeGate() {
	g := gate.FreezeGate{
		Windows: []gate.Window{{Name: "year-end", From: "2026-12-20", To: "2027-01-04", Timezone: "Europe/Berlin"}},
		At:      time.Date(2026, 12, 24, 12, 0, 0, 0, time.UTC),
	}
	v := gate.Recorded(g, nil).Evaluate(context.Background(), gate.Subject{})
	fmt.Println(v.Status, v.Reason)
	// Output: fail frozen by year-end until 2027-01-04 23:00:00Z
}
