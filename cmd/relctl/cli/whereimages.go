package cli

import (
	"context"

	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

// spotImage is a container image of the first release with a change.
type spotImage struct {
	release.Image
	// Reference is the image in the first of the policy's registries, "<repository>@sha256:…".
	Reference string `json:"reference,omitempty"`
}

// shown is the image's name for people.
func (i spotImage) shown() string {
	if i.Reference != "" {
		return i.Reference
	}
	return i.Repository + "@" + i.Digest
}

// imageFinder reads the images of releases from the stores, each release once.
type imageFinder struct {
	p    *project.Project
	seen map[string][]spotImage
}

// of returns the images of a release, none if no store here shows it.
func (f *imageFinder) of(ctx context.Context, channel string, r ledger.Release) ([]spotImage, error) {
	if images, ok := f.seen[r.Release]; ok || r.Release == "" {
		return images, nil
	}
	m, err := f.p.Manifest(ctx, channel, r)
	if err != nil {
		return nil, err
	}
	var images []spotImage
	if m != nil {
		for _, i := range m.Images {
			s := spotImage{Image: i}
			if registries := f.p.Registries(); len(registries) > 0 {
				s.Reference = registries[0].Repository(i.Repository) + "@" + i.Digest
			}
			images = append(images, s)
		}
	}
	if f.seen == nil {
		f.seen = map[string][]spotImage{}
	}
	f.seen[r.Release] = images
	return images, nil
}
