package release

import (
	"strings"
	"testing"
	"time"
)

func standing() Standing {
	at := time.Date(2026, 5, 3, 8, 0, 0, 0, time.UTC)
	line, err := ParseLine("2.4")
	if err != nil {
		panic(err)
	}
	return Standing{
		Schema: StandingSchema, Product: "acme", Channel: "lts-2.4", Line: line, Issued: at,
		Support:   SupportWindow{Maintenance: "2027-03-01", EOL: "2028-03-01"},
		Newest:    &Head{Version: MustVersion("2.4.7"), Sequence: 8, Release: "sha256:" + strings.Repeat("a", 64)},
		Floor:     &Floor{Version: MustVersion("2.4.2"), Reason: "loses data", Advisory: "CVE-2026-1"},
		Withdrawn: []Withdrawal{{Version: MustVersion("2.4.3"), Time: at, Reason: "crashes"}, {Version: MustVersion("2.4.6"), Time: at, Reason: "given up", Abandoned: true}},
		Upgrade: Upgrades{
			From:       ">=2.2.0 <2.5.0",
			Stops:      []Stop{{Version: MustVersion("2.4.1"), For: "<2.4.0", Reason: "migrates the index"}},
			Blocked:    []Block{{From: "=2.2.9", To: "<2.4.5", Reason: "a fix would go missing"}},
			Conditions: []Condition{{From: "<2.4.0", Text: "needs 10 GB free"}},
		},
	}
}

func TestAStandingSurvivesItsEncoding(t *testing.T) {
	s := standing()
	data, err := Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeStanding(data)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Encode(got)
	if err != nil || string(again) != string(data) {
		t.Errorf("%v\n%s\nis not\n%s", err, again, data)
	}
	if w := got.Withdrawal(MustVersion("2.4.6")); w == nil || !w.Abandoned {
		t.Errorf("2.4.6 is %v", w)
	}
	if w := got.Withdrawal(MustVersion("2.4.5")); w != nil {
		t.Errorf("2.4.5 is withdrawn: %v", w)
	}
}

func TestStandingsThatAreRefused(t *testing.T) {
	long := strings.Repeat("x", maxTextBytes+1)
	for name, c := range map[string]struct {
		spoil func(*Standing)
		want  string
	}{
		"of another format":                 {func(s *Standing) { s.Schema += "2" }, "schema"},
		"with a field that is new":          {func(s *Standing) { s.Critical = []string{"moon"} }, "moon"},
		"of no product":                     {func(s *Standing) { s.Product = "" }, "product"},
		"of no channel":                     {func(s *Standing) { s.Channel = "../x" }, "channel"},
		"of no time":                        {func(s *Standing) { s.Issued = time.Time{} }, "issued"},
		"with parts of a second":            {func(s *Standing) { s.Issued = s.Issued.Add(1) }, "issued"},
		"with a day that does not exist":    {func(s *Standing) { s.Support.EOL = "2027-02-30" }, "support"},
		"that ended without a reason":       {func(s *Standing) { s.Ended = &Ending{Time: s.Issued} }, "ended"},
		"that ended for a nameless channel": {func(s *Standing) { s.Ended = &Ending{Time: s.Issued, Reason: "old", Successor: "/"} }, "successor"},
		"with a newest without digest":      {func(s *Standing) { s.Newest.Release = "" }, "newest"},
		"with a newest without sequence":    {func(s *Standing) { s.Newest.Sequence = 0 }, "newest"},
		"with a floor of nothing":           {func(s *Standing) { s.Floor.Version = Version{} }, "floor"},
		"with withdrawals out of order":     {func(s *Standing) { s.Withdrawn[0], s.Withdrawn[1] = s.Withdrawn[1], s.Withdrawn[0] }, "order"},
		"with a withdrawal given twice":     {func(s *Standing) { s.Withdrawn[1] = s.Withdrawn[0] }, "repeated"},
		"with too many withdrawals":         {func(s *Standing) { s.Withdrawn = make([]Withdrawal, maxStatements+1) }, "at most"},
		"with a range that is none":         {func(s *Standing) { s.Upgrade.From = "older" }, "from"},
		"with a range without end":          {func(s *Standing) { s.Upgrade.Blocked[0].To = strings.Repeat(">1 ", 100) }, "at most"},
		"with stops out of order":           {func(s *Standing) { s.Upgrade.Stops = append(s.Upgrade.Stops, s.Upgrade.Stops[0]) }, "stop"},
		"with a text without end":           {func(s *Standing) { s.Upgrade.Conditions[0].Text = long }, "at most"},
		"with a text that rings the bell":   {func(s *Standing) { s.Floor.Reason = "\a" }, "control"},
	} {
		s := standing()
		c.spoil(&s)
		data, err := Encode(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeStanding(data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("a standing %s: %v, not about %q", name, err, c.want)
		}
	}
	if _, err := DecodeStanding(make([]byte, MaxStandingBytes+1)); err == nil {
		t.Error("a standing without end was read")
	}
}

func TestARangeTakesPreReleasesIn(t *testing.T) {
	for _, c := range []struct {
		within, version string
		want            bool
	}{
		{">=2.2.0 <2.4.0", "2.3.0-rc.1", true},
		{">=2.2.0 <2.4.0", "2.4.0", false},
		{"=2.4.7", "2.4.7", true},
	} {
		r, err := ParseRange(c.within)
		if err != nil {
			t.Fatal(err)
		}
		if got := Within(r, MustVersion(c.version)); got != c.want {
			t.Errorf("%s in %q: %v", c.version, c.within, got)
		}
	}
}

func TestNamesOfChannelsThatTrustCannotHold(t *testing.T) {
	for _, name := range []string{"root", "targets", "snapshot", "timestamp", "lts-2.4-status"} {
		if CheckTrusted(name) == nil {
			t.Errorf("%q is taken", name)
		}
	}
	if err := CheckTrusted("lts-2.4"); err != nil {
		t.Error(err)
	}
}
