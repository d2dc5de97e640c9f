package ledger

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

var (
	commitA = strings.Repeat("a", 40)
	digestR = "sha256:" + strings.Repeat("e", 64)
)

func planOf(version string) release.Plan {
	in := release.Inputs{
		Product: "acme", Channel: "lts-2.4", Kind: release.LTS, Branch: "refs/heads/release/2.4", Commit: commitA,
		Version: release.MustVersion(version), Tag: "v" + version, Pins: []release.Pin{},
	}
	return release.Plan{Schema: release.PlanSchema, Inputs: in, Digest: in.Digest()}
}

// story folds events into a new state, giving them numbers and ledger commits, and returns the error of the last.
func story(t *testing.T, events ...Event) (*State, error) {
	t.Helper()
	s := NewState()
	all := append([]Event{{Type: TypeGenesis, Genesis: &Genesis{DefaultBranch: "main"}}}, events...)
	var err error
	for i, e := range all {
		if err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
		e.Schema, e.Number, e.Time = EventSchema, uint64(i+1), time.Unix(int64(i), 0).UTC()
		if e.Type != TypeGenesis && e.Channel == "" {
			e.Channel = "lts-2.4"
		}
		err = s.Apply(Recorded{Event: e, Commit: strings.Repeat("0", 39) + string(rune('1'+i))})
	}
	return s, err
}

func reserve(version string, seq uint64) Event {
	return Event{Type: TypeReserve, Reserve: &Reserve{Plan: planOf(version), Sequence: seq}}
}

// cut cuts what the event at index i, counted from genesis, reserved.
func cut(version string, seq uint64, i int) Event {
	p := planOf(version)
	return Event{Type: TypeCut, Cut: &Cut{Plan: p.Digest, Version: p.Inputs.Version, Sequence: seq, Commit: commitA, Tag: p.Inputs.Tag, Reserve: strings.Repeat("0", 39) + string(rune('1'+i)), Release: digestR}}
}

func abandon(version string, seq uint64, burned bool) Event {
	p := planOf(version)
	return Event{Type: TypeAbandon, Abandon: &Abandon{Plan: p.Digest, Version: p.Inputs.Version, Sequence: seq, Burned: burned}}
}

func TestAReservationIsCutGivenUpOrReplaced(t *testing.T) {
	s, err := story(t, reserve("2.4.3", 1), cut("2.4.3", 1, 1), reserve("2.4.4", 2), reserve("2.4.5", 2))
	if err != nil {
		t.Fatal(err)
	}
	ch := s.Channels["lts-2.4"]
	if len(ch.Releases) != 1 || ch.LastSequence != 1 || ch.Open.Plan.Inputs.Version.String() != "2.4.5" || s.NextSequence("lts-2.4") != 2 || s.NextSequence("other") != 1 {
		t.Errorf("%+v", ch)
	}
	s, err = story(t, reserve("2.4.3", 1), abandon("2.4.3", 1, false), reserve("2.4.3", 1), abandon("2.4.3", 1, true), reserve("2.4.4", 2))
	if err != nil {
		t.Fatal(err)
	}
	if ch := s.Channels["lts-2.4"]; ch.LastSequence != 1 || len(ch.Abandoned) != 2 || ch.Open.Sequence != 2 {
		t.Errorf("%+v", ch)
	}
}

func TestEventsThatCannotFollowAreRefusedAndChangeNothing(t *testing.T) {
	bad := reserve("2.4.3", 1)
	bad.Reserve.Plan.Inputs.Commit = strings.Repeat("b", 40)
	adopt := Event{Type: TypeAdopt, Adopt: &Adopt{Releases: []Adopted{{Version: release.MustVersion("2.4.2"), Tag: "v2.4.2", Commit: commitA}}}}
	other := reserve("2.4.3", 1)
	other.Channel = "lts-2.6"
	for name, c := range map[string]struct {
		events []Event
		says   string
	}{
		"second genesis":              {[]Event{{Type: TypeGenesis, Genesis: &Genesis{DefaultBranch: "evil"}}}, "genesis"},
		"cut without reservation":     {[]Event{cut("2.4.3", 1, 1)}, "no reservation"},
		"cut of another plan":         {[]Event{reserve("2.4.3", 1), cut("2.4.4", 1, 1)}, "another one"},
		"cut by another reservation":  {[]Event{reserve("2.4.3", 1), cut("2.4.3", 1, 0)}, "another one"},
		"cut twice":                   {[]Event{reserve("2.4.3", 1), cut("2.4.3", 1, 1), cut("2.4.3", 1, 1)}, "no reservation"},
		"released version again":      {[]Event{reserve("2.4.3", 1), cut("2.4.3", 1, 1), reserve("2.4.3", 2)}, "released already"},
		"burned version again":        {[]Event{reserve("2.4.3", 1), abandon("2.4.3", 1, true), reserve("2.4.3", 2)}, "given up"},
		"sequence used again":         {[]Event{reserve("2.4.3", 1), cut("2.4.3", 1, 1), reserve("2.4.4", 1)}, "sequence"},
		"sequence skipped":            {[]Event{reserve("2.4.3", 2)}, "sequence"},
		"plan that was altered":       {[]Event{bad}, "digest"},
		"plan of another channel":     {[]Event{other}, "another channel"},
		"adopted twice":               {[]Event{adopt, adopt}, "already"},
		"abandon without reservation": {[]Event{abandon("2.4.3", 1, false)}, "no reservation"},
	} {
		s, err := story(t, c.events...)
		var pre *PreconditionError
		if !errors.As(err, &pre) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", name, err, c.says)
		}
		if s.Next != uint64(len(c.events)+1) {
			t.Errorf("%s: the state moved to %d", name, s.Next)
		}
	}
}

func TestAStateSurvivesTheCache(t *testing.T) {
	s, err := story(t, reserve("2.4.3", 1), cut("2.4.3", 1, 1), reserve("2.4.4", 2))
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back State
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(&back)
	if err != nil || string(again) != string(data) {
		t.Errorf("%v:\n%s\n%s", err, data, again)
	}
}

func TestEventsThatAreNotWholeAreRefused(t *testing.T) {
	for text, says := range map[string]string{
		`{}`: "schema",
		`{"schema":"https://relctl.dev/schema/event/v1","number":0,"type":"waive"}`:                                                            "number",
		`{"schema":"https://relctl.dev/schema/event/v1","number":1,"type":"waive"}`:                                                            "no data",
		`{"schema":"https://relctl.dev/schema/event/v1","number":1,"type":"party"}`:                                                            "unknown",
		`{"schema":"https://relctl.dev/schema/event/v1","number":1,"type":"waive","channel":"a/b","waive":{"expires":"2026-01-02T00:00:00Z"}}`: "channel",
		`{"schema":"https://relctl.dev/schema/event/v1","number":1,"type":"waive","channel":"a","genesis":{"default_branch":"x"}}`:             "carries the data",
	} {
		if _, err := DecodeEvent([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, want one that says %q", text, err, says)
		}
	}
}

func FuzzDecodeEvent(f *testing.F) {
	for _, e := range []Event{reserve("2.4.3", 1), cut("2.4.3", 1, 1), abandon("2.4.3", 1, true)} {
		e.Schema, e.Number, e.Channel = EventSchema, 2, "lts-2.4"
		data, err := release.Encode(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := DecodeEvent(data)
		if err != nil {
			return
		}
		n, typ, ok := parsePath(e.Path())
		if e.Number < 1<<53 && (!ok || n != e.Number || typ != e.Type) {
			t.Errorf("path %s", e.Path())
		}
		s := NewState()
		_ = s.Apply(Recorded{Event: *e}) // must not panic
		_ = e.Summary()
	})
}

func TestTagMessagesAreReadBack(t *testing.T) {
	want := TagMessage{Reserve: commitA, Release: digestR}
	text := FormatTagMessage("acme 2.4.3", want)
	got, err := ParseTagMessage(text + "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n")
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := ParseTagMessage("acme 2.4.3\n"); err == nil {
		t.Error("a tag of somebody else passes for one of relctl")
	}
}
