package project

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/ledger"
)

// CellError is an observation of a cell that the policy does not know in that place.
type CellError struct {
	Channel, Ring, Cell string
	// Home is the ring in which the channel's file has the cell, "" for none.
	Home string
	// Have are the cells that there are.
	Have []string
}

func (e *CellError) Error() string {
	if e.Home != "" {
		return fmt.Sprintf("cell %s of channel %s stands in ring %s, not in %q", e.Cell, e.Channel, e.Home, e.Ring)
	}
	return fmt.Sprintf("channel %s has no cell %q", e.Channel, e.Cell)
}

// Hint says where the cell stands, or which there are.
func (e *CellError) Hint() string {
	switch {
	case e.Home != "":
		return "--ring " + e.Home + ", or leave it out"
	case len(e.Have) == 0:
		return "it has none; cells stand in channels/" + e.Channel + ".yaml"
	}
	return "it has " + strings.Join(e.Have, ", ")
}

// Home returns the ring in which a channel's file has a cell. ring is where the caller believes it to be, "" for no
// matter.
func Home(ch *channel.Channel, cell, ring string) (string, error) {
	e := &CellError{Channel: ch.Name, Ring: ring, Cell: cell}
	for _, r := range ch.Rings {
		e.Have = append(e.Have, r.Cells...)
		if slices.Contains(r.Cells, cell) {
			e.Home = r.Name
		}
	}
	if e.Home == "" || ring != "" && ring != e.Home {
		return "", e
	}
	return e.Home, nil
}

// CellKeyError is a git that would not sign as the cell, so that its word would not count.
type CellKeyError struct {
	Cell string
	// Known says that the policy holds a key of the cell.
	Known bool
}

func (e *CellKeyError) Error() string {
	if !e.Known {
		return fmt.Sprintf("channels/product.yaml has no key of cell %s, so what it says would not count", e.Cell)
	}
	return fmt.Sprintf("git signs with a key that is not that of cell %s, so what it says would not count", e.Cell)
}

// Hint says what to set up.
func (e *CellKeyError) Hint() string {
	if !e.Known {
		return fmt.Sprintf("list it on the default branch: roles: {%s: [{name: %s, ssh: \"ssh-ed25519 …\"}]}", ledger.RoleCells, e.Cell)
	}
	return "git config gpg.format ssh && git config user.signingKey <the public key of " + e.Cell + ">"
}

// Observe records what a cell saw, as one event with the cell's own signature. It refuses what would not count: an
// event that git cannot sign, or signs with another key.
func (p *Project) Observe(ctx context.Context, ch *channel.Channel, o ledger.Observe, details string) (*ledger.Recorded, error) {
	wrong := &CellKeyError{Cell: o.Cell}
	wrong.Known = slices.ContainsFunc(p.Policy.Product.Roles[ledger.RoleCells], func(s channel.Signer) bool { return s.Name == o.Cell })
	if !wrong.Known {
		return nil, wrong
	}
	rec, err := p.Append(ctx, func(*ledger.State) (*ledger.Event, error) { return observed(ch, o, details), nil })
	var signer *ledger.SignerError
	if errors.As(err, &signer) {
		err = wrong
	}
	return rec, err
}

// TryObserve reports why an observation could not be recorded, and writes nothing.
func (p *Project) TryObserve(ch *channel.Channel, o ledger.Observe, details string, now time.Time) error {
	return p.State.Try(observed(ch, o, details), now)
}

func observed(ch *channel.Channel, o ledger.Observe, details string) *ledger.Event {
	return &ledger.Event{Type: ledger.TypeObserve, Channel: ch.Name, Reason: details, Observe: &o}
}
