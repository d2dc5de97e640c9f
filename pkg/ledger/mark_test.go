package ledger_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
	"github.com/relctl/relctl/pkg/ledger"
)

// record appends a mark of one change on lts-2.4.
func record(t *testing.T, l *ledger.Ledger, typ ledger.Type, undo, sign bool) {
	t.Helper()
	e := &ledger.Event{Type: typ, Channel: "lts-2.4", Reason: "because", Mark: &ledger.Mark{Change: strings.Repeat("a", 40), Undo: undo}}
	opts := ledger.AppendOptions{Sign: sign}
	if _, err := l.Append(t.Context(), func(*ledger.State) (*ledger.Event, error) { return e, nil }, opts); err != nil {
		t.Fatal(err)
	}
}

// standing lists the marks that stand, as "channel verdict change".
func standing(t *testing.T, l *ledger.Ledger, trust ledger.Trust) string {
	t.Helper()
	s, err := l.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	marks, err := l.Marks(t.Context(), s, trust)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range marks {
		out = append(out, fmt.Sprintf("%s %s %.1s", m.Channel, m.Type, m.Mark.Change))
	}
	return strings.Join(out, ", ")
}

func TestWhereASignatureIsDemandedAMarkWithoutOneReplacesNothing(t *testing.T) {
	gittest.Program(t, "ssh-keygen")
	r := begun(t)
	_, l := open(t, r)
	lead, stranger := gittest.SSHKey(t, "lead-1"), gittest.SSHKey(t, "stranger")
	keys, err := git.ParseSigners([]git.Signer{{Name: "lead-1", SSH: lead.Public}})
	if err != nil {
		t.Fatal(err)
	}
	trust := ledger.Trust{Signed: true, Keys: keys}
	expect := func(signed, all string) {
		t.Helper()
		if got := standing(t, l, trust); got != signed {
			t.Errorf("%q count, want %q", got, signed)
		}
		if got := standing(t, l, ledger.Trust{}); got != all {
			t.Errorf("%q stand, want %q", got, all)
		}
	}
	record(t, l, ledger.TypeWont, false, false)
	expect("", "lts-2.4 wont a")
	r.SignWith(lead)
	record(t, l, ledger.TypeLTSOnly, false, true)
	expect("lts-2.4 lts-only a", "lts-2.4 lts-only a")
	r.SignWith(stranger)
	record(t, l, ledger.TypeLTSOnly, true, true)
	expect("lts-2.4 lts-only a", "")

	_, afresh := open(t, r.Clone()) // has no cache
	if got := standing(t, afresh, trust); got != "lts-2.4 lts-only a" {
		t.Errorf("another clone counts %q", got)
	}
	rep, err := l.Verify(t.Context(), ledger.VerifyOptions{Roles: map[string]git.Keyring{ledger.RoleWaiver: keys}})
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, f := range rep.Findings {
		codes = append(codes, fmt.Sprintf("%s %d", f.Code, f.Event))
	}
	if got := strings.Join(codes, ", "); got != "unsigned 2, untrusted 4" {
		t.Errorf("verify finds %q", got)
	}
}
