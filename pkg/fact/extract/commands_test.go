package extract_test

import (
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact/extract"
)

func TestCommandsAreReadFromHelp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ says, text, want string }{
		{"cobra", "Usage:\n  x [command]\n\nAvailable Commands:\n  completion  Generate\n  cut         Cut a release\n\nFlags:\n  -h, --help   help\n", "5 command completion says=Generate\n6 command cut says=Cut a release\n"},
		{"urfave/cli", "NAME:\n   x - y\n\nCOMMANDS:\n   serve, s  Serve it\n   help, h   Shows a list\n\nGLOBAL OPTIONS:\n   --x  y\n", "6 command help says=Shows a list\n5 command serve says=Serve it\n"},
		{"kingpin", "Commands:\n  check config [<flags>] <files>...\n    Check the files.\n\n  query <server>\n    Ask.\n", "2 command check config\n5 command query\n"},
		{"no list", "Usage: x\n  cut  it\n", ""},
	} {
		if got := show(gather(t, channel.FactSource{Kind: "commands"}, "help.txt", c.text)); got != c.want {
			t.Errorf("%s:\n%swant:\n%s", c.says, got, c.want)
		}
	}
	got := show(gather(t, channel.FactSource{Kind: "commands", Scope: "acme", Pattern: `(?m)^  (?P<name>[a-z]+) .*?  (?P<text>[a-z].*)$`}, "main.go", "const usage = `\n  put SKU NAME   add an item\n`"))
	if got != "2 command acme put says=add an item\n" {
		t.Error(got)
	}
	got = show(gather(t, channel.FactSource{Kind: "flags", Scope: "acme", Pattern: `\[(?P<name>--\w+) [A-Z]+\]`}, "main.go", "usage: acme [--server URL] [--output FILE]"))
	if got != "1 flag acme --output\n1 flag acme --server\n" {
		t.Error(got)
	}
}

func TestRunbooksOfAlertsAreGivenOtherAddresses(t *testing.T) {
	t.Parallel()
	const before = `# kept
groups:
  - name: a
    rules:
      - alert: Down
        expr: | # kept
          up == 0
            and on() vector(1)
        annotations: {runbook_url: "https://x.example/down", summary: "{{ $value }}: 'x'"}
      - alert: Other
        expr: up == 0
        annotations:
          runbook_url: https://y.example/other
      - record: a:b
        expr: up
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
spec:
  groups:
    - name: b
      rules:
        - alert: Third
          expr: up == 0
          annotations:
            runbook_url: https://x.example/third # kept
`
	after, err := extract.RewriteRunbooks([]byte(before), func(url string) (string, bool) {
		name, ok := strings.CutPrefix(url, "https://x.example/")
		return "../" + name + ".html", ok
	})
	if err != nil {
		t.Fatal(err)
	}
	source := channel.FactSource{Kind: "rules"}
	if a, b := show(gather(t, source, "a.yaml", before)), show(gather(t, source, "a.yaml", string(after))); withoutLines(a) != withoutLines(b) {
		t.Errorf("the rules changed:\n%s\nwere:\n%s", b, a)
	}
	for _, want := range []string{"# kept\ngroups", "runbook_url: \"../down.html\"", "runbook_url_original: 'https://x.example/down'", "runbook_url: https://y.example/other\n", "../third.html # kept", "---\n"} {
		if !strings.Contains(string(after), want) {
			t.Errorf("%q is missing:\n%s", want, after)
		}
	}
	again, err := extract.RewriteRunbooks(after, func(string) (string, bool) { return "elsewhere", true })
	if err != nil || strings.Contains(string(again), "third # kept") || strings.Count(string(again), "runbook_url_original") != 3 {
		t.Errorf("%v\n%s", err, again)
	}
	if _, err := extract.RewriteRunbooks([]byte("a: ["), nil); err == nil {
		t.Error("broken YAML is taken")
	}
}

// withoutLines leaves out the lines of facts.
func withoutLines(s string) string {
	var out []string
	for line := range strings.Lines(s) {
		_, rest, _ := strings.Cut(line, " ")
		out = append(out, rest)
	}
	return strings.Join(out, "")
}
