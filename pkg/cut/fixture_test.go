package cut_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/internal/gittest"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/sign"
)

func TestMain(m *testing.M) {
	gittest.Isolate()
	os.Exit(m.Run())
}

// now is when all cuts happen.
var now = time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)

const (
	productFile = "channels/product.yaml"
	ltsFile     = "channels/lts-2.4.yaml"

	lts = "kind: lts\nline: \"2.4\"\nbranch: release/2.4\naccept: [fix]\n" +
		"gates:\n  - {name: smoke, when: built, command: [sh, gates/smoke.sh]}\n"
	product = "name: acme\nbuild: {command: [sh, build.sh], output: out}\nstores: [{directory: ../store}]\n"
)

// The keys that sign releases here; making one takes a while, by design.
var (
	firstKey  = sync.OnceValues(newKey)
	secondKey = sync.OnceValues(newKey)
)

func newKey() (*sign.Key, error) {
	private, _, err := sign.Generate(nil)
	if err != nil {
		return nil, err
	}
	return sign.Load(private, nil)
}

// key takes a key that was made.
func key(t *testing.T, made func() (*sign.Key, error)) *sign.Key {
	t.Helper()
	k, err := made()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// world is a product with a remote, a clone and a store beside it, and a folder with which a test disturbs its build
// and its gate: what lies in fail-build or fail-gate is said and ends them, what lies in extra ends up in the product.
type world struct {
	*gittest.Repo
	t     *testing.T
	knobs string
	store string
	// stores are given to every cut; without any it takes that of the policy, which is the same.
	stores []cut.Store
}

// begin makes a product whose line 2.4 has one fix to release, pushed. Files, as path and content in turn, are added to
// or replace those of main.
func begin(t *testing.T, files ...string) *world {
	t.Helper()
	w := &world{Repo: gittest.New(t), t: t, knobs: t.TempDir()}
	w.store = filepath.Join(filepath.Dir(w.Dir), "store")
	script := "#!/bin/sh\nset -eu\nknobs='" + w.knobs + "'\n"
	w.Commit("chore: begin", append([]string{
		productFile, product + "signing: {keys: [channels/keys/first.pub], threshold: 1}\n", ltsFile, lts,
		"channels/keys/first.pub", string(key(t, firstKey).PublicPEM()),
		"build.sh", script + `echo built >>"$knobs/builds"
if test -f "$knobs/fail-build"; then cat "$knobs/fail-build" >&2; exit 3; fi
echo "tool $RELCTL_VERSION" >"$RELCTL_OUTPUT/tool.txt"
if test -f "$knobs/extra"; then cat "$knobs/extra" >>"$RELCTL_OUTPUT/tool.txt"; fi
`,
		"gates/smoke.sh", script + `if test -f "$knobs/fail-gate"; then cat "$knobs/fail-gate"; exit 1; fi
test -s "$RELCTL_RELEASE_DIR/artifacts/tool.txt"
`,
	}, files...)...)
	w.Git("branch", "release/2.4")
	w.Checkout("release/2.4")
	w.Commit("fix: one")
	w.Push()
	return w
}

// Push pushes all branches and tags; every command that acts fetches by itself.
func (w *world) Push() {
	w.t.Helper()
	w.Git("push", "--quiet", "origin", "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
}

// elsewhere is the world as another clone of the same remote sees it.
func (w *world) elsewhere() *world {
	w.t.Helper()
	return &world{Repo: w.Clone(), t: w.t, knobs: w.knobs, store: w.store, stores: []cut.Store{publish.Directory{Root: w.store}}}
}

// turn writes a knob.
func (w *world) turn(knob, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.knobs, knob), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// turnBack removes a knob.
func (w *world) turnBack(knob string) { w.do(os.Remove(filepath.Join(w.knobs, knob))) }

// do ends the test on an error.
func (w *world) do(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// builds is how often the build ran.
func (w *world) builds() int {
	data, err := os.ReadFile(filepath.Join(w.knobs, "builds"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.t.Error(err)
	}
	return strings.Count(string(data), "\n")
}

// project opens the project freshly fetched, as commands that act do.
func (w *world) project() *cut.Project {
	w.t.Helper()
	p, err := cut.Open(w.t.Context(), w.Dir, cut.OpenOptions{Act: true})
	w.do(err)
	w.t.Cleanup(func() { _ = p.Repo.Close() })
	return p
}

// line is the channel that is cut.
func (w *world) line(p *cut.Project) *channel.Channel {
	w.t.Helper()
	ch, err := p.Policy.Channel("lts-2.4")
	w.do(err)
	return ch
}

// run is one cut and what it told while it ran: "build done", "sign kept".
type run struct {
	*cut.Result
	told []string
}

// did reports whether the run told of a stage's state.
func (r run) did(what string) bool { return slices.Contains(r.told, what) }

// cut cuts the line, with the first key unless a tweak says otherwise.
func (w *world) cut(tweaks ...func(*cut.Options)) (run, error) {
	w.t.Helper()
	p := w.project()
	var r run
	opts := cut.Options{Signers: []cut.Signer{key(w.t, firstKey)}, Stores: w.stores, Now: now}
	for _, tweak := range tweaks {
		tweak(&opts)
	}
	watch := opts.Progress
	opts.Progress = func(p cut.Progress) {
		r.told = append(r.told, p.Stage+" "+p.State)
		if watch != nil {
			watch(p)
		}
	}
	var err error
	r.Result, err = cut.Run(w.t.Context(), p, w.line(p), opts)
	return r, err
}

// mustCut is a cut that ends well.
func (w *world) mustCut(tweaks ...func(*cut.Options)) run {
	w.t.Helper()
	r, err := w.cut(tweaks...)
	w.do(err)
	return r
}

// at does something at a stage's state, such as "build start", the first time that it is told of.
func at(what string, act func()) func(*cut.Options) {
	return func(o *cut.Options) {
		before, once := o.Progress, sync.OnceFunc(act)
		o.Progress = func(p cut.Progress) {
			if before != nil {
				before(p)
			}
			if p.Stage+" "+p.State == what {
				once()
			}
		}
	}
}

// with signs with the given keys only.
func with(keys ...*sign.Key) func(*cut.Options) {
	return func(o *cut.Options) {
		o.Signers = nil
		for _, k := range keys {
			o.Signers = append(o.Signers, k)
		}
	}
}

// pinned pins the cut to a plan.
func pinned(digest string) func(*cut.Options) { return func(o *cut.Options) { o.Plan = digest } }

// plan is what a cut would do now.
func (w *world) plan() *release.Plan {
	w.t.Helper()
	p := w.project()
	made, err := p.Plan(w.t.Context(), w.line(p), cut.PlanOptions{Now: now, Strict: true})
	w.do(err)
	return made
}

// released is the folder of a visible version.
func (w *world) released(version string) string {
	return filepath.Join(w.store, "releases", "lts-2.4", version)
}

// invisible fails the test if anything of a release can be seen, by customers or by git.
func (w *world) invisible() {
	w.t.Helper()
	if tags := w.InRemote("tag", "--list"); tags != "" {
		w.t.Errorf("the remote has tags: %s", tags)
	}
	if tags := w.Git("tag", "--list"); tags != "" {
		w.t.Errorf("the clone has tags: %s", tags)
	}
	if found, err := filepath.Glob(filepath.Join(w.store, "releases", "*", "*")); err != nil || len(found) > 0 {
		w.t.Errorf("the store shows %v, %v", found, err)
	}
	if found, err := filepath.Glob(filepath.Join(w.Dir, "dist", "relctl", "*", "*.bundle")); err != nil || len(found) > 0 {
		w.t.Errorf("there is a bundle: %v, %v", found, err)
	}
	if events := w.events(); strings.Contains(events, "-cut.json") {
		w.t.Errorf("the ledger tells of a cut: %s", events)
	}
}

// events are the files of the ledger, "" without one.
func (w *world) events() string {
	w.t.Helper()
	if w.InRemote("for-each-ref", "refs/heads/relctl/ledger") == "" {
		return ""
	}
	return w.InRemote("ls-tree", "-r", "--name-only", "refs/heads/relctl/ledger")
}

// as returns err as a T, or ends the test.
func as[T error](t *testing.T, err error) T {
	t.Helper()
	var out T
	if !errors.As(err, &out) {
		t.Fatalf("got error %v, want a %T", err, out)
	}
	return out
}
