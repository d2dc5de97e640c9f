package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/relctl/relctl/pkg/internal/ociremote"
	"github.com/relctl/relctl/pkg/release"
)

// Registry is a store for container images: an OCI registry, or a part of one. As in every store, images come in unseen
// and are shown later: [Registry.Push] puts them there by digest, [Registry.Tag] gives them their name.
type Registry struct {
	// Root is the registry and the path below which the repositories lie, such as "registry.example.com/acme".
	Root string
	// Keychain knows the credentials. Default are those that docker login has left.
	Keychain authn.Keychain
	// Transport reaches the registry, by TLS unless it runs on this machine. Default is the usual one.
	Transport http.RoundTripper
	// Retry is how it bears with failures.
	Retry Retry
}

func (r Registry) String() string { return r.Root }

// Repository returns the full name of a repository, as it stands before "@" or ":" in references.
func (r Registry) Repository(repository string) string { return r.Root + "/" + repository }

// image parses the name of an image. It takes no defaults: one without a registry is not one of Docker Hub.
func (r Registry) image(repository, digest string) (name.Digest, error) {
	return name.NewDigest(r.Repository(repository)+"@"+digest, name.StrictValidation)
}

func (r Registry) tag(repository, tag string) (name.Tag, error) {
	return name.NewTag(r.Repository(repository)+":"+tag, name.StrictValidation)
}

func (r Registry) options(ctx context.Context) []remote.Option {
	base := r.Transport
	if base == nil {
		base = remote.DefaultTransport
	}
	return append(ociremote.Options(ctx, r.Keychain, patient{base, r.Retry.stall()}),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}), // attempts are counted here
		remote.WithRetryStatusCodes())
}

// do makes one step, in attempts.
func (r Registry) do(ctx context.Context, op, what string, f func(ctx context.Context) error) error {
	return r.Retry.do(ctx, r.Root, op, what, f)
}

// Referrer is a document about an image that lies beside it in the registry.
type Referrer struct {
	// MediaType of the document, and by which it is found.
	MediaType   string
	Data        []byte
	Annotations map[string]string
}

// SignatureType is the media type of signatures, sigstore bundles.
const SignatureType = "application/vnd.dev.sigstore.bundle.v0.3+json"

// Signature returns a signature of an image, as made by sign.Key.SignImage, in the form in which cosign 3 looks for it.
func Signature(bundle []byte) Referrer {
	return Referrer{MediaType: SignatureType, Data: bundle, Annotations: map[string]string{
		"dev.sigstore.bundle.content":       "dsse-envelope",
		"dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1",
	}}
}

// SBOM returns a bill of materials in the form of CycloneDX.
func SBOM(data []byte) Referrer { return Referrer{MediaType: release.MediaTypeCycloneDX, Data: data} }

// Image is an image of one platform or of several, or another artifact: a v1.Image or a v1.ImageIndex.
type Image interface {
	remote.Taggable
	Digest() (v1.Hash, error)
}

// Push brings an image and documents about it into a repository, without a tag: layers first, then the images of the
// platforms, the index, the documents. What is there already is not sent again.
func (r Registry) Push(ctx context.Context, repository string, image Image, about ...Referrer) error {
	digest, err := image.Digest()
	if err != nil {
		return err
	}
	ref, err := r.image(repository, digest.String())
	if err != nil {
		return err
	}
	var subject *v1.Descriptor
	var there []v1.Descriptor
	err = r.do(ctx, "push", repository, func(ctx context.Context) error {
		err := remote.Push(ref, image, r.options(ctx)...)
		if err == nil {
			subject, err = remote.Head(ref, r.options(ctx)...)
		}
		if err == nil {
			there, err = r.referrers(ctx, ref)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, a := range about {
		err := r.do(ctx, "push "+a.MediaType+" to", repository, func(ctx context.Context) error {
			return r.attach(ctx, ref.Context(), *subject, a, there)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// referrers lists the documents about an image.
func (r Registry) referrers(ctx context.Context, ref name.Digest) ([]v1.Descriptor, error) {
	index, err := remote.Referrers(ref, r.options(ctx)...)
	if err != nil {
		return nil, err
	}
	m, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	return m.Manifests, nil
}

// attach puts a document beside an image, unless it is there.
func (r Registry) attach(ctx context.Context, repo name.Repository, subject v1.Descriptor, a Referrer, there []v1.Descriptor) error {
	parts := []v1.Layer{static.NewLayer([]byte("{}"), emptyType), static.NewLayer(a.Data, types.MediaType(a.MediaType))}
	m := v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: a.MediaType, Annotations: a.Annotations,
		Subject: &v1.Descriptor{MediaType: subject.MediaType, Size: subject.Size, Digest: subject.Digest},
	}
	for _, part := range parts {
		d, err := partial.Descriptor(part)
		if err != nil {
			return err
		}
		m.Layers = append(m.Layers, *d)
	}
	m.Config, m.Layers = m.Layers[0], m.Layers[1:]
	raw, err := json.Marshal(m) // equal documents have equal manifests
	if err != nil {
		return err
	}
	digest := release.Digest(raw)
	if slices.ContainsFunc(there, func(d v1.Descriptor) bool { return d.Digest.String() == digest }) {
		return nil
	}
	for _, part := range parts {
		if err := remote.WriteLayer(repo, part, r.options(ctx)...); err != nil {
			return err
		}
	}
	return remote.Put(repo.Digest(digest), manifest(raw), r.options(ctx)...)
}

// emptyType is the media type of a configuration that says nothing.
const emptyType types.MediaType = "application/vnd.oci.empty.v1+json"

// manifest is a manifest as it is stored.
type manifest []byte

func (m manifest) RawManifest() ([]byte, error) { return m, nil }

func (manifest) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

// maxReferrer bounds the documents that are read back.
const maxReferrer = 64 << 20

// Attached returns the documents of a media type about the image with a digest, such as the signatures it has. They
// are what anybody who may write to the registry put there, and prove nothing by themselves.
func (r Registry) Attached(ctx context.Context, repository, digest, mediaType string) (out [][]byte, err error) {
	err = r.do(ctx, "read what lies beside", repository+"@"+digest, func(ctx context.Context) error {
		out, err = r.attached(ctx, repository, digest, mediaType)
		return err
	})
	return out, err
}

func (r Registry) attached(ctx context.Context, repository, digest, mediaType string) ([][]byte, error) {
	ref, err := r.image(repository, digest)
	if err != nil {
		return nil, err
	}
	there, err := r.referrers(ctx, ref)
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for _, d := range there {
		if !d.MediaType.IsImage() {
			continue // documents have the form of an image; others may attach what they like
		}
		data, err := r.read(ctx, ref.Context().Digest(d.Digest.String()), mediaType)
		if err != nil {
			return nil, fmt.Errorf("document %s: %w", d.Digest, err)
		}
		if data != nil {
			out = append(out, data)
		}
	}
	return out, nil
}

// read returns the content of a document, or nil if it is of another media type. As cosign does, it asks the document
// itself: some registries list none.
func (r Registry) read(ctx context.Context, ref name.Digest, mediaType string) ([]byte, error) {
	image, err := remote.Image(ref, r.options(ctx)...)
	if err != nil {
		return nil, err
	}
	m, err := image.Manifest()
	if err != nil || len(m.Layers) != 1 || string(m.Layers[0].MediaType) != mediaType {
		return nil, err
	}
	if m.Layers[0].Size > maxReferrer {
		return nil, fmt.Errorf("%d bytes are too many, at most %d are read", m.Layers[0].Size, maxReferrer)
	}
	layer, err := image.LayerByDigest(m.Layers[0].Digest)
	if err != nil {
		return nil, err
	}
	content, err := layer.Compressed() // a reader that checks size and digest
	if err != nil {
		return nil, err
	}
	defer func() { _ = content.Close() }()
	return io.ReadAll(content)
}

// Tagged returns the digest of the image with a tag, or "".
func (r Registry) Tagged(ctx context.Context, repository, tag string) (string, error) {
	ref, err := r.tag(repository, tag)
	if err != nil {
		return "", err
	}
	return r.look(ctx, repository+":"+tag, ref)
}

// look returns the digest of an image, or "" if it is not there.
func (r Registry) look(ctx context.Context, what string, ref name.Reference) (digest string, err error) {
	err = r.do(ctx, "look for", what, func(ctx context.Context) error {
		d, err := remote.Head(ref, r.options(ctx)...)
		switch {
		case unknown(err):
			digest = ""
		case err != nil:
			return err
		default:
			digest = d.Digest.String()
		}
		return nil
	})
	return digest, err
}

// Hidden reports whether a repository holds the image with a digest, and nothing under a tag yet.
func (r Registry) Hidden(ctx context.Context, repository, digest, tag string) (bool, error) {
	ref, err := r.image(repository, digest)
	if err != nil {
		return false, err
	}
	if have, err := r.Tagged(ctx, repository, tag); have != "" || err != nil {
		return false, err
	}
	have, err := r.look(ctx, repository+"@"+digest, ref)
	return have != "", err
}

// Tag makes the image with a digest, which was pushed before, visible under a tag. A tag never moves: if it names another
// image the error is a [*TagError]. Tagging again does nothing.
func (r Registry) Tag(ctx context.Context, repository, digest, tag string) error {
	have, err := r.Tagged(ctx, repository, tag)
	switch {
	case err != nil:
		return err
	case have == digest:
		return nil
	case have != "":
		return &TagError{Reference: r.Repository(repository) + ":" + tag, Have: have, Want: digest}
	}
	return r.Point(ctx, repository, digest, tag)
}

// Point gives the image with a digest, which was pushed before, a tag, whatever had it until then: one that moves, such
// as that of a ring.
func (r Registry) Point(ctx context.Context, repository, digest, tag string) error {
	image, err := r.image(repository, digest)
	if err != nil {
		return err
	}
	return r.do(ctx, "tag "+digest+" as", repository+":"+tag, func(ctx context.Context) error {
		d, err := remote.Get(image, r.options(ctx)...)
		if err != nil {
			return err
		}
		return remote.Tag(image.Context().Tag(tag), d, r.options(ctx)...)
	})
}

// TagError is a tag that names another image than the release's.
type TagError struct {
	// Reference is the tag with its repository.
	Reference string
	// Have is the digest of the image that the tag names, Want that of the release's.
	Have, Want string
}

func (e *TagError) Error() string {
	return fmt.Sprintf("%s names %s already, and tags never move; this release's image is %s", e.Reference, e.Have, e.Want)
}

// Hint says what may have happened.
func (e *TagError) Hint() string {
	return "find out who pushed it; a version that is taken stays taken, so cut a new one, or publish in another repository"
}
