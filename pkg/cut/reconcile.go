package cut

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/relctl/relctl/internal/disk"
	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/trust"
)

// reconcile makes visible what the ledger says is released: for LTS channels trust and the bundle, then the stores.
func (c *cutter) reconcile(ctx context.Context, r *reserved, m *made, sigs signed, verdicts []release.Verdict) (*Result, error) {
	res := c.result(r, m)
	res.Verdicts = verdicts
	if m.Manifest.Kind == release.LTS {
		if err := c.vouch(ctx, m.Manifest.Version); err != nil {
			return res, err
		}
		path, err := c.bundle(m, sigs, func(name string) (io.ReadCloser, error) {
			return os.Open(c.journal.path(filesDir, filepath.FromSlash(name)))
		})
		if err != nil {
			return res, &PartlyError{Channel: c.ch.Name, Version: m.Manifest.Version, Err: err}
		}
		res.Bundle = path
	}
	return res, c.reveal(ctx, m, res)
}

// PartlyError is a release that is cut, but not visible everywhere yet.
type PartlyError struct {
	Channel string
	Version release.Version
	Err     error
	// Again is what finishes it. Default is "relctl cut <channel>".
	Again string
}

func (e *PartlyError) Error() string {
	return fmt.Sprintf("%s %s is released, but not published everywhere: %v", e.Channel, e.Version, e.Err)
}
func (e *PartlyError) Unwrap() error { return e.Err }

// Hint says that a rerun finishes the job.
func (e *PartlyError) Hint() string {
	return fmt.Sprintf("remove the cause and run %s again: it goes on from here", cmp.Or(e.Again, "relctl cut "+e.Channel))
}

// BundleName is the file name of a release's bundle.
func BundleName(product string, v release.Version) string {
	return fmt.Sprintf("%s-%s.bundle", product, v)
}

// bundle writes the bundle file into the cut's folder.
func (c *cutter) bundle(m *made, sigs signed, open func(name string) (io.ReadCloser, error)) (string, error) {
	c.opts.Progress(project.Progress{Stage: "bundle", State: "start"})
	path := c.journal.path(BundleName(m.Manifest.Product, m.Manifest.Version))
	size, err := writeBundle(path, m.Manifest, bundleSources(m, sigs, c.trust, open))
	if err != nil {
		return "", fmt.Errorf("bundle: %w", err)
	}
	c.opts.Progress(project.Progress{Stage: "bundle", State: "done", Text: fmt.Sprintf("%s, %d bytes", filepath.Base(path), size)})
	return path, nil
}

// bundleSources are the files of a bundle.
func bundleSources(m *made, sigs signed, carried []trust.Named, open func(name string) (io.ReadCloser, error)) []bundle.Source {
	sources := []bundle.Source{bundle.Memory(release.ManifestName, m.Raw)}
	for _, f := range carried {
		sources = append(sources, bundle.Memory(f.Name, f.Data))
	}
	for name, data := range sigs {
		sources = append(sources, bundle.Memory(name, data))
	}
	for _, f := range m.Manifest.Files {
		sources = append(sources, bundle.Source{
			Name: f.Path, Mode: f.Mode, Size: f.Size, SHA256: f.SHA256,
			Open: func() (io.ReadCloser, error) { return open(f.Path) },
		})
	}
	return sources
}

func writeBundle(path string, m *release.Manifest, sources []bundle.Source) (size int64, err error) {
	f, err := disk.CreateTemp(filepath.Dir(path), ".bundle-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = disk.Remove(f.Name()) }()
	err = bundle.Write(f, m.SourceDate, sources)
	if err == nil {
		size, err = f.Seek(0, io.SeekCurrent)
	}
	if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return 0, err
	}
	return size, disk.Rename(f.Name(), path)
}

// reveal makes the release visible in every store; one that fails does not keep the others back.
func (c *cutter) reveal(ctx context.Context, m *made, res *Result) error {
	c.opts.Progress(project.Progress{Stage: "reveal", State: "start"})
	c.dropShards(ctx, m.Manifest.Plan) // first, since a run that dies after it comes here again
	failed := c.show(ctx, m.Manifest, res, false)
	for _, s := range c.stores {
		if err := s.Reveal(ctx, m.Manifest.Plan, m.Manifest, res.Bundle); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		res.Stores = append(res.Stores, s.String())
	}
	if failed != nil {
		return &PartlyError{Channel: c.ch.Name, Version: m.Manifest.Version, Err: failed}
	}
	if _, err := c.PublishTrust(ctx, c.stores); err != nil {
		return &PartlyError{Channel: c.ch.Name, Version: m.Manifest.Version, Err: err}
	}
	text := "visible in " + project.StoreNames(c.stores)
	if n := len(res.Images); n > 0 {
		text += fmt.Sprintf(", with %s tagged %s", release.Count(n, "image"), m.Manifest.Version)
	}
	c.opts.Progress(project.Progress{Stage: "reveal", State: "done", Text: text})
	return nil
}

// hidden reports whether a released version is staged in some store and visible not in all of them, or has an image
// without its tag.
func (c *cutter) hidden(ctx context.Context, r ledger.Release) (bool, error) {
	for _, s := range c.stores {
		staged, err := s.Staged(ctx, r.Plan)
		if err != nil || staged != nil {
			return staged != nil, err
		}
	}
	return c.hiddenImage(ctx, r)
}

// Reveal makes a release of a channel visible that the ledger holds and that a run which died left unseen, and just
// reports one that is visible. Of the options only stores, registries, keys of trust, progress and time count.
func Reveal(ctx context.Context, p *project.Project, ch *channel.Channel, r ledger.Release, opts Options) (*Result, error) {
	c, err := newCutter(p, ch, opts)
	if err != nil {
		return nil, err
	}
	return c.revealAgain(ctx, r)
}

// revealAgain finishes or just reports a release that the ledger holds: its bytes come from the first store that has
// them staged.
func (c *cutter) revealAgain(ctx context.Context, r ledger.Release) (*Result, error) {
	if err := c.begin(ctx, &target{plan: release.Plan{Digest: r.Plan}}); err != nil {
		return nil, err
	}
	defer c.end()
	res := &Result{Digest: r.Release, Dir: c.journal.dir, Resumed: true, Released: true}
	for _, s := range c.stores {
		staged, err := s.Staged(ctx, r.Plan)
		if err != nil {
			return nil, err
		}
		if staged == nil {
			continue
		}
		if got := release.Digest(staged.Raw); got != r.Release {
			return nil, fmt.Errorf("%s has a release.json staged with digest %s, the ledger recorded %s", s, got, r.Release)
		}
		m := &made{Manifest: staged.Manifest, Raw: staged.Raw}
		res.Manifest = m.Manifest
		if m.Manifest.Kind == release.LTS {
			if err := c.vouch(ctx, r.Version); err != nil {
				return res, err
			}
			res.Bundle, err = c.bundle(m, c.signers.Valid(m.Raw, staged.Signatures), func(name string) (io.ReadCloser, error) {
				return s.Open(ctx, r.Plan, name)
			})
			if err != nil {
				if now, serr := s.Staged(ctx, r.Plan); serr == nil && now == nil {
					continue // another run made it visible while its files were being read
				}
				return nil, &PartlyError{Channel: c.ch.Name, Version: r.Version, Err: err}
			}
		}
		return res, c.reveal(ctx, m, res)
	}
	return c.published(ctx, r, res)
}

// published reports a release that is visible everywhere already.
func (c *cutter) published(ctx context.Context, r ledger.Release, res *Result) (*Result, error) {
	for _, s := range c.stores {
		raw, err := s.Released(ctx, c.ch.Name, r.Version)
		if err != nil {
			return nil, err
		}
		if raw == nil {
			continue
		}
		if res.Manifest, err = release.DecodeManifest(raw); err != nil {
			return nil, fmt.Errorf("%s: %w", s, err)
		}
		res.Stores = append(res.Stores, s.String())
	}
	if res.Manifest == nil {
		return nil, fmt.Errorf("%s %s is released, but none of the stores %s holds it", c.ch.Name, r.Version, project.StoreNames(c.stores))
	}
	if path := c.journal.path(BundleName(res.Manifest.Product, res.Manifest.Version)); exists(path) {
		res.Bundle = path
	}
	if err := c.show(ctx, res.Manifest, res, true); err != nil {
		return res, &PartlyError{Channel: c.ch.Name, Version: r.Version, Err: err}
	}
	c.dropShards(ctx, r.Plan)
	return res, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// result is what is known once release.json is made.
func (c *cutter) result(r *reserved, m *made) *Result {
	if r == nil || m == nil {
		return nil
	}
	return &Result{
		Plan: r.Plan, Manifest: m.Manifest, Digest: release.Digest(m.Raw),
		Dir: c.journal.dir, Resumed: r.resumed, DryRun: c.opts.DryRun,
	}
}

// FinishWaiting makes visible the releases that were cut and waited for trust.
func FinishWaiting(ctx context.Context, p *project.Project, c project.TrustChange, progress func(project.Progress)) ([]*Result, error) {
	var out []*Result
	var waiting error
	for _, name := range slices.Sorted(maps.Keys(p.State.Channels)) {
		st := p.State.Channels[name]
		ch, err := p.Policy.Channel(name)
		if err != nil || ch.Kind != release.LTS || len(st.Releases) == 0 {
			continue // a channel that the policy forgot has nothing to finish
		}
		last := st.Releases[len(st.Releases)-1]
		if last.Adopted {
			continue
		}
		cutter, err := newCutter(p, ch, Options{Stores: c.Stores, TrustKeys: c.Keys, Now: c.Now, Progress: progress})
		if err != nil {
			return out, err
		}
		hidden, err := cutter.hidden(ctx, last)
		if err != nil {
			return out, err
		}
		if !hidden {
			continue
		}
		res, err := cutter.revealAgain(ctx, last)
		if err != nil {
			waiting = errors.Join(waiting, err) // others may go on
			continue
		}
		out = append(out, res)
	}
	return out, waiting
}
