package gate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/release"
)

// share is the part of a ring's requests that failed.
func share(ring string) string {
	return fmt.Sprintf(`sum(rate(errors_total{ring=%q}[5m])) / sum(rate(requests_total{ring=%q}[5m]))`, ring, ring)
}

func latency(kind string) string { return fmt.Sprintf(`latency{kind=%q}`, kind) }

// TestMetricAgainstPrometheus asks a real server.
func TestMetricAgainstPrometheus(t *testing.T) {
	t.Parallel()
	server := prometheusServer(t)
	for name, c := range map[string]struct {
		m      gate.Metric
		status release.Status
		reason string
	}{
		"a number that meets the condition":  {gate.Metric{Query: share("canary"), Pass: "value < 0.01"}, "pass", "value 0.005 is < 0.01"},
		"a number that does not":             {gate.Metric{Query: share("canary"), Pass: "value < 0.004"}, "fail", "value 0.005 is not < 0.004"},
		"a scalar":                           {gate.Metric{Query: "scalar(latency{kind=\"even\"}) * 2", Pass: "value == 0.2"}, "pass", "value 0.2 is == 0.2"},
		"an hour in which all is well":       {gate.Metric{Query: latency("even"), Pass: "value < 0.5", Window: time.Hour}, "pass", "value is < 0.5 at all 241 moments since 2026-01-05 06:30:00Z"},
		"an hour with a spike":               {gate.Metric{Query: latency("spike"), Pass: "value < 0.5", Window: time.Hour}, "fail", "value 0.9 is not < 0.5 at 2026-01-05 07:00:00Z; 8 of 241 moments fail"},
		"the spike is over":                  {gate.Metric{Query: latency("spike"), Pass: "value < 0.5", Window: 20 * time.Minute}, "pass", "at all"},
		"now all is well":                    {gate.Metric{Query: latency("spike"), Pass: "value < 0.5"}, "pass", "value 0.1"},
		"an hour with a gap":                 {gate.Metric{Query: latency("gap"), Pass: "value < 0.5", Window: time.Hour}, "no-data", "the query gives no value at 2026-01-05 07:0"},
		"a gap looked at in long steps":      {gate.Metric{Query: latency("gap"), Pass: "value < 0.5", Window: time.Hour, Step: 5 * time.Minute}, "no-data", "of 13 moments have no number"},
		"a series that has ended":            {gate.Metric{Query: latency("ended"), Pass: "value < 0.5"}, "no-data", `the query has no series: latency{kind="ended"}`},
		"a series that ended in the window":  {gate.Metric{Query: latency("ended"), Pass: "value < 0.5", Window: time.Hour}, "no-data", "the query gives no value"},
		"a series that never was":            {gate.Metric{Query: latency("none"), Pass: "value < 0.5"}, "no-data", "the query has no series"},
		"none in a whole window":             {gate.Metric{Query: latency("none"), Pass: "value < 0.5", Window: time.Hour}, "no-data", "the query has no series"},
		"the window begins before the data":  {gate.Metric{Query: latency("even"), Pass: "value < 0.5", Window: 2 * time.Hour}, "no-data", "the query gives no value at 2026-01-05 05:30:00Z"},
		"NaN":                                {gate.Metric{Query: share("none") + " or vector(0) / 0", Pass: "value < 0.01"}, "no-data", "the query gives NaN"},
		"NaN at some moments":                {gate.Metric{Query: latency("nan"), Pass: "value < 0.5", Window: time.Hour}, "no-data", "the query gives NaN at 2026-01-05 07:00:00Z; 4 of 241"},
		"infinity":                           {gate.Metric{Query: "vector(1) / 0", Pass: "value > 0.5"}, "no-data", "the query gives +Inf"},
		"no requests, so no share":           {gate.Metric{Query: share("none"), Pass: "value < 0.01"}, "no-data", "the query has no series"},
		"more than one series":               {gate.Metric{Query: `latency{kind=~"even|gap"}`, Pass: "value < 0.5"}, "error", `the query gives 2 series, not one: {__name__="latency",kind="even"} {__name__="latency",kind="gap"}`},
		"a query that is none":               {gate.Metric{Query: "sum(latency", Pass: "value < 0.5"}, "error", "the query is wrong at line 1, column "},
		"a text":                             {gate.Metric{Query: `"a"`, Pass: "value < 0.5"}, "error", "the query gives a text, not a number"},
		"a range":                            {gate.Metric{Query: `latency{kind="even"}[5m]`, Pass: "value < 0.5"}, "error", "the query gives a range of numbers, not a number"},
		"a condition that is none":           {gate.Metric{Query: "up", Pass: "value is fine"}, "error", "is not a condition"},
		"steps in which a gap would be lost": {gate.Metric{Query: "up", Pass: "value > 0", Window: time.Hour, Step: 6 * time.Minute}, "error", "steps of"},
		"placeholders":                       {gate.Metric{Query: `sum(rate(errors_total{ring="{ring}"}[5m]))`, Values: map[string]string{"ring": "canary"}, Pass: "value < 0.051"}, "pass", "value 0.05"},
		"a placeholder without a value":      {gate.Metric{Query: `up{ring="{ring}"}`, Values: map[string]string{"cell": "eu-1"}, Pass: "value < 0.051"}, "error", "the query has no answer: {ring} is not known here; known are cell"},
		"too many steps":                     {gate.Metric{Query: "up", Pass: "value > 0", Window: 24 * time.Hour, Step: time.Second}, "error", "the window holds 86401 steps, more than 3000"},

		"better than its control":           {gate.Metric{Query: share("canary"), Control: share("stable"), Pass: "candidate <= control"}, "pass", "candidate 0.005 is <= control (control 0.01)"},
		"not worse than half as much more":  {gate.Metric{Query: share("stable"), Control: share("canary"), Pass: "candidate <= 1.5 * control"}, "fail", "candidate 0.01 is not <= 1.5 * control (control 0.005)"},
		"within a margin":                   {gate.Metric{Query: share("stable"), Control: share("canary"), Pass: "candidate <= 1.5 * control + 0.0026"}, "pass", "candidate 0.01 is"},
		"compared over a window":            {gate.Metric{Query: share("canary"), Control: share("stable"), Pass: "candidate < control", Window: time.Hour}, "pass", "candidate is < control at all 241 moments"},
		"worse than the control for once":   {gate.Metric{Query: latency("spike"), Control: latency("even"), Pass: "candidate <= 2 * control", Window: time.Hour}, "fail", "candidate 0.9 is not <= 2 * control (control 0.1) at 2026-01-05 07:00:00Z; 8 of 241"},
		"a control that is not there":       {gate.Metric{Query: share("canary"), Control: share("none"), Pass: "candidate <= control"}, "no-data", "the control query has no series"},
		"a control with a gap":              {gate.Metric{Query: latency("even"), Control: latency("gap"), Pass: "candidate <= control", Window: time.Hour}, "no-data", "the control query gives no value at"},
		"a control without errors":          {gate.Metric{Query: share("canary"), Control: share("idle"), Pass: "candidate <= 1.5 * control"}, "fail", "(control 0)"},
		"a condition without its control":   {gate.Metric{Query: share("canary"), Pass: "candidate <= control"}, "error", "needs a control query"},
		"a control that nobody asks for":    {gate.Metric{Query: share("canary"), Control: share("stable"), Pass: "value < 1"}, "error", "does not ask for it"},
		"a control that is no query":        {gate.Metric{Query: share("canary"), Control: "sum(", Pass: "candidate <= control"}, "error", "the control query is wrong"},
		"enough traffic":                    {gate.Metric{Query: share("canary"), Pass: "value < 0.01", Traffic: `sum(increase(requests_total{ring="canary"}[10m]))`, MinTraffic: 5900}, "pass", "value 0.005"},
		"too little traffic":                {gate.Metric{Query: share("idle"), Pass: "value < 0.01", Traffic: `sum(rate(requests_total{ring="idle"}[10m]))`, MinTraffic: 0.1}, "no-data", "too little traffic to judge: 0.001, of 0.1 at least"},
		"too little traffic to fail either": {gate.Metric{Query: share("canary"), Pass: "value < 0", Traffic: "vector(3)", MinTraffic: 4}, "no-data", "too little traffic"},
		"traffic that is not known":         {gate.Metric{Query: share("canary"), Pass: "value < 0.01", Traffic: latency("none"), MinTraffic: 0.1}, "no-data", "the traffic query has no series"},
		"traffic that is NaN":               {gate.Metric{Query: share("canary"), Pass: "value < 0.01", Traffic: "vector(0)/0", MinTraffic: 0}, "no-data", "the traffic query gives NaN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.m.URL, c.m.At = server, dawn.Add(90*time.Minute)
			expect(t, ask(t, c.m), c.status, c.reason)
		})
	}
}

// answering returns a metric whose server gives one answer.
func answering(t *testing.T, code int, body string) gate.Metric {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return gate.Metric{URL: s.URL, Query: "up", Pass: "value < 1", At: noon}
}

// success is a server's answer with a result.
func success(kind, result string) string {
	return fmt.Sprintf(`{"status":"success","data":{"resultType":%q,"result":%s}}`, kind, result)
}

// sample is the time of noon as a server writes it.
const sample = "1767614400"

func TestMetricTrustsNoAnswerThatIsNotWhole(t *testing.T) {
	t.Parallel()
	good := success("vector", `[{"metric":{},"value":[`+sample+`,"0.5"]}]`)
	expect(t, ask(t, answering(t, 200, good)), release.Pass, "value 0.5 is < 1")
	for name, c := range map[string]struct {
		code   int
		body   string
		reason string
	}{
		"a login page":                  {200, "<html>", "the query has no answer: the answer is not JSON"},
		"a gateway's page":              {502, "<html>", "the query has no answer: the answer is not that of a metric server (HTTP 502)"},
		"a success with another code":   {500, good, `the answer has the status "success" (HTTP 500)`},
		"a redirect":                    {302, good, "(HTTP 302)"},
		"access denied":                 {401, `{"status":"error","error":"no"}`, "the metric server does not let us ask the query (HTTP 401)"},
		"an error with a good code":     {200, `{"status":"error","errorType":"timeout","error":"query timed out"}`, "the metric server refuses the query: query timed out (HTTP 200)"},
		"an overload":                   {503, `{"status":"error","errorType":"unavailable","error":"too busy"}`, "too busy (HTTP 503)"},
		"a warning":                     {200, strings.Replace(good, `"data"`, `"warnings":["store gateway is down"],"data"`, 1), "the answer to the query may not be whole: store gateway is down"},
		"no status":                     {200, `{}`, `the answer has the status ""`},
		"no type":                       {200, `{"status":"success"}`, `it is of the type ""`},
		"half an answer":                {200, good[:len(good)-4], "the answer is not JSON"},
		"a value for another time":      {200, strings.Replace(good, sample, "1767614401", 1), "it has a value for 2026-01-05T12:00:01Z, which was not asked for"},
		"a value that is no number":     {200, strings.Replace(good, `"0.5"`, `"much"`, 1), `"much" is not a number`},
		"a value without quotes":        {200, strings.Replace(good, `"0.5"`, `0.5`, 1), "cannot be understood"},
		"a value of three parts":        {200, strings.Replace(good, `"0.5"`, `"0.5",1`, 1), "a sample has 3 parts, not 2"},
		"a series with value and range": {200, success("vector", `[{"metric":{},"value":[`+sample+`,"0.5"],"values":[[`+sample+`,"0.5"]]}]`), "it has two values for"},
		"a histogram":                   {200, success("vector", `[{"metric":{},"histogram":[`+sample+`,{"count":"1"}]}]`), "it is a histogram, not a number"},
		"a result of another shape":     {200, success("vector", `{"a":1}`), "cannot be understood"},
		"no value":                      {200, success("scalar", `null`), "a sample has 0 parts, not 2"},
		"far too much":                  {200, strings.Repeat(" ", 9<<20), "the answer is larger than 8 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, ask(t, answering(t, c.code, c.body)), release.Errored, c.reason)
		})
	}
}

func TestMetricEndsWhenTheServerDoesNotAnswer(t *testing.T) {
	t.Parallel()
	answer := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-answer }))
	t.Cleanup(func() { close(answer); s.Close() })
	m := gate.Metric{URL: s.URL, Query: "up", Pass: "value < 1", At: noon, Timeout: 20 * time.Millisecond}
	expect(t, ask(t, m), release.Errored, "the query has no answer: no answer within 20ms")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	expect(t, gate.Recorded(m, nil).Evaluate(ctx, subject), release.Errored, "interrupted")

	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	expect(t, ask(t, gate.Metric{URL: gone.URL, Query: "up", Pass: "value < 1"}), release.Errored, "connection refused")
	for _, bad := range []string{"", "prometheus:9090", "file:///etc/passwd", "http://"} {
		expect(t, ask(t, gate.Metric{URL: bad, Query: "up", Pass: "value < 1"}), release.Errored, "is not the address of a metric server")
	}
}

// TestMetricAsksAsTheAPIWantsAndKeepsSecretsToItself looks at the requests, and at what is recorded of them.
func TestMetricAsksAsTheAPIWantsAndKeepsSecretsToItself(t *testing.T) {
	t.Parallel()
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		_ = r.ParseForm()
		asked = append(asked, fmt.Sprintf("%s %s %s:%s %s", r.Method, r.URL, user, password, r.PostForm.Encode()))
		_, _ = io.WriteString(w, success("scalar", `[`+sample+`,"7"]`))
	}))
	t.Cleanup(s.Close)
	m := gate.Metric{
		URL: strings.Replace(s.URL, "http://", "http://me:hunter2@", 1) + "/prometheus/", Query: "a", Control: "b", Traffic: "c", Pass: "candidate <= control",
		At: noon.Add(300 * time.Millisecond),
	}
	expect(t, ask(t, m), release.Pass, "candidate 7")
	m.Window, m.Step = 10*time.Minute+20*time.Second, time.Minute
	r := m.Observe(t.Context(), subject)
	want := []string{
		"POST /prometheus/api/v1/query me:hunter2 partial_response=false&query=a&time=1767614400&timeout=30s",
		"POST /prometheus/api/v1/query me:hunter2 partial_response=false&query=b&time=1767614400&timeout=30s",
		"POST /prometheus/api/v1/query me:hunter2 partial_response=false&query=c&time=1767614400&timeout=30s",
		"POST /prometheus/api/v1/query_range me:hunter2 end=1767614400&partial_response=false&query=a&start=1767613800&step=60&timeout=30s",
		"POST /prometheus/api/v1/query_range me:hunter2 end=1767614400&partial_response=false&query=b&start=1767613800&step=60&timeout=30s",
		"POST /prometheus/api/v1/query me:hunter2 partial_response=false&query=c&time=1767614400&timeout=30s",
	}
	if got := strings.Join(asked, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("asked\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	data, err := json.Marshal(r)
	if err != nil || strings.Contains(string(data), "hunter2") || !strings.Contains(string(data), s.URL+"/prometheus/") {
		t.Errorf("%v %s", err, data)
	}
}

// canned is a server without a network: it gives one answer.
type canned struct {
	code int
	body []byte
}

func (c canned) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: c.code, Body: io.NopCloser(strings.NewReader(string(c.body))), Header: http.Header{}}, nil
}

func FuzzPrometheusAnswer(f *testing.F) {
	f.Add(200, false, []byte(success("vector", `[{"metric":{"a":"b"},"value":[`+sample+`,"0.5"]}]`)))
	f.Add(200, true, []byte(success("matrix", `[{"metric":{},"values":[[1767613800,"1"],[1767613860.0,"NaN"]]}]`)))
	f.Add(200, false, []byte(success("scalar", `[`+sample+`,"-Inf"]`)))
	f.Add(400, false, []byte(`{"status":"error","errorType":"bad_data","error":"1:4: parse error: unexpected end of input"}`))
	f.Add(200, true, []byte(success("string", `[1,"a"]`)))
	f.Fuzz(func(t *testing.T, code int, window bool, body []byte) {
		m := gate.Metric{URL: "http://prometheus", Query: "up", Pass: "value != 1", At: noon, Client: &http.Client{Transport: canned{code, body}}}
		if window {
			m.Window, m.Step = 10*time.Minute, time.Minute
		}
		v := ask(t, m)
		if v.Status == release.Pass && (code != 200 || !strings.Contains(string(body), "success")) {
			t.Errorf("%d %s passes: %s", code, body, v.Reason)
		}
		if strings.ContainsAny(v.Reason, "\n\x1b\x00") {
			t.Errorf("the reason is more than a line of text: %q", v.Reason)
		}
	})
}

func ExampleMetric() {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"status": "success", "data": {"resultType": "scalar", "result": [1767614400, "0.25"]}}`)
	}))
	defer s.Close()
	m := gate.Metric{URL: s.URL, Query: "error_share", Pass: "value < 0.01", At: time.Unix(1767614400, 0)}
	v := gate.Recorded(m, nil).Evaluate(context.Background(), gate.Subject{})
	fmt.Println(v.Status, v.Reason)
	// Output: fail value 0.25 is not < 0.01
}
