package portal_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/relctl/relctl/pkg/internal/browsertest"
)

// everyPage is one of each kind.
var everyPage = []string{
	"index.html", "rings.html", "support.html", "upgrades.html", "backports.html", "flags.html", "gates.html", "events.html",
	"changelog/rolling/index.html", "changelog/rolling/2026.500.1.html", "changelog/lts-2.4/2.4.1.html",
}

func TestABrowserReadsThePortal(t *testing.T) {
	t.Parallel()
	parent := browsertest.Chromium(t)
	dir, read := t.TempDir(), 0
	write(t, dir, product(20, 30, &read))
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(server.Close)
	axe := browsertest.Axe(t)
	for _, base := range []string{"file://" + dir + "/", server.URL + "/"} {
		scheme, _, _ := strings.Cut(base, ":")
		for name, look := range map[string]func(*browsertest.Tab){
			"navigation": navigation, "search": searching, "themes": themes, "keyboard": keyboard, "narrow": narrow, "print": printing, "without scripts": scriptless,
		} {
			t.Run(scheme+"/"+name, func(t *testing.T) {
				b := browsertest.New(t, parent, base)
				look(b)
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
	b.Keep("portal-index", true)
	for _, file := range everyPage[1:8] {
		b.Run(chromedp.Click(fmt.Sprintf(`.pages a[href="%s"]`, file)), chromedp.WaitVisible(fmt.Sprintf(`.pages a[href="%s"][aria-current]`, file)))
		b.Is(fmt.Sprintf(`location.pathname.endsWith('/%s')`, file), true)
		b.Keep("portal-"+strings.TrimSuffix(file, ".html"), true)
	}
	b.Run(chromedp.Click(`.pages a[href="changelog/rolling/index.html"]`))
	b.At("Changelog of rolling")
	b.Keep("portal-changelog", true)
	b.Run(chromedp.Click(`article a[href="2026.500.1.html"]`))
	b.At("rolling 2026.500.1")
	b.Keep("portal-release", true)
	b.Is(`[...document.querySelectorAll('.crumbs a')].map(a => a.textContent).join(' / ')`, "Overview / rolling")
	b.Is(`document.querySelector('.pages [aria-current]').textContent`, "rolling")
	b.Run(chromedp.Click(`[rel="prev"]`))
	b.At("rolling 2026.499.1")
	b.Run(chromedp.Click(`.brand`))
	b.At("Overview")
}

func searching(b *browsertest.Tab) {
	b.Open("support.html")
	b.Run(chromedp.SendKeys(`.search input`, "stock-hints"), chromedp.WaitVisible(`.results li`))
	b.Run(chromedp.Click(`.results a`))
	b.At("Feature flags")
	b.Is(`document.querySelector(location.hash).querySelector('code').textContent`, "stock-hints")
	b.Open("support.html")
	first := changes(3, 30)[7] // of an older release, in a part of the index that is read later
	b.Run(chromedp.SendKeys(`.search input`, first.Commit[:10]), chromedp.WaitVisible(`.results li`))
	b.Keep("portal-search", false)
	b.Run(chromedp.Click(`.results a`))
	b.At("rolling 2026.497.1")
	b.Is(`document.querySelector(location.hash).textContent.includes("`+first.Subject+`")`, true)
	b.Is(`getComputedStyle(document.querySelector(location.hash)).backgroundColor`, "rgb(253, 238, 179)")
}

func themes(b *browsertest.Tab) {
	b.Open("support.html")
	bar := `getComputedStyle(document.querySelector('.bar.full')).fill`
	b.Is(bar, "rgb(220, 235, 211)")
	b.Run(chromedp.Click(".theme"))
	b.Is(bar, "rgb(44, 74, 44)")
	b.Open("index.html")
	b.Is(`getComputedStyle(document.documentElement).backgroundColor`, "rgb(21, 25, 27)")
	b.Keep("portal-dark", true)
	b.Is(`localStorage.clear()`, nil)
	b.Media("", "dark")
	b.Open("support.html")
	b.Is(bar, "rgb(44, 74, 44)")
	b.Keep("portal-dark-support", false)
}

func keyboard(b *browsertest.Tab) {
	b.Open("rings.html")
	b.Run(chromedp.KeyEvent(kb.Tab))
	b.Is(`document.activeElement.textContent`, "Skip to the text")
	b.Run(chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent(kb.Tab))
	b.Is(`document.activeElement.className`, "figure") // a chart that may be wider than the screen is scrolled by keys
	b.Run(chromedp.KeyEvent("/"))
	b.Is(`document.activeElement.type`, "search")
	b.Is(`document.activeElement.value = ''`, "")
	b.Run(chromedp.KeyEvent("stock-hints"), chromedp.WaitVisible(`.results li`), chromedp.KeyEvent(kb.Enter))
	b.At("Feature flags")
}

func narrow(b *browsertest.Tab) {
	b.Run(chromedp.EmulateViewport(360, 740))
	for _, file := range everyPage {
		b.Open(file)
		if wide := browsertest.Get(b, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)); wide != 360 {
			b.Errorf("%s is %d wide", file, wide)
		}
	}
	for _, name := range []string{"index", "support", "backports"} {
		b.Open(name + ".html")
		b.Keep("portal-narrow-"+name, true)
	}
	b.Run(chromedp.Click(".menu"), chromedp.WaitVisible(`.pages`), chromedp.Click(`.pages a[href="flags.html"]`))
	b.At("Feature flags")
}

func printing(b *browsertest.Tab) {
	b.Open("support.html")
	if pdf := browsertest.Get(b, chromedp.PrintToPDF(chromedp.PDFPrintBackground())); !strings.HasPrefix(string(pdf), "%PDF-") {
		b.Error("printing gave no PDF")
	}
	b.Media("print", "dark")
	b.Is(`['.pages', '.search', '.theme'].some(s => document.querySelector(s).checkVisibility())`, false)
	b.Is(`document.querySelector('svg').checkVisibility()`, true)
	b.Is(`getComputedStyle(document.querySelector('.bar.full')).fill`, "rgb(238, 238, 238)")
	b.Keep("portal-print", true)
}

// scriptless is who has no JavaScript, or does not want it.
func scriptless(b *browsertest.Tab) {
	browsertest.Call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.Open("index.html")
	b.Run(chromedp.Click(`.pages a[href="support.html"]`))
	b.At("Support windows")
	b.Run(chromedp.WaitVisible(`svg .bar`), chromedp.WaitNotVisible(`.search`), chromedp.Click(`.pages a[href="changelog/lts-2.4/index.html"]`))
	b.At("Changelog of lts-2.4")
}

func accessible(b *browsertest.Tab, axe string) {
	for _, scheme := range []string{"light", "dark"} {
		b.Media("", scheme)
		for _, width := range []int64{1280, 360} {
			b.Run(chromedp.EmulateViewport(width, 900))
			for _, file := range everyPage {
				b.Open(file)
				for _, v := range b.Violations(axe) {
					b.Errorf("%s, %s, %d wide: %v", file, scheme, width, v)
				}
			}
		}
	}
}

func TestSearchAnswersFast(t *testing.T) {
	t.Parallel()
	dir, read := t.TempDir(), 0
	write(t, dir, product(50, 100, &read))
	b := browsertest.New(t, browsertest.Chromium(t), "file://"+dir+"/")
	b.Open("index.html")
	b.Run(chromedp.SendKeys(`.search input`, "keep"), chromedp.WaitVisible(`.results li`), chromedp.WaitVisible(`//p[contains(., "5") and contains(., "results") and string-length(.) = 12]`))
	for _, query := range []string{"s", "keep", "orders full cache", "CVE-2026", "nothing like it"} {
		took := browsertest.Get(b, chromedp.Evaluate[float64](fmt.Sprintf(`(() => {
			const input = document.querySelector('.search input'), times = [];
			for (let i = 0; i < 9; i++) { input.value = %q; const start = performance.now(); input.dispatchEvent(new Event('input')); times.push(performance.now() - start); }
			return times.sort((a, b) => a - b)[4];
		})()`, query)))
		t.Logf("%q over the changes of 65 releases: %.1f ms, %s", query, took, browsertest.Get(b, chromedp.Evaluate[string](`document.querySelector('.results p').textContent`)))
	}
	b.Quiet()
}

func TestAValidatorFindsNothing(t *testing.T) {
	t.Parallel()
	read, ours, theirs := 0, t.TempDir(), t.TempDir()
	write(t, ours, product(5, 10, &read))
	write(t, theirs, hostile())
	browsertest.Validate(t, ours, theirs)
}
