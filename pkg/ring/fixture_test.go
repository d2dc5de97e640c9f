package ring_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
)

var (
	begin  = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	commit = strings.Repeat("a", 40)
	digest = "sha256:" + strings.Repeat("e", 64)
)

// policy has three rings; the last has a soak, too.
func policy() ring.Policy {
	return ring.Policy{Channel: "rolling", Rings: []ring.Ring{
		{Name: "dogfood", Cells: []string{"internal"}},
		{Name: "canary", Cells: []string{"eu-1"}, Soak: 2 * time.Hour, Gates: []string{"errors"}},
		{Name: "all", Cells: []string{"eu-2", "us-1"}, Soak: 24 * time.Hour},
	}}
}

// service is a rolling channel with a ledger in memory.
type service struct {
	t testing.TB
	ring.Model
	// log are the events so far.
	log []ledger.Recorded
}

func newService(t testing.TB, p ring.Policy) *service {
	s := &service{t: t, Model: ring.Model{Policy: p, State: ledger.NewState(), Now: begin, Verdicts: map[ring.Question][]release.Verdict{}}}
	s.must(&ledger.Event{Type: ledger.TypeGenesis, Genesis: &ledger.Genesis{DefaultBranch: "main"}})
	return s
}

// version returns what s stands for, zero for "".
func version(s string) release.Version {
	if s == "" {
		return release.Version{}
	}
	return release.MustVersion(s)
}

// tell appends an event now.
func (s *service) tell(e *ledger.Event) error {
	e.Schema, e.Number, e.Time, e.Actor = ledger.EventSchema, s.State.Next, s.Now, fmt.Sprintf("Person %d <p@acme.example>", s.State.Next)
	if e.Channel == "" && e.Type != ledger.TypeGenesis {
		e.Channel = s.Policy.Channel
	}
	rec := ledger.Recorded{Event: *e, Commit: fmt.Sprintf("%040x", e.Number)}
	err := s.State.Apply(rec)
	if err == nil {
		s.log = append(s.log, rec)
	}
	return err
}

func (s *service) must(e *ledger.Event) {
	s.t.Helper()
	if err := s.tell(e); err != nil {
		s.t.Fatal(err)
	}
}

// do appends what a command returned.
func (s *service) do(e *ledger.Event, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	s.must(e)
}

// cut releases a version.
func (s *service) cut(v string) {
	s.t.Helper()
	for _, e := range cutEvents(s.Policy.Channel, v, s.State.NextSequence(s.Policy.Channel)) {
		if e.Cut != nil {
			e.Cut.Reserve = s.State.Head
		}
		s.must(e)
	}
}

// cutEvents reserve and cut a release; the cut lacks its reservation.
func cutEvents(channel, v string, sequence uint64) []*ledger.Event {
	in := release.Inputs{
		Product: "acme", Channel: channel, Kind: release.Rolling, Branch: "refs/heads/main", Commit: commit,
		Version: version(v), Pins: []release.Pin{},
	}
	plan := release.Plan{Schema: release.PlanSchema, Inputs: in, Digest: in.Digest()}
	return []*ledger.Event{
		{Type: ledger.TypeReserve, Channel: channel, Reserve: &ledger.Reserve{Plan: plan, Sequence: sequence}},
		{Type: ledger.TypeCut, Channel: channel, Cut: &ledger.Cut{Plan: plan.Digest, Version: in.Version, Sequence: sequence, Commit: commit, Release: digest}},
	}
}

// runs returns what a ring runs by the ledger.
func (s *service) runs(name string) string {
	if ch := s.State.Channels[s.Policy.Channel]; ch != nil {
		return ch.Runs(name).String()
	}
	return ""
}

// see lets a cell of a ring see what the ring runs, for the time that ends now.
func (s *service) see(name, cell string, status release.Status, length time.Duration) {
	s.Observed = append(s.Observed, ledger.Observation{Observe: ledger.Observe{
		Kind: ledger.ObserveHealth, Cell: cell, Ring: name, Version: version(s.runs(name)), Status: status, From: s.Now.Add(-length), To: s.Now,
	}, Time: s.Now})
}

// pass lets time pass, in which all cells are healthy, and observed every ten minutes.
func (s *service) pass(d time.Duration) {
	for end := s.Now.Add(d); s.Now.Before(end); {
		step := min(10*time.Minute, end.Sub(s.Now))
		s.Now = s.Now.Add(step)
		for _, r := range s.Policy.Rings {
			if s.runs(r.Name) == "" {
				continue
			}
			for _, cell := range r.Cells {
				s.see(r.Name, cell, release.Pass, step)
			}
		}
	}
}

// answer lets a gate of a ring say something about what the ring runs.
func (s *service) answer(name, gate string, status release.Status, reason string) {
	q := ring.Question{Ring: name, Version: version(s.runs(name))}
	s.Verdicts[q] = []release.Verdict{{Gate: gate, Moment: release.Planned, Status: status, Reason: reason}}
}

// advance appends what automation does until there is nothing left, and returns it as "1.0.0>canary".
func (s *service) advance() []string {
	s.t.Helper()
	var out []string
	for e := s.Next(); e != nil; e = s.Next() {
		s.must(e)
		out = append(out, fmt.Sprintf("%s>%s", e.Promote.Version, e.Promote.Ring))
		if len(out) > 1000 {
			s.t.Fatalf("automation does not end: %q", out[:20])
		}
	}
	return out
}

// decision returns what happens next with a ring.
func (s *service) decision(name string) ring.Decision {
	s.t.Helper()
	all := s.Decide()
	i := slices.IndexFunc(all, func(d ring.Decision) bool { return d.Ring == name })
	if i < 0 {
		s.t.Fatalf("no decision about %s", name)
	}
	return all[i]
}

// expect holds a decision against an action and a part of its text.
func (s *service) expect(name string, action ring.Action, says string) {
	s.t.Helper()
	if d := s.decision(name); d.Action != action || !strings.Contains(d.String(), says) {
		s.t.Errorf("%s: %s %q, want %s that says %q", name, d.Action, d, action, says)
	}
}

// refused expects a refusal.
func refused(t *testing.T, says string) func(*ledger.Event, error) {
	return func(e *ledger.Event, err error) {
		t.Helper()
		var r *ring.Refusal
		if e != nil || !errors.As(err, &r) || !strings.Contains(r.Error(), says) {
			t.Errorf("%+v, %v; want a refusal that says %q", e, err, says)
		}
	}
}

// approve has two people approve a release for the fast lane.
func (s *service) approve(v string) *ring.FastLane {
	rel := s.State.Channels[s.Policy.Channel].Find(version(v))
	fast := &ring.FastLane{Reason: "CVE-2026-1", Approved: release.Verdict{Status: release.Pass}}
	for range ledger.FastLaneApprovals {
		fast.Approvals = append(fast.Approvals, s.State.Next)
		s.must(&ledger.Event{Type: ledger.TypeApprove, Approve: &ledger.Approve{
			Gate: ledger.GateFastLane, Role: ledger.RoleEmergency, Commit: rel.Commit, Build: rel.Build,
		}})
	}
	return fast
}
