package site_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/relctl/relctl/pkg/internal/browsertest"
	"github.com/relctl/relctl/pkg/site"
)

// unpack writes a site to a folder.
func unpack(t *testing.T, s site.Site) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range build(t, s).Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestABrowserReadsTheSite(t *testing.T) {
	t.Parallel()
	parent := browsertest.Chromium(t)
	dir := unpack(t, small(t))
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(server.Close)
	axe := browsertest.Axe(t)
	for _, base := range []string{"file://" + dir + "/", server.URL + "/"} {
		scheme, _, _ := strings.Cut(base, ":")
		for name, read := range map[string]func(*browsertest.Tab){
			"navigation": navigation, "search": searching, "themes": themes, "keyboard": keyboard, "narrow": narrow, "print": printing,
		} {
			t.Run(scheme+"/"+name, func(t *testing.T) {
				b := browsertest.New(t, parent, base)
				read(b)
				b.Quiet()
			})
		}
	}
	t.Run("accessible", func(t *testing.T) {
		if axe == "" {
			t.Skip("axe-core is fetched by npm where CI is set")
		}
		accessible(browsertest.New(t, parent, "file://"+dir+"/"), axe)
	})
}

func navigation(b *browsertest.Tab) {
	b.Open("index.html")
	b.Keep("index", false)
	b.Run(chromedp.Click(`.pages a[href="runbooks/disk-full.html"]`))
	b.At("DiskFull")
	b.Is(`document.title`, "DiskFull · demo 1.2.3")
	b.Is(`document.querySelector('.pages [aria-current]').textContent`, "DiskFull")
	b.Is(`[...document.querySelectorAll('.crumbs a')].map(a => a.textContent).join(' / ')`, "demo / When an alert fires")
	b.Run(chromedp.Click(`article a[href="../install.html#limits"]`))
	b.At("Install demo")
	b.Is(`location.hash`, "#limits")
	b.Is(`document.querySelector('#limits').getBoundingClientRect().top >= document.querySelector('.top').offsetHeight`, true)
	b.Keep("install", true)
	b.Run(chromedp.Click(`[rel="next"]`))
	b.At("When an alert fires")
	b.Open("install.html")
	b.Is(`[...document.images].every(i => i.naturalWidth > 0)`, true)
	b.Is(`document.querySelectorAll('.code .copy').length`, 2)
	b.Open("single.html")
	b.Is(`[...document.images].every(i => i.naturalWidth > 0)`, true)
	b.Is(`getComputedStyle(document.querySelector('.single')).maxWidth !== 'none'`, true)
	b.Is(`[...document.querySelectorAll('a[href^="#"]')].every(a => document.getElementById(decodeURIComponent(a.hash.slice(1))))`, true)
	b.Keep("single", true)
}

func searching(b *browsertest.Tab) {
	b.Open("runbooks/disk-full.html")
	b.Run(chromedp.SendKeys(`.search input`, "limits"), chromedp.WaitVisible(`.results li`))
	b.Is(`document.querySelector('.results b').textContent`, "Install demo › Limits")
	b.Is(`document.querySelector('.results mark').textContent`, "Limits")
	b.Keep("search", false)
	b.Run(chromedp.Click(`.results a`))
	b.At("Install demo")
	b.Run(chromedp.SendKeys(`.search input`, "UNICODE"), chromedp.WaitVisible(`.results li`))
	b.Is(`document.querySelector('.results b').textContent.includes('Ünïcode')`, true)
	b.Is(`document.querySelector('.search input').value = ""`, "")
	b.Run(chromedp.SendKeys(`.search input`, "data-dir"), chromedp.WaitVisible(`.results mark`)) // a sign that means something in patterns
	b.Is(`document.querySelector('.search input').value = ""`, "")
	b.Run(chromedp.SendKeys(`.search input`, `<img src=x> zzz`), chromedp.WaitVisible(`.results p`))
	b.Is(`document.querySelector('.results p').textContent`, "Nothing found. Try fewer words.")
}

func themes(b *browsertest.Tab) {
	background := `getComputedStyle(document.documentElement).backgroundColor`
	light, dark := "rgb(253, 253, 252)", "rgb(21, 25, 27)"
	b.Open("install.html")
	b.Is(background, light)
	b.Run(chromedp.Click(".theme"))
	b.Is(background, dark)
	b.Is(`document.querySelector('.theme').getAttribute('aria-pressed')`, "true")
	b.Keep("dark", false)
	b.Open("reference.html")
	b.Is(background, dark)
	b.Is(`document.cookie`, "")
	b.Run(chromedp.Click(".theme"))
	b.Is(background, light)
	b.Is(`localStorage.clear()`, nil)
	b.Media("", "dark")
	b.Open("reference.html")
	b.Is(background, dark)
}

func keyboard(b *browsertest.Tab) {
	b.Open("install.html")
	b.Run(chromedp.KeyEvent(kb.Tab))
	b.Is(`document.activeElement.textContent`, "Skip to the text")
	b.Run(chromedp.KeyEvent(kb.Enter))
	b.Is(`document.activeElement.id`, "_content")
	b.Run(chromedp.KeyEvent("/"))
	b.Is(`document.activeElement.type`, "search")
	b.Is(`document.activeElement.value = ''`, "") // the protocol writes the key though the page took it
	b.Run(chromedp.KeyEvent("disk"), chromedp.WaitVisible(`.results li`), chromedp.KeyEvent(kb.ArrowDown))
	b.Is(`document.activeElement === document.querySelector('.results a')`, true)
	b.Run(chromedp.KeyEvent(kb.ArrowUp), chromedp.KeyEvent(kb.Escape))
	b.Is(`document.querySelector('.results').hidden && document.activeElement.type`, "search")
	b.Is(`document.querySelector('.go').offsetWidth`, 1)
	b.Run(chromedp.KeyEvent(kb.Tab))
	b.Is(`document.activeElement.textContent + (document.activeElement.offsetWidth > 40)`, "Searchtrue") // whoever is there sees it
	b.Run(chromedp.KeyEvent(kb.Enter))
	b.Is(`document.activeElement.type`, "search") // there is nothing to search for
	b.Run(chromedp.KeyEvent("disk"), chromedp.WaitVisible(`.results li`))
	b.Run(chromedp.KeyEvent(kb.Escape), chromedp.KeyEvent(kb.Enter))
	b.At("Install demo") // what was found before is not what is asked for now
	b.Run(chromedp.KeyEvent("diskfull"), chromedp.WaitVisible(`.results li`), chromedp.KeyEvent(kb.Enter))
	b.At("DiskFull")
	b.Is(`location.pathname.endsWith('/runbooks/disk-full.html')`, true)
}

func narrow(b *browsertest.Tab) {
	b.Run(chromedp.EmulateViewport(360, 740))
	for _, file := range []string{"install.html", "reference.html", "runbooks/disk-full.html", "single.html"} {
		b.Open(file)
		b.Is(`document.documentElement.scrollWidth`, 360)
	}
	b.Open("install.html")
	b.Keep("narrow", true)
	b.Is(`[...document.querySelectorAll('td:last-child')].every(c => c.offsetWidth >= 176)`, true) // a text, not a column of letters
	b.Is(`document.querySelector('.pages').checkVisibility()`, false)
	b.Run(chromedp.Click(".menu"), chromedp.WaitVisible(`.pages`))
	b.Keep("narrow-menu", false)
	b.Run(chromedp.KeyEvent(kb.Escape), chromedp.WaitNotVisible(`.pages`))
	b.Run(chromedp.Click(".menu"), chromedp.WaitVisible(`.pages`), chromedp.Click(`.pages a[href="reference.html"]`))
	b.At("Reference")
	browsertest.Call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.Open("install.html") // the menu needs no script
	b.Run(chromedp.Click(".menu"), chromedp.WaitVisible(`.pages`))
	browsertest.Call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{})
}

func printing(b *browsertest.Tab) {
	b.Open("install.html")
	pdf := browsertest.Get(b, chromedp.PrintToPDF(chromedp.PDFPrintBackground()))
	if !strings.HasPrefix(string(pdf), "%PDF-") {
		b.Error("printing gave no PDF")
	}
	b.Media("print", "dark")
	b.Is(`['.pages', '.search', '.theme', '.steps', '.toc'].some(s => document.querySelector(s).checkVisibility())`, false)
	b.Is(`document.querySelector('article').checkVisibility()`, true)
	b.Is(`getComputedStyle(document.querySelector('a.out'), '::after').content.includes('mailto:help@example.com')`, true)
	b.Keep("print", true)
}

func accessible(b *browsertest.Tab, axe string) {
	for _, scheme := range []string{"light", "dark"} {
		b.Media("", scheme)
		for _, width := range []int64{1280, 360} {
			b.Run(chromedp.EmulateViewport(width, 900))
			for _, file := range []string{"index.html", "install.html", "reference.html", "runbooks/disk-full.html", "single.html"} {
				b.Open(file)
				if file != "single.html" {
					b.Run(chromedp.SendKeys(`.search input`, "disk"), chromedp.WaitVisible(`.results li`))
				}
				for _, v := range b.Violations(axe) {
					b.Errorf("%s, %s, %d wide: %v", file, scheme, width, v)
				}
			}
		}
	}
}

func TestSearchAnswersFast(t *testing.T) {
	t.Parallel()
	s := site.Site{Product: "demo", Version: "1.2.3"}
	for i := range 50 {
		var md strings.Builder
		fmt.Fprintf(&md, "# Page %d\n", i)
		for j := range 100 {
			fmt.Fprintf(&md, "\n## Setting %d.%d\n\n%s the value%d of its key.\n", i, j, strings.Repeat("What an operator may say about the disk and the port ", 5), i*j)
		}
		s.Pages = append(s.Pages, site.Page{Path: fmt.Sprintf("page-%d.md", i), Markdown: []byte(md.String())})
	}
	b := browsertest.New(t, browsertest.Chromium(t), "file://"+unpack(t, s)+"/")
	b.Open("index.html")
	b.Run(chromedp.SendKeys(`.search input`, "setting"), chromedp.WaitVisible(`.results li`))
	b.Is(`document.querySelector('.results p').textContent`, "5000 results")
	for _, query := range []string{"s", "setting", "operator disk port", "value2401", "setting 49.99", "nothing like it"} {
		took := browsertest.Get(b, chromedp.Evaluate[float64](fmt.Sprintf(`(() => {
			const input = document.querySelector('.search input'), times = [];
			for (let i = 0; i < 9; i++) { input.value = %q; const start = performance.now(); input.dispatchEvent(new Event('input')); times.push(performance.now() - start); }
			return times.sort((a, b) => a - b)[4];
		})()`, query)))
		t.Logf("%q over 5,000 entries: %.1f ms", query, took)
	}
	b.Quiet()
}

func TestAValidatorFindsNothing(t *testing.T) {
	t.Parallel()
	browsertest.Validate(t, unpack(t, small(t)), unpack(t, hostile()))
}
