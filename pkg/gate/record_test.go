package gate_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/release"
)

func TestAVerdictThatNobodyCouldReplayIsAnError(t *testing.T) {
	t.Parallel()
	long := gate.Window{Name: strings.Repeat("n", gate.MaxRecord), Since: noon.Add(time.Hour)}
	v := gate.Recorded(gate.FreezeGate{Windows: []gate.Window{long}, At: noon}, nil).Evaluate(t.Context(), subject)
	expect(t, v, release.Errored, "bytes long, at most")
	if v.Record != nil {
		t.Error("it is recorded all the same")
	}
}

func TestAWaivedVerdictKeepsItsRecord(t *testing.T) {
	t.Parallel()
	about := func(r *gate.Record) { r.Gate, r.Ring = "freeze", "canary" }
	entry := gate.Entry{Name: "freeze", Moment: release.Planned, Gate: gate.Recorded(gate.FreezeGate{Windows: []gate.Window{yearEnd}, At: at("2026-12-24T12:00:00Z")}, about)}
	waived := func(string) (uint64, string, bool) { return 7, "it is urgent", true }
	vs := gate.Evaluate(t.Context(), []gate.Entry{entry}, release.Planned, subject, waived)
	r, again, err := gate.Replay(vs[0].Record)
	if err != nil || vs[0].Status != release.Waived || again.Status != release.Fail || r.Gate != "freeze" || r.Ring != "canary" {
		t.Errorf("%+v replays to %+v of %+v, %v", vs[0], again, r, err)
	}
	if out := release.WithoutRecords(vs); out[0].Record != nil || vs[0].Record == nil {
		t.Error("the record must be taken out of the copy, and of nothing else")
	}
}

func TestARecordSaysWhatWasJudgedAndWhen(t *testing.T) {
	t.Parallel()
	r := gate.FreezeGate{At: at("2026-01-05T13:00:00.75+01:00")}.Observe(t.Context(), subject)
	data, err := release.Encode(r)
	want := `{
  "schema": "https://relctl.dev/schema/gate-record/v1",
  "at": "2026-01-05T12:00:00Z",
  "channel": "rolling",
  "version": "2026.103.1",
  "commit": "cccccccccccccccccccccccccccccccccccccccc",
  "freeze": {
    "windows": null
  }
}
`
	if err != nil || string(data) != want {
		t.Errorf("%v\n%s", err, data)
	}
}

func TestJudgeRefusesRecordsThatAreNotOfOneGate(t *testing.T) {
	t.Parallel()
	one := gate.FreezeGate{At: noon}.Observe(t.Context(), subject)
	expect(t, gate.Judge(one), release.Pass, "nothing is frozen")

	two := one
	two.Soak = &gate.SoakRecord{}
	expect(t, gate.Judge(two), release.Errored, "the answers of 2 gates")
	none := one
	none.Freeze = nil
	expect(t, gate.Judge(none), release.Errored, "the answers of 0 gates")
	later := one
	later.Schema = "https://relctl.dev/schema/gate-record/v2"
	expect(t, gate.Judge(later), release.Errored, "has the schema")
}

func TestReplayReadsRecordsStrictly(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "{", "[]", `{"schema":"a","schema":"b"}`, `{"Schema":"a"}`, `{"at":"yesterday"}`, `{} {}`} {
		if _, v, err := gate.Replay([]byte(bad)); err == nil || v.Status == release.Pass {
			t.Errorf("%q replays to %+v", bad, v)
		}
	}
}

func FuzzReplay(f *testing.F) {
	for _, o := range []gate.Observer{
		gate.FreezeGate{Windows: []gate.Window{yearEnd, nights, incident}, At: noon},
		soak(func(g *gate.SoakGate) {
			g.History.Observations = []gate.Observation{saw("pass", 0, 6), saw("fail", 6, 7)}
		}),
		gitops(status(f, "kustomization")),
		gate.Metric{URL: "none", Query: "up", Pass: "candidate < control", Control: "down", At: noon},
	} {
		data, err := release.Encode(o.Observe(f.Context(), subject))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	record := func(part string) []byte {
		return fmt.Appendf(nil, `{"schema":%q,"at":"2026-01-05T12:00:00Z",%s}`, gate.RecordSchema, part)
	}
	f.Add(record(`"metric":{"server":"","pass":"value < 1","value":{"query":"a","start":"2026-01-05T11:59:00Z","end":"2026-01-05T12:00:00Z","step":60,"answer":{"code":200,"type":"matrix","count":1,"series":[{"labels":"{}","values":"0 _"}]}}}`))
	f.Add(record(`"command":{"argv":["a"],"exit":75}`))
	f.Add(record(`"approval":{"role":"qa","count":1,"events":[3]}`))
	f.Add(record(`"gitops":{"revisions":["a"],"objects":[{"kind":"","name":"","health":"pass"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, v, err := gate.Replay(data)
		if err != nil {
			return
		}
		switch v.Status {
		case release.Pass, release.Fail, release.NoData, release.Errored:
		default:
			t.Errorf("verdict %q", v.Status)
		}
		if again := gate.Judge(r); !reflect.DeepEqual(again, v) {
			t.Errorf("%+v, and judged again %+v", v, again)
		}
		if v.Status == release.Pass && !strings.Contains(string(data), gate.RecordSchema) {
			t.Errorf("passes without a schema: %s", data)
		}
	})
}

// TestJudgeBelievesNoRecordThatContradictsItself changes one thing in the record of a gate that passes.
func TestJudgeBelievesNoRecordThatContradictsItself(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*gate.MetricRecord){
		"holds 2 of 1 values":                      func(m *gate.MetricRecord) { m.Value.Answer.Series[0].Values = "0.5 0.5" },
		"holds 1 of 2 values":                      func(m *gate.MetricRecord) { m.Value.Step, m.Value.Start = 60, m.Value.End.Add(-60e9) },
		`holds "x", which is not a number`:         func(m *gate.MetricRecord) { m.Value.Answer.Series[0].Values = "x" },
		"holds 1 of 0 series":                      func(m *gate.MetricRecord) { m.Value.Answer.Count = 0 },
		"holds 0 of 1 series":                      func(m *gate.MetricRecord) { m.Value.Answer.Series = nil },
		"HTTP 0":                                   func(m *gate.MetricRecord) { m.Value.Answer.Code = 0 },
		"in steps of -1 seconds":                   func(m *gate.MetricRecord) { m.Value.Step = -1 },
		"in steps of 4611686018427387904 seconds":  func(m *gate.MetricRecord) { m.Value.Step = 1 << 62 },
		"were not asked for the same moments":      func(m *gate.MetricRecord) { m.Control.End = m.Control.End.Add(1e9) },
		"not asked for the same moments":           func(m *gate.MetricRecord) { m.Control.Step = 60 },
		`the least traffic "NaN" is not a number`:  func(m *gate.MetricRecord) { m.MinTraffic = "NaN" },
		`the least traffic "much" is not a number`: func(m *gate.MetricRecord) { m.MinTraffic = "much" },
	} {
		m := answering(t, 200, success("scalar", `[`+sample+`,"0.5"]`))
		m.Control, m.Traffic, m.Pass, m.MinTraffic = "up", "up", "candidate <= control", 0.1
		r := m.Observe(t.Context(), subject)
		expect(t, gate.Judge(r), release.Pass, "candidate 0.5 is <= control (control 0.5)")
		change(r.Metric)
		expect(t, gate.Judge(r), release.Errored, want)
	}
}

func TestNumbersAreShownShort(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{"0.33333333": "0.3333", "1234567": "1234567", "0.00000012": "1.2e-07", "-0": "-0"} {
		expect(t, ask(t, answering(t, 200, success("scalar", `[`+sample+`,"`+value+`"]`))), map[bool]release.Status{true: "fail", false: "pass"}[value == "1234567"], "value "+want+" is")
	}
}
