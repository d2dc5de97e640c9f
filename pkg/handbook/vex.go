package handbook

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/attest"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
)

// VEX returns what is known today of weaknesses in releases of a line, all of them or one version, as an OpenVEX document:
// by the advisories on the default branch, and by the fixes that stand in each release. It returns nil if there is nothing
// to say.
func (p *Handbook) VEX(ctx context.Context, ch *channel.Channel, only release.Version, now time.Time) ([]byte, error) {
	advisories, err := p.advisories()
	if err != nil {
		return nil, err
	}
	lines, err := p.Lines(ctx)
	if err != nil {
		return nil, err
	}
	released, err := lines.Releases(ctx, ch)
	if err != nil {
		return nil, err
	}
	ix, err := lines.Index(ctx)
	if err != nil {
		return nil, err
	}
	var about []attest.VEXRelease
	for _, r := range released {
		if !only.IsZero() && r.Version.Compare(only) != 0 {
			continue
		}
		if err := lines.Holds(ctx, ix, ch, r); err != nil {
			return nil, err
		}
		one, err := p.vexRelease(ctx, ch, ix, r)
		if err != nil {
			return nil, err
		}
		about = append(about, one)
	}
	return attest.VEX(about, advisories, attest.VEXOptions{Product: p.Policy.Product.Name, Time: now})
}

// vexRelease gathers the files of a release, if a store here shows them, and the weaknesses whose fixes stand in it.
func (p *Handbook) vexRelease(ctx context.Context, ch *channel.Channel, ix *history.Index, r history.Released) (attest.VEXRelease, error) {
	out := attest.VEXRelease{Version: r.Version}
	s, err := ix.At(r.Commit)
	if err != nil {
		return out, err
	}
	for _, k := range s.Fixes() {
		for _, id := range k.CVEs {
			if !slices.Contains(out.Fixed, id) {
				out.Fixed = append(out.Fixed, id)
			}
		}
	}
	var rel *ledger.Release
	if c := p.State.Channels[ch.Name]; c != nil {
		rel = c.Find(r.Version)
	}
	if rel == nil || rel.Adopted {
		return out, nil
	}
	m, err := p.Manifest(ctx, ch.Name, *rel)
	if err != nil || m == nil {
		return out, err
	}
	for _, f := range m.Files {
		if dir := path.Dir(f.Path); dir == "artifacts" || dir == "images" {
			out.Files = append(out.Files, attest.Subject{Name: path.Base(f.Path), SHA256: f.SHA256})
		}
	}
	return out, nil
}

// advisories reads those of the default branch.
func (p *Handbook) advisories() ([]*attest.Advisory, error) {
	names, err := fs.Glob(p.Policy.FS, plan.SecurityDir+"/*.yaml")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var out []*attest.Advisory
	for _, name := range names {
		if !attest.IsAdvisory(name) {
			continue
		}
		data, err := fs.ReadFile(p.Policy.FS, name)
		if err != nil {
			return nil, err
		}
		a, err := attest.ParseAdvisory(name, data)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}
