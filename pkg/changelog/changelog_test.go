package changelog_test

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// several is a log of three releases and what comes next.
func several() changelog.Log {
	last := sample()
	older := changelog.Release{
		Product: "acme", Channel: "lts-2.4", Version: release.MustVersion("2.4.6"), Previous: release.MustVersion("2.4.5"), Date: last.Date.AddDate(0, -1, 0),
		Changes: []release.Change{
			{ID: id("8"), Commit: id("8"), Type: "fix", Subject: "close what was opened", CVEs: []string{"CVE-2026-4711", "CVE-2026-4712"}},
			{ID: id("9"), Commit: id("9"), Type: "perf", Scope: "api", Subject: "answer at once", Breaking: true, Body: "Clients that wait must not."},
			{ID: id("a"), Commit: id("a"), Type: "test", Subject: "more of them"},
			{ID: id("b"), Commit: id("b"), Type: "test", Subject: "that name a CVE", CVEs: []string{"CVE-2026-4713"}},
			{ID: id("c"), Commit: id("c"), Type: "remove", Subject: "the old console"},
			{ID: id("d"), Commit: id("d"), Type: "deprecate", Subject: "the new console"},
		},
	}
	empty := changelog.Release{Product: "acme", Channel: "lts-2.4", Version: release.MustVersion("2.4.5"), Date: last.Date.AddDate(0, -2, 0)}
	next := changelog.Release{Product: "acme", Channel: "lts-2.4", Previous: last.Version, Changes: []release.Change{{ID: id("e"), Commit: id("e"), Type: "fix", Subject: "soon"}}}
	changelog.Apply([]*changelog.Override{{File: "changelog/overrides/9.yaml", Change: id("9"), Subject: ptr("answer at once, and keep the order"), Reason: "the order was forgotten"}}, &older)
	return changelog.Log{Product: "acme", Channel: "lts-2.4", Releases: []changelog.Release{next, last, older, empty}}
}

func ptr[T any](v T) *T { return &v }

// render writes a log by a built-in template.
func render(t *testing.T, format string, l changelog.Log) []byte {
	t.Helper()
	tmpl, err := changelog.Builtin(format)
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := tmpl.Execute(&buf, l); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestWhatPeopleAndMachinesRead(t *testing.T) {
	first := changelog.Release{Product: "acme", Channel: "lts-2.4", Version: release.MustVersion("2.4.0"), Date: sample().Date}
	upgrade := several()
	upgrade.From, upgrade.Releases = release.MustVersion("2.4.4"), upgrade.Releases[1:]
	golden(t, "release.md", changelog.Markdown(sample()))
	golden(t, "first.md", changelog.Markdown(first))
	golden(t, "terminal.txt", []byte(changelog.Terminal(sample().Changes)))
	golden(t, "text.txt", changelog.Text(several()))
	golden(t, "operator.md", render(t, changelog.Operator, upgrade))
	golden(t, "operator-all.md", render(t, changelog.Operator, several()))
	golden(t, "operator-none.md", render(t, changelog.Operator, changelog.Log{Product: "acme", Channel: "lts-2.4"}))
	golden(t, "keepachangelog.md", render(t, changelog.Keep, several()))
	golden(t, "body.md", render(t, changelog.Body, sample().Log()))
	golden(t, "bodies.md", render(t, changelog.Body, several()))
	for name, write := range map[string]func(changelog.Log) ([]byte, error){"changes.json": changelog.Log.JSON, "feed.atom": changelog.Atom} {
		data, err := write(several())
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, data)
	}
}

func TestMarkdownOfOneReleaseIsWhatTheOperatorFormatSays(t *testing.T) {
	if got, want := string(changelog.Markdown(sample())), string(render(t, changelog.Operator, sample().Log())); got != want {
		t.Errorf("Markdown says\n%s\nthe template says\n%s", got, want)
	}
}

func TestEveryChangeIsToldOnceInEachFormat(t *testing.T) {
	for _, format := range changelog.Formats() {
		text := string(render(t, format, several()))
		for _, c := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e"} {
			want := 1
			switch {
			case c == "1": // the original of 2
				continue
			case c == "8": // in two releases
				want = 2
			case format == changelog.Keep && (c == "5" || c == "a"): // chore and test
				want = 0
			}
			if got := strings.Count(text, "`"+release.Short(id(c))+"`"); got != want {
				t.Errorf("%s tells change %s %d times, want %d:\n%s", format, c, got, want, text)
			}
		}
	}
}

// hostile is text that markup, terminals or readers could take for more than text.
var hostile = []string{
	"<script>alert(1)</script>", "[x](javascript:alert(1))", "![x](http://evil.example/x.png)", "`code`", "# heading", "- item", "1. item",
	"a\n\n# heading", "a\r\nb", "evil\u202egnp.exe", "zero\u200bwidth", "\x1b[31mred", "*bold* _it_ ~~x~~", "| a | b |", "&lt;b&gt;", "https://evil.example", "see www.evil.example", "WWW.evil.example",
	"\xff\xfe", strings.Repeat("x", 100000), "@everyone #12", "<!-- hidden -->", "\\[x](y)", "</details>", "{{.Product}}", "]]>", "\x00\x01\ufffe\uffff", "(cherry", "---", "===",
}

func hostileRelease(text string) changelog.Release {
	r := sample()
	r.Changes = []release.Change{
		{Commit: id("1"), Type: "fix", Scope: text, Subject: text, Breaking: true, BreakingNote: text},
		{Commit: id("2"), Type: text, Scope: text, Subject: text, Body: text, Author: text, CVEs: []string{"CVE-2026-1"}},
		{Commit: id("3"), Type: text, Scope: text, Subject: text, Body: text, Author: text},
	}
	r.Corrections = map[string]changelog.Correction{id("3"): {Reason: text, File: text}}
	return r
}

func TestHostileTextComesOutInertInMarkdown(t *testing.T) {
	ours := strings.NewReplacer("<details>\n<summary>Everything else (1)</summary>\n", "", "\n</details>\n", "", "(https://keepachangelog.com/en/1.1.0/)", "",
		"[Keep a Changelog]", "", "## [2.4.7]", "## 2.4.7")
	link, heading := regexp.MustCompile(`(^|[^\\])\]\(`), regexp.MustCompile(`(?m)^ *#`)
	for _, format := range changelog.Formats() {
		headings := len(heading.FindAllString(string(render(t, format, hostileRelease("calm").Log())), -1))
		for _, text := range hostile {
			md := ours.Replace(string(render(t, format, hostileRelease(text).Log())))
			for _, bad := range []string{"<", "\x1b", "\u202e", "\u200b", "://", "\n#  ", "\r", "\x00", "\ufffe", "\n---", "\n===", "www.", "WWW."} {
				if strings.Contains(md, bad) {
					t.Errorf("%s: %.40q: %q survives in\n%.900s", format, text, bad, md)
				}
			}
			if link.MatchString(md) {
				t.Errorf("%s: %.40q is a link in\n%.900s", format, text, md)
			}
			if n := len(heading.FindAllString(md, -1)); n != headings {
				t.Errorf("%s: %.40q makes %d headings, want %d:\n%.900s", format, text, n, headings, md)
			}
			if len(md) > 9000 {
				t.Errorf("%s: %.40q: %d bytes", format, text, len(md))
			}
		}
	}
}

func TestHostileTextComesOutInertOnATerminal(t *testing.T) {
	for _, text := range hostile {
		lines := changelog.Terminal(hostileRelease(text).Changes)
		if strings.Count(lines, "\n") != 3 || strings.ContainsAny(lines, "\x1b\r\u202e\u200b\x00") {
			t.Errorf("%.40q: %.900q", text, lines)
		}
	}
}

func TestHostileTextIsTextInAnAtomFeed(t *testing.T) {
	for _, text := range hostile {
		data, err := changelog.Atom(hostileRelease(text).Log())
		if err != nil {
			t.Fatal(err)
		}
		var feed struct {
			Entries []struct {
				Content string `xml:"content"`
			} `xml:"entry"`
		}
		if err := xml.Unmarshal(data, &feed); err != nil {
			t.Fatalf("%.40q: %v\n%.900s", text, err, data)
		}
		if len(feed.Entries) != 1 {
			t.Fatalf("%.40q: %d entries", text, len(feed.Entries))
		}
		content := feed.Entries[0].Content
		for _, tag := range regexp.MustCompile(`<[^>]*>?`).FindAllString(content, -1) {
			if !slices.Contains([]string{"<h3>", "</h3>", "<ul>", "</ul>", "<li>", "</li>", "<b>", "</b>", "<code>", "</code>", "<br>"}, tag) {
				t.Errorf("%.40q: the tag %s stands in\n%.900s", text, tag, content)
			}
		}
		if strings.ContainsAny(content, "\x1b\u202e\u200b\ufffe\uffff") {
			t.Errorf("%.40q: %.900q", text, content)
		}
	}
}

func TestAFeedKeepsItsIDs(t *testing.T) {
	ids := func(l changelog.Log) []string {
		data, err := changelog.Atom(l)
		if err != nil {
			t.Fatal(err)
		}
		return regexp.MustCompile(`urn:uuid:[0-9a-f-]{36}`).FindAllString(string(data), -1)
	}
	all := ids(several())
	if len(all) != 4 || all[0] == all[1] || all[1] == all[2] {
		t.Fatalf("ids of the feed and three releases are %q", all)
	}
	later := several()
	later.Releases = append([]changelog.Release{{Product: "acme", Channel: "lts-2.4", Version: release.MustVersion("2.4.8"), Date: sample().Date}}, later.Releases...)
	if got := ids(later); !slices.Equal(append(got[:1:1], got[2:]...), all) {
		t.Errorf("another release changes ids: %q, before %q", got, all)
	}
	other := several()
	other.Channel = "lts-2.6"
	if got := ids(other); got[0] == all[0] || got[1] == all[1] {
		t.Errorf("another channel has the same ids: %q", got)
	}
}

func ExampleTerminal() {
	fmt.Print(changelog.Terminal([]release.Change{{Commit: "0123456789abcdef", Type: "fix", Scope: "orders", Subject: "leave out spaces"}}))
	// Output:
	//   fix       0123456789  orders: leave out spaces
}

func ExampleTemplate() {
	r := changelog.Release{
		Product: "acme", Channel: "lts-2.4", Version: release.MustVersion("2.4.7"), Previous: release.MustVersion("2.4.6"),
		Changes: []release.Change{{Commit: "0123456789abcdef", Type: "fix", Scope: "orders", Subject: "leave out spaces"}},
	}
	t, err := changelog.ParseTemplate("fixes.tmpl", "{{range .Releases}}{{.Version}} mends\n{{items .Entries}}{{end}}")
	if err == nil {
		err = t.Execute(os.Stdout, r.Log())
	}
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// 2.4.7 mends
	// - **orders:** leave out spaces (`0123456789`)
}
