package cut

import (
	"context"
	"time"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/trust"
)

// Options say how a channel is cut.
type Options struct {
	// Pre asks for a pre-release such as "rc".
	Pre string
	// Plan pins the cut to a plan's digest; if the refs give another plan now, nothing is done.
	Plan string
	// Builder overrides the one of the policy; nil takes the policy's.
	Builder project.Builder
	// Goreleaser is the path of the program, "" looks on the PATH.
	Goreleaser string
	// Signers are the keys at hand.
	Signers []project.Signer
	// TrustKeys are the keys of trust at hand: the channel's, and the reconciler's for snapshot and timestamp.
	TrustKeys []trust.Signer
	// Stores override the policy's; empty takes the policy's.
	Stores []project.Store
	// Registries get the images. Empty takes the policy's, unless Stores are given.
	Registries []project.Registry
	// Shards is how many shards the build was divided into, which others staged in the stores; 0 builds here.
	Shards int
	// DryRun stops after release.json: nothing is reserved, signed or published.
	DryRun bool
	// Progress is told of every stage; may be nil.
	Progress func(project.Progress)
	// Now is the time by which waivers and calendar versions are judged.
	Now time.Time
}

// Result is what a cut ended in.
type Result struct {
	Plan     release.Plan      `json:"plan"`
	Manifest *release.Manifest `json:"release"`
	// Digest of release.json, the identity of the release.
	Digest string `json:"digest"`
	// Bundle is the path of the bundle file, "" for a dry run.
	Bundle string `json:"bundle,omitempty"`
	// Stores are where the release lies now.
	Stores []string `json:"stores,omitempty"`
	// Images are the release's container images in registries, each "<repository>@sha256:…".
	Images []string `json:"images,omitempty"`
	// Dir is the folder of the cut, with all its files.
	Dir string `json:"dir"`
	// Resumed says that an earlier run had begun this release, Released that one had finished it.
	Resumed  bool `json:"resumed,omitempty"`
	Released bool `json:"released,omitempty"`
	DryRun   bool `json:"dry_run,omitempty"`
	// Verdicts of the built gates.
	Verdicts []release.Verdict `json:"verdicts,omitempty"`
}

// Run cuts a channel, or finishes the cut that an earlier run began.
func Run(ctx context.Context, p *project.Project, ch *channel.Channel, opts Options) (*Result, error) {
	c, err := newCutter(p, ch, opts)
	if err != nil {
		return nil, err
	}
	if err := c.checkTrust(ctx); err != nil {
		return nil, err
	}
	if done, err := c.finished(ctx); done != nil || err != nil {
		return done, err
	}
	target, err := c.target(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.checkDocs(ctx, target.plan); err != nil {
		return nil, err
	}
	if err := c.begin(ctx, target); err != nil {
		return nil, err
	}
	defer c.end()
	if err := c.gather(ctx, target.plan); err != nil {
		return nil, err
	}

	reserved, err := c.reserve(ctx, target)
	if err != nil {
		return nil, err
	}
	artifacts, err := c.build(ctx, reserved)
	if err != nil {
		return nil, err
	}
	images, err := c.images(ctx, reserved, artifacts)
	if err != nil {
		return nil, err
	}
	attested, err := c.attest(ctx, reserved, images.Artifacts)
	if err != nil {
		return nil, err
	}
	documents, err := c.document(ctx, reserved, images)
	if err != nil {
		return nil, err
	}
	made, err := c.manifest(ctx, reserved, images, attested, documents)
	if err != nil || opts.DryRun {
		return c.result(reserved, made), err
	}
	signed, err := c.sign(ctx, made)
	if err != nil {
		return nil, err
	}
	waiting, err := c.push(ctx, images, made)
	if err != nil {
		return nil, err
	}
	staged, err := c.stage(ctx, reserved, made, signed)
	if err != nil {
		return nil, err
	}
	if waiting != nil {
		return nil, waiting
	}
	verdicts, err := c.askBuilt(ctx, reserved, made)
	if err != nil {
		return nil, err
	}
	if err := c.commit(ctx, reserved, made, verdicts); err != nil {
		return nil, err
	}
	return c.reconcile(ctx, reserved, made, staged, verdicts)
}
