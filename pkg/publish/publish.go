// Package publish holds the stores in which releases lie: a [Directory], a [Repository] of an OCI registry, a [Bucket] of
// S3. [Parse] opens one by its address.
//
// Files reach a store twice removed from the eye: they are staged under the digest of their plan, create-only, so that
// of two runs of one cut the first complete set wins; and they become visible in one step, after the commit point.
// Staging that is incomplete has another name and is never taken for a set.
//
//	.staging/<plan>/…                    one plan's files, release.json and signatures
//	releases/<channel>/<version>/…       what customers and mirrors see
//
// A [Registry] takes the container images of a release in the same two steps: [Registry.Push] brings them in by digest,
// with signatures and bills of materials beside them, and [Registry.Tag] shows them.
package publish

import (
	"fmt"
	"slices"

	"github.com/relctl/relctl/pkg/release"
)

// Set is a complete release about to be staged.
type Set struct {
	// Plan is the plan's digest.
	Plan string
	// Manifest is release.json, decoded and as bytes.
	Manifest *release.Manifest
	Raw      []byte
	// Signatures by file name.
	Signatures map[string][]byte
	// Dir holds the files of the manifest under their paths.
	Dir string
}

// Staged is what a store holds of a plan before it is visible.
type Staged struct {
	Manifest   *release.Manifest
	Raw        []byte
	Signatures map[string][]byte
}

// DifferError is a rebuild that did not give the bytes that were staged first.
type DifferError struct {
	Store string
	// Path of the first file that differs.
	Path string
	Why  string
}

func (e *DifferError) Error() string {
	return fmt.Sprintf("this build differs from the one that %s holds already: %s: %s", e.Store, e.Path, e.Why)
}

// Hint says what to do about a build that is not reproducible.
func (e *DifferError) Hint() string {
	return "make the build reproducible (timestamps, build paths, unpinned tools), or give up the reserved release with relctl abandon and cut again"
}

// compare names the first file in which two manifests of one plan differ. SHA256SUMS comes last: it differs whenever
// another file does.
func compare(store string, staged, ours *release.Manifest) error {
	theirs := make(map[string]release.File, len(staged.Files))
	for _, f := range staged.Files {
		theirs[f.Path] = f
	}
	sums := func(f release.File) bool { return f.Path == release.SumsName }
	files := slices.DeleteFunc(slices.Clone(ours.Files), sums)
	if i := slices.IndexFunc(ours.Files, sums); i >= 0 {
		files = append(files, ours.Files[i])
	}
	for _, f := range files {
		t, ok := theirs[f.Path]
		switch {
		case !ok:
			return &DifferError{Store: store, Path: f.Path, Why: "the staged set has no such file"}
		case t.SHA256 != f.SHA256:
			return &DifferError{Store: store, Path: f.Path, Why: fmt.Sprintf("sha256 %s staged, %s now", t.SHA256, f.SHA256)}
		case t != f:
			return &DifferError{Store: store, Path: f.Path, Why: "mode, platform or media type is another"}
		}
		delete(theirs, f.Path)
	}
	for _, f := range staged.Files {
		if _, extra := theirs[f.Path]; extra {
			return &DifferError{Store: store, Path: f.Path, Why: "this build has no such file"}
		}
	}
	return &DifferError{Store: store, Path: release.ManifestName, Why: "the files are the same, the statement about them is another"}
}
