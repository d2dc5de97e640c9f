package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/relctl/relctl/internal/prometheustest"
)

// cmdPrometheus starts a real Prometheus server whose series have one value each, from an hour ago to half an hour from
// now, and puts its address into $PROMETHEUS: prometheus file, with lines such as
//
//	error_ratio{channel="lts-2.4"} 0.002
func cmdPrometheus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: prometheus file")
	}
	now := time.Now().Truncate(time.Minute)
	var series strings.Builder
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		line = strings.TrimSpace(line)
		name, _, _ := strings.Cut(line, "{")
		fmt.Fprintf(&series, "# TYPE %s gauge\n", name)
		for at := now.Add(-time.Hour); at.Before(now.Add(30 * time.Minute)); at = at.Add(15 * time.Second) {
			fmt.Fprintf(&series, "%s %d\n", line, at.Unix())
		}
	}
	series.WriteString("# EOF\n")
	dir := ts.MkAbs("prometheus-data")
	ts.Check(ts.Exec("mkdir", dir))
	address, stop, err := prometheustest.Start(dir, series.String())
	ts.Check(err)
	ts.Defer(stop)
	ts.Setenv("PROMETHEUS", address)
}
