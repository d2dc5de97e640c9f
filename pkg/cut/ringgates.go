package cut

import (
	"context"
	"fmt"
	"slices"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
)

// RingGates returns the gates that a release must pass before it leaves a ring, but for the soak. scripts gives the
// folder in which gate commands run.
func (p *Project) RingGates(ch *channel.Channel, name string, v release.Version, scripts func(context.Context) (string, error)) ([]gate.Entry, error) {
	i := slices.IndexFunc(ch.Rings, func(r channel.Ring) bool { return r.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("channel %s has no ring %q", ch.Name, name)
	}
	rel := p.find(ch.Name, v)
	if rel == nil {
		return nil, fmt.Errorf("%s %s is not released", ch.Name, v)
	}
	out := make([]gate.Entry, 0, len(ch.Rings[i].Gates))
	for _, g := range ch.Rings[i].Gates {
		asked, err := p.ringGate(ch, ch.Rings[i], g, rel, scripts)
		if err != nil {
			return nil, err
		}
		out = append(out, gate.Entry{Name: g.Name, Gate: asked})
	}
	return out, nil
}

// find returns a channel's release, or nil.
func (p *Project) find(channel string, v release.Version) *ledger.Release {
	if c := p.State.Channels[channel]; c != nil {
		return c.Find(v)
	}
	return nil
}

// ask puts questions to the gates of rings.
func (r *Rollout) ask(ctx context.Context, questions []ring.Question, m ring.Model) (map[ring.Question][]release.Verdict, error) {
	out := map[ring.Question][]release.Verdict{}
	for _, q := range questions {
		if given, ok := r.verdicts[q]; ok {
			out[q] = given
			continue
		}
		entries, err := r.RingGates(r.Channel, q.Ring, q.Version, r.scripts.dir)
		if err != nil {
			return nil, err
		}
		subject := gate.Subject{Inputs: release.Inputs{
			Product: r.Policy.Product.Name, Channel: r.Channel.Name, Kind: r.Channel.Kind, Version: q.Version,
		}}
		if rel := r.find(r.Channel.Name, q.Version); rel != nil {
			subject.Inputs.Commit, subject.Inputs.Tag = rel.Commit, rel.Tag
		}
		waived := func(name string) (uint64, string, bool) { return m.Waived(q, name) }
		out[q] = gate.Evaluate(ctx, entries, "", subject, waived)
		if r.opts.DryRun {
			continue // which leaves nothing behind
		}
		if err := r.keepRefused(r.Channel.Name, q.Ring, q.Version, out[q]); err != nil {
			return nil, err
		}
	}
	r.verdicts = out
	return out, nil
}
