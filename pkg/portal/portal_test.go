package portal_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/internal/htmltest"
	"github.com/relctl/relctl/pkg/portal"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/timeline"
)

func write(t testing.TB, dir string, m *portal.Model) *portal.Report {
	t.Helper()
	r, err := portal.Write(dir, m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// files reads all that is in a folder.
func files(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		out[name], err = os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEveryPageIsValidHTMLAndItsLinksLead(t *testing.T) {
	t.Parallel()
	var read int
	for name, m := range map[string]*portal.Model{
		"product": product(20, 30, &read), "hostile": hostile(),
		"nothing":   {Product: "acme", Time: now},
		"a channel": {Product: "acme", Time: now, Channels: []portal.Channel{{Name: "rolling", Kind: release.Rolling, Rings: []portal.Ring{{Name: "canary", Next: "-"}}}}},
	} {
		dir := t.TempDir()
		write(t, dir, m)
		htmltest.Check(t, name, files(t, dir), true)
	}
}

func TestSearchLeadsToWhatIsOnThePages(t *testing.T) {
	t.Parallel()
	var read int
	dir := t.TempDir()
	write(t, dir, product(3, 300, &read))
	all := files(t, dir)
	entry := regexp.MustCompile(`\[0,"(c-[^"]+)","([^"]*)"`)
	n := 0
	for name, data := range all {
		if !strings.HasPrefix(name, "_site/changes/rolling/") {
			continue
		}
		page := string(all["changelog/"+strings.TrimSuffix(strings.TrimPrefix(name, "_site/changes/"), ".js")+".html"])
		for _, m := range entry.FindAllStringSubmatch(string(data), -1) {
			n++
			_, item, found := strings.Cut(page, `<li id="`+m[1]+`">`)
			item, _, _ = strings.Cut(item, "</li>")
			if !found || !strings.Contains(item, m[2]) {
				t.Fatalf("%s: %q leads to %s, where it is not: %q", name, m[2], m[1], item)
			}
		}
		if !strings.Contains(string(all["_site/search.js"]), `"`+strings.TrimPrefix(name, "_site/")+`"`) {
			t.Errorf("search does not read %s", name)
		}
	}
	if n != 903 {
		t.Errorf("search knows %d changes", n)
	}
}

func TestOnlyWhatChangedIsWrittenAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var read int
	all := write(t, dir, product(10, 5, &read))
	if read != 26 || all.Written != all.Files {
		t.Errorf("first: %d releases were read, %+v", read, all)
	}
	before := files(t, dir)

	read = 0
	again := write(t, dir, product(10, 5, &read))
	if read != 0 || again.Written != 0 || again.Kept != 26 || again.Files != all.Files {
		t.Errorf("again: %d releases were read, %+v", read, again)
	}

	m := product(10, 5, &read)
	m.Channels[0].Releases[0] = made(release.Version{}, 2000, 4, time.Time{}, &read)
	if r := write(t, dir, m); read != 1 || r.Written != 3 { // its page, its part of the search, the list of releases
		t.Errorf("a new change: %d releases were read, %+v", read, r)
	}

	read = 0
	m.Channels[0].Releases[3].Withdrawn = "orders could be lost"
	if write(t, dir, m); read != 1 || !strings.Contains(string(files(t, dir)["changelog/rolling/2026.498.1.html"]), "Withdrawn.") {
		t.Errorf("a withdrawal: %d releases were read", read)
	}

	spoilt := filepath.Join(dir, "changelog", "rolling", "2026.495.1.html")
	if err := os.WriteFile(spoilt, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "_site", "changes", "rolling", "2026.494.1.js")); err != nil {
		t.Fatal(err)
	}
	read = 0
	write(t, dir, product(10, 5, &read))
	for name, data := range files(t, dir) {
		if string(before[name]) != string(data) && name != "_site/portal.json" {
			t.Errorf("%s is not as it was", name)
		}
	}
}

func TestWhatIsGoneIsRemovedAndNothingElse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var read int
	write(t, dir, product(3, 2, &read))
	own := filepath.Join(dir, "own.html")
	if err := os.WriteFile(own, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m := product(3, 2, &read)
	m.Channels, m.Lines = m.Channels[:3], m.Lines[1:] // 2.2 is gone
	if r := write(t, dir, m); r.Removed != 13 {       // 6 releases with their parts of the search, and their list
		t.Errorf("%+v", r)
	}
	if _, err := os.Stat(own); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "changelog", "lts-2.2", "index.html")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the page of a line that is gone is there: %v", err)
	}
}

func TestAMemoryThatLiesHarmsNobody(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var read int
	for _, text := range []string{"", "{", `{"releases": 1}`, `{"files": ["../outside.html", "/etc/passwd", "a\u0000.html"], "releases": {"changelog/rolling/next.html": {"key": "x"}}}`} {
		if err := os.MkdirAll(filepath.Join(dir, "site", "_site"), 0o755); err != nil {
			t.Fatal(err)
		}
		for name, data := range map[string]string{"outside.html": "mine", "site/_site/portal.json": text} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, err := portal.Write(filepath.Join(dir, "site"), product(2, 2, &read))
		if data, readErr := os.ReadFile(filepath.Join(dir, "outside.html")); readErr != nil || string(data) != "mine" {
			t.Errorf("%s: a file outside is gone (%v)", text, err)
		}
	}
}

// hostile is a model whose texts try to be more than text.
func hostile() *portal.Model {
	var read int
	m := product(4, 3, &read)
	evil := `</title></svg></script><script>alert(1)</script><img src=x onerror=alert(1)>" onclick="alert(1)` + "\u202e\x1b[31m\x00\xff"
	m.Product = evil
	v := release.MustVersion("1.0.0-0.evil")
	ch := &m.Channels[0]
	ch.Support, ch.Notes = evil, []string{evil}
	ch.Refused = []portal.Refusal{{Ring: evil, Version: v, Time: now, Verdicts: []release.Verdict{{Gate: evil, Status: release.Status(evil), Reason: evil, Hint: evil}}}}
	ch.Gates = append(ch.Gates, portal.Gate{Name: evil, When: evil, Kind: evil, Asks: evil})
	r := &ch.Rings[0]
	r.Name, r.Why, r.Hint, r.Soak, r.Next, r.Cells, r.Verdicts = evil, evil, evil, evil, evil, []string{evil}, ch.Refused[0].Verdicts
	bad := portal.Change{Commit: evil, Type: evil, Scope: evil, Subject: evil, Note: evil, Breaking: true, CVEs: []string{evil}, Author: evil, Date: now}
	long := portal.Change{Commit: strings.Repeat("a", 40), Type: "fix", Subject: strings.Repeat("<b>x ", 200<<10)}
	ch.Releases[1].Changes = func() ([]portal.Change, bool, error) { return []portal.Change{bad, bad, long}, true, nil }
	ch.Releases[1].Withdrawn, ch.Releases[1].Commit = evil, evil
	m.Backports.Main, m.Backports.Lines = evil, []string{evil, "javascript:alert(1)"}
	m.Backports.Changes = append(m.Backports.Changes, portal.Backport{Change: bad, Lines: []portal.Cell{{Words: evil, Mood: portal.Bad, More: evil}, {Words: "javascript:alert(1)"}}})
	m.Ahead[0].Oldest, m.Ahead[0].Service = &bad, evil
	m.Flags.Missing[evil] = evil
	m.Flags.Flags = append(m.Flags.Flags, portal.Flag{Name: evil, Text: evil, Path: evil, Born: ago(200), States: []string{evil, "on", "off"}})
	st := m.Lines[0].Standing
	st.Support = release.SupportWindow{Maintenance: evil, EOL: evil}
	st.Ended = &release.Ending{Time: now, Reason: evil, Successor: evil}
	st.Upgrade.From, st.Upgrade.Blocked = evil, []release.Block{{From: evil, To: evil, Reason: evil}}
	m.Events = append(m.Events, timeline.Entry{Event: 99, Time: now, Type: "promote", Channel: evil, What: evil, Who: evil, Reason: evil})
	return m
}

func TestHostileTextsComeOutInert(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, hostile())
	for name, data := range files(t, dir) {
		text := string(data)
		for _, r := range []string{"\u202e", "\x1b", "\x00", "\xff"} {
			if strings.Contains(text, r) {
				t.Errorf("%s holds %q", name, r)
			}
		}
		switch filepath.Ext(name) {
		case ".html":
			htmltest.Inert(t, name, data, "svg")
		case ".js":
			if strings.HasPrefix(text, "relctlSearch(") && strings.Contains(text, "<") {
				t.Errorf("%s could end the script it is in", name)
			}
		}
	}
}

func TestChartsSayInWordsWhatTheyShow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var read int
	write(t, dir, product(20, 2, &read))
	all := files(t, dir)
	for name, want := range map[string][]string{
		"rings.html":    {`<desc id="rings-rolling-desc">dogfood runs 2026.500.1 since`, "2026.496.1 in canary from 2026-05-25 08:06 to 2026-05-26 20:06, ended by rollback", `<td>multi-tenant</td>`, "a rollback"},
		"support.html":  {"lts-2.2: serious faults only, 90 days left.", "lts-2.6: full support from 2026-04-22 until 2027-04-22", "<td>2027-06-26</td>"},
		"upgrades.html": {"is a required stop: it moves the orders to a table of their own", "<td>2.4.4: it moves the orders"},
	} {
		for _, text := range want {
			if !strings.Contains(string(all[name]), text) {
				t.Errorf("%s does not say %q", name, text)
			}
		}
	}
}

func TestFindingsAboutFlags(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		days   float64
		states []string
		want   string
	}{
		"on in the service, off in a line":          {10, []string{"on", "on", "off"}, "on in the service and off in LTS"},
		"another word for on and off":               {10, []string{"enabled", "disabled"}, "on in the service and off in LTS"},
		"older than 90 days":                        {91, []string{"off"}, "older than 90 days"},
		"90 days old":                               {90, []string{"off"}, ""},
		"of unknown age":                            {-1, []string{"off", "off"}, ""},
		"on for everybody, everywhere":              {10, []string{"on", "on"}, "to remove"},
		"on in the service, and not in the line":    {10, []string{"on", ""}, ""},
		"on for some in the service, off in a line": {10, []string{"on (with targeting)", "off"}, ""},
		"on in a line, off in the service":          {10, []string{"off", "on"}, ""},
	} {
		f := portal.Flag{Name: "x", States: c.states}
		if c.days >= 0 {
			f.Born = ago(c.days)
		}
		var got []string
		for _, one := range (&portal.Flags{Flags: []portal.Flag{f}}).Findings(now) {
			got = append(got, one.Short)
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: got %v, want %q", what, got, c.want)
		}
	}
}

func TestAReleaseThatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	var read int
	m := product(2, 2, &read)
	m.Channels[0].Releases[1].Changes = func() ([]portal.Change, bool, error) { return nil, false, errors.New("no such commit") }
	if _, err := portal.Write(t.TempDir(), m); err == nil || err.Error() != "rolling 2026.500.1: no such commit" {
		t.Errorf("got %v", err)
	}
}

func TestConcernsComeWorstFirst(t *testing.T) {
	t.Parallel()
	verdicts := []release.Verdict{{Gate: "smoke", Status: release.Pass}, {Gate: "soak", Status: release.NoData, Reason: "no word"}}
	m := &portal.Model{Time: now, Channels: []portal.Channel{
		{Name: "lts-2.4", Last: release.MustVersion("2.4.3"), Notes: []string{"lts-2.4: 2.4.4 is not finished"}, Refused: []portal.Refusal{
			{Version: release.MustVersion("2.4.4"), Verdicts: verdicts},
			{Version: release.MustVersion("2.4.3"), Verdicts: verdicts}, // it was released since
		}},
		{Name: "rolling", Rings: []portal.Ring{
			{Name: "dogfood", Next: "up-to-date"}, {Name: "canary", Next: "wait", Why: "time will tell"}, {Name: "tenants", Next: "rolled-back", Why: "orders are lost"},
		}},
	}}
	var got []string
	for _, c := range m.Concerns() {
		got = append(got, string(c.Mood)+" "+c.What+": "+c.Text)
	}
	want := "bad rolling / tenants: orders are lost\nwarn lts-2.4: 2.4.4 was refused: soak no-data\nwarn lts-2.4: 2.4.4 is not finished"
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}
