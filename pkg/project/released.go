package project

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

// Released returns a release of a channel, or an error that names the last one.
func (p *Project) Released(ch *channel.Channel, v release.Version) (*ledger.Release, error) {
	e := &NotReleasedError{Channel: ch.Name, Version: v}
	st := p.State.Channels[ch.Name]
	if st == nil || len(st.Releases) == 0 {
		return nil, e
	}
	if rel := st.Find(v); rel != nil {
		return rel, nil
	}
	e.Last = st.Releases[len(st.Releases)-1].Version
	return nil, e
}

// NotReleasedError is a version that a channel did not release.
type NotReleasedError struct {
	Channel       string
	Version, Last release.Version
}

func (e *NotReleasedError) Error() string {
	return fmt.Sprintf("channel %s has no release %s", e.Channel, e.Version)
}

// Hint names the last one.
func (e *NotReleasedError) Hint() string {
	if e.Last.IsZero() {
		return "it has none yet: relctl cut " + e.Channel
	}
	return "its last release is " + e.Last.String()
}

// Manifest returns the release.json of a release that this clone built or that one of the policy's stores has, be it
// unseen yet, nil if there is none. Its digest is the one that the ledger recorded.
func (p *Project) Manifest(ctx context.Context, channel string, r ledger.Release) (*release.Manifest, error) {
	built := filepath.Join(p.Dist(), strings.TrimPrefix(r.Plan, "sha256:"), release.ManifestName)
	if raw, err := os.ReadFile(built); err == nil && r.Plan != "" && release.Digest(raw) == r.Release {
		return release.DecodeManifest(raw)
	}
	m, err := ManifestIn(ctx, p.Stores(), channel, r)
	if m != nil || err != nil || r.Plan == "" {
		return m, err
	}
	for _, s := range p.Stores() {
		staged, err := s.Staged(ctx, r.Plan)
		if err != nil {
			return nil, err
		}
		if staged != nil && release.Digest(staged.Raw) == r.Release {
			return staged.Manifest, nil
		}
	}
	return nil, nil //nolint:nilnil // no store has it, which is an answer
}

// ManifestIn returns the release.json of a release that one of the stores shows, nil if none does. One with another digest
// than the ledger recorded is an error.
func ManifestIn(ctx context.Context, stores []Store, channel string, r ledger.Release) (*release.Manifest, error) {
	for _, s := range stores {
		raw, err := s.Released(ctx, channel, r.Version)
		if err != nil {
			return nil, err
		}
		if raw == nil {
			continue
		}
		if got := release.Digest(raw); got != r.Release {
			return nil, fmt.Errorf("%s has a release.json of %s %s with digest %s, the ledger recorded %s", s, channel, r.Version, got, r.Release)
		}
		return release.DecodeManifest(raw)
	}
	return nil, nil //nolint:nilnil // no store shows it, which is an answer
}

// Signed reports whether a plan's release.json was signed, here or in a store.
func (p *Project) Signed(ctx context.Context, digest string, stores []Store) (bool, error) {
	local, err := filepath.Glob(filepath.Join(p.Dist(), strings.TrimPrefix(digest, "sha256:"), release.ManifestName+".*.sigstore.json"))
	if err != nil || len(local) > 0 {
		return len(local) > 0, err
	}
	for _, s := range stores {
		staged, err := s.Staged(ctx, digest)
		if err != nil {
			return false, err
		}
		if staged != nil && len(staged.Signatures) > 0 {
			return true, nil
		}
	}
	return false, nil
}
