package gate

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// judge holds the answers against the condition. What could not be asked comes first, since it is to be mended; then
// what says nothing; only numbers for every moment are compared.
func (m *MetricRecord) judge(time.Time) release.Verdict {
	pass, err := ParseExpression(m.Pass)
	switch {
	case err != nil:
		return errored("%v", err)
	case pass.NeedsControl() && m.Control == nil:
		return errored("%q needs a control query, and there is none", m.Pass)
	case m.Control != nil && !pass.NeedsControl():
		return errored("there is a control query, and %q does not ask for it", m.Pass)
	}
	if v, bad := m.unusable(); bad {
		return v
	}
	if v, low := m.idle(); low {
		return v
	}
	values, v, ok := m.Value.numbers("query")
	if !ok {
		return v
	}
	control := make([]float64, len(values))
	if m.Control != nil {
		if !m.Value.Start.Equal(m.Control.Start) || !m.Value.End.Equal(m.Control.End) || m.Value.Step != m.Control.Step {
			return errored("the query and its control were not asked for the same moments")
		}
		if control, v, ok = m.Control.numbers("control query"); !ok {
			return v
		}
	}
	return m.compare(pass, values, control)
}

// unusable returns the first error among the answers.
func (m *MetricRecord) unusable() (release.Verdict, bool) {
	for _, q := range []struct {
		what  string
		query *Query
	}{{"query", &m.Value}, {"control query", m.Control}, {"traffic query", m.Traffic}} {
		if q.query == nil {
			continue
		}
		if v, bad := q.query.unusable(q.what); bad {
			return v, true
		}
	}
	return release.Verdict{}, false
}

// position is where Prometheus says that a query is wrong, with what it says: "1:17: parse error: unclosed left parenthesis".
var position = regexp.MustCompile(`(?:^|: )([0-9]+):([0-9]+): (?:parse error: )?(.*)$`)

// unusable returns an error if the answer is none, or is none that can be judged.
func (q *Query) unusable(what string) (release.Verdict, bool) {
	a := q.Answer
	switch at := position.FindStringSubmatch(a.Error); {
	case q.Step < 0 || q.Step > int64(maxStep/time.Second):
		return errored("the %s was asked in steps of %d seconds", what, q.Step), true
	case a.Code/100 == 4 && at != nil:
		v := errored("the %s is wrong at line %s, column %s: %s: %s", what, at[1], at[2], at[3], clip(q.Query))
		v.Hint = "correct the query in the channel file"
		return v, true
	case a.Code == 401 || a.Code == 403:
		return errored("the metric server does not let us ask the %s (HTTP %d)", what, a.Code), true
	case a.Error != "":
		return errored("the metric server refuses the %s: %s (HTTP %d)", what, a.Error, a.Code), true
	case a.Failure != "" && a.Code != 0 && a.Code != 200:
		return errored("the %s has no answer: %s (HTTP %d)", what, a.Failure, a.Code), true
	case a.Failure != "":
		return errored("the %s has no answer: %s", what, a.Failure), true
	case a.Code != 200:
		return errored("the %s has no answer: HTTP %d", what, a.Code), true
	case len(a.Warnings) > 0:
		return errored("the answer to the %s may not be whole: %s", what, a.Warnings[0]), true
	case a.Type == "string" || q.Step == 0 && a.Type == "matrix":
		return errored("the %s gives a %s, not a number: %s", what, kinds[a.Type], clip(q.Query)), true
	case a.Count > 1:
		return q.several(what), true
	case a.Count != len(a.Series):
		return errored("the record of the %s holds %d of %d series", what, len(a.Series), a.Count), true
	}
	return release.Verdict{}, false
}

var kinds = map[string]string{"string": "text", "matrix": "range of numbers"}

func (q *Query) several(what string) release.Verdict {
	names := make([]string, len(q.Answer.Series))
	for i, s := range q.Answer.Series {
		names[i] = s.Labels
	}
	if q.Answer.Count > len(names) {
		names = append(names, "…")
	}
	v := errored("the %s gives %d series, not one: %s", what, q.Answer.Count, clip(strings.Join(names, " ")))
	v.Hint = "make one of them in the query, with sum(…) or max(…)"
	return v
}

// idle reports whether there was too little traffic for the metric to mean anything.
func (m *MetricRecord) idle() (release.Verdict, bool) {
	if m.Traffic == nil {
		return release.Verdict{}, false
	}
	least, err := strconv.ParseFloat(m.MinTraffic, 64)
	if err != nil || !finite(least) {
		return errored("the least traffic %.40q is not a number", m.MinTraffic), true
	}
	values, v, ok := m.Traffic.numbers("traffic query")
	switch {
	case !ok:
		return v, true
	case values[0] < least:
		return noData("too little traffic to judge: %s, of %s at least", short(values[0]), short(least)), true
	}
	return release.Verdict{}, false
}

// numbers returns the number of each moment, or why there is none.
func (q *Query) numbers(what string) ([]float64, release.Verdict, bool) {
	if q.Answer.Count == 0 {
		return nil, noData("the %s has no series: %s", what, clip(q.Query)), false
	}
	words := strings.Split(q.Answer.Series[0].Values, " ")
	if len(words) != q.count() {
		return nil, errored("the record of the %s holds %d of %d values", what, len(words), q.count()), false
	}
	values := make([]float64, len(words))
	missing, first := 0, 0
	for i, w := range words {
		v, err := math.NaN(), error(nil)
		if w != noValue {
			v, err = strconv.ParseFloat(w, 64)
		}
		if err != nil {
			return nil, errored("the record of the %s holds %.40q, which is not a number", what, w), false
		}
		if !finite(v) {
			if missing == 0 {
				first = i
			}
			missing++
		}
		values[i] = v
	}
	if missing == 0 {
		return values, release.Verdict{}, true
	}
	return nil, q.gap(what, words[first], first, missing), false
}

// gap says where numbers are missing.
func (q *Query) gap(what, found string, first, missing int) release.Verdict {
	said := "no value"
	if found != noValue {
		said = found
	}
	if q.Step == 0 {
		return noData("the %s gives %s", what, said)
	}
	return noData("the %s gives %s at %s; %d of %d moments have no number", what, said, clock(q.moment(first)), missing, q.count())
}

// compare holds numbers against the condition.
func (m *MetricRecord) compare(pass Expression, values, control []float64) release.Verdict {
	missed, first := 0, 0
	for i, v := range values {
		if !pass.Met(v, control[i]) {
			if missed == 0 {
				first = i
			}
			missed++
		}
	}
	what, bound := "value", pass.bound()
	if pass.NeedsControl() {
		what = "candidate"
		if len(values) == 1 || missed > 0 {
			bound += fmt.Sprintf(" (control %s)", short(control[first]))
		}
	}
	switch {
	case missed == 0 && len(values) == 1:
		return passed("%s %s is %s", what, short(values[0]), bound)
	case missed == 0:
		return passed("%s is %s at all %d moments since %s", what, bound, len(values), clock(m.Value.Start))
	case len(values) == 1:
		return failed("%s %s is not %s", what, short(values[0]), bound)
	}
	return failed("%s %s is not %s at %s; %d of %d moments fail", what, short(values[first]), bound, clock(m.Value.moment(first)), missed, len(values))
}

// short writes a number for people.
func short(v float64) string {
	if a := math.Abs(v); a >= 1000 && a < 1e15 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	if s := fmt.Sprintf("%.4g", v); !strings.Contains(s, "e") {
		return s
	}
	return number(v)
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
