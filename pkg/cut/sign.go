package cut

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/relctl/relctl/internal/durable"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/sign"
)

// signed are the signatures over a release.json, by file name.
type signed map[string][]byte

// sign signs release.json with every key at hand.
func (c *cutter) sign(ctx context.Context, m *made) (signed, error) {
	ids := make([]string, 0, len(c.signers.AtHand))
	for _, k := range c.signers.AtHand {
		ids = append(ids, k.ID())
	}
	slices.Sort(ids)
	type input struct {
		Manifest string   `json:"manifest"`
		Keys     []string `json:"keys"`
	}
	names, err := do(c.journal, "sign", input{release.Digest(m.Raw), ids}, func() (step[[]string], error) {
		var names []string
		for _, k := range c.signers.AtHand {
			data, err := k.Sign(ctx, m.Raw)
			if err != nil {
				return step[[]string]{}, fmt.Errorf("key %s: %w", c.signers.Names[k.ID()], err)
			}
			name := sign.EnvelopeName(k.ID())
			if err := durable.Write(c.journal.path(name), data, 0o644); err != nil {
				return step[[]string]{}, err
			}
			names = append(names, name)
		}
		return step[[]string]{Out: names, Left: names, Text: signedBy(c.signers, ids)}, nil
	})
	if err != nil {
		return nil, err
	}
	out := signed{}
	for _, n := range names {
		if out[n], err = os.ReadFile(c.journal.path(n)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func signedBy(s *project.Signers, ids []string) string {
	if len(ids) == 0 {
		return "no key at hand; counting on signatures that others have staged"
	}
	var names []string
	for _, id := range ids {
		names = append(names, s.Names[id])
	}
	return "with the private part of " + strings.Join(names, ", ")
}

// stage puts the release, invisible, into every store, and goes on when enough keys have signed it there.
func (c *cutter) stage(ctx context.Context, r *reserved, m *made, sigs signed) (signed, error) {
	c.opts.Progress(project.Progress{Stage: "stage", State: "start"})
	set := publish.Set{Plan: r.Plan.Digest, Manifest: m.Manifest, Raw: m.Raw, Signatures: sigs, Dir: c.journal.path(filesDir)}
	all := maps.Clone(sigs)
	for _, s := range c.stores {
		if err := s.Stage(ctx, set); err != nil {
			return nil, &StageError{Stage: "stage", Err: err}
		}
		staged, err := s.Staged(ctx, r.Plan.Digest)
		if err != nil {
			return nil, &StageError{Stage: "stage", Err: err}
		}
		if staged != nil {
			maps.Copy(all, staged.Signatures)
		}
	}
	good := c.signers.Valid(m.Raw, all)
	if len(good) < c.signers.Threshold {
		return nil, waitingFor(c.signers, m.Manifest.Version, func(id string) bool { return good[sign.EnvelopeName(id)] != nil })
	}
	// What others signed reaches every store, so that each holds the whole release.
	set.Signatures = good
	for _, s := range c.stores {
		if err := s.Stage(ctx, set); err != nil {
			return nil, &StageError{Stage: "stage", Err: err}
		}
	}
	c.opts.Progress(project.Progress{Stage: "stage", State: "done", Text: fmt.Sprintf("%d files in %s, not visible yet; %d of %d signatures", len(m.Manifest.Files), project.StoreNames(c.stores), len(good), c.signers.Threshold)})
	return good, nil
}

// waitingFor tells which keys have not signed yet.
func waitingFor(s *project.Signers, v release.Version, has func(id string) bool) *WaitingError {
	e := &WaitingError{Channel: s.Channel, Version: v, Required: s.Threshold}
	for _, key := range s.Trusted {
		if has(key.ID()) {
			e.Have = append(e.Have, s.Names[key.ID()])
		} else {
			e.Missing = append(e.Missing, s.Names[key.ID()])
		}
	}
	return e
}
