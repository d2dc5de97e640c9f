package rollout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/deploy"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/ring"
)

// Artifact is what a ring runs, in a registry, from where Flux takes it.
type Artifact struct {
	Ring string `json:"ring"`
	// Repository is its full name with the registry, without tag and digest. The tag that Flux follows is the ring's name.
	Repository string `json:"repository"`
	// Digest of the artifact, "" in a dry run that would first have to deploy.
	Digest string `json:"digest,omitempty"`
}

// String is its name with tag and digest.
func (a Artifact) String() string {
	text := a.Repository + ":" + a.Ring
	if a.Digest != "" {
		text += "@" + a.Digest
	}
	return text
}

// artifactSigners are the keys for artifacts of rings, nil if Flux reads the deploy branch.
func artifactSigners(p *project.Project, ch *channel.Channel, atHand []project.Signer) (*project.Signers, error) {
	d := p.Policy.Product.Deploy
	registry, _ := d.Artifacts()
	switch engine := engine(p, ch); {
	case registry == "" && len(atHand) > 0:
		return nil, &project.KeyError{
			Text:   "a key is for artifacts of the rings in a registry, and the rings of " + ch.Name + " have none",
			Remedy: "leave the key out, or set deploy: {engine: flux, repository: oci://registry.acme.example/acme/deploy, keys: […]} in channels/product.yaml",
		}
	case registry == "":
		return nil, nil //nolint:nilnil // there is nothing to sign
	case engine != deploy.Flux:
		return nil, &project.KeyError{
			Text:   fmt.Sprintf("the rings of %s are for the engine %s, which does not read %s", ch.Name, engine, d.Repository),
			Remedy: "set deploy: {engine: flux} in channels/" + ch.Name + ".yaml, or the address of a git repository in channels/product.yaml",
		}
	}
	s, err := p.SignersOf("deploy.keys", d.Keys, atHand)
	if err != nil {
		return nil, err
	}
	s.Channel = ch.Name
	return s, nil
}

// artifactDigest is that of a ring's artifact as the deploy branch has the ring, "" for none.
func artifactDigest(ctx context.Context, p *project.Project, branch *deploy.Branch, ring string) (string, error) {
	d := p.Policy.Product.Deploy
	if d == nil {
		return "", nil
	}
	if registry, _ := d.Artifacts(); registry == "" {
		return "", nil
	}
	files, err := branch.Files(ctx)
	if err != nil {
		return "", err
	}
	image, err := deploy.Artifact(files, ring)
	if image == nil || err != nil {
		return "", err
	}
	digest, err := image.Digest()
	return digest.String(), err
}

// artifacts brings the artifacts of all rings to what the deploy branch holds, after the commits that were just made. A
// ring that fails stops no other.
func (r *Rollout) artifacts(ctx context.Context, m ring.Model, deploys []Deploy) ([]Artifact, error) {
	if r.signers == nil {
		return nil, nil
	}
	branch, err := deployBranch(ctx, r.Project)
	if err != nil {
		return nil, err
	}
	files, err := branch.Files(ctx)
	if err != nil {
		return nil, err
	}
	registry, repository := r.Policy.Product.Deploy.Artifacts()
	store := artifactStore{Registry: publish.Registry{Root: registry}, repository: repository, signers: r.signers, dryRun: r.opts.DryRun}
	var out []Artifact
	var failed error
	for _, t := range m.Targets() {
		a := Artifact{Ring: t.Ring, Repository: store.Repository(repository)}
		moves := r.opts.DryRun && slices.ContainsFunc(deploys, func(d Deploy) bool { return slices.Contains(d.Rings, t.Ring) })
		if !moves {
			moves, err = store.bring(ctx, files, &a)
		}
		if err != nil {
			failed = errors.Join(failed, &DeployError{Channel: r.Channel.Name, Ring: t.Ring, Version: t.Version, Err: err})
			continue
		}
		if moves {
			out = append(out, a)
			r.opts.Progress(project.Progress{Stage: "artifact", State: "done", Text: a.String()})
		}
	}
	return out, failed
}

// artifactStore is the repository with the artifacts of rings.
type artifactStore struct {
	publish.Registry
	repository string
	signers    *project.Signers
	dryRun     bool
}

// bring points the tag of a ring to its artifact, once that is there and signed by a key that the policy trusts. It
// reports whether anything was missing.
func (s artifactStore) bring(ctx context.Context, files fs.FS, a *Artifact) (bool, error) {
	image, err := deploy.Artifact(files, a.Ring)
	if image == nil || err != nil {
		return false, err
	}
	digest, err := image.Digest()
	if err != nil {
		return false, err
	}
	a.Digest = digest.String()
	have, err := s.Tagged(ctx, s.repository, a.Ring)
	if err != nil {
		return false, err
	}
	found, err := s.Attached(ctx, s.repository, a.Digest, publish.SignatureType)
	if err != nil {
		return false, err
	}
	good := map[string][]byte{}
	s.signers.AddImage(good, a.Digest, found...)
	if have == a.Digest && len(good) > 0 || s.dryRun {
		return have != a.Digest || len(good) == 0, nil
	}
	var about []publish.Referrer
	if len(good) == 0 {
		if about, err = s.sign(ctx, a.Digest); err != nil {
			return false, err
		}
	}
	if err := s.Push(ctx, s.repository, image, about...); err != nil {
		return false, err
	}
	return true, s.Point(ctx, s.repository, a.Digest, a.Ring)
}

// sign signs an artifact with the keys at hand.
func (s artifactStore) sign(ctx context.Context, digest string) ([]publish.Referrer, error) {
	var out []publish.Referrer
	for _, k := range s.signers.AtHand {
		signer, ok := k.(project.ImageSigner)
		if !ok {
			continue
		}
		data, err := signer.SignImage(ctx, digest)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", s.signers.Names[k.ID()], err)
		}
		out = append(out, publish.Signature(data))
	}
	if len(out) == 0 {
		return nil, &UnsignedArtifactError{Channel: s.signers.Channel, Digest: digest}
	}
	return out, nil
}

// UnsignedArtifactError is an artifact that no key at hand can sign: Flux would refuse it.
type UnsignedArtifactError struct{ Channel, Digest string }

func (e *UnsignedArtifactError) Error() string {
	return fmt.Sprintf("the artifact %s has no signature yet, and there is no key at hand", e.Digest)
}

// Hint says who can sign.
func (e *UnsignedArtifactError) Hint() string {
	return fmt.Sprintf("relctl advance %s --key <private key of deploy.keys>", e.Channel)
}
