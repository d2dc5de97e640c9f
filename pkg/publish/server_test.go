package publish_test

import (
	"bufio"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
)

// Kinds of registries: with and without the API of referrers, and Debian's, which has none.
const (
	withReferrers    = "with referrers"
	withoutReferrers = "without referrers"
	debians          = "docker-registry"
)

// onEach runs a test with each of some kinds of registries.
func onEach(t *testing.T, test func(t *testing.T, host string), kinds ...string) {
	t.Helper()
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			if kind == debians {
				test(t, dockerRegistry(t))
			} else {
				test(t, inProcess(t, kind == withReferrers))
			}
		})
	}
}

func inProcess(t testing.TB, referrers bool) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.WithReferrersSupport(referrers), registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

var listening = regexp.MustCompile(`listening on (127\.0\.0\.1:[0-9]+)`)

// dockerRegistry runs the program of that name, from Debian's package of that name, on a free port of loopback.
func dockerRegistry(t testing.TB) string {
	t.Helper()
	program, err := exec.LookPath("docker-registry")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("docker-registry is not installed")
		}
		t.Skip("docker-registry is not installed; on Debian: apt-get install docker-registry")
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yml")
	const text = "version: 0.1\nlog: {accesslog: {disabled: true}}\nstorage: {inmemory: {}}\nhttp: {addr: '127.0.0.1:0'}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "serve", config)
	cmd.Env = append(os.Environ(), "OTEL_TRACES_EXPORTER=none")
	told, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	drained := make(chan struct{})
	t.Cleanup(func() { // the context has ended it
		<-drained
		_ = cmd.Wait()
	})
	var before strings.Builder
	lines := bufio.NewScanner(told)
	for lines.Scan() {
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			go func() {
				defer close(drained)
				_, _ = io.Copy(io.Discard, told)
			}()
			return m[1]
		}
		before.WriteString(lines.Text() + "\n")
	}
	close(drained)
	t.Fatalf("docker-registry did not start:\n%s", before.String())
	return ""
}
