package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Limits on what is read from a metric server.
const (
	maxBody    = 8 << 20
	maxText    = 400
	maxListed  = 5
	maxQuery   = 32 << 10
	queryPath  = "/api/v1/query"
	rangePath  = "/api/v1/query_range"
	noValue    = "_"
	apiSuccess = "success"
)

// envelope is the outer form of all answers of the HTTP API (https://prometheus.io/docs/prometheus/latest/querying/api).
type envelope struct {
	Status    string   `json:"status"`
	ErrorType string   `json:"errorType"`
	Error     string   `json:"error"`
	Warnings  []string `json:"warnings"`
	Data      struct {
		ResultType string          `json:"resultType"`
		Result     json.RawMessage `json:"result"`
	} `json:"data"`
}

// sample is a number with its moment: [1700003600.5, "0.25"].
type sample struct {
	at    time.Time
	value string
}

// UnmarshalJSON reads the pair.
func (s *sample) UnmarshalJSON(data []byte) error {
	var at float64
	pair := []any{&at, &s.value}
	if err := json.Unmarshal(data, &pair); err != nil {
		return err
	}
	if len(pair) != 2 {
		return fmt.Errorf("a sample has %d parts, not 2", len(pair))
	}
	s.at = time.UnixMilli(int64(math.Round(at * 1000))).UTC()
	return nil
}

// series is an element of a vector or a matrix.
type series struct {
	Metric map[string]string `json:"metric"`
	Value  *sample           `json:"value"`
	Values []sample          `json:"values"`
	// Native histograms are no numbers.
	Histogram  json.RawMessage `json:"histogram"`
	Histograms json.RawMessage `json:"histograms"`
}

// ask sends one query and returns what came back, reduced to what a verdict needs.
func (m Metric) ask(ctx context.Context, q Query) Answer {
	switch {
	case len(q.Query) > maxQuery:
		return Answer{Failure: fmt.Sprintf("the query is longer than %d bytes", maxQuery)}
	case q.count() > maxAnswers:
		return Answer{Failure: fmt.Sprintf("the window holds %d steps, more than %d", q.count(), maxAnswers)}
	case time.Duration(q.Step)*time.Second > maxStep:
		return Answer{Failure: fmt.Sprintf("steps of more than %s would not show gaps", maxStep)}
	}
	timeout := m.Timeout
	if timeout <= 0 {
		timeout = DefaultQueryTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := m.request(ctx, q, timeout)
	if err != nil {
		return Answer{Failure: err.Error()}
	}
	client := m.Client
	if client == nil {
		client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	resp, err := client.Do(req)
	if err != nil {
		return Answer{Failure: transportError(err, timeout)}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil:
		return Answer{Code: resp.StatusCode, Failure: transportError(err, timeout)}
	case len(body) > maxBody:
		return Answer{Code: resp.StatusCode, Failure: fmt.Sprintf("the answer is larger than %d MiB", maxBody>>20)}
	}
	a := read(q, resp.StatusCode, body)
	a.Code = resp.StatusCode
	return a
}

// request forms the request for a query. Servers that gather from others are asked not to leave any out.
func (m Metric) request(ctx context.Context, q Query, timeout time.Duration) (*http.Request, error) {
	u, err := url.Parse(m.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%.100q is not the address of a metric server, such as http://prometheus:9090", bare(m.URL))
	}
	form := url.Values{"query": {q.Query}, "timeout": {timeout.String()}, "partial_response": {"false"}}
	path := queryPath
	if q.Step > 0 {
		path = rangePath
		form.Set("start", unix(q.Start))
		form.Set("end", unix(q.End))
		form.Set("step", strconv.FormatInt(q.Step, 10))
	} else {
		form.Set("time", unix(q.End))
	}
	user := u.User
	u.User = nil
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.JoinPath(path).String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	if user != nil {
		password, _ := user.Password()
		req.SetBasicAuth(user.Username(), password)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	return req, nil
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// transportError says in one line why no answer came; the address is in the record.
func transportError(err error, timeout time.Duration) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %s", timeout)
	}
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return clip(err.Error())
}

// read understands an answer.
func read(q Query, code int, body []byte) Answer {
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		if code/100 != 2 {
			return Answer{Failure: "the answer is not that of a metric server"}
		}
		return Answer{Failure: clip("the answer is not JSON: " + err.Error())}
	}
	a := Answer{ErrorType: clip(e.ErrorType), Error: clip(e.Error)}
	for _, w := range e.Warnings[:min(len(e.Warnings), maxListed)] {
		a.Warnings = append(a.Warnings, clip(w))
	}
	if e.Status != apiSuccess || code != http.StatusOK {
		if a.Error == "" {
			a.Failure = fmt.Sprintf("the answer has the status %.20q", e.Status)
		}
		return a
	}
	a.Type = e.Data.ResultType
	found, err := results(e.Data.ResultType, e.Data.Result)
	if err == nil {
		err = a.fill(q, found)
	}
	if err != nil {
		a.Failure = clip("the answer cannot be understood: " + err.Error())
	}
	return a
}

// results returns the series of an answer; a scalar is one without labels.
func results(kind string, data json.RawMessage) ([]series, error) {
	switch kind {
	case "scalar":
		var s sample
		if err := json.Unmarshal(data, &s); err != nil {
			return nil, err
		}
		return []series{{Value: &s}}, nil
	case "vector", "matrix":
		var found []series
		err := json.Unmarshal(data, &found)
		return found, err
	case "string":
		return nil, nil
	}
	return nil, fmt.Errorf("it is of the type %.20q", kind)
}

// fill puts series into the answer.
func (a *Answer) fill(q Query, found []series) error {
	a.Count = len(found)
	for _, s := range found[:min(len(found), maxListed)] {
		a.Series = append(a.Series, Series{Labels: labels(s.Metric)})
	}
	if len(found) != 1 || q.Step == 0 && a.Type == "matrix" { // a range vector for one moment is a mistake of the query
		return nil
	}
	one := found[0]
	if one.Histogram != nil || one.Histograms != nil {
		return errors.New("it is a histogram, not a number")
	}
	samples := one.Values
	if one.Value != nil {
		samples = append(samples, *one.Value)
	}
	values, err := grid(q, samples)
	a.Series[0].Values = values
	return err
}

// grid lays samples onto the moments that were asked for.
func grid(q Query, samples []sample) (string, error) {
	values := make([]string, q.count())
	for i := range values {
		values[i] = noValue
	}
	step := time.Duration(max(q.Step, 1)) * time.Second
	for _, s := range samples {
		since := s.at.Sub(q.Start)
		i := int(since / step)
		if since < 0 || since%step != 0 || i >= len(values) {
			return "", fmt.Errorf("it has a value for %s, which was not asked for", s.at.Format(time.RFC3339))
		}
		if _, err := strconv.ParseFloat(s.value, 64); err != nil {
			return "", fmt.Errorf("%.40q is not a number", s.value)
		}
		if values[i] != noValue {
			return "", fmt.Errorf("it has two values for %s", s.at.Format(time.RFC3339))
		}
		values[i] = s.value
	}
	return strings.Join(values, " "), nil
}

// labels returns labels as Prometheus writes them.
func labels(m map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, name+"="+strconv.Quote(m[name]))
	}
	return clip("{" + strings.Join(parts, ",") + "}")
}

// clip makes a text of a server fit into a record: one line, valid UTF-8, a bounded length.
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + "…"
	}
	return s
}

// number writes a number in its shortest form.
func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
