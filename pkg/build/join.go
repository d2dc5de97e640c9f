package build

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// Part is what one shard made.
type Part struct {
	Shard Shard
	// Artifacts by path; Local plays no part.
	Artifacts []Artifact
	// Open opens one of them.
	Open func(a Artifact) (io.ReadCloser, error)
}

// Join puts the parts of a build together in the folder out, as one machine would have left them there. Every file is
// held against what its part says of it: one that differs is a [*ChangedError], and parts that do not fit together are
// an [*OverlapError].
func Join(out string, parts []Part) ([]Artifact, error) {
	if err := makeEmpty(out); err != nil {
		return nil, err
	}
	if err := disjoint(parts); err != nil {
		return nil, err
	}
	c, err := newCollector(Request{Out: out})
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		for _, a := range p.Artifacts {
			if err := c.take(p, a); err != nil {
				return nil, err
			}
		}
	}
	list := make([]Artifact, 0, len(c.list))
	for _, a := range c.list {
		list = append(list, *a)
	}
	slices.SortFunc(list, func(a, b Artifact) int { return strings.Compare(a.Path, b.Path) })
	if !slices.ContainsFunc(list, func(a Artifact) bool { return a.Shipped }) {
		return nil, errNothing
	}
	return list, nil
}

// take copies one file of a part.
func (c *collector) take(p Part, a Artifact) error {
	r, err := p.Open(a)
	if err != nil {
		return fmt.Errorf("shard %s: %s: %w", p.Shard, a.Path, err)
	}
	defer func() { _ = r.Close() }()
	got, err := c.copy(io.LimitReader(r, a.Size+1), a, a.Path)
	if err != nil {
		return fmt.Errorf("shard %s: %s: %w", p.Shard, a.Path, err)
	}
	if got.Size != a.Size || got.SHA256 != a.SHA256 {
		return &ChangedError{Shard: p.Shard, Path: a.Path, Want: a.SHA256, Got: got.SHA256}
	}
	got.File = a.File
	return nil
}

// disjoint makes sure that no file, and no program of a platform, comes from two parts. Names of programs are told apart
// where one machine builds them all; from two machines they are not known to be.
func disjoint(parts []Part) error {
	from := map[string]Shard{}
	for _, p := range parts {
		seen := map[string]bool{}
		for _, a := range p.Artifacts {
			keys := [][2]string{{"path " + strings.ToLower(a.Path), a.Path}}
			if a.Kind == KindBinary {
				keys = append(keys, [2]string{"program " + a.Binary + " " + a.Platform, fmt.Sprintf("the program %s for %s", a.Binary, cmp.Or(a.Platform, "any platform"))})
			}
			for _, k := range keys {
				if other, taken := from[k[0]]; taken && !seen[k[0]] {
					return &OverlapError{First: other, Second: p.Shard, What: k[1]}
				}
				from[k[0]], seen[k[0]] = p.Shard, true
			}
		}
	}
	return nil
}

// ChangedError is a file of a shard that is not the one that was built.
type ChangedError struct {
	Shard Shard
	Path  string
	// Want and Got are sha256 digests in hex.
	Want, Got string
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("shard %s: %s has the sha256 %s, and the shard was built with %s", e.Shard, e.Path, e.Got, e.Want)
}

// Hint says what to make of it.
func (*ChangedError) Hint() string {
	return "somebody changed the file, or the store damaged it: find out who may write there, discard the shard and build it again"
}

// OverlapError is two shards that made the same.
type OverlapError struct {
	First, Second Shard
	// What both made: a path, or a program.
	What string
}

func (e *OverlapError) Error() string {
	return fmt.Sprintf("shards %s and %s both made %s", e.First, e.Second, e.What)
}

// Hint says how to divide the work.
func (*OverlapError) Hint() string {
	return "a build command divides its work by RELCTL_SHARD and RELCTL_SHARDS: each file, and all programs of one platform, come from one shard"
}

// CheckArtifacts holds what a shard says of its files against the rules for files of a build: paths that may be written
// below a folder, and files that a release may hold.
func CheckArtifacts(list []Artifact) error {
	if len(list) > release.MaxFiles {
		return fmt.Errorf("%d files, at most %d are allowed", len(list), release.MaxFiles)
	}
	for _, a := range list {
		group, rest, _ := strings.Cut(a.Path, "/")
		switch err := release.CheckPath("artifacts/" + rest); {
		case err != nil:
			return err
		case a.Shipped && group != "artifacts", !a.Shipped && group != "binaries":
			return fmt.Errorf("%q is not where such a file lies", a.Path)
		case !slices.Contains([]Kind{KindBinary, KindArchive, KindPackage, KindFile}, a.Kind):
			return fmt.Errorf("%q is of the kind %.20q, which no build makes", a.Path, a.Kind)
		case a.Mode != "0644" && a.Mode != "0755":
			return fmt.Errorf("%q has the mode %.10q", a.Path, a.Mode)
		case release.CheckDigest("sha256:"+a.SHA256) != nil || a.Size < 0 || a.Size > release.MaxFileBytes:
			return fmt.Errorf("%q has no proper size and digest", a.Path)
		}
	}
	return nil
}
