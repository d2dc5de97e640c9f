package cut

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/relctl/relctl/internal/durable"
	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/image"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
)

// Folders of a cut for the images as they are made, and for their signatures.
const (
	imagesDir          = "oci"
	imageSignaturesDir = "signatures"
)

// imaged are the artifacts with the container images among them.
type imaged struct {
	Images    []release.Image  `json:"images"`
	Artifacts []build.Artifact `json:"artifacts"`
}

// images makes the policy's container images of the programs that were built.
func (c *cutter) images(ctx context.Context, r *reserved, artifacts []build.Artifact) (*imaged, error) {
	type input struct {
		Plan      string           `json:"plan"`
		Images    []channel.Image  `json:"images"`
		Artifacts []build.Artifact `json:"artifacts"`
	}
	product, err := c.reservedProduct(ctx, r.Plan.Inputs)
	if err != nil {
		return nil, &StageError{Stage: "images", Err: err}
	}
	wanted := product.Images
	if len(wanted) == 0 {
		return &imaged{Artifacts: artifacts}, nil
	}
	return do(c.journal, "images", input{r.Plan.Digest, wanted, artifacts}, func() (step[*imaged], error) {
		if err := c.journal.clear(imagesDir); err != nil {
			return step[*imaged]{}, err
		}
		source, err := c.Repo.FS(ctx, r.Plan.Inputs.Commit)
		if err != nil {
			return step[*imaged]{}, err
		}
		out := &imaged{Artifacts: slices.Clone(artifacts)}
		for _, w := range wanted {
			if err := c.image(ctx, r, w, source, artifacts, out); err != nil {
				return step[*imaged]{}, err
			}
		}
		slices.SortFunc(out.Images, func(a, b release.Image) int { return strings.Compare(a.Name, b.Name) })
		return step[*imaged]{Out: out, Left: []string{imagesDir}, Text: inventory(out.Images)}, nil
	})
}

// image makes one image and adds it to out.
func (c *cutter) image(ctx context.Context, r *reserved, w channel.Image, source fs.FS, artifacts []build.Artifact, out *imaged) error {
	in := r.Plan.Inputs
	req := image.Request{
		Spec: imageSpec(w), Version: in.Version, Revision: in.Commit, SourceDate: in.SourceDate, Source: source, Out: c.journal.path(imagesDir),
	}
	file := build.Artifact{Kind: build.KindImage, Shipped: true}
	for _, a := range artifacts {
		if a.Kind != build.KindBinary {
			continue
		}
		req.Binaries = append(req.Binaries, image.Binary{Name: a.Binary, Platform: a.Platform, Path: a.Local, SHA256: a.SHA256})
		if holds(req.Spec, a) {
			file.Contains = append(file.Contains, a.Path)
		}
	}
	img, err := image.Build(ctx, req)
	if err != nil {
		return err
	}
	file.File, file.Local = img.File, c.journal.path(imagesDir, img.File.Path)
	out.Artifacts = append(out.Artifacts, file)
	made := release.Image{Name: img.Name, Repository: w.Repository, Digest: img.Digest, File: img.File.Path}
	for _, p := range img.Platforms {
		made.Platforms = append(made.Platforms, release.ImagePlatform{Name: p.Name, Digest: p.Digest})
	}
	out.Images = append(out.Images, made)
	return nil
}

// holds reports whether an image is made of a program.
func holds(s image.Spec, a build.Artifact) bool {
	names := s.Binaries
	if len(names) == 0 {
		names = []string{s.Name}
	}
	return strings.HasPrefix(a.Platform, "linux/") && slices.Contains(names, a.Binary)
}

func imageSpec(i channel.Image) image.Spec {
	s := image.Spec{
		Name: i.Name, Binaries: i.Binaries, Base: i.Base, Entrypoint: i.Entrypoint, Cmd: i.Cmd, Env: i.Env,
		User: i.User, Labels: i.Labels, Ports: i.Ports,
	}
	for _, f := range i.Files {
		s.Files = append(s.Files, image.File{From: f.From, To: f.To, Mode: f.Mode})
	}
	return s
}

// inventory says which images there are: "1 image: acmed (linux/amd64, linux/arm64)".
func inventory(images []release.Image) string {
	var all []string
	for _, i := range images {
		var platforms []string
		for _, p := range i.Platforms {
			platforms = append(platforms, p.Name)
		}
		all = append(all, fmt.Sprintf("%s (%s)", i.Name, strings.Join(platforms, ", ")))
	}
	return release.Count(len(all), "image") + ": " + strings.Join(all, ", ")
}

// push brings the images, unseen, into every registry, with signatures and SBOMs beside them. The first result is a
// [*WaitingError] if an image has not enough signatures yet; the release is staged nevertheless, so that whoever holds
// the other keys can sign both.
func (c *cutter) push(ctx context.Context, made *imaged, m *made) (*WaitingError, error) {
	if len(c.registries) == 0 || len(made.Images) == 0 {
		return nil, nil //nolint:nilnil // nothing to push is an answer
	}
	c.opts.Progress(project.Progress{Stage: "push", State: "start"})
	var waiting *WaitingError
	for _, img := range made.Images {
		good, err := c.pushImage(ctx, img, made.Artifacts)
		if err != nil {
			return nil, &StageError{Stage: "push", Err: err}
		}
		if len(good) < c.signers.Threshold && waiting == nil {
			waiting = waitingFor(c.signers, m.Manifest.Version, func(id string) bool { return good[id] != nil })
			waiting.Image = c.registries[0].Repository(img.Repository) + "@" + img.Digest
		}
	}
	c.opts.Progress(project.Progress{Stage: "push", State: "done", Text: "not visible yet: " + strings.Join(c.references(made.Images), ", ")})
	return waiting, nil
}

// pushImage pushes one image and returns its signatures by trusted keys, by key. What the journal or a registry has of
// them is taken before anything is signed: two signatures of one key differ, and one is enough.
func (c *cutter) pushImage(ctx context.Context, img release.Image, artifacts []build.Artifact) (map[string][]byte, error) {
	layout, err := image.Open(c.journal.path(filesDir, img.File))
	if err != nil {
		return nil, err
	}
	defer func() { _ = layout.Close() }()
	boms, err := c.imageSBOMs(img, artifacts)
	if err != nil {
		return nil, err
	}
	good, err := c.imageSignatures(img)
	if err != nil {
		return nil, err
	}
	for _, r := range c.registries {
		if err := r.Push(ctx, img.Repository, layout, boms...); err != nil {
			return nil, err
		}
		found, err := r.Attached(ctx, img.Repository, img.Digest, publish.SignatureType)
		if err != nil {
			return nil, err
		}
		c.signers.AddImage(good, img.Digest, found...)
	}
	if err := c.signImage(ctx, img, good); err != nil {
		return nil, err
	}
	var about []publish.Referrer
	for _, id := range slices.Sorted(maps.Keys(good)) {
		about = append(about, publish.Signature(good[id]))
	}
	for _, r := range c.registries {
		if err := r.Push(ctx, img.Repository, layout, about...); err != nil {
			return nil, err
		}
	}
	return good, nil
}

// imageSBOMs are those of the programs in an image.
func (c *cutter) imageSBOMs(img release.Image, artifacts []build.Artifact) ([]publish.Referrer, error) {
	var out []publish.Referrer
	for _, file := range artifacts {
		if file.Path != img.File {
			continue
		}
		for _, a := range artifacts {
			if !slices.Contains(file.Contains, a.Path) {
				continue
			}
			data, err := os.ReadFile(c.journal.path(filesDir, sbomPath(a)))
			if err != nil {
				return nil, err
			}
			out = append(out, publish.SBOM(data))
		}
	}
	return out, nil
}

func (c *cutter) imageSignaturePath(img release.Image, id string) string {
	return c.journal.path(imageSignaturesDir, img.Name+"."+id+".sigstore.json")
}

// imageSignatures reads the signatures of an image that an earlier run left and that hold.
func (c *cutter) imageSignatures(img release.Image) (map[string][]byte, error) {
	good := map[string][]byte{}
	for id := range c.signers.Names {
		data, err := os.ReadFile(c.imageSignaturePath(img, id))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		c.signers.AddImage(good, img.Digest, data)
	}
	return good, nil
}

// signImage signs an image with the keys at hand that have not yet, and writes each signature to the journal before it
// is sent anywhere.
func (c *cutter) signImage(ctx context.Context, img release.Image, good map[string][]byte) error {
	for _, k := range c.signers.AtHand {
		signer, ok := k.(project.ImageSigner)
		if !ok || good[k.ID()] != nil {
			continue
		}
		data, err := signer.SignImage(ctx, img.Digest)
		if err != nil {
			return fmt.Errorf("image %s: key %s: %w", img.Name, c.signers.Names[k.ID()], err)
		}
		good[k.ID()] = data
	}
	for id, data := range good {
		if err := durable.Write(c.imageSignaturePath(img, id), data, 0o644); err != nil {
			return fmt.Errorf("write the journal: %w", err)
		}
	}
	return nil
}

// references are the full names of images in every registry.
func (c *cutter) references(images []release.Image) []string {
	var out []string
	for _, r := range c.registries {
		for _, i := range images {
			out = append(out, r.Repository(i.Repository)+"@"+i.Digest)
		}
	}
	return out
}

// show gives the images of a release their tag in every registry. With again, those that a registry never got are
// passed over: it may have come to the policy after the release.
func (c *cutter) show(ctx context.Context, m *release.Manifest, res *Result, again bool) error {
	var failed error
	for _, r := range c.registries {
		for _, i := range m.Images {
			if again {
				hidden, err := r.Hidden(ctx, i.Repository, i.Digest, m.Version.String())
				if err != nil || !hidden {
					failed = errors.Join(failed, err)
					continue
				}
			}
			if err := r.Tag(ctx, i.Repository, i.Digest, m.Version.String()); err != nil {
				failed = errors.Join(failed, err)
				continue
			}
			res.Images = append(res.Images, r.Repository(i.Repository)+"@"+i.Digest)
		}
	}
	return failed
}

// hiddenImage reports whether an image of a release lies in a registry and has no tag there yet.
func (c *cutter) hiddenImage(ctx context.Context, r ledger.Release) (bool, error) {
	if len(c.registries) == 0 {
		return false, nil
	}
	m, err := project.ManifestIn(ctx, c.stores, c.ch.Name, r)
	if err != nil || m == nil {
		return false, err
	}
	for _, reg := range c.registries {
		for _, i := range m.Images {
			if hidden, err := reg.Hidden(ctx, i.Repository, i.Digest, m.Version.String()); hidden || err != nil {
				return hidden, err
			}
		}
	}
	return false, nil
}
