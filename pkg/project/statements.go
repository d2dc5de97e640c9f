package project

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

// StatementError is a statement about a channel or a release that cannot be made.
type StatementError struct{ Text, Remedy string }

func (e *StatementError) Error() string { return e.Text }

// Hint says what can be said instead.
func (e *StatementError) Hint() string { return e.Remedy }

// Told returns what people said about a channel and its releases, as far as it counts.
func (p *Project) Told(ctx context.Context, name string) (*ledger.Told, error) {
	trust, err := p.Trust(ledger.RoleSecurity)
	if err != nil {
		return nil, err
	}
	return p.Ledger.Told(ctx, p.State.Channels[name], trust)
}

// Statement says what is to be stated, on what the ledger says then.
type Statement func(s *ledger.State, told *ledger.Told) (*ledger.Event, error)

// Record appends a statement about a channel, signed if the policy has the role security. A dry run appends nothing and
// returns the event as it would be.
func (p *Project) Record(ctx context.Context, name string, dryRun bool, make Statement) (*ledger.Recorded, error) {
	draft := func(s *ledger.State) (*ledger.Event, error) {
		trust, err := p.Trust(ledger.RoleSecurity)
		if err != nil {
			return nil, err
		}
		told, err := p.Ledger.Told(ctx, s.Channels[name], trust)
		if err != nil {
			return nil, err
		}
		e, err := make(s, told)
		if err == nil {
			err = release.CheckTexts(e.Reason)
		}
		return e, err
	}
	if !dryRun {
		return p.Append(ctx, draft)
	}
	e, err := draft(p.State)
	if err != nil {
		return nil, err
	}
	return &ledger.Recorded{Event: *e}, p.State.Try(e, p.now())
}

// Withdraw states that a release must not be installed any more.
func Withdraw(name string, v release.Version, reason, advisory string) Statement {
	return func(_ *ledger.State, told *ledger.Told) (*ledger.Event, error) {
		if w := told.Withdrawal(v); w != nil && w.Reason == reason && w.Withdraw.Advisory == advisory {
			return nil, &StatementError{
				Text:   fmt.Sprintf("%s %s was withdrawn by event %d, in the same words", name, v, w.Number),
				Remedy: "another --reason or --advisory replaces what was said",
			}
		}
		return &ledger.Event{Type: ledger.TypeWithdraw, Channel: name, Reason: reason, Withdraw: &ledger.Withdraw{Version: v, Advisory: advisory}}, nil
	}
}

// Floor states which version is the lowest that may still be installed.
func Floor(name string, v release.Version, reason, advisory string) Statement {
	return func(_ *ledger.State, told *ledger.Told) (*ledger.Event, error) {
		if f := told.Floor; f != nil {
			switch c := f.Floor.Version.Compare(v); {
			case c > 0:
				return nil, &StatementError{
					Text:   fmt.Sprintf("the lowest version of %s is %s since event %d, and never falls", name, f.Floor.Version, f.Number),
					Remedy: "sites that have heard of it would not go back either; name a newer release",
				}
			case c == 0 && f.Reason == reason && f.Floor.Advisory == advisory:
				return nil, &StatementError{
					Text:   fmt.Sprintf("the lowest version of %s is %s since event %d, in the same words", name, v, f.Number),
					Remedy: "another --reason or --advisory replaces what was said",
				}
			}
		}
		return &ledger.Event{Type: ledger.TypeFloor, Channel: name, Reason: reason, Floor: &ledger.Floor{Version: v, Advisory: advisory}}, nil
	}
}

// EndOfLife states that a channel's life is over.
func EndOfLife(name, successor, reason string) Statement {
	return func(s *ledger.State, told *ledger.Told) (*ledger.Event, error) {
		if e := told.Ended; e != nil && e.Reason == reason && e.EOL.Successor == successor {
			return nil, &StatementError{
				Text:   fmt.Sprintf("%s ended with event %d, in the same words", name, e.Number),
				Remedy: "another --reason or --successor replaces what was said",
			}
		}
		x := &ledger.EOL{Successor: successor}
		if c := s.Channels[name]; c != nil {
			if c.Open != nil {
				return nil, &StatementError{
					Text:   fmt.Sprintf("%s %s is reserved and not finished", name, c.Open.Plan.Inputs.Version),
					Remedy: fmt.Sprintf("finish it with relctl cut %s, or give it up with relctl abandon %s", name, name),
				}
			}
			if n := len(c.Releases); n > 0 {
				x.Last = c.Releases[n-1].Version
			}
		}
		return &ledger.Event{Type: ledger.TypeEOL, Channel: name, Reason: reason, EOL: x}, nil
	}
}

// Successor returns the channel that customers of one that ends go to: it must exist and be of the same kind.
func (p *Project) Successor(ch *channel.Channel, name string) error {
	if name == "" {
		return nil
	}
	next, err := p.Policy.Channel(name)
	if err != nil {
		return err
	}
	if next.Kind != ch.Kind || next.Name == ch.Name {
		return &StatementError{Text: fmt.Sprintf("%s cannot be the successor of %s", name, ch.Name), Remedy: "name another channel of kind " + string(ch.Kind)}
	}
	return nil
}

// Find returns the channel that released a version, by the ledger, and the release. name chooses where several channels
// did, "" for any.
func (p *Project) Find(v release.Version, name string) (string, *ledger.Release, error) {
	var found, known []string
	for _, n := range slices.Sorted(maps.Keys(p.State.Channels)) {
		c := p.State.Channels[n]
		if name != "" && n != name {
			continue
		}
		if c.Find(v) != nil {
			found = append(found, n)
		}
		if i := len(c.Releases); i > 0 {
			known = append(known, n+" "+c.Releases[i-1].Version.String())
		}
	}
	switch {
	case len(found) == 1:
		return found[0], p.State.Channels[found[0]].Find(v), nil
	case len(found) > 1:
		return "", nil, &StatementError{Text: fmt.Sprintf("%s was released by several channels: %s", v, strings.Join(found, ", ")), Remedy: "name one with --channel"}
	}
	e := &StatementError{Text: fmt.Sprintf("the ledger knows no release %s", v), Remedy: "there is no release yet"}
	if len(known) > 0 {
		e.Remedy = "the newest are " + strings.Join(known, ", ") + "; relctl adopt takes over releases from before the ledger"
	}
	return "", nil, e
}

// Twin is a release of another channel that was made of the same commit.
type Twin struct {
	Channel string
	Version release.Version
}

// Twins are the twins of a release that were not withdrawn.
func (p *Project) Twins(name string, v release.Version) []Twin {
	c := p.State.Channels[name]
	if c == nil || c.Find(v) == nil {
		return nil
	}
	var out []Twin
	for _, n := range slices.Sorted(maps.Keys(p.State.Channels)) {
		for _, r := range p.State.Channels[n].Releases {
			if n != name && r.Commit == c.Find(v).Commit && r.Withdrawn == 0 {
				out = append(out, Twin{n, r.Version})
			}
		}
	}
	return out
}

// told adds to a status what people said of the channel.
func (p *Project) told(ctx context.Context, out *ChannelStatus) error {
	told, err := p.Told(ctx, out.Name)
	if err != nil {
		return err
	}
	for _, w := range told.Withdrawn {
		out.Withdrawn = append(out.Withdrawn, SaidStatus{w.Withdraw.Version, w.Number, w.First, w.Reason, w.Withdraw.Advisory})
	}
	if f := told.Floor; f != nil {
		out.Floor = &SaidStatus{f.Floor.Version, f.Number, f.Time, f.Reason, f.Floor.Advisory}
	}
	if e := told.Ended; e != nil && out.Support != nil {
		out.Support.Reason, out.Support.Successor = e.Reason, e.EOL.Successor
	}
	out.Unsigned = told.Passed
	return nil
}
