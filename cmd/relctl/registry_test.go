package main

import (
	"archive/tar"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/rogpeppe/go-internal/testscript"
)

// cmdRegistry starts a registry of container images for the script and sets REGISTRY to its host and port. While the file
// $WORK/closed is there it refuses everything.
func cmdRegistry(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: registry")
	}
	inner := registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))
	closed := ts.MkAbs("closed")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := os.Stat(closed); err == nil {
			http.Error(w, "closed", http.StatusForbidden)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	ts.Defer(server.Close)
	ts.Setenv("REGISTRY", strings.TrimPrefix(server.URL, "http://"))
}

// cmdImage checks the image with a tag or digest to the last byte and writes its digest to a file: image ref [file].
// "! image ref" holds that there is none.
func cmdImage(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 || len(args) > 2 {
		ts.Fatalf("usage: [!] image ref [file]")
	}
	ref, err := name.ParseReference(args[0], name.StrictValidation)
	ts.Check(err)
	index, err := remote.Index(ref)
	if neg {
		if err == nil {
			ts.Fatalf("there is an image %s", ref)
		}
		return
	}
	ts.Check(err)
	ts.Check(validate.Index(index))
	digest, err := index.Digest()
	ts.Check(err)
	if len(args) == 2 {
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(digest.String()+"\n"), 0o600))
	}
}

// cmdRetag gives the image that a file names by its digest one more tag: retag file tag.
func cmdRetag(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: retag file tag")
	}
	ref, err := name.NewDigest(strings.TrimSpace(ts.ReadFile(args[0])), name.StrictValidation)
	ts.Check(err)
	index, err := remote.Index(ref)
	ts.Check(err)
	ts.Check(remote.Tag(ref.Context().Tag(args[1]), index))
}

// cmdArtifact checks the artifact with a tag to the last byte and writes its digest to a file, and the files in it to a
// folder: artifact ref [file [folder]]. "! artifact ref" holds that there is none.
func cmdArtifact(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 || len(args) > 3 {
		ts.Fatalf("usage: [!] artifact ref [file [folder]]")
	}
	ref, err := name.ParseReference(args[0], name.StrictValidation)
	ts.Check(err)
	image, err := remote.Image(ref)
	if neg {
		if err == nil {
			ts.Fatalf("there is an artifact %s", ref)
		}
		return
	}
	ts.Check(err)
	ts.Check(validate.Image(image))
	digest, err := image.Digest()
	ts.Check(err)
	if len(args) > 1 {
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(digest.String()+"\n"), 0o600))
	}
	if len(args) > 2 {
		layers, err := image.Layers()
		ts.Check(err)
		content, err := layers[0].Uncompressed()
		ts.Check(err)
		ts.Check(unpack(content, ts.MkAbs(args[2])))
	}
}

// unpack writes the files of an archive to a folder.
func unpack(content io.Reader, dir string) error {
	for archive := tar.NewReader(content); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(h.Name))
		data, err := io.ReadAll(archive)
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, data, 0o600)); err != nil {
			return err
		}
	}
}
