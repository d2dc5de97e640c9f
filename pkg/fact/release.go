package fact

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/relctl/relctl/pkg/release"
)

// ReleasePath is where a release carries its facts.
const ReleasePath = "docs/facts.json"

// OfRelease reads the facts of a release, and the manifest that lists them. read returns a file of at most limit bytes,
// as bundle.Archive.ReadFile does. The facts are those that release.json names, which is not verified here. The error is
// a [*NoneError] if the release carries no facts.
func OfRelease(read func(name string, limit int64) ([]byte, error)) (*Set, *release.Manifest, error) {
	raw, err := read(release.ManifestName, release.MaxManifestBytes)
	if err != nil {
		return nil, nil, err
	}
	m, err := release.DecodeManifest(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", release.ManifestName, err)
	}
	listed, ok := m.File(ReleasePath)
	if !ok {
		return nil, m, &NoneError{m.Product, m.Version}
	}
	data, err := read(ReleasePath, MaxBytes)
	if err != nil {
		return nil, m, err
	}
	if release.Digest(data) != "sha256:"+listed.SHA256 {
		return nil, m, fmt.Errorf("%s is not the file that release.json lists", ReleasePath)
	}
	s, err := Decode(data)
	return s, m, err
}

// OfFolder reads the facts of a release that was unpacked into a folder.
func OfFolder(fsys fs.FS) (*Set, *release.Manifest, error) {
	return OfRelease(func(name string, limit int64) ([]byte, error) {
		f, err := fsys.Open(name)
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(io.LimitReader(f, limit+1))
		if err == nil && int64(len(data)) > limit {
			err = fmt.Errorf("%s has more than %d bytes", name, limit)
		}
		return data, errors.Join(err, f.Close())
	})
}

// NoneError is a release without facts.
type NoneError struct {
	Product string
	Version release.Version
}

func (e *NoneError) Error() string {
	return fmt.Sprintf("%s %s carries no facts: it has no %s", e.Product, e.Version, ReleasePath)
}

// Hint says how a release comes to carry them.
func (*NoneError) Hint() string {
	return "a release carries its facts if channels/product.yaml names docs.facts when it is cut"
}
