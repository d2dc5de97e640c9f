package project

import (
	"context"
	"fmt"

	"github.com/relctl/relctl/pkg/ledger"
)

// Endorsable returns the events from first to last that lack the signature of the role deploy, oldest first.
func (p *Project) Endorsable(ctx context.Context, first, last uint64) ([]ledger.Recorded, error) {
	t, err := p.Trust(ledger.RoleDeploy)
	if err != nil {
		return nil, err
	}
	if !t.Signed {
		return nil, &NotEndorsableError{First: first, Last: last, NoRole: true}
	}
	events, err := p.Ledger.Unendorsed(ctx, p.State, first, last, t)
	if len(events) == 0 && err == nil {
		err = &NotEndorsableError{First: first, Last: last}
	}
	return events, err
}

// Endorse records that whoever signs the event vouches for others. It takes a key of the role deploy: with another the
// error is a [*ledger.SignerError], and nothing is recorded.
func (p *Project) Endorse(ctx context.Context, events []ledger.Recorded, reason string) (*ledger.Recorded, error) {
	of := &ledger.Endorse{}
	for _, rec := range events {
		of.Events = append(of.Events, ledger.Endorsed{Number: rec.Number, Commit: rec.Commit})
	}
	return p.Append(ctx, func(*ledger.State) (*ledger.Event, error) {
		return &ledger.Event{Type: ledger.TypeEndorse, Reason: reason, Endorse: of}, nil
	})
}

// NotEndorsableError is a range of events of which none needs anybody to vouch for it.
type NotEndorsableError struct {
	First, Last uint64
	// NoRole says that nothing demands their signature.
	NoRole bool
}

func (e *NotEndorsableError) Error() string {
	if e.NoRole {
		return "the policy has no role deploy, so that no event needs its signature"
	}
	return fmt.Sprintf("no event from %d to %d lacks a signature of role deploy that somebody could make up for", e.First, e.Last)
}

// Hint says where to see which do.
func (*NotEndorsableError) Hint() string { return "relctl ledger verify lists those that do" }
