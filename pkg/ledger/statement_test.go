package ledger

import (
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/release"
)

func withdraw(version, reason string) Event {
	return Event{Type: TypeWithdraw, Reason: reason, Withdraw: &Withdraw{Version: release.MustVersion(version)}}
}

func floor(version string) Event {
	return Event{Type: TypeFloor, Reason: "CVE", Floor: &Floor{Version: release.MustVersion(version)}}
}

func TestStatementsAddUpAndTheNewestWordsCount(t *testing.T) {
	s, err := story(t, reserve("2.4.3", 1), cut("2.4.3", 1, 1), reserve("2.4.4", 2), cut("2.4.4", 2, 3),
		withdraw("2.4.4", "bad"), withdraw("2.4.3", "crashes"), withdraw("2.4.4", "worse"), floor("2.4.4"), floor("2.4.3"),
		Event{Type: TypeEOL, Reason: "old", EOL: &EOL{Last: release.MustVersion("2.4.4"), Successor: "lts-2.6"}})
	if err != nil {
		t.Fatal(err)
	}
	c := s.Channels["lts-2.4"]
	told, err := (*Ledger)(nil).Told(t.Context(), c, Trust{})
	if err != nil {
		t.Fatal(err)
	}
	if len(told.Withdrawn) != 2 || told.Withdrawn[0].Reason != "crashes" || told.Withdrawn[1].Reason != "worse" {
		t.Errorf("%+v", told.Withdrawn)
	}
	if w := told.Withdrawal(release.MustVersion("2.4.4")); w == nil || w.First.Unix() != 5 || w.Time.Unix() != 7 {
		t.Errorf("%+v", w)
	}
	if told.Floor.Floor.Version.String() != "2.4.4" || told.Ended.EOL.Successor != "lts-2.6" || len(told.Passed) != 0 {
		t.Errorf("%+v", told)
	}
}

func TestStatementsThatCannotStandAreRefused(t *testing.T) {
	for about, c := range map[string]struct {
		event Event
		says  string
	}{
		"a floor that is no release":        {floor("2.4.9"), "not released"},
		"a floor without a reason":          {Event{Type: TypeFloor, Floor: &Floor{Version: release.MustVersion("2.4.3")}}, "reason"},
		"a withdrawal with control bytes":   {withdraw("2.4.3", "bad\x1b[31m"), "control"},
		"an end with itself as a successor": {Event{Type: TypeEOL, Reason: "old", EOL: &EOL{Last: release.MustVersion("2.4.3"), Successor: "lts-2.4"}}, "successor"},
	} {
		if _, err := story(t, reserve("2.4.3", 1), cut("2.4.3", 1, 1), c.event); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", about, err, c.says)
		}
	}
}
