package cut

import (
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/attest"
	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
)

// ShardSchema names the format of [ShardDocument].
const ShardSchema = "https://relctl.dev/schema/shard/v1"

// ShardDocument says what a shard of a build is: of which plan, made with which tools, for which platforms, and every
// file by digest. It is what the key of a machine that builds signs. Its schema keeps it from being taken for a release.
type ShardDocument struct {
	Schema string `json:"schema"`
	// Plan is the digest of the plan.
	Plan    string          `json:"plan"`
	Product string          `json:"product"`
	Channel string          `json:"channel"`
	Version release.Version `json:"version"`
	Commit  string          `json:"commit"`
	Shard   build.Shard     `json:"shard"`
	// Platforms are those that it was made for, "os/arch", sorted; the first shard also makes what belongs to none.
	Platforms []string `json:"platforms"`
	// Whole says why the first shard makes everything, "" if the work is divided.
	Whole string `json:"whole,omitempty"`
	// Pins are the tools that made it.
	Pins []release.Pin `json:"pins"`
	// Artifacts are its files, sorted by path, with the programs inside of archives and packages.
	Artifacts []build.Artifact `json:"artifacts"`
	// Provenance is the digest of the in-toto statement about the artifacts, "" if there are none.
	Provenance string `json:"provenance,omitempty"`
}

// Where a staged shard holds what is no artifact.
const (
	shardDocument   = "provenance/shard.json"
	shardProvenance = "provenance/shard.intoto.json"
)

// ShardID is the name under which a store stages a shard.
func ShardID(plan string, s build.Shard) string {
	return release.Digest([]byte("relctl shard\n" + plan + "\n" + s.String() + "\n"))
}

// stagedPath is where a staged shard holds an artifact: programs that do not ship are no files of a release, and lie
// where those of images would.
func stagedPath(a build.Artifact) string {
	if a.Shipped {
		return a.Path
	}
	return "images/" + a.Path
}

// provenance is the statement about the artifacts of a shard, nil if there are none.
func (d *ShardDocument) provenance(in release.Inputs) ([]byte, error) {
	if len(d.Artifacts) == 0 {
		return nil, nil
	}
	var of []attest.Subject
	for _, a := range d.Artifacts {
		of = append(of, attest.Subject{Name: a.Path, Platform: a.Platform, SHA256: a.SHA256})
	}
	return attest.Provenance(in, of, attest.ProvenanceOptions{})
}

// check says why a shard is not the one that a plan and its split ask for, "" if it is.
func (d *ShardDocument) check(p release.Plan, s build.Shard, split *build.Split) string {
	in := p.Inputs
	switch {
	case d.Schema != ShardSchema:
		return fmt.Sprintf("its schema is %.80q, this relctl reads %q", d.Schema, ShardSchema)
	case d.Plan != p.Digest:
		return fmt.Sprintf("it was built of another plan, %.80s", d.Plan)
	case d.Product != in.Product || d.Channel != in.Channel || d.Version.Compare(in.Version) != 0 || d.Commit != in.Commit:
		return fmt.Sprintf("it is of %.80s %.80s %s", d.Product, d.Channel, d.Version)
	case d.Shard != s:
		return fmt.Sprintf("it is shard %s", d.Shard)
	case !slices.Equal(d.Pins, in.Pins):
		return "it was built with other tools than the plan: " + strings.Join(otherPins(in.Pins, d.Pins), ", ")
	case !slices.Equal(d.Platforms, split.Platforms[s.Index-1]) || d.Whole != split.Whole:
		return fmt.Sprintf("it was built for %s; of this commit it would be %s", named(d.Platforms), named(split.Platforms[s.Index-1]))
	}
	if err := build.CheckArtifacts(d.Artifacts); err != nil {
		return err.Error()
	}
	statement, err := d.provenance(in)
	if err != nil {
		return err.Error()
	}
	if got := digestOf(statement); got != d.Provenance {
		return "its provenance is not a statement about its files and this plan"
	}
	return ""
}

// digestOf is that of data, "" for none.
func digestOf(data []byte) string {
	if data == nil {
		return ""
	}
	return release.Digest(data)
}

// named writes platforms for people.
func named(platforms []string) string {
	if len(platforms) == 0 {
		return "no platform"
	}
	return strings.Join(platforms, ", ")
}

// otherPins says how tools differ from those of a plan.
func otherPins(plan, here []release.Pin) []string {
	var out []string
	value := func(list []release.Pin, name string) string {
		for _, p := range list {
			if p.Name == name {
				return p.Value
			}
		}
		return "none"
	}
	var names []string
	for _, p := range slices.Concat(plan, here) {
		if !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	for _, n := range names {
		if a, b := value(plan, n), value(here, n); a != b {
			out = append(out, fmt.Sprintf("%s is %s there, and %s in the plan", n, b, a))
		}
	}
	return out
}

// ShardError is a shard that a cut must not take.
type ShardError struct {
	Shard build.Shard
	Store string
	// Why it is refused, and what to do about it.
	Why, Remedy string
}

func (e *ShardError) Error() string {
	return fmt.Sprintf("shard %s in %s: %s", e.Shard, e.Store, e.Why)
}

// Hint says what to do about it.
func (e *ShardError) Hint() string { return e.Remedy }

// MissingShardsError is a build of which shards are not there yet.
type MissingShardsError struct {
	Channel string
	Plan    string
	Missing []build.Shard
	Stores  []string
}

func (e *MissingShardsError) Error() string {
	var names []string
	for _, s := range e.Missing {
		names = append(names, s.String())
	}
	return fmt.Sprintf("the build of plan %s lacks the %s %s: none of them in %s",
		e.Plan, plural(len(names), "shard"), strings.Join(names, ", "), strings.Join(e.Stores, ", "))
}

// Hint says how the others come.
func (e *MissingShardsError) Hint() string {
	return fmt.Sprintf("a machine builds one with: relctl build %s --plan plan.json --shard %s --key <file>\nthen run the same cut again", e.Channel, e.Missing[0])
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// ShardDifferError is a shard that was built twice, with another result.
type ShardDifferError struct {
	Shard  build.Shard
	Differ *publish.DifferError
}

func (e *ShardDifferError) Error() string {
	path := strings.TrimPrefix(e.Differ.Path, "images/")
	if e.Differ.Path == shardDocument {
		path = "what is said of its files"
	}
	return fmt.Sprintf("shard %s differs from the one that %s holds already: %s: %s", e.Shard, e.Differ.Store, path, e.Differ.Why)
}

func (e *ShardDifferError) Unwrap() error { return e.Differ }

// Hint says what to do about a build that is not reproducible.
func (e *ShardDifferError) Hint() string {
	return "the build is not reproducible (timestamps, build paths, unpinned tools): see what relctl plan says of it\nto take the new one, give up the old with --discard and build it again"
}
