package project

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// LeftImage is a container image in a registry.
type LeftImage struct {
	// Reference as repository@digest.
	Reference string
	// Err is why the registry could not be asked about it, nil if it is there and no tag names it.
	Err error
}

// LeftImages returns the container images that a cut which was given up pushed into the policy's registries and that no
// tag there names, and those of which that is not known: nothing shows them, and they are never deleted here, since
// another cut may be about to use the same image. What was pushed stands in the release.json that this clone made;
// another clone knows of none.
func (p *Project) LeftImages(ctx context.Context, digest string) ([]LeftImage, error) {
	raw, err := os.ReadFile(filepath.Join(p.Dist(), strings.TrimPrefix(digest, "sha256:"), release.ManifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m, err := release.DecodeManifest(raw)
	if err != nil {
		return nil, err
	}
	var out []LeftImage
	for _, r := range p.Registries() {
		for _, i := range m.Images {
			left, err := r.Untagged(ctx, i.Repository, i.Digest)
			if left || err != nil {
				out = append(out, LeftImage{Reference: r.Repository(i.Repository) + "@" + i.Digest, Err: err})
			}
		}
	}
	return out, nil
}
