package ring_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
)

func TestMain(m *testing.M) {
	gittest.Isolate()
	os.Exit(m.Run())
}

// errDied is a reconciler that was killed.
var errDied = errors.New("killed")

// site is a real ledger, worked on from two clones, and a deploy branch.
type site struct {
	t       *testing.T
	policy  ring.Policy
	keys    git.Keyring
	now     time.Time
	ledgers [2]*ledger.Ledger
	turn    int
	deploy  map[string]ring.Target
}

func newSite(t *testing.T) *site {
	gittest.Program(t, "ssh-keygen")
	r := gittest.New(t)
	r.Commit("feat: begin", "a", "1")
	r.Push()
	s := &site{t: t, now: begin, deploy: map[string]ring.Target{}}
	for i, clone := range []*gittest.Repo{r, r.Clone()} {
		clone.SignWith(gittest.SSHKey(t, "eu-1"))
		clone.Git("config", "commit.gpgSign", "false") // only what asks for it
		repo, err := git.Open(t.Context(), clone.Dir)
		if err != nil {
			t.Fatal(err)
		}
		s.ledgers[i] = ledger.New(repo, "origin")
		s.ledgers[i].SetClock(func() time.Time { return s.now })
	}
	var err error
	if s.keys, err = git.ParseSigners([]git.Signer{{Name: "eu-1", SSH: gittest.SSHKey(t, "eu-1").Public}}); err != nil {
		t.Fatal(err)
	}
	s.policy = ring.Policy{Channel: "rolling", Rings: []ring.Ring{
		{Name: "dogfood", Cells: []string{"internal"}}, {Name: "canary", Cells: []string{"eu-1"}, Soak: time.Hour},
		{Name: "single", Cells: []string{"tenant"}}, {Name: "multi", Cells: []string{"eu-2"}},
	}}
	return s
}

// ledger is that of the clone whose turn it is: whoever goes on has seen nothing of what was done before.
func (s *site) ledger() *ledger.Ledger {
	s.turn = 1 - s.turn
	return s.ledgers[s.turn]
}

func (s *site) model(ctx context.Context, l *ledger.Ledger, st *ledger.State) (ring.Model, error) {
	m := ring.Model{Policy: s.policy, State: st, Now: s.now}
	var err error
	if c := st.Channels["rolling"]; c != nil {
		m.Observed, err = l.Observed(ctx, c, s.keys, s.policy.Wants(st))
	}
	return m, err
}

// append records what a draft decides.
func (s *site) append(l *ledger.Ledger, sign bool, draft func(ring.Model) (*ledger.Event, error)) *ledger.Recorded {
	s.t.Helper()
	rec, err := l.Append(s.t.Context(), func(st *ledger.State) (*ledger.Event, error) {
		m, err := s.model(s.t.Context(), l, st)
		if err != nil {
			return nil, err
		}
		return draft(m)
	}, ledger.AppendOptions{Sign: sign})
	if err != nil {
		s.t.Fatal(err)
	}
	return rec
}

// reconcile does what relctl advance does, and dies after so many writes.
func (s *site) reconcile(writes int) error {
	l := s.ledger()
	for ; ; writes-- {
		if writes == 0 {
			return errDied
		}
		if rec := s.append(l, false, func(m ring.Model) (*ledger.Event, error) { return m.Next(), nil }); rec == nil {
			break
		}
	}
	st, err := l.State(s.t.Context())
	if err != nil {
		return err
	}
	m, err := s.model(s.t.Context(), l, st)
	if err != nil {
		return err
	}
	for _, target := range m.Targets() {
		if s.deploy[target.Ring] == target {
			continue
		}
		if writes--; writes == 0 {
			return errDied
		}
		s.deploy[target.Ring] = target
	}
	return nil
}

// release cuts a version.
func (s *site) release(v string, sequence uint64) {
	s.t.Helper()
	events := cutEvents("rolling", v, sequence)
	l := s.ledger()
	reserved := s.append(l, false, func(ring.Model) (*ledger.Event, error) { return events[0], nil })
	events[1].Cut.Reserve = reserved.Commit
	s.append(l, false, func(ring.Model) (*ledger.Event, error) { return events[1], nil })
}

// soak lets an hour pass in which canary is healthy in what is deployed there.
func (s *site) soak() {
	s.t.Helper()
	from := s.now
	s.now = s.now.Add(time.Hour)
	if v := s.deploy["canary"].Version; !v.IsZero() {
		s.append(s.ledger(), true, func(ring.Model) (*ledger.Event, error) {
			return &ledger.Event{Type: ledger.TypeObserve, Channel: "rolling", Observe: &ledger.Observe{
				Kind: ledger.ObserveHealth, Cell: "eu-1", Ring: "canary", Version: v, Status: release.Pass, From: from, To: s.now,
			}}, nil
		})
	}
}

func TestTenReleasesGoThroughFourRingsOfARealLedgerWhateverDies(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for i := range 10 {
		s.release(number(i), uint64(i+1))
		switch i {
		case 3:
			s.append(s.ledger(), false, func(m ring.Model) (*ledger.Event, error) {
				return m.Rollback("multi", release.Version{}, "orders fail", false)
			})
		case 5:
			s.append(s.ledger(), false, func(m ring.Model) (*ledger.Event, error) { return m.Resume("multi", "mended") })
		case 7:
			s.append(s.ledger(), false, func(m ring.Model) (*ledger.Event, error) { return m.Reject(version(number(7)), "leaks") })
		}
		for writes := i % 4; ; writes += 2 {
			err := s.reconcile(writes + 1)
			if err == nil {
				break
			}
			if !errors.Is(err, errDied) {
				t.Fatal(err)
			}
		}
		s.soak()
	}
	for range 3 {
		if err := s.reconcile(-1); err != nil {
			t.Fatal(err)
		}
		s.soak()
	}
	for _, r := range s.policy.Rings {
		if got := s.deploy[r.Name].Version.String(); got != "1.9.0" {
			t.Errorf("%s runs %s in the end", r.Name, got)
		}
	}
	l := s.ledgers[0]
	if err := l.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, err := l.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.reconcile(-1); err != nil {
		t.Fatal(err)
	}
	rep, err := l.Verify(t.Context(), ledger.VerifyOptions{Roles: map[string]git.Keyring{ledger.RoleCells: s.keys}})
	if err != nil || len(rep.Findings) != 0 || rep.Head != before.Head {
		t.Errorf("%+v, %v; the head was %s", rep, err, before.Head)
	}
	other := s.ledgers[1]
	after, err := other.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(before)
	if b, _ := json.Marshal(after); string(a) != string(b) {
		t.Errorf("two clones fold to\n%s\nand\n%s", a, b)
	}
	for _, rejected := range after.Channels["rolling"].Rings {
		for _, stay := range rejected.Stays {
			if stay.Version.String() == "1.7.0" && stay.Event > after.Channels["rolling"].Find(stay.Version).Rejected {
				t.Errorf("the rejected release entered a ring at event %d", stay.Event)
			}
		}
	}
}
