package release

import (
	"fmt"
	"time"
)

// PlanSchema names the format of [Plan].
const PlanSchema = "https://relctl.dev/schema/plan/v1"

// Kind is the kind of a channel.
type Kind string

// The two kinds of channels.
const (
	LTS     Kind = "lts"
	Rolling Kind = "rolling"
)

// Inputs is everything that decides what a cut makes. Its digest names the plan: two plans with equal inputs are one
// plan, whoever made them and whenever.
type Inputs struct {
	Product string `json:"product"`
	Channel string `json:"channel"`
	Kind    Kind   `json:"kind"`
	Line    Line   `json:"line,omitzero"`
	// Branch is the full ref name, "refs/heads/release/2.4".
	Branch string `json:"branch"`
	// Commit is the full id of the commit to release.
	Commit string `json:"commit"`
	// SourceDate is the commit's committer date in UTC, the timestamp of all that is built.
	SourceDate time.Time `json:"source_date"`
	Version    Version   `json:"version"`
	// Tag is the name without refs/tags/, or "" for channels without tags.
	Tag      string       `json:"tag,omitempty"`
	Previous *Predecessor `json:"previous,omitempty"`
	// Policy are the channel files by blob id, sorted by path.
	Policy []Blob `json:"policy"`
	// Pins are the builder and its versions, sorted by name.
	Pins []Pin `json:"pins"`
}

// Predecessor is the release that came before on the same channel.
type Predecessor struct {
	Version Version `json:"version"`
	Commit  string  `json:"commit"`
	// Release is the digest of its release.json, or "" for an adopted tag that never had one.
	Release string `json:"release,omitempty"`
}

// Blob is a file at a commit.
type Blob struct {
	Path string `json:"path"`
	ID   string `json:"id"`
}

// Pin fixes one input of the build from outside the repository: {"goreleaser", "v2.16.0"}, {"go", "go1.26.8"}.
type Pin struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Digest returns the plan's name, "sha256:<hex>" of the encoded inputs.
func (in Inputs) Digest() string { return mustDigest(in) }

// BuildDigest names what the build depends on and nothing else, so that an approval of a release candidate carries to
// the final release of the same commit.
func (in Inputs) BuildDigest() string {
	return mustDigest(struct {
		Product string `json:"product"`
		Commit  string `json:"commit"`
		Pins    []Pin  `json:"pins"`
	}{in.Product, in.Commit, in.Pins})
}

func mustDigest(v any) string {
	data, err := Encode(v)
	if err != nil {
		panic(fmt.Sprintf("release: encode %T: %v", v, err)) // plain strings, numbers and times always encode
	}
	return Digest(data)
}

// Plan is a read-only answer to "what would a cut do".
type Plan struct {
	Schema string `json:"schema"`
	Digest string `json:"digest"`
	Inputs Inputs `json:"inputs"`
	// Why explains the version in one line.
	Why string `json:"why"`
	// Skipped are the newest commits of the branch that the plan passes over, the newest first and at most ten, and
	// SkippedCount is how many there are in all.
	Skipped      []SkippedCommit `json:"skipped,omitempty"`
	SkippedCount int             `json:"skipped_count,omitempty"`
	// Assumptions are what relctl took for granted, each a sentence: no ledger yet, channels read from the working tree.
	Assumptions []string `json:"assumptions,omitempty"`
	// Warnings are what does not stop a cut and yet must be known, each a sentence.
	Warnings []string `json:"warnings,omitempty"`
	// Changes since Previous, newest first, reverted pairs left out.
	Changes []Change `json:"changes"`
	// Verdicts of the gates, in the order of the channel file.
	Verdicts []Verdict `json:"verdicts"`
	// Evidence for each change.
	Evidence []Evidence `json:"evidence"`
	// Build is what will be built, in words: "goreleaser build, linux/amd64 linux/arm64".
	Build []string `json:"build,omitempty"`
}

// SkippedCommit is a commit that is not released, and why.
type SkippedCommit struct {
	Commit  string `json:"commit"`
	Subject string `json:"subject"`
	Reason  string `json:"reason"`
}
