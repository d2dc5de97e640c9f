package build

import (
	"io"
	"time"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/release"
)

// Request says what to build, and where.
type Request struct {
	// Repo holds the commit; it is not changed.
	Repo *git.Repo
	// Remote is the remote whose URL the scratch checkout has as origin, such as "origin". Submodules with relative URLs
	// and goreleaser need one.
	Remote string
	// Commit is the full id of the commit.
	Commit  string
	Version release.Version
	// Tag that the release will get, such as "v2.4.7", or "" for channels without tags. It need not exist.
	Tag string
	// PreviousTag is the tag of the release before, or "".
	PreviousTag string
	Product     string
	// SourceDate is the commit's committer date.
	SourceDate time.Time
	// Scratch and Out are folders that are empty or do not exist yet. Out gets the artifacts. Scratch may be removed
	// afterwards; when a build fails it holds the checkout and the builder's whole log.
	Scratch, Out string
	// Shard is the part to build; the zero value is the whole.
	Shard Shard
	// Log is told everything that the builder says, while it says it; may be nil.
	Log io.Writer
}

// Kind is what an artifact is.
type Kind string

// The kinds of artifacts.
const (
	KindBinary  Kind = "binary"  // a program or shared library for one platform
	KindArchive Kind = "archive" // files in one, such as .tar.gz and .zip
	KindPackage Kind = "package" // for a package manager, such as .deb and .rpm
	KindImage   Kind = "image"   // a container image, which no builder makes: it is made of the binaries
	KindFile    Kind = "file"    // anything else
)

// Artifact is one file that a build made.
type Artifact struct {
	// File describes it. Path is "artifacts/…" for what ships; a binary that only ships inside others has a Path that
	// begins with "binaries/" and just names it among the artifacts of this build.
	release.File
	Kind Kind `json:"kind"`
	// Shipped files belong to the release. The others are the binaries inside of them.
	Shipped bool `json:"shipped"`
	// Local is the absolute path of the file below Request.Out.
	Local string `json:"local,omitempty"`
	// Binary is the program's name without platform and extension, "acmed", for binaries only. Together with the
	// platform it is unique.
	Binary string `json:"binary,omitempty"`
	// Contains are the Paths of the binaries that an archive or package carries, sorted.
	Contains []string `json:"contains,omitempty"`
}
