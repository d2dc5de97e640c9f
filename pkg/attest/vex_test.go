package attest_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openvex/go-vex/pkg/vex"

	"github.com/relctl/relctl/pkg/attest"
	"github.com/relctl/relctl/pkg/release"
)

const advisory = `about: orders of another customer could be read
aliases: [GHSA-aaaa-bbbb-cccc]
versions:
  - {range: "<2.2.0", status: not_affected, justification: vulnerable_code_not_present}
  - {range: "<2.4.7", status: affected, action: upgrade to 2.4.7, notes: seen in production}
  - {range: ">=2.4.7 <2.5.0", status: fixed}
`

func parseAdvisory(t *testing.T, file, text string) *attest.Advisory {
	t.Helper()
	a, err := attest.ParseAdvisory(file, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func vexRelease(version string, fixed ...string) attest.VEXRelease {
	return attest.VEXRelease{
		Version: release.MustVersion(version), Fixed: fixed,
		Files: []attest.Subject{{Name: "acmed linux&amd64", SHA256: strings.Repeat("ab", 32)}},
	}
}

// read returns the document as go-vex understands it; every statement must be valid by the specification.
func read(t *testing.T, data []byte) *vex.VEX {
	t.Helper()
	doc, err := vex.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range doc.Statements {
		if err := s.Validate(); err != nil {
			t.Errorf("%s: %v", s.Vulnerability.Name, err)
		}
		if len(s.Products) == 0 {
			t.Errorf("%s is about no product", s.Vulnerability.Name)
		}
	}
	return doc
}

func TestEachReleaseIsToldByItsAdvisoryElseByItsChanges(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 3, 10, 0, 0, 0, time.UTC)
	a := parseAdvisory(t, "security/CVE-2026-40001.yaml", advisory)
	releases := []attest.VEXRelease{
		vexRelease("2.1.0"), vexRelease("2.4.6", "CVE-2026-50001"), vexRelease("2.4.7", "GHSA-aaaa-bbbb-cccc", "CVE-2026-50001"), vexRelease("2.6.0", "CVE-2026-40001"), vexRelease("3.0.0"),
	}
	data, err := attest.VEX(releases, []*attest.Advisory{a}, attest.VEXOptions{Product: "acme", Time: at})
	if err != nil {
		t.Fatal(err)
	}
	doc := read(t, data)
	for _, c := range []struct{ version, weakness, want string }{
		{"2.1.0", "CVE-2026-40001", "not_affected"},
		{"2.4.6", "CVE-2026-40001", "affected"},
		{"2.4.7", "CVE-2026-40001", "fixed"},
		{"2.4.7", "GHSA-aaaa-bbbb-cccc", "fixed"},
		{"2.6.0", "CVE-2026-40001", "fixed"}, // by its change, where the advisory is silent
		{"3.0.0", "CVE-2026-40001", ""},
		{"2.1.0", "CVE-2026-50001", ""},
		{"2.4.6", "CVE-2026-50001", "fixed"},
	} {
		got := ""
		if s := doc.Matches(c.weakness, "pkg:generic/acme@"+c.version, nil); len(s) > 0 {
			got = string(s[0].Status)
		}
		if got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.weakness, c.version, got, c.want)
		}
	}
	if s := doc.Matches("CVE-2026-40001", strings.Repeat("ab", 32), nil); len(s) == 0 {
		t.Error("a file's digest is not found")
	}
	again, err := attest.VEX(releases, []*attest.Advisory{a}, attest.VEXOptions{Product: "acme", Time: at})
	if err != nil || !bytes.Equal(data, again) {
		t.Errorf("%v, or two documents of the same differ", err)
	}
}

func TestThereIsNoDocumentWithNothingToSay(t *testing.T) {
	t.Parallel()
	a := parseAdvisory(t, "CVE-2026-40001.yaml", advisory)
	data, err := attest.VEX([]attest.VEXRelease{vexRelease("3.0.0")}, []*attest.Advisory{a}, attest.VEXOptions{Product: "acme"})
	if data != nil || err != nil {
		t.Errorf("%s, %v", data, err)
	}
}

func TestAdvisoriesAreReadStrictly(t *testing.T) {
	t.Parallel()
	for about, c := range map[string]struct{ file, text, says string }{
		"a name in lower case":       {"cve-2026-40001.yaml", advisory, "name of the weakness"},
		"an unknown key":             {"CVE-2026-40001.yaml", advisory + "fixed: yes\n", "unknown field"},
		"a key given twice":          {"CVE-2026-40001.yaml", advisory + "about: again\n", "already"},
		"nothing":                    {"CVE-2026-40001.yaml", "", "empty"},
		"two documents":              {"CVE-2026-40001.yaml", advisory + "---\nabout: x\n", "more than one"},
		"no versions":                {"CVE-2026-40001.yaml", "about: x\n", "versions"},
		"no sentence":                {"CVE-2026-40001.yaml", "versions: [{status: fixed}]\n", "about"},
		"a status that is none":      {"CVE-2026-40001.yaml", "about: x\nversions: [{status: mended}]\n", "invalid status"},
		"not affected without why":   {"CVE-2026-40001.yaml", "about: x\nversions: [{status: not_affected}]\n", "justification"},
		"affected without an action": {"CVE-2026-40001.yaml", "about: x\nversions: [{status: affected}]\n", "action"},
		"a range that is none":       {"CVE-2026-40001.yaml", "about: x\nversions: [{range: '<<', status: fixed}]\n", "range"},
		"control characters":         {"CVE-2026-40001.yaml", "about: \"x\\e[31m\"\nversions: [{status: fixed}]\n", "control"},
		"an anchor":                  {"CVE-2026-40001.yaml", "about: &a x\nversions: [{status: fixed, notes: *a}]\n", "anchors"},
		"an alias that is no name":   {"CVE-2026-40001.yaml", "about: x\naliases: [bug]\nversions: [{status: fixed}]\n", "aliases"},
		"more than is read":          {"CVE-2026-40001.yaml", "about: " + strings.Repeat("x", 70<<10), "at most"},
	} {
		if _, err := attest.ParseAdvisory("security/"+c.file, []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", about, err, c.says)
		}
	}
}

func TestOnlyFilesNamedLikeAWeaknessAreAdvisories(t *testing.T) {
	t.Parallel()
	var got []string
	for _, f := range []string{"CVE-2026-40001.yaml", "cve-2026-40001.yaml", "GHSA-aaaa-bbbb-cccc.yaml", "notes.yaml", "policy-2026.yaml", "CVE-2026-40001.md"} {
		if attest.IsAdvisory("security/" + f) {
			got = append(got, f)
		}
	}
	if !slices.Equal(got, []string{"CVE-2026-40001.yaml", "cve-2026-40001.yaml", "GHSA-aaaa-bbbb-cccc.yaml"}) {
		t.Error(got)
	}
}

func FuzzParseAdvisory(f *testing.F) {
	f.Add([]byte(advisory))
	f.Add([]byte("about: &a [*a]\nversions: *a\n"))
	f.Add([]byte("{about: x, versions: [{status: fixed}]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := attest.ParseAdvisory("security/CVE-2026-40001.yaml", data)
		if err != nil {
			return
		}
		doc, err := attest.VEX([]attest.VEXRelease{vexRelease("2.4.7")}, []*attest.Advisory{a}, attest.VEXOptions{Product: "acme", Time: time.Unix(0, 0)})
		if err != nil {
			t.Fatal(err)
		}
		if doc != nil {
			read(t, doc)
		}
	})
}
