package rollout

import (
	"context"
	"slices"

	"github.com/relctl/relctl/pkg/release"
)

// reveal makes the channel's newest release visible if its cut died after the commit point: from there on all rolls
// forward, whoever comes next and wherever it was built. It returns the version, zero if all is visible; a dry run shows
// nothing to anybody.
func (r *Rollout) reveal(ctx context.Context) (release.Version, error) {
	st, stores := r.State.Channels[r.Channel.Name], r.Stores()
	if st == nil || r.opts.Reveal == nil {
		return release.Version{}, nil
	}
	for _, rel := range slices.Backward(st.Releases) {
		if rel.Adopted {
			continue
		}
		for _, s := range stores {
			staged, err := s.Staged(ctx, rel.Plan)
			if err != nil {
				return release.Version{}, err
			}
			if staged == nil {
				continue
			}
			if r.opts.DryRun {
				return rel.Version, nil
			}
			if err := r.opts.Reveal(ctx, rel); err != nil {
				return release.Version{}, err
			}
			return rel.Version, nil
		}
		break
	}
	return release.Version{}, nil
}
