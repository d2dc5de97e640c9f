// Package browsertest lets tests read pages in Chromium as a person does, and holds them against axe-core.
package browsertest

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
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
)

//go:embed axe/package.json axe/package-lock.json
var axe embed.FS

// Tab is one tab of Chromium that notes what it asked for and what it complained about.
type Tab struct {
	*testing.T
	ctx context.Context
	// base is where the site is: file:///… or http://127.0.0.1:….
	base string

	mu    sync.Mutex
	asked []string
	said  []string
}

// Chromium starts a browser that reaches nothing but this machine.
func Chromium(t *testing.T) context.Context {
	t.Helper()
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(Program(t, "chromium")), chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"), chromedp.WindowSize(1280, 900))
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

// New opens a tab at the site that lies at base.
func New(t *testing.T, parent context.Context, base string) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent)
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(stop)
	b := &Tab{T: t, ctx: ctx, base: base}
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
	Call(b, network.Enable, network.EnableParams{})
	Call(b, log.Enable, cdp.Empty{})
	return b
}

// Run does what a person would, or waits for something.
func (b *Tab) Run(actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.Fatal(err)
	}
}

// Get returns what an action gives.
func Get[T any](b *Tab, action chromedp.Action[T]) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, action)
	if err != nil {
		b.Fatal(err)
	}
	return v
}

// Call runs a command of the protocol.
func Call[P, R any](b *Tab, command cdp.Command[P, R], params P) {
	b.Helper()
	if _, err := chromedp.Call(b.ctx, command, params); err != nil {
		b.Fatal(err)
	}
}

// Media sets what the reader's system asks for.
func (b *Tab) Media(medium, scheme string) {
	b.Helper()
	Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
}

// At waits until the page with that title is there.
func (b *Tab) At(title string) {
	b.Helper()
	b.Run(chromedp.WaitVisible(fmt.Sprintf(`//h1[text()="%s"]`, title)))
}

// Is holds the value of an expression.
func (b *Tab) Is(expression string, want any) {
	b.Helper()
	got := Get(b, chromedp.Evaluate[any](expression))
	if fmt.Sprint(got) != fmt.Sprint(want) {
		b.Errorf("%s is %v, want %v", expression, got, want)
	}
}

// Open goes to a file of the site.
func (b *Tab) Open(file string) {
	b.Helper()
	b.Run(chromedp.Navigate(b.base + file))
}

// Quiet makes sure that the browser asked for nothing elsewhere and had nothing to complain about.
func (b *Tab) Quiet() {
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

// Keep writes a picture where SITE_SCREENSHOTS names a folder.
func (b *Tab) Keep(name string, full bool) {
	b.Helper()
	dir := os.Getenv("SITE_SCREENSHOTS")
	if dir == "" {
		return
	}
	shot := chromedp.CaptureScreenshot()
	if full {
		shot = chromedp.FullScreenshot(100)
	}
	data := Get(b, shot)
	if err := os.WriteFile(filepath.Join(dir, name+".png"), data, 0o600); err != nil {
		b.Error(err)
	}
}

// Axe is axe-core as npm gives it, "" where CI is not set: only there does a test fetch anything.
func Axe(t *testing.T) string {
	t.Helper()
	dir := npm(t, axe, "axe")
	if dir == "" {
		return ""
	}
	data, err := os.ReadFile(filepath.Join(dir, "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// npm fetches what a folder of pinned packages names, and returns the folder node_modules, "" where CI is not set.
func npm(t *testing.T, pinned embed.FS, folder string) string {
	t.Helper()
	if os.Getenv("CI") == "" {
		return ""
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json"} {
		data, err := pinned.ReadFile(folder + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), Program(t, "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	return filepath.Join(dir, "node_modules")
}

// Program finds one that only a system package gives.
func Program(t testing.TB, name string) string {
	t.Helper()
	found, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") != "" {
		t.Fatalf("%s is missing, which .ci/run installs", name)
	}
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return found
}

// Violations returns what axe-core, as [Axe] gives it, finds wrong with the page: impact, rule and elements.
func (b *Tab) Violations(axe string) [][]any {
	b.Helper()
	b.Run(chromedp.Evaluate[chromedp.Void](axe))
	found := Get(b, chromedp.Evaluate[string](`axe.run().then(r => JSON.stringify(r.violations.map(v => [v.impact, v.id, v.nodes.map(n => n.html)])))`, chromedp.EvalAwaitPromise))
	var violations [][]any
	if err := json.Unmarshal([]byte(found), &violations); err != nil {
		b.Fatal(err)
	}
	return violations
}
