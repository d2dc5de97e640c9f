package portal

import (
	"time"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/timeline"
)

// Schema names the format of [Model].
const Schema = "https://relctl.dev/schema/portal/v1"

// Model is everything that a portal shows, at one time.
type Model struct {
	Schema  string    `json:"schema"`
	Product string    `json:"product"`
	Time    time.Time `json:"time"` // UTC
	// Channels in the order of the policy.
	Channels []Channel `json:"channels"`
	// Lines are the LTS channels, as customers are told about them.
	Lines []Line `json:"lines"`
	// Ahead is how far the service is ahead of each line.
	Ahead     []Ahead   `json:"ahead"`
	Backports Backports `json:"backports"`
	Flags     Flags     `json:"flags"`
	// Events are what happened, the oldest first.
	Events []timeline.Entry `json:"events"`
}

// Channel is how a channel stands.
type Channel struct {
	Name string       `json:"name"`
	Kind release.Kind `json:"kind"`
	// Last is the newest release, zero for none, and LastTime when it was made, zero if nobody knows.
	Last     release.Version `json:"last,omitzero"`
	LastTime time.Time       `json:"last_time,omitzero"`
	// Unreleased is the number of changes since then, left out if nobody knows.
	Unreleased *int `json:"unreleased,omitempty"`
	// Support in words, "" where nothing is said.
	Support string `json:"support,omitempty"`
	// Notes are sentences about the channel: freezes, a release that was begun, withdrawals.
	Notes []string `json:"notes,omitempty"`
	Rings []Ring   `json:"rings,omitempty"`
	Gates []Gate   `json:"gates,omitempty"`
	// Refused is what gates let not through last.
	Refused []Refusal `json:"refused,omitempty"`
	// Releases, newest first; what is not released yet comes before, with a zero version.
	Releases []Release `json:"releases"`
}

// Ring is a ring of a rolling channel.
type Ring struct {
	Name  string   `json:"name"`
	Cells []string `json:"cells"`
	// Runs is what it runs, zero for nothing, since Since.
	Runs  release.Version `json:"runs,omitzero"`
	Since time.Time       `json:"since,omitzero"`
	// Soak, Gates and Next are in words, as relctl status has them.
	Soak  string `json:"soak,omitempty"`
	Gates string `json:"gates,omitempty"`
	Next  string `json:"next"`
	// Why says why that is next, and Hint what would change it; "" for nothing.
	Why  string `json:"why,omitempty"`
	Hint string `json:"hint,omitempty"`
	// Verdicts are those about what would come next.
	Verdicts []release.Verdict `json:"verdicts,omitempty"`
	// Stays are the times of releases in the ring, oldest first.
	Stays []Stay `json:"stays,omitempty"`
}

// Stay is an unbroken time of a release in a ring.
type Stay struct {
	Version release.Version `json:"version"`
	From    time.Time       `json:"from"`
	// Until is zero while it lasts.
	Until time.Time `json:"until,omitzero"`
	// End is what ended it: promote, rollback or reject; "" while it lasts.
	End string `json:"end,omitempty"`
}

// Gate is a condition of a channel.
type Gate struct {
	Name string `json:"name"`
	// When it is asked, such as "built" or "leaving ring canary"; what kind it is; and what it asks.
	When string `json:"when"`
	Kind string `json:"kind"`
	Asks string `json:"asks"`
}

// Refusal is what gates did not let through.
type Refusal struct {
	// Ring that the release was to leave, "" for a cut.
	Ring     string            `json:"ring,omitempty"`
	Version  release.Version   `json:"version"`
	Time     time.Time         `json:"time"`
	Verdicts []release.Verdict `json:"verdicts"`
}

// Line is an LTS channel.
type Line struct {
	// Begin of its support, zero if nobody knows.
	Begin    time.Time         `json:"begin,omitzero"`
	Standing *release.Standing `json:"standing"`
	Releases []release.Version `json:"releases"`
}

// Ahead is what the service has and a line has not.
type Ahead struct {
	Channel string `json:"channel"`
	// Service is the channel that it is compared with, at a release.
	Service string          `json:"service"`
	Version release.Version `json:"version"`
	// Line is the release of the line that it is compared with, zero for the head of its branch.
	Line release.Version `json:"line,omitzero"`
	// Changes is how many they are, and Wanted those that the line would take.
	Changes int `json:"changes"`
	Wanted  int `json:"wanted"`
	// Oldest is the one that came to the service's branch first; nil for none.
	Oldest *Change `json:"oldest,omitempty"`
}

// Backports is which change of main is on which line.
type Backports struct {
	Main  string   `json:"main"`
	Lines []string `json:"lines"`
	// Total counts all that are missing somewhere; Changes may be fewer.
	Total   int        `json:"total"`
	Changes []Backport `json:"changes"`
}

// Backport is a change that a line misses.
type Backport struct {
	Change
	// Lines are in the order of [Backports.Lines].
	Lines []Cell `json:"lines"`
}

// Cell is how a change stands on a line.
type Cell struct {
	// Words are few: a version, "applies", "conflicts", "-".
	Words string `json:"words"`
	// Mood says how that is to be read.
	Mood Mood `json:"mood"`
	// More is what else is known, "" for nothing.
	More string `json:"more,omitempty"`
}

// Mood is whether something is well.
type Mood string

// The moods.
const (
	Good    Mood = "good"
	Bad     Mood = "bad"
	Warn    Mood = "warn"
	Neutral Mood = "neutral"
)

// Flags are the feature flags at the head of each channel.
type Flags struct {
	// Channels that were looked at, in order, and why not for those that could not be.
	Channels []string          `json:"channels"`
	Missing  map[string]string `json:"missing,omitempty"`
	Flags    []Flag            `json:"flags"`
}

// Flag is a feature flag.
type Flag struct {
	Name string `json:"name"`
	// Text is what it does, "" if its file does not say.
	Text string `json:"text,omitempty"`
	// Path of the file that has it.
	Path string `json:"path"`
	// Born is when it came, zero if nobody knows.
	Born time.Time `json:"born,omitzero"`
	// States are in the order of [Flags.Channels]: "on", "off", "on (with targeting)"; "" where it is not.
	States []string `json:"states"`
}

// Release is a release of a channel, or what is not released yet.
type Release struct {
	// Version is zero for what is not released yet.
	Version release.Version `json:"version,omitzero"`
	Commit  string          `json:"commit"`
	// Date of the release, zero if nobody knows.
	Date time.Time `json:"date,omitzero"`
	// Previous is the release that the changes are told since, zero for the first.
	Previous release.Version `json:"previous,omitzero"`
	// Withdrawn is why it must not be installed, "" if it may.
	Withdrawn string `json:"withdrawn,omitempty"`
	// Key stands for the changes: two releases of one key have the same. "" if only the changes themselves can tell.
	Key string `json:"key,omitempty"`
	// Changes reads the changes, newest first, and says whether there are older ones, which would be too many for a page. It
	// is not asked while what was made of them before still stands. Releases are asked in their order.
	Changes func() (newest []Change, more bool, err error) `json:"-"`
}

// Change is a logical change.
type Change struct {
	// Commit is a full id.
	Commit string `json:"commit"`
	// Type is the conventional type, "" for none.
	Type    string `json:"type"`
	Scope   string `json:"scope,omitempty"`
	Subject string `json:"subject"`
	// Note is what breaks, "" for nothing or for what says no more than the subject.
	Note     string    `json:"note,omitempty"`
	Breaking bool      `json:"breaking,omitempty"`
	PR       int       `json:"pr,omitempty"`
	CVEs     []string  `json:"cves,omitempty"`
	Author   string    `json:"author"`
	Date     time.Time `json:"date"` // UTC
}
