package plan

import (
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/release"
)

// Backport is a change of main and how it stands on the lines.
type Backport struct {
	*history.Known
	// Lines are in the order of the index, the newest first.
	Lines []LineState `json:"lines"`
}

// LineState is how a change stands on the line of one channel.
type LineState struct {
	Channel string `json:"channel"`
	// Wanted says that the channel's accept rule selects the change.
	Wanted bool `json:"wanted"`
	history.State
}

// Open reports whether the line should have the change and has not.
func (s LineState) Open() bool { return s.Wanted && s.Presence == history.Missing }

// BackportFilter narrows a list of changes down; its zero value keeps those that are missing somewhere.
type BackportFilter struct {
	// Channels are the lines to look at; none means all that are still supported.
	Channels []string
	// Types of conventional commits, and words of which one stands in the author's name, whatever its case.
	Types, Authors []string
	// Since and Until bound the date on which a change came to main.
	Since, Until time.Time
	// Commits, if not nil, holds those that may be listed.
	Commits map[string]bool
	// All lists what is missing nowhere, too.
	All bool
	// Now decides which lines are still supported; Ended are those whose end was declared.
	Now   time.Time
	Ended map[string]bool
}

// Backports lists the changes that stand on main and that some channel's accept rule selects, newest first.
func Backports(ix *history.Index, policy *Policy, f BackportFilter) ([]Backport, error) {
	channels, err := f.channels(ix, policy)
	if err != nil {
		return nil, err
	}
	out := []Backport{}
	for _, c := range ix.Changes() {
		if c.Home != "" || !f.keeps(c) {
			continue
		}
		b := Backport{Known: c}
		wanted, open := false, false
		for _, ch := range channels {
			s := LineState{Channel: ch.Name, Wanted: Accepts(ch, c), State: ix.State(c, ch.Name)}
			wanted, open = wanted || s.Wanted, open || s.Open()
			b.Lines = append(b.Lines, s)
		}
		if !wanted || !open && !f.All || !onMain(ix, c) {
			continue
		}
		out = append(out, b)
	}
	return out, nil
}

// onMain reports whether a change still stands on main.
func onMain(ix *history.Index, c *history.Known) bool {
	p := ix.State(c, ix.Main()).Presence
	return p == history.Present || p == history.Picked
}

// Accepts reports whether a channel takes a change: its type is on the list and it breaks nothing, or it takes
// something back. Commits that only make a release belong to nobody else.
func Accepts(ch *channel.Channel, c *history.Known) bool {
	if history.MakesRelease(c.Subject) {
		return false
	}
	return len(ch.Accept) == 0 || c.Type == "revert" || slices.Contains(ch.Accept, c.Type) && !c.Breaking
}

// channels are the ones that were asked for, in the order of the index.
func (f BackportFilter) channels(ix *history.Index, policy *Policy) ([]*channel.Channel, error) {
	for _, name := range f.Channels {
		ch, err := policy.Channel(name)
		if err != nil {
			return nil, err
		}
		if ch.Kind != release.LTS {
			return nil, &KindError{Channel: name}
		}
	}
	var out []*channel.Channel
	for _, name := range ix.Lines() {
		ch, err := policy.Channel(name)
		if err != nil {
			return nil, err
		}
		if len(f.Channels) == 0 && (!supported(ch, f.Now) || f.Ended[name]) || len(f.Channels) > 0 && !slices.Contains(f.Channels, name) {
			continue
		}
		out = append(out, ch)
	}
	return out, nil
}

// supported reports whether a line still gets fixes.
func supported(ch *channel.Channel, now time.Time) bool {
	return ch.Support == nil || ch.Support.EOL.IsZero() || now.Before(ch.Support.EOL.In(time.UTC))
}

func (f BackportFilter) keeps(c *history.Known) bool {
	author := strings.ToLower(c.Author)
	switch {
	case len(f.Types) > 0 && !slices.Contains(f.Types, c.Type),
		len(f.Authors) > 0 && !slices.ContainsFunc(f.Authors, func(a string) bool { return strings.Contains(author, strings.ToLower(a)) }),
		!f.Since.IsZero() && c.Date.Before(f.Since),
		!f.Until.IsZero() && c.Date.After(f.Until):
		return false
	case f.Commits == nil, f.Commits[c.Commit]:
		return true
	}
	return slices.ContainsFunc(c.Parts, func(id string) bool { return f.Commits[id] })
}

// KindError is a rolling channel where only an LTS channel makes sense.
type KindError struct{ Channel string }

func (e *KindError) Error() string {
	return e.Channel + " is a rolling channel; backports go to LTS channels"
}
