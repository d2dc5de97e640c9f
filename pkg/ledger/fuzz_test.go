package ledger

import (
	"encoding/json"
	"testing"

	"github.com/relctl/relctl/pkg/release"
)

// FuzzEvent folds whatever can be read: it is applied whole or refused without a trace.
func FuzzEvent(f *testing.F) {
	s := story12(f)
	for _, e := range []Event{
		promote("1.1.0", "dogfood"), fast("1.1.0", "dogfood", 5, 6), rollback("dogfood", "1.0.0", "1.0.0"), reject("1.0.0"),
		exonerate("1.0.0", commitA), hold("canary"), resume("canary"), freeze("", "fair", "canary"), thaw("", "fair"),
		s.health("1.0.0", release.Pass), check("ci", release.Fail),
		{Type: TypeFloor, Reason: "CVE", Floor: &Floor{Version: version("1.1.0"), Advisory: "CVE-2026-31337"}},
		{Type: TypeEOL, Reason: "old", EOL: &EOL{Last: version("1.1.0")}},
		{Type: TypeOpen, Channel: "lts-1.0", Open: &Open{Source: "rolling", Version: version("1.0.0"), Commit: commitA, Branch: "refs/heads/r"}},
	} {
		if e.Schema, e.Number, e.Time = EventSchema, s.Next, s.at(); e.Channel == "" && e.Observe == nil {
			e.Channel = "rolling"
		}
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
		s := story12(t)
		e.Number = s.Next
		before, _ := json.Marshal(s.State)
		err = s.Apply(Recorded{Event: *e, Commit: commitB})
		after, _ := json.Marshal(s.State)
		if (err == nil) == (string(before) == string(after)) {
			t.Errorf("%v, and the state went from\n%s\nto\n%s", err, before, after)
		}
		_ = e.Summary()
		for ring := range s.ch().Rings {
			_, _ = s.ch().Episodes(ring), s.ch().Previous(ring)
		}
	})
}
