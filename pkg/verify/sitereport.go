package verify

import (
	"fmt"
	"math"
	"time"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/upgrade"
)

// SiteReportSchema names the format of [SiteReport].
const SiteReportSchema = "https://relctl.dev/schema/site-report/v1"

// SiteReport says how a site stands: small enough to be carried back to the vendor, without secrets.
type SiteReport struct {
	Schema string `json:"schema"`
	// Time is the machine's clock, Today the time that counts: the later of it and the newest signed one.
	Time    time.Time `json:"time"`
	Today   time.Time `json:"today"`
	Product string    `json:"product"`
	Channel string    `json:"channel"`
	// Fingerprint of the pinned root, and whether somebody compared it.
	Fingerprint string `json:"fingerprint"`
	Compared    bool   `json:"compared"`
	// Root is the version of the newest root.
	Root int64 `json:"root"`
	// MaxAge is the site's greatest age of news in seconds, 0 for any.
	MaxAge int64 `json:"max_age,omitempty"`
	// Installed is nil while nobody has said.
	Installed *Installed `json:"installed,omitempty"`
	// Channels are those of which anything is known.
	Channels []ChannelReport `json:"channels"`
	// Warnings are for people.
	Warnings []string `json:"warnings,omitempty"`
	// History is what changed here, oldest first; the last of it if it is long.
	History []Event `json:"history,omitempty"`
}

// ChannelReport says what is known of a channel.
type ChannelReport struct {
	Channel string `json:"channel"`
	// AsOf is when the vendor vouched that nothing was newer.
	AsOf time.Time `json:"as_of"`
	// Newest is the newest release at that time, nil if there was none, Words its eight words.
	Newest    *release.Head         `json:"newest,omitempty"`
	Words     string                `json:"words,omitempty"`
	Support   release.SupportWindow `json:"support,omitzero"`
	Ended     *release.Ending       `json:"ended,omitempty"`
	Floor     *release.Floor        `json:"floor,omitempty"`
	Withdrawn []release.Withdrawal  `json:"withdrawn,omitempty"`
	// SupportLeft is the number of days until nothing is fixed any more, nil if no end is known, negative after it.
	SupportLeft *int `json:"support_left,omitempty"`
}

// maxReported is how much of the history a report carries.
const maxReported = 20

// Report says how the site stands.
func (s *Site) Report() (*SiteReport, error) {
	c := s.Config
	rep := &SiteReport{
		Schema: SiteReportSchema, Time: s.now().UTC().Truncate(time.Second), Today: s.Today().UTC().Truncate(time.Second), Product: c.Product, Channel: c.Channel,
		Fingerprint: c.Fingerprint, Compared: c.Compared, MaxAge: c.MaxAge, Installed: s.State.Installed, Channels: []ChannelReport{},
		Root: s.State.Roots[len(s.State.Roots)-1].Version, History: s.State.History[max(0, len(s.State.History)-maxReported):],
	}
	if _, text := s.clockWarning(); text != "" {
		rep.Warnings = append(rep.Warnings, text)
	}
	if !c.Compared {
		rep.Warnings = append(rep.Warnings, "nobody has compared the root's fingerprint with the vendor's: "+SpacedFingerprint(c.Fingerprint))
	}
	if s.State.Installed == nil {
		rep.Warnings = append(rep.Warnings, "what is installed is not known: "+sayInstalled)
	}
	for i := range s.State.Channels {
		known := &s.State.Channels[i]
		st, err := known.effective()
		if err != nil {
			return nil, err
		}
		rep.Channels = append(rep.Channels, describe(st, known, s.Today()))
		if at := s.State.Installed; at != nil && st.Line.Contains(at.Version) {
			rep.Warnings = append(rep.Warnings, aboutInstalled(st, at.Version)...)
		}
	}
	return rep, nil
}

// aboutInstalled says what is wrong with what is installed.
func aboutInstalled(st *release.Standing, v release.Version) []string {
	var found []string
	if w := st.Withdrawal(v); w != nil {
		found = append(found, fmt.Sprintf("the installed %s was withdrawn: %s; %s", v, w.Reason, instead(st, v)))
	}
	if f := st.Floor; f != nil && v.Compare(f.Version) < 0 {
		found = append(found, fmt.Sprintf("the installed %s lies below %s, the lowest version that should run: %s; %s", v, f.Version, f.Reason, instead(st, v)))
	}
	return found
}

func describe(st *release.Standing, known *ChannelState, now time.Time) ChannelReport {
	r := ChannelReport{Channel: st.Channel, AsOf: known.AsOf, Newest: st.Newest, Support: st.Support, Ended: st.Ended, Floor: st.Floor, Withdrawn: st.Withdrawn}
	if n := st.Newest; n != nil {
		r.Words = HeadWords(st.Product, st.Channel, n.Sequence, n.Release)
	}
	end, err := time.Parse(time.DateOnly, st.Support.EOL)
	if st.Ended != nil {
		end, err = st.Ended.Time, nil
	}
	if err == nil {
		left := int(math.Floor(end.Sub(now).Hours() / 24)) // the first hours after the end count as below zero
		r.SupportLeft = &left
	}
	return r
}

// Words returns the eight words of a release that the site has met, for a telephone call with a site that is not as far.
func (s *Site) Words(v release.Version) (string, error) {
	for _, c := range s.State.Channels {
		for _, r := range c.Releases {
			if r.Version.Compare(v) == 0 {
				return HeadWords(s.Config.Product, c.Channel, r.Sequence, r.Release), nil
			}
		}
	}
	return "", &PolicyError{Text: fmt.Sprintf("this site has never met release %s", v), Remedy: "relverify status shows the words of the newest release; those of another one are known once its bundle was verified here"}
}

// WaySchema names the format of [Way].
const WaySchema = "https://relctl.dev/schema/site-path/v1"

// Way is how to get from one version to another.
type Way struct {
	Schema string          `json:"schema"`
	From   release.Version `json:"from,omitzero"`
	To     release.Version `json:"to"`
	// Steps are the releases to install, the last being To.
	Steps []upgrade.Step `json:"steps"`
}

// HistorySchema names the format of [History].
const HistorySchema = "https://relctl.dev/schema/site-history/v1"

// History is all that a site remembers of what changed there, oldest first.
type History struct {
	Schema  string  `json:"schema"`
	History []Event `json:"history"`
}

// ListingSchema names the format of [Listing].
const ListingSchema = "https://relctl.dev/schema/bundle-list/v1"

// Listing is what a site says of the bundles on a medium.
type Listing struct {
	Schema  string   `json:"schema"`
	Bundles []Listed `json:"bundles"`
}

// Listed is one bundle of a medium.
type Listed struct {
	File string `json:"file"`
	// Text is the answer in one sentence.
	Text   string  `json:"text"`
	Report *Report `json:"report"`
}

// Path returns the releases to install on the way from one version to another, by what the site knows. The error is an
// [*upgrade.Refusal] if there is no way.
func (s *Site) Path(from, to release.Version) (*Way, error) {
	var lines []upgrade.Line
	for i := range s.State.Channels {
		c := &s.State.Channels[i]
		st, err := c.effective()
		if err != nil {
			return nil, err
		}
		line := upgrade.Line{Standing: st}
		for _, r := range c.Releases {
			line.Releases = append(line.Releases, r.Version)
		}
		lines = append(lines, line)
	}
	steps, err := upgrade.Plan(lines, from, to)
	if err != nil {
		return nil, err
	}
	return &Way{Schema: WaySchema, From: from, To: to, Steps: append([]upgrade.Step{}, steps...)}, nil
}

// Day writes a date for people.
func Day(t time.Time) string { return t.UTC().Format("2 January 2006") }

// SetInstalled notes what a person says is installed, the zero version for nothing. The channel that owns the version
// is followed.
func (s *Site) SetInstalled(v release.Version) error {
	in := &Installed{Version: v}
	text := "nothing"
	if !v.IsZero() {
		text = v.String()
	}
	for i := range s.State.Channels {
		c := &s.State.Channels[i]
		st, err := c.effective()
		if err != nil {
			return err
		}
		if !st.Line.Contains(v) {
			continue
		}
		in.Channel = c.Channel
		for _, r := range c.Releases {
			if r.Version.Compare(v) == 0 {
				in.Sequence, in.Release = r.Sequence, r.Release
			}
		}
	}
	s.State.Installed = in
	s.State.note(s.now(), "installed", "%s, as a person said", text)
	if err := s.Save(); err != nil || in.Channel == "" {
		return err
	}
	return s.follow(in.Channel)
}
