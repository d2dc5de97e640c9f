package gate

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Metric asks a Prometheus server, or one that answers like it, for a number and holds it against a condition.
//
// Without a window it asks once, for the moment At. With a window it asks for the whole time until At: each answer must
// meet the condition, and a time without an answer is no data.
type Metric struct {
	// URL is the server's address, such as http://prometheus:9090 or https://mimir/prometheus. A user and password in it
	// are sent and never recorded.
	URL string
	// Query must give one number: a scalar, or a vector of one series.
	Query string
	// Pass is the condition, as [ParseExpression] reads it.
	Pass string
	// Control is a query that is asked for the same moments, such as that of the ring that still runs the last release.
	// The condition must be about it.
	Control string
	// Traffic is a query asked for the moment At that must give at least MinTraffic: with fewer requests the metric says
	// nothing.
	Traffic    string
	MinTraffic float64
	// Values are what the placeholders of all queries stand for, see [Expand].
	Values map[string]string
	// At is the moment for which the gate asks. Default is now.
	At time.Time
	// Window is the time until At over which the condition must hold, in whole seconds, or 0.
	Window time.Duration
	// Step is the time between two answers in the window, in whole seconds, at most five minutes: for so long a server
	// still answers for a series that has ended. Default is a 240th of the window, at least 15 seconds.
	Step time.Duration
	// Client sends the requests. Default is one without redirects that ends a request after Timeout.
	Client *http.Client
	// Timeout ends a request. Default is 30 seconds.
	Timeout time.Duration
}

// DefaultQueryTimeout ends a request to a metric server that names no timeout of its own.
const DefaultQueryTimeout = 30 * time.Second

// Limits on what is asked.
const (
	defaultAnswers = 240
	maxAnswers     = 3000
	minStep        = 15 * time.Second
	maxStep        = 5 * time.Minute
)

// MetricRecord is what a [Metric] asked and was answered.
type MetricRecord struct {
	// Server is the address without user and password.
	Server     string `json:"server"`
	Pass       string `json:"pass"`
	MinTraffic string `json:"min_traffic,omitempty"`
	// Value, Control and Traffic are the queries with their answers.
	Value   Query  `json:"value"`
	Control *Query `json:"control,omitempty"`
	Traffic *Query `json:"traffic,omitempty"`
}

// Query is one request with its answer.
type Query struct {
	Query string `json:"query"`
	// Start, End and Step in seconds are the moments asked for; for a single moment Start is End and Step 0.
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	Step  int64     `json:"step,omitempty"`
	// Answer is what came back.
	Answer Answer `json:"answer"`
}

// Answer is what a metric server said.
type Answer struct {
	// Code is the HTTP status, 0 if no answer came.
	Code int `json:"code,omitempty"`
	// Failure says why there is no answer, or why it cannot be understood.
	Failure string `json:"failure,omitempty"`
	// ErrorType and Error are the server's own words.
	ErrorType string   `json:"error_type,omitempty"`
	Error     string   `json:"error,omitempty"`
	Warnings  []string `json:"warnings,omitempty"`
	// Type is scalar, vector, matrix or string.
	Type string `json:"type,omitempty"`
	// Count is how many series there are; Series holds the first of them, with values only if it is the only one.
	Count  int      `json:"count,omitempty"`
	Series []Series `json:"series,omitempty"`
}

// Series is a line of numbers.
type Series struct {
	// Labels as {job="api"}, sorted; {} if there are none.
	Labels string `json:"labels"`
	// Values are the numbers as the server wrote them, one for each moment asked for, with "_" where there is none,
	// separated by spaces.
	Values string `json:"values,omitempty"`
}

// Observe asks the server.
func (m Metric) Observe(ctx context.Context, s Subject) Record {
	r := newRecord(moment(m.At), s)
	out := &MetricRecord{Server: bare(m.URL), Pass: m.Pass}
	r.Metric = out
	q := m.moments(r.At)
	ask := func(query string, q Query) Query {
		expanded, err := Expand(query, m.Values)
		if err != nil {
			q.Query, q.Answer = query, Answer{Failure: clip(err.Error())}
			return q
		}
		q.Query = expanded
		q.Answer = m.ask(ctx, q)
		return q
	}
	out.Value = ask(m.Query, q)
	if m.Control != "" {
		control := ask(m.Control, q)
		out.Control = &control
	}
	if m.Traffic != "" {
		out.MinTraffic = number(m.MinTraffic)
		traffic := ask(m.Traffic, Query{Start: r.At, End: r.At})
		out.Traffic = &traffic
	}
	return r
}

// moments returns the moments to ask for: single, or a grid that ends at the given one and begins less than one step
// after the window does.
func (m Metric) moments(at time.Time) Query {
	window := m.Window.Truncate(time.Second)
	if window <= 0 {
		return Query{Start: at, End: at}
	}
	step := m.Step.Truncate(time.Second)
	if step <= 0 {
		step = min(max((window/defaultAnswers).Truncate(time.Second), minStep), maxStep)
	}
	step = min(step, window)
	return Query{Start: at.Add(-window / step * step), End: at, Step: int64(step / time.Second)}
}

// count returns for how many moments the query asks.
func (q Query) count() int {
	if q.Step <= 0 {
		return 1
	}
	return int(q.End.Sub(q.Start)/(time.Duration(q.Step)*time.Second)) + 1
}

// moment returns the i-th moment.
func (q Query) moment(i int) time.Time {
	return q.Start.Add(time.Duration(i) * time.Duration(q.Step) * time.Second)
}

// bare returns an address without user, password, query and fragment.
func bare(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}
