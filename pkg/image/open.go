package image

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Limits of what [Open] reads.
const (
	maxImages = 64
	maxFiles  = 16384
	// maxPlain bounds an uncompressed layer: more is a bomb.
	maxPlain = 16 << 30
)

// Layout is a layout that was opened and checked. As an index of images it can be pushed to a registry.
type Layout struct {
	blobs
	archive    archive
	file       *os.File
	descriptor v1.Descriptor
	raw        []byte
	index      *v1.IndexManifest
	platforms  []Platform
}

var _ v1.ImageIndex = (*Layout)(nil)

// Open reads the file of an image, such as images/acmed.oci.tar, and checks it to the last byte: one index of images and
// nothing else, every blob with the digest and the size that it is listed with, every layer with the content that the
// configuration names. The caller closes the layout when it needs no more of it.
func Open(path string) (*Layout, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	l := &Layout{file: file}
	if err := l.open(); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("image %s refused: %w", path, err)
	}
	return l, nil
}

// Close closes the file.
func (l *Layout) Close() error { return l.file.Close() }

func (l *Layout) open() error {
	var err error
	if l.archive, err = readArchive(l.file); err != nil {
		return err
	}
	l.blobs = blobs{fsys: l.archive}
	data, err := readLimited(l.fsys, "oci-layout")
	if err != nil {
		return err
	}
	var version struct {
		ImageLayoutVersion string `json:"imageLayoutVersion"`
	}
	if err := json.Unmarshal(data, &version); err != nil || version.ImageLayoutVersion != "1.0.0" {
		return fmt.Errorf("oci-layout is not of version 1.0.0: %.60q", data)
	}
	entry, err := readIndex(l.fsys)
	if err != nil {
		return err
	}
	if len(entry.Manifests) != 1 || entry.Manifests[0].MediaType != types.OCIImageIndex {
		return errors.New("index.json does not list exactly one index of images")
	}
	l.descriptor = entry.Manifests[0]
	if l.raw, err = l.document(l.descriptor); err != nil {
		return err
	}
	if l.index, err = parse[v1.IndexManifest](l.raw); err != nil {
		return fmt.Errorf("index %s: %w", l.descriptor.Digest, err)
	}
	if n := len(l.index.Manifests); n == 0 || n > maxImages || l.index.MediaType != types.OCIImageIndex {
		return fmt.Errorf("an index of the type %q lists %d images, 1 to %d are read", l.index.MediaType, n, maxImages)
	}
	listed := map[string]bool{"oci-layout": true, "index.json": true, blobPath(l.descriptor.Digest): true}
	for _, d := range l.index.Manifests {
		if err := l.check(d, listed); err != nil {
			return fmt.Errorf("image %s: %w", d.Digest, err)
		}
		l.platforms = append(l.platforms, Platform{Name: d.Platform.String(), Digest: d.Digest.String()})
	}
	return l.closed(listed)
}

// check verifies one image and lists its blobs.
func (l *Layout) check(d v1.Descriptor, listed map[string]bool) error {
	if d.MediaType != types.OCIManifestSchema1 || d.Platform == nil {
		return fmt.Errorf("%s without a platform, or of a type that is no image", d.MediaType)
	}
	raw, err := l.document(d)
	if err != nil {
		return err
	}
	m, err := parse[v1.Manifest](raw)
	if err != nil {
		return err
	}
	data, err := l.document(m.Config)
	if err != nil {
		return err
	}
	f, err := parse[v1.ConfigFile](data)
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	if p := d.Platform; f.OS != p.OS || f.Architecture != p.Architecture || f.Variant != p.Variant {
		return fmt.Errorf("the index says it is for %s, its configuration for %s/%s %s", p, f.OS, f.Architecture, f.Variant)
	}
	if len(m.Layers) == 0 || len(m.Layers) > maxLayers+1 || len(m.Layers) != len(f.RootFS.DiffIDs) {
		return fmt.Errorf("it has %d layers and %d ids of layers", len(m.Layers), len(f.RootFS.DiffIDs))
	}
	for i, layer := range m.Layers {
		if err := l.layer(layer, f.RootFS.DiffIDs[i]); err != nil {
			return err
		}
		listed[blobPath(layer.Digest)] = true
	}
	listed[blobPath(d.Digest)], listed[blobPath(m.Config.Digest)] = true, true
	return nil
}

// layer verifies a layer, compressed and not.
func (l *Layout) layer(d v1.Descriptor, diff v1.Hash) error {
	if _, ok := layerTypes[d.MediaType]; !ok || len(d.URLs) > 0 {
		return fmt.Errorf("layer %s has the type %s, which may not be carried or cannot be read", d.Digest, d.MediaType)
	}
	if err := l.verify(d); err != nil {
		return err
	}
	plain, err := l.uncompressed(d)
	if err != nil {
		return err
	}
	defer func() { _ = plain.Close() }()
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(plain, maxPlain+1))
	switch {
	case err != nil:
		return fmt.Errorf("layer %s: %w", d.Digest, err)
	case n > maxPlain:
		return fmt.Errorf("layer %s holds more than %d bytes", d.Digest, int64(maxPlain))
	case hex.EncodeToString(sum.Sum(nil)) != diff.Hex:
		return fmt.Errorf("layer %s does not hold what the configuration says", d.Digest)
	}
	return nil
}

// uncompressed returns the archive in a layer.
func (b blobs) uncompressed(d v1.Descriptor) (io.ReadCloser, error) {
	l, err := partial.CompressedToLayer(&storedLayer{blobs: b, descriptor: d})
	if err != nil {
		return nil, err
	}
	return l.Uncompressed()
}

// closed refuses files that the index does not reach.
func (l *Layout) closed(listed map[string]bool) error {
	for _, name := range sorted(l.archive) {
		if !listed[name] {
			return fmt.Errorf("the index does not lead to the file %s", name)
		}
	}
	return nil
}

// Platforms returns the images of the layout in the order of the index.
func (l *Layout) Platforms() []Platform { return slices.Clone(l.platforms) }

// MediaType of the index.
func (l *Layout) MediaType() (types.MediaType, error) { return l.descriptor.MediaType, nil }

// Digest of the index, the image's name in registries and deployments.
func (l *Layout) Digest() (v1.Hash, error) { return l.descriptor.Digest, nil }

// Size of the index in bytes.
func (l *Layout) Size() (int64, error) { return l.descriptor.Size, nil }

// RawManifest returns the index as it is.
func (l *Layout) RawManifest() ([]byte, error) { return slices.Clone(l.raw), nil }

// IndexManifest returns the index.
func (l *Layout) IndexManifest() (*v1.IndexManifest, error) { return l.index.DeepCopy(), nil }

// Image returns an image of the index.
func (l *Layout) Image(h v1.Hash) (v1.Image, error) {
	for _, d := range l.index.Manifests {
		if d.Digest == h {
			return l.image(d)
		}
	}
	return nil, fmt.Errorf("the index has no image %s", h)
}

// ImageIndex finds nothing: an index of a release lists images only.
func (l *Layout) ImageIndex(h v1.Hash) (v1.ImageIndex, error) {
	return nil, fmt.Errorf("the index has no index %s", h)
}

// readIndex reads index.json.
func readIndex(fsys fs.FS) (*v1.IndexManifest, error) {
	data, err := readLimited(fsys, "index.json")
	if err != nil {
		return nil, err
	}
	m, err := parse[v1.IndexManifest](data)
	if err != nil {
		return nil, fmt.Errorf("index.json: %w", err)
	}
	return m, nil
}

// parse reads one JSON document and nothing after it; it may hold more keys than are known here.
func parse[T any](data []byte) (*T, error) {
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, err
	}
	return &v, nil
}

func readLimited(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxDocument+1))
	if err == nil && len(data) > maxDocument {
		err = fmt.Errorf("%s has more than %d bytes", name, maxDocument)
	}
	return data, err
}
