package cut

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/relctl/relctl/internal/disk"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/trust"
)

// checkTrust refuses, before anything is built, to cut on a channel that customers could not trust, and keys that have
// no role.
func (c *cutter) checkTrust(ctx context.Context) error {
	if c.opts.DryRun || c.ch.Kind != release.LTS {
		return nil
	}
	repo, err := c.TrustRepository(ctx)
	if err != nil {
		return err
	}
	if repo.IsZero() {
		if len(c.opts.TrustKeys) > 0 {
			return &project.NoTrustError{}
		}
		return nil
	}
	if err := release.CheckTrusted(c.ch.Name); err != nil {
		return err
	}
	for _, role := range []string{release.ReleaseRole(c.ch.Name), release.StatusRole(c.ch.Name)} {
		if _, ok := repo.Keys(role); !ok {
			return &project.KeyError{Text: fmt.Sprintf("no key may sign for role %s, so no customer would trust a release of channel %s", role, c.ch.Name),
				Remedy: "relctl trust add-key " + role + " <public key>"}
		}
	}
	return project.CheckTrustKeys(repo, c.opts.TrustKeys)
}

// vouch lists a released version in trust and gathers what the bundle carries of it. Without the keys that this takes
// the release waits, invisible.
func (c *cutter) vouch(ctx context.Context, v release.Version) error {
	if err := c.Refresh(ctx); err != nil {
		return err
	}
	if c.State.Trust == nil || len(c.State.Trust.Files) == 0 {
		return nil
	}
	c.opts.Progress(project.Progress{Stage: "trust", State: "start"})
	res, err := c.RefreshTrust(ctx, project.TrustChange{Keys: c.opts.TrustKeys, Now: c.opts.Now, Stores: c.stores, Channel: c.ch.Name, Unpublished: true, Reason: fmt.Sprintf("%s %s", c.ch.Name, v)})
	if err != nil {
		return &PartlyError{Channel: c.ch.Name, Version: v, Err: fmt.Errorf("trust: %w", err)}
	}
	if err := c.Refresh(ctx); err != nil {
		return err
	}
	repo, err := c.TrustRepository(ctx)
	if err != nil {
		return err
	}
	if problems := repo.Problems(); problems != nil || res.Wants != nil {
		what := fmt.Sprintf("%s %s is cut, and", c.ch.Name, v)
		if res.Wants == nil {
			return &PartlyError{Channel: c.ch.Name, Version: v, Err: errors.Join(problems...)}
		}
		return &project.TrustWaitError{What: what, Wants: res.Wants,
			Remedy: "whoever holds these keys runs: relctl trust refresh --key <file>\nor this job goes on with them: relctl cut " + c.ch.Name + " --trust-key <file>"}
	}
	c.trust, err = repo.Files(trust.Carry{Standings: c.Reach(repo, c.ch.Name), Releases: c.ch.Name})
	if err != nil {
		return err
	}
	f, _ := repo.File(release.RoleTimestamp)
	c.opts.Progress(project.Progress{Stage: "trust", State: "done", Text: fmt.Sprintf("timestamp %d vouches for %s", f.Version, v)})
	return nil
}

// tell puts the newest trust into stores that lack it: a run that died may have shown a release that they do not list.
func (c *cutter) tell(ctx context.Context) error {
	if c.ch.Kind != release.LTS {
		return nil
	}
	repo, err := c.TrustRepository(ctx)
	if err != nil || repo.IsZero() || len(repo.Problems()) > 0 {
		return err
	}
	newest, _ := repo.File(release.RoleTimestamp) // it is published last
	for _, s := range c.stores {
		have, err := s.Get(ctx, release.TrustDir+newest.Name())
		if err != nil {
			return err
		}
		if bytes.Equal(have, newest.Data) {
			continue
		}
		if _, err := c.PublishTrust(ctx, []project.Store{s}); err != nil {
			return err
		}
		c.opts.Progress(project.Progress{Stage: "trust", State: "done", Text: fmt.Sprintf("timestamp %d, which an earlier run left over, is in %s", newest.Version, s)})
	}
	return nil
}

// WriteBundle writes the bundle of a visible release anew, with today's trust, into a file or over the one there.
func WriteBundle(ctx context.Context, p *project.Project, ch *channel.Channel, v release.Version, stores []project.Store, path string) (*release.Manifest, error) {
	st := p.State.Channels[ch.Name]
	var rel *ledger.Release
	if st != nil {
		rel = st.Find(v)
	}
	if rel == nil || rel.Adopted || ch.Kind != release.LTS {
		return nil, &NoReleaseError{Channel: ch.Name, Version: v}
	}
	carried, err := carried(ctx, p, ch.Name)
	if err != nil {
		return nil, err
	}
	keys, err := p.Signers(ch, nil)
	if err != nil {
		return nil, err
	}
	for _, s := range stores {
		raw, err := s.Released(ctx, ch.Name, v)
		if err != nil || raw == nil {
			if err != nil {
				return nil, err
			}
			continue
		}
		if release.Digest(raw) != rel.Release {
			return nil, fmt.Errorf("%s has another release.json of %s than the ledger recorded", s, v)
		}
		m, err := release.DecodeManifest(raw)
		if err != nil {
			return nil, err
		}
		sigs, err := s.Signatures(ctx, ch.Name, v)
		if err != nil {
			return nil, err
		}
		sources := bundleSources(&made{Manifest: m, Raw: raw}, keys.Valid(raw, sigs), carried, func(name string) (io.ReadCloser, error) {
			return s.OpenReleased(ctx, ch.Name, v, name)
		})
		_, err = writeBundle(path, m, sources)
		return m, err
	}
	return nil, &project.LostError{Channel: ch.Name, Version: v, Stores: project.StoreNames(stores)}
}

// ReplaceBundle writes the bundle of a visible release anew, with today's trust, over the ones in the stores that show the
// release, and returns these stores.
func ReplaceBundle(ctx context.Context, p *project.Project, ch *channel.Channel, v release.Version, stores []project.Store) ([]string, error) {
	dir, err := disk.MkdirTemp("", "relctl-bundle-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = disk.RemoveAll(dir) }()
	path := filepath.Join(dir, BundleName(p.Policy.Product.Name, v))
	if _, err := WriteBundle(ctx, p, ch, v, stores, path); err != nil {
		return nil, err
	}
	var done []string
	for _, s := range stores {
		raw, err := s.Released(ctx, ch.Name, v)
		if err == nil && raw != nil {
			err = s.PutBundle(ctx, ch.Name, v, path)
		}
		if err != nil {
			return done, err
		}
		if raw != nil {
			done = append(done, s.String())
		}
	}
	return done, nil
}

// carried is the trust that a bundle of a channel carries today, none before there is a root.
func carried(ctx context.Context, p *project.Project, channel string) ([]trust.Named, error) {
	repo, err := p.TrustRepository(ctx)
	if err != nil || repo.IsZero() {
		return nil, err
	}
	if !slices.Contains(repo.Roles(), release.ReleaseRole(channel)) {
		return nil, nil
	}
	return repo.Files(trust.Carry{Standings: p.Reach(repo, channel), Releases: channel})
}

// NoReleaseError is a version that has no bundle.
type NoReleaseError struct {
	Channel string
	Version release.Version
}

func (e *NoReleaseError) Error() string {
	return fmt.Sprintf("%s %s is no release that relctl cut for customers, so there is no bundle of it", e.Channel, e.Version)
}

// Hint says what there is.
func (e *NoReleaseError) Hint() string { return "relctl ledger log lists what was cut" }
