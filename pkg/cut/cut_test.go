package cut_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/internal/cuttest"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/sign"
)

func TestACutFromPlanToStore(t *testing.T) {
	t.Parallel()
	w := begin(t)
	planned := w.Plan()
	r := w.MustCut(cuttest.Pinned(planned.Digest))

	want := "plan reserve build attest documents manifest sign stage gates commit bundle reveal"
	var stages []string
	for _, told := range r.Told {
		stage, state, _ := strings.Cut(told, " ")
		if stages = append(stages, stage); state != "start" && state != "done" {
			t.Errorf("a first run tells of %q", told)
		}
	}
	if got := strings.Join(slices.Compact(stages), " "); got != want {
		t.Errorf("the stages are %s, want %s", got, want)
	}
	if r.Resumed || r.Released || r.DryRun || r.Plan.Digest != planned.Digest || r.Plan.Inputs.Commit != w.Head() {
		t.Errorf("%+v", r.Result)
	}
	if len(r.Verdicts) != 2 || r.Verdicts[0].Gate != "markers" || r.Verdicts[1].Gate != "smoke" || len(release.Blocking(r.Verdicts)) > 0 {
		t.Errorf("verdicts of the built gates: %+v", r.Verdicts)
	}

	raw, err := os.ReadFile(filepath.Join(w.Released("2.4.0"), release.ManifestName))
	w.Do(err)
	if release.Digest(raw) != r.Digest {
		t.Error("the store has another release.json than the result names")
	}
	m, err := release.DecodeManifest(raw)
	w.Do(err)
	if m.Plan != planned.Digest || m.Commit != w.Head() || m.Sequence != 1 || m.Tag != "v2.4.0" || m.Previous != nil {
		t.Errorf("%+v", m)
	}
	if data, err := os.ReadFile(filepath.Join(w.Released("2.4.0"), "artifacts", "tool.txt")); string(data) != "tool 2.4.0\n" {
		t.Errorf("the artifact holds %q, %v", data, err)
	}
	envelope, err := os.ReadFile(filepath.Join(w.Released("2.4.0"), sign.EnvelopeName(cuttest.Key(t, cuttest.FirstKey).ID())))
	w.Do(err)
	w.Do(sign.Verify(cuttest.Key(t, cuttest.FirstKey).Public(), raw, envelope))
	here, err := os.ReadFile(r.Bundle)
	w.Do(err)
	if there, err := os.ReadFile(filepath.Join(w.Released("2.4.0"), "acme-2.4.0.bundle")); err != nil || !bytes.Equal(here, there) {
		t.Errorf("the store's bundle is another one, %v", err)
	}
	if left, err := os.ReadDir(filepath.Join(w.Store, ".staging")); err != nil || len(left) > 0 {
		t.Errorf("staging holds %v, %v", left, err)
	}

	message, err := ledger.ParseTagMessage(w.InRemote("cat-file", "tag", "refs/tags/v2.4.0"))
	w.Do(err)
	if message.Release != r.Digest || message.Reserve != w.InRemote("rev-parse", ledger.Ref+"~1") {
		t.Errorf("the tag says %+v", message)
	}
	p := w.Project()
	report, err := p.Ledger.Verify(t.Context(), ledger.VerifyOptions{})
	if err != nil || len(report.Findings) > 0 {
		t.Errorf("%+v, %v", report, err)
	}
	if got := p.State.Channels["lts-2.4"]; got.Open != nil || len(got.Releases) != 1 || got.Releases[0].Release != r.Digest {
		t.Errorf("the ledger has %+v", got)
	}
	w.Do(p.CheckPushed(t.Context(), w.Line(p))) // what a cut leaves is no change of the working tree
}

func TestWhatIsReleasedIsNotCutAgain(t *testing.T) {
	t.Parallel()
	w := begin(t)
	first := w.MustCut()
	_, err := w.Cut()
	if empty := cuttest.As[*plan.EmptyError](t, err); empty.Previous.String() != "2.4.0" {
		t.Error(err)
	}
	again := w.MustCut(cuttest.Pinned(first.Plan.Digest))
	if !again.Released || again.Digest != first.Digest || again.Bundle != first.Bundle || again.Manifest.Version.String() != "2.4.0" || len(again.Stores) != 1 {
		t.Errorf("%+v", again.Result)
	}
	elsewhere := w.elsewhere().MustCut(cuttest.Pinned(first.Plan.Digest))
	if !elsewhere.Released || elsewhere.Digest != first.Digest || elsewhere.Bundle != "" {
		t.Errorf("in another clone: %+v", elsewhere.Result)
	}
	if w.Builds() != 1 || strings.Count(w.Events(), "-reserve.json") != 1 {
		t.Errorf("%d builds, ledger:\n%s", w.Builds(), w.Events())
	}
}

func TestTheNextReleaseNamesTheOneBefore(t *testing.T) {
	t.Parallel()
	w := begin(t)
	first := w.MustCut()
	w.Commit("fix: two")
	w.Push()
	second := w.MustCut()
	before := second.Manifest.Previous
	if second.Manifest.Sequence != 2 || before == nil || before.Release != first.Digest || before.Commit != first.Manifest.Commit {
		t.Errorf("sequence %d after %+v", second.Manifest.Sequence, before)
	}
}

func TestADryRunActsNowhere(t *testing.T) {
	t.Parallel()
	w := begin(t)
	dry := w.MustCut(cuttest.With(), func(o *cut.Options) { o.DryRun = true })
	if !dry.DryRun || dry.Bundle != "" || dry.Manifest.Sequence != 1 {
		t.Errorf("%+v", dry.Result)
	}
	w.Invisible()
	if events := w.Events(); events != "" {
		t.Errorf("the ledger tells of %s", events)
	}
	if _, err := os.Stat(w.Store); !os.IsNotExist(err) {
		t.Errorf("the store was touched: %v", err)
	}
	full := w.MustCut()
	if full.Digest != dry.Digest || w.Builds() != 1 || !full.Did("manifest kept") {
		t.Errorf("the cut gives %s after %d builds, the dry run promised %s", full.Digest, w.Builds(), dry.Digest)
	}
}

func TestARefusingGateLeavesNothingVisible(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.Turn("fail-gate", "the tool does not start\n")
	_, err := w.Cut()
	refused := cuttest.As[*project.RefusedError](t, err)
	if len(refused.Verdicts) != 1 || refused.Verdicts[0].Gate != "smoke" || !strings.Contains(err.Error(), "the tool does not start") {
		t.Error(err)
	}
	w.Invisible()
	if staged, err := os.ReadDir(filepath.Join(w.Store, ".staging")); err != nil || len(staged) != 1 {
		t.Errorf("staged for the next try: %v, %v", staged, err)
	}
	w.TurnBack("fail-gate")
	if again := w.MustCut(); !again.Resumed || !again.Did("build kept") || w.Builds() != 1 {
		t.Errorf("%d builds, told %v", w.Builds(), again.Told)
	}
}

func TestARefusingPlannedGateReservesNothing(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.MustCut()
	w.Commit("feat: not for this line")
	w.Push()
	_, err := w.Cut()
	if refused := cuttest.As[*project.RefusedError](t, err); !strings.Contains(refused.Hint(), "relctl waive lts-2.4") {
		t.Errorf("%v\n%s", err, refused.Hint())
	}
	if strings.Count(w.Events(), "-reserve.json") != 1 || w.Builds() != 1 {
		t.Errorf("%d builds, ledger:\n%s", w.Builds(), w.Events())
	}
}
