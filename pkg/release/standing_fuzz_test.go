package release_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// FuzzStanding reads channels/<channel>.json. What is accepted is written again as the same statement.
func FuzzStanding(f *testing.F) {
	day := time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)
	full := release.Standing{
		Schema: release.StandingSchema, Product: "acme", Channel: "lts-2.4", Issued: day,
		Support:   release.SupportWindow{Maintenance: "2027-03-01", EOL: "2028-03-01"},
		Ended:     &release.Ending{Time: day, Reason: "2.6 is there", Successor: "lts-2.6"},
		Newest:    &release.Head{Version: release.MustVersion("2.4.7"), Sequence: 4, Release: release.Digest(nil)},
		Floor:     &release.Floor{Version: release.MustVersion("2.4.2"), Reason: "a hole", Advisory: "CVE-2026-1"},
		Withdrawn: []release.Withdrawal{{Version: release.MustVersion("2.4.5"), Time: day, Reason: "it loses data", Abandoned: true}},
		Upgrade: release.Upgrades{
			From: ">=2.2.0 <2.4.0", Stops: []release.Stop{{Version: release.MustVersion("2.4.0"), For: "<2.4.0", Reason: "it moves the data"}},
			Blocked: []release.Block{{From: "2.2.1", To: "2.4.0", Reason: "it loses data"}}, Conditions: []release.Condition{{Text: "make a backup"}},
		},
	}
	data, err := release.Encode(full)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(bytes.Replace(data, []byte(`"product"`), []byte(`"product": "evil", "product"`), 1))
	f.Add([]byte(`{"schema":"https://relctl.dev/schema/standing/v1","product":"a","channel":"b","issued":"2026-07-01T08:00:00Z","upgrade":{"from":">=0 <0 || ~>1"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := release.DecodeStanding(data)
		if err != nil {
			return
		}
		once, err := release.Encode(s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := release.DecodeStanding(once)
		if err != nil {
			t.Fatalf("it does not read what it wrote: %v", err)
		}
		if twice, _ := release.Encode(again); !bytes.Equal(once, twice) {
			t.Errorf("written anew it says something else:\n%s\n%s", once, twice)
		}
	})
}
