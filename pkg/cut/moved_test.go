package cut_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/internal/cuttest"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
)

func TestAPinnedPlanDoesNotOutliveItsRefs(t *testing.T) {
	t.Parallel()
	w := begin(t)
	planned := w.Plan()
	w.Commit("fix: later")
	w.Push()
	_, err := w.Cut(cuttest.Pinned(planned.Digest))
	moved := cuttest.As[*plan.MovedError](t, err)
	if moved.Want != planned.Digest || moved.Got != w.Plan().Digest {
		t.Errorf("%+v", moved)
	}
	w.Invisible()
	if events := w.Events(); events != "" || w.Builds() != 0 {
		t.Errorf("%d builds, ledger: %s", w.Builds(), events)
	}
}

// A reservation holds its commit while the branch goes on, and falls with it when the branch is rewritten.
func TestABranchThatMovesDuringACut(t *testing.T) {
	t.Parallel()
	t.Run("forward", func(t *testing.T) {
		t.Parallel()
		w := begin(t)
		planned := w.Plan()
		r := w.MustCut(cuttest.At("build start", func() {
			w.Commit("feat: later, and not for this line")
			w.Push()
		}))
		if r.Manifest.Commit != planned.Inputs.Commit || w.InRemote("rev-parse", "v2.4.0^{commit}") != planned.Inputs.Commit {
			t.Errorf("%s was released, planned was %s", r.Manifest.Commit, planned.Inputs.Commit)
		}
	})
	t.Run("rewritten", func(t *testing.T) {
		t.Parallel()
		w := begin(t)
		before := w.Head()
		_, err := w.Cut(cuttest.At("stage start", func() {
			w.Git("commit", "--quiet", "--amend", "--message", "fix: reworded")
			w.Push()
		}))
		moved := cuttest.As[*plan.MovedError](t, err)
		if text := strings.Join(moved.Moved, "; "); cuttest.As[*cut.StageError](t, err).Stage != "commit" || !strings.Contains(text, "refs/heads/release/2.4 was rewritten") || !strings.Contains(text, release.Short(before)) {
			t.Error(err)
		}
		w.Invisible()
		// The reservation is signed: it stands in the way until it is given up.
		_, err = w.Cut()
		_ = cuttest.As[*plan.MovedError](t, err)
		_, err = w.Cut(cuttest.Pinned(w.Plan().Digest))
		_ = cuttest.As[*cut.SignedError](t, err)
		p := w.Project()
		given, err := p.Abandon(t.Context(), w.Line(p), "rewritten", nil)
		if err != nil || !given.Abandon.Burned {
			t.Fatalf("%+v, %v", given, err)
		}
		if r := w.MustCut(); r.Manifest.Version.String() != "2.4.1" || r.Manifest.Sequence != 2 || r.Manifest.Commit != w.Head() {
			t.Errorf("%+v", r.Manifest)
		}
	})
}

// Somebody gives the reservation up while this machine builds.
func TestAReservationThatIsTakenAway(t *testing.T) {
	t.Parallel()
	w := begin(t)
	other := w.elsewhere()
	_, err := w.Cut(cuttest.At("gates start", func() {
		p := other.Project()
		_, err := p.Abandon(t.Context(), other.Line(p), "wrong commit", other.Stores)
		w.Do(err)
	}))
	if moved := cuttest.As[*plan.MovedError](t, err); !strings.Contains(strings.Join(moved.Moved, " "), "reservation in the ledger was given up") {
		t.Error(err)
	}
	w.Invisible()
}

// An unsigned reservation gives way to the plan that somebody pinned; the version was nobody's yet.
func TestAnUnsignedReservationIsSuperseded(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.Turn("fail-build", "no compiler today\n")
	_, err := w.Cut()
	_ = cuttest.As[*cut.StageError](t, err)
	w.TurnBack("fail-build")
	w.Commit("fix: two")
	w.Push()
	r := w.MustCut(cuttest.Pinned(w.Plan().Digest))
	if r.Resumed || r.Manifest.Version.String() != "2.4.0" || r.Manifest.Sequence != 1 || r.Manifest.Commit != w.Head() {
		t.Errorf("%+v", r.Manifest)
	}
}

// While a reservation is open it is what the next cut releases, whatever came since: an approval is for that.
func TestTheCandidateIsTheOpenReservation(t *testing.T) {
	t.Parallel()
	w := begin(t)
	candidate := func() release.Inputs {
		t.Helper()
		p := w.Project()
		in, err := cut.Candidate(t.Context(), p, w.Line(p), cut.PlanOptions{Now: cuttest.Now})
		w.Do(err)
		return in
	}
	planned := w.Plan()
	if in := candidate(); in.Digest() != planned.Digest {
		t.Errorf("nothing is reserved: %v", plan.Diff(planned.Inputs, in))
	}
	w.Turn("fail-build", "no compiler today\n")
	_, err := w.Cut()
	_ = cuttest.As[*cut.StageError](t, err)
	w.Commit("fix: two")
	w.Push()
	if in := candidate(); in.Digest() != planned.Digest {
		t.Errorf("the reservation is open: %v", plan.Diff(planned.Inputs, in))
	}
	w.TurnBack("fail-build")
	if r := w.MustCut(); r.Plan.Digest != planned.Digest {
		t.Errorf("released %v", plan.Diff(planned.Inputs, r.Plan.Inputs))
	}
	if in := candidate(); in.Commit != w.Head() || in.Version.String() != "2.4.1" {
		t.Errorf("it is released: %s %s", in.Version, in.Commit)
	}
}

// Of the tags that may lie in the clone, a run takes only that which a killed run of this very release left.
func TestALeftoverTag(t *testing.T) {
	t.Parallel()
	w := begin(t)
	var left string
	tag := func(message func(reserve, digest string) string) func(*cut.Options) {
		return cuttest.At("stage start", func() {
			raw, err := os.ReadFile(w.dist(release.ManifestName))
			w.Do(err)
			w.Git("tag", "--annotate", "--message", message(w.InRemote("rev-parse", ledger.Ref), release.Digest(raw)), "v2.4.0")
			left = w.Git("rev-parse", "v2.4.0")
		})
	}
	trailers := func(reserve, digest string) string {
		return ledger.FormatTagMessage("acme 2.4.0", ledger.TagMessage{Reserve: reserve, Release: digest})
	}
	for name, message := range map[string]func(reserve, digest string) string{
		"of a person":            func(string, string) string { return "acme 2.4.0" },
		"of another release":     func(reserve, _ string) string { return trailers(reserve, release.Digest(nil)) },
		"of another reservation": func(_, digest string) string { return trailers(strings.Repeat("a", 40), digest) },
	} {
		_, err := w.Cut(tag(message))
		if found := cuttest.As[*plan.TagError](t, err); found.Tag != "v2.4.0" || cuttest.As[*cut.StageError](t, err).Stage != "commit" {
			t.Errorf("a tag %s: %v", name, err)
		}
		if w.InRemote("tag", "--list") != "" || w.Git("rev-parse", "v2.4.0") != left || strings.Contains(w.Events(), "-cut.json") {
			t.Errorf("a tag %s was pushed or deleted", name)
		}
		w.Git("tag", "--delete", "v2.4.0")
	}
	w.MustCut(tag(trailers))
	if got := w.InRemote("rev-parse", "refs/tags/v2.4.0"); got != left {
		t.Errorf("the release has the tag object %s, its killed run had made %s", got, left)
	}
}

// Two machines build other bytes from one plan: the second stops, and says which file is not reproducible.
func TestADifferingRebuildNamesTheFile(t *testing.T) {
	t.Parallel()
	w := twoSigners(t)
	_, err := w.Cut()
	_ = cuttest.As[*cut.WaitingError](t, err)
	other := w.elsewhere()
	other.Turn("extra", "built on another machine\n")
	_, err = other.Cut(cuttest.With(cuttest.Key(t, cuttest.SecondKey)))
	differ := cuttest.As[*publish.DifferError](t, err)
	if differ.Path != "artifacts/tool.txt" || cuttest.As[*cut.StageError](t, err).Stage != "stage" || !strings.Contains(err.Error(), "artifacts/tool.txt") {
		t.Errorf("%+v: %v", differ, err)
	}
	w.Invisible()
	other.Invisible()
	if data, err := os.ReadFile(filepath.Join(w.Store, ".staging", strings.TrimPrefix(w.Project().State.Channels["lts-2.4"].Open.Plan.Digest, "sha256:"), "artifacts", "tool.txt")); string(data) != "tool 2.4.0\n" {
		t.Errorf("what was staged first is %q now, %v", data, err)
	}
}
