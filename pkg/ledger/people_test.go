package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

func hold(reason string) *ledger.Event {
	return &ledger.Event{Type: ledger.TypeHold, Channel: "rolling", Reason: reason, Hold: &ledger.Hold{Ring: "canary"}}
}

func TestAnEventThatItsRoleWouldNotCountIsNotRecorded(t *testing.T) {
	gittest.Program(t, "ssh-keygen")
	r := begun(t)
	_, l := open(t, r)
	oncall, stranger := gittest.SSHKey(t, "oncall"), gittest.SSHKey(t, "stranger")
	opts := ledger.AppendOptions{Roles: map[string]git.Keyring{ledger.RoleDeploy: keyring(t, map[string]gittest.Key{"oncall": oncall})}}
	release1(t, l, false)
	before := stateOf(t, l).Next

	r.SignWith(stranger)
	_, err := l.Append(t.Context(), func(*ledger.State) (*ledger.Event, error) { return hold("no"), nil }, opts)
	var refused *ledger.SignerError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "none of role deploy") || !strings.Contains(refused.Hint(), "roles: deploy") {
		t.Errorf("%v", err)
	}
	if s := stateOf(t, l); s.Next != before {
		t.Error("it is recorded")
	}
	r.SignWith(oncall)
	if rec, err := l.Append(t.Context(), func(*ledger.State) (*ledger.Event, error) { return hold("yes"), nil }, opts); err != nil || rec.Number != before {
		t.Errorf("%+v, %v", rec, err)
	}
	// An event of no role needs no key.
	if _, err := l.Append(t.Context(), func(*ledger.State) (*ledger.Event, error) {
		return &ledger.Event{Type: ledger.TypeAdopt, Channel: "lts-2.4", Adopt: &ledger.Adopt{Releases: []ledger.Adopted{}}}, nil
	}, opts); err != nil {
		t.Error(err)
	}
}

func TestWhoHoldsTheRoleVouchesForWhatWasDoneBefore(t *testing.T) {
	gittest.Program(t, "ssh-keygen")
	r := begun(t)
	_, l := open(t, r)
	oncall := gittest.SSHKey(t, "oncall")
	keys := keyring(t, map[string]gittest.Key{"oncall": oncall})
	roles := map[string]git.Keyring{ledger.RoleDeploy: keys}
	trust := ledger.Trust{Signed: true, Keys: keys}
	release1(t, l, false)
	unsigned := add(t, l, false, hold("before the role was there"))

	lacking := func(want string) {
		t.Helper()
		list, err := l.Unendorsed(t.Context(), stateOf(t, l), 0, 99, trust)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, rec := range list {
			got = append(got, fmt.Sprintf("%s %d", rec.Type, rec.Number))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s lack a signature, want %s", strings.Join(got, ", "), want)
		}
	}
	lacking("promote 4, hold 5")
	vouch := &ledger.Event{Type: ledger.TypeEndorse, Reason: "compared with the cells", Endorse: &ledger.Endorse{
		Events: []ledger.Endorsed{{Number: unsigned.Number, Commit: unsigned.Commit}},
	}}
	if got := vouch.Brief(); got != "event 5" {
		t.Error(got)
	}
	add(t, l, false, vouch) // by nobody: it counts for nothing
	lacking("promote 4, hold 5")
	r.SignWith(oncall)
	add(t, l, true, vouch)
	lacking("promote 4")
	if got := findings(t, l, roles); !strings.Contains(got, "endorsed 5") {
		t.Errorf("verify finds %s", got)
	}
	add(t, l, true, &ledger.Event{Type: ledger.TypeResume, Channel: "rolling", Resume: &ledger.Resume{Ring: "canary"}})
	lacking("promote 4")
}

func TestOnlySignedWaiversAndStatementsCountWhereThatIsDemanded(t *testing.T) {
	gittest.Program(t, "ssh-keygen")
	r := begun(t)
	_, l := open(t, r)
	lead := gittest.SSHKey(t, "lead")
	trust := ledger.Trust{Signed: true, Keys: keyring(t, map[string]gittest.Key{"lead": lead})}
	release1(t, l, false)
	change := strings.Repeat("c", 40)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	waive := &ledger.Event{Type: ledger.TypeWaive, Channel: "rolling", Reason: "unsigned", Waive: &ledger.Waive{Change: change, Expires: now.Add(time.Hour)}}
	withdraw := &ledger.Event{Type: ledger.TypeWithdraw, Channel: "rolling", Reason: "unsigned", Withdraw: &ledger.Withdraw{Version: release.MustVersion("1.0.0")}}
	floor := &ledger.Event{Type: ledger.TypeFloor, Channel: "rolling", Reason: "leaks", Floor: &ledger.Floor{Version: release.MustVersion("1.0.0")}}
	add(t, l, false, waive)
	add(t, l, false, withdraw)

	expect := func(waived, withdrawn string, passed int) {
		t.Helper()
		s := stateOf(t, l)
		w, err := l.Waivers(t.Context(), s, now, trust)
		if err != nil {
			t.Fatal(err)
		}
		if _, reason, ok := w.Change("rolling", change); ok != (waived != "") || reason != waived {
			t.Errorf("waived: %q, %v", reason, ok)
		}
		if _, _, ok := w.Change("rolling", ""); ok {
			t.Error("no change is waived")
		}
		told, err := l.Told(t.Context(), s.Channels["rolling"], trust)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if one := told.Withdrawal(release.MustVersion("1.0.0")); one != nil {
			got = one.Reason
		}
		if got != withdrawn || len(told.Passed) != passed {
			t.Errorf("withdrawn %q, %d passed over", got, len(told.Passed))
		}
	}
	expect("", "", 1)
	r.SignWith(lead)
	waive.Reason, withdraw.Reason = "signed", "signed"
	add(t, l, true, waive)
	add(t, l, true, withdraw)
	add(t, l, true, floor)
	expect("signed", "signed", 1)
	withdraw.Reason = "in better words"
	add(t, l, true, withdraw)
	expect("signed", "in better words", 1)
	w, err := l.Waivers(t.Context(), stateOf(t, l), now.Add(2*time.Hour), trust)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, ok := w.Change("rolling", change); ok {
		t.Error("a waiver outlives its date")
	}
}

func TestTrustIsReadBackFromTheEventsThatBroughtIt(t *testing.T) {
	r := begun(t)
	_, l := open(t, r)
	set := func(request uint64, files ...ledger.TrustFile) *ledger.Event {
		return &ledger.Event{Type: ledger.TypeTrust, Trust: &ledger.TrustSet{Request: request, Files: files}}
	}
	file := func(role string, version uint64) ledger.TrustFile {
		return ledger.NewTrustFile(role, version, fmt.Appendf(nil, "%s %d", role, version))
	}
	first := set(0, file("root", 1), file("lts-2.4-status", 2))
	first.Trust.Standings = []ledger.TrustStanding{ledger.NewTrustStanding("lts-2.4", []byte("all is well"))}
	add(t, l, false, first)
	ask := set(0, file("root", 2))
	ask.Type = ledger.TypeTrustRequest
	asked := add(t, l, false, ask)

	s := stateOf(t, l)
	if rec, err := l.TrustRequested(t.Context(), s, asked.Number); err != nil || rec.Trust.Files[0].Metadata != "root 2" {
		t.Errorf("%+v, %v", rec, err)
	}
	if _, err := l.TrustRequested(t.Context(), s, 2); err == nil || !strings.Contains(err.Error(), "is no trust-request") {
		t.Errorf("%v", err)
	}
	ended := add(t, l, false, set(asked.Number, file("root", 2)))
	if got := ended.Brief(); got != "root 2 (request 3)" {
		t.Error(got)
	}
	files, standings, err := l.TrustFiles(t.Context(), stateOf(t, l))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		got = append(got, f.Metadata)
	}
	if strings.Join(got, ", ") != "root 1, lts-2.4-status 2, root 2" || len(standings) != 1 || standings[0].Standing != "all is well" {
		t.Errorf("%v, %+v", got, standings)
	}
}

func TestVerifyHoldsTagsAgainstWhatWasRecorded(t *testing.T) {
	r := begun(t)
	repo, l := open(t, r)
	var adopted []ledger.Adopted
	for _, v := range []string{"2.4.0", "2.4.1", "2.4.2"} {
		r.Tag("v" + v)
		tag, err := repo.Tag(t.Context(), "v"+v)
		if err != nil {
			t.Fatal(err)
		}
		adopted = append(adopted, ledger.Adopted{Version: release.MustVersion(v), Tag: "v" + v, Commit: tag.Commit, TagObject: tag.Object})
	}
	rec := add(t, l, false, &ledger.Event{Type: ledger.TypeAdopt, Channel: "lts-2.4", Adopt: &ledger.Adopt{Releases: adopted}})
	if got := rec.Brief(); got != "3 releases from before, up to 2.4.2" {
		t.Error(got)
	}
	if got := findings(t, l, nil); got != "" {
		t.Errorf("verify finds %s", got)
	}
	r.Git("tag", "-d", "v2.4.0")
	r.Git("tag", "-f", "-m", "moved", "v2.4.1")
	if got, want := findings(t, l, nil), "tag-missing 2, tag-moved 2"; got != want {
		t.Errorf("verify finds %q, want %q", got, want)
	}
}
