package ledger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

// add appends an event, signed or not.
func add(t testing.TB, l *ledger.Ledger, sign bool, e *ledger.Event) *ledger.Recorded {
	t.Helper()
	rec, err := l.Append(t.Context(), func(*ledger.State) (*ledger.Event, error) { return e, nil }, ledger.AppendOptions{Sign: sign})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// stateOf folds the ledger.
func stateOf(t testing.TB, l *ledger.Ledger) *ledger.State {
	t.Helper()
	s, err := l.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// release1 cuts 1.0.0 of channel rolling and points ring canary to it.
func release1(t testing.TB, l *ledger.Ledger, sign bool) {
	t.Helper()
	v := release.MustVersion("1.0.0")
	in := release.Inputs{Product: "acme", Channel: "rolling", Kind: release.Rolling, Commit: strings.Repeat("a", 40), Version: v, Pins: []release.Pin{}}
	plan := release.Plan{Schema: release.PlanSchema, Inputs: in, Digest: in.Digest()}
	reserved := add(t, l, false, &ledger.Event{Type: ledger.TypeReserve, Channel: "rolling", Reserve: &ledger.Reserve{Plan: plan, Sequence: 1}})
	add(t, l, false, &ledger.Event{Type: ledger.TypeCut, Channel: "rolling", Cut: &ledger.Cut{
		Plan: plan.Digest, Version: v, Sequence: 1, Commit: in.Commit, Reserve: reserved.Commit, Release: "sha256:" + strings.Repeat("e", 64),
	}})
	add(t, l, sign, &ledger.Event{Type: ledger.TypePromote, Channel: "rolling", Promote: &ledger.Promote{Version: v, Ring: "canary", Rings: []string{"canary"}}})
}

// healthy is what a cell saw of 1.0.0 in the minute before now.
func healthy(cell string, now time.Time) *ledger.Event {
	return &ledger.Event{Type: ledger.TypeObserve, Channel: "rolling", Observe: &ledger.Observe{
		Kind: ledger.ObserveHealth, Cell: cell, Ring: "canary", Version: release.MustVersion("1.0.0"), Status: release.Pass,
		From: now.Add(-time.Minute).UTC(), To: now.UTC(),
	}}
}

func checked(name string, status release.Status) *ledger.Event {
	return &ledger.Event{Type: ledger.TypeObserve, Observe: &ledger.Observe{Kind: ledger.ObserveCheck, Commit: strings.Repeat("a", 40), Check: name, Status: status}}
}

// keyring holds the keys of some people or machines by their names.
func keyring(t testing.TB, keys map[string]gittest.Key) git.Keyring {
	t.Helper()
	var signers []git.Signer
	for name, k := range keys {
		signers = append(signers, git.Signer{Name: name, SSH: k.Public})
	}
	ring, err := git.ParseSigners(signers)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func TestACellSpeaksForItselfOnly(t *testing.T) {
	t.Parallel()
	gittest.Program(t, "ssh-keygen")
	r := begun(t)
	_, l := open(t, r)
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	l.SetClock(func() time.Time { return now })
	eu1, us1, ci := gittest.SSHKey(t, "eu-1"), gittest.SSHKey(t, "us-1"), gittest.SSHKey(t, "ci")
	cells := keyring(t, map[string]gittest.Key{"eu-1": eu1, "us-1": us1})
	release1(t, l, false)
	add(t, l, false, healthy("eu-1", now))
	r.SignWith(eu1)
	counts := add(t, l, true, healthy("eu-1", now))
	add(t, l, true, healthy("us-1", now))
	r.SignWith(ci)
	add(t, l, true, healthy("eu-1", now))

	s := stateOf(t, l)
	got, err := l.Observed(t.Context(), s.Channels["rolling"], cells, nil)
	if err != nil || len(got) != 1 || got[0].Event != counts.Number || !got[0].Time.Equal(now) {
		t.Errorf("%+v, %v; want event %d alone", got, err, counts.Number)
	}
	if got, err := l.Observed(t.Context(), s.Channels["rolling"], cells, func(o ledger.Observation) bool { return o.Cell == "us-1" }); err != nil || len(got) != 0 {
		t.Errorf("asked for us-1 alone: %+v, %v", got, err)
	}
	if got, err := l.Observed(t.Context(), s.Channels["rolling"], git.Keyring{}, nil); err != nil || len(got) != 0 {
		t.Errorf("without keys %+v count, %v", got, err)
	}

	for name, c := range map[string]struct {
		roles map[string]git.Keyring
		want  string
	}{
		"with the cells' keys": {map[string]git.Keyring{ledger.RoleCells: cells}, "unsigned 5, untrusted 7, untrusted 8"},
		"without any":          {nil, "unsigned 5, untrusted 6, untrusted 7, untrusted 8"},
	} {
		if got := findings(t, l, c.roles); got != c.want {
			t.Errorf("%s verify finds %q, want %q", name, got, c.want)
		}
	}
}

func TestTheNewestCheckThatCountsDecides(t *testing.T) {
	t.Parallel()
	gittest.Program(t, "ssh-keygen")
	r := begun(t)
	_, l := open(t, r)
	ci := gittest.SSHKey(t, "ci")
	trust := ledger.Trust{Signed: true, Keys: keyring(t, map[string]gittest.Key{"ci": ci})}
	expect := func(trust ledger.Trust, want string) {
		t.Helper()
		got, err := l.Checks(stateOf(t, l), trust).Of(t.Context(), strings.Repeat("a", 40))
		if err != nil {
			t.Fatal(err)
		}
		if text := fmt.Sprintf("test %s by %q, lint %s", got["test"].Status, got["test"].Signer, got["lint"].Status); text != want {
			t.Errorf("%s, want %s", text, want)
		}
	}
	expect(trust, `test  by "", lint `)
	r.SignWith(ci)
	add(t, l, true, checked("test", release.Fail))
	add(t, l, true, checked("lint", release.Fail))
	add(t, l, true, checked("test", release.Pass))
	expect(trust, `test pass by "ci", lint fail`)
	r.SignWith(gittest.SSHKey(t, "stranger"))
	add(t, l, true, checked("lint", release.Pass))
	expect(trust, `test pass by "ci", lint fail`)
	expect(ledger.Trust{}, `test pass by "", lint pass`)
	if got, err := l.Checks(stateOf(t, l), trust).Of(t.Context(), strings.Repeat("b", 40)); err != nil || len(got) != 0 {
		t.Errorf("another commit: %v, %v", got, err)
	}
}

func TestWhereTheDeployRoleIsThereItsEventsNeedItsSignature(t *testing.T) {
	t.Parallel()
	gittest.Program(t, "ssh-keygen")
	r := begun(t)
	_, l := open(t, r)
	ops := gittest.SSHKey(t, "ops")
	trust := ledger.Trust{Signed: true, Keys: keyring(t, map[string]gittest.Key{"ops": ops})}
	expect := func(trust ledger.Trust, want uint64) {
		t.Helper()
		if got, err := l.Unsigned(t.Context(), stateOf(t, l), "rolling", trust); err != nil || got != want {
			t.Errorf("event %d, %v; want %d", got, err, want)
		}
	}
	expect(trust, 0)
	release1(t, l, false)
	expect(trust, 4)
	expect(ledger.Trust{}, 0)

	r = begun(t)
	_, l = open(t, r)
	r.SignWith(ops)
	release1(t, l, true)
	expect(trust, 0)
	hold := &ledger.Event{Type: ledger.TypeHold, Channel: "rolling", Reason: "why", Hold: &ledger.Hold{Ring: "canary"}}
	add(t, l, true, hold)
	expect(trust, 0)
	r.SignWith(gittest.SSHKey(t, "stranger"))
	add(t, l, true, &ledger.Event{Type: ledger.TypeResume, Channel: "rolling", Resume: &ledger.Resume{Ring: "canary"}})
	expect(trust, 6)
	r.SignWith(ops)
	add(t, l, true, hold)
	add(t, l, true, &ledger.Event{Type: ledger.TypeResume, Channel: "rolling", Resume: &ledger.Resume{Ring: "canary"}})
	expect(trust, 0)
	r.SignWith(gittest.SSHKey(t, "stranger"))
	add(t, l, true, &ledger.Event{Type: ledger.TypeReject, Channel: "rolling", Reason: "why", Reject: &ledger.Reject{Version: release.MustVersion("1.0.0")}})
	expect(trust, 9)
}

func TestVerifyNamesAFastLaneThatTooFewApproved(t *testing.T) {
	t.Parallel()
	gittest.Program(t, "ssh-keygen")
	ann, bob := gittest.SSHKey(t, "ann"), gittest.SSHKey(t, "bob")
	roles := map[string]git.Keyring{ledger.RoleEmergency: keyring(t, map[string]gittest.Key{"ann": ann, "bob": bob})}
	for name, c := range map[string]struct {
		second gittest.Key
		want   string
	}{
		"two people":        {bob, ""},
		"a stranger is one": {gittest.SSHKey(t, "stranger"), "untrusted 6, fast-lane 7"},
	} {
		r := begun(t)
		_, l := open(t, r)
		release1(t, l, false)
		rel := stateOf(t, l).Channels["rolling"].Releases[0]
		for i, who := range []gittest.Key{ann, c.second} {
			r.SignWith(who)
			r.Git("config", "user.name", fmt.Sprintf("Person %d", i))
			add(t, l, true, &ledger.Event{Type: ledger.TypeApprove, Channel: "rolling", Approve: &ledger.Approve{
				Gate: ledger.GateFastLane, Role: ledger.RoleEmergency, Commit: rel.Commit, Build: rel.Build,
			}})
		}
		add(t, l, false, &ledger.Event{Type: ledger.TypePromote, Channel: "rolling", Reason: "CVE", Promote: &ledger.Promote{
			Version: rel.Version, Ring: "next", Rings: []string{"canary", "next"}, FastLane: true, Approvals: []uint64{5, 6},
		}})
		if got := findings(t, l, roles); got != c.want {
			t.Errorf("%s: verify finds %q, want %q", name, got, c.want)
		}
	}
}

// findings are what verify finds, as "code event".
func findings(t testing.TB, l *ledger.Ledger, roles map[string]git.Keyring) string {
	t.Helper()
	rep, err := l.Verify(t.Context(), ledger.VerifyOptions{Roles: roles})
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, f := range rep.Findings {
		codes = append(codes, fmt.Sprintf("%s %d", f.Code, f.Event))
	}
	return strings.Join(codes, ", ")
}

func TestAPreconditionIsHeldAgainstWhatAConcurrentRunLeft(t *testing.T) {
	t.Parallel()
	r := begun(t)
	_, l := open(t, r)
	release1(t, l, false)
	_, other := open(t, r.Clone())
	hold := func() *ledger.Event {
		return &ledger.Event{Type: ledger.TypeHold, Channel: "rolling", Reason: "why", Hold: &ledger.Hold{}}
	}
	tries := 0
	_, err := l.Append(t.Context(), func(s *ledger.State) (*ledger.Event, error) {
		if tries++; tries == 1 {
			add(t, other, false, hold())
		} else if s.Channels["rolling"].Held == nil {
			t.Error("the second try does not see the other's event")
		}
		return hold(), nil
	}, ledger.AppendOptions{})
	if err == nil || !strings.Contains(err.Error(), "held by event 5 already") || tries != 2 {
		t.Errorf("after %d tries: %v", tries, err)
	}
}

// observations are n in a ledger.
func observations(b *testing.B, n int) {
	b.Helper()
	r := begun(b)
	_, l := open(b, r)
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	l.SetClock(func() time.Time { return now })
	release1(b, l, false)
	for range n {
		now = now.Add(5 * time.Minute)
		add(b, l, false, healthy("eu-1", now))
	}
}

func BenchmarkObservedVerifiesASignature(b *testing.B) {
	r := begun(b)
	_, l := open(b, r)
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	l.SetClock(func() time.Time { return now })
	release1(b, l, false)
	key := gittest.SSHKey(b, "eu-1")
	r.SignWith(key)
	add(b, l, true, healthy("eu-1", now))
	c, keys := stateOf(b, l).Channels["rolling"], keyring(b, map[string]gittest.Key{"eu-1": key})
	for b.Loop() {
		if got, err := l.Observed(b.Context(), c, keys, nil); err != nil || len(got) != 1 {
			b.Fatal(got, err)
		}
	}
}

func BenchmarkAppend1000Observations(b *testing.B) {
	for b.Loop() {
		observations(b, 1000)
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/1000, "ms/append")
}
