package guide_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/guide"
)

const note = `---
kind: breaking
facts: [config server.listen, "metric acme_*"]
channels: [lts-2.6]
impact: It does not start.
action: |
  Rename it:

  - first
check: It starts.
---
Why it is so.
`

func TestParseNote(t *testing.T) {
	t.Parallel()
	n, err := guide.ParseNote("docs/operator/notes/listen.md", []byte(note))
	if err != nil {
		t.Fatal(err)
	}
	if n.ID != "listen" || n.Kind != guide.NoteBreaking || n.Impact != "It does not start." || n.Action != "Rename it:\n\n- first" || n.Text != "Why it is so." {
		t.Errorf("%+v", n)
	}
	if !n.In("lts-2.6") || n.In("lts-2.4") || !n.In("") {
		t.Error("channels")
	}
	for _, c := range []struct {
		about  string
		change fact.Change
		want   bool
	}{
		{"the fact itself", fact.Change{Kind: fact.Config, Name: "server.listen"}, true},
		{"its old name", fact.Change{Kind: fact.Config, Name: "server.address", What: "renamed", Before: "server.listen"}, true},
		{"a place to which the same happened", fact.Change{Kind: fact.Config, Name: "a", Also: []string{"server.listen"}}, true},
		{"a prefix", fact.Change{Kind: fact.Metric, Name: "acme_orders"}, true},
		{"another kind", fact.Change{Kind: fact.Flag, Name: "server.listen"}, false},
		{"a longer name", fact.Change{Kind: fact.Config, Name: "server.listen.port"}, false},
	} {
		if n.Answers(c.change) != c.want {
			t.Errorf("%s: want %v", c.about, c.want)
		}
	}
}

func TestParseNoteRefuses(t *testing.T) {
	t.Parallel()
	with := func(old, now string) string { return strings.Replace(note, old, now, 1) }
	for _, c := range []struct{ about, file, text, want string }{
		{"no front matter", "n.md", "text\n", "n.md:1: the note does not begin with front matter"},
		{"no end", "n.md", "---\nkind: breaking\n", "n.md:1: the note does not begin"},
		{"a name that no system likes", "Ä b.md", note, "a note is called after its change"},
		{"an unknown key", "n.md", with("check:", "chek:"), `n.md:10: unknown key "chek"`},
		{"a key twice", "n.md", with("check: It", "impact: It"), "n.md:10: the key impact stands here again; it is already in line 5"},
		{"an unknown kind", "n.md", with("breaking", "bad"), `n.md:2: "bad" is no kind of note`},
		{"a fact without a kind", "n.md", with("config server.listen", "server.listen"), `n.md:3: "server.listen" does not begin with a kind of fact`},
		{"all facts of a kind", "n.md", with("metric acme_*", "metric *"), `n.md:3: "metric *" names no fact`},
		{"a text that is a number", "n.md", with("It does not start.", "7"), "n.md:5: impact: text is expected here"},
		{"a list that is a text", "n.md", with("[lts-2.6]", "lts-2.6"), "n.md:4: channels: a list is expected here, such as [lts-2.6]"},
		{"nobody filled it in", "n.md", with("It starts.", "TODO how?"), "n.md:10: check still says TODO"},
		{"a line within a text that nobody filled in", "n.md", with("- first", "- TODO"), "n.md:9: action still says TODO"},
		{"no action", "n.md", with("action: |\n  Rename it:\n\n  - first\n", ""), "n.md:2: a note of kind breaking needs the key action"},
		{"no check", "n.md", with("check: It starts.\n", ""), "n.md:2: a note of kind breaking needs the key check"},
		{"neither facts nor title", "n.md", with(`facts: [config server.listen, "metric acme_*"]`+"\n", ""), "it needs the key title"},
		{"broken YAML", "n.md", with("[lts-2.6]", "[lts-2.6"), "did not find expected"},
		{"an alias", "n.md", with("It does not start.", "*x"), "unknown anchor"},
		{"a second document", "n.md", with("check: It starts.", "...\n--- {}"), "second document"},
		{"text that runs backwards", "n.md", with("It does", "It \u202edoes"), "n.md:5: the invisible character U+202E"},
		{"a control character", "n.md", with("It does", "It \x1b[31mdoes"), "n.md:5: the invisible character U+001B"},
		{"no UTF-8", "n.md", with("It does", "It \xff does"), "is not valid UTF-8"},
		{"a line without end", "n.md", with("Why", strings.Repeat("x", 5000)), "n.md:12: the line has"},
		{"too much text", "n.md", with("It does not start.", "|\n"+strings.Repeat("  "+strings.Repeat("x y z ", 600)+"\n", 3)), "impact has"},
		{"a megabyte", "n.md", note + strings.Repeat("x\n", 1<<19), "at most 65536 are allowed"},
	} {
		_, err := guide.ParseNote(c.file, []byte(c.text))
		var bad *guide.NoteError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.about, err, c.want)
		}
	}
}

func TestReadNotes(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{
		"notes/b.md":      {Data: []byte(note)},
		"notes/a.md":      {Data: []byte(note)},
		"notes/bad.md":    {Data: []byte("?")},
		"notes/worse.md":  {Data: []byte("---\nkind: x\n---\n")},
		"notes/README.md": {Data: []byte("how we write them")},
		"notes/pic.png":   {Data: []byte("x")},
	}
	notes, err := guide.ReadNotes(fsys, "notes")
	if len(notes) != 2 || notes[0].ID != "a" || notes[1].ID != "b" {
		t.Errorf("%+v", notes)
	}
	for _, want := range []string{"notes/bad.md:1: ", "notes/worse.md:2: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
	if notes, err := guide.ReadNotes(fsys, "elsewhere"); notes != nil || err != nil {
		t.Errorf("without a folder: %v, %v", notes, err)
	}
}

func TestDraftsAreForFactsWithoutANote(t *testing.T) {
	t.Parallel()
	changes := []fact.Change{
		{Impact: fact.Breaking, Kind: fact.Config, Name: "a", What: "type", Text: "a: type changed from string to integer"},
		{Impact: fact.Breaking, Kind: fact.Config, Name: "a", What: "minimum", Text: "a: has the minimum 1 now"},
		{Impact: fact.Breaking, Kind: fact.Config, Name: "A.b<script>\u202e", What: "removed", Text: "x: removed\u202e\n---\nTODO"},
		{Impact: fact.Breaking, Kind: fact.Metric, Name: "answered", What: "removed", Text: "answered: removed"},
		{Impact: fact.Action, Kind: fact.Config, Name: "c", What: "default", Text: "c: default changed"},
	}
	notes := []guide.Note{{Facts: []guide.Answer{{Kind: fact.Metric, Name: "answered"}}}}
	got := guide.Unanswered(changes, fact.Breaking, notes, "notes", map[string]bool{"config-a": true})
	if len(got) != 2 || got[0].File != "notes/config-a-2.md" || len(got[0].Texts) != 2 || got[1].File != "notes/config-a-b-script.md" {
		t.Fatalf("%+v", got)
	}
	for _, m := range got {
		draft := string(m.Draft())
		if _, err := guide.ParseNote(m.File, m.Draft()); err == nil || !strings.Contains(err.Error(), "still says TODO") {
			t.Errorf("a draft is refused until somebody fills it in: %v\n%s", err, draft)
		}
		done, err := guide.ParseNote(m.File, []byte(strings.ReplaceAll(draft, "TODO", "done")))
		if err != nil {
			t.Fatalf("filled in: %v\n%s", err, draft)
		}
		if !done.Answers(fact.Change{Kind: m.Kind, Name: m.Name}) {
			t.Errorf("%q does not answer %q", done.Facts, m.Name)
		}
	}
	if all := guide.Unanswered(changes, fact.Action, notes, "notes", nil); len(all) != 3 {
		t.Errorf("with those that ask for action: %+v", all)
	}
}

func FuzzParseNote(f *testing.F) {
	f.Add([]byte(note))
	f.Add([]byte("---\nkind: notice\ntitle: \"[x](javascript:alert(1))\"\nimpact: \"<script>`\"\n---\n```\n"))
	f.Add([]byte("---\n&a [*a]\n---\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := guide.ParseNote("note.md", data)
		if err != nil {
			var bad *guide.NoteError
			if !errors.As(err, &bad) {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		checkInert(t, guideOf(*n).Markdown())
	})
}

func TestTheNoteInTheDocumentationIsRead(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/upgrade-guides.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n---")
	shown, _, _ := strings.Cut(rest, "```")
	if n, err := guide.ParseNote("config-address.md", []byte("---"+shown)); err != nil || n.Check == "" || n.Text == "" {
		t.Errorf("%+v, %v", n, err)
	}
}
