package guide

import (
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/upgrade"
)

// Schema names the format of a [Guide].
const Schema = "https://relctl.dev/schema/upgrade-guide/v1"

// Request is what a guide is made of.
type Request struct {
	Product string
	// Points are the releases on the way: the one that is installed, the stops, and the one to reach.
	Points []Point
	// Steps are the ways between them, one less than Points. Only what must be done before and why it is a stop counts.
	Steps []upgrade.Step
	// Bundles says that releases come as bundles, which relverify checks and unpacks.
	Bundles bool
	// Install are the pages that say how to install, one a kind of installation.
	Install []Page
	// Pages are the other pages of the documentation that a guide points to, by what they are: "backup", "troubleshoot".
	Pages map[string]Page
	// Security are the weaknesses that the upgrade mends, or that concern the new release.
	Security []Weakness
	// Files of the new release, to compare, and its container images.
	Files []File
	// Others are guides to the same release from other ones.
	Others []Page
}

// Page is a page of the operator's documentation.
type Page struct {
	// Name for people, such as kubernetes.
	Name string `json:"name"`
	// Path from the guide, perhaps with a section: kubernetes.md#upgrade. It is "" where the release has no such page.
	Path string `json:"path,omitempty"`
	// Wanted is the page that the policy names, where the release has none.
	Wanted string `json:"wanted,omitempty"`
}

// Point is one release.
type Point struct {
	// Version is zero for what is no release; Name is what people call it then.
	Version release.Version
	Name    string
	Channel string
	Date    time.Time
	// Facts are nil where they cannot be told, for the reason that Problem says.
	Facts   *fact.Set
	Problem string
	// Notes are all that the release has.
	Notes []Note
}

// String is the version, or the name of what is no release.
func (p Point) String() string {
	if p.Version.IsZero() {
		return p.Name
	}
	return p.Version.String()
}

func (p Point) unreleased() bool { return p.Version.IsZero() }

// Weakness is what is known of one weakness.
type Weakness struct {
	// IDs are its names; a fix of type security may have none.
	IDs []string `json:"ids,omitempty"`
	// Text says what it is, or the subject of the change that mends it.
	Text string `json:"text"`
	// Fixed says that the upgrade brings the fix.
	Fixed bool `json:"fixed"`
	// Status of the new release, in the words of OpenVEX, and what else is said with it.
	Status string `json:"status,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// File is a file of the new release, or an image.
type File struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// Guide is what an operator has to know and do to get from one release to another.
type Guide struct {
	Schema  string    `json:"schema"`
	Product string    `json:"product"`
	From    string    `json:"from"`
	To      string    `json:"to"`
	Channel string    `json:"channel,omitempty"`
	Date    time.Time `json:"date,omitzero"`
	// Bundles says that relverify can be given the releases. Unreleased says that the last is none yet.
	Bundles    bool `json:"bundles,omitempty"`
	Unreleased bool `json:"unreleased,omitempty"`
	// Act says who must act.
	Act []Act `json:"act"`
	// Steps are the releases to install, in order.
	Steps []Step `json:"steps"`
	// Deprecated is what the new release has for the last time, or not for long.
	Deprecated []Deprecation `json:"deprecated"`
	Security   []Weakness    `json:"security"`
	Known      []Entry       `json:"known_issues"`
	Files      []File        `json:"files"`
	// Install and Pages are pages of the documentation.
	Install []Page          `json:"install,omitempty"`
	Pages   map[string]Page `json:"pages,omitempty"`
	Others  []Page          `json:"others,omitempty"`
	// Gaps are what the guide cannot tell, each a sentence.
	Gaps []string `json:"gaps"`
}

// Act says who must act, and why.
type Act struct {
	Who string `json:"who"`
	// Breaking and Action are how many changes of each kind there are.
	Breaking int `json:"breaking"`
	Action   int `json:"action"`
	// Names are those of the first of them.
	Names []string `json:"names"`
}

// Step is one release to install.
type Step struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Channel string `json:"channel,omitempty"`
	// Stop says why the way may not pass this release by; Conditions are what must be done or hold before.
	Stop       string   `json:"stop,omitempty"`
	Conditions []string `json:"conditions,omitempty"`
	// Breaking are the changes that break something; Other are notes about what else changes.
	Breaking []Entry `json:"breaking"`
	Other    []Entry `json:"other"`
	// Areas are the changes of facts, by what they are about.
	Areas []Area `json:"areas"`
	// Migrations that the step brings.
	Migrations []Migration `json:"migrations"`
	// Alerts that the new release has.
	Alerts []string `json:"alerts"`
	// Config says that the product has configuration that relverify can check.
	Config bool `json:"config,omitempty"`
}

// Entry is a change as a person has to know it.
type Entry struct {
	Title  string `json:"title"`
	Impact string `json:"impact"`
	Action string `json:"action,omitempty"`
	Check  string `json:"check,omitempty"`
	Text   string `json:"text,omitempty"`
	// Note is the id of the note that says so, "" for what follows from the facts alone.
	Note string `json:"note,omitempty"`
	// Facts say what was found, one sentence each.
	Facts []string `json:"facts,omitempty"`
}

// Area is one part of the product.
type Area struct {
	Title   string   `json:"title"`
	Changes []Change `json:"changes"`
}

// Change is a change of a fact, with the defaults before and after where it has any.
type Change struct {
	fact.Change
	DefaultBefore *string `json:"default_before,omitempty"`
	DefaultAfter  *string `json:"default_after,omitempty"`
}

// Migration is a step of the database's schema.
type Migration struct {
	Name string    `json:"name"`
	Does string    `json:"does"`
	Lock fact.Lock `json:"lock,omitempty"`
	// Reversible says that it comes with a way back. Destructive is what it deletes: from then on only the backup leads back.
	Reversible  bool     `json:"reversible"`
	Destructive []string `json:"destructive,omitempty"`
}

// Deprecation is something that a later release will not have.
type Deprecation struct {
	Kind fact.Kind `json:"kind"`
	Name string    `json:"name"`
	// Use says what to use instead, RemovedIn the version without it; both may be "".
	Use       string `json:"use,omitempty"`
	RemovedIn string `json:"removed_in,omitempty"`
	// New says that it was not deprecated before the upgrade.
	New bool `json:"new,omitempty"`
}

// New makes a guide. It needs two points at least.
func New(req Request) *Guide {
	first, last := req.Points[0], req.Points[len(req.Points)-1]
	g := &Guide{
		Schema: Schema, Product: req.Product, From: first.String(), To: last.String(), Channel: last.Channel, Date: last.Date,
		Bundles: req.Bundles && !slices.ContainsFunc(req.Points, Point.unreleased), Unreleased: last.unreleased(), Install: req.Install, Pages: req.Pages, Others: req.Others,
		Act: []Act{}, Steps: []Step{}, Deprecated: []Deprecation{}, Known: []Entry{}, Gaps: []string{},
		Security: orEmpty(req.Security), Files: orEmpty(req.Files),
	}
	b := builder{Guide: g}
	for i, to := range req.Points[1:] {
		var way upgrade.Step
		if i < len(req.Steps) {
			way = req.Steps[i]
		}
		b.step(req.Points[i], to, way)
	}
	b.acts()
	b.last(first, last)
	b.gaps(req)
	return g
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
