package build_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/relctl/relctl/internal/tool"
	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/release"
)

func tree(yaml string) fstest.MapFS {
	return fstest.MapFS{".goreleaser.yaml": {Data: []byte(yaml)}}
}

func TestAPlanSaysWhatGoreleaserWillBuild(t *testing.T) {
	got := goreleaser(t).Describe(t.Context(), tree(goreleaserYAML))
	want := []string{
		"goreleaser v2.16.0 with .goreleaser.yaml",
		"acmed for linux/amd64",
		"acmectl for linux/amd64, windows/amd64",
		"packed as binary, deb, rpm, tar.gz",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAPlanSaysWhatIsAssumedLeftOutAndNotReproducible(t *testing.T) {
	got := strings.Join(build.Goreleaser{Program: "/none"}.Describe(t.Context(), tree(`version: 2
builds:
  - binary: a
    goarch: [amd64, arm, "386"]
    goarm: [6, 7]
    ignore: [{goos: linux, goarch: "386"}, {goos: linux, goarch: arm, goarm: 6}]
  - {id: b, targets: [linux_amd64_v1, linux_amd64_v3, darwin_arm64]}
  - {id: c, skip: true}
  - {id: d, builder: rust}
dockers: [{image_templates: [a]}]
brews: []
signs: [{artifacts: all}]
`)), "\n")
	for _, want := range []string{
		"goreleaser with .goreleaser.yaml\n",
		"a for darwin/amd64, linux/amd64, linux/arm, windows/386, windows/amd64\n",
		"b for darwin/arm64, linux/amd64\n",
		"d, built by rust\n",
		"left out, since relctl publishes: signs, dockers\n",
		"not reproducible: builds a: -trimpath is missing",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "c for") || strings.Contains(got, "brews") {
		t.Errorf("says too much:\n%s", got)
	}
}

func TestAPlanForACommitThatCannotBeBuiltSaysSo(t *testing.T) {
	g := build.Goreleaser{Program: "/none"}
	for _, c := range []struct {
		files fstest.MapFS
		says  string
	}{
		{fstest.MapFS{}, "the build would fail: .goreleaser.yaml is missing in the commit"},
		{tree("builds: [\n"), "the build would fail: .goreleaser.yaml: "},
	} {
		got := g.Describe(t.Context(), c.files)
		if len(got) != 2 || !strings.HasPrefix(got[1], c.says) {
			t.Errorf("got %q, want %q", got, c.says)
		}
	}
}

func TestPinsAreTheVersionsOfTheTools(t *testing.T) {
	out, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		t.Fatal(err)
	}
	goPin := release.Pin{Name: "go", Value: strings.TrimSpace(string(out))}
	t.Setenv("GOFLAGS", "-mod=mod")
	pins, err := goreleaser(t).Pins(t.Context())
	if want := []release.Pin{goPin, {Name: "goreleaser", Value: "v2.16.0"}}; err != nil || !slices.Equal(pins, want) {
		t.Errorf("got %v, %v", pins, err)
	}
	pins, err = build.Command{Argv: []string{"make", "a b", "$x"}}.Pins(t.Context())
	if want := []release.Pin{{Name: "command", Value: `make "a b" "$x"`}, goPin}; err != nil || !slices.Equal(pins, want) {
		t.Errorf("got %v, %v", pins, err)
	}
}

func script(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "goreleaser")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

// A program from elsewhere, or a wrapper, has no module's version in it.
func TestTheVersionOfAGoreleaserOfAnotherMakeIsAsked(t *testing.T) {
	real := tool.For(t, "goreleaser")
	for text, want := range map[string]string{
		"exec " + real + ` "$@"`:                            "v2.16.0",
		"printf 'GitVersion:    2.15.0\\nGitCommit:  x\\n'": "v2.15.0",
		"printf 'goreleaser version v2.15.0-pro\\n'":        "v2.15.0-pro",
		"printf 'GitVersion: 1.26.2\\n'":                    "",
		"printf 'GitVersion: devel\\n'":                     "",
		"exit 3":                                            "",
	} {
		pins, err := build.Goreleaser{Program: script(t, text)}.Pins(t.Context())
		if want == "" {
			if err == nil {
				t.Errorf("%s: got %v", text, pins)
			}
			continue
		}
		if err != nil || pins[len(pins)-1].Value != want {
			t.Errorf("%s: got %v, %v, want %s", text, pins, err, want)
		}
	}
}

func TestAMissingGoreleaserIsToldWithTheWayOut(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for program, says := range map[string]string{
		"": "goreleaser is not on the PATH", "/none/goreleaser": "/none/goreleaser cannot be run: stat /none/goreleaser: no such file or directory",
	} {
		_, err := build.Goreleaser{Program: program}.Pins(context.Background())
		var missing *build.MissingError
		if !errors.As(err, &missing) || err.Error() != says {
			t.Errorf("error is %v, want %s", err, says)
		}
		if program == "" && !strings.Contains(missing.Hint(), "--goreleaser") {
			t.Errorf("hint is %q", missing.Hint())
		}
	}
	if pins, err := (build.Command{Argv: []string{"make"}}).Pins(context.Background()); err != nil || len(pins) != 1 {
		t.Errorf("without go: %v, %v", pins, err)
	}
}
