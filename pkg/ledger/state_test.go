package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
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

// mark is a verdict about commit a; commit is its equivalent, "" for the other verdicts.
func mark(typ Type, commit string) Event {
	return Event{Type: typ, Reason: "because", Mark: &Mark{Change: commitA, Commit: commit}}
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
	s, err := story(t, reserve("2.4.3", 1), cut("2.4.3", 1, 1), mark(TypeWont, ""), reserve("2.4.4", 2))
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

func TestMarksThatMeanNothingAreRefused(t *testing.T) {
	commitB := strings.Repeat("b", 40)
	for name, c := range map[string]struct {
		alter func(*Event)
		says  string
	}{
		"no reason":                       {func(e *Event) { e.Reason = " " }, "no reason"},
		"no channel":                      {func(e *Event) { e.Channel = "" }, "channel"},
		"a short id":                      {func(e *Event) { e.Mark.Change = "aaaaaaa" }, "full commit id of a change"},
		"no change":                       {func(e *Event) { e.Mark.Change = "" }, "full commit id of a change"},
		"an equivalent without a commit":  {func(e *Event) { e.Mark.Commit = "" }, "full commit id of an equivalent"},
		"an equivalent of itself":         {func(e *Event) { e.Mark.Commit = commitA }, "of itself"},
		"wont with a commit":              {func(e *Event) { e.Type = TypeWont }, "only an equivalent has"},
		"lts-only with a commit":          {func(e *Event) { e.Type = TypeLTSOnly }, "only an equivalent has"},
		"taken back with a commit":        {func(e *Event) { e.Mark.Undo = true }, "only an equivalent has"},
		"the name of the field as a type": {func(e *Event) { e.Type = "mark" }, "unknown"},
		"a mark in another event":         {func(e *Event) { e.Type = TypeWaive }, "carries the data"},
		"the data of another event":       {func(e *Event) { e.Waive = &Waive{} }, "carries the data"},
		"no mark":                         {func(e *Event) { e.Mark = nil }, "no data"},
	} {
		e := mark(TypeEquivalent, commitB)
		e.Schema, e.Number, e.Channel = EventSchema, 2, "lts-2.4"
		if err := e.validate(); err != nil {
			t.Fatal(err)
		}
		c.alter(&e)
		if err := e.validate(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", name, err, c.says)
		}
	}
}

// undo takes the mark of commit a back.
func undo(typ Type) Event {
	e := mark(typ, "")
	e.Mark.Undo = true
	return e
}

// on gives an event another channel.
func on(channel string, e Event) Event {
	e.Channel = channel
	return e
}

func TestTheNewestMarkOfAChangeOnAChannelStands(t *testing.T) {
	commitB := strings.Repeat("b", 40)
	other := mark(TypeLTSOnly, "")
	other.Mark.Change = commitB
	wont, same := mark(TypeWont, ""), mark(TypeEquivalent, commitB)
	for name, c := range map[string]struct {
		events []Event
		want   string
	}{
		"none":                         {nil, ""},
		"different changes stay apart": {[]Event{wont, other}, "lts-2.4 wont a, lts-2.4 lts-only b"},
		"channels stay apart":          {[]Event{wont, on("lts-2.6", same)}, "lts-2.4 wont a, lts-2.6 equivalent a"},
		"a later verdict replaces":     {[]Event{wont, same}, "lts-2.4 equivalent a"},
		"taken back":                   {[]Event{wont, undo(TypeWont)}, ""},
		"taken back, and the one before it does not stand again": {[]Event{wont, same, undo(TypeEquivalent)}, ""},
		"taken back on another channel":                          {[]Event{wont, on("lts-2.6", undo(TypeWont))}, "lts-2.4 wont a"},
		"taken back before it was made":                          {[]Event{undo(TypeWont), wont}, "lts-2.4 wont a"},
		"made again":                                             {[]Event{wont, undo(TypeWont), wont}, "lts-2.4 wont a"},
	} {
		s, err := story(t, c.events...)
		if err != nil {
			t.Fatal(err)
		}
		marks, err := New(nil, "").Marks(t.Context(), s, Trust{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range marks {
			got = append(got, fmt.Sprintf("%s %s %.1s", m.Channel, m.Type, m.Mark.Change))
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%s: %q stand, want %q", name, text, c.want)
		}
	}
}

func TestAMarkReadsWellInTheLog(t *testing.T) {
	for want, e := range map[string]Event{
		"change aaaaaaaaaa is there as bbbbbbbbbb: because": mark(TypeEquivalent, strings.Repeat("b", 40)),
		"change aaaaaaaaaa: because":                        mark(TypeWont, ""),
		"change aaaaaaaaaa, taken back: because":            undo(TypeLTSOnly),
	} {
		if got := e.Summary(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestOnlyTheNamesOfEventsAreRead(t *testing.T) {
	for path, want := range map[string]Type{
		"events/0000/00000007-lts-only.json":  TypeLTSOnly,
		"events/0000/00000007-wont.json":      TypeWont,
		"events/0000/00000007--wont.json":     "",
		"events/0000/00000007-lts--only.json": "",
		"events/0000/00000007-lts-.json":      "",
		"events/0000/00000007-LTS-only.json":  "",
		"events/0001/00000007-wont.json":      "",
		"events/0000/7-wont.json":             "",
	} {
		if _, typ, ok := parsePath(path); ok != (want != "") || ok && typ != want {
			t.Errorf("%s is read as %q, %v", path, typ, ok)
		}
	}
}

func FuzzDecodeEvent(f *testing.F) {
	for _, e := range []Event{
		reserve("2.4.3", 1), cut("2.4.3", 1, 1), abandon("2.4.3", 1, true),
		mark(TypeEquivalent, strings.Repeat("b", 40)), mark(TypeWont, ""), mark(TypeLTSOnly, ""), undo(TypeWont),
	} {
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
