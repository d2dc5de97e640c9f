package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

// EndedError is a channel whose life is over: nothing is released on it any more.
type EndedError struct {
	Channel string
	// Event is the number of the event that ended it, Time when, Reason why.
	Event  uint64
	Time   time.Time
	Reason string
	// Successor is the channel to go to, or "".
	Successor string
}

func (e *EndedError) Error() string {
	return fmt.Sprintf("%s ended on %s (event %d): %s", e.Channel, e.Time.UTC().Format(time.DateOnly), e.Event, e.Reason)
}

// Hint says where releases go on.
func (e *EndedError) Hint() string {
	if e.Successor == "" {
		return "nothing is released on it any more"
	}
	return "nothing is released on it any more; its successor is " + e.Successor
}

// ended refuses a channel whose life is over.
func (d *draft) ended() error {
	c := d.State.Channels[d.Channel.Name]
	if c == nil || c.EOL == 0 {
		return nil
	}
	for _, r := range c.Statements {
		if r.Number == c.EOL {
			return &EndedError{Channel: d.Channel.Name, Event: r.Number, Time: r.Time, Reason: r.Reason, Successor: r.EOL.Successor}
		}
	}
	return fmt.Errorf("%s ended with event %d", d.Channel.Name, c.EOL)
}

// warnOfWithdrawn says so if the previous release was withdrawn. It stays the previous one: installations that have it
// come from there, and what it fixed must not go missing for them.
func (d *draft) warnOfWithdrawn(previous release.Version) {
	c := d.State.Channels[d.Channel.Name]
	if c == nil {
		return
	}
	for _, r := range slices.Backward(c.Statements) {
		if r.Type == ledger.TypeWithdraw && r.Withdraw.Version.Compare(previous) == 0 {
			d.plan.Warnings = append(d.plan.Warnings, fmt.Sprintf("%s, the previous release, was withdrawn (event %d): %s; changes are told since it, and its fixes must stay", previous, r.Number, r.Reason))
			return
		}
	}
}
