package guide_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/guide"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/upgrade"
)

var markdown = goldmark.New(goldmark.WithExtensions(extension.GFM))

var (
	goodLink = regexp.MustCompile(`^(https://\S+|[A-Za-z0-9_./-]+\.md(#[A-Za-z0-9_-]+)?|#[a-z-]+)$`)
	hidden   = regexp.MustCompile(`[\p{Cf}\x{0}-\x{9}\x{b}-\x{1f}\x{7f}]`)
)

// checkInert fails if Markdown holds HTML, images, links to what is not a page, or characters that cannot be seen, and
// if it has a line that no editor opens.
func checkInert(t *testing.T, page []byte) {
	t.Helper()
	if m := hidden.Find(page); m != nil {
		t.Errorf("the page holds the invisible %q", m)
	}
	for line := range bytes.Lines(page) {
		if len(line) > 32<<10 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
	_ = ast.Walk(markdown.Parser().Parse(text.NewReader(page)), func(n ast.Node, in bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.RawHTML, *ast.HTMLBlock, *ast.Image:
			t.Errorf("the page holds a %s", n.Kind())
		case *ast.Link:
			if in && !goodLink.Match(n.Destination) {
				t.Errorf("the page links to %q", n.Destination)
			}
		case *ast.AutoLink:
			t.Errorf("the page links to %q", n.URL(page))
		}
		return ast.WalkContinue, nil
	})
}

func ptr(s string) *string { return &s }

// guideOf is a guide in which everything that comes from outside says what a note says, too.
func guideOf(n guide.Note) *guide.Guide {
	evil := n.Impact + n.Title + n.Text
	facts := func(old bool) *fact.Set {
		s := &fact.Set{Facts: []fact.Fact{
			{Kind: fact.Config, Name: "kept " + evil, Attributes: fact.Attributes{Default: ptr("1"), Deprecated: evil, RemovedIn: evil}},
			{Kind: fact.Alert, Name: evil},
		}}
		if old {
			s.Facts[0].Attributes = fact.Attributes{Default: ptr(evil)}
			s.Facts = append(s.Facts, fact.Fact{Kind: fact.Metric, Name: evil + "m"})
		} else {
			s.Facts = append(s.Facts, fact.Fact{Kind: fact.Migration, Name: evil, Attributes: fact.Attributes{Destructive: []string{evil}, Lock: fact.LockAll, Statements: []string{evil}}})
			s.Missing = []fact.Missing{{Kind: "config", Path: evil}}
		}
		fact.Sort(s.Facts)
		return s
	}
	known := n
	known.ID, known.Kind = "known", guide.NoteKnown
	return guide.New(guide.Request{
		Product: "acme", Bundles: true,
		Points: []guide.Point{
			{Version: release.MustVersion("2.4.6"), Facts: facts(true), Problem: evil},
			{Name: evil, Channel: "lts-2.6", Facts: facts(false), Notes: []guide.Note{n, known}, Date: time.Unix(0, 0)},
		},
		Steps:    []upgrade.Step{{Stop: evil, Conditions: []string{evil}}},
		Install:  []guide.Page{{Name: evil, Path: "install.md#kubernetes"}, {Name: evil, Wanted: evil}},
		Pages:    map[string]guide.Page{"backup": {Name: evil, Path: "backup.md"}},
		Others:   []guide.Page{{Name: evil, Path: "upgrade-from-2.2.5.md"}},
		Security: []guide.Weakness{{IDs: []string{evil}, Text: evil, Fixed: true, Status: "affected", Detail: evil}},
		Files:    []guide.File{{Path: evil, SHA256: evil}},
	})
}

func TestHostileTextComesOutInert(t *testing.T) {
	t.Parallel()
	for _, evil := range []string{
		"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "![x](https://evil.example/x.png)",
		"[x](data:text/html,x)", "[x][y]\n\n[y]: javascript:alert(1)", "<javascript:alert(1)>", "<https://evil.example>", "https://evil.example www.evil.example",
		"a\u202eb\u2066c\u200b\ufeff\x00\x1b[31m", "`<b>` ``<b>``", "a | b \\| c", "```\n</code><script>\n````\n```\n<script>", "# heading\n=====\n---\n> quote",
		"</p>\n<!-- <script> -->", "&lt;script&gt;", strings.Repeat("x", 1<<20), strings.Repeat("a ", 1<<19), strings.Repeat("<", 5000),
		strings.Repeat("ä", 5000), "1. \n2) x\n- - - x\n    <b>", "[a](b.md)(javascript:x)", "[a](b.md#x\" onclick=\"y)", "[<script>](b.md)", "\xff\xfe",
		"~~~\n<b>\n~~~", "\t<script>", "a\n\n    <script>\n", ": <b>\n: x",
	} {
		n := guide.Note{ID: "n", Kind: guide.NoteBreaking, Title: evil, Impact: evil, Action: evil, Check: evil, Text: evil}
		page := guideOf(n).Markdown()
		checkInert(t, page)
		if t.Failed() {
			t.Fatalf("%.100q", evil)
		}
	}
}

func TestNotesKeepWhatPeopleNeed(t *testing.T) {
	t.Parallel()
	n := guide.Note{ID: "n", Kind: guide.NoteBreaking, Title: "t", Impact: "See `a|b` and [back up](backup.md#now), 2 * 3 * 4.\nSame paragraph.\n\nNext <one>.", Action: "```sh\nacme --x '<y>'\n\tand *more*\n```", Check: "1. first `x`\n2. second"}
	page := string(guideOf(n).Markdown())
	for _, want := range []string{
		"**Impact:** See a\\|b and [back up](backup.md#now), 2 \\* 3 \\* 4.\nSame paragraph.\n\nNext &lt;one&gt;.\n",
		"**Do this:**\n\n```sh\nacme --x '<y>'\n    and *more*\n```\n", "**Check:**\n\n1. first `x`\n2. second\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
}
