package verify

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/upgrade"
)

// Advice is what a site knows about an installed version on a channel: whether something newer is there, by which way,
// and whether what is installed should not run any more.
type Advice struct {
	Product string `json:"product"`
	Channel string `json:"channel"`
	// Installed is what was asked about.
	Installed release.Version `json:"installed,omitzero"`
	// AsOf is when the vendor vouched that nothing about the channel was newer.
	AsOf time.Time `json:"as_of"`
	// Newest is the newest release at that time, nil if there was none. It may be withdrawn.
	Newest *release.Head `json:"newest,omitempty"`
	// Steps are the releases to install, in this order; none if nothing newer can be installed.
	Steps []upgrade.Step `json:"steps,omitempty"`
	// Withdrawn and Floor say why the installed version should not run any more, nil if nothing does.
	Withdrawn *release.Withdrawal   `json:"withdrawn,omitempty"`
	Floor     *release.Floor        `json:"floor,omitempty"`
	Support   release.SupportWindow `json:"support,omitzero"`
	// Ended is the declared end of the line's life, which may lie ahead; nil if none was declared.
	Ended *release.Ending `json:"ended,omitempty"`
	// SupportLeft is the number of days until nothing is fixed any more, nil if no end is known, negative after it.
	SupportLeft *int `json:"support_left,omitempty"`
	// Notices are what somebody should know, the most urgent first.
	Notices []Notice `json:"notices,omitempty"`
}

// Notice is one thing that somebody should know.
type Notice struct {
	// Code is one of this package's Code…, or of [upgrade]'s.
	Code string `json:"code"`
	Text string `json:"text"`
	// Remedy says what to do, or "".
	Remedy string `json:"remedy,omitempty"`
}

// Has reports whether there is a notice of a code.
func (a *Advice) Has(code string) bool {
	return slices.ContainsFunc(a.Notices, func(n Notice) bool { return n.Code == code })
}

func (a *Advice) note(code, remedy, format string, args ...any) {
	a.Notices = append(a.Notices, Notice{Code: code, Text: fmt.Sprintf(format, args...), Remedy: remedy})
}

// Advise says what is known about an installed version, the zero one for nothing, on a channel. It reads nothing but the
// site's state. The error is a [*PolicyError] if nothing at all is known about the channel.
func (s *Site) Advise(channel string, installed release.Version) (*Advice, error) {
	c := s.State.channel(channel)
	if c == nil {
		return nil, &PolicyError{Text: fmt.Sprintf("nothing is known about channel %s of %s", channel, s.Config.Product), Remedy: "look for a typing error in the channel's name; news come with a trust update"}
	}
	st, err := c.effective()
	if err != nil {
		return nil, err
	}
	now := s.Today()
	known := describe(st, c, now)
	a := &Advice{
		Product: s.Config.Product, Channel: channel, Installed: installed, AsOf: c.AsOf,
		Newest: st.Newest, Support: st.Support, Ended: st.Ended, SupportLeft: known.SupportLeft,
	}
	if !installed.IsZero() {
		a.about(st, installed)
	}
	if err := a.way(s, st); err != nil {
		return nil, err
	}
	if no := ended(st, installed, now); no != nil {
		a.note(no.Code, no.Remedy, "%s", no.Text)
	}
	a.age(s, c, now)
	return a, nil
}

// about judges what is installed.
func (a *Advice) about(st *release.Standing, v release.Version) {
	if a.Withdrawn = st.Withdrawal(v); a.Withdrawn != nil {
		a.note(CodeWithdrawn, instead(st, v), "the installed %s was withdrawn on %s: %s", v, Day(a.Withdrawn.Time), a.Withdrawn.Reason)
	}
	if f := st.Floor; f != nil && v.Compare(f.Version) < 0 {
		a.Floor = f
		a.note(CodeFloor, instead(st, v), "the installed %s lies below %s, the lowest version that should run: %s", v, f.Version, f.Reason)
	}
}

// way looks for the newest release to which there is a way.
func (a *Advice) way(s *Site, st *release.Standing) error {
	rules := upgrade.NewRules(st)
	var first *upgrade.Refusal
	for _, v := range newer(s.State.channel(a.Channel), st, a.Installed) {
		if rules.Usable(v) != nil {
			continue
		}
		way, err := s.Path(a.Installed, v)
		var no *upgrade.Refusal
		switch {
		case err == nil:
			a.Steps = way.Steps
		case !errors.As(err, &no):
			return err
		case first == nil:
			first = no
		}
		if err == nil {
			break
		}
	}
	if first != nil {
		a.note(first.Code, first.Remedy, "%s", first.Text)
	}
	return nil
}

// newer are the known releases of a channel above a version, the newest first.
func newer(c *ChannelState, st *release.Standing, than release.Version) []release.Version {
	var out []release.Version
	if n := st.Newest; n != nil {
		out = append(out, n.Version)
	}
	for _, r := range c.Releases {
		out = append(out, r.Version)
	}
	out = slices.DeleteFunc(out, func(v release.Version) bool { return !than.IsZero() && v.Compare(than) <= 0 })
	slices.SortFunc(out, func(a, b release.Version) int { return b.Compare(a) })
	return slices.CompactFunc(out, func(a, b release.Version) bool { return a.Compare(b) == 0 })
}

// age says what makes the news doubtful.
func (a *Advice) age(s *Site, c *ChannelState, now time.Time) {
	for _, part := range [][2]string{
		{release.RoleRoot, s.State.Root},
		{release.RoleTimestamp, s.State.Timestamp},
		{release.RoleSnapshot, s.State.Snapshot},
		{release.RoleTargets, s.State.Targets},
		{release.StatusRole(c.Channel), c.Status},
	} {
		if expires := expiry(part[1]); !expires.IsZero() && now.After(expires) {
			a.note(CodeExpired, askTrust, "the vendor's %s metadata expired on %s", part[0], Day(expires))
		}
	}
	if most := time.Duration(s.Config.MaxAge) * time.Second; most > 0 && now.Sub(c.AsOf) > most {
		a.note(CodeStale, askTrust, "the news are of %s, %s; %s at most are asked for", Day(c.AsOf), Age(now, c.AsOf), days(most))
	}
	if code, text := s.clockWarning(); code != "" {
		a.note(code, "", "%s", text)
	}
}

// expiry is until when metadata that was verified before is good, zero if there is none.
func expiry(text string) time.Time {
	var m struct {
		Signed struct {
			Expires time.Time `json:"expires"`
		} `json:"signed"`
	}
	if json.Unmarshal([]byte(text), &m) != nil {
		return time.Time{}
	}
	return m.Signed.Expires
}
