package deploy_test

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"maps"
	"testing"
	"testing/fstest"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/relctl/relctl/pkg/deploy"
)

func artifact(t *testing.T, files fs.FS, ring string) v1.Image {
	t.Helper()
	image, err := deploy.Artifact(files, ring)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func digestOf(t *testing.T, image v1.Image) string {
	t.Helper()
	if image == nil {
		t.Fatal("there is no artifact")
	}
	d, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d.String()
}

func TestAnArtifactHoldsARingAsTheBranchHasItInTheFormOfFlux(t *testing.T) {
	t.Parallel()
	in := canary(t)
	in.Ring.Cells = []string{"b", "a"}
	set := render(t, in)
	image := artifact(t, after(nil, set), "canary")
	m, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if m.Config.MediaType != deploy.FluxConfigType || len(m.Layers) != 1 || m.Layers[0].MediaType != deploy.FluxContentType {
		t.Errorf("it is made of %s and %v", m.Config.MediaType, m.Layers)
	}
	if m.Annotations["org.opencontainers.image.version"] != "2026.103.1" || m.Annotations["dev.relctl.release"] != in.Release.Digest {
		t.Errorf("it says %v", m.Annotations)
	}
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Layer(layers[0]); err != nil {
		t.Error(err)
	}
	content, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for archive := tar.NewReader(content); ; held++ {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(archive)
		if err != nil || string(data) != string(set.Files[h.Name]) || len(data) == 0 || h.ModTime.Unix() != 0 || h.Mode != 0o644 {
			t.Errorf("%s differs from the branch: %v", h.Name, err)
		}
	}
	if held != 4 {
		t.Errorf("it holds %d files, want two for each cell", held)
	}
}

func TestAnArtifactChangesOnlyWithItsRing(t *testing.T) {
	t.Parallel()
	in := canary(t)
	branch := after(nil, render(t, in)).(fstest.MapFS)
	first := digestOf(t, artifact(t, branch, "canary"))

	other := in
	other.Ring = deploy.Ring{Name: "multi-tenant", Cells: []string{"eu-2"}}
	other.Release = version("2026.104.1", '2')
	wide := after(branch, render(t, other)).(fstest.MapFS)
	if got := digestOf(t, artifact(t, wide, "canary")); got != first {
		t.Errorf("another ring changes the artifact from %s to %s", first, got)
	}
	next := in
	next.Release = version("2026.104.1", '2')
	moved := after(branch, render(t, next)).(fstest.MapFS)
	if got := digestOf(t, artifact(t, moved, "canary")); got == first {
		t.Error("another release has the same artifact")
	}
	half := maps.Clone(moved)
	half["rendered/canary/eu-9/relctl.json"] = &fstest.MapFile{Data: nil, Mode: 0o644}
	if _, err := deploy.Artifact(half, "canary"); err == nil {
		t.Error("a cell whose state cannot be read is passed over")
	}
	delete(half, "rendered/canary/eu-9/relctl.json")
	half["rendered/canary/eu-9/manifests.yaml"] = &fstest.MapFile{Data: []byte("{}\n"), Mode: 0o644}
	for name, files := range map[string]fs.FS{"no branch": nil, "an empty branch": fstest.MapFS{}, "a cell without a release": half} {
		if got := artifact(t, files, "canary"); got != nil {
			t.Errorf("%s has an artifact", name)
		}
	}
}
