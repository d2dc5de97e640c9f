package publish

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/relctl/relctl/pkg/release"
)

// describe makes the OCI manifest of a release, which depends on nothing but its release.json.
func describe(m *release.Manifest, raw []byte) (document, error) {
	out := v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: releaseType,
		Config: bytesBlob(raw, releaseType).descriptor(""),
		Annotations: map[string]string{
			channelKey: m.Channel, versionKey: m.Version.String(), createdKey: m.SourceDate.UTC().Format(time.RFC3339),
		},
	}
	for _, f := range m.Files {
		out.Layers = append(out.Layers, fileBlob("", f).descriptor(f.Path))
	}
	return encodeDocument(out, types.OCIManifestSchema1)
}

// Stage implements [Store].
func (r *Repository) Stage(ctx context.Context, s Set) error {
	if done, err := r.check(ctx, s); done || err != nil {
		return err
	}
	if err := checkFiles(s); err != nil {
		return fmt.Errorf("stage in %s: %w", r, err)
	}
	err := each(ctx, s.Manifest.Files, func(ctx context.Context, f release.File) error {
		return r.upload(ctx, f.Path, fileBlob(filepath.Join(s.Dir, filepath.FromSlash(f.Path)), f))
	})
	if err != nil {
		return err
	}
	if err := r.upload(ctx, release.ManifestName, bytesBlob(s.Raw, releaseType)); err != nil {
		return err
	}
	d, err := describe(s.Manifest, s.Raw)
	if err != nil {
		return err
	}
	if err := r.write(ctx, d.digest(), d); err != nil {
		return err
	}
	index, err := stagingIndex(s.Plan, d)
	if err == nil {
		err = r.write(ctx, stagingTag(s.Plan), index)
	}
	if err != nil {
		return err
	}
	return mustHold(ctx, r, r.Retry, func() (bool, error) { return r.check(ctx, s) })
}

// stagingIndex is what the tag of a plan names: the release, or nothing once it is not staged any more. It keeps the
// release from being cleared away, and can itself be removed without the release.
func stagingIndex(plan string, of ...document) (document, error) {
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{}, Annotations: map[string]string{planKey: plan}}
	for _, d := range of {
		digest, err := v1.NewHash(d.digest())
		if err != nil {
			return document{}, err
		}
		index.Manifests = append(index.Manifests, v1.Descriptor{MediaType: d.mediaType, Size: int64(len(d.raw)), Digest: digest, ArtifactType: releaseType})
	}
	return encodeDocument(index, types.OCIImageIndex)
}

// check reports whether s is staged or visible already; its signatures are added to the set that is staged.
func (r *Repository) check(ctx context.Context, s Set) (bool, error) {
	staged, visible, err := holdsSet(ctx, r, s)
	if err != nil || !staged {
		return visible, err
	}
	return true, r.sign(ctx, s)
}

// sign puts those signatures beside a release whose signers have none there.
func (r *Repository) sign(ctx context.Context, s Set) error {
	d, err := describe(s.Manifest, s.Raw)
	if err != nil {
		return err
	}
	have, err := r.signatures(ctx, d.digest())
	if err != nil {
		return err
	}
	digest, err := v1.NewHash(d.digest())
	if err != nil {
		return err
	}
	for name, data := range s.Signatures {
		if have[name] != nil {
			continue
		}
		err := r.do(ctx, "write", name, func(ctx context.Context, ses *session) error {
			about := Referrer{MediaType: signatureType, Data: data, Annotations: map[string]string{titleKey: name}}
			return r.registry().attach(ctx, ses.repo, v1.Descriptor{MediaType: d.mediaType, Size: int64(len(d.raw)), Digest: digest}, about, nil)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// signatures returns those beside the release with a digest, by file name. Of two of one name the first counts.
func (r *Repository) signatures(ctx context.Context, digest string) (map[string][]byte, error) {
	var listed []v1.Descriptor
	err := r.do(ctx, "list", "signatures", func(ctx context.Context, s *session) (err error) {
		listed, err = r.registry().referrers(ctx, s.repo.Digest(digest))
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(listed, func(a, b v1.Descriptor) int { return strings.Compare(a.Digest.String(), b.Digest.String()) })
	out := map[string][]byte{}
	for _, d := range listed {
		if !d.MediaType.IsImage() {
			continue
		}
		var m v1.Manifest
		if got, err := r.read(ctx, d.Digest.String(), &m); err != nil || got == "" {
			if err != nil {
				return nil, err
			}
			continue
		}
		name := m.Annotations[titleKey]
		if m.ArtifactType != signatureType || len(m.Layers) != 1 || out[name] != nil || !signatureName(name) {
			continue
		}
		if out[name], err = r.fetch(ctx, name, m.Layers[0], maxSignature); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// signatureName reports whether a name is that of a signature's file.
func signatureName(name string) bool {
	id, ok := strings.CutPrefix(name, release.ManifestName+".")
	id, suffix := strings.CutSuffix(id, ".sigstore.json")
	return ok && suffix && id != "" && !strings.ContainsAny(id, `/\`)
}

// at reads the release with a digest or tag: the digest of its OCI manifest, and release.json, which is nil if there is no
// such release.
func (r *Repository) at(ctx context.Context, ref string) (digest string, raw []byte, err error) {
	var m v1.Manifest
	digest, err = r.read(ctx, ref, &m)
	if err != nil || digest == "" {
		return "", nil, err
	}
	if m.Config.MediaType != releaseType {
		return "", nil, &RemoteError{Store: r.String(), Op: "read", Name: ref, Tries: 1, Err: &CorruptError{Name: ref, Want: releaseType, Got: string(m.Config.MediaType)}}
	}
	raw, err = r.fetch(ctx, release.ManifestName, m.Config, release.MaxManifestBytes)
	return digest, raw, err
}

// Staged implements [Store].
func (r *Repository) Staged(ctx context.Context, plan string) (*Staged, error) {
	var index v1.IndexManifest
	if found, err := r.read(ctx, stagingTag(plan), &index); err != nil || found == "" || len(index.Manifests) == 0 {
		return nil, err
	}
	digest, raw, err := r.at(ctx, index.Manifests[0].Digest.String())
	if err != nil || raw == nil {
		return nil, err
	}
	m, err := release.DecodeManifest(raw)
	if err != nil {
		return nil, fmt.Errorf("%s:%s: %w", r, stagingTag(plan), err)
	}
	r.known.put(plan, m)
	signatures, err := r.signatures(ctx, digest)
	return &Staged{Manifest: m, Raw: raw, Signatures: signatures}, err
}

// Open implements [Store].
func (r *Repository) Open(ctx context.Context, plan, path string) (io.ReadCloser, error) {
	m := r.known.get(plan)
	if m == nil {
		staged, err := r.Staged(ctx, plan)
		if err != nil {
			return nil, err
		}
		if staged != nil {
			m = staged.Manifest
		}
	}
	if m != nil {
		if f, ok := find(m, path); ok {
			return r.stream(ctx, path, fileBlob("", f).descriptor(""))
		}
	}
	return nil, &fs.PathError{Op: "open", Path: r.String() + ": " + path, Err: fs.ErrNotExist}
}

// Reveal implements [Store].
func (r *Repository) Reveal(ctx context.Context, plan string, m *release.Manifest, bundle string) error {
	return reveal(ctx, r, r.Retry, plan, m, func(staged *Staged) error { return r.show(ctx, staged, bundle) })
}

func (r *Repository) show(ctx context.Context, staged *Staged, bundle string) error {
	m := staged.Manifest
	d, err := describe(m, staged.Raw)
	if err != nil {
		return err
	}
	tag := releaseTag(m.Channel, m.Version)
	var there v1.Manifest
	switch have, err := r.read(ctx, tag, &there); {
	case err != nil:
		return err
	case have != "" && have != d.digest():
		return &TagError{Reference: r.Root + ":" + tag, Have: have, Want: d.digest()}
	}
	if bundle != "" {
		if err := r.sendBundle(ctx, m.Channel, m.Version, bundle); err != nil {
			return err
		}
	}
	return r.write(ctx, tag, d)
}

// sendBundle puts a bundle under its tag, which moves.
func (r *Repository) sendBundle(ctx context.Context, channel string, v release.Version, file string) error {
	size, digest, err := sum(file)
	if err != nil {
		return err
	}
	title := filepath.Base(file)
	b := fileBlob(file, release.File{MediaType: bundleType, Size: size, SHA256: digest})
	return r.single(ctx, bundleTag(channel, v), bundleType, map[string]blob{title: b}, map[string]string{channelKey: channel, versionKey: v.String()})
}

// single uploads files and puts an artifact of them under a tag.
func (r *Repository) single(ctx context.Context, tag, artifactType string, files map[string]blob, annotations map[string]string) error {
	empty := bytesBlob([]byte("{}"), string(emptyType))
	m := v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: artifactType, Config: empty.descriptor(""), Annotations: annotations}
	if err := r.upload(ctx, "a configuration", empty); err != nil {
		return err
	}
	for title, b := range files {
		if b.open != nil { // else it is there
			if err := r.upload(ctx, title, b); err != nil {
				return err
			}
		}
		m.Layers = append(m.Layers, b.descriptor(title))
	}
	slices.SortFunc(m.Layers, func(a, b v1.Descriptor) int { return strings.Compare(a.Annotations[titleKey], b.Annotations[titleKey]) })
	d, err := encodeDocument(m, types.OCIManifestSchema1)
	if err != nil {
		return err
	}
	return r.write(ctx, tag, d)
}

// Discard implements [Store]. The tag of the plan stays, and names nothing: few registries can remove a tag alone.
func (r *Repository) Discard(ctx context.Context, plan string) error {
	r.known.drop(plan)
	var index v1.IndexManifest
	if digest, err := r.read(ctx, stagingTag(plan), &index); err != nil || digest == "" || len(index.Manifests) == 0 {
		return err
	}
	nothing, err := stagingIndex(plan)
	if err != nil {
		return err
	}
	return r.write(ctx, stagingTag(plan), nothing)
}

// Released implements [Store].
func (r *Repository) Released(ctx context.Context, channel string, v release.Version) ([]byte, error) {
	_, raw, err := r.at(ctx, releaseTag(channel, v))
	return raw, err
}

// OpenReleased implements [Store].
func (r *Repository) OpenReleased(ctx context.Context, channel string, v release.Version, path string) (io.ReadCloser, error) {
	tag := releaseTag(channel, v)
	m := r.known.get(tag)
	if m == nil {
		raw, err := r.Released(ctx, channel, v)
		if err != nil {
			return nil, err
		}
		if raw != nil {
			if m, err = release.DecodeManifest(raw); err != nil {
				return nil, fmt.Errorf("%s: %w", r.Location(channel, v), err)
			}
			r.known.put(tag, m)
		}
	}
	if m != nil {
		if f, ok := find(m, path); ok {
			return r.stream(ctx, path, fileBlob("", f).descriptor(""))
		}
		var beside v1.Manifest
		if _, err := r.read(ctx, bundleTag(channel, v), &beside); err != nil {
			return nil, err
		}
		for _, l := range beside.Layers {
			if l.Annotations[titleKey] == path {
				return r.stream(ctx, path, l)
			}
		}
	}
	return nil, &fs.PathError{Op: "open", Path: r.Location(channel, v) + ": " + path, Err: fs.ErrNotExist}
}

// Signatures implements [Store].
func (r *Repository) Signatures(ctx context.Context, channel string, v release.Version) (map[string][]byte, error) {
	var m v1.Manifest
	digest, err := r.read(ctx, releaseTag(channel, v), &m)
	if err != nil || digest == "" {
		return map[string][]byte{}, err
	}
	return r.signatures(ctx, digest)
}

// Put implements [Store]. Files of one folder are replaced in one step, with those that were there and are not given.
func (r *Repository) Put(ctx context.Context, files []Named) error {
	var tags []string
	for _, f := range files {
		if tag := folder(f.Name); !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	for _, tag := range tags {
		if err := r.putFolder(ctx, tag, files); err != nil {
			return err
		}
	}
	return nil
}

// folder is the tag under which a file is kept: the first part of its name.
func folder(name string) string {
	tag, _, _ := strings.Cut(name, "/")
	return tag
}

func (r *Repository) putFolder(ctx context.Context, tag string, files []Named) error {
	var old v1.Manifest
	if _, err := r.read(ctx, tag, &old); err != nil {
		return err
	}
	all := map[string]blob{}
	for _, l := range old.Layers {
		all[l.Annotations[titleKey]] = blob{digest: l.Digest, size: l.Size, mediaType: string(l.MediaType)}
	}
	changed := false
	for _, f := range files {
		b := bytesBlob(f.Data, release.MediaTypeJSON)
		if folder(f.Name) == tag && all[f.Name].digest != b.digest {
			all[f.Name], changed = b, true
		}
	}
	if !changed {
		return nil
	}
	return r.single(ctx, tag, trustType, all, nil)
}

// Get implements [Store].
func (r *Repository) Get(ctx context.Context, name string) ([]byte, error) {
	var m v1.Manifest
	if _, err := r.read(ctx, folder(name), &m); err != nil {
		return nil, err
	}
	for _, l := range m.Layers {
		if l.Annotations[titleKey] == name {
			return r.fetch(ctx, name, l, release.MaxMetadataBytes)
		}
	}
	return nil, nil
}

// PutBundle implements [Store].
func (r *Repository) PutBundle(ctx context.Context, channel string, v release.Version, file string) error {
	raw, err := r.Released(ctx, channel, v)
	if err != nil {
		return err
	}
	if raw == nil {
		return fmt.Errorf("%s holds no release %s %s to put a bundle beside", r, channel, v)
	}
	return r.sendBundle(ctx, channel, v, file)
}
