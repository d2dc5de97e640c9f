package gate_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/release"
)

func answer(s release.Status) gate.Func {
	return func(context.Context, gate.Subject) release.Verdict {
		return release.Verdict{Status: s, Reason: "because"}
	}
}

func TestBuiltGatesArePendingInAPlanAndPlannedOnesAreNotAskedTwice(t *testing.T) {
	entries := []gate.Entry{
		{Name: "qa", Moment: release.Planned, Gate: answer(release.Pass)},
		{Name: "e2e", Moment: release.Built, Gate: answer(release.Fail)},
	}
	planned := gate.Evaluate(t.Context(), entries, release.Planned, gate.Subject{}, nil)
	want := []release.Verdict{
		{Gate: "qa", Moment: release.Planned, Status: release.Pass, Reason: "because"},
		{Gate: "e2e", Moment: release.Built, Status: release.Pending, Reason: "asked on the built files"},
	}
	if d := cmp.Diff(want, planned); d != "" {
		t.Error(d)
	}
	built := gate.Evaluate(t.Context(), entries, release.Built, gate.Subject{}, nil)
	want = []release.Verdict{{Gate: "e2e", Moment: release.Built, Status: release.Fail, Reason: "because"}}
	if d := cmp.Diff(want, built); d != "" {
		t.Error(d)
	}
}

func TestOnlyPassWaivedNotEvaluatedAndPendingLetARelaseThrough(t *testing.T) {
	for status, blocks := range map[release.Status]bool{
		release.Pass: false, release.Waived: false, release.NotEvaluated: false, release.Pending: false,
		release.Fail: true, release.NoData: true, release.Errored: true, "": true, "nonsense": true,
	} {
		v := gate.Evaluate(t.Context(), []gate.Entry{{Name: "g", Moment: release.Planned, Gate: answer(status)}}, release.Planned, gate.Subject{}, nil)
		if v[0].Blocks() != blocks {
			t.Errorf("status %q blocks = %v", status, v[0].Blocks())
		}
	}
}

func TestAWaiverNeverBecomesAPassAndNeverHidesOne(t *testing.T) {
	waiver := func(string) (uint64, string, bool) { return 7, "rack is down", true }
	ask := func(s release.Status) release.Verdict {
		return gate.Evaluate(t.Context(), []gate.Entry{{Name: "g", Moment: release.Planned, Gate: answer(s)}}, release.Planned, gate.Subject{}, waiver)[0]
	}
	got := ask(release.Fail)
	want := release.Verdict{Gate: "g", Moment: release.Planned, Status: release.Waived, Waiver: 7, Reason: "rack is down (was fail: because)"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := ask(release.Pass); got.Status != release.Pass || got.Waiver != 0 {
		t.Errorf("a pass became %+v", got)
	}
}

// script returns a command gate that runs sh in an empty folder.
func script(t *testing.T, text string) gate.Command {
	t.Helper()
	dir := t.TempDir()
	return gate.Command{Argv: []string{"sh", "-c", text}, Timeout: 30 * time.Second, Dir: func(context.Context) (string, error) { return dir, nil }}
}

func TestCommandExitCodesBecomeVerdicts(t *testing.T) {
	for text, want := range map[string]release.Verdict{
		"echo one; echo all 12 checks hold": {Status: release.Pass, Reason: "all 12 checks hold"},
		"true":                              {Status: release.Pass, Reason: "the command ended with exit code 0"},
		"echo no rack >&2; exit 75":         {Status: release.NoData, Reason: "no rack"},
		"exit 3":                            {Status: release.Fail, Reason: "sh ended with exit code 3"},
		`printf 'a\033[31mb\r'; exit 1`:     {Status: release.Fail, Reason: "a[31mb"},
	} {
		got := release.WithoutRecords([]release.Verdict{script(t, text).Evaluate(t.Context(), gate.Subject{})})
		if d := cmp.Diff(want, got[0]); d != "" {
			t.Errorf("%s: %s", text, d)
		}
	}
	killed := script(t, "kill -9 $$").Evaluate(t.Context(), gate.Subject{})
	if killed.Status != release.Errored {
		t.Errorf("a killed command gives %+v, want an error", killed)
	}
}

func TestCommandThatCannotStartOrEndIsAnErrorNotAFail(t *testing.T) {
	missing := gate.Command{Argv: []string{"./no-such-script"}, Dir: func(context.Context) (string, error) { return t.TempDir(), nil }}
	if v := missing.Evaluate(t.Context(), gate.Subject{}); v.Status != release.Errored || !strings.Contains(v.Reason, "no-such-script") {
		t.Errorf("a missing script gives %+v", v)
	}
	slow := script(t, "sleep 600 & sleep 600")
	slow.Timeout = 50 * time.Millisecond
	if v := slow.Evaluate(t.Context(), gate.Subject{}); v.Status != release.Errored || !strings.Contains(v.Reason, "did not end within") {
		t.Errorf("a slow script gives %+v", v)
	}
	broken := gate.Command{Argv: []string{"true"}, Dir: func(context.Context) (string, error) { return "", fmt.Errorf("disk full") }}
	if v := broken.Evaluate(t.Context(), gate.Subject{}); v.Status != release.Errored || !strings.Contains(v.Reason, "disk full") {
		t.Errorf("an unreadable policy gives %+v", v)
	}
}

func TestCommandSeesOnlyAScrubbedEnvironment(t *testing.T) {
	t.Setenv("COSIGN_PASSWORD", "secret")
	t.Setenv("GIT_DIR", "/elsewhere")
	out := filepath.Join(t.TempDir(), "env")
	in := release.Inputs{Product: "acme", Channel: "lts-2.4", Version: release.MustVersion("2.4.7"), Commit: "abc"}
	script(t, "env > "+out).Evaluate(t.Context(), gate.Subject{Inputs: in, Dir: "/files"})
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, leak := range []string{"COSIGN_PASSWORD", "GIT_DIR", "secret"} {
		if strings.Contains(string(data), leak) {
			t.Errorf("%s leaked into the gate's environment:\n%s", leak, data)
		}
	}
	for _, want := range []string{"RELCTL_PRODUCT=acme", "RELCTL_CHANNEL=lts-2.4", "RELCTL_VERSION=2.4.7", "RELCTL_COMMIT=abc", "RELCTL_RELEASE_DIR=/files", "TZ=UTC"} {
		if !strings.Contains(string(data), want+"\n") {
			t.Errorf("%s is missing in:\n%s", want, data)
		}
	}
}

func ExampleEvaluate() {
	entries := []gate.Entry{{Name: "freeze", Moment: release.Planned, Gate: gate.Func(func(_ context.Context, s gate.Subject) release.Verdict {
		return release.Verdict{Status: release.Fail, Reason: s.Inputs.Channel + " is frozen"}
	})}}
	for _, v := range gate.Evaluate(context.Background(), entries, release.Planned, gate.Subject{Inputs: release.Inputs{Channel: "lts-2.4"}}, nil) {
		fmt.Println(v.Gate, v.Status, v.Reason, v.Blocks())
	}
	// Output: freeze fail lts-2.4 is frozen true
}
