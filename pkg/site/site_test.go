package site_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/relctl/relctl/pkg/internal/browsertest"
	"github.com/relctl/relctl/pkg/internal/htmltest"
	"github.com/relctl/relctl/pkg/site"
)

var update = flag.Bool("update", false, "write the golden files")

// small is the site of testdata/small.
func small(t testing.TB) site.Site {
	t.Helper()
	pages, assets, err := site.Read(os.DirFS("testdata"), "small")
	if err != nil {
		t.Fatal(err)
	}
	return site.Site{
		Product: "demo", Version: "1.2.3", Channel: "lts-1.2", Commit: strings.Repeat("0123456789", 4),
		Date: time.Date(2026, 3, 16, 9, 0, 0, 0, time.UTC), Pages: pages, Assets: assets,
	}
}

func build(t testing.TB, s site.Site) *site.Built {
	t.Helper()
	built, err := site.Build(s)
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// one is a site of one page.
func one(markdown string) site.Site {
	return site.Site{Product: "demo", Version: "1.2.3", Pages: []site.Page{{Path: "page.md", Markdown: []byte(markdown)}}}
}

func content(t testing.TB, b *site.Built, name string) string {
	t.Helper()
	for _, f := range b.Files {
		if f.Path == name {
			return string(f.Data)
		}
	}
	t.Fatalf("the site has no %s", name)
	return ""
}

func TestASmallSiteIsWrittenAsInTheGoldenFiles(t *testing.T) {
	t.Parallel()
	built := build(t, small(t))
	if len(built.Problems) > 0 {
		t.Errorf("problems in a site without any: %v", built.Problems)
	}
	if *update {
		if err := os.RemoveAll("testdata/golden"); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range built.Files {
		golden := filepath.Join("testdata", "golden", filepath.FromSlash(f.Path))
		switch ext := path.Ext(f.Path); {
		case ext == ".md", ext == ".svg", strings.HasSuffix(f.Path, ".css"), f.Path == "_site/site.js":
			continue // as they came
		case f.Path == "single.html": // without the style sheet
			f.Data = regexp.MustCompile(`(?s)<style>.*</style>|sha256-.*?&#39;`).ReplaceAll(f.Data, nil)
		}
		if *update {
			if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(golden, f.Data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, f.Data) {
			t.Errorf("%s differs from its golden file; look at it, and run the test with -update:\n%s", f.Path, f.Data)
		}
	}
}

func TestTheSameInputGivesTheSameBytesInAnyOrder(t *testing.T) {
	t.Parallel()
	a, s := build(t, small(t)), small(t)
	slices.Reverse(s.Pages)
	slices.Reverse(s.Assets)
	b := build(t, s)
	for i := range a.Files {
		if a.Files[i].Path != b.Files[i].Path || !bytes.Equal(a.Files[i].Data, b.Files[i].Data) {
			t.Errorf("%s differs", a.Files[i].Path)
		}
	}
}

func TestWhatPagesNeedIsSmall(t *testing.T) {
	t.Parallel()
	built := build(t, small(t))
	if n := len(content(t, built, "_site/style.css")) + len(content(t, built, "_site/site.js")); n > 40<<10 {
		t.Errorf("style and script have %d bytes, more than 40 KiB", n)
	}
}

func TestEveryPageIsValidHTMLAndItsLinksLead(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]site.Site{"small": small(t), "hostile": hostile()} {
		built := build(t, s)
		files := map[string][]byte{}
		for _, f := range built.Files {
			files[f.Path] = f.Data
		}
		htmltest.Check(t, name, files, name != "hostile")
	}
}

func TestProblemsNameFileAndLine(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct{ markdown, want string }{
		"a page that does not exist":      {"# A\n\nSee\n[b](b.md).", `page.md:4: the link "b.md" leads to b.md, which does not exist`},
		"a page in another folder":        {"[b](sub/page.md)", `which does not exist; there is page.md`},
		"a section that does not exist":   {"# A\n\n## B\n\n[b](#c)", `page.md:5: page.md has no section #c; it has #b`},
		"a link out of the documentation": {"[b](../../README.md)", "leads out of the documentation"},
		"a link to the root of a server":  {"[b](/etc)", "begins at the root of a server"},
		"a link without scheme":           {"[b](//evil.example/x)", "has no scheme"},
		"a scheme that acts":              {"a\n\n[b](javascript:alert(1))", `page.md:3: a link may not have the scheme "javascript"`},
		"a scheme behind references":      {"[b](&#106;ava&#115;cript&colon;alert(1))", `may not have the scheme "javascript"`},
		"a scheme in an autolink":         {"<vbscript:x>", `may not have the scheme "vbscript"`},
		"a link that is data":             {"[b](data:text/html,x)", `may not have the scheme "data"`},
		"a link by reference":             {"[b][r]\n\n[r]: nowhere.md", `page.md:1: the link "nowhere.md"`},
		"an image from elsewhere":         {"![x](https://example.com/x.png)", "comes from elsewhere"},
		"an image that is missing":        {"# A\n\n![x](x.png)", "page.md:3: "},
		"a page as an image":              {"![x](page.md)", "is no image"},
		"a block without end":             {"# A\n\n```sh\nacme", "page.md:3: the code block has no end"},
		"a language with a typo":          {"\n```ymal\na: 1\n```", `page.md:2: the code block names the language "ymal"`},
		"an unknown key in front matter":  {"---\ntitel: x\n---\n# A", `page.md:1: front matter: `},
		"lines after front matter":        {"---\ntitle: x\n---\n# A\n\n[b](b.md)", `page.md:6: `},
		"text that reads otherwise":       {"a\nb\u202ec", `page.md:2: the invisible character U+202E`},
		"a terminal's escape":             {"a\x1b[31m", `page.md:1: the invisible character U+001B`},
		"bytes that are no text":          {"a\xff", "it is not valid UTF-8"},
		"a line of a machine":             {"a\n" + strings.Repeat("x ", 1<<16), "page.md:2: the line has more than 32768 bytes"},
		"blocks without number":           {strings.Repeat("> ", 200) + "x", "nested more than 100 deep"},
	} {
		built := build(t, one(c.markdown))
		if len(built.Problems) != 1 || !strings.Contains(built.Problems[0].String(), c.want) {
			t.Errorf("%s: got %q, want %q", what, built.Problems, c.want)
		}
	}
}

func TestWhatIsWellIsNoProblem(t *testing.T) {
	t.Parallel()
	for what, markdown := range map[string]string{
		"a code block in a list":       "1. a\n\n   ```sh\n   b\n   ```\n",
		"a code block in a quote":      "> ```sh\n> b\n> ```\n",
		"a code block without content": "```sh\n```\n",
		"a longer fence":               "````text\n```\n````\n",
		"an address in brackets":       "<https://example.com/a?b=c&d=e> and <somebody@example.com>",
		"a heading with code":          "## The `--flag` of *it*\n\n[x](#the---flag-of-it)",
		"headings of one name":         "## A\n\n## A\n\n[x](#a-1)",
		"letters beyond ASCII":         "## Über uns\n\n[x](#über-uns) [y](#%C3%BCber-uns)",
		"text from right to left":      "שלום \u200f עולם",
		"its own HTML":                 "[x](page.html)",
	} {
		if p := build(t, one(markdown)).Problems; len(p) > 0 {
			t.Errorf("%s: %v", what, p)
		}
	}
}

// hostile says whatever a page may try to be more than text.
func hostile() site.Site {
	evil := `<script>alert(1)</script>`
	md := strings.Join([]string{
		"---\ntitle: \"" + evil + "\"\nsummary: \"\\\"><img src=x onerror=alert(1)>\"\n---",
		"# " + evil, evil, "<div onclick=alert(1)>x</div>", "a <img src=x onerror=alert(1)> b", "<!-- a comment -->", "<!-- not closed",
		"", "[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](\tjavascript:alert(1)) [d](&#x6A;avascript:alert(1)) [e](data:text/html,<script>alert(1)</script>)",
		"", "[f](<java\nscript:alert(1)>) [g](vbscript:x) <javascript:alert(1)> [h](//evil.example) [i](https://example.com/\"onmouseover=alert(1)) [j](\\\\evil\\x)",
		"", "![k](javascript:alert(1)) ![l](https://evil.example/x.png) ![\" onerror=alert(1)](x.png) [m](#\"><script>)",
		"", "## " + evil + ` {onclick=alert(1)}`, "## _content", "## _nav", "## \"><b>", "",
		"```html\n" + evil + "\n```", "", "```\" onclick=\"alert(1)\nx\n```", "", "    " + evil, "",
		"| a | b |\n|--:|:-:|\n| " + evil + " | \" |", "", "bidi \u202e evil &#x202e; \x1b[31m \x00 nul", "", ".so /etc/passwd", "'so x", "\\fB\\*(x", "",
		"- [ ] " + evil, "", "`</code></pre>" + evil + "`", "", "\u2028 \u2029 </script>",
	}, "\n")
	return site.Site{
		Product: evil, Version: `1"><script>`, Channel: "</footer>" + evil, Commit: evil,
		Pages: []site.Page{
			{Path: "hostile.md", Markdown: []byte(md)}, {Path: "long.md", Markdown: bytes.Repeat([]byte("<b>x "), 200<<10)},
			{Path: `a"><script>.md`, Markdown: []byte("# x\n")}, {Path: "javascript:alert(1).md", Markdown: []byte("# y\n")},
		},
	}
}

func TestHostileTextsComeOutInert(t *testing.T) {
	t.Parallel()
	built := build(t, hostile())
	for _, f := range built.Files {
		text := string(f.Data)
		if path.Ext(f.Path) == ".html" || f.Path == "_site/search.js" || strings.HasPrefix(f.Path, "man/") {
			for _, r := range []string{"\u202e", "\x1b", "\x00"} {
				if strings.Contains(text, r) {
					t.Errorf("%s holds %q", f.Path, r)
				}
			}
		}
		switch {
		case path.Ext(f.Path) == ".html":
			htmltest.Inert(t, f.Path, f.Data)
		case f.Path == "_site/search.js":
			if strings.Contains(text, "<") || strings.Contains(text, "\u2028") {
				t.Errorf("%s could end the script it is in", f.Path)
			}
		case strings.HasPrefix(f.Path, "man/"):
			if m := regexp.MustCompile(`(?m)^[.'](so|tr|sy|pi|open)\b.*`).FindString(text); m != "" {
				t.Errorf("%s has the request %q", f.Path, m)
			}
		}
	}
}

func TestPagesThatAreMadeToBeSlowAreNot(t *testing.T) {
	t.Parallel()
	const n = 64 << 10
	for what, unit := range map[string]string{
		"brackets": "[", "images": "![", "stars": "*a **", "backticks": "`", "quotes": ">", "lists": "- ", "pipes": "|", "tags": "<a ", "references": "&#", "links": "[a](", "escapes": `\`,
		"fences": "```sh\n", "underscores": "_a__", "tables": "|a|\n|-|\n", "addresses": "http://a.", "headings": "# a\n", "definitions": "a\n: b\n\n", "comments": "<!--",
	} {
		for _, line := range []string{unit, strings.Repeat(unit, 1000/len(unit)) + "\n"} {
			start := time.Now()
			build(t, one(strings.Repeat(line, n/len(line))))
			t.Logf("%s, %d bytes a line: %s", what, len(line), time.Since(start).Round(time.Millisecond))
		}
	}
}

func TestWhatIsTooMuchIsRefused(t *testing.T) {
	t.Parallel()
	many := site.Site{Product: "demo"}
	for i := range site.MaxPages + 1 {
		many.Pages = append(many.Pages, site.Page{Path: fmt.Sprintf("%d.md", i)})
	}
	for want, s := range map[string]site.Site{"a page may have": one(strings.Repeat("a", site.MaxPageBytes+1)), "pages, 5000 are allowed": many} {
		if _, err := site.Build(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestAFileThatTheSiteNeedsItselfIsAProblem(t *testing.T) {
	t.Parallel()
	s := one("# A")
	s.Assets = []site.Asset{{Path: "Single.html", Data: []byte("x")}}
	if p := build(t, s).Problems; len(p) != 1 || !strings.Contains(p[0].Text, "more than once") {
		t.Errorf("got %v", p)
	}
}

func TestReadTakesNotesAndOtherFilesAsTheyAre(t *testing.T) {
	t.Parallel()
	pages, assets, err := site.Read(fstest.MapFS{
		"docs/a.md": {Data: []byte("a")}, "docs/notes/1.md": {Data: []byte("n")}, "docs/x.svg": {Data: []byte("x")}, "other.md": {Data: []byte("o")},
	}, "docs")
	if err != nil || len(pages) != 1 || pages[0].Path != "a.md" || pages[0].Source != "docs/a.md" || len(assets) != 2 {
		t.Errorf("got %v, %v, %v", pages, assets, err)
	}
}

func TestManPagesAreWhatFormattersExpect(t *testing.T) {
	t.Parallel()
	mandoc := browsertest.Program(t, "mandoc")
	dir := t.TempDir()
	for _, s := range []site.Site{small(t), hostile()} {
		for _, f := range build(t, s).Files {
			if !strings.HasPrefix(f.Path, "man/") {
				continue
			}
			name := filepath.Join(dir, "page.7")
			if err := os.WriteFile(name, f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(mandoc, "-T", "lint", "-W", "error", name).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", f.Path, err, out)
			}
			out, err := exec.Command(mandoc, "-T", "utf8", name).Output()
			if err != nil {
				t.Fatal(err)
			}
			if f.Path == "man/demo-reference.7" && !strings.Contains(string(out), ".so /etc/passwd is no request here") {
				t.Errorf("text is missing:\n%s", out)
			}
		}
	}
}

func FuzzBuild(f *testing.F) {
	for _, p := range append(hostile().Pages[:1], small(f).Pages...) {
		f.Add(string(p.Markdown))
	}
	f.Fuzz(func(t *testing.T, markdown string) {
		if len(markdown) > 1<<16 {
			t.Skip()
		}
		for _, file := range build(t, one(markdown)).Files {
			if path.Ext(file.Path) == ".html" && file.Path != "single.html" {
				htmltest.Inert(t, file.Path, file.Data)
			}
		}
	})
}
