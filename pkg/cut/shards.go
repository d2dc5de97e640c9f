package cut

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/sign"
)

// stagedShard is one that was found in a store, and may be taken.
type stagedShard struct {
	store project.Store
	doc   *ShardDocument
}

// gather finds the shards of a build before a version is reserved for it. A build that an earlier run put together needs
// them no more.
func (c *cutter) gather(ctx context.Context, p release.Plan) error {
	if c.opts.Shards == 0 {
		return nil
	}
	if err := (build.Shard{Index: 1, Of: c.opts.Shards}).Check(); err != nil {
		return err
	}
	if len(c.stores) == 0 {
		return &project.StoreError{}
	}
	raw, err := release.Encode(p.Inputs)
	if err != nil {
		return err
	}
	if _, done := recall[[]build.Artifact](c.journal, "build", release.Digest(raw)); done {
		return nil
	}
	trusted, err := shardSigners(c.Project, nil)
	if err == nil {
		err = apart(trusted, c.signers)
	}
	if err != nil {
		return err
	}
	tree, err := c.Repo.FS(ctx, p.Inputs.Commit)
	if err != nil {
		return err
	}
	split, err := c.builder.Split(ctx, tree, c.opts.Shards)
	if err != nil {
		return err
	}
	missing := &MissingShardsError{Channel: c.ch.Name, Plan: p.Digest}
	for i := range c.opts.Shards {
		s := build.Shard{Index: i + 1, Of: c.opts.Shards}
		found, err := c.findShard(ctx, p, s, split, trusted)
		if err != nil {
			return &StageError{Stage: "build", Err: err}
		}
		if found == nil {
			missing.Missing = append(missing.Missing, s)
			continue
		}
		c.shards = append(c.shards, *found)
	}
	if len(missing.Missing) > 0 {
		for _, s := range c.stores {
			missing.Stores = append(missing.Stores, s.String())
		}
		return missing
	}
	if split.Whole != "" {
		c.opts.Progress(project.Progress{Stage: "build", State: "warning", Text: "the build was not divided: " + split.Whole})
	}
	return nil
}

// findShard looks for a shard in the stores, nil if none has it.
func (c *cutter) findShard(ctx context.Context, p release.Plan, s build.Shard, split *build.Split, trusted *project.Signers) (*stagedShard, error) {
	for _, store := range c.stores {
		staged, err := store.Staged(ctx, ShardID(p.Digest, s))
		if err != nil {
			return nil, err
		}
		if staged == nil {
			continue
		}
		raw, err := readStaged(ctx, store, ShardID(p.Digest, s), shardDocument)
		if err != nil {
			return nil, fmt.Errorf("shard %s in %s: %w", s, store, err)
		}
		refuse := func(why, remedy string) error {
			return &ShardError{Shard: s, Store: store.String(), Why: why, Remedy: remedy}
		}
		again := fmt.Sprintf("build it again: relctl build %s --plan plan.json --shard %s --key <file>\nthe same with --discard removes what is staged in its place", c.ch.Name, s)
		if len(trusted.Valid(raw, staged.Signatures)) == 0 {
			return nil, refuse("no key of shards.keys in channels/product.yaml signed it", again)
		}
		doc := &ShardDocument{}
		if err := release.Decode(raw, doc); err != nil {
			return nil, refuse(err.Error(), again)
		}
		if why := doc.check(p, s, split); why != "" {
			return nil, refuse(why, again)
		}
		return &stagedShard{store: store, doc: doc}, nil
	}
	return nil, nil //nolint:nilnil // no shard is an answer
}

// readStaged reads a small file of what is staged.
func readStaged(ctx context.Context, store project.Store, id, path string) ([]byte, error) {
	r, err := store.Open(ctx, id, path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, release.MaxManifestBytes+1))
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	if len(data) > release.MaxManifestBytes {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, release.MaxManifestBytes)
	}
	return data, nil
}

// join puts the shards together in the folder of the build.
func (c *cutter) join(ctx context.Context) ([]build.Artifact, error) {
	var parts []build.Part
	for _, s := range c.shards {
		parts = append(parts, build.Part{Shard: s.doc.Shard, Artifacts: s.doc.Artifacts, Open: func(a build.Artifact) (io.ReadCloser, error) {
			return s.store.Open(ctx, ShardID(s.doc.Plan, s.doc.Shard), stagedPath(a))
		}})
	}
	return build.Join(c.journal.path(buildDir), parts)
}

// dropShards removes the shards of a release that is visible. That of a store which does not answer stays, unseen.
func (c *cutter) dropShards(ctx context.Context, plan string) {
	if err := DiscardShards(ctx, c.Project, plan, c.opts.Shards, c.stores); err != nil {
		c.opts.Progress(project.Progress{Stage: "reveal", State: "warning", Text: err.Error()})
	}
}

// DiscardShards removes what is staged of a plan's shards, divided into so many, in stores; without any, in those of
// the policy.
func DiscardShards(ctx context.Context, p *project.Project, plan string, of int, stores []project.Store) error {
	var failed error
	for i := range of {
		failed = errors.Join(failed, DiscardShard(ctx, p, plan, build.Shard{Index: i + 1, Of: of}, stores))
	}
	return failed
}

// DiscardShard removes what is staged of one shard.
func DiscardShard(ctx context.Context, p *project.Project, plan string, s build.Shard, stores []project.Store) error {
	if len(stores) == 0 {
		stores = p.Stores()
	}
	var failed error
	for _, store := range stores {
		if err := store.Discard(ctx, ShardID(plan, s)); err != nil {
			failed = errors.Join(failed, fmt.Errorf("remove shard %s in %s: %w", s, store, err))
		}
	}
	return failed
}

// shardSigners are the keys that sign shards.
func shardSigners(p *project.Project, atHand []project.Signer) (*project.Signers, error) {
	keys := p.Policy.Product.Shards.Keys
	if len(keys) == 0 {
		return nil, &project.KeyError{
			Text:   "channels/product.yaml names no key that signs shards, and whoever may write to a store could put anything into a release",
			Remedy: "relctl key generate --out channels/keys --name shards, then add shards: {keys: [channels/keys/shards.pub]}",
		}
	}
	return p.SignersOf("shards.keys", keys, atHand)
}

// apart refuses keys that are those of releases under other names: a machine that builds must not be able to sign one.
func apart(s, releases *project.Signers) error {
	if releases == nil {
		return nil // a dry run signs nothing
	}
	for _, key := range s.Trusted {
		if at := releases.Names[key.ID()]; at != "" {
			return &project.KeyError{
				Text:   fmt.Sprintf("%s of shards.keys is the same key as %s, which signs releases", s.Names[key.ID()], at),
				Remedy: "relctl key generate --out channels/keys --name shards   makes one of their own",
			}
		}
	}
	return nil
}

// stageShard puts a shard into a store, or finds that it is there.
func stageShard(ctx context.Context, store project.Store, doc *ShardDocument, set publish.Set) error {
	err := store.Stage(ctx, set)
	var differ *publish.DifferError
	if errors.As(err, &differ) {
		return &ShardDifferError{Shard: doc.Shard, Differ: differ}
	}
	return err
}

// signShard signs what is said of a shard with the keys at hand.
func signShard(ctx context.Context, keys *project.Signers, raw []byte) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, k := range keys.AtHand {
		data, err := k.Sign(ctx, raw)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", keys.Names[k.ID()], err)
		}
		out[sign.EnvelopeName(k.ID())] = data
	}
	return out, nil
}

// shortPlan is the beginning of a plan's digest, for names of folders.
func shortPlan(plan string) string { return strings.TrimPrefix(plan, "sha256:")[:12] }
