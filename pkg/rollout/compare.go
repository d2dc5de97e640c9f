package rollout

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"slices"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/deploy"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

// deployedFiles are what the deploy branch holds.
func deployedFiles(ctx context.Context, p *project.Project) (fs.FS, error) {
	b, err := readDeployBranch(ctx, p)
	if err != nil {
		return nil, err
	}
	return b.Files(ctx)
}

// DeployedAs returns the revisions by which a GitOps engine knows that cells of a ring run a release: commits of the
// deploy branch, and the digest of the ring's artifact if there is one.
func DeployedAs(ctx context.Context, p *project.Project, ring string, cells []string, rel *ledger.Release) ([]string, error) {
	b, err := readDeployBranch(ctx, p)
	if err != nil {
		return nil, err
	}
	commits, err := b.Revisions(ctx, ring, cells, rel.Release)
	if len(commits) == 0 || err != nil {
		return nil, err
	}
	digest, err := artifactDigest(ctx, p, b, ring)
	if digest == "" || err != nil {
		return commits, err
	}
	return append(commits, digest), nil
}

// CompareDeployed tells what differs between two releases in the cells of rings, all of the channel without names,
// rendered over what people keep on the deploy branch.
func CompareDeployed(ctx context.Context, p *project.Project, ch *channel.Channel, from, to *ledger.Release, rings []string) ([]deploy.Diff, error) {
	files, err := deployedFiles(ctx, p)
	if err != nil {
		return nil, err
	}
	var out []deploy.Diff
	for _, r := range ch.Rings {
		if len(rings) > 0 && !slices.Contains(rings, r.Name) {
			continue
		}
		old, err := rendered(ctx, p, ch, deploy.Ring{Name: r.Name, Cells: r.Cells}, from, files)
		if err != nil {
			return nil, err
		}
		now, err := rendered(ctx, p, ch, deploy.Ring{Name: r.Name, Cells: r.Cells}, to, files)
		if err != nil {
			return nil, err
		}
		diffs, err := deploy.Compare(old, now)
		if err != nil {
			return nil, err
		}
		out = append(out, diffs...)
	}
	return out, nil
}

// ComparePromotion tells what a promotion of a release into a ring would change on the deploy branch.
func ComparePromotion(ctx context.Context, p *project.Project, ch *channel.Channel, name string, rel *ledger.Release) ([]deploy.Diff, error) {
	files, err := deployedFiles(ctx, p)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(ch.Rings, func(r channel.Ring) bool { return r.Name == name })
	set, err := rendered(ctx, p, ch, deploy.Ring{Name: ch.Rings[i].Name, Cells: ch.Rings[i].Cells}, rel, files)
	if err != nil {
		return nil, err
	}
	return set.Diff(files)
}

// rendered is what the cells of a ring run with a release.
func rendered(ctx context.Context, p *project.Project, ch *channel.Channel, r deploy.Ring, rel *ledger.Release, files fs.FS) (*deploy.Set, error) {
	d := p.Policy.Product.Deploy
	if d == nil || d.Base == "" {
		return nil, &NoManifestsError{}
	}
	images, err := releaseImages(ctx, p, ch, rel)
	if err != nil {
		return nil, err
	}
	source, err := p.Repo.FS(ctx, rel.Commit)
	if err != nil {
		return nil, err
	}
	return deploy.Render(deploy.Input{
		Release: deploy.Release{
			Product: p.Policy.Product.Name, Channel: ch.Name, Version: rel.Version, Commit: rel.Commit, Digest: rel.Release, Images: images,
		},
		Engine: engine(p, ch), Source: source, Base: d.Base, Branch: files, Ring: r,
	})
}

// NoManifestsError is a product that says nothing about its manifests.
type NoManifestsError struct{}

func (*NoManifestsError) Error() string { return "the product has no manifests to deploy" }

// Hint says where to name them.
func (*NoManifestsError) Hint() string {
	return "name the folder with the kustomize base in channels/product.yaml: deploy: {base: deploy/base}"
}

// releaseImages returns the images of a release in the first of the policy's registries, as its release.json in one of
// the stores lists them. A product without images needs no store: its base pins what it runs.
func releaseImages(ctx context.Context, p *project.Project, ch *channel.Channel, rel *ledger.Release) ([]deploy.Image, error) {
	if rel.Adopted {
		return nil, fmt.Errorf("%s %s is from before the ledger and has no release.json", ch.Name, rel.Version)
	}
	m, err := p.Manifest(ctx, ch.Name, *rel)
	if err != nil {
		return nil, err
	}
	if m == nil && len(p.Policy.Product.Images) > 0 {
		return nil, &NotInStoreError{Channel: ch.Name, Version: rel.Version}
	}
	if m == nil {
		return nil, nil
	}
	at := func(repository string) string { return repository }
	if registries := p.Registries(); len(registries) > 0 {
		at = registries[0].Repository
	}
	var out []deploy.Image
	for _, i := range m.Images {
		out = append(out, deploy.Image{Name: i.Name, Repository: at(i.Repository), Digest: i.Digest})
	}
	return out, nil
}

// engine is the channel's, or else the product's.
func engine(p *project.Project, ch *channel.Channel) deploy.Engine {
	if ch.Deploy != nil && ch.Deploy.Engine != "" {
		return deploy.Engine(ch.Deploy.Engine)
	}
	return cmp.Or(deploy.Engine(p.Policy.Product.Deploy.Engine), deploy.Kustomize)
}

// NotInStoreError is a release whose release.json is in none of the stores.
type NotInStoreError struct {
	Channel string
	Version release.Version
}

func (e *NotInStoreError) Error() string {
	return fmt.Sprintf("none of the stores shows release.json of %s %s", e.Channel, e.Version)
}

// Hint says how it gets there.
func (e *NotInStoreError) Hint() string {
	return fmt.Sprintf("relctl cut %s publishes what was cut and is not visible yet; stores stand in channels/product.yaml", e.Channel)
}
