package timeline_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/timeline"
)

var (
	begin  = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	commit = strings.Repeat("a", 40)
	one    = release.MustVersion("2026.302.1")
	two    = release.MustVersion("2026.302.2")
)

// incident is a bad afternoon, an event a minute.
func incident() []ledger.Recorded {
	health := func(cell string, status release.Status) ledger.Event {
		return ledger.Event{Type: ledger.TypeObserve, Observe: &ledger.Observe{
			Kind: ledger.ObserveHealth, Cell: cell, Ring: "canary", Version: two, Status: status, From: begin, To: begin.Add(time.Minute),
		}}
	}
	check := func(status release.Status) ledger.Event {
		return ledger.Event{Type: ledger.TypeObserve, Channel: "-", Observe: &ledger.Observe{Kind: ledger.ObserveCheck, Check: "test", Commit: commit, Status: status}}
	}
	events := []ledger.Event{
		{Type: ledger.TypeGenesis, Channel: "-", Genesis: &ledger.Genesis{DefaultBranch: "main"}},
		check(release.Pass),
		check(release.Fail),
		{Type: ledger.TypeCut, Cut: &ledger.Cut{Version: two, Commit: commit, Release: "sha256:" + strings.Repeat("e", 64)}},
		{Type: ledger.TypePromote, Promote: &ledger.Promote{Version: two, Ring: "canary", Rings: []string{"dogfood", "canary"}}},
		health("eu-1", release.Pass),
		health("eu-1", release.Pass),
		health("eu-1", release.Fail),
		health("eu-1", release.Fail),
		{Type: ledger.TypeRollback, Reason: "orders | fail", Rollback: &ledger.Rollback{Ring: "canary", From: two, To: one}},
		{Type: ledger.TypeReject, Reason: "orders fail", Reject: &ledger.Reject{Version: two}},
		{Type: ledger.TypeHold, Reason: "look first", Hold: &ledger.Hold{Ring: "dogfood"}},
		{Type: ledger.TypeFreeze, Channel: "-", Reason: "all hands", Freeze: &ledger.Freeze{Name: "incident"}},
		{Type: ledger.TypeWaive, Channel: "lts-2.4", Reason: "known\x1b[31m\nnoise", Waive: &ledger.Waive{Gate: "e2e", Expires: begin}},
		{Type: ledger.TypeThaw, Channel: "-", Thaw: &ledger.Thaw{Name: "incident"}},
	}
	var out []ledger.Recorded
	for i, e := range events {
		e.Number, e.Time, e.Actor = uint64(i+1), begin.Add(time.Duration(i)*time.Minute), "Ann <ann@acme.example>"
		switch e.Channel {
		case "-":
			e.Channel = ""
		case "":
			e.Channel = "rolling"
		}
		out = append(out, ledger.Recorded{Event: e})
	}
	return out
}

// numbers writes which events are told.
func numbers(entries []timeline.Entry) string {
	var out []string
	for _, e := range entries {
		out = append(out, fmt.Sprint(e.Event))
	}
	return strings.Join(out, " ")
}

func TestTheTimelineTellsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		filter timeline.Filter
		want   string
	}{
		"everything but what was seen again":                   {timeline.Filter{}, "1 3 4 5 6 8 10 11 12 13 14 15"},
		"all observations":                                     {timeline.Filter{Observations: true}, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"},
		"a time, in which the first observation is still news": {timeline.Filter{Since: begin.Add(7 * time.Minute), Until: begin.Add(11 * time.Minute)}, "8 10 11"},
		"a channel, and what was about all":                    {timeline.Filter{Channel: "rolling"}, "4 5 6 8 10 11 12 13 15"},
		"another channel":                                      {timeline.Filter{Channel: "lts-2.4"}, "13 14 15"},
		"a ring, and what was about all rings":                 {timeline.Filter{Channel: "rolling", Ring: "canary"}, "5 6 8 10 11 13 15"},
		"another ring":                                         {timeline.Filter{Ring: "dogfood"}, "11 12 13 15"},
	} {
		if got := numbers(timeline.New(incident(), nil, c.filter)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestAnEntrySaysWhoAndHowSureThatIs(t *testing.T) {
	t.Parallel()
	asked := 0
	signed := func(e ledger.Recorded) ledger.Signature {
		asked++
		switch e.Type {
		case ledger.TypeRollback:
			return ledger.Signature{Status: ledger.Signed, Role: ledger.RoleDeploy, Name: "ann"}
		case ledger.TypeReject:
			return ledger.Signature{Status: ledger.Unsigned, Role: ledger.RoleDeploy}
		}
		return ledger.Signature{Status: ledger.NotAsked}
	}
	entries := timeline.New(incident(), signed, timeline.Filter{Since: begin.Add(9 * time.Minute), Until: begin.Add(12 * time.Minute)})
	if asked != 3 {
		t.Errorf("signatures of %d events were asked, 3 are told", asked)
	}
	var text strings.Builder
	if err := timeline.Text(&text, entries); err != nil {
		t.Fatal(err)
	}
	want := `2026-03-02 08:09  rolling  ann (verified)                  rolled back canary from 2026.302.2 to 2026.302.1: orders | fail
2026-03-02 08:10  rolling  Ann (unsigned, does not count)  rejected 2026.302.2: orders fail
2026-03-02 08:11  rolling  Ann                             held ring dogfood: look first
`
	if text.String() != want {
		t.Errorf("got\n%swant\n%s", text.String(), want)
	}
}

func TestWhatPeopleWroteIsHarmless(t *testing.T) {
	t.Parallel()
	var text, table strings.Builder
	entries := timeline.New(incident(), nil, timeline.Filter{})
	if err := timeline.Text(&text, entries); err != nil {
		t.Fatal(err)
	}
	if err := timeline.Markdown(&table, entries); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{text.String(), table.String()} {
		if strings.ContainsAny(out, "\x1b\r") || strings.Count(out, "\n") > len(entries)+2 {
			t.Errorf("%q", out)
		}
	}
	if !strings.Contains(table.String(), `orders \| fail`) || strings.Contains(table.String(), "orders | fail") {
		t.Error(table.String())
	}
}

func TestTheDocumentReadsBackStrictly(t *testing.T) {
	t.Parallel()
	for _, entries := range [][]timeline.Entry{timeline.New(nil, nil, timeline.Filter{}), timeline.New(incident(), nil, timeline.Filter{})} {
		var out strings.Builder
		if err := timeline.JSON(&out, entries); err != nil {
			t.Fatal(err)
		}
		var doc timeline.Document
		if err := release.Decode([]byte(out.String()), &doc); err != nil || doc.Schema != timeline.Schema || len(doc.Entries) != len(entries) {
			t.Errorf("%v: %s", err, out.String())
		}
		if !strings.Contains(out.String(), `"entries": [`) {
			t.Error(out.String())
		}
	}
}

func ExampleMarkdown() {
	entries := timeline.New(incident(), nil, timeline.Filter{Ring: "canary", Since: begin.Add(8 * time.Minute), Until: begin.Add(11 * time.Minute)})
	if err := timeline.Markdown(os.Stdout, entries); err != nil {
		fmt.Println(err)
	}
	// Output:
	// | When (UTC) | Event | Channel | What | Who | Why |
	// |---|---|---|---|---|---|
	// | 2026-03-02 08:09 | 10 | rolling | rolled back canary from 2026.302.2 to 2026.302.1 | Ann | orders \| fail |
	// | 2026-03-02 08:10 | 11 | rolling | rejected 2026.302.2 | Ann | orders fail |
}
