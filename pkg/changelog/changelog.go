package changelog

import (
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// Log is what happened in releases of one channel.
type Log struct {
	Product, Channel string
	// From is the version that the reader has, zero if the log begins with the channel's first release.
	From release.Version
	// Releases, newest first.
	Releases []Release
}

// Release is what a changelog tells about one release.
type Release struct {
	Product, Channel string
	// Version is zero for what is not released yet.
	Version release.Version
	// Commit that was released, or that would be.
	Commit string
	// Date is the release's source date.
	Date time.Time
	// Previous is the release that the changes are told since, zero for the first.
	Previous release.Version
	// Changes, newest first.
	Changes []release.Change
	// Corrections of changes, by commit id; see [Apply].
	Corrections map[string]Correction
	// Evidence is how far each change is proven, in the order of Changes; nil where nobody asked.
	Evidence []release.Evidence
	// Withdrawn is why the release must not be installed, "" if it may, and Advisory what was published about it, or "".
	Withdrawn, Advisory string
}

// Correction says that a change is told otherwise than by its commit.
type Correction struct {
	// File is the override, from the repository's root.
	File string `json:"file"`
	// Reason that it gives, or "".
	Reason string `json:"reason,omitempty"`
	// Hidden changes are left out.
	Hidden bool `json:"-"`
}

// Entry is one change as it is told.
type Entry struct {
	*release.Change
	// Since names the release that brought the change, in a log of several releases: "2.4.5", or "the next release".
	Since string
	// Mark is "Breaking" or "Taken back" for such changes in sections that do not say it.
	Mark string
	// Corrected is nil for a change that is told by its commit.
	Corrected *Correction
}

// Section is a heading and what belongs under it.
type Section struct {
	Title, Intro string
	// Folded sections are of no concern to most operators.
	Folded  bool
	Entries []Entry
}

// Sections are the sections of a changelog that have entries.
type Sections []Section

// Open returns the sections that everybody should read.
func (s Sections) Open() Sections { return s.folded(false) }

// Folded returns the others.
func (s Sections) Folded() Sections { return s.folded(true) }

func (s Sections) folded(want bool) Sections {
	return slices.DeleteFunc(slices.Clone(s), func(one Section) bool { return one.Folded != want })
}

// Log returns a log of this release alone.
func (r Release) Log() Log {
	return Log{Product: r.Product, Channel: r.Channel, From: r.Previous, Releases: []Release{r}}
}

// Released reports whether there is a version.
func (r Release) Released() bool { return !r.Version.IsZero() }

// Entries returns the changes as they are told.
func (r Release) Entries() []Entry { return r.entries("") }

func (r Release) entries(since string) []Entry {
	out := make([]Entry, len(r.Changes))
	for i := range r.Changes {
		out[i] = Entry{Change: &r.Changes[i], Since: since}
		if c, ok := r.Corrections[r.Changes[i].Commit]; ok {
			out[i].Corrected = &c
		}
	}
	return out
}

// Sections groups the changes in the order in which an operator wants them.
func (r Release) Sections() Sections { return group(operatorSections, r.Entries()) }

// Kinds groups the changes as Keep a Changelog does. Routine work is left out: chore, ci, test, style and build, unless
// a change breaks something or names a CVE.
func (r Release) Kinds() Sections {
	entries := slices.DeleteFunc(r.Entries(), routine)
	for i, e := range entries {
		switch {
		case e.Breaking:
			entries[i].Mark = "Breaking"
		case e.Type == "revert":
			entries[i].Mark = "Taken back"
		}
	}
	return group(keepSections, entries)
}

// Several reports whether the log holds more than one release.
func (l Log) Several() bool { return len(l.Releases) > 1 }

// To is the newest version of the log, zero if it ends with what is not released yet.
func (l Log) To() release.Version {
	if len(l.Releases) == 0 {
		return l.From
	}
	return l.Releases[0].Version
}

// Sections groups the changes of all releases in the order in which an operator wants them. With several releases each
// entry says since when.
func (l Log) Sections() Sections {
	var all []Entry
	for _, r := range l.Releases {
		since := ""
		switch {
		case l.Several() && r.Released():
			since = r.Version.String()
		case l.Several():
			since = "the next release"
		}
		all = append(all, r.entries(since)...)
	}
	return group(operatorSections, all)
}

// heading is a section without its entries.
type heading struct {
	title, intro string
	folded       bool
	has          func(Entry) bool
}

func ofType(types ...string) func(Entry) bool {
	return func(e Entry) bool { return slices.Contains(types, e.Type) }
}

func breaking(e Entry) bool { return e.Breaking }
func security(e Entry) bool { return e.Type == "security" || len(e.CVEs) > 0 }
func anything(Entry) bool   { return true }

func routine(e Entry) bool {
	return !breaking(e) && !security(e) && ofType("chore", "ci", "test", "style", "build")(e)
}

// A change stands in the first section that has it.
var (
	operatorSections = []heading{
		{"Action required", "Read these before you upgrade.", false, breaking},
		{"Security", "", false, security},
		{"Fixes", "", false, ofType("fix")},
		{"Taken back", "These changes of earlier releases were reverted.", false, ofType("revert")},
		{"Performance", "", true, ofType("perf")},
		{"Features", "", true, ofType("feat")},
		{"Documentation", "", true, ofType("docs")},
		{"Under the hood", "", true, anything},
	}
	keepSections = []heading{
		{title: "Security", has: security},
		{title: "Added", has: ofType("feat")},
		{title: "Deprecated", has: ofType("deprecate", "deprecated")},
		{title: "Removed", has: ofType("remove", "removed", "revert")},
		{title: "Fixed", has: ofType("fix")},
		{title: "Changed", has: anything},
	}
)

// group returns the sections that have entries, in their order.
func group(headings []heading, entries []Entry) Sections {
	sections := make(Sections, len(headings))
	for i, h := range headings {
		sections[i] = Section{Title: h.title, Intro: h.intro, Folded: h.folded}
	}
	for _, e := range entries {
		i := slices.IndexFunc(headings, func(h heading) bool { return h.has(e) })
		sections[i].Entries = append(sections[i].Entries, e)
	}
	return slices.DeleteFunc(sections, func(s Section) bool { return len(s.Entries) == 0 })
}
