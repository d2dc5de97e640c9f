package image

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// maxDocument bounds indexes, manifests and configurations. Registries refuse manifests above 4 MiB.
const maxDocument = 4 << 20

// blobs reads the content of an OCI image layout by its digests.
type blobs struct{ fsys fs.FS }

func blobPath(h v1.Hash) string { return "blobs/" + h.Algorithm + "/" + h.Hex }

// open returns the content of a blob, without a check of what is read.
func (b blobs) open(d v1.Descriptor) (io.ReadCloser, error) {
	f, err := b.fsys.Open(blobPath(d.Digest))
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Size() != d.Size {
		err = fmt.Errorf("blob %s has %d bytes, its descriptor says %d", d.Digest, info.Size(), d.Size)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// document returns the content of a small blob, checked.
func (b blobs) document(d v1.Descriptor) ([]byte, error) {
	if d.Size < 0 || d.Size > maxDocument {
		return nil, fmt.Errorf("blob %s: %d bytes are too many for a manifest, at most %d are read", d.Digest, d.Size, maxDocument)
	}
	r, err := b.open(d)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != d.Digest.Hex {
		return nil, fmt.Errorf("blob %s was altered: its content has another digest", d.Digest)
	}
	return data, nil
}

// verify reads a blob to its end.
func (b blobs) verify(d v1.Descriptor) error {
	r, err := b.open(d)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, r); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != d.Digest.Hex {
		return fmt.Errorf("blob %s was altered: its content has another digest", d.Digest)
	}
	return nil
}

// image returns the image whose manifest d describes.
func (b blobs) image(d v1.Descriptor) (v1.Image, error) {
	raw, err := b.document(d)
	if err != nil {
		return nil, err
	}
	return partial.CompressedToImage(&stored{blobs: b, descriptor: d, raw: raw})
}

// stored is an image in a layout.
type stored struct {
	blobs
	descriptor v1.Descriptor
	raw        []byte
}

func (s *stored) MediaType() (types.MediaType, error) { return s.descriptor.MediaType, nil }

func (s *stored) RawManifest() ([]byte, error) { return s.raw, nil }

func (s *stored) RawConfigFile() ([]byte, error) {
	m, err := partial.Manifest(s)
	if err != nil {
		return nil, err
	}
	return s.document(m.Config)
}

// LayerByDigest finds layers and, as the library asks, the configuration.
func (s *stored) LayerByDigest(h v1.Hash) (partial.CompressedLayer, error) {
	m, err := partial.Manifest(s)
	if err != nil {
		return nil, err
	}
	for _, d := range append([]v1.Descriptor{m.Config}, m.Layers...) {
		if d.Digest == h {
			return &storedLayer{blobs: s.blobs, descriptor: d}, nil
		}
	}
	return nil, fmt.Errorf("image %s has no blob %s", s.descriptor.Digest, h)
}

// storedLayer is a layer in a layout.
type storedLayer struct {
	blobs
	descriptor v1.Descriptor
}

func (l *storedLayer) Digest() (v1.Hash, error) { return l.descriptor.Digest, nil }

func (l *storedLayer) Size() (int64, error) { return l.descriptor.Size, nil }

func (l *storedLayer) MediaType() (types.MediaType, error) { return l.descriptor.MediaType, nil }

func (l *storedLayer) Compressed() (io.ReadCloser, error) { return l.open(l.descriptor) }
