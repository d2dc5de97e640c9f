package acme

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/relctl/relctl/internal/tool"
)

// sums returns the digests of the files that match, by name.
func sums(t *testing.T, dir, pattern string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]string{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		m[filepath.Base(name)] = fmt.Sprintf("%x", sha256.Sum256(data))
	}
	return m
}

func TestEveryReleaseAndBothHeadsPassTheirOwnTests(t *testing.T) {
	for _, rev := range []string{"v2.4.0", "v2.4.1", "v2.4.2", "release/2.4", "main"} {
		programs(t, checkout(t, rev), []string{"GOFLAGS=-mod=mod", "GOPROXY=off"}, "go", "test", "./...")
	}
}

func TestTheScriptBuildsTheSameBytesInAnyEnvironment(t *testing.T) {
	first, second := checkout(t, "release/2.4"), checkout(t, "release/2.4")
	programs(t, first, []string{"RELCTL_VERSION=2.4.3"}, "./hack/build.sh")
	programs(t, second, []string{"RELCTL_VERSION=2.4.3", "TZ=Asia/Tokyo", "GOAMD64=v3", "GOMAXPROCS=1", "GOFLAGS=-ldflags=-w", "GOPROXY=http://127.0.0.1:1"},
		"sh", "-c", "umask 077 && cd / && "+second+"/hack/build.sh")
	want, got := sums(t, first, "dist/*"), sums(t, second, "dist/*")
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the second build gives %v, the first %v", got, want)
	}
	for _, name := range []string{"acme_linux_amd64", "acme_linux_arm64", "acmed_linux_amd64", "acmed_linux_arm64"} {
		if want[name] == "" || len(want) != 4 {
			t.Errorf("the build gives %v", want)
		}
	}
	programs(t, second, []string{"RELCTL_VERSION=2.4.4"}, "./hack/build.sh")
	if got := sums(t, second, "dist/*"); got["acmed_linux_amd64"] == want["acmed_linux_amd64"] {
		t.Error("another version gives the same program")
	}
}

// release builds the line with its script and lays the files out as a release does.
func release(t *testing.T) string {
	t.Helper()
	src, dir := checkout(t, "release/2.4"), t.TempDir()
	programs(t, src, []string{"RELCTL_VERSION=2.4.3"}, "./hack/build.sh")
	if err := os.Rename(filepath.Join(src, "dist"), filepath.Join(dir, "artifacts")); err != nil {
		t.Fatal(err)
	}
	list := ""
	for name, sum := range sums(t, dir, "artifacts/*") {
		list += sum + "  artifacts/" + name + "\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(list), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTheSmokeGateAsksTheFilesThatShip(t *testing.T) {
	dir := release(t)
	smoke := filepath.Join(sample.Repo, "hack", "smoke.sh")
	env := []string{"RELCTL_RELEASE_DIR=" + dir, "RELCTL_VERSION=2.4.3"}
	if out := programs(t, sample.Repo, env, smoke); !strings.Contains(string(out), "4 files are whole") {
		t.Errorf("smoke says %q", out)
	}
	refuses := func(env []string, says string) {
		t.Helper()
		out := programs(t, sample.Repo, env, "sh", "-c", smoke+" && echo PASSED || true")
		if strings.Contains(string(out), "PASSED") || !strings.Contains(string(out), says) {
			t.Errorf("smoke says %q, want a refusal with %q", out, says)
		}
	}
	if runtime.GOOS == "linux" && (runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64") {
		refuses([]string{"RELCTL_RELEASE_DIR=" + dir, "RELCTL_VERSION=2.4.4"}, "not 2.4.4")
	}
	program := filepath.Join(dir, "artifacts", "acmed_linux_arm64")
	data, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(program, data, 0o644); err != nil {
		t.Fatal(err)
	}
	refuses(env, "SHA256SUMS does not hold")
}

func TestTheBlockerGateKnowsItsLine(t *testing.T) {
	gate := filepath.Join(sample.Repo, "hack", "gates", "no-open-blockers.sh")
	for version, want := range map[string]string{
		"2.4.3": "passed", "2.4.3-rc.1": "passed", "2026.302.1": "passed", "2.60.0": "passed",
		"2.6.0": "refused", "2.6.1-rc.2": "refused",
	} {
		out := programs(t, sample.Repo, []string{"RELCTL_VERSION=" + version}, "sh", "-c", gate+" && echo passed || echo refused")
		if !strings.HasSuffix(strings.TrimSpace(string(out)), want) {
			t.Errorf("%s: %q, want %s", version, out, want)
		}
	}
}

func TestGoreleaserBuildsTheSameArchivesTwice(t *testing.T) {
	program := tool.For(t, "goreleaser")
	build := func(umask string) map[string]string {
		dir := checkout(t, "release/2.4")
		gitIn(t, dir, "tag", "v2.4.3")
		programs(t, dir, []string{"GORELEASER_CURRENT_TAG=v2.4.3", "GORELEASER_PREVIOUS_TAG=v2.4.2"},
			"sh", "-c", "umask "+umask+" && exec '"+program+"' release --skip=publish,announce,sign")
		return sums(t, dir, "dist/acme_2.4.3_*")
	}
	first := build("022")
	for _, name := range []string{"acme_2.4.3_linux_amd64.tar.gz", "acme_2.4.3_linux_arm64.tar.gz", "acme_2.4.3_linux_amd64.deb", "acme_2.4.3_linux_arm64.deb"} {
		if first[name] == "" {
			t.Errorf("%s is missing: %v", name, first)
		}
	}
	if second := build("077"); fmt.Sprint(second) != fmt.Sprint(first) {
		t.Errorf("the second build gives %v, the first %v", second, first)
	}
}
