package cut_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/internal/cuttest"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/sign"
)

// dist is a place in the folder of the cut that is under way.
func (w *world) dist(elem ...string) string {
	w.T.Helper()
	found, err := filepath.Glob(filepath.Join(w.Dir, "dist", "relctl", strings.Repeat("?", 64)))
	if err != nil || len(found) != 1 {
		w.T.Fatalf("cuts under way: %v, %v", found, err)
	}
	return filepath.Join(append(found, elem...)...)
}

// block puts a folder that is not empty where a file is to be written, which stops root as well, or a file where a
// folder is to be. It returns what takes that away again.
func (w *world) block(path string, folder bool) (unblock func()) {
	w.T.Helper()
	aside := path + ".aside"
	if err := os.Rename(path, aside); err != nil && !errors.Is(err, os.ErrNotExist) {
		w.T.Fatal(err)
	}
	w.Do(os.MkdirAll(filepath.Dir(path), 0o755))
	if folder {
		w.Do(os.MkdirAll(filepath.Join(path, "occupied"), 0o755))
	} else {
		w.Do(os.WriteFile(path, nil, 0o600))
	}
	return func() {
		w.Do(os.RemoveAll(path))
		if err := os.Rename(aside, path); err != nil && !errors.Is(err, os.ErrNotExist) {
			w.T.Fatal(err)
		}
	}
}

// refuse makes the remote refuse to be pushed refs below a prefix.
func (w *world) refuse(prefix string) (allow func()) {
	w.Hook("pre-receive", "#!/bin/sh\nwhile read -r old new ref; do case $ref in "+prefix+"*) echo 'closed for today'; exit 1 ;; esac; done\n")
	return func() { w.Do(os.Remove(filepath.Join(w.Remote, "hooks", "pre-receive"))) }
}

// One cut meets trouble in every stage before the commit point. Each time nothing is visible, and the next run goes on
// where that one stopped.
func TestACutGoesOnWhereAnErrorStoppedIt(t *testing.T) {
	t.Parallel()
	w := begin(t)
	noFolder := func() func() { return w.block(w.dist("files"), false) }
	finished := map[string]bool{}
	for _, c := range []struct {
		stage string
		cause func() (repair func())
		says  string
	}{
		{"reserve", func() func() { return w.refuse("refs/heads/relctl/") }, "closed for today"},
		{"build", func() func() {
			w.Turn("fail-build", "no compiler today\n")
			return func() { w.TurnBack("fail-build") }
		}, "no compiler today"},
		{"attest", noFolder, "not a directory"},
		{"documents", noFolder, "not a directory"},
		{"manifest", noFolder, "not a directory"},
		{"sign", func() func() { return w.block(w.dist(sign.EnvelopeName(cuttest.Key(t, cuttest.FirstKey).ID())), true) }, "release.json"},
		{"stage", func() func() { return w.block(w.Store, false) }, "not a directory"},
		{"gates", func() func() {
			away := w.Remote + ".away"
			w.Do(os.Rename(w.Remote, away))
			return func() { w.Do(os.Rename(away, w.Remote)) }
		}, w.Remote},
		{"commit", func() func() { return w.refuse("refs/tags/") }, "closed for today"},
	} {
		var repair func()
		r, err := w.Cut(cuttest.At(c.stage+" start", func() { repair = c.cause() }))
		if failed := cuttest.As[*cut.StageError](t, err); failed.Stage != c.stage || !strings.Contains(err.Error(), c.says) {
			t.Errorf("trouble in stage %s: %v, want …%s…", c.stage, err, c.says)
		}
		if r.Result != nil || r.Did(c.stage+" done") {
			t.Errorf("trouble in stage %s ends in %+v, told %v", c.stage, r.Result, r.Told)
		}
		repair()
		w.Invisible()
		for _, told := range r.Told {
			if stage, done := strings.CutSuffix(told, " done"); done && slices.Contains(remembered, stage) {
				if finished[stage] {
					t.Errorf("%s was done again before %s: %v", stage, c.stage, r.Told)
				}
				finished[stage] = true
			}
		}
	}
	last := w.MustCut()
	if !last.Resumed || w.Builds() != 2 || len(finished) != len(remembered) {
		t.Errorf("resumed %v after %d builds, finished before %v", last.Resumed, w.Builds(), finished)
	}
	if strings.Count(w.Events(), "-reserve.json") != 1 || strings.Count(w.Events(), "-cut.json") != 1 {
		t.Errorf("ledger:\n%s", w.Events())
	}
	if _, err := os.Stat(filepath.Join(w.Released("2.4.0"), "acme-2.4.0.bundle")); err != nil {
		t.Error(err)
	}
}

// remembered are the stages whose work one run leaves to the next.
var remembered = []string{"reserve", "build", "attest", "documents", "manifest", "sign"}

func TestAFailedBuildKeepsItsLog(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.Turn("fail-build", "first line\nno compiler today\n")
	_, err := w.Cut()
	failed := cuttest.As[*build.FailedError](t, err)
	if strings.Join(failed.Tail, "|") != "first line|no compiler today" {
		t.Errorf("tail %q", failed.Tail)
	}
	if log, err := os.ReadFile(failed.Log); err != nil || !strings.Contains(string(log), "no compiler today") {
		t.Errorf("log %q, %v", log, err)
	}
}

// After the commit point there is no way back: the release is told of as partly published, and a rerun finishes it.
func TestWhatIsCommittedRollsForward(t *testing.T) {
	t.Parallel()
	for what, path := range map[string]func(w *world) string{
		"bundle": func(w *world) string { return w.dist("acme-2.4.0.bundle") },
		"reveal": func(w *world) string { return filepath.Join(w.Store, "releases") },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := begin(t)
			var repair func()
			_, err := w.Cut(cuttest.At(what+" start", func() { repair = w.block(path(w), what == "bundle") }))
			partly := cuttest.As[*cut.PartlyError](t, err)
			if partly.Version.String() != "2.4.0" || !strings.Contains(partly.Hint(), "relctl cut lts-2.4 again") {
				t.Errorf("%v\n%s", err, partly.Hint())
			}
			if w.InRemote("tag", "--list") != "v2.4.0" || !strings.Contains(w.Events(), "-cut.json") {
				t.Error("the release was taken back")
			}
			repair()
			if _, err := os.Stat(w.Released("2.4.0")); !os.IsNotExist(err) {
				t.Errorf("half a release is visible: %v", err)
			}
			recorded := w.Project().State.Channels["lts-2.4"].Releases[0].Release
			second := w.MustCut()
			if !second.Released || second.Digest != recorded || w.Builds() != 1 {
				t.Errorf("%+v after %d builds", second.Result, w.Builds())
			}
			raw, err := os.ReadFile(filepath.Join(w.Released("2.4.0"), release.ManifestName))
			if err != nil || release.Digest(raw) != recorded {
				t.Errorf("the store has %s, %v", release.Digest(raw), err)
			}
		})
	}
}

// Of two stores one fails: the other has the release all the same, and the rerun brings it to both.
func TestOneStoreDoesNotKeepTheOthersBack(t *testing.T) {
	t.Parallel()
	w := begin(t)
	other := publish.Directory{Root: filepath.Join(t.TempDir(), "other")}
	both := func(o *cut.Options) { o.Stores = []project.Store{other, publish.Directory{Root: w.Store}} }
	var repair func()
	first, err := w.Cut(both, cuttest.At("reveal start", func() { repair = w.block(filepath.Join(other.Root, "releases"), false) }))
	_ = cuttest.As[*cut.PartlyError](t, err)
	if len(first.Stores) != 1 || first.Stores[0] != w.Store {
		t.Errorf("visible in %v", first.Stores)
	}
	repair()
	second := w.MustCut(both)
	if !second.Released || len(second.Stores) != 2 {
		t.Errorf("%+v", second.Result)
	}
	if raw, err := other.Released(t.Context(), "lts-2.4", release.MustVersion("2.4.0")); err != nil || release.Digest(raw) != first.Digest {
		t.Errorf("the other store has %s, %v", release.Digest(raw), err)
	}
}

// What an earlier run left is used only as far as it is what that run recorded.
func TestAlteredLeftoversAreMadeAgain(t *testing.T) {
	t.Parallel()
	w := begin(t)
	dry := func() cuttest.Run { return w.MustCut(cuttest.With(), func(o *cut.Options) { o.DryRun = true }) }
	before := dry()
	stages := []string{"build", "attest", "documents", "manifest"}
	for _, c := range []struct {
		path string
		// text replaces the file, "" removes it.
		text string
		// redo is the stage that is done again; those before it are not.
		redo string
	}{
		{"build/artifacts/tool.txt", "tool 6.6.6\n", "build"},
		{"build/artifacts/tool.txt", "", "build"},
		{"files/provenance/files.intoto.json", "{}", "attest"},
		{"files/changelog/CHANGELOG.md", "nothing\n", "documents"},
		{"files/artifacts/tool.txt", "tool 6.6.6\n", "manifest"},
		{"files/SHA256SUMS", "", "manifest"},
		{"release.json", "{}", "manifest"},
		{"journal/build.json", "", "build"},
		{"journal/attest.json", "[]", "attest"},
		{"journal/documents.json", `{"schema":"https://relctl.dev/schema/journal/v1","stage":"build","input":""}`, "documents"},
	} {
		path := w.dist(filepath.FromSlash(c.path))
		w.Do(os.Remove(path)) // it may be a second name of a file that must stay
		if c.text != "" {
			w.Do(os.WriteFile(path, []byte(c.text), 0o600))
		}
		builds := w.Builds()
		after := dry()
		if !after.Did(c.redo+" done") || after.Digest != before.Digest {
			t.Errorf("%s gives %s, was %s; told %v", c.path, after.Digest, before.Digest, after.Told)
		}
		for _, stage := range stages[:slices.Index(stages, c.redo)] {
			if !after.Did(stage + " kept") {
				t.Errorf("for %s, %s was done again: %v", c.path, stage, after.Told)
			}
		}
		if again := w.Builds() - builds; (again == 1) != (c.redo == "build") {
			t.Errorf("for %s the build ran %d times", c.path, again)
		}
	}
}
