package slo

import (
	"bytes"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// windows are the times in which an objective must be met, in hours.
var windows = map[string]int64{"28d": 28 * 24, "30d": 30 * 24}

// pair is a long window in which a part of the error budget was used up, and the short one in which that still goes on.
type pair struct {
	long, short string
	hours       int64
	// percent of the whole budget
	percent int64
}

// alerts are the two kinds of alerts, as the SRE workbook recommends them.
var alerts = []struct {
	name, severity string
	pairs          []pair
}{
	{"SLOBurnsFast", "page", []pair{{"1h", "5m", 1, 2}, {"6h", "30m", 6, 5}}},
	{"SLOBurnsSlowly", "ticket", []pair{{"1d", "2h", 24, 10}, {"3d", "6h", 72, 10}}},
}

// recorded are the windows over which the share of errors is recorded.
var recorded = []string{"5m", "30m", "1h", "2h", "6h", "1d", "3d"}

// burn returns how many times faster than allowed the budget is used up: 14.4 for 2 % of 30 days in one hour.
func (p pair) burn(s *SLO) *big.Rat {
	return big.NewRat(p.percent*windows[s.Window], 100*p.hours)
}

// limit returns the share of errors at that speed.
func (p pair) limit(s *SLO) *big.Rat { return new(big.Rat).Mul(p.burn(s), s.Objective.budget()) }

// number writes a number in its shortest form.
func number(r *big.Rat) string {
	f, _ := r.Float64()
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// Rules returns the recording and alerting rules of all objectives, as a file that Prometheus reads. Equal files give
// equal bytes.
func (f *File) Rules() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Rules of the service %s, made by relctl from its SLO file.\ngroups:\n", f.Service)
	for i := range f.SLOs {
		s := &f.SLOs[i]
		fmt.Fprintf(&b, "  - name: slo-%s-%s-ratios\n    rules:\n", f.Service, s.Name)
		for _, w := range recorded {
			f.record(&b, s, w)
		}
		fmt.Fprintf(&b, "  - name: slo-%s-%s-alerts\n    rules:\n", f.Service, s.Name)
		for _, a := range alerts {
			f.alert(&b, s, a.name, a.severity, a.pairs)
		}
	}
	return b.Bytes()
}

// record writes the rule that records the share of errors over a window. Where nothing failed yet it is 0, and where
// nothing was asked it is nothing.
func (f *File) record(b *bytes.Buffer, s *SLO, window string) {
	sum := func(of string) string { return fmt.Sprintf("sum by (ring, version) (rate(%s[%s]))", of, window) }
	fmt.Fprintf(b, "      - record: slo:errors:ratio_rate%s\n", window)
	block(b, "expr", "("+sum(s.Errors)+" or 0 * "+sum(s.Total)+")", "/ ("+sum(s.Total)+" > 0)")
	f.labels(b, s)
}

// alert writes the rule that fires while the budget is used up too fast in both windows of a pair.
func (f *File) alert(b *bytes.Buffer, s *SLO, name, severity string, pairs []pair) {
	fmt.Fprintf(b, "      - alert: %s\n", name)
	var lines []string
	for i, p := range pairs {
		if i > 0 {
			lines = append(lines, "or")
		}
		above := func(window string) string {
			return fmt.Sprintf("slo:errors:ratio_rate%s{service=%q,slo=%q} > %s * %s", window, f.Service, s.Name, number(p.burn(s)), number(s.Objective.budget()))
		}
		lines = append(lines, "("+above(p.long), "and "+above(p.short)+")")
	}
	block(b, "expr", lines...)
	f.labels(b, s)
	fmt.Fprintf(b, "          severity: %s\n", severity)
	fmt.Fprintf(b, "        annotations:\n          runbook_url: %q\n", s.RunbookURL)
	fmt.Fprintf(b, "          summary: \"%s: %s of version {{ $labels.version }} in ring {{ $labels.ring }} uses up its error budget too fast\"\n", f.Service, s.Name)
}

// labels writes what every rule of an objective says about itself; ring and version come from the series.
func (f *File) labels(b *bytes.Buffer, s *SLO) {
	fmt.Fprintf(b, "        labels:\n          service: %q\n          slo: %q\n", f.Service, s.Name)
}

// block writes a value of several lines.
func block(b *bytes.Buffer, key string, lines ...string) {
	fmt.Fprintf(b, "        %s: |-\n          %s\n", key, strings.Join(lines, "\n          "))
}
