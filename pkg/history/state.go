package history

import (
	"github.com/relctl/relctl/pkg/release"
)

// Line is one branch whose changes are followed: the main line, or that of an LTS channel.
type Line struct {
	// Name is the channel's name.
	Name string
	// Ref is the full ref name, such as refs/remotes/origin/release/2.4.
	Ref string
	// Releases of the line, in any order.
	Releases []Released
}

// Released is a release of a line.
type Released struct {
	Version release.Version
	Commit  string
}

// Verdict is a person's word about a change on a line, as the ledger records it.
type Verdict string

// The verdicts.
const (
	MarkEquivalent Verdict = "equivalent" // another commit of the line carries it
	MarkWont       Verdict = "wont"       // the line will not get it
	MarkLTSOnly    Verdict = "lts-only"   // it belongs to its line, and not to main
)

// Mark is one recorded verdict.
type Mark struct {
	Verdict Verdict
	// Line is the channel's name.
	Line string
	// Change is the id of a commit of the change; Commit that of the equivalent one, if the verdict needs it.
	Change, Commit string
	Reason         string
	// Event is its number in the ledger.
	Event uint64
}

// Presence is the state of a change on a line.
type Presence string

// The states.
const (
	Present       Presence = "present"        // in a release of the line, see State.Since
	Picked        Presence = "picked"         // on the branch, in no release yet
	Missing       Presence = "missing"        // not on the line
	Reverted      Presence = "reverted"       // was there, and was taken back
	Equivalent    Presence = "equivalent"     // somebody recorded another commit as the same
	Wont          Presence = "wont"           // somebody recorded that the line will not get it
	NotApplicable Presence = "not-applicable" // the code it touches does not exist there
)

// Evidence is by what a change was found on a line, in the order of trust.
type Evidence string

// The kinds of evidence.
const (
	ByAncestry Evidence = "ancestry" // the very commit
	ByTrailer  Evidence = "trailer"  // "(cherry picked from commit …)", chains followed to the root
	ByRecord   Evidence = "record"   // a verdict in the ledger
	ByPatch    Evidence = "patch"    // the same stable patch-id
	ByAuthor   Evidence = "author"   // the same subject, author and author date
	ByPR       Evidence = "pr"       // the number of the pull request
	BySubject  Evidence = "subject"  // the same subject without its backport decoration, and no other change has it
)

// State is what is known of a change on a line.
type State struct {
	Presence Presence `json:"state"`
	// Since is the first release of the line with the change.
	Since release.Version `json:"since,omitzero"`
	// Commit carries the change on the line, or took it back there.
	Commit string `json:"commit,omitempty"`
	// By says how the commit was found, "" where there is none.
	By Evidence `json:"by,omitempty"`
	// Confidence is "certain", "strong" or "likely".
	Confidence string `json:"confidence,omitempty"`
	// Reason of a recorded verdict.
	Reason string `json:"reason,omitempty"`
	// Event is its number in the ledger.
	Event uint64 `json:"event,omitempty"`
}
