package history_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/release"
)

func TestHeadersFollowConventionalCommits(t *testing.T) {
	for header, want := range map[string][3]string{
		"feat: take orders":                 {"feat", "", "take orders"},
		"fix(orders): trim":                 {"fix", "orders", "trim"},
		"Fix(api/v2): trim":                 {"fix", "api/v2", "trim"},
		"ci/release: build":                 {"ci/release", "", "build"},
		"feat(orders)!: drop":               {"feat", "orders", "drop"},
		"feat!: drop":                       {"feat", "", "drop"},
		"fix:  two spaces":                  {"fix", "", "two spaces"},
		`Revert "fix: trim"`:                {"revert", "", "fix: trim"},
		`Revert "fix: trim" (#12)`:          {"revert", "", "fix: trim"},
		`Reapply "fix(orders): trim"`:       {"fix", "orders", "trim"},
		"fix(a, b): more scopes":            {"fix", "a, b", "more scopes"},
		"fix: a colon: and another: inside": {"fix", "", "a colon: and another: inside"},
	} {
		m := history.Parse(header)
		if got := [3]string{m.Type, m.Scope, m.Description}; got != want || m.Problem != "" {
			t.Errorf("%q: %q, problem %q; want %q", header, got, m.Problem, want)
		}
		if strings.Contains(header, "!:") != m.Breaking {
			t.Errorf("%q: breaking %v", header, m.Breaking)
		}
	}
}

func TestUnconventionalHeadersAreReportedWithTheReason(t *testing.T) {
	for header, says := range map[string]string{
		"":                      "no subject",
		"take orders":           `no "type: "`,
		"feat!(s): x":           "no type",
		"feat(): x":             "scope",
		"feat:x":                "space",
		"feat: ":                "space",
		"feat :x":               "no type",
		"feat(a: x":             "scope",
		"feat(a)(b): x":         "scope",
		"feat( a): x":           "scope",
		"9to5: x":               "no type",
		"Merge branch 'x'":      `no "type: "`,
		"http://acme.example":   "space",
		"two words: x":          "no type",
		"[release-2.9] fix: it": "no type",
	} {
		m := history.Parse(header)
		if m.Type != "" || !strings.Contains(m.Problem, says) {
			t.Errorf("%q: type %q, problem %q; want one that says %q", header, m.Type, m.Problem, says)
		}
	}
}

func TestFooters(t *testing.T) {
	type footers = []release.Footer
	cases := []struct {
		name, text string
		footers    footers
		body, note string
	}{
		{"none", "fix: a\n\njust prose", nil, "just prose", ""},
		{"one", "fix: a\n\nprose\n\nReviewed-by: Z\nRefs #133", footers{{Token: "Reviewed-by", Value: "Z"}, {Token: "Refs", Value: "#133"}}, "prose", ""},
		{"prose at the end", "fix: a\n\nReviewed-by: Z\n\nand more prose", nil, "Reviewed-by: Z\n\nand more prose", ""},
		{"pick line is no part of the footer before", "fix: a\n\nReviewed-by: Z\n(cherry picked from commit 0123456789abcdef0123456789abcdef01234567)", footers{{Token: "Reviewed-by", Value: "Z"}}, "", ""},
		{"squash body", "feat: a (#7)\n\nfix: x\nfeat: y", nil, "fix: x\nfeat: y", ""},
		{"breaking over paragraphs", "feat: a\n\nBREAKING CHANGE: the flag is gone\nfor good\n\nuse the file\n\nRefs: 9", footers{{Token: "BREAKING CHANGE", Value: "the flag is gone\nfor good\n\nuse the file"}, {Token: "Refs", Value: "9"}}, "", "the flag is gone\nfor good\n\nuse the file"},
		{"breaking with a hyphen, to the end", "feat: a\n\nbody\n\nBREAKING-CHANGE: gone\n\nreally", footers{{Token: "BREAKING-CHANGE", Value: "gone\n\nreally"}}, "body", "gone\n\nreally"},
		{"CRLF", "fix: a\r\n\r\nbody\r\n\r\nRefs: 1\r\n", footers{{Token: "Refs", Value: "1"}}, "body", ""},
		{"footer with a continued value", "fix: a\n\nLts-Only: the flag exists\n  on this line only", footers{{Token: "Lts-Only", Value: "the flag exists\non this line only"}}, "", ""},
	}
	for _, c := range cases {
		m := history.Parse(c.text)
		if d := cmp.Diff(c.footers, m.Footers); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
		if m.Body != c.body || m.BreakingNote != c.note || m.Breaking != (c.note != "") {
			t.Errorf("%s: body %q, note %q, breaking %v", c.name, m.Body, m.BreakingNote, m.Breaking)
		}
	}
}

func TestPicksRevertsNumbersAndCVEsAreFound(t *testing.T) {
	a, b := strings.Repeat("a", 40), strings.Repeat("b", 40)
	m := history.Parse("security(server): limit bodies (#14)\n\nCVE-2026-31337 and CVE-2026-1000, again CVE-2026-31337.\n\nThis reverts commit " + a + ".\n\n(cherry picked from commit " + a + ")\n(cherry picked from commit " + b + ")\n")
	if d := cmp.Diff([]string{a, b}, m.PickedFrom); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{a}, m.Reverts); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"CVE-2026-1000", "CVE-2026-31337"}, m.CVEs); d != "" || m.PR != 14 {
		t.Error(d, m.PR)
	}
	if m := history.Parse("Merge pull request #19 from acme/x\n\nfix: y"); m.PR != 19 {
		t.Errorf("number %d", m.PR)
	}
}

func TestOddMessagesDoNoHarm(t *testing.T) {
	for _, text := range []string{"\n\n\n", "\x00", "fix: \xff\xfe", strings.Repeat("a", 1<<20), "fix: a\n\n" + strings.Repeat("Token: value\n", 50000), "fix: a\n" + strings.Repeat("\n\nBREAKING CHANGE: x", 20000), "feat(" + strings.Repeat("(", 10000)} {
		m := history.Parse(text)
		if !strings.HasPrefix(strings.ToValidUTF8(strings.TrimSpace(text), "�"), m.Header[:min(len(m.Header), 10)]) {
			t.Errorf("%.20q: header %.20q", text, m.Header)
		}
	}
}

// render writes a message back from its parts.
func render(m history.Message) string {
	text := m.Header
	if m.Body != "" {
		text += "\n\n" + m.Body
	}
	if len(m.Footers) > 0 {
		text += "\n"
		for _, f := range m.Footers {
			text += fmt.Sprintf("\n%s: %s", f.Token, f.Value)
		}
	}
	return text
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"feat(a)!: b\n\nbody\n\nBREAKING CHANGE: x\n\ny\n\nRefs: 1", "Revert \"fix: a\"\n\nThis reverts commit 0123456789.", "fix: a\r\n\r\nRefs #1", "", "\n", "Merge pull request #1 from x\n\nfix: y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m := history.Parse(s)
		if (m.Type == "") != (m.Problem != "") {
			t.Errorf("type %q and problem %q", m.Type, m.Problem)
		}
		if strings.Contains(m.Header, "\n") || len(m.Body) > len(s)*3 {
			t.Errorf("header %q, body of %d bytes from %d", m.Header, len(m.Body), len(s))
		}
		again := history.Parse(render(m))
		if again.Type != m.Type || again.Description != m.Description || again.Scope != m.Scope {
			t.Errorf("written and read again: %+v\n%+v", m, again)
		}
	})
}

func ExampleParse() {
	m := history.Parse("feat(config)!: read a file (#21)\n\nBREAKING CHANGE: the flag -listen is gone.")
	fmt.Println(m.Type, m.Scope, m.Breaking, m.PR)
	fmt.Println(m.BreakingNote)
	// Output:
	// feat config true 21
	// the flag -listen is gone.
}
