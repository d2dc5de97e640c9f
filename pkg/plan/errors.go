package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// ShallowError is a clone in which ranges and ancestry would be answered wrongly.
type ShallowError struct{ Remote string }

func (e *ShallowError) Error() string {
	return "this is a shallow clone, in which the history before a release cannot be told"
}

// Hint names the command that deepens the clone.
func (e *ShallowError) Hint() string {
	return "git fetch --unshallow --tags " + e.Remote + "   (in CI: check out with the full depth)"
}

// BranchError is a channel whose branch does not exist.
type BranchError struct{ Channel, Branch, Ref, Remote string }

func (e *BranchError) Error() string {
	return fmt.Sprintf("channel %s releases from branch %s, but %s does not exist here", e.Channel, e.Branch, e.Ref)
}

// Hint says how to get the branch.
func (e *BranchError) Hint() string {
	if e.Remote == "" {
		return "create the branch, or correct it in channels/" + e.Channel + ".yaml"
	}
	return fmt.Sprintf("%s, or push the branch, or correct it in channels/%s.yaml", fetchBranches(e.Remote), e.Channel)
}

// fetchBranches is the command that brings all branches, in a clone of one branch and a bare one too.
func fetchBranches(remote string) string {
	return fmt.Sprintf("git fetch %s '+refs/heads/*:refs/remotes/%[1]s/*'", remote)
}

// EmptyError is a branch with nothing new since the last release.
type EmptyError struct {
	Channel, Branch string
	Previous        release.Version
}

func (e *EmptyError) Error() string {
	return fmt.Sprintf("nothing to release on %s: branch %s is at %s", e.Channel, e.Branch, e.Previous)
}

// TagError is a tag that is not what the ledger recorded.
type TagError struct{ Tag, Recorded, Found string }

func (e *TagError) Error() string {
	if e.Found == "" {
		return fmt.Sprintf("tag %s is missing; the ledger recorded it at %s", e.Tag, release.Short(e.Recorded))
	}
	if e.Found == e.Recorded {
		return fmt.Sprintf("tag %s was replaced: it still points at %s, and is not the tag object that the ledger recorded", e.Tag, release.Short(e.Recorded))
	}
	return fmt.Sprintf("tag %s was moved: the ledger recorded it at %s, it points at %s now", e.Tag, release.Short(e.Recorded), release.Short(e.Found))
}

// Hint says how to find out more.
func (e *TagError) Hint() string {
	if e.Found == "" {
		return "git fetch --tags; if it is missing on the remote too, run relctl ledger verify"
	}
	return "a released tag must never move: run relctl ledger verify, and put the tag back where it was"
}

// AncestryError is a previous release that is not in the branch's history.
type AncestryError struct {
	Channel, Branch string
	Previous        release.Predecessor
}

func (e *AncestryError) Error() string {
	return fmt.Sprintf("the previous release of %s, %s at %s, is not in the history of branch %s",
		e.Channel, e.Previous.Version, release.Short(e.Previous.Commit), e.Branch)
}

// Hint says what usually happened.
func (e *AncestryError) Hint() string {
	return "the branch was rewritten or squashed after the release; merge the released commit back into it"
}

// UnknownTagsError are tags of a line that the ledger does not know.
type UnknownTagsError struct {
	Channel string
	Tags    []string
}

func (e *UnknownTagsError) Error() string {
	slices.Sort(e.Tags)
	shown := e.Tags
	more := ""
	if len(shown) > 3 {
		more = fmt.Sprintf(" and %d more", len(shown)-3)
		shown = shown[:3]
	}
	return fmt.Sprintf("the ledger does not know tags that belong to %s: %s%s", e.Channel, strings.Join(shown, ", "), more)
}

// Hint names the command that records them.
func (e *UnknownTagsError) Hint() string {
	return "relctl adopt " + e.Channel + "   records them as the releases from before relctl"
}

// MovedError is a plan that no longer holds.
type MovedError struct {
	// Want is the digest that was asked for, Got what the refs give now.
	Want, Got string
	// Moved says what differs, each a sentence; empty if the wanted plan is not known here.
	Moved []string
}

func (e *MovedError) Error() string {
	text := fmt.Sprintf("the plan %s no longer holds: the refs give %s now", e.Want, e.Got)
	if len(e.Moved) > 0 {
		text += ": " + strings.Join(e.Moved, "; ")
	}
	return text
}

// Hint says to look again.
func (e *MovedError) Hint() string { return "look at the new plan with relctl plan, then cut that one" }

// Diff says how the inputs of two plans differ, each difference a phrase.
func Diff(a, b release.Inputs) []string {
	var out []string
	add := func(what, from, to string) {
		if from != to {
			out = append(out, fmt.Sprintf("%s moved from %s to %s", what, from, to))
		}
	}
	add(a.Branch, release.Short(a.Commit), release.Short(b.Commit))
	add("the version", a.Version.String(), b.Version.String())
	add("the previous release", previous(a), previous(b))
	old := map[string]string{}
	for _, blob := range a.Policy {
		old[blob.Path] = blob.ID
	}
	for _, blob := range b.Policy {
		if was, ok := old[blob.Path]; !ok || was != blob.ID {
			out = append(out, blob.Path+" changed")
		}
		delete(old, blob.Path)
	}
	for _, blob := range a.Policy {
		if _, gone := old[blob.Path]; gone {
			out = append(out, blob.Path+" is gone")
		}
	}
	pins := map[string]string{}
	for _, p := range a.Pins {
		pins[p.Name] = p.Value
	}
	for _, p := range b.Pins {
		if was, ok := pins[p.Name]; !ok {
			out = append(out, fmt.Sprintf("%s %s is new", p.Name, p.Value))
		} else {
			add(p.Name, was, p.Value)
		}
	}
	return out
}

func previous(in release.Inputs) string {
	if in.Previous == nil {
		return "none"
	}
	return in.Previous.Version.String()
}
