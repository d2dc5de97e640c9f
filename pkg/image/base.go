package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/relctl/relctl/pkg/internal/ociremote"
)

// maxLayers bounds the layers of an image; file systems of containers stack no more than 127.
const maxLayers = 126

// source is a base that was found. A nil source is scratch.
type source struct {
	base base
	// images by platform; a base that is a single image stands here with the platform of its configuration.
	images []sourceImage
}

type sourceImage struct {
	platform v1.Platform
	open     func() (v1.Image, error)
}

// openBase finds the base of a request.
func openBase(ctx context.Context, req Request) (*source, error) {
	b, err := parseBase(req.Spec.Base)
	if b == nil || err != nil {
		return nil, err
	}
	s := &source{base: *b}
	if b.layout {
		err = s.fromLayout(req.Source)
	} else {
		err = s.fromRegistry(ctx, req)
	}
	if err != nil {
		return nil, fmt.Errorf("base %s: %w", req.Spec.Base, err)
	}
	return s, nil
}

func (s *source) fromRegistry(ctx context.Context, req Request) error {
	ref, err := name.NewDigest(s.base.ref)
	if err != nil {
		return err
	}
	d, err := remote.Get(ref, ociremote.Options(ctx, req.Keychain, req.Transport)...)
	if err != nil {
		return err
	}
	if !d.MediaType.IsIndex() {
		return s.single(d.Image)
	}
	index, err := d.ImageIndex()
	if err != nil {
		return err
	}
	m, err := index.IndexManifest()
	if err != nil {
		return err
	}
	s.several(m, func(d v1.Descriptor) (v1.Image, error) { return index.Image(d.Digest) })
	return nil
}

func (s *source) fromLayout(tree fs.FS) error {
	if tree == nil {
		return errors.New("there is no source to take it from")
	}
	sub, err := fs.Sub(tree, s.base.ref)
	if err != nil {
		return err
	}
	b := blobs{fsys: sub}
	entry, err := readIndex(sub)
	if err != nil {
		return err
	}
	for _, d := range entry.Manifests {
		if d.Digest.String() != s.base.digest {
			continue
		}
		if !d.MediaType.IsIndex() {
			return s.single(func() (v1.Image, error) { return b.image(d) })
		}
		raw, err := b.document(d)
		if err != nil {
			return err
		}
		m, err := parse[v1.IndexManifest](raw)
		if err != nil {
			return err
		}
		s.several(m, b.image)
		return nil
	}
	return errors.New("its index.json does not list that digest")
}

func (s *source) single(open func() (v1.Image, error)) error {
	img, err := open()
	if err != nil {
		return err
	}
	f, err := img.ConfigFile()
	if err != nil {
		return err
	}
	s.images = []sourceImage{{v1.Platform{OS: f.OS, Architecture: f.Architecture, Variant: f.Variant}, func() (v1.Image, error) { return img, nil }}}
	return nil
}

func (s *source) several(m *v1.IndexManifest, open func(v1.Descriptor) (v1.Image, error)) {
	for _, d := range m.Manifests {
		if d.Platform != nil && d.MediaType.IsImage() {
			s.images = append(s.images, sourceImage{*d.Platform, func() (v1.Image, error) { return open(d) }})
		}
	}
}

// usual are the variants of architectures that go without saying.
var usual = map[string]string{"arm64": "v8", "arm": "v7", "amd64": "v1"}

func variant(p v1.Platform) string {
	if p.Variant == "" {
		return usual[p.Architecture]
	}
	return p.Variant
}

// find returns the base's image on which a program for p runs.
func (s *source) find(p v1.Platform) (v1.Image, error) {
	variants := []string{variant(p)}
	if p.Architecture != "arm" { // newer processors run the usual base; older ones do not
		variants = append(variants, usual[p.Architecture])
	}
	for _, want := range variants {
		for _, img := range s.images {
			if img.platform.OS == p.OS && img.platform.Architecture == p.Architecture && variant(img.platform) == want {
				return img.open()
			}
		}
	}
	missing := &PlatformError{Platform: p.String()}
	for _, img := range s.images {
		missing.Have = append(missing.Have, img.platform.String())
	}
	return nil, missing
}

// PlatformError is a base without an image for one of the product's platforms.
type PlatformError struct {
	Platform string
	// Have are the platforms that the base has.
	Have []string
}

func (e *PlatformError) Error() string {
	return fmt.Sprintf("the base has no image for %s; it has: %s", e.Platform, strings.Join(e.Have, ", "))
}

// copied is the base of one platform, in the layout.
type copied struct {
	config v1.ConfigFile
	layers []v1.Descriptor
}

// copy puts the base's layers for a platform into the layout.
func (s *source) copy(w *writer, p v1.Platform) (*copied, error) {
	out := &copied{}
	if s == nil {
		return out, nil
	}
	img, err := s.find(p)
	if err != nil {
		return nil, err
	}
	f, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("configuration of the base: %w", err)
	}
	layers, err := img.Layers()
	if err != nil {
		return nil, fmt.Errorf("layers of the base: %w", err)
	}
	if len(layers) != len(f.RootFS.DiffIDs) || len(layers) > maxLayers {
		return nil, fmt.Errorf("the base has %d layers and %d ids of layers; equal numbers up to %d are read", len(layers), len(f.RootFS.DiffIDs), maxLayers)
	}
	out.config = *f.DeepCopy()
	for _, l := range layers {
		d, err := w.copyLayer(l)
		if err != nil {
			return nil, fmt.Errorf("layer of the base: %w", err)
		}
		out.layers = append(out.layers, d)
	}
	return out, nil
}

// layerTypes are the types of layers that are copied, and what OCI calls them. The bytes are the same.
var layerTypes = map[types.MediaType]types.MediaType{
	types.OCILayer: types.OCILayer, types.OCILayerZStd: types.OCILayerZStd, types.OCIUncompressedLayer: types.OCIUncompressedLayer,
	types.DockerLayer: types.OCILayer, types.DockerUncompressedLayer: types.OCIUncompressedLayer,
}

// copyLayer puts a layer into the layout as it is.
func (w *writer) copyLayer(l v1.Layer) (v1.Descriptor, error) {
	d, err := partial.Descriptor(l)
	if err != nil {
		return v1.Descriptor{}, err
	}
	mediaType, ok := layerTypes[d.MediaType]
	if !ok {
		return v1.Descriptor{}, fmt.Errorf("layer %s has the type %s, which may not be carried or cannot be read", d.Digest, d.MediaType)
	}
	out := v1.Descriptor{MediaType: mediaType, Size: d.Size, Digest: d.Digest}
	if w.has(d.Digest) {
		return out, nil
	}
	in, err := l.Compressed()
	if err != nil {
		return v1.Descriptor{}, err
	}
	defer func() { _ = in.Close() }()
	got, err := w.blob(mediaType, func(to io.Writer) error {
		_, err := io.Copy(to, in)
		return err
	})
	if err == nil && (got.Digest != d.Digest || got.Size != d.Size) {
		err = fmt.Errorf("layer %s was altered: what came has the digest %s", d.Digest, got.Digest)
	}
	return out, err
}
