package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/relctl/relctl/pkg/release"
)

// Repository is a store in one repository of an OCI registry. Files are blobs by their sha256; an OCI manifest that is
// the same for the same release.json names them, so that oras and the like can pull a release.
//
//	<digest>                      a release, unseen: its config is release.json, its layers the files by their titles
//	staging-<plan>                an index that holds the release of a plan while it is staged
//	<channel>_<version>           the same release, visible
//	<channel>_<version>.bundle    its bundle
//	trust, channels               what customers trust, all of it replaced in one step
//
// Signatures are referrers of a release, or stand in the tag sha256-<digest> where the registry knows no referrers. A
// registry has no writing that happens only once: where two builds of one plan that differ are staged in the same moment,
// the ledger decides which is released.
type Repository struct {
	// Root is the registry and the repository, such as "registry.example.com/acme/releases".
	Root string
	// Keychain knows the credentials. Default are those that docker login has left.
	Keychain authn.Keychain
	// Transport reaches the registry, by TLS unless it runs on this machine. Default is the usual one.
	Transport http.RoundTripper
	// Retry is how it bears with failures.
	Retry Retry

	mu     sync.Mutex
	opened *session
	known  shelf
}

// Media types of what a [Repository] holds.
const (
	releaseType   = "application/vnd.relctl.release.v1+json"
	bundleType    = "application/vnd.relctl.bundle.v1"
	trustType     = "application/vnd.relctl.trust.v1+json"
	signatureType = "application/vnd.relctl.signature.v1.sigstore+json"
	titleKey      = "org.opencontainers.image.title"
	createdKey    = "org.opencontainers.image.created"
	versionKey    = "org.opencontainers.image.version"
	channelKey    = "dev.relctl.channel"
	planKey       = "dev.relctl.plan"
)

var repositoryName = regexp.MustCompile(`^[^/@\s]+(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$`)

// ParseRepository returns the store at an address oci://<registry>/<repository>.
func ParseRepository(at string) (*Repository, error) {
	root := strings.TrimPrefix(at, ociScheme)
	if strings.Contains(root, "@") {
		return nil, &AddressError{Address: at, Why: "it is a repository without digest or credentials"}
	}
	if !repositoryName.MatchString(root) {
		return nil, &AddressError{Address: at, Why: "it is no repository of a registry, without a tag"}
	}
	if _, err := name.NewRepository(root, name.StrictValidation); err != nil {
		return nil, &AddressError{Address: at, Why: err.Error()}
	}
	return &Repository{Root: root}, nil
}

// String is the address, as given to [ParseRepository].
func (r *Repository) String() string { return ociScheme + r.Root }

// Location returns the address of a release with its tag.
func (r *Repository) Location(channel string, v release.Version) string {
	return r.String() + ":" + releaseTag(channel, v)
}

func releaseTag(channel string, v release.Version) string { return channel + "_" + v.String() }

func bundleTag(channel string, v release.Version) string { return releaseTag(channel, v) + ".bundle" }

func stagingTag(plan string) string { return "staging-" + short(plan) }

// session is a connection with its credentials.
type session struct {
	repo   name.Repository
	puller *remote.Puller
	pusher *remote.Pusher
}

// registry is the one that the repository belongs to, for single attempts.
func (r *Repository) registry() Registry {
	root, _ := r.split()
	return Registry{Root: root, Keychain: r.Keychain, Transport: r.Transport, Retry: r.Retry}
}

// split parts the repository's last name from what stands before.
func (r *Repository) split() (root, repository string) {
	i := strings.LastIndexByte(r.Root, '/')
	return r.Root[:i], r.Root[i+1:]
}

func (r *Repository) connect() (*session, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.opened != nil {
		return r.opened, nil
	}
	repo, err := name.NewRepository(r.Root, name.StrictValidation)
	if err != nil {
		return nil, &AddressError{Address: r.String(), Why: err.Error()}
	}
	opts := r.registry().options(context.Background())
	s := &session{repo: repo}
	if s.puller, err = remote.NewPuller(opts...); err == nil {
		s.pusher, err = remote.NewPusher(opts...)
	}
	if err != nil {
		return nil, err
	}
	r.opened = s
	return s, nil
}

// forget drops a connection, which may remember that it failed.
func (r *Repository) forget(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.opened == s {
		r.opened = nil
	}
}

// do makes one step, in attempts.
func (r *Repository) do(ctx context.Context, op, what string, f func(ctx context.Context, s *session) error) error {
	return r.Retry.do(ctx, r.String(), op, what, func(ctx context.Context) error {
		s, err := r.connect()
		if err != nil {
			return err
		}
		err = f(ctx, s)
		if err != nil {
			r.forget(s)
		}
		return err
	})
}

// unknown reports whether a manifest or a blob is not there.
func unknown(err error) bool {
	var refused *transport.Error
	return errors.As(err, &refused) && refused.StatusCode == http.StatusNotFound
}

// blob is a file, or bytes, on the way into a registry.
type blob struct {
	digest    v1.Hash
	size      int64
	mediaType string
	open      func() (io.ReadCloser, error)
}

func fileBlob(path string, f release.File) blob {
	return blob{v1.Hash{Algorithm: "sha256", Hex: f.SHA256}, f.Size, f.MediaType, func() (io.ReadCloser, error) { return os.Open(path) }}
}

func bytesBlob(data []byte, mediaType string) blob {
	return blob{v1.Hash{Algorithm: "sha256", Hex: strings.TrimPrefix(release.Digest(data), "sha256:")}, int64(len(data)), mediaType,
		func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
}

// A blob is a v1.Layer.
func (b blob) Digest() (v1.Hash, error)             { return b.digest, nil }
func (b blob) DiffID() (v1.Hash, error)             { return b.digest, nil }
func (b blob) Compressed() (io.ReadCloser, error)   { return b.open() }
func (b blob) Uncompressed() (io.ReadCloser, error) { return b.open() }
func (b blob) Size() (int64, error)                 { return b.size, nil }
func (b blob) MediaType() (types.MediaType, error)  { return types.MediaType(b.mediaType), nil }

func (b blob) descriptor(title string) v1.Descriptor {
	d := v1.Descriptor{MediaType: types.MediaType(b.mediaType), Size: b.size, Digest: b.digest}
	if title != "" {
		d.Annotations = map[string]string{titleKey: title}
	}
	return d
}

// upload sends a blob, unless the registry has it.
func (r *Repository) upload(ctx context.Context, what string, b blob) error {
	return r.do(ctx, "write", what, func(ctx context.Context, s *session) error { return s.pusher.Upload(ctx, s.repo, b) })
}

// document is a manifest or an index as it is stored.
type document struct {
	raw       []byte
	mediaType types.MediaType
}

func (d document) RawManifest() ([]byte, error)        { return d.raw, nil }
func (d document) MediaType() (types.MediaType, error) { return d.mediaType, nil }
func (d document) digest() string                      { return release.Digest(d.raw) }

func encodeDocument(v any, mediaType types.MediaType) (document, error) {
	raw, err := json.Marshal(v)
	return document{raw, mediaType}, err
}

// write puts a document under its digest or a tag.
func (r *Repository) write(ctx context.Context, at string, d document) error {
	return r.do(ctx, "write", at, func(ctx context.Context, s *session) error {
		ref := name.Reference(s.repo.Tag(at))
		if strings.HasPrefix(at, "sha256:") {
			ref = s.repo.Digest(at)
		}
		if err := s.pusher.Put(ctx, ref, d); err != nil {
			return err
		}
		got, err := s.puller.Get(ctx, ref)
		switch {
		case unknown(err):
			return &CorruptError{Name: at, Want: d.digest(), Got: "nothing"}
		case err == nil && got.Digest.String() != d.digest():
			return &CorruptError{Name: at, Want: d.digest(), Got: got.Digest.String()}
		}
		return err
	})
}

// read gets the document with a tag or digest into v, and returns its digest, or "" if there is none. What a tag names is
// fetched by the digest that it has, so that its bytes are checked.
func (r *Repository) read(ctx context.Context, at string, v any) (string, error) {
	var digest string
	err := r.do(ctx, "read", at, func(ctx context.Context, s *session) error {
		digest = at
		if !strings.HasPrefix(at, "sha256:") {
			d, err := s.puller.Head(ctx, s.repo.Tag(at))
			if unknown(err) {
				digest = ""
				return nil
			}
			if err != nil {
				return err
			}
			digest = d.Digest.String()
		}
		d, err := s.puller.Get(ctx, s.repo.Digest(digest))
		switch {
		case unknown(err) && digest == at:
			digest = ""
			return nil
		case unknown(err):
			return &CorruptError{Name: at, Want: "what its tag names, " + digest, Got: "nothing"}
		case err != nil:
			return err
		}
		if err := json.Unmarshal(d.Manifest, v); err != nil {
			return &CorruptError{Name: at, Want: "a manifest", Got: err.Error()}
		}
		return nil
	})
	return digest, err
}

// fetch reads a small blob.
func (r *Repository) fetch(ctx context.Context, what string, d v1.Descriptor, limit int64) ([]byte, error) {
	if d.Size > limit {
		return nil, &RemoteError{Store: r.String(), Op: "read", Name: what, Tries: 1, Err: &CorruptError{Name: what, Want: fmt.Sprintf("at most %d bytes", limit), Got: fmt.Sprint(d.Size)}}
	}
	var data []byte
	err := r.do(ctx, "read", what, func(ctx context.Context, s *session) error {
		body, err := content(ctx, s, d)
		if err != nil {
			return err
		}
		defer func() { _ = body.Close() }()
		data, err = io.ReadAll(check(body, release.File{Path: what, Size: d.Size, SHA256: d.Digest.Hex}))
		return err
	})
	return data, err
}

// content opens a blob.
func content(ctx context.Context, s *session, d v1.Descriptor) (io.ReadCloser, error) {
	layer, err := s.puller.Layer(ctx, s.repo.Digest(d.Digest.String()))
	if err != nil {
		return nil, err
	}
	return layer.Compressed()
}

// stream opens a file; where the connection breaks it goes on.
func (r *Repository) stream(ctx context.Context, what string, d v1.Descriptor) (io.ReadCloser, error) {
	in := &resumed{ctx: ctx, left: r.Retry.attempts(), retry: r.Retry, open: func(ctx context.Context, offset int64) (io.ReadCloser, error) {
		var body io.ReadCloser
		err := r.do(ctx, "read", what, func(_ context.Context, s *session) (err error) {
			if body, err = content(ctx, s, d); err != nil {
				return err
			}
			if _, err = io.CopyN(io.Discard, body, offset); err != nil {
				_ = body.Close()
			}
			return err
		})
		return body, err
	}}
	if err := in.reopen(); err != nil {
		return nil, err
	}
	return check(in, release.File{Path: filepath.ToSlash(what), Size: d.Size, SHA256: d.Digest.Hex}), nil
}
