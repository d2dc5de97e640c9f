package slo_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/relctl/relctl/pkg/slo"
)

var update = flag.Bool("update", false, "write golden files anew")

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func rules(t *testing.T, text []byte) []byte {
	t.Helper()
	f, err := slo.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return f.Rules()
}

func TestRulesAreTheSameOnEachRun(t *testing.T) {
	t.Parallel()
	golden := filepath.Join("testdata", "acme.rules.yaml")
	got := rules(t, read(t, "acme.yaml"))
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(string(read(t, "acme.rules.yaml")), string(got)); d != "" {
		t.Errorf("go test ./pkg/slo -update writes it anew (-want +got):\n%s", d)
	}
	if again := rules(t, read(t, "acme.yaml")); !bytes.Equal(got, again) {
		t.Error("the same file gives other rules")
	}
}

// promtool runs the program on files of the golden rules' folder.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("promtool is missing")
		}
		t.Skip("promtool is missing (Debian's package prometheus has it)")
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = "testdata"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestPrometheusTakesTheRules(t *testing.T) {
	t.Parallel()
	promtool(t, "check", "rules", "--lint=all", "--lint-fatal", "acme.rules.yaml")
}

// TestAlertsFireForTheReleaseThatFails runs the story in testdata/acme.test.yaml against the rules.
func TestAlertsFireForTheReleaseThatFails(t *testing.T) {
	t.Parallel()
	promtool(t, "test", "rules", "acme.test.yaml")
}

// file returns an SLO file in which one text is replaced by another.
func file(t testing.TB, old, with string) []byte {
	t.Helper()
	const text = `service: acme-api
runbook_url: https://runbooks.example/acme-api
slos:
  - name: availability
    objective: 99.9
    total: requests_total{job="api"}
    errors: requests_total{job="api",code=~"5.."}
`
	if !strings.Contains(text, old) {
		t.Fatalf("there is no %q", old)
	}
	return []byte(strings.Replace(text, old, with, 1))
}

func TestFilesAreReadStrictly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ old, with, want string }{
		{"service: acme-api", "service: Acme API", "service: "},
		{"service: acme-api\n", "", "service: "},
		{"service: acme-api", "service: acme-api\nservice: acme-api", "already defined"},
		{"service:", "servce:", "unknown field"},
		{"objective:", "window: 7d\n    objective:", `the window is "7d", not 30d or 28d`},
		{"objective: 99.9", "objective: 99.9%", "is not a percentage"},
		{"objective: 99.9", "objective: 9.99e1", "is not a percentage"},
		{"objective: 99.9", "objective: 100", "more than 0 and less than 100"},
		{"objective: 99.9", "objective: 0", "more than 0 and less than 100"},
		{"objective: 99.9", "objective: 999", "more than 0 and less than 100"},
		{"objective: 99.9", "objective: 90", "its fastest alert could never fire"},
		{"    objective: 99.9\n", "", "more than 0 and less than 100"},
		{`total: requests_total{job="api"}`, `total: rate(requests_total[5m])`, "is not a counter"},
		{`total: requests_total{job="api"}`, `total: requests_total{job="api"}[5m]`, "is not a counter"},
		{`total: requests_total{job="api"}`, `total: requests_total{job="a"} or up{job="api"}`, "is not a counter"},
		{`total: requests_total{job="api"}`, `total: requests_total{job=api}`, "is not a counter"},
		{`total: requests_total{job="api"}`, "total: \"requests_total{job=\\\"a\\u0085b\\\"}\"", "is not a counter"},
		{`total: requests_total{job="api"}`, `total: requests_total{job="api",code=~"5.."}`, "select the same"},
		{`code=~"5.."`, `code=~"5..`, "errors: "},
		{"runbook_url: https://runbooks.example/acme-api\n", "", "runbook_url is \"\", not the address of a page"},
		{"https://runbooks.example/acme-api", "javascript:alert(1)", "not the address of a page"},
		{"https://runbooks.example/acme-api", `"https://runbooks.example/{{ $labels.ring }}"`, "not the address of a page"},
		{"slos:", "slos: []\nothers:", "unknown field"},
		{"name: availability", "name: Availability", `slo "Availability"`},
		{"slos:\n", "slos:\n  - {name: availability, objective: 99, total: a, errors: b}\n", "there are two slos called availability"},
		{"slos:", "slos: &a", "anchors"},
		{"service: acme-api", "service: !!str acme-api", "tags"},
		{"service:", "---\nservice: a\n---\nservice:", "SLO file: "},
	} {
		f, err := slo.Parse(file(t, c.old, c.with))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("with %q: %v, %v, want %s", c.with, f, err, c.want)
		}
	}
	for name, text := range map[string]string{"nothing": "", "a comment": "# none\n", "a text": "slo", "a list": "- a", "too much": strings.Repeat("#", 300<<10)} {
		if f, err := slo.Parse([]byte(text)); err == nil {
			t.Errorf("%s reads as %+v", name, f)
		}
	}
	if _, err := slo.Parse(append(file(t, "", ""), "---\nservice: b\n"...)); err == nil {
		t.Error("a second document is passed over")
	}
	for _, good := range []string{`"99.95"`, "99.95 # of all", "99"} {
		if _, err := slo.Parse(file(t, "99.9", good)); err != nil {
			t.Error(err)
		}
	}
}

func TestLimitsAreExact(t *testing.T) {
	t.Parallel()
	text := string(rules(t, file(t, "", "")))
	for _, want := range []string{
		`slo:errors:ratio_rate1h{service="acme-api",slo="availability"} > 14.4 * 0.001`, `ratio_rate5m{service="acme-api",slo="availability"} > 14.4 * 0.001`,
		"> 6 * 0.001", "> 3 * 0.001", "> 1 * 0.001", "[3d]",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
	text = string(rules(t, file(t, "objective: 99.9", "window: 28d\n    objective: 99.95")))
	for _, want := range []string{"> 13.44 * 0.0005", "> 5.6 * 0.0005", "> 2.8 * 0.0005", "> 0.9333333333333333 * 0.0005"} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(file(f, "", ""))
	f.Add(read(f, "acme.yaml"))
	f.Add(file(f, "https://", `"https://ä\n`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := slo.Parse(data)
		if err != nil {
			return
		}
		var out struct {
			Groups []struct {
				Name  string
				Rules []struct{ Record, Alert, Expr string }
			}
		}
		text := file.Rules()
		if err := yaml.Unmarshal(text, &out); err != nil {
			t.Fatalf("the rules are no YAML: %v\n%s", err, text)
		}
		if len(out.Groups) != 2*len(file.SLOs) {
			t.Fatalf("%d groups for %d objectives:\n%s", len(out.Groups), len(file.SLOs), text)
		}
		for i, g := range out.Groups {
			if want := []int{7, 2}[i%2]; len(g.Rules) != want {
				t.Fatalf("group %s has %d rules:\n%s", g.Name, len(g.Rules), text)
			}
		}
	})
}

func ExampleFile_Rules() {
	f, err := slo.Parse([]byte(`
service: acme-api
runbook_url: https://runbooks.example/acme-api
slos:
  - {name: availability, objective: 99.9, total: requests_total, errors: failures_total}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	lines := strings.Split(string(f.Rules()), "\n")
	fmt.Println(strings.Join(lines[:10], "\n"))
	// Output:
	// # Rules of the service acme-api, made by relctl from its SLO file.
	// groups:
	//   - name: slo-acme-api-availability-ratios
	//     rules:
	//       - record: slo:errors:ratio_rate5m
	//         expr: |-
	//           (sum by (ring, version) (rate(failures_total[5m])) or 0 * sum by (ring, version) (rate(requests_total[5m])))
	//           / (sum by (ring, version) (rate(requests_total[5m])) > 0)
	//         labels:
	//           service: "acme-api"
}
