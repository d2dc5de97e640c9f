package cut_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/sign"
)

func TestACutFromPlanToStore(t *testing.T) {
	t.Parallel()
	w := begin(t)
	planned := w.plan()
	r := w.mustCut(pinned(planned.Digest))

	want := "plan reserve build attest documents manifest sign stage gates commit bundle reveal"
	var stages []string
	for _, told := range r.told {
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

	raw, err := os.ReadFile(filepath.Join(w.released("2.4.0"), release.ManifestName))
	w.do(err)
	if release.Digest(raw) != r.Digest {
		t.Error("the store has another release.json than the result names")
	}
	m, err := release.DecodeManifest(raw)
	w.do(err)
	if m.Plan != planned.Digest || m.Commit != w.Head() || m.Sequence != 1 || m.Tag != "v2.4.0" || m.Previous != nil {
		t.Errorf("%+v", m)
	}
	if data, err := os.ReadFile(filepath.Join(w.released("2.4.0"), "artifacts", "tool.txt")); string(data) != "tool 2.4.0\n" {
		t.Errorf("the artifact holds %q, %v", data, err)
	}
	envelope, err := os.ReadFile(filepath.Join(w.released("2.4.0"), sign.EnvelopeName(key(t, firstKey).ID())))
	w.do(err)
	w.do(sign.Verify(key(t, firstKey).Public(), raw, envelope))
	here, err := os.ReadFile(r.Bundle)
	w.do(err)
	if there, err := os.ReadFile(filepath.Join(w.released("2.4.0"), "acme-2.4.0.bundle")); err != nil || !bytes.Equal(here, there) {
		t.Errorf("the store's bundle is another one, %v", err)
	}
	if left, err := os.ReadDir(filepath.Join(w.store, ".staging")); err != nil || len(left) > 0 {
		t.Errorf("staging holds %v, %v", left, err)
	}

	message, err := ledger.ParseTagMessage(w.InRemote("cat-file", "tag", "refs/tags/v2.4.0"))
	w.do(err)
	if message.Release != r.Digest || message.Reserve != w.InRemote("rev-parse", ledger.Ref+"~1") {
		t.Errorf("the tag says %+v", message)
	}
	p := w.project()
	report, err := p.Ledger.Verify(t.Context(), ledger.VerifyOptions{})
	if err != nil || len(report.Findings) > 0 {
		t.Errorf("%+v, %v", report, err)
	}
	if got := p.State.Channels["lts-2.4"]; got.Open != nil || len(got.Releases) != 1 || got.Releases[0].Release != r.Digest {
		t.Errorf("the ledger has %+v", got)
	}
	w.do(p.CheckPushed(t.Context(), w.line(p))) // what a cut leaves is no change of the working tree
}

func TestWhatIsReleasedIsNotCutAgain(t *testing.T) {
	t.Parallel()
	w := begin(t)
	first := w.mustCut()
	_, err := w.cut()
	if empty := as[*plan.EmptyError](t, err); empty.Previous.String() != "2.4.0" {
		t.Error(err)
	}
	again := w.mustCut(pinned(first.Plan.Digest))
	if !again.Released || again.Digest != first.Digest || again.Bundle != first.Bundle || again.Manifest.Version.String() != "2.4.0" || len(again.Stores) != 1 {
		t.Errorf("%+v", again.Result)
	}
	elsewhere := w.elsewhere().mustCut(pinned(first.Plan.Digest))
	if !elsewhere.Released || elsewhere.Digest != first.Digest || elsewhere.Bundle != "" {
		t.Errorf("in another clone: %+v", elsewhere.Result)
	}
	if w.builds() != 1 || strings.Count(w.events(), "-reserve.json") != 1 {
		t.Errorf("%d builds, ledger:\n%s", w.builds(), w.events())
	}
}

func TestTheNextReleaseNamesTheOneBefore(t *testing.T) {
	t.Parallel()
	w := begin(t)
	first := w.mustCut()
	w.Commit("fix: two")
	w.Push()
	second := w.mustCut()
	before := second.Manifest.Previous
	if second.Manifest.Sequence != 2 || before == nil || before.Release != first.Digest || before.Commit != first.Manifest.Commit {
		t.Errorf("sequence %d after %+v", second.Manifest.Sequence, before)
	}
}

func TestADryRunActsNowhere(t *testing.T) {
	t.Parallel()
	w := begin(t)
	dry := w.mustCut(with(), func(o *cut.Options) { o.DryRun = true })
	if !dry.DryRun || dry.Bundle != "" || dry.Manifest.Sequence != 1 {
		t.Errorf("%+v", dry.Result)
	}
	w.invisible()
	if events := w.events(); events != "" {
		t.Errorf("the ledger tells of %s", events)
	}
	if _, err := os.Stat(w.store); !os.IsNotExist(err) {
		t.Errorf("the store was touched: %v", err)
	}
	full := w.mustCut()
	if full.Digest != dry.Digest || w.builds() != 1 || !full.did("manifest kept") {
		t.Errorf("the cut gives %s after %d builds, the dry run promised %s", full.Digest, w.builds(), dry.Digest)
	}
}

func TestARefusingGateLeavesNothingVisible(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.turn("fail-gate", "the tool does not start\n")
	_, err := w.cut()
	refused := as[*cut.RefusedError](t, err)
	if len(refused.Verdicts) != 1 || refused.Verdicts[0].Gate != "smoke" || !strings.Contains(err.Error(), "the tool does not start") {
		t.Error(err)
	}
	w.invisible()
	if staged, err := os.ReadDir(filepath.Join(w.store, ".staging")); err != nil || len(staged) != 1 {
		t.Errorf("staged for the next try: %v, %v", staged, err)
	}
	w.turnBack("fail-gate")
	if again := w.mustCut(); !again.Resumed || !again.did("build kept") || w.builds() != 1 {
		t.Errorf("%d builds, told %v", w.builds(), again.told)
	}
}

func TestARefusingPlannedGateReservesNothing(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.mustCut()
	w.Commit("feat: not for this line")
	w.Push()
	_, err := w.cut()
	if refused := as[*cut.RefusedError](t, err); !strings.Contains(refused.Hint(), "relctl waive lts-2.4") {
		t.Errorf("%v\n%s", err, refused.Hint())
	}
	if strings.Count(w.events(), "-reserve.json") != 1 || w.builds() != 1 {
		t.Errorf("%d builds, ledger:\n%s", w.builds(), w.events())
	}
}
