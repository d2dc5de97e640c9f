package image_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/relctl/relctl/pkg/image"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
)

// TestProgramComesOutOfTheRegistryAsItWasBuilt takes a real program the whole way: build, file, registry, and runs it.
func TestProgramComesOutOfTheRegistryAsItWasBuilt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source, built := filepath.Join(dir, "main.go"), filepath.Join(dir, "acmed")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() { println(\"acmed runs\") }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	compile := exec.CommandContext(t.Context(), "go", "build", "-o", built, source)
	compile.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOFLAGS=")
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(built)
	if err != nil {
		t.Fatal(err)
	}
	req := request(t)
	req.Binaries = []image.Binary{{Name: "acmed", Platform: "linux/" + runtime.GOARCH, Path: built, SHA256: strings.TrimPrefix(release.Digest(data), "sha256:")}}
	img, l := build(t, req)

	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	r := publish.Registry{Root: strings.TrimPrefix(server.URL, "http://")}
	if err := errors.Join(r.Push(t.Context(), "acmed", l), r.Tag(t.Context(), "acmed", img.Digest, "2.4.7")); err != nil {
		t.Fatal(err)
	}
	ref, err := name.ParseReference(r.Repository("acmed") + "@" + img.Platforms[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	pulled, err := remote.Image(ref)
	if err != nil {
		t.Fatal(err)
	}
	got := content(t, pulled, "usr/local/bin/acmed")
	if !bytes.Equal(got, data) {
		t.Fatalf("%d bytes came out, %d were built", len(got), len(data))
	}
	if runtime.GOOS != "linux" {
		return
	}
	if err := os.WriteFile(built+"-pulled", got, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), built+"-pulled").CombinedOutput(); err != nil || string(out) != "acmed runs\n" {
		t.Errorf("%q, %v", out, err)
	}
}

// content returns a file of an image.
func content(t *testing.T, img v1.Image, name string) []byte {
	t.Helper()
	files := mutate.Extract(img)
	defer func() { _ = files.Close() }()
	for archive := tar.NewReader(files); ; {
		h, err := archive.Next()
		if err != nil {
			t.Fatalf("%s is not in the image: %v", name, err)
		}
		if h.Name == name {
			data, err := io.ReadAll(archive)
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
	}
}

func ExampleBuild() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	if err := example(dir); err != nil {
		fmt.Println(err)
	}
	_ = os.RemoveAll(dir)
	// Output:
	// images/acmed.oci.tar
	// linux/amd64
	// linux/arm64
	// the bundle and the registry hold the same image: true
}

func example(dir string) error {
	var binaries []image.Binary
	for _, arch := range []string{"amd64", "arm64"} {
		b := image.Binary{Name: "acmed", Platform: "linux/" + arch, Path: filepath.Join(dir, "acmed_"+arch)}
		if err := os.WriteFile(b.Path, executable(arch, false), 0o600); err != nil { // goreleaser does that
			return err
		}
		binaries = append(binaries, b)
	}
	img, err := image.Build(context.Background(), image.Request{
		Spec:    image.Spec{Name: "acmed", Ports: []string{"8080/tcp"}},
		Version: release.MustVersion("2.4.7"), Revision: "5f3c…", SourceDate: time.Date(2026, 5, 3, 0, 0, 0, 0, time.UTC),
		Binaries: binaries, Out: dir,
	})
	if err != nil {
		return err
	}
	fmt.Println(img.File.Path)
	for _, p := range img.Platforms {
		fmt.Println(p.Name)
	}
	layout, err := image.Open(filepath.Join(dir, img.File.Path)) // checks all of it, and can be pushed
	if err != nil {
		return err
	}
	digest, err := layout.Digest()
	fmt.Println("the bundle and the registry hold the same image:", digest.String() == img.Digest)
	return errors.Join(err, layout.Close())
}
