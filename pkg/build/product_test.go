package build_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
	"github.com/relctl/relctl/pkg/release"
)

const (
	module = "module acme.example/acme\n\ngo 1.24\n"
	server = `package main

import "fmt"

var version, tag, short string

func main() { fmt.Println("acmed", version, tag, short) }
`
	client = `package main

import "fmt"

func main() { fmt.Println("acmectl") }
`
	goreleaserYAML = `version: 2
project_name: acme
env: [CGO_ENABLED=0]
builds:
  - id: acmed
    main: ./cmd/acmed
    binary: acmed
    flags: [-trimpath, -buildvcs=false]
    ldflags: ["-s -w -X main.version={{ .Version }} -X main.tag={{ .Tag }} -X main.short={{ .ShortCommit }}"]
    goos: [linux]
    goarch: [amd64]
    mod_timestamp: "{{ .CommitTimestamp }}"
  - id: acmectl
    main: ./cmd/acmectl
    binary: acmectl
    flags: [-trimpath, -buildvcs=false]
    ldflags: [-s -w]
    goos: [linux, windows]
    goarch: [amd64]
    mod_timestamp: "{{ .CommitTimestamp }}"
archives:
  - id: server
    ids: [acmed]
    name_template: "acmed_{{ .Version }}_{{ .Os }}_{{ .Arch }}"
    builds_info: {owner: root, group: root, mode: 0755, mtime: "{{ .CommitDate }}"}
    files: [{src: README.md, info: {owner: root, group: root, mode: 0644, mtime: "{{ .CommitDate }}"}}]
  - id: client
    ids: [acmectl]
    formats: [binary]
    name_template: "acmectl_{{ .Version }}_{{ .Os }}_{{ .Arch }}"
nfpms:
  - ids: [acmed]
    package_name: acme
    maintainer: release <release@acme.example>
    description: acme
    formats: [deb, rpm]
    mtime: "{{ .CommitDate }}"
    rpm: {buildhost: localhost}
release: {disable: true}
changelog: {disable: true}
`
)

// product makes a repository with a small Go product at 2.4.7, and more or other files as path and content in turn.
func product(t testing.TB, files ...string) *gittest.Repo {
	t.Helper()
	r := gittest.New(t)
	all := []string{
		"go.mod", module, "cmd/acmed/main.go", server, "cmd/acmectl/main.go", client, "README.md", "# acme\n",
		".goreleaser.yaml", goreleaserYAML, ".gitignore", "dist/\n",
	}
	r.Commit("feat: acme", append(all, files...)...)
	r.Push()
	return r
}

// gitOnly makes a repository with the given files and no Go in it.
func gitOnly(t testing.TB, files ...string) *gittest.Repo {
	t.Helper()
	r := gittest.New(t)
	r.Commit("feat: acme", files...)
	r.Push()
	return r
}

// request asks for HEAD as version 2.4.7, in new folders.
func request(t testing.TB, r *gittest.Repo) build.Request {
	t.Helper()
	repo, err := git.Open(t.Context(), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	c, err := repo.Commit(t.Context(), r.Head())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return build.Request{
		Repo: repo, Remote: "origin", Commit: c.ID, Version: release.MustVersion("2.4.7"), Tag: "v2.4.7", Product: "acme",
		SourceDate: c.Committer.When.UTC().Truncate(time.Second), Scratch: filepath.Join(dir, "scratch"), Out: filepath.Join(dir, "out"),
	}
}

func mustBuild(t testing.TB, artifacts []build.Artifact, err error) []build.Artifact {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range artifacts {
		data, err := os.ReadFile(a.Local)
		if err != nil || "sha256:"+a.SHA256 != release.Digest(data) || int64(len(data)) != a.Size {
			t.Errorf("%s does not describe its file: %v", a.Path, err)
		}
		info, err := os.Stat(a.Local)
		if err != nil {
			t.Fatal(err)
		}
		if mode := map[string]os.FileMode{"0644": 0o644, "0755": 0o755}[a.Mode]; info.Mode().Perm() != mode {
			t.Errorf("%s has mode %v, stated is %s", a.Path, info.Mode(), a.Mode)
		}
		if err := release.CheckPath(a.Path); a.Shipped && err != nil {
			t.Error(err)
		}
	}
	return artifacts
}

// listing is one line an artifact, for comparison.
func listing(t testing.TB, artifacts []build.Artifact) string {
	t.Helper()
	var out strings.Builder
	for _, a := range artifacts {
		shipped := "inside"
		if a.Shipped {
			shipped = "ships"
		}
		line := []string{shipped, string(a.Kind), a.Path, a.Platform, a.Mode, a.Binary, strings.Join(a.Contains, "+")}
		out.WriteString(strings.Join(slices.DeleteFunc(line, func(s string) bool { return s == "" }), " ") + "\n")
	}
	return out.String()
}

// fingerprint is everything about artifacts but where they lie on this machine.
func fingerprint(t testing.TB, artifacts []build.Artifact) string {
	t.Helper()
	list := slices.Clone(artifacts)
	for i := range list {
		list[i].Local = ""
	}
	data, err := json.MarshalIndent(list, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func find(t testing.TB, artifacts []build.Artifact, path string) build.Artifact {
	t.Helper()
	for _, a := range artifacts {
		if a.Path == path {
			return a
		}
	}
	t.Fatalf("no artifact %s among\n%s", path, listing(t, artifacts))
	return build.Artifact{}
}

// untar returns the headers of a tar.gz file by name, and the contents.
func untar(t testing.TB, file string) (map[string]*tar.Header, map[string][]byte) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	headers, contents := map[string]*tar.Header{}, map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return headers, contents
		}
		if err != nil {
			t.Fatal(err)
		}
		headers[h.Name] = h
		if contents[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}
