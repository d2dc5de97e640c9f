package gate_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/internal/prometheustest"
)

// The series of the server in the tests begin at dawn and end two hours later, with a value every 15 seconds.
var dawn = at("2026-01-05T06:00:00Z")

const (
	lasting = 2 * time.Hour
	every   = 15 * time.Second
)

// family is a metric with one function of time for each series, by its labels. What gives ok = false is not there.
type family struct {
	name, kind string
	series     map[string]func(since time.Duration) (value float64, ok bool)
}

// rate returns a counter that grows by n each second.
func rate(n float64) func(time.Duration) (float64, bool) {
	return func(since time.Duration) (float64, bool) { return n * since.Seconds(), true }
}

// steady returns a gauge that has the value usual, but between the given minutes, where it has another.
func steady(usual float64, from, until int, other float64, there bool) func(time.Duration) (float64, bool) {
	return func(since time.Duration) (float64, bool) {
		if m := int(since / time.Minute); m >= from && m < until {
			return other, there
		}
		return usual, true
	}
}

var families = []family{
	{"requests", "counter", map[string]func(time.Duration) (float64, bool){
		`{ring="canary",version="2026.103.1"}`: rate(10), `{ring="stable",version="2026.102.1"}`: rate(10), `{ring="idle"}`: rate(0.001),
	}},
	{"errors", "counter", map[string]func(time.Duration) (float64, bool){
		`{ring="canary",version="2026.103.1"}`: rate(0.05), `{ring="stable",version="2026.102.1"}`: rate(0.1), `{ring="idle"}`: rate(0),
	}},
	{"latency", "gauge", map[string]func(time.Duration) (float64, bool){
		`{kind="even"}`: steady(0.1, 0, 0, 0, true), `{kind="spike"}`: steady(0.1, 60, 62, 0.9, true),
		`{kind="gap"}`: steady(0.1, 60, 80, 0, false), `{kind="ended"}`: steady(0.1, 60, 120, 0, false),
		`{kind="nan"}`: steady(0.1, 60, 61, math.NaN(), true), `{kind="inf"}`: steady(0.1, 60, 61, math.Inf(1), true),
	}},
}

// writeSeries writes the families as OpenMetrics.
func writeSeries(w *strings.Builder) {
	for _, f := range families {
		fmt.Fprintf(w, "# TYPE %s %s\n", f.name, f.kind)
		name := f.name
		if f.kind == "counter" {
			name += "_total"
		}
		for labels, value := range f.series {
			for since := time.Duration(0); since <= lasting; since += every {
				if v, ok := value(since); ok {
					fmt.Fprintf(w, "%s%s %v %d\n", name, labels, v, dawn.Add(since).Unix())
				}
			}
		}
	}
	fmt.Fprintln(w, "# EOF")
}

// prometheusServer starts a Prometheus server with the series, and returns its address. It ends with the test.
func prometheusServer(t *testing.T) string {
	t.Helper()
	program(t, "prometheus")
	program(t, "promtool")
	var series strings.Builder
	writeSeries(&series)
	address, stop, err := prometheustest.Start(t.TempDir(), series.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return address
}
