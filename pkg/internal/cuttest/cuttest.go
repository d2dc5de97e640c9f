// Package cuttest makes a small product whose line 2.4 can be cut, for tests of the pipeline and of what comes after it.
package cuttest

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
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/sign"
)

// Now is when all cuts happen.
var Now = time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)

// The files of the policy, and what they say at first. Product lacks the key that signs.
const (
	ProductFile = "channels/product.yaml"
	LTSFile     = "channels/lts-2.4.yaml"

	LTS = "kind: lts\nline: \"2.4\"\nbranch: release/2.4\naccept: [fix]\n" +
		"gates:\n  - {name: smoke, when: built, command: [sh, gates/smoke.sh]}\n"
	Product = "name: acme\nbuild: {command: [sh, build.sh], output: out}\nstores: [{directory: ../store}]\n"
)

// The keys that sign releases here; making one takes a while, by design.
var (
	FirstKey  = sync.OnceValues(NewKey)
	SecondKey = sync.OnceValues(NewKey)
)

// NewKey makes a key, which takes a while.
func NewKey() (*sign.Key, error) {
	private, _, err := sign.Generate(nil)
	if err != nil {
		return nil, err
	}
	return sign.Load(private, nil)
}

// Key takes a key that was made.
func Key(t *testing.T, made func() (*sign.Key, error)) *sign.Key {
	t.Helper()
	k, err := made()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// World is a product with a remote, a clone and a store beside it, and a folder with which a test disturbs its build
// and its gate: what lies in fail-build or fail-gate is said and ends them, what lies in extra ends up in the product.
type World struct {
	*gittest.Repo
	T *testing.T
	// Knobs is the folder that disturbs, Store the one with what is released.
	Knobs string
	Store string
	// Stores are given to every cut; without any it takes that of the policy, which is the same.
	Stores []project.Store
}

// Begin makes a product whose line 2.4 has one fix to release, pushed. Files, as path and content in turn, are added to
// or replace those of main.
func Begin(t *testing.T, files ...string) *World {
	t.Helper()
	w := &World{Repo: gittest.New(t), T: t, Knobs: t.TempDir()}
	w.Store = filepath.Join(filepath.Dir(w.Dir), "store")
	script := "#!/bin/sh\nset -eu\nknobs='" + w.Knobs + "'\n"
	w.Commit("chore: begin", append([]string{
		ProductFile, Product + "signing: {keys: [channels/keys/first.pub], threshold: 1}\n", LTSFile, LTS,
		"channels/keys/first.pub", string(Key(t, FirstKey).PublicPEM()),
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
func (w *World) Push() {
	w.T.Helper()
	w.Git("push", "--quiet", "origin", "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
}

// Elsewhere is the world as another clone of the same remote sees it.
func (w *World) Elsewhere() *World {
	w.T.Helper()
	return &World{Repo: w.Clone(), T: w.T, Knobs: w.Knobs, Store: w.Store, Stores: []project.Store{publish.Directory{Root: w.Store}}}
}

// Turn writes a knob.
func (w *World) Turn(knob, text string) {
	w.T.Helper()
	if err := os.WriteFile(filepath.Join(w.Knobs, knob), []byte(text), 0o600); err != nil {
		w.T.Fatal(err)
	}
}

// TurnBack removes a knob.
func (w *World) TurnBack(knob string) { w.Do(os.Remove(filepath.Join(w.Knobs, knob))) }

// Do ends the test on an error.
func (w *World) Do(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// Builds is how often the build ran.
func (w *World) Builds() int {
	data, err := os.ReadFile(filepath.Join(w.Knobs, "builds"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.T.Error(err)
	}
	return strings.Count(string(data), "\n")
}

// Project opens the project freshly fetched, as commands that act do.
func (w *World) Project() *project.Project {
	w.T.Helper()
	p, err := project.Open(w.T.Context(), w.Dir, project.OpenOptions{Act: true})
	w.Do(err)
	w.T.Cleanup(func() { _ = p.Repo.Close() })
	return p
}

// Line is the channel that is cut.
func (w *World) Line(p *project.Project) *channel.Channel {
	w.T.Helper()
	ch, err := p.Policy.Channel("lts-2.4")
	w.Do(err)
	return ch
}

// Run is one cut and what it told while it ran: "build done", "sign kept".
type Run struct {
	*cut.Result
	Told []string
}

// Did reports whether the run told of a stage's state.
func (r Run) Did(what string) bool { return slices.Contains(r.Told, what) }

// Cut cuts the line, with the first key unless a tweak says otherwise.
func (w *World) Cut(tweaks ...func(*cut.Options)) (Run, error) {
	w.T.Helper()
	p := w.Project()
	var r Run
	opts := cut.Options{Signers: []project.Signer{Key(w.T, FirstKey)}, Stores: w.Stores, Now: Now}
	for _, tweak := range tweaks {
		tweak(&opts)
	}
	watch := opts.Progress
	opts.Progress = func(p project.Progress) {
		r.Told = append(r.Told, p.Stage+" "+p.State)
		if watch != nil {
			watch(p)
		}
	}
	var err error
	r.Result, err = cut.Run(w.T.Context(), p, w.Line(p), opts)
	return r, err
}

// MustCut is a cut that ends well.
func (w *World) MustCut(tweaks ...func(*cut.Options)) Run {
	w.T.Helper()
	r, err := w.Cut(tweaks...)
	w.Do(err)
	return r
}

// At does something at a stage's state, such as "build start", the first time that it is told of.
func At(what string, act func()) func(*cut.Options) {
	return func(o *cut.Options) {
		before, once := o.Progress, sync.OnceFunc(act)
		o.Progress = func(p project.Progress) {
			if before != nil {
				before(p)
			}
			if p.Stage+" "+p.State == what {
				once()
			}
		}
	}
}

// With signs with the given keys only.
func With(keys ...*sign.Key) func(*cut.Options) {
	return func(o *cut.Options) {
		o.Signers = nil
		for _, k := range keys {
			o.Signers = append(o.Signers, k)
		}
	}
}

// Pinned pins the cut to a plan.
func Pinned(digest string) func(*cut.Options) { return func(o *cut.Options) { o.Plan = digest } }

// Plan is what a cut would do now.
func (w *World) Plan() *release.Plan {
	w.T.Helper()
	p := w.Project()
	made, err := cut.Plan(w.T.Context(), p, w.Line(p), cut.PlanOptions{Now: Now, Strict: true})
	w.Do(err)
	return made
}

// Released is the folder of a visible version.
func (w *World) Released(version string) string {
	return filepath.Join(w.Store, "releases", "lts-2.4", version)
}

// Invisible fails the test if anything of a release can be seen, by customers or by git.
func (w *World) Invisible() {
	w.T.Helper()
	if tags := w.InRemote("tag", "--list"); tags != "" {
		w.T.Errorf("the remote has tags: %s", tags)
	}
	if tags := w.Git("tag", "--list"); tags != "" {
		w.T.Errorf("the clone has tags: %s", tags)
	}
	if found, err := filepath.Glob(filepath.Join(w.Store, "releases", "*", "*")); err != nil || len(found) > 0 {
		w.T.Errorf("the store shows %v, %v", found, err)
	}
	if found, err := filepath.Glob(filepath.Join(w.Dir, "dist", "relctl", "*", "*.bundle")); err != nil || len(found) > 0 {
		w.T.Errorf("there is a bundle: %v, %v", found, err)
	}
	if events := w.Events(); strings.Contains(events, "-cut.json") {
		w.T.Errorf("the ledger tells of a cut: %s", events)
	}
}

// Events are the files of the ledger, "" without one.
func (w *World) Events() string {
	w.T.Helper()
	if w.InRemote("for-each-ref", "refs/heads/relctl/ledger") == "" {
		return ""
	}
	return w.InRemote("ls-tree", "-r", "--name-only", "refs/heads/relctl/ledger")
}

// As returns err as a T, or ends the test.
func As[T error](t *testing.T, err error) T {
	t.Helper()
	var out T
	if !errors.As(err, &out) {
		t.Fatalf("got error %v, want a %T", err, out)
	}
	return out
}
