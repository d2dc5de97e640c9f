package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/relctl/relctl/internal/attacks"
	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

// measured names the program that this one runs in its place, to write that program's greatest memory to file 3: what the
// kernel counts includes the memory of whoever started a program, and that of the tests is large.
const measured = "RELVERIFY_MEASURED"

func TestMain(m *testing.M) {
	if program := os.Getenv(measured); program != "" {
		cmd := exec.Command(program, os.Args[1:]...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			panic(err)
		}
		_, _ = fmt.Fprint(os.NewFile(3, "memory"), cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
		os.Exit(cmd.ProcessState.ExitCode())
	}
	code := m.Run()
	if programDir != "" {
		_ = os.RemoveAll(programDir)
	}
	os.Exit(code)
}

// most is the memory in KiB that no attack may make relverify use.
const most = 64 << 10

// programDir is where [program] lies, "" if it was not built.
var programDir string

// program builds relverify once.
var program = sync.OnceValues(func() (_ string, err error) {
	if programDir, err = os.MkdirTemp("", "relverify-"); err != nil {
		return "", err
	}
	path := filepath.Join(programDir, "relverify")
	out, err := build(path)
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

// customer is the machine of a customer: a medium, a site, an empty folder for what is unpacked, and nothing else.
type customer struct{ dir string }

// newCustomer puts files onto a new machine's medium.
func newCustomer(t testing.TB, files map[string][]byte) *customer {
	t.Helper()
	c := &customer{dir: t.TempDir()}
	for _, name := range []string{"medium", "out", "tmp", "home"} {
		if err := os.Mkdir(filepath.Join(c.dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(c.dir, "medium", name), data, 0o400); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// command is relverify at the machine.
func (c *customer) command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = filepath.Join(c.dir, "out")
	cmd.Env = []string{"HOME=" + filepath.Join(c.dir, "home"), "TMPDIR=" + filepath.Join(c.dir, "tmp"), "RELVERIFY_SITE=" + filepath.Join(c.dir, "site")}
	return cmd
}

// answer is what relverify says.
type answer struct {
	exit           int
	stdout, stderr string
	// memory in KiB.
	memory int64
}

// run asks relverify, and makes sure that it does not crash.
func (c *customer) run(t testing.TB, args ...string) answer {
	t.Helper()
	cmd := c.command(t, args...)
	cmd.Env = append(cmd.Env, measured+"="+cmd.Path)
	cmd.Path = "/proc/self/exe"
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = &out, &errs, []*os.File{w}
	err = cmd.Run()
	_ = w.Close()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	text := make([]byte, 20)
	n, _ := r.Read(text)
	memory, err := strconv.ParseInt(string(text[:n]), 10, 64)
	if err != nil {
		t.Fatalf("no memory was measured: %v\n%s", err, errs.String())
	}
	if strings.Contains(errs.String(), "goroutine ") || cmd.ProcessState.ExitCode() < 0 {
		t.Fatalf("it crashed: %s", errs.String())
	}
	return answer{cmd.ProcessState.ExitCode(), out.String(), errs.String(), memory}
}

// codes are the reasons in an answer, of whatever it refuses or warns of.
func (a answer) codes() []string {
	var rep verify.Report
	var codes []string
	if json.Unmarshal([]byte(a.stdout), &rep) == nil {
		for _, c := range rep.Checks {
			if c.Status == verify.Refused || c.Status == verify.Warning {
				codes = append(codes, c.Code)
			}
		}
	}
	for line := range strings.Lines(a.stderr) {
		if code, ok := strings.CutPrefix(line, "reason: "); ok {
			codes = append(codes, strings.TrimSpace(code))
		}
	}
	return codes
}

// tree is everything at the machine but the site's own files: kind, mode, time and content by path.
func (c *customer) tree(t testing.TB) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(c.dir, path)
		if name == "site" || name == "." {
			return map[bool]error{true: fs.SkipDir}[name == "site"]
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := info.Mode().String()
		if info.Mode().IsRegular() && info.Size() < 32<<20 {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text += fmt.Sprintf(" %x", sha256.Sum256(data))
		}
		if !strings.HasPrefix(name, "out") && name != "tmp" {
			text += info.ModTime().String()
		}
		found[filepath.ToSlash(name)] = text
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// sites are those that were set up, by what they were made of: many attacks begin with the same.
var sites struct {
	sync.Mutex
	made map[string]fs.FS
}

// setUp gives the machine the site of an attack.
func (c *customer) setUp(t testing.TB, a attacks.Attack) {
	t.Helper()
	id := fmt.Sprintf("%s %s %x", a.Site.Installed, a.Site.MaxAge, sha256.Sum256(fmt.Append(a.Site.Root, a.Site.Before)))
	sites.Lock()
	defer sites.Unlock()
	site := filepath.Join(c.dir, "site")
	if made := sites.made[id]; made != nil {
		if err := os.CopyFS(site, made); err != nil {
			t.Fatal(err)
		}
		return
	}
	c.makeSite(t, a)
	kept := fstest.MapFS{}
	for _, name := range []string{"site.json", "state.json"} {
		data, err := os.ReadFile(filepath.Join(site, name))
		if err != nil {
			t.Fatal(err)
		}
		kept[name] = &fstest.MapFile{Data: data, Mode: 0o600}
	}
	if sites.made == nil {
		sites.made = map[string]fs.FS{}
	}
	sites.made[id] = kept
}

// makeSite sets a site up, and shows it what it has seen.
func (c *customer) makeSite(t testing.TB, a attacks.Attack) {
	t.Helper()
	args := []string{"init", "--root", "../medium/root.json", "--product", "acme", "--channel", "lts-2.4"}
	if a.Site.Installed != "" {
		args = append(args, "--installed", a.Site.Installed)
	}
	if a.Site.MaxAge > 0 {
		args = append(args, "--max-age", fmt.Sprintf("%dd", a.Site.MaxAge/(24*time.Hour)))
	}
	c.must(t, args...)
	for i, data := range a.Site.Before {
		args := []string{"../medium/" + a.BeforeName(i)}
		if !trusttest.IsBundle(data) {
			args = append([]string{"update-trust"}, args...)
		}
		_ = c.command(t, args...).Run() // some are older than what is installed; the site learns from them all the same
	}
}

func (c *customer) must(t testing.TB, args ...string) {
	t.Helper()
	if out, err := c.command(t, args...).CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", args, err, out)
	}
}

// byKey are the flags for judging by keys.
func byKey(a attacks.Attack) []string {
	args := []string{"--product", "acme", "--channel", "lts-2.4", "--min-version", "2.4.6", "--threshold", strconv.Itoa(max(a.Threshold, 1))}
	for i := range a.Keys {
		args = append(args, "--key", "../medium/"+attacks.KeyName(i))
	}
	return args
}

// accepted remembers the good twins that were accepted: many attacks have the same.
var accepted sync.Map

// greatest is the most memory in KiB that an attack has made relverify use.
var greatest atomic.Int64

func TestEveryAttackIsRefusedByTheProgram(t *testing.T) {
	t.Cleanup(func() { t.Logf("at most %d KiB of memory", greatest.Load()) })
	for _, a := range attacks.All() {
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			if a.Site != nil {
				judged(t, a, true, nil)
			}
			if a.Keys != nil {
				judged(t, a, false, byKey(a))
			}
		})
	}
}

// judged lets relverify unpack the bad file, and then at another machine the good one.
func judged(t *testing.T, a attacks.Attack, site bool, flags []string) {
	t.Helper()
	files := a.Files()
	ask := func(c *customer, name string) (answer, map[string]string, map[string]string) {
		if site {
			c.setUp(t, a)
		}
		args := append([]string{"unpack", "--json", "../medium/" + name, "new"}, flags...)
		if a.IsUpdate() {
			args = []string{"update-trust", "--json", "../medium/" + name}
		}
		before := c.tree(t)
		got := c.run(t, args...)
		return got, before, c.tree(t)
	}
	c := newCustomer(t, files)
	if a.Size > 0 {
		if err := os.Truncate(filepath.Join(c.dir, "medium", a.BadName()), a.Size); err != nil {
			t.Fatal(err)
		}
	}
	got, before, after := ask(c, a.BadName())
	if codes := got.codes(); got.exit != a.Exit || !strings.Contains(" "+strings.Join(codes, " ")+" ", " "+a.Code+" ") {
		t.Errorf("exit code %d for %q, want %d for %s (by a site: %v)\n%s%s", got.exit, codes, a.Exit, a.Code, site, got.stdout, got.stderr)
	}
	for old := greatest.Load(); got.memory > old && !greatest.CompareAndSwap(old, got.memory); old = greatest.Load() {
	}
	if got.memory > most {
		t.Errorf("%d KiB of memory, at most %d are allowed", got.memory, most)
	}
	if a.Exit == 0 || a.Code == verify.CodeEnded {
		maps.DeleteFunc(after, func(name, _ string) bool { return strings.HasPrefix(name, "out/new") })
	}
	if !maps.Equal(before, after) {
		t.Errorf("what lies at the machine has changed:\n%v\n%v", before, after)
	}
	delete(files, a.BadName())
	id := fmt.Sprintf("%v %v %x", site, a.Site != nil && site, sha256.Sum256(fmt.Append(nil, files, a.Site)))
	if _, done := accepted.LoadOrStore(id, true); done {
		return
	}
	good, _, after := ask(newCustomer(t, files), a.GoodName())
	if good.exit != 0 {
		t.Errorf("the good twin has exit code %d (by a site: %v)\n%s%s", good.exit, site, good.stdout, good.stderr)
	}
	if _, there := after["out/new/artifacts/acme"]; !there && !a.IsUpdate() {
		t.Errorf("the good twin was not unpacked: %v", after)
	}
}

// large is a release of many files, so that unpacking takes a while.
func large() attacks.Attack {
	v := trusttest.Lasting()
	c := v.Channel("lts-2.4")
	r := c.Releases[2]
	for i := range 60 {
		r.Files[fmt.Sprintf("docs/%02d.md", i)] = bytes.Repeat([]byte{byte(i)}, 100_000)
	}
	r.Seal()
	c.Standing.Newest.Release = release.Digest(r.Raw)
	c.Touch()
	v.Publish()
	return attacks.Attack{Good: v.Bundle("lts-2.4", "2.4.7"), Site: &trusttest.Case{Root: v.Roots[0], Installed: "2.4.6"}}
}

// whole says what is wrong with an unpacked folder, "" for nothing, by its own list of checksums.
func whole(dir string) string {
	sums, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	if err != nil {
		return err.Error()
	}
	n := 0
	for line := range strings.Lines(string(sums)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || fmt.Sprintf("%x", sha256.Sum256(data)) != sum {
			return fmt.Sprintf("%s is not what it should be (%v)", name, err)
		}
		n++
	}
	if n < 3 {
		return fmt.Sprintf("only %d files", n)
	}
	return ""
}

// staged counts the files that are being written, -1 if none is, or all are.
func (c *customer) staged() int {
	dirs, _ := filepath.Glob(filepath.Join(c.dir, "out", ".relverify-*"))
	if len(dirs) == 0 {
		return -1
	}
	docs, _ := os.ReadDir(filepath.Join(dirs[0], "docs"))
	return len(docs)
}

// TestKilledWhileUnpacking ends relverify by force when so many files are written.
func TestKilledWhileUnpacking(t *testing.T) {
	a := large()
	for _, at := range []int{0, 1, 7, 30, 59, 61} {
		t.Run(strconv.Itoa(at), func(t *testing.T) {
			t.Parallel()
			c := newCustomer(t, a.Files())
			c.setUp(t, a)
			dst := filepath.Join(c.dir, "out", "new")
			cmd := c.command(t, "unpack", "../medium/"+a.GoodName(), "new")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for c.staged() < at {
				if _, err := os.Lstat(dst); err == nil {
					break
				}
				runtime.Gosched()
			}
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			_, err := os.Lstat(dst)
			there := err == nil
			if there && whole(dst) != "" {
				t.Errorf("a folder that is not whole: %s", whole(dst))
			}
			got := c.run(t, "installed")
			if got.exit != 0 || got.stdout == "2.4.7 (lts-2.4)\n" && !there || !strings.HasPrefix(got.stdout, "2.4.6 ") && !strings.HasPrefix(got.stdout, "2.4.7 ") {
				t.Errorf("exit code %d, folder %v: installed is %s%s", got.exit, there, got.stdout, got.stderr)
			}
			c.must(t, "unpack", "../medium/"+a.GoodName(), "again")
			if no := whole(filepath.Join(c.dir, "out", "again")); no != "" {
				t.Error(no)
			}
		})
	}
}

// TestABundleThatChangesWhileItIsUnpacked turns one byte of a program on and off while relverify reads. Whatever it
// answers, only what was signed may lie in the folder.
func TestABundleThatChangesWhileItIsUnpacked(t *testing.T) {
	t.Parallel()
	a := large()
	c := newCustomer(t, a.Files())
	c.setUp(t, a)
	path := filepath.Join(c.dir, "medium", a.GoodName())
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	at := int64(bytes.LastIndex(a.Good, bytes.Repeat([]byte{59}, 50_000)))
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for b := byte(0); ; b ^= 59 {
			select {
			case <-stop:
				return
			default:
				_, _ = f.WriteAt([]byte{b}, at)
			}
		}
	}()
	for i := range 20 {
		name := fmt.Sprintf("new%d", i)
		got := c.run(t, "unpack", "../medium/"+a.GoodName(), name)
		_, err := os.Lstat(filepath.Join(c.dir, "out", name))
		switch {
		case got.exit == 0 && whole(filepath.Join(c.dir, "out", name)) != "":
			t.Error(whole(filepath.Join(c.dir, "out", name)))
		case got.exit == 4 && err == nil:
			t.Errorf("refused, and unpacked: %s", got.stdout)
		case got.exit != 0 && got.exit != 4:
			t.Errorf("exit code %d: %s", got.exit, got.stderr)
		}
	}
	close(stop)
	<-done
	if c.staged() != -1 {
		t.Error("something is left in the staging folder")
	}
}

// BenchmarkStart prints how long relverify takes to start, and to judge a bundle by a site.
func BenchmarkStart(b *testing.B) {
	a := large()
	c := newCustomer(b, a.Files())
	c.setUp(b, a)
	for name, args := range map[string][]string{"version": {"--version"}, "help": {"--help"}, "bundle": {"../medium/" + a.GoodName()}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c.must(b, args...)
			}
		})
	}
}

func TestTheListOfAttacksIsCurrent(t *testing.T) {
	list, err := os.ReadFile("../../testdata/attacks/README.md")
	if err != nil || string(list) != attacks.Table() {
		t.Errorf("go run ./internal/attacks/generate writes another (%v)", err)
	}
	shown := map[string]bool{}
	for _, a := range attacks.All() {
		shown[a.Row] = true
	}
	for _, row := range attacks.Rows {
		if !shown[row] && len(attacks.Tests[row]) == 0 {
			t.Errorf("nothing shows: %s", row)
		}
		for _, test := range attacks.Tests[row] {
			pkg, name, _ := strings.Cut(test, ": ")
			if out, err := exec.Command("grep", "-rl", "func "+name+"(", "../../"+pkg, "--include=*_test.go").Output(); err != nil || len(out) == 0 {
				t.Errorf("%s: there is no such test", test)
			}
		}
	}
}
