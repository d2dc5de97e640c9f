package project_test

import (
	"errors"
	"testing"
	"time"

	"github.com/relctl/relctl/internal/keytest"
	"github.com/relctl/relctl/pkg/internal/cuttest"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/trust"
)

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// trusted keeps the trust metadata of an imported ledger: a key a role, and the releases that it lists.
type trusted struct {
	tb    testing.TB
	repo  *trust.Repository
	keys  map[string]trust.Signer
	lines map[string]release.Line
	cut   map[string][]trust.Listed
}

func newTrusted(tb testing.TB) *trusted {
	return &trusted{tb: tb, repo: &trust.Repository{}, keys: map[string]trust.Signer{}, lines: map[string]release.Line{}, cut: map[string][]trust.Listed{}}
}

func (t *trusted) Releases(channel string) ([]trust.Listed, error) { return t.cut[channel], nil }

func (t *trusted) Standing(channel string) (*release.Standing, error) {
	s := &release.Standing{
		Schema: release.StandingSchema, Product: "acme", Channel: channel, Line: t.lines[channel], Issued: cuttest.Now,
		Support: release.SupportWindow{Maintenance: "2027-03-01", EOL: "2028-03-01"},
	}
	if all := t.cut[channel]; len(all) > 0 {
		last := all[len(all)-1]
		s.Newest = &release.Head{Version: last.Version, Sequence: last.Sequence, Release: last.Release}
	}
	return s, nil
}

// begin is the event that gives every role its key.
func (t *trusted) begin(number uint64) *ledger.Event {
	roles := []string{release.RoleRoot, release.RoleTargets, release.RoleSnapshot, release.RoleTimestamp}
	for channel := range t.lines {
		roles = append(roles, release.ReleaseRole(channel), release.StatusRole(channel))
	}
	return t.change(number, roles, func(e *trust.Edit) error {
		var errs []error
		for _, role := range roles {
			k := keytest.New(t.tb)
			t.keys[role] = k
			errs = append(errs, e.AddKey(role, k.Public()))
		}
		return errors.Join(errs...)
	})
}

// list is the event that lists the releases of a channel anew.
func (t *trusted) list(number uint64, channel string) *ledger.Event {
	roles := []string{release.ReleaseRole(channel), release.StatusRole(channel)}
	return t.change(number, append(roles, release.RoleSnapshot, release.RoleTimestamp), func(e *trust.Edit) error {
		for _, role := range roles {
			e.Renew(role)
		}
		return nil
	})
}

// change is the event of an edit that is signed by the keys of some roles.
func (t *trusted) change(number uint64, roles []string, edit func(*trust.Edit) error) *ledger.Event {
	opts := trust.Options{Version: number, Source: t, Expires: func(string) time.Time { return cuttest.Now.AddDate(1, 0, 0) }}
	e, err := t.repo.Edit(opts)
	must(t.tb, err)
	must(t.tb, edit(e))
	p, err := e.Proposal()
	must(t.tb, err)
	var signers []trust.Signer
	for _, role := range roles {
		signers = append(signers, t.keys[role])
		_, err := p.Sign(t.tb.Context(), t.keys[role])
		must(t.tb, err)
	}
	files, standings, err := p.Files()
	must(t.tb, err)
	next, err := t.repo.With(files, standings)
	must(t.tb, err)
	online, wants, err := next.Refresh(t.tb.Context(), opts, cuttest.Now, signers)
	must(t.tb, err)
	if wants != nil {
		t.tb.Fatal(wants)
	}
	t.repo, err = next.With(online, nil)
	must(t.tb, err)
	set := &ledger.TrustSet{}
	for _, f := range append(files, online...) {
		set.Files = append(set.Files, ledger.NewTrustFile(f.Role, f.Version, f.Data))
	}
	for channel, data := range standings {
		set.Standings = append(set.Standings, ledger.NewTrustStanding(channel, data))
	}
	return &ledger.Event{Type: ledger.TypeTrust, Reason: "a release", Trust: set}
}
