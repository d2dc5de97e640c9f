package cut

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// LeftImages returns the container images, as repository@digest, that a cut which was given up pushed into the policy's
// registries and that have no tag there: nothing shows them, and they are never deleted here, since another release may
// have the same image. What was pushed stands in the release.json that this clone made; another clone knows of none.
func (p *Project) LeftImages(ctx context.Context, digest string) ([]string, error) {
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
	var out []string
	for _, r := range p.Registries() {
		for _, i := range m.Images {
			hidden, err := r.Hidden(ctx, i.Repository, i.Digest, m.Version.String())
			if err != nil {
				return out, err
			}
			if hidden {
				out = append(out, r.Repository(i.Repository)+"@"+i.Digest)
			}
		}
	}
	return out, nil
}
