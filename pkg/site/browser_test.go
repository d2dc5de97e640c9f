package site_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/relctl/relctl/pkg/site"
)

// browser is one tab of Chromium that notes what it asked for and what it complained about.
type browser struct {
	*testing.T
	ctx context.Context
	// base is where the site is: file:///… or http://127.0.0.1:….
	base string

	mu    sync.Mutex
	asked []string
	said  []string
}

// chromium starts a browser that reaches nothing but this machine.
func chromium(t *testing.T) context.Context {
	t.Helper()
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(program(t, "chromium")), chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"), chromedp.WindowSize(1280, 900))
	if os.Getuid() == 0 {
		opts = append(opts, chromedp.NoSandbox) // Chromium refuses a sandbox to root
	}
	ctx, stop := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// tab opens a new one at the site that lies at base.
func tab(t *testing.T, parent context.Context, base string) *browser {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent)
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(stop)
	b := &browser{T: t, ctx: ctx, base: base}
	err := chromedp.Listen(ctx, func(ev any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch ev := ev.(type) {
		case *network.EventRequestWillBeSent:
			b.asked = append(b.asked, ev.Request.URL)
		case *runtime.EventConsoleAPICalled:
			b.said = append(b.said, string(ev.Type))
		case *runtime.EventExceptionThrown:
			b.said = append(b.said, fmt.Sprint(ev.ExceptionDetails))
		case *log.EventEntryAdded:
			b.said = append(b.said, ev.Entry.Text+" "+ev.Entry.URL)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	call(b, network.Enable, network.EnableParams{})
	call(b, log.Enable, cdp.Empty{})
	return b
}

func (b *browser) run(actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.Fatal(err)
	}
}

// get returns what an action gives.
func get[T any](b *browser, action chromedp.Action[T]) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, action)
	if err != nil {
		b.Fatal(err)
	}
	return v
}

// call runs a command of the protocol.
func call[P, R any](b *browser, command cdp.Command[P, R], params P) {
	b.Helper()
	if _, err := chromedp.Call(b.ctx, command, params); err != nil {
		b.Fatal(err)
	}
}

// media sets what the reader's system asks for.
func (b *browser) media(medium, scheme string) {
	b.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
}

// at waits until the page with that title is there.
func (b *browser) at(title string) {
	b.Helper()
	b.run(chromedp.WaitVisible(fmt.Sprintf(`//h1[text()="%s"]`, title)))
}

// is holds the value of an expression.
func (b *browser) is(expression string, want any) {
	b.Helper()
	got := get(b, chromedp.Evaluate[any](expression))
	if fmt.Sprint(got) != fmt.Sprint(want) {
		b.Errorf("%s is %v, want %v", expression, got, want)
	}
}

func (b *browser) open(file string) {
	b.Helper()
	b.run(chromedp.Navigate(b.base + file))
}

// quiet makes sure that the browser asked for nothing elsewhere and had nothing to complain about.
func (b *browser) quiet() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, u := range b.asked {
		if !strings.HasPrefix(u, b.base) && !strings.HasPrefix(u, "data:") && u != "about:blank" && !strings.HasSuffix(u, "/favicon.ico") {
			b.Errorf("the page asked for %s", u)
		}
	}
	for _, s := range b.said {
		if !strings.Contains(s, "favicon.ico") { // the browser's own idea
			b.Errorf("the console says: %s", s)
		}
	}
	b.said = nil
}

// keep writes a picture where SITE_SCREENSHOTS names a folder.
func (b *browser) keep(name string, full bool) {
	b.Helper()
	dir := os.Getenv("SITE_SCREENSHOTS")
	if dir == "" {
		return
	}
	shot := chromedp.CaptureScreenshot()
	if full {
		shot = chromedp.FullScreenshot(100)
	}
	data := get(b, shot)
	if err := os.WriteFile(filepath.Join(dir, name+".png"), data, 0o600); err != nil {
		b.Error(err)
	}
}

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
	parent := chromium(t)
	dir := unpack(t, small(t))
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(server.Close)
	axe := axeScript(t)
	for _, base := range []string{"file://" + dir + "/", server.URL + "/"} {
		scheme, _, _ := strings.Cut(base, ":")
		for name, read := range map[string]func(*browser){
			"navigation": navigation, "search": searching, "themes": themes, "keyboard": keyboard, "narrow": narrow, "print": printing,
		} {
			t.Run(scheme+"/"+name, func(t *testing.T) {
				b := tab(t, parent, base)
				read(b)
				b.quiet()
			})
		}
	}
	t.Run("accessible", func(t *testing.T) {
		if axe == "" {
			t.Skip("axe-core is fetched by npm where CI is set")
		}
		accessible(tab(t, parent, "file://"+dir+"/"), axe)
	})
}

func navigation(b *browser) {
	b.open("index.html")
	b.keep("index", false)
	b.run(chromedp.Click(`.pages a[href="runbooks/disk-full.html"]`))
	b.at("DiskFull")
	b.is(`document.title`, "DiskFull · demo 1.2.3")
	b.is(`document.querySelector('.pages [aria-current]').textContent`, "DiskFull")
	b.is(`[...document.querySelectorAll('.crumbs a')].map(a => a.textContent).join(' / ')`, "demo / When an alert fires")
	b.run(chromedp.Click(`article a[href="../install.html#limits"]`))
	b.at("Install demo")
	b.is(`location.hash`, "#limits")
	b.is(`document.querySelector('#limits').getBoundingClientRect().top >= document.querySelector('.top').offsetHeight`, true)
	b.keep("install", true)
	b.run(chromedp.Click(`[rel="next"]`))
	b.at("When an alert fires")
	b.open("install.html")
	b.is(`[...document.images].every(i => i.naturalWidth > 0)`, true)
	b.is(`document.querySelectorAll('.code .copy').length`, 2)
	b.open("single.html")
	b.is(`[...document.images].every(i => i.naturalWidth > 0)`, true)
	b.is(`getComputedStyle(document.querySelector('.single')).maxWidth !== 'none'`, true)
	b.is(`[...document.querySelectorAll('a[href^="#"]')].every(a => document.getElementById(decodeURIComponent(a.hash.slice(1))))`, true)
	b.keep("single", true)
}

func searching(b *browser) {
	b.open("runbooks/disk-full.html")
	b.run(chromedp.SendKeys(`.search input`, "limits"), chromedp.WaitVisible(`.results li`))
	b.is(`document.querySelector('.results b').textContent`, "Install demo › Limits")
	b.is(`document.querySelector('.results mark').textContent`, "Limits")
	b.keep("search", false)
	b.run(chromedp.Click(`.results a`))
	b.at("Install demo")
	b.run(chromedp.SendKeys(`.search input`, "UNICODE"), chromedp.WaitVisible(`.results li`))
	b.is(`document.querySelector('.results b').textContent.includes('Ünïcode')`, true)
	b.is(`document.querySelector('.search input').value = ""`, "")
	b.run(chromedp.SendKeys(`.search input`, `<img src=x> zzz`), chromedp.WaitVisible(`.results p`))
	b.is(`document.querySelector('.results p').textContent`, "Nothing found. Try fewer words.")
}

func themes(b *browser) {
	background := `getComputedStyle(document.documentElement).backgroundColor`
	light, dark := "rgb(253, 253, 252)", "rgb(21, 25, 27)"
	b.open("install.html")
	b.is(background, light)
	b.run(chromedp.Click(".theme"))
	b.is(background, dark)
	b.is(`document.querySelector('.theme').getAttribute('aria-pressed')`, "true")
	b.keep("dark", false)
	b.open("reference.html")
	b.is(background, dark)
	b.is(`document.cookie`, "")
	b.run(chromedp.Click(".theme"))
	b.is(background, light)
	b.is(`localStorage.clear()`, nil)
	b.media("", "dark")
	b.open("reference.html")
	b.is(background, dark)
}

func keyboard(b *browser) {
	b.open("install.html")
	b.run(chromedp.KeyEvent(kb.Tab))
	b.is(`document.activeElement.textContent`, "Skip to the text")
	b.run(chromedp.KeyEvent(kb.Enter))
	b.is(`document.activeElement.id`, "_content")
	b.run(chromedp.KeyEvent("/"))
	b.is(`document.activeElement.type`, "search")
	b.is(`document.activeElement.value = ''`, "") // the protocol writes the key though the page took it
	b.run(chromedp.KeyEvent("disk"), chromedp.WaitVisible(`.results li`), chromedp.KeyEvent(kb.ArrowDown))
	b.is(`document.activeElement === document.querySelector('.results a')`, true)
	b.run(chromedp.KeyEvent(kb.ArrowUp), chromedp.KeyEvent(kb.Escape))
	b.is(`document.querySelector('.results').hidden && document.activeElement.type`, "search")
	b.run(chromedp.KeyEvent("diskfull"), chromedp.WaitVisible(`.results li`), chromedp.KeyEvent(kb.Enter))
	b.at("DiskFull")
	b.is(`location.pathname.endsWith('/runbooks/disk-full.html')`, true)
}

func narrow(b *browser) {
	b.run(chromedp.EmulateViewport(360, 740))
	for _, file := range []string{"install.html", "reference.html", "runbooks/disk-full.html", "single.html"} {
		b.open(file)
		b.is(`document.documentElement.scrollWidth`, 360)
	}
	b.open("install.html")
	b.keep("narrow", true)
	b.is(`document.querySelector('.pages').checkVisibility()`, false)
	b.run(chromedp.Click(".menu"), chromedp.WaitVisible(`.pages`))
	b.keep("narrow-menu", false)
	b.run(chromedp.KeyEvent(kb.Escape), chromedp.WaitNotVisible(`.pages`))
	b.run(chromedp.Click(".menu"), chromedp.WaitVisible(`.pages`), chromedp.Click(`.pages a[href="reference.html"]`))
	b.at("Reference")
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.open("install.html") // the menu needs no script
	b.run(chromedp.Click(".menu"), chromedp.WaitVisible(`.pages`))
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{})
}

func printing(b *browser) {
	b.open("install.html")
	pdf := get(b, chromedp.PrintToPDF(chromedp.PDFPrintBackground()))
	if !strings.HasPrefix(string(pdf), "%PDF-") {
		b.Error("printing gave no PDF")
	}
	b.media("print", "dark")
	b.is(`['.pages', '.search', '.theme', '.steps', '.toc'].some(s => document.querySelector(s).checkVisibility())`, false)
	b.is(`document.querySelector('article').checkVisibility()`, true)
	b.is(`getComputedStyle(document.querySelector('a.out'), '::after').content.includes('mailto:help@example.com')`, true)
	b.keep("print", true)
}

// axeScript is axe-core as npm gives it, "" where CI is not set: only there does a test fetch anything.
func axeScript(t *testing.T) string {
	t.Helper()
	if os.Getenv("CI") == "" {
		return ""
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json"} {
		data, err := os.ReadFile(filepath.Join("testdata", "axe", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), program(t, "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	data, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func accessible(b *browser, axe string) {
	for _, scheme := range []string{"light", "dark"} {
		b.media("", scheme)
		for _, width := range []int64{1280, 360} {
			b.run(chromedp.EmulateViewport(width, 900))
			for _, file := range []string{"index.html", "install.html", "reference.html", "runbooks/disk-full.html", "single.html"} {
				b.open(file)
				if file != "single.html" {
					b.run(chromedp.SendKeys(`.search input`, "disk"), chromedp.WaitVisible(`.results li`))
				}
				b.run(chromedp.Evaluate[chromedp.Void](axe))
				found := get(b, chromedp.Evaluate[string](`axe.run().then(r => JSON.stringify(r.violations.map(v => [v.impact, v.id, v.nodes.map(n => n.html)])))`, chromedp.EvalAwaitPromise))
				var violations [][]any
				if err := json.Unmarshal([]byte(found), &violations); err != nil {
					b.Fatal(err)
				}
				for _, v := range violations {
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
	b := tab(t, chromium(t), "file://"+unpack(t, s)+"/")
	b.open("index.html")
	b.run(chromedp.SendKeys(`.search input`, "setting"), chromedp.WaitVisible(`.results li`))
	b.is(`document.querySelector('.results p').textContent`, "5000 results")
	for _, query := range []string{"s", "setting", "operator disk port", "value2401", "setting 49.99", "nothing like it"} {
		took := get(b, chromedp.Evaluate[float64](fmt.Sprintf(`(() => {
			const input = document.querySelector('.search input'), times = [];
			for (let i = 0; i < 9; i++) { input.value = %q; const start = performance.now(); input.dispatchEvent(new Event('input')); times.push(performance.now() - start); }
			return times.sort((a, b) => a - b)[4];
		})()`, query)))
		t.Logf("%q over 5,000 entries: %.1f ms", query, took)
	}
	b.quiet()
}
