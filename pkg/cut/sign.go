package cut

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/relctl/relctl/internal/durable"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/sign"
)

// signers holds the keys that the policy trusts against those at hand.
type signers struct {
	channel   string
	threshold int
	trusted   []*sign.Public
	// names are the trusted keys' files by id, for people.
	names  map[string]string
	atHand []Signer
}

// newSigners reads the policy's public keys and refuses keys at hand that are not among them, before anything is built.
func newSigners(p *plan.Policy, ch *channel.Channel, atHand []Signer) (*signers, error) {
	s := &signers{channel: ch.Name, threshold: p.Product.Signing.Threshold, names: map[string]string{}}
	if len(p.Product.Signing.Keys) == 0 {
		return nil, &KeyError{
			Text:   "channels/product.yaml names no key that signs releases",
			Remedy: "relctl key generate --out channels/keys, then add signing: {keys: [channels/keys/release.pub], threshold: 1}",
		}
	}
	return s, s.load(p.FS, "signing.keys", p.Product.Signing.Keys, atHand)
}

// load reads the public keys that a list of the policy names, and takes the keys at hand if they are among them.
func (s *signers) load(files fs.FS, list string, paths []string, atHand []Signer) error {
	for _, path := range paths {
		data, err := fs.ReadFile(files, path)
		if errors.Is(err, fs.ErrNotExist) {
			return &KeyError{
				Text:   fmt.Sprintf("channels/product.yaml names the signing key %s, which is not on the default branch", path),
				Remedy: "make a pair with relctl key generate --out " + filepath.ToSlash(filepath.Dir(path)) + ", and commit and push the .pub file",
			}
		}
		if err != nil {
			return fmt.Errorf("signing key of channels/product.yaml: %w", err)
		}
		key, err := sign.ParsePublic(data)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		s.trusted = append(s.trusted, key)
		s.names[key.ID()] = path
	}
	for _, k := range atHand {
		if _, ok := s.names[k.ID()]; !ok {
			return &KeyError{
				Text:   fmt.Sprintf("the key %s… is not among the %s of channels/product.yaml", k.ID()[:12], strings.ReplaceAll(list, ".", " ")),
				Remedy: "use one of " + strings.Join(paths, ", ") + ", or add its public part to " + list + " on the default branch",
			}
		}
	}
	s.atHand = atHand
	return nil
}

// signed are the signatures over a release.json, by file name.
type signed map[string][]byte

// sign signs release.json with every key at hand.
func (c *cutter) sign(ctx context.Context, m *made) (signed, error) {
	ids := make([]string, 0, len(c.signers.atHand))
	for _, k := range c.signers.atHand {
		ids = append(ids, k.ID())
	}
	slices.Sort(ids)
	type input struct {
		Manifest string   `json:"manifest"`
		Keys     []string `json:"keys"`
	}
	names, err := do(c.journal, "sign", input{release.Digest(m.Raw), ids}, func() (step[[]string], error) {
		var names []string
		for _, k := range c.signers.atHand {
			data, err := k.Sign(ctx, m.Raw)
			if err != nil {
				return step[[]string]{}, fmt.Errorf("key %s: %w", c.signers.names[k.ID()], err)
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

func signedBy(s *signers, ids []string) string {
	if len(ids) == 0 {
		return "no key at hand; counting on signatures that others have staged"
	}
	var names []string
	for _, id := range ids {
		names = append(names, s.names[id])
	}
	return "with the private part of " + strings.Join(names, ", ")
}

// stage puts the release, invisible, into every store, and goes on when enough keys have signed it there.
func (c *cutter) stage(ctx context.Context, r *reserved, m *made, sigs signed) (signed, error) {
	c.opts.Progress(Progress{Stage: "stage", State: "start"})
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
	good := c.signers.valid(m.Raw, all)
	if len(good) < c.signers.threshold {
		return nil, c.signers.waiting(m.Manifest.Version, good)
	}
	// What others signed reaches every store, so that each holds the whole release.
	set.Signatures = good
	for _, s := range c.stores {
		if err := s.Stage(ctx, set); err != nil {
			return nil, &StageError{Stage: "stage", Err: err}
		}
	}
	c.opts.Progress(Progress{Stage: "stage", State: "done", Text: fmt.Sprintf("%d files in %s, not visible yet; %d of %d signatures", len(m.Manifest.Files), storeNames(c.stores), len(good), c.signers.threshold)})
	return good, nil
}

// valid returns the signatures that a trusted key made over raw: one a key, since each key's file has one name.
func (s *signers) valid(raw []byte, sigs signed) signed {
	good := signed{}
	for _, key := range s.trusted {
		name := sign.EnvelopeName(key.ID())
		if data, ok := sigs[name]; ok && sign.Verify(key, raw, data) == nil {
			good[name] = data
		}
	}
	return good
}

func (s *signers) waiting(v release.Version, good signed) error {
	return s.waitingFor(v, func(id string) bool { return good[sign.EnvelopeName(id)] != nil })
}

// waitingFor tells which keys have not signed yet.
func (s *signers) waitingFor(v release.Version, has func(id string) bool) *WaitingError {
	e := &WaitingError{Channel: s.channel, Version: v, Required: s.threshold}
	for _, key := range s.trusted {
		if has(key.ID()) {
			e.Have = append(e.Have, s.names[key.ID()])
		} else {
			e.Missing = append(e.Missing, s.names[key.ID()])
		}
	}
	return e
}

func storeNames(stores []Store) string {
	var names []string
	for _, s := range stores {
		names = append(names, s.String())
	}
	return strings.Join(names, ", ")
}
