// Package timeline tells what happened, from the events of a ledger: what was cut, promoted, held, rolled back, waived
// and frozen, when, by whom and why.
//
// The order is the ledger's; times are what the clocks of those who acted said. [New] is a pure function of the events,
// and [Text], [Markdown] and [JSON] write what it returns.
package timeline

import (
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

// Entry is one thing that happened.
type Entry struct {
	// Event is the number of the event in the ledger.
	Event uint64      `json:"event"`
	Time  time.Time   `json:"time"`
	Type  ledger.Type `json:"type"`
	// Channel, Ring and Version that it is about, empty for none or for all.
	Channel string          `json:"channel,omitempty"`
	Ring    string          `json:"ring,omitempty"`
	Version release.Version `json:"version,omitzero"`
	// Who appended it, as they said; Signature proves it, if it does.
	Who       string           `json:"who"`
	Signature ledger.Signature `json:"signature"`
	// What happened, in words, and the reason that was given.
	What   string `json:"what"`
	Reason string `json:"reason,omitempty"`
}

// Filter says what is told. The zero Filter tells everything but what cells and CI saw again and again.
type Filter struct {
	// Since and Until limit the time, without limit if they are zero; Until is not part of it.
	Since, Until time.Time
	// Channel and Ring limit the place. What was about all channels or all rings is told as well.
	Channel, Ring string
	// Observations tells all of them. Otherwise an observation of a cell is told if it differs from the one before, and
	// a check if it failed.
	Observations bool
}

// New returns what happened, in the order of the ledger, in which events must be given. signed says who signed an event,
// see [ledger.Ledger.Signature]; it may be nil, and is asked only about what is told.
func New(events []ledger.Recorded, signed func(ledger.Recorded) ledger.Signature, f Filter) []Entry {
	out := []Entry{}
	news := watcher{}
	for _, e := range events {
		if fresh := news.fresh(e); !f.holds(e) || !f.Observations && !fresh {
			continue
		}
		entry := Entry{
			Event: e.Number, Time: e.Time.UTC(), Type: e.Type, Channel: e.Channel, Ring: e.Ring(), Version: e.Version(),
			Who: e.Actor, What: verbs[e.Type] + e.Brief(), Reason: e.Reason, Signature: ledger.Signature{Status: ledger.NotAsked},
		}
		if signed != nil {
			entry.Signature = signed(e)
		}
		out = append(out, entry)
	}
	return out
}

// verbs stand before [ledger.Event.Brief].
var verbs = map[ledger.Type]string{
	ledger.TypeGenesis: "began the ledger: ", ledger.TypeAdopt: "adopted ", ledger.TypeReserve: "reserved ", ledger.TypeCut: "cut ",
	ledger.TypeAbandon: "gave up ", ledger.TypeApprove: "approved ", ledger.TypeWaive: "waived ", ledger.TypePromote: "promoted ",
	ledger.TypeRollback: "rolled back ", ledger.TypeReject: "rejected ", ledger.TypeExonerate: "exonerated ", ledger.TypeHold: "held ",
	ledger.TypeResume: "resumed ", ledger.TypeFreeze: "declared the freeze ", ledger.TypeThaw: "ended the freeze ",
	ledger.TypeObserve: "saw ", ledger.TypeOpen: "opened the line ", ledger.TypeEOL: "ended the line ", ledger.TypeWithdraw: "withdrew ",
	ledger.TypeFloor:  "set the lowest version to ",
	ledger.TypeReveal: "published ", ledger.TypeEquivalent: "marked as equivalent: ", ledger.TypeWont: "marked as not to come: ",
	ledger.TypeLTSOnly: "marked as of the line only: ", ledger.TypeTrust: "signed trust: ", ledger.TypeTrustRequest: "asked for signatures: ",
}

// holds reports whether an event lies in the time and the place of the filter.
func (f Filter) holds(e ledger.Recorded) bool {
	switch {
	case !f.Since.IsZero() && e.Time.Before(f.Since), !f.Until.IsZero() && !e.Time.Before(f.Until):
		return false
	case f.Channel != "" && e.Channel != f.Channel && (e.Channel != "" || e.Freeze == nil && e.Thaw == nil):
		return false
	}
	return f.Ring == "" || inRing(e, f.Ring)
}

// inRing reports whether an event is about a ring, or about all rings of its channel.
func inRing(e ledger.Recorded, ring string) bool {
	switch e.Type {
	case ledger.TypeFreeze:
		return len(e.Freeze.Rings) == 0 || slices.Contains(e.Freeze.Rings, ring)
	case ledger.TypeHold, ledger.TypeResume:
		return e.Ring() == "" || e.Ring() == ring
	case ledger.TypeReject, ledger.TypeExonerate, ledger.TypeThaw:
		return true
	}
	return e.Ring() == ring
}

// watcher remembers what was seen last in each place.
type watcher map[place]sight

type place struct {
	channel, ring, cell string
	kind                ledger.ObserveKind
}

type sight struct {
	version string
	status  release.Status
}

// fresh reports whether an event tells something new.
func (w watcher) fresh(e ledger.Recorded) bool {
	o := e.Observe
	if o == nil {
		return true
	}
	if o.Kind == ledger.ObserveCheck {
		return o.Status != release.Pass
	}
	at, now := place{e.Channel, o.Ring, o.Cell, o.Kind}, sight{o.Version.String(), o.Status}
	before, known := w[at]
	w[at] = now
	return !known || before != now
}
