package deploy

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// The media types of Flux's artifacts, see https://fluxcd.io/flux/cheatsheets/oci-artifacts/.
const (
	FluxConfigType  types.MediaType = "application/vnd.cncf.flux.config.v1+json"
	FluxContentType types.MediaType = "application/vnd.cncf.flux.content.v1.tar+gzip"
)

// Artifact returns what the cells of a ring hold on the deploy branch as an artifact for Flux: one layer with the files
// under their paths on the branch. Equal files give the same digest. It is nil if there are no cells, or not all hold the
// same release. files may be nil.
func Artifact(files fs.FS, ring string) (v1.Image, error) {
	if files == nil {
		return nil, nil //nolint:nilnil // nothing was ever deployed
	}
	cells, err := fs.ReadDir(files, renderedRing(ring))
	if len(cells) == 0 || errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // nothing was ever deployed there
	}
	if err != nil {
		return nil, fmt.Errorf("deploy: %w", err)
	}
	var first *Deployed
	held := map[string][]byte{}
	for _, cell := range cells {
		d, err := ReadDeployed(files, ring, cell.Name())
		if err != nil {
			return nil, err
		}
		if first == nil {
			first = d
		}
		if d == nil || d.Release != first.Release {
			return nil, nil //nolint:nilnil // it is about to change
		}
		for _, name := range []string{manifestsName, stateName} {
			full := path.Join(renderedDir(ring, cell.Name()), name)
			if held[full], err = readFile(files, full, maxTotal); err != nil {
				return nil, err
			}
		}
	}
	image, err := fluxImage(held)
	if err != nil {
		return nil, fmt.Errorf("deploy: artifact of ring %s: %w", ring, err)
	}
	annotated, _ := mutate.Annotations(image, map[string]string{
		"org.opencontainers.image.title":    first.Product + ", ring " + ring,
		"org.opencontainers.image.version":  first.Version.String(),
		"org.opencontainers.image.revision": first.Commit,
		"dev.relctl.release":                first.Release,
	}).(v1.Image)
	return annotated, nil
}

// fluxImage is an artifact of files by name.
func fluxImage(files map[string][]byte) (v1.Image, error) {
	content, err := pack(files)
	if err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	layer, err := tarball.LayerFromOpener(open, tarball.WithMediaType(FluxContentType))
	if err != nil {
		return nil, err
	}
	return mutate.AppendLayers(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), FluxConfigType), layer)
}

// pack archives files by name, without times and owners.
func pack(files map[string][]byte) ([]byte, error) {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	archive := tar.NewWriter(zip)
	for _, name := range sortedKeys(files) {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(files[name])), Format: tar.FormatUSTAR}
		if err := archive.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := archive.Write(files[name]); err != nil {
			return nil, err
		}
	}
	err := errors.Join(archive.Close(), zip.Close())
	return out.Bytes(), err
}
