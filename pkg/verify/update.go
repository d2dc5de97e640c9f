package verify

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
)

// Update takes a trust update in: newer roots, revocations, withdrawals, floors and upgrade rules, without a release. It
// returns what was learned, a line each; the error is a [*Refusal] if the update must not be believed.
func (s *Site) Update(r io.Reader, o Options) ([]string, error) {
	files, err := bundle.ReadTrust(r)
	var format *bundle.FormatError
	if errors.As(err, &format) {
		return nil, refuse(integrity, format.Code, "not a trust update as relctl writes it: %s", strings.TrimSpace(fmt.Sprintf("%.300s %s", format.Name, format.Text)))
	}
	if err != nil {
		return nil, err
	}
	return s.Take(files, o)
}

// news says in one line where a walk has ended.
func (w *walker) news() string {
	text := fmt.Sprintf("root %d", w.tm.Root.Signed.Version)
	if w.tm.Timestamp != nil {
		text += fmt.Sprintf(", timestamp %d", w.tm.Timestamp.Signed.Version)
		if t, err := issued(w.tm.Timestamp); err == nil {
			text += " of " + Day(t)
		}
	}
	return text
}

// difference says what a newer state knows that an older one did not, a line each.
func difference(before, after *State) []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if n := len(after.Roots) - len(before.Roots); n > 0 {
		add("root %d, after %d", after.Roots[len(after.Roots)-1].Version, before.Roots[len(before.Roots)-1].Version)
	}
	for _, c := range after.Channels {
		old := before.channel(c.Channel)
		if old == nil {
			old = &ChannelState{}
		}
		if !c.AsOf.Equal(old.AsOf) {
			add("%s: as of %s", c.Channel, Day(c.AsOf))
		}
		if c.Standing == old.Standing {
			continue
		}
		st, err := release.DecodeStanding([]byte(c.Standing))
		if err != nil {
			continue // was validated when it was learned
		}
		if st.Newest != nil {
			add("%s: the newest release is %s", c.Channel, st.Newest.Version)
		}
		known := release.Standing{Withdrawn: old.Withdrawn}
		for _, w := range c.Withdrawn {
			if known.Withdrawal(w.Version) == nil {
				add("%s: %s was withdrawn: %s", c.Channel, w.Version, w.Reason)
			}
		}
		if f := c.Floor; f != nil && (old.Floor == nil || old.Floor.Version.Compare(f.Version) != 0) {
			add("%s: nothing below %s may be installed: %s", c.Channel, f.Version, f.Reason)
		}
		if e := st.Ended; e != nil {
			add("%s: its life ends on %s: %s", c.Channel, Day(e.Time), e.Reason)
		}
	}
	return lines
}
