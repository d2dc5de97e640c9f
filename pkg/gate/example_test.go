package gate_test

import (
	"context"
	"fmt"
	"strconv"
	"testing/fstest"
	"time"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/gate"
)

const ringFile = `kind: rolling
branch: main
rings:
  - name: canary
    soak: 2h
    cells: [eu-1]
    gates:
      - name: errors
        prometheus:
          query: sum(rate(errors{ring="{ring}",version="{version}"}[5m]))
          control: sum(rate(errors{ring="{ring}",version="{previous}"}[5m]))
          pass: candidate <= 1.5 * control + 0.001
          window: 30m
          traffic: {query: "sum(increase(requests{ring='{ring}'}[30m]))", least: "100"}
      - {name: synced, gitops: {file: status.json, names: [argocd/acme-eu-1]}}
freeze:
  - {name: nights, weekdays: [mon, tue, wed, thu, fri], start: "18:00", end: "08:00", timezone: Europe/Berlin}
`

// windows are the freezes of a channel file. Those of the ledger have Since and Until instead.
func windows(freezes []channel.Freeze) []gate.Window {
	var out []gate.Window
	for _, f := range freezes {
		out = append(out, gate.Window{
			Name: f.Name, From: f.From.String(), To: f.To.String(),
			Weekdays: f.Weekdays, Start: f.Start, End: f.End, Timezone: f.Timezone,
		})
	}
	return out
}

// metric is a gate of a channel file. server is used where the gate names none.
func metric(g channel.Gate, server string, values map[string]string) (gate.Metric, error) {
	p := g.Prometheus
	m := gate.Metric{
		URL: server, Query: p.Query, Pass: p.Pass, Control: p.Control, Values: values,
		Window: p.Window.Duration(), Step: p.Step.Duration(), Timeout: g.Timeout.Duration(),
	}
	if p.Server != "" {
		m.URL = p.Server
	}
	if p.Traffic == nil {
		return m, nil
	}
	var err error
	m.Traffic = p.Traffic.Query
	m.MinTraffic, err = strconv.ParseFloat(p.Traffic.Least, 64)
	return m, err
}

// The gates of a channel file become observers. What they need beside the file comes from the ledger: the versions
// that a ring runs and ran, and the commits of the deploy branch that are ours.
func Example() {
	set, err := channel.Load(fstest.MapFS{
		"channels/product.yaml": {Data: []byte("name: acme\n")},
		"channels/rolling.yaml": {Data: []byte(ringFile)},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ch, now := set.Channels[0], time.Date(2026, 1, 5, 17, 30, 0, 0, time.UTC)
	ring := ch.Rings[0]
	values := map[string]string{"ring": ring.Name, "version": "2026.103.1", "previous": "2026.102.1"}

	errs, err := metric(ring.Gates[0], "http://127.0.0.1:1", values)
	if err != nil {
		fmt.Println(err)
		return
	}
	synced := gate.GitOps{Read: gate.File(ring.Gates[1].GitOps.File, 0), Names: ring.Gates[1].GitOps.Names, Revisions: []string{"53e28ff"}}
	soak := gate.SoakGate{At: now, Soak: gate.Soak{
		Release: "2026.103.1", Cells: ring.Cells, For: int64(ring.Soak.Duration().Seconds()), MaxGap: int64(gate.DefaultMaxGap.Seconds()), Current: true,
	}}
	for _, o := range []gate.Observer{errs, synced, soak, gate.FreezeGate{Windows: windows(ch.Freeze), At: now}} {
		v := gate.Recorded(o, nil).Evaluate(context.Background(), gate.Subject{})
		fmt.Println(v.Status, v.Reason)
	}
	// Output:
	// error the query has no answer: dial tcp 127.0.0.1:1: connect: connection refused
	// error cannot read the GitOps objects: open status.json: no such file or directory
	// no-data it never ran in eu-1
	// fail frozen by nights until 2026-01-06 07:00:00Z
}
