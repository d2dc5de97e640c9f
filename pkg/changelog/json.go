package changelog

import (
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// Schema names the format of [Document].
const Schema = "https://relctl.dev/schema/changes/v1"

// Document is changes.json.
type Document struct {
	Schema  string `json:"schema"`
	Product string `json:"product"`
	Channel string `json:"channel"`
	// From is the version that the changes are told since, absent if they begin with the channel's first release.
	From release.Version `json:"from,omitzero"`
	// Releases, newest first.
	Releases []DocumentRelease `json:"releases"`
}

// DocumentRelease is one release in changes.json.
type DocumentRelease struct {
	// Version is absent for what is not released yet.
	Version release.Version `json:"version,omitzero"`
	Commit  string          `json:"commit,omitempty"`
	Date    time.Time       `json:"date,omitzero"`
	// Previous is the release that the changes are told since, absent for the first.
	Previous release.Version `json:"previous,omitzero"`
	// Withdrawn is why the release must not be installed, absent if it may, and Advisory what was published about it.
	Withdrawn string `json:"withdrawn,omitempty"`
	Advisory  string `json:"advisory,omitempty"`
	// Changes, newest first.
	Changes []DocumentChange `json:"changes"`
}

// DocumentChange is one change in changes.json.
type DocumentChange struct {
	release.Change
	// Corrected is there if the change is told otherwise than by its commit.
	Corrected *Correction `json:"corrected,omitempty"`
	// Evidence is how far the change is proven, absent where nobody asked.
	Evidence *release.Evidence `json:"evidence,omitempty"`
}

// Document returns the log as changes.json has it.
func (l Log) Document() Document {
	d := Document{Schema: Schema, Product: l.Product, Channel: l.Channel, From: l.From, Releases: make([]DocumentRelease, len(l.Releases))}
	for i, r := range l.Releases {
		out := DocumentRelease{Version: r.Version, Commit: r.Commit, Date: r.Date.UTC(), Previous: r.Previous, Withdrawn: r.Withdrawn, Advisory: r.Advisory, Changes: make([]DocumentChange, len(r.Changes))}
		for j, e := range r.Entries() {
			out.Changes[j] = DocumentChange{*e.Change, e.Corrected, r.evidence(e.Commit)}
		}
		d.Releases[i] = out
	}
	return d
}

// JSON returns changes.json of one release.
func JSON(r Release) ([]byte, error) { return r.Log().JSON() }

// JSON returns changes.json.
func (l Log) JSON() ([]byte, error) { return release.Encode(l.Document()) }
