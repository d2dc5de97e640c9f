package image

import (
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/relctl/relctl/internal/disk"
	"github.com/relctl/relctl/pkg/release"
)

// Request says what to build, and where.
type Request struct {
	Spec     Spec
	Version  release.Version
	Revision string
	// SourceDate is the commit's committer date, the time of everything in the image.
	SourceDate time.Time
	// Binaries of the build, all of them: those of other names and other systems than Linux are passed over.
	Binaries []Binary
	// Source is the tree of the commit, where Spec.Files and bases "oci:…" lie. It may be nil if there are none.
	Source fs.FS
	// Out is the folder of the release that gets images/<name>.oci.tar.
	Out string
	// Transport and Keychain reach the registry of the base. Nil are the usual transport, and the credentials that
	// docker login has left.
	Transport http.RoundTripper
	Keychain  authn.Keychain
}

// Binary is a program for one platform.
type Binary struct {
	// Name without platform and extension, as in [Spec.Binaries].
	Name string
	// Platform such as "linux/arm64".
	Platform string
	// Path of the file, and its SHA-256 in hex, "" if it was not written down.
	Path, SHA256 string
}

// Image is an image on disk.
type Image struct {
	Name string `json:"name"`
	// Digest of the index, "sha256:…": the image's name in registries and deployments.
	Digest string `json:"digest"`
	// Platforms, sorted.
	Platforms []Platform `json:"platforms"`
	// File is the layout, ready for the release: "images/<name>.oci.tar".
	File release.File `json:"file"`
}

// Path returns where a release holds the image of a name.
func Path(name string) string { return "images/" + name + ".oci.tar" }

// Platform is the image for one platform.
type Platform struct {
	// Name such as "linux/arm64".
	Name string `json:"name"`
	// Digest of its manifest.
	Digest string `json:"digest"`
}

// Build writes the layout of one image to Out/images/<name>.oci.tar, which must not exist. After an error nothing is
// left there.
func Build(ctx context.Context, req Request) (*Image, error) {
	img, err := build(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("image %s: %w", req.Spec.Name, err)
	}
	return img, nil
}

func build(ctx context.Context, req Request) (*Image, error) {
	if err := req.Spec.check(); err != nil {
		return nil, err
	}
	if len(req.Spec.Binaries) == 0 {
		req.Spec.Binaries = []string{req.Spec.Name}
	}
	programs, err := req.programs()
	if err != nil {
		return nil, err
	}
	from, err := openBase(ctx, req)
	if err != nil {
		return nil, err
	}
	tmp, err := disk.MkdirTemp("", "relctl-image-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = disk.RemoveAll(tmp) }()
	w := &writer{dir: tmp, files: map[string]int64{}}
	img, err := req.write(ctx, w, from, programs)
	if err != nil {
		return nil, err
	}
	img.File, err = w.pack(req.Out, Path(req.Spec.Name))
	return img, err
}

// programs returns, by platform, the binaries that become images: all that the image asks for, on each platform that
// one of them was built for.
func (req Request) programs() (map[string][]Binary, error) {
	out := map[string][]Binary{}
	missing := &BinaryError{}
	for _, b := range req.Binaries {
		missing.Have = append(missing.Have, b.Name+" ("+b.Platform+")")
		if slices.Contains(req.Spec.Binaries, b.Name) && strings.HasPrefix(b.Platform, "linux/") {
			out[b.Platform] = append(out[b.Platform], b)
		}
	}
	if len(out) == 0 {
		missing.Binary, missing.Platform = req.Spec.Binaries[0], "Linux"
		return nil, missing
	}
	for _, platform := range sorted(out) {
		for _, name := range req.Spec.Binaries {
			if !slices.ContainsFunc(out[platform], func(b Binary) bool { return b.Name == name }) {
				missing.Binary, missing.Platform = name, platform
				return nil, missing
			}
		}
	}
	return out, nil
}

// BinaryError is a program that the build did not make.
type BinaryError struct {
	// Binary is missing for Platform, or for every one of "Linux".
	Binary, Platform string
	// Have are the programs that there are, with their platforms.
	Have []string
}

func (e *BinaryError) Error() string {
	have := "none"
	if len(e.Have) > 0 {
		have = strings.Join(e.Have, ", ")
	}
	return fmt.Sprintf("no program %s for %s was built; there are: %s", e.Binary, e.Platform, have)
}

// write fills the layout.
func (req Request) write(ctx context.Context, w *writer, from *source, programs map[string][]Binary) (*Image, error) {
	out := &Image{Name: req.Spec.Name}
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Annotations: req.labels(from)}
	for _, platform := range sorted(programs) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		d, err := req.platform(w, from, platform, programs[platform])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", platform, err)
		}
		index.Manifests = append(index.Manifests, d)
		out.Platforms = append(out.Platforms, Platform{Name: platform, Digest: d.Digest.String()})
	}
	d, err := w.document(types.OCIImageIndex, index)
	if err != nil {
		return nil, err
	}
	out.Digest = d.Digest.String()
	d.Annotations = map[string]string{"org.opencontainers.image.ref.name": req.Version.String()}
	data, err := json.Marshal(v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{d}})
	if err != nil {
		return nil, err
	}
	return out, errors.Join(w.write("index.json", data), w.write("oci-layout", []byte(header)))
}

// platform writes the image for one platform.
func (req Request) platform(w *writer, from *source, name string, programs []Binary) (v1.Descriptor, error) {
	platform, err := v1.ParsePlatform(name)
	if err != nil {
		return v1.Descriptor{}, err
	}
	below, err := from.copy(w, *platform)
	if err != nil {
		return v1.Descriptor{}, err
	}
	files, err := req.files(programs, from == nil)
	if err != nil {
		return v1.Descriptor{}, err
	}
	own, diff, err := w.layer(files, from == nil, req.date())
	if err != nil {
		return v1.Descriptor{}, err
	}
	below.config.RootFS.DiffIDs = append(below.config.RootFS.DiffIDs, diff)
	below.config.History = append(below.config.History, v1.History{Created: v1.Time{Time: req.date()}, CreatedBy: "relctl", Comment: req.Spec.Name + " " + req.Version.String()})
	req.configure(&below.config, *platform, from)
	config, err := w.document(types.OCIConfigJSON, below.config)
	if err != nil {
		return v1.Descriptor{}, err
	}
	d, err := w.document(types.OCIManifestSchema1, v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: config, Layers: append(below.layers, own), Annotations: req.labels(from),
	})
	d.Platform = platform
	return d, err
}

// date is the source date as images write it, in seconds and in UTC.
func (req Request) date() time.Time { return req.SourceDate.UTC().Truncate(time.Second) }

// labels are what every image says about itself.
func (req Request) labels(from *source) map[string]string {
	out := map[string]string{
		title:                               req.Spec.Name,
		"org.opencontainers.image.created":  req.date().Format(time.RFC3339),
		"org.opencontainers.image.revision": req.Revision,
		"org.opencontainers.image.version":  req.Version.String(),
	}
	if from != nil {
		out["org.opencontainers.image.base.digest"] = from.base.digest
		if !from.base.layout {
			out["org.opencontainers.image.base.name"], _, _ = strings.Cut(from.base.ref, "@")
		}
	}
	return out
}

// configure puts the product's settings over those of the base.
func (req Request) configure(f *v1.ConfigFile, p v1.Platform, from *source) {
	s := req.Spec
	f.Created, f.Author, f.Container, f.DockerVersion = v1.Time{Time: req.date()}, "", "", "" //nolint:staticcheck // old bases have them
	f.OS, f.Architecture, f.Variant, f.RootFS.Type = p.OS, p.Architecture, p.Variant, "layers"
	c := &f.Config
	c.Hostname, c.Image, c.Cmd, c.Entrypoint = "", "", s.Cmd, s.Entrypoint
	if len(c.Entrypoint) == 0 {
		c.Entrypoint = []string{"/" + program(s.Binaries[0])}
	}
	switch {
	case s.User != "":
		c.User = s.User
	case c.User == "":
		c.User = DefaultUser
	}
	c.Env = merge(c.Env, s.Env)
	ports := map[string]struct{}{}
	for _, p := range s.Ports {
		ports[p] = struct{}{}
	}
	c.ExposedPorts = ports
	labels := map[string]string{}
	for k, v := range c.Labels {
		if !strings.HasPrefix(k, "org.opencontainers.image.") { // those tell about the base
			labels[k] = v
		}
	}
	for _, more := range []map[string]string{req.labels(from), s.Labels} {
		for k, v := range more {
			labels[k] = v
		}
	}
	c.Labels = labels
}

// merge returns env with the variables of over in their place, or at the end in their order.
func merge(env, over []string) []string {
	out := slices.Clone(env)
	for _, e := range over {
		name, _, _ := strings.Cut(e, "=")
		at := slices.IndexFunc(out, func(o string) bool { return strings.HasPrefix(o, name+"=") })
		if at < 0 {
			out = append(out, e)
		} else {
			out[at] = e
		}
	}
	return out
}

// program is the path of the program in the image.
func program(name string) string { return "usr/local/bin/" + name }

// files returns the image's own layer for one platform.
func (req Request) files(programs []Binary, scratch bool) (tree, error) {
	t := tree{}
	for _, b := range programs {
		if err := b.check(scratch); err != nil {
			return nil, err
		}
		info, err := os.Stat(b.Path)
		if err != nil {
			return nil, err
		}
		if err := t.add(entry{name: program(b.Name), mode: 0o755, size: info.Size(), open: b.open}); err != nil {
			return nil, err
		}
	}
	for _, f := range req.Spec.Files {
		if req.Source == nil {
			return nil, fmt.Errorf("file %s: there is no source to take it from", f.From)
		}
		if err := t.addFile(req.Source, f); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// check refuses programs that cannot run.
func (b Binary) check(scratch bool) error {
	f, err := elf.Open(b.Path)
	if err != nil {
		return fmt.Errorf("%s is no program for Linux: %w", b.Name, err)
	}
	defer func() { _ = f.Close() }()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP && scratch {
			return &DynamicError{Binary: b.Name}
		}
	}
	return nil
}

// DynamicError is a program that needs libraries which the image would not have.
type DynamicError struct{ Binary string }

func (e *DynamicError) Error() string {
	return e.Binary + " is linked dynamically and cannot run on the base " + Scratch
}

// Hint says how to get it running.
func (e *DynamicError) Hint() string {
	return "build it with CGO_ENABLED=0, or name a base that has its libraries"
}

// open reads the program and, at its end, checks that it is the one that was built.
func (b Binary) open() (io.ReadCloser, error) {
	f, err := os.Open(b.Path)
	if err != nil || b.SHA256 == "" {
		return f, err
	}
	return &checked{file: f, sum: sha256.New(), want: b.SHA256}, nil
}

// checked is a file whose end is an error if its content is not what is wanted.
type checked struct {
	file *os.File
	sum  hash.Hash
	want string
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.file.Read(p)
	_, _ = c.sum.Write(p[:n])
	if errors.Is(err, io.EOF) && hex.EncodeToString(c.sum.Sum(nil)) != c.want {
		err = errors.New("the program changed since it was built")
	}
	return n, err
}

func (c *checked) Close() error { return c.file.Close() }
