// Package carry brings a released version from a bundle into a store: its files, its signatures, the bundle, and the
// trust that travels in it. It verifies nothing; whoever calls it has.
package carry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/relctl/relctl/internal/disk"
	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/image"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
)

// Release is what a bundle holds.
type Release struct {
	// Set has the files and signatures, laid out in a folder.
	Set publish.Set
	// Trust is what stands below trust/ and channels/ of a store, the timestamp last.
	Trust []publish.Named
	// Bundle is the path of the file itself.
	Bundle string
}

// Open lays the files of a bundle out in an empty folder.
func Open(path, dir string) (r *Release, err error) {
	a, end, err := bundle.OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, end()) }()
	raw, err := a.ReadFile(release.ManifestName, release.MaxManifestBytes)
	if err != nil {
		return nil, err
	}
	m, err := release.DecodeManifest(raw)
	if err != nil {
		return nil, err
	}
	r = &Release{Bundle: path, Set: publish.Set{Plan: m.Plan, Manifest: m, Raw: raw, Dir: dir, Signatures: map[string][]byte{}}}
	for _, e := range a.Entries() {
		switch {
		case bundle.IsSignature(e.Name):
			if r.Set.Signatures[e.Name], err = a.ReadFile(e.Name, e.Size); err != nil {
				return nil, err
			}
		case !bundle.IsEnvelope(e.Name):
			if err := write(filepath.Join(dir, filepath.FromSlash(e.Name)), a.Open(e)); err != nil {
				return nil, err
			}
		}
	}
	r.Trust, err = carried(a)
	return r, err
}

// write makes a file of a bundle; the bundle's reader admits plain names only.
func write(path string, in io.Reader) error {
	if err := disk.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	out, err := disk.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

const timestamp = release.TrustDir + release.RoleTimestamp + ".json"

// carried is the trust in a bundle by its names in a store, in the order in which it is to be published.
func carried(a *bundle.Archive) ([]publish.Named, error) {
	files, err := a.TrustFiles()
	if err != nil {
		return nil, err
	}
	var out []publish.Named
	for name, data := range files {
		if !strings.HasPrefix(name, release.StandingDir) {
			name = release.TrustDir + name
		}
		out = append(out, publish.Named{Name: name, Data: data})
	}
	slices.SortFunc(out, func(a, b publish.Named) int {
		switch {
		case a.Name == timestamp:
			return 1
		case b.Name == timestamp:
			return -1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out, nil
}

// Publish brings the release into a store and shows it. Trust is replaced unless the store's is newer: an old bundle takes
// nothing back.
func (r *Release) Publish(ctx context.Context, to publish.Store) error {
	if err := to.Stage(ctx, r.Set); err != nil {
		return err
	}
	if err := to.Reveal(ctx, r.Set.Plan, r.Set.Manifest, r.Bundle); err != nil {
		return err
	}
	return r.publishTrust(ctx, to)
}

func (r *Release) publishTrust(ctx context.Context, to publish.Store) error {
	if len(r.Trust) == 0 {
		return nil
	}
	have, err := to.Get(ctx, timestamp)
	if err != nil {
		return err
	}
	theirs, err := number(have)
	if err != nil {
		return fmt.Errorf("%s of %s: %w", timestamp, to, err)
	}
	ours, err := number(r.Trust[len(r.Trust)-1].Data)
	if err != nil || ours <= theirs {
		return err
	}
	return to.Put(ctx, r.Trust)
}

// number is the version of TUF metadata, 0 for none.
func number(data []byte) (uint64, error) {
	if len(data) == 0 {
		return 0, nil
	}
	var m struct {
		Signed struct {
			Version uint64 `json:"version"`
		} `json:"signed"`
	}
	err := json.Unmarshal(data, &m)
	return m.Signed.Version, err
}

// PushImages brings the container images of the release into a registry, under their repositories, by digest first and
// then by a tag, and returns their references.
func (r *Release) PushImages(ctx context.Context, to publish.Registry) ([]string, error) {
	var out []string
	for _, img := range r.Set.Manifest.Images {
		ref, err := r.pushImage(ctx, to, img)
		if err != nil {
			return out, err
		}
		out = append(out, ref)
	}
	return out, nil
}

func (r *Release) pushImage(ctx context.Context, to publish.Registry, img release.Image) (ref string, err error) {
	layout, err := image.Open(filepath.Join(r.Set.Dir, filepath.FromSlash(img.File)))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, layout.Close()) }()
	digest, err := layout.Digest()
	if err != nil {
		return "", err
	}
	if digest.String() != img.Digest {
		return "", fmt.Errorf("%s holds the image %s, release.json says %s", img.File, digest, img.Digest)
	}
	if err := to.Push(ctx, img.Repository, layout); err != nil {
		return "", err
	}
	tag := r.Set.Manifest.Version.String()
	if err := to.Tag(ctx, img.Repository, img.Digest, tag); err != nil {
		return "", err
	}
	return to.Repository(img.Repository) + ":" + tag + "@" + img.Digest, nil
}
