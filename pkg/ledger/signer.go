package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/relctl/relctl/pkg/git"
)

// SignatureStatus says whether an event is signed as its role wants it.
type SignatureStatus string

// The statuses of signatures.
const (
	Signed    SignatureStatus = "signed"    // by a key of the role
	Unsigned  SignatureStatus = "unsigned"  // not at all
	Untrusted SignatureStatus = "untrusted" // by a key that the role does not hold, or does not hold for this cell
	NotAsked  SignatureStatus = "not-asked" // the event needs no role, or nobody holds it
)

// Signature is who signed an event.
type Signature struct {
	Status SignatureStatus `json:"status"`
	// Role is the one that the event needs, "" for none.
	Role string `json:"role,omitempty"`
	// Name of the signer in the role, if the status is signed.
	Name string `json:"name,omitempty"`
}

// Role returns the role whose signature an event needs, "" for none.
func (e *Event) Role() string {
	switch e.Type {
	case TypeApprove:
		return e.Approve.Role
	case TypeWaive, TypeEquivalent, TypeWont, TypeLTSOnly:
		return RoleWaiver
	case TypePromote, TypeRollback, TypeReject, TypeExonerate, TypeHold, TypeResume, TypeFreeze, TypeThaw, TypeEndorse:
		return RoleDeploy
	case TypeWithdraw, TypeEOL, TypeFloor:
		return RoleSecurity
	case TypeObserve:
		if e.Observe.Kind == ObserveCheck {
			return RoleCI
		}
		return RoleCells
	}
	return ""
}

// Signature holds an event's signature against the keys of its role. A key that has expired since then still signed
// what it signed. Cells need their key, whether the role is there or not; all other roles count only if they are.
func (l *Ledger) Signature(ctx context.Context, rec Recorded, roles map[string]git.Keyring) (Signature, error) {
	sig := Signature{Status: NotAsked, Role: rec.Role()}
	keys, ok := roles[sig.Role]
	if sig.Role == "" || !ok && sig.Role != RoleCells {
		return sig, nil
	}
	who, err := l.repo.VerifyCommit(ctx, rec.Commit, keys.At(rec.Time))
	switch {
	case errors.Is(err, git.ErrUnsigned):
		sig.Status = Unsigned
	case errors.Is(err, git.ErrUntrusted), err == nil && sig.Role == RoleCells && who.Name != rec.Observe.Cell:
		sig.Status = Untrusted
	case err != nil:
		return sig, fmt.Errorf("ledger event %d: %w", rec.Number, err)
	default:
		sig.Status, sig.Name = Signed, who.Name
	}
	return sig, nil
}

// Unsigned returns the number of the first event that the present state of a channel's rings rests on and that lacks
// the signature of [RoleDeploy] and of whom vouches for it, 0 if all have it or none is demanded: nothing may be deployed because of it.
func (l *Ledger) Unsigned(ctx context.Context, s *State, channel string, t Trust) (uint64, error) {
	ch := s.Channels[channel]
	if ch == nil || !t.Signed {
		return 0, nil
	}
	endorsed, err := l.Endorsed(ctx, s, t)
	if err != nil {
		return 0, err
	}
	for _, stop := range ch.standing() {
		ok, err := l.signed(ctx, stop.Ledger, t.Keys.At(stop.Time))
		if err != nil {
			return 0, fmt.Errorf("ledger event %d: %w", stop.Event, err)
		}
		if !ok && endorsed[stop.Ledger] == 0 {
			return stop.Event, nil
		}
	}
	return 0, nil
}

// standing returns the events that say what the rings run and what stops them, or lets them go on.
func (c *Channel) standing() []Stop {
	var out []Stop
	add := func(s *Stop) {
		if s != nil {
			out = append(out, *s)
		}
	}
	add(c.Held)
	add(c.Resumed)
	for _, name := range slices.Sorted(maps.Keys(c.Rings)) {
		r := c.Rings[name]
		if stay, ok := r.Runs(); ok {
			out = append(out, Stop{Event: stay.Event, Time: stay.Time, Ledger: stay.Ledger})
		}
		add(r.Held)
		add(r.RolledBack)
		add(r.Resumed)
	}
	for i := range c.Voids {
		if stop := c.rejection(c.Voids[i].From); stop != nil && stop.Event == c.Voids[i].Event {
			add(stop)
		}
	}
	return out
}

// SignerError is an event that was not recorded, since whoever signs it does not hold the role that it needs.
type SignerError struct {
	Type Type
	Role string
}

func (e *SignerError) Error() string {
	return fmt.Sprintf("your key is none of role %s: your %s would count for nothing, and is not recorded", e.Role, e.Type)
}

// Hint says how to sign.
func (e *SignerError) Hint() string {
	return fmt.Sprintf("let somebody whose key stands under roles: %s of channels/product.yaml do it, or set user.signingkey to that key", e.Role)
}
