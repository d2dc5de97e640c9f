package gate_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/release"
)

// subject is what the tests ask gates about.
var subject = gate.Subject{Inputs: release.Inputs{Product: "acme", Channel: "rolling", Version: release.MustVersion("2026.103.1"), Commit: strings.Repeat("c", 40)}}

// ask returns a gate's verdict, after it has held it against that of the record as it was read again from its JSON.
func ask(t *testing.T, o gate.Observer) release.Verdict {
	t.Helper()
	var kept gate.Record
	v := gate.Recorded(o, func(r *gate.Record) { kept = *r }).Evaluate(t.Context(), subject)
	data := v.Record
	v.Record = nil
	again, replayed, err := gate.Replay(data)
	if err != nil {
		t.Fatalf("the record cannot be read again: %v\n%s", err, data)
	}
	if d := cmp.Diff(v, replayed); d != "" {
		t.Errorf("replay gives another verdict (-asked +replayed):\n%s\n%s", d, data)
	}
	if d := cmp.Diff(kept, again); d != "" {
		t.Errorf("the record is not what it was:\n%s", d)
	}
	return v
}

// expect checks a verdict's status, and a part of its reason.
func expect(t *testing.T, v release.Verdict, status release.Status, reason string) {
	t.Helper()
	if v.Status != status || !strings.Contains(v.Reason, reason) {
		t.Errorf("verdict is %s: %s\nwant %s: …%s…", v.Status, v.Reason, status, reason)
	}
}

// at reads a moment.
func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// program returns the path of a program that a test needs.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing", name)
	}
	t.Skipf("%s is missing (Debian's package prometheus has it)", name)
	return ""
}
