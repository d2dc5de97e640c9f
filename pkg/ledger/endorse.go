package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/release"
)

// TypeEndorse vouches for earlier events.
const TypeEndorse Type = "endorse"

// Endorse vouches for earlier events of [RoleDeploy] that carry no signature of it, say from before the role was there.
// It counts with a signature of that role; the event's Reason says what was looked at.
type Endorse struct {
	Events []Endorsed `json:"events"`
}

// Endorsed is one event that is vouched for.
type Endorsed struct {
	Number uint64 `json:"number"`
	// Commit is the ledger commit that holds it: its id stands for what the event says, and for all before it.
	Commit string `json:"commit"`
}

func (x *Endorse) check(e *Event) error {
	if err := e.needReason(); err != nil {
		return err
	}
	if len(x.Events) == 0 {
		return errors.New("an endorsement names no event")
	}
	for i, of := range x.Events {
		switch {
		case !commitForm.MatchString(of.Commit):
			return fmt.Errorf("%q is not the full commit id of an event", of.Commit)
		case i > 0 && of.Number <= x.Events[i-1].Number:
			return fmt.Errorf("event %d is endorsed after event %d: they are not in order", of.Number, x.Events[i-1].Number)
		}
	}
	return nil
}

func (x *Endorse) summary() string {
	if len(x.Events) == 1 {
		return fmt.Sprintf("event %d", x.Events[0].Number)
	}
	if len(x.Events) == 0 {
		return "nothing"
	}
	return fmt.Sprintf("%s, %d to %d", release.Count(len(x.Events), "event"), x.Events[0].Number, x.Events[len(x.Events)-1].Number)
}

// endorse keeps an endorsement, or says why it cannot stand.
func (s *State) endorse(r Recorded) string {
	for _, of := range r.Endorse.Events {
		if of.Number >= r.Number {
			return fmt.Sprintf("event %d is not before it", of.Number)
		}
	}
	s.Endorsements = append(s.Endorsements, r)
	return ""
}

// Endorsed returns the numbers of the endorsements that count, by the ledger commits that they vouch for.
func (l *Ledger) Endorsed(ctx context.Context, s *State, t Trust) (map[string]uint64, error) {
	out := map[string]uint64{}
	for _, rec := range s.Endorsements {
		if ok, err := l.signed(ctx, rec.Commit, t.Keys.At(rec.Time)); err != nil {
			return nil, fmt.Errorf("ledger event %d: %w", rec.Number, err)
		} else if !ok {
			continue
		}
		for _, of := range rec.Endorse.Events {
			out[of.Commit] = rec.Number
		}
	}
	return out, nil
}

// signed reports whether a ledger commit is signed by one of the keys.
func (l *Ledger) signed(ctx context.Context, commit string, keys git.Keyring) (bool, error) {
	_, err := l.repo.VerifyCommit(ctx, commit, keys)
	if errors.Is(err, git.ErrUnsigned) || errors.Is(err, git.ErrUntrusted) {
		return false, nil
	}
	return err == nil, err
}

// Unendorsed returns the events of [RoleDeploy] with numbers from first to last that neither carry its signature nor are
// vouched for, oldest first.
func (l *Ledger) Unendorsed(ctx context.Context, s *State, first, last uint64, t Trust) ([]Recorded, error) {
	done, err := l.Endorsed(ctx, s, t)
	if err != nil {
		return nil, err
	}
	var out []Recorded
	for rec, err := range l.Log(ctx) {
		if err != nil {
			return nil, err
		}
		if rec.Number < first || rec.Number > last || rec.Role() != RoleDeploy || rec.Type == TypeEndorse || done[rec.Commit] != 0 {
			continue
		}
		ok, err := l.signed(ctx, rec.Commit, t.Keys.At(rec.Time))
		if err != nil {
			return nil, fmt.Errorf("ledger event %d: %w", rec.Number, err)
		}
		if !ok {
			out = append(out, *rec)
		}
	}
	slices.SortFunc(out, func(a, b Recorded) int { return cmp.Compare(a.Number, b.Number) })
	return out, nil
}

// vouch turns the findings about events that somebody vouches for into a note that says so. commits are those of the
// events by number.
func (l *Ledger) vouch(ctx context.Context, s *State, rep *Report, commits map[uint64]string, opts VerifyOptions) error {
	keys, ok := opts.Roles[RoleDeploy]
	if !ok {
		return nil
	}
	by, err := l.Endorsed(ctx, s, Trust{Signed: true, Keys: keys})
	if err != nil {
		return err
	}
	for i := range rep.Findings {
		f := &rep.Findings[i]
		if event := by[commits[f.Event]]; event != 0 && (f.Code == CodeUnsignedRole || f.Code == CodeUntrustedRole) {
			f.Code, f.Text = CodeEndorsed, fmt.Sprintf("it carries no signature of role %s; event %d vouches for it", RoleDeploy, event)
		}
	}
	return nil
}
