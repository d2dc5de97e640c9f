package image_test

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/relctl/relctl/pkg/image"
	"github.com/relctl/relctl/pkg/release"
)

var date = time.Date(2026, 5, 3, 10, 11, 12, 345, time.FixedZone("CEST", 2*3600))

// executable is what of a program for Linux is looked at. It needs libraries if it is dynamic.
func executable(content string, dynamic bool) []byte {
	h := elf.Header64{Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: 1, Ehsize: 64, Phentsize: 56, Phoff: 64}
	copy(h.Ident[:], elf.ELFMAG+string([]byte{byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), 1}))
	if dynamic {
		h.Phnum = 1
	}
	var out bytes.Buffer
	_ = binary.Write(&out, binary.LittleEndian, h) // a buffer takes everything
	if dynamic {
		_ = binary.Write(&out, binary.LittleEndian, elf.Prog64{Type: uint32(elf.PT_INTERP)})
	}
	out.WriteString(content)
	return out.Bytes()
}

func program(t testing.TB, content string, dynamic bool) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, executable(content, dynamic), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// request asks for the image of a product with one program on two platforms.
func request(t testing.TB) image.Request {
	t.Helper()
	return image.Request{
		Spec: image.Spec{Name: "acmed"}, Version: release.MustVersion("2.4.7"), Revision: strings.Repeat("a", 40), SourceDate: date,
		Binaries: []image.Binary{
			{Name: "acmed", Platform: "linux/arm64", Path: program(t, "arm64", false)},
			{Name: "acmed", Platform: "linux/amd64", Path: program(t, "amd64", false)},
			{Name: "acmed", Platform: "darwin/arm64", Path: "never read"},
			{Name: "acmectl", Platform: "linux/amd64", Path: "never read"},
		},
		Out: t.TempDir(),
	}
}

func build(t testing.TB, req image.Request) (*image.Image, *image.Layout) {
	t.Helper()
	img, err := image.Build(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	l, err := image.Open(filepath.Join(req.Out, filepath.FromSlash(img.File.Path)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return img, l
}

// platform returns the image of a platform.
func platform(t testing.TB, l *image.Layout, name string) v1.Image {
	t.Helper()
	for _, p := range l.Platforms() {
		if p.Name == name {
			h, err := v1.NewHash(p.Digest)
			if err != nil {
				t.Fatal(err)
			}
			img, err := l.Image(h)
			if err != nil {
				t.Fatal(err)
			}
			return img
		}
	}
	t.Fatalf("no image for %s", name)
	return nil
}

func config(t testing.TB, img v1.Image) *v1.ConfigFile {
	t.Helper()
	f, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// entries lists the last layer of an image: type, mode, owner, time, size and name.
func entries(t testing.TB, img v1.Image) []string {
	t.Helper()
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	r, err := layers[len(layers)-1].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	var out []string
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%c %o %d:%d %s %d %s", h.Typeflag, h.Mode, h.Uid, h.Gid, h.ModTime.UTC().Format(time.RFC3339), h.Size, h.Name))
	}
}

func TestImageHoldsTheProgramsAndNothingOfTheMachine(t *testing.T) {
	t.Parallel()
	req := request(t)
	req.Source = fstest.MapFS{
		"deploy/ca.pem":      {Data: []byte("ca"), Mode: 0o600},
		"deploy/hooks/up":    {Data: []byte("up"), Mode: 0o700},
		"deploy/hooks/notes": {Data: []byte("n"), Mode: 0o644},
	}
	req.Spec.Files = []image.File{{From: "deploy/ca.pem", To: "/etc/ssl/certs/ca.pem"}, {From: "deploy/hooks", To: "/usr/local/lib/hooks"}}
	img, l := build(t, req)
	if got := img.Platforms; len(got) != 2 || got[0].Name != "linux/amd64" || got[1].Name != "linux/arm64" {
		t.Errorf("platforms %v", got)
	}
	at := " 0:0 2026-05-03T08:11:12Z "
	want := []string{
		"5 755" + at + "0 etc/", "5 755" + at + "0 etc/ssl/", "5 755" + at + "0 etc/ssl/certs/", "5 755" + at + "0 usr/", "5 755" + at + "0 usr/local/",
		"5 755" + at + "0 usr/local/bin/", "5 755" + at + "0 usr/local/lib/", "5 755" + at + "0 usr/local/lib/hooks/",
		"0 644" + at + "2 etc/ssl/certs/ca.pem", "0 755" + at + "69 usr/local/bin/acmed",
		"0 644" + at + "1 usr/local/lib/hooks/notes", "0 755" + at + "2 usr/local/lib/hooks/up",
	}
	amd64 := platform(t, l, "linux/amd64")
	if diff := cmp.Diff(want, entries(t, amd64)); diff != "" {
		t.Errorf("layer (-want +got):\n%s", diff)
	}
	f := config(t, amd64)
	labels := map[string]string{
		"org.opencontainers.image.title": "acmed", "org.opencontainers.image.version": "2.4.7",
		"org.opencontainers.image.revision": req.Revision, "org.opencontainers.image.created": "2026-05-03T08:11:12Z",
	}
	wantConfig := v1.Config{User: image.DefaultUser, Entrypoint: []string{"/usr/local/bin/acmed"}, Labels: labels}
	if diff := cmp.Diff(wantConfig, f.Config); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	if f.OS != "linux" || f.Architecture != "amd64" || !f.Created.Equal(date.Truncate(time.Second)) {
		t.Errorf("configuration %s/%s of %s", f.OS, f.Architecture, f.Created)
	}
	m, err := l.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(labels, m.Annotations); diff != "" {
		t.Errorf("annotations of the index (-want +got):\n%s", diff)
	}
}

// TestOtherToolsReadTheLayout holds the file against tar and the library's own reader of layouts.
func TestOtherToolsReadTheLayout(t *testing.T) {
	t.Parallel()
	req := request(t)
	img, _ := build(t, req)
	file, dir := filepath.Join(req.Out, "images", "acmed.oci.tar"), t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "tar", "-xf", file, "-C", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p, err := layout.FromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	outer, err := p.ImageIndex()
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(outer); err != nil {
		t.Error(err)
	}
	m, err := outer.IndexManifest()
	if err != nil || len(m.Manifests) != 1 || m.Manifests[0].Digest.String() != img.Digest {
		t.Errorf("index.json is %+v, %v; want %s", m, err, img.Digest)
	}
	data, err := os.ReadFile(file)
	if err != nil || img.File != (release.File{Path: "images/acmed.oci.tar", MediaType: image.MediaType, Mode: "0644", Size: int64(len(data)), SHA256: strings.TrimPrefix(release.Digest(data), "sha256:")}) {
		t.Errorf("described as %+v, %v", img.File, err)
	}
	if err := release.CheckPath(img.File.Path); err != nil {
		t.Error(err)
	}
}

func TestEqualInputsGiveEqualBytesAndOthersDoNot(t *testing.T) {
	t.Parallel()
	digest := func(change func(*image.Request)) string {
		req := request(t)
		req.Source = fstest.MapFS{"a": {Data: []byte("a")}, "b": {Data: []byte("b")}}
		req.Spec.Files = []image.File{{From: "a", To: "/a"}, {From: "b", To: "/b"}}
		req.Spec.Labels = map[string]string{"a": "1", "b": "2", "c": "3"}
		change(&req)
		img, _ := build(t, req)
		return img.File.SHA256
	}
	want := digest(func(*image.Request) {})
	same := digest(func(r *image.Request) {
		slices.Reverse(r.Binaries)
		slices.Reverse(r.Spec.Files)
		r.SourceDate = r.SourceDate.In(time.UTC).Truncate(time.Second)
		for _, b := range r.Binaries {
			_ = os.Chmod(b.Path, 0o755)
			_ = os.Chtimes(b.Path, time.Unix(1, 0), time.Unix(1, 0))
		}
	})
	if same != want {
		t.Error("order, modes and times of the machine change the image")
	}
	for what, change := range map[string]func(*image.Request){
		"program":  func(r *image.Request) { r.Binaries[0].Path = program(t, "other", false) },
		"version":  func(r *image.Request) { r.Version = release.MustVersion("2.4.8") },
		"date":     func(r *image.Request) { r.SourceDate = r.SourceDate.Add(time.Second) },
		"platform": func(r *image.Request) { r.Binaries = r.Binaries[1:] },
		"file":     func(r *image.Request) { r.Spec.Files[1].Mode = "0755" },
		"label":    func(r *image.Request) { r.Spec.Labels["a"] = "2" },
	} {
		if digest(change) == want {
			t.Errorf("another %s gives the same image", what)
		}
	}
}

// base is an image of another maker with two platforms, in the types of Docker.
func base(t testing.TB) v1.ImageIndex {
	t.Helper()
	index := v1.ImageIndex(empty.Index)
	for _, arch := range []string{"amd64", "arm64"} {
		var data bytes.Buffer
		archive := tar.NewWriter(&data)
		err := errors.Join(archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "etc/arch", Mode: 0o644, Size: 5}))
		_, werr := archive.Write([]byte(arch))
		if err := errors.Join(err, werr, archive.Close()); err != nil {
			t.Fatal(err)
		}
		layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data.Bytes())), nil })
		if err != nil {
			t.Fatal(err)
		}
		img, err := mutate.AppendLayers(empty.Image, layer)
		if err != nil {
			t.Fatal(err)
		}
		f := config(t, img).DeepCopy()
		f.OS, f.Architecture, f.Author = "linux", arch, "somebody"
		f.Config = v1.Config{
			User: "1000", Env: []string{"PATH=/bin", "LANG=C"}, Cmd: []string{"sh"}, Entrypoint: []string{"/init"}, WorkingDir: "/srv",
			Labels: map[string]string{"org.opencontainers.image.version": "12", "maker": "else"},
		}
		if img, err = mutate.ConfigFile(img, f); err != nil {
			t.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
	}
	return index
}

// inLayout writes an index as a layout and names it as a base; Source of the request is root.
func inLayout(t testing.TB, index v1.ImageIndex, root string) string {
	t.Helper()
	p, err := layout.Write(filepath.Join(root, "deploy", "base"), empty.Index)
	if err == nil {
		err = p.AppendIndex(index)
	}
	d, derr := index.Digest()
	if err := errors.Join(err, derr); err != nil {
		t.Fatal(err)
	}
	return "oci:deploy/base@" + d.String()
}

// inRegistry pushes an index and names it as a base.
func inRegistry(t testing.TB, index v1.ImageIndex) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	d, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.NewDigest(strings.TrimPrefix(server.URL, "http://") + "/some/base@" + d.String())
	if err == nil {
		err = remote.WriteIndex(ref, index)
	}
	if err != nil {
		t.Fatal(err)
	}
	return ref.String()
}

func TestBaseLiesBelowAndItsSettingsYield(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	digests := map[string]bool{}
	for kind, at := range map[string]string{"layout": inLayout(t, base(t), root), "registry": inRegistry(t, base(t))} {
		req := request(t)
		req.Source = os.DirFS(root)
		req.Spec.Base, req.Spec.Env, req.Spec.Cmd = at, []string{"LANG=de", "A=b"}, []string{"serve"}
		req.Spec.Ports, req.Spec.Labels = []string{"8080/tcp"}, map[string]string{"maker": "acme"}
		_, l := build(t, req)
		if err := validate.Index(l); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		img := platform(t, l, "linux/arm64")
		layers, err := img.Layers()
		if err != nil || len(layers) != 2 {
			t.Fatalf("%s: %d layers, %v", kind, len(layers), err)
		}
		if mt, err := layers[0].MediaType(); err != nil || mt != types.OCILayer {
			t.Errorf("%s: layer of the type %s, %v", kind, mt, err)
		}
		below, err := layers[0].Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(below); err != nil || !bytes.Contains(data, []byte("arm64")) {
			t.Errorf("%s: the base is not that of the platform, %v", kind, err)
		}
		if got := entries(t, img); len(got) != 1 || !strings.HasSuffix(got[0], " usr/local/bin/acmed") {
			t.Errorf("%s: folders of the base are replaced: %v", kind, got)
		}
		c := config(t, img).Config
		labels := maps.Clone(c.Labels)
		digests[labels["org.opencontainers.image.base.digest"]] = true
		want := v1.Config{
			User: "1000", Env: []string{"PATH=/bin", "LANG=de", "A=b"}, Cmd: []string{"serve"}, Entrypoint: []string{"/usr/local/bin/acmed"}, WorkingDir: "/srv",
			ExposedPorts: map[string]struct{}{"8080/tcp": {}}, Labels: labels,
		}
		if diff := cmp.Diff(want, c); diff != "" || labels["maker"] != "acme" || labels["org.opencontainers.image.version"] != "2.4.7" {
			t.Errorf("%s: labels %v, configuration (-want +got):\n%s", kind, labels, diff)
		}
	}
	d, err := base(t).Digest()
	if err != nil || len(digests) != 1 || !digests[d.String()] {
		t.Errorf("labels name the bases %v, %v; want %s", digests, err, d)
	}
}

func TestWhatCannotBecomeAnImageIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	pinned := "@sha256:" + strings.Repeat("a", 64)
	root := t.TempDir()
	at := inLayout(t, base(t), root)
	for _, c := range []struct {
		what   string
		change func(*image.Request)
		reason string
	}{
		{"no such program", func(r *image.Request) { r.Spec.Binaries = []string{"acmex"} }, "no program acmex for Linux was built; there are: acmed (linux/arm64)"},
		{"a program missing on one platform", func(r *image.Request) { r.Spec.Binaries = []string{"acmed", "acmectl"} }, "no program acmectl for linux/arm64"},
		{"a program built twice", func(r *image.Request) { r.Binaries = append(r.Binaries, r.Binaries[0]) }, "two files have the target /usr/local/bin/acmed"},
		{"a dynamic program on scratch", func(r *image.Request) { r.Binaries[0].Path = program(t, "", true) }, "linked dynamically"},
		{"a program that is none", func(r *image.Request) { r.Binaries[0].Path = "image_test.go" }, "no program for Linux"},
		{"a program that was altered", func(r *image.Request) { r.Binaries[0].SHA256 = strings.Repeat("0", 64) }, "changed since it was built"},
		{"an unpinned base", func(r *image.Request) { r.Spec.Base = "debian:13" }, "not pinned by a digest"},
		{"a base that is not there", func(r *image.Request) { r.Spec.Base = "oci:deploy/base" + pinned }, "does not list that digest"},
		{"a base without the platform", func(r *image.Request) { r.Spec.Base, r.Binaries[0].Platform = at, "linux/s390x" }, "no image for linux/s390x; it has: linux/amd64, linux/arm64"},
		{"a base with a bad digest", func(r *image.Request) { r.Spec.Base = "debian@sha256:aa" }, "is not a digest"},
		{"a user by name", func(r *image.Request) { r.Spec.User = "root" }, "in numbers"},
		{"a port beyond ports", func(r *image.Request) { r.Spec.Ports = []string{"65536/tcp"} }, "above 65535"},
		{"a port without protocol", func(r *image.Request) { r.Spec.Ports = []string{"80"} }, "8080/tcp"},
		{"a variable without value", func(r *image.Request) { r.Spec.Env = []string{"PATH"} }, "NAME=value"},
		{"a label of relctl", func(r *image.Request) { r.Spec.Labels = map[string]string{"org.opencontainers.image.version": "1"} }, "relctl's to set"},
		{"a name of no file", func(r *image.Request) { r.Spec.Name = "../x" }, "is not a name"},
		{"a program in a folder", func(r *image.Request) { r.Spec.Binaries = []string{"a/b"} }, "not the name of a program"},
		{"a file that deletes", func(r *image.Request) { r.Spec.Files = []image.File{{From: "f", To: "/etc/.wh.passwd"}} }, "would delete"},
		{"a file outside", func(r *image.Request) { r.Spec.Files = []image.File{{From: "f", To: "/../etc"}} }, "plain absolute path"},
		{"all of the source", func(r *image.Request) { r.Spec.Files = []image.File{{From: ".", To: "/src"}} }, "not a plain path"},
		{"a file over the program", func(r *image.Request) { r.Spec.Files = []image.File{{From: "f", To: "/usr/local/bin/acmed"}} }, "two files"},
		{"a file where a folder is", func(r *image.Request) { r.Spec.Files = []image.File{{From: "f", To: "/usr/local"}} }, "and the folder of"},
		{"a file of a strange mode", func(r *image.Request) { r.Spec.Files = []image.File{{From: "f", To: "/f", Mode: "4755"}} }, "neither 0644 nor 0755"},
		{"a file that is not there", func(r *image.Request) { r.Spec.Files = []image.File{{From: "g", To: "/g"}} }, "no such file"},
		{"a link", func(r *image.Request) { r.Spec.Files = []image.File{{From: "link", To: "/f"}} }, "symbolic link"},
		{"an image that is there", func(r *image.Request) { build(t, *r) }, "exists"},
	} {
		t.Run(c.what, func(t *testing.T) {
			req := request(t)
			if err := errors.Join(os.WriteFile(filepath.Join(req.Out, "f"), nil, 0o600), os.Symlink("f", filepath.Join(req.Out, "link"))); err != nil {
				t.Fatal(err)
			}
			req.Source = os.DirFS(req.Out)
			if strings.Contains(c.what, "base") {
				req.Source = os.DirFS(root)
			}
			c.change(&req)
			before, _ := filepath.Glob(filepath.Join(req.Out, "images", "*"))
			img, err := image.Build(t.Context(), req)
			if img != nil || err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("got %v; want %q", err, c.reason)
			}
			if after, _ := filepath.Glob(filepath.Join(req.Out, "images", "*")); len(after) != len(before) {
				t.Errorf("left behind: %v", after)
			}
		})
	}
}

// TestOpenRefusesEveryAlteration holds that no part of the file is beyond its checks.
func TestOpenRefusesEveryAlteration(t *testing.T) {
	t.Parallel()
	req := request(t)
	img, _ := build(t, req)
	good := unpack(t, filepath.Join(req.Out, filepath.FromSlash(img.File.Path)))
	for victim := range good {
		for what, change := range map[string]func(map[string][]byte){
			"missing": func(m map[string][]byte) { delete(m, victim) },
			"longer":  func(m map[string][]byte) { m[victim] = append(slices.Clone(m[victim]), 'x') },
			"altered": func(m map[string][]byte) {
				data := slices.Clone(m[victim])
				data[len(data)/2] ^= 1
				m[victim] = data
			},
		} {
			m := maps.Clone(good)
			change(m)
			if l, err := image.Open(repack(t, m)); err == nil {
				t.Errorf("%s of %d bytes is %s and passes: %v", victim, len(good[victim]), what, l.Platforms())
			}
		}
	}
	more := maps.Clone(good)
	more["blobs/sha256/"+strings.Repeat("a", 64)] = []byte("stowaway")
	if _, err := image.Open(repack(t, more)); err == nil || !strings.Contains(err.Error(), "does not lead to") {
		t.Errorf("a file that nobody lists: %v", err)
	}
	if _, err := image.Open(repack(t, good)); err != nil {
		t.Errorf("what was not altered: %v", err)
	}
}

// TestOpenRefusesLayersThatAreNotWhatTheConfigurationSays builds a layout whose digests are right throughout.
func TestOpenRefusesLayersThatAreNotWhatTheConfigurationSays(t *testing.T) {
	t.Parallel()
	req := request(t)
	req.Binaries = req.Binaries[:1]
	img, l := build(t, req)
	files := unpack(t, filepath.Join(req.Out, filepath.FromSlash(img.File.Path)))
	f := config(t, platform(t, l, "linux/arm64")).DeepCopy()
	f.RootFS.DiffIDs[0].Hex = strings.Repeat("b", 64)
	m, err := platform(t, l, "linux/arm64").Manifest()
	if err != nil {
		t.Fatal(err)
	}
	index, err := l.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	put := func(d *v1.Descriptor, v any) {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		delete(files, "blobs/sha256/"+d.Digest.Hex)
		d.Digest, d.Size, err = v1.SHA256(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		files["blobs/sha256/"+d.Digest.Hex] = data
	}
	put(&m.Config, f)
	put(&index.Manifests[0], m)
	outer, err := v1.ParseIndexManifest(bytes.NewReader(files["index.json"]))
	if err != nil {
		t.Fatal(err)
	}
	put(&outer.Manifests[0], index)
	if files["index.json"], err = json.Marshal(outer); err != nil {
		t.Fatal(err)
	}
	if _, err := image.Open(repack(t, files)); err == nil || !strings.Contains(err.Error(), "does not hold what the configuration says") {
		t.Errorf("got %v", err)
	}
}

// FuzzOpen holds that whatever passes is an image that can be read to its end.
func FuzzOpen(f *testing.F) {
	req := request(f)
	img, _ := build(f, req)
	good, err := os.ReadFile(filepath.Join(req.Out, filepath.FromSlash(img.File.Path)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "x.oci.tar")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := image.Open(path)
		if err != nil {
			return
		}
		defer func() { _ = l.Close() }()
		if err := validate.Index(l); err != nil {
			t.Error(err)
		}
	})
}

func unpack(t testing.TB, path string) map[string][]byte {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	out := map[string][]byte{}
	for archive := tar.NewReader(file); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if out[h.Name], err = io.ReadAll(archive); err != nil {
			t.Fatal(err)
		}
	}
}

func repack(t testing.TB, files map[string][]byte) string {
	t.Helper()
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(files[name]))})
		if _, werr := archive.Write(files[name]); errors.Join(err, werr) != nil {
			t.Fatal(err, werr)
		}
	}
	path := filepath.Join(t.TempDir(), "x.oci.tar")
	if err := errors.Join(archive.Close(), os.WriteFile(path, out.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}
