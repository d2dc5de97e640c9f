package changelog_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/changelog"
	"github.com/relctl/relctl/pkg/release"
)

var update = flag.Bool("update", false, "write the golden files anew")

func id(c string) string { return strings.Repeat(c, 40) }

func sample() changelog.Release {
	day := time.Date(2026, 5, 3, 23, 0, 0, 0, time.FixedZone("east", 2*3600))
	return changelog.Release{
		Product: "acme", Channel: "lts-2.4", Version: release.MustVersion("2.4.7"), Previous: release.MustVersion("2.4.6"), Date: day,
		Changes: []release.Change{
			{ID: id("1"), Commit: id("2"), Type: "fix", Scope: "orders", Subject: "leave out spaces around an order", PR: 17, PickedFrom: []string{id("1")}, Date: day},
			{ID: id("3"), Commit: id("3"), Type: "security", Scope: "server", Subject: "refuse orders of more than 64 KiB", CVEs: []string{"CVE-2026-31337"}, Date: day},
			{ID: id("4"), Commit: id("4"), Type: "feat", Subject: "read the configuration from a file", Breaking: true, BreakingNote: "the flag -listen is gone.\n\nPut \"listen\" into the file.", Date: day},
			{ID: id("5"), Commit: id("5"), Type: "chore", Subject: "tidy", Date: day},
			{ID: id("6"), Commit: id("6"), Type: "revert", Subject: "fix: a mistake", Date: day},
			{ID: id("7"), Commit: id("7"), Type: "", Subject: "who knows", Problem: "no type", Date: day},
			{ID: id("8"), Commit: id("8"), Type: "perf", Subject: "faster", Date: day},
		},
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s (go test -update writes it anew):\n%s", path, got)
	}
}

func TestWhatPeopleAndMachinesRead(t *testing.T) {
	golden(t, "release.md", changelog.Markdown(sample()))
	data, err := changelog.JSON(sample())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "changes.json", data)
	golden(t, "terminal.txt", []byte(changelog.Terminal(sample().Changes)))
	first := changelog.Release{Product: "acme", Channel: "lts-2.4", Version: release.MustVersion("2.4.0"), Date: sample().Date}
	golden(t, "first.md", changelog.Markdown(first))
}

func TestHostileTextComesOutInert(t *testing.T) {
	for _, text := range []string{
		"<script>alert(1)</script>", "[x](javascript:alert(1))", "![x](http://evil.example/x.png)", "`code`", "# heading", "- item", "1. item",
		"a\n\n# heading", "a\r\nb", "evil\u202egnp.exe", "zero\u200bwidth", "\x1b[31mred", "*bold* _it_ ~~x~~", "| a | b |", "&lt;b&gt;", "https://evil.example", "\xff\xfe", strings.Repeat("x", 100000), "@everyone #12", "<!-- hidden -->", "\\[x](y)",
	} {
		r := sample()
		r.Changes = []release.Change{{Commit: id("1"), Type: "fix", Scope: text, Subject: text, Breaking: true, BreakingNote: text}}
		md := string(changelog.Markdown(r))
		for _, bad := range []string{"<", "\x1b", "\u202e", "\u200b", "://", "\n#  ", "\r"} {
			if strings.Contains(md, bad) {
				t.Errorf("%.40q: %q survives in\n%.600s", text, bad, md)
			}
		}
		if link := regexp.MustCompile(`(^|[^\\])\]\(`); link.MatchString(md) {
			t.Errorf("%.40q is a link in\n%.600s", text, md)
		}
		if headings := regexp.MustCompile(`(?m)^ *#`).FindAllString(md, -1); len(headings) != 2 {
			t.Errorf("%.40q makes %d headings:\n%.600s", text, len(headings), md)
		}
		if len(md) > 5000 {
			t.Errorf("%.40q: %d bytes", text, len(md))
		}
		line := changelog.Terminal(r.Changes)
		if strings.Count(line, "\n") != 1 || strings.ContainsAny(line, "\x1b\r\u202e\u200b") || len(line) > 500 {
			t.Errorf("%.40q on a terminal: %q", text, line)
		}
	}
}

func ExampleTerminal() {
	fmt.Print(changelog.Terminal([]release.Change{{Commit: "0123456789abcdef", Type: "fix", Scope: "orders", Subject: "leave out spaces"}}))
	// Output:
	//   fix       0123456789  orders: leave out spaces
}
