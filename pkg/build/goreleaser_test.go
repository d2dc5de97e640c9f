package build_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/relctl/relctl/internal/tool"
	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/release"
)

func goreleaser(t testing.TB) build.Goreleaser {
	t.Helper()
	return build.Goreleaser{Program: tool.For(t, "goreleaser")}
}

func TestGoreleaserGivesWhatShipsAndTheProgramsInside(t *testing.T) {
	r := product(t)
	artifacts, err := goreleaser(t).Build(t.Context(), request(t, r))
	mustBuild(t, artifacts, err)
	const want = `ships package artifacts/acme_2.4.7_linux_amd64.deb linux/amd64 0644 binaries/acmed_linux_amd64_v1/acmed
ships package artifacts/acme_2.4.7_linux_amd64.rpm linux/amd64 0644 binaries/acmed_linux_amd64_v1/acmed
ships binary artifacts/acmectl_2.4.7_linux_amd64 linux/amd64 0755 acmectl
ships binary artifacts/acmectl_2.4.7_windows_amd64.exe windows/amd64 0755 acmectl
ships archive artifacts/acmed_2.4.7_linux_amd64.tar.gz linux/amd64 0644 binaries/acmed_linux_amd64_v1/acmed
inside binary binaries/acmed_linux_amd64_v1/acmed linux/amd64 0755 acmed
`
	if got := listing(t, artifacts); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	tgz := find(t, artifacts, "artifacts/acmed_2.4.7_linux_amd64.tar.gz")
	if tgz.MediaType != release.MediaTypeGzip {
		t.Errorf("media type %s", tgz.MediaType)
	}
	headers, contents := untar(t, tgz.Local)
	if len(headers) != 2 || release.Digest(contents["acmed"]) != "sha256:"+find(t, artifacts, "binaries/acmed_linux_amd64_v1/acmed").SHA256 {
		t.Errorf("the archive holds %d files, and not the binary", len(headers))
	}
	for name, h := range headers {
		if !h.ModTime.Equal(request(t, r).SourceDate) || h.Uname != "root" || h.Uid != 0 {
			t.Errorf("%s in the archive is of %v and %s", name, h.ModTime, h.Uname)
		}
	}
}

// Where it is run, by whom and when must not show: a build in a neat place, and one in a deep folder, under a tight
// umask, another time zone and locale, with a dirty working tree, other tags and settings for Go.
func TestTwoBuildsOfACommitAreTheSame(t *testing.T) {
	r := product(t)
	g := goreleaser(t)
	first, err := g.Build(t.Context(), request(t, r))
	mustBuild(t, first, err)

	r.Write("README.md", "dirty\n")
	r.Write("new.go", "package broken\n")
	for name, value := range map[string]string{
		"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8", "GOFLAGS": "-tags=other", "GOAMD64": "v3", "GOOS": "plan9", "SOURCE_DATE_EPOCH": "1",
		"GORELEASER_CURRENT_TAG": "v9.9.9", "GITHUB_TOKEN": "x", "GITLAB_TOKEN": "y",
	} {
		t.Setenv(name, value)
	}
	c := r.Clone()
	c.Git("checkout", "--quiet", r.Head())
	c.LightTag("v3.0.0")
	c.Tag("v2.4.7-rc.1")
	c.Commit("feat: later")
	c.Checkout(r.Head())
	req := request(t, c)
	deep := filepath.Join(t.TempDir(), "a folder", "deeper", "down")
	req.Scratch, req.Out = filepath.Join(deep, "s"), filepath.Join(deep, "o")
	g.Parallelism = 1
	var second []build.Artifact
	withTightUmask(func() { second, err = g.Build(t.Context(), req) })
	mustBuild(t, second, err)

	if a, b := fingerprint(t, first), fingerprint(t, second); a != b {
		t.Errorf("first build\n%s\nsecond build\n%s", a, b)
	}
}

// Goreleaser by itself takes the release candidate's tag for both.
func TestACandidateAndItsFinalOnOneCommitKeepTheirVersions(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("runs what it builds for linux/amd64")
	}
	r := product(t)
	r.Tag("v2.4.7-rc.1")
	for _, c := range []struct{ version, tag, says string }{
		{"2.4.7-rc.1", "v2.4.7-rc.1", "acmed 2.4.7-rc.1 v2.4.7-rc.1"},
		{"2.4.7", "v2.4.7", "acmed 2.4.7 v2.4.7"},
		{"2026.103.1", "", "acmed 2026.103.1 v2026.103.1"},
		{"2.4.8", "acme/v2.4.8", "acmed 2.4.8 v2.4.8"},
	} {
		req := request(t, r)
		req.Version, req.Tag, req.PreviousTag = release.MustVersion(c.version), c.tag, "v2.4.6"
		artifacts, err := goreleaser(t).Build(t.Context(), req)
		mustBuild(t, artifacts, err)
		out, err := exec.Command(find(t, artifacts, "binaries/acmed_linux_amd64_v1/acmed").Local).Output()
		if want := c.says + " " + req.Commit[:10] + "\n"; err != nil || string(out) != want {
			t.Errorf("version %s, tag %q: the binary says %q (%v), want %q", c.version, c.tag, out, err, want)
		}
	}
	if tags := r.Git("tag", "--list"); tags != "v2.4.7-rc.1" {
		t.Errorf("the repository has the tags %q now", tags)
	}
}

func TestAFailedBuildShowsTheEndOfItsLogAndKeepsAllOfIt(t *testing.T) {
	r := product(t, "cmd/acmed/main.go", "package main\n\nfunc main() { undefinedName() }\n")
	req := request(t, r)
	_, err := goreleaser(t).Build(t.Context(), req)
	var failed *build.FailedError
	if !errors.As(err, &failed) {
		t.Fatalf("error is %v", err)
	}
	if n := len(failed.Tail); n == 0 || n > 40 {
		t.Errorf("the error shows %d lines", n)
	}
	text := err.Error()
	for _, want := range []string{"goreleaser failed: exit status 1", "undefined: undefinedName", failed.Log} {
		if !strings.Contains(text, want) {
			t.Errorf("error does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "\x1b") {
		t.Error("the error holds control characters")
	}
	log, err := os.ReadFile(failed.Log)
	if err != nil || !strings.Contains(string(log), "starting release") {
		t.Errorf("the log is %q (%v)", log, err)
	}
	if list, err := os.ReadDir(req.Out); err != nil || len(list) != 0 {
		t.Errorf("a failed build left %v in the output folder (%v)", list, err)
	}
}

func TestAConfigurationForAForgeGetsAHint(t *testing.T) {
	yaml := strings.Replace(goreleaserYAML, "release: {disable: true}\n", "", 1)
	r := product(t, ".goreleaser.yaml", yaml)
	r.Git("remote", "set-url", "origin", "/acme")
	_, err := goreleaser(t).Build(t.Context(), request(t, r))
	var failed *build.FailedError
	if !errors.As(err, &failed) || !strings.Contains(failed.Hint(), "release: {disable: true}") {
		t.Errorf("error is %v", err)
	}
}

func TestACommitWithoutConfigurationIsRefusedBeforeGoreleaserRuns(t *testing.T) {
	g := goreleaser(t)
	g.Config = "hack/release.yaml"
	req := request(t, product(t))
	_, err := g.Build(t.Context(), req)
	var missing *build.ConfigError
	if !errors.As(err, &missing) || missing.Path != g.Config || missing.Hint() == "" {
		t.Errorf("error is %v", err)
	}
	if _, err := os.Stat(filepath.Join(req.Scratch, "build.log")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a log: %v", err)
	}
}

func TestABuildStartsFromEmptyFolders(t *testing.T) {
	req := request(t, product(t))
	if err := os.MkdirAll(filepath.Join(req.Out, "artifacts"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := goreleaser(t).Build(t.Context(), req); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("error is %v", err)
	}
}

// dividedYAML has what depends on platforms in its several forms: targets and a matrix, an archive of two programs, a
// package, and files of no platform.
const dividedYAML = `version: 2
project_name: acme
env: [CGO_ENABLED=0]
builds:
  - &build
    id: acmed
    main: ./cmd/acmed
    binary: acmed
    flags: [-trimpath, -buildvcs=false]
    ldflags: [-s -w]
    targets: [linux_amd64, linux_arm64]
    mod_timestamp: "{{ .CommitTimestamp }}"
  - <<: *build
    id: acmectl
    main: ./cmd/acmectl
    binary: acmectl
    targets: []
    goos: [linux, windows]
    goarch: [amd64, arm64]
    ignore: [{goos: windows}]
archives:
  - builds_info: &info {owner: root, group: root, mode: 0755, mtime: "{{ .CommitDate }}"}
    files: [{src: README.md, info: *info}]
  - {id: docs, meta: true, name_template: docs, files: [{src: README.md, info: *info}]}
nfpms: [{package_name: acme, maintainer: release <release@acme.example>, description: acme, formats: [deb], mtime: "{{ .CommitDate }}"}]
source: {enabled: true}
checksum: {split: true}
release: {disable: true}
changelog: {disable: true}
`

// Shards of a build, put together again, are the build.
func TestShardsGiveWhatOneMachineGives(t *testing.T) {
	r := product(t, ".goreleaser.yaml", dividedYAML)
	g := goreleaser(t)
	whole, err := g.Build(t.Context(), request(t, r))
	mustBuild(t, whole, err)
	var parts []build.Part
	for i, want := range []int{6, 4, 0} {
		req := request(t, r)
		req.Shard = build.Shard{Index: i + 1, Of: 3}
		artifacts, err := g.Build(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if len(artifacts) != want {
			t.Errorf("shard %d made\n%s", i+1, listing(t, artifacts))
		}
		parts = append(parts, build.Part{Shard: req.Shard, Artifacts: artifacts, Open: func(a build.Artifact) (io.ReadCloser, error) { return os.Open(a.Local) }})
	}
	joined, err := build.Join(t.TempDir(), parts)
	mustBuild(t, joined, err)
	if a, b := fingerprint(t, whole), fingerprint(t, joined); a != b {
		t.Errorf("one machine\n%s\nshards\n%s", a, b)
	}
}
