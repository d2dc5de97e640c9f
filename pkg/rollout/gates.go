package rollout

import (
	"context"
	"fmt"
	"slices"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
)

// ringGates returns the gates that a release must pass before it leaves a ring, but for the soak. scripts gives the
// folder in which gate commands run.
func ringGates(p *project.Project, ch *channel.Channel, name string, v release.Version, scripts func(context.Context) (string, error)) ([]gate.Entry, error) {
	i := slices.IndexFunc(ch.Rings, func(r channel.Ring) bool { return r.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("channel %s has no ring %q", ch.Name, name)
	}
	rel, err := p.Released(ch, v)
	if err != nil {
		return nil, err
	}
	deployed := func(ctx context.Context) ([]string, error) {
		return DeployedAs(ctx, p, ch.Rings[i].Name, ch.Rings[i].Cells, rel)
	}
	out := make([]gate.Entry, 0, len(ch.Rings[i].Gates))
	for _, g := range ch.Rings[i].Gates {
		asked, err := p.RingGate(ch, ch.Rings[i], g, rel, scripts, deployed)
		if err != nil {
			return nil, err
		}
		out = append(out, gate.Entry{Name: g.Name, Gate: asked})
	}
	return out, nil
}

// ask puts questions to the gates of rings.
func (r *Rollout) ask(ctx context.Context, questions []ring.Question, m ring.Model) (map[ring.Question][]release.Verdict, error) {
	out := map[ring.Question][]release.Verdict{}
	for _, q := range questions {
		if given, ok := r.verdicts[q]; ok {
			out[q] = given
			continue
		}
		entries, err := ringGates(r.Project, r.Channel, q.Ring, q.Version, r.scripts.Dir)
		if err != nil {
			return nil, err
		}
		rel, err := r.Released(r.Channel, q.Version)
		if err != nil {
			return nil, err
		}
		subject := gate.Subject{Inputs: release.Inputs{
			Product: r.Policy.Product.Name, Channel: r.Channel.Name, Kind: r.Channel.Kind, Version: q.Version, Commit: rel.Commit, Tag: rel.Tag,
		}}
		waived := func(name string) (uint64, string, bool) { return m.Waived(q, name) }
		out[q] = gate.Evaluate(ctx, entries, "", subject, waived)
		if r.opts.DryRun {
			continue // which leaves nothing behind
		}
		if err := r.KeepRefused(r.Channel.Name, q.Ring, q.Version, out[q]); err != nil {
			return nil, err
		}
	}
	r.verdicts = out
	return out, nil
}
