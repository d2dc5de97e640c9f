package k8s

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/relctl/relctl/pkg/deploy"
	"github.com/relctl/relctl/pkg/image"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/sign"
)

// controllers runs Flux's source-controller and kustomize-controller against a server until the test ends.
func controllers(t *testing.T, s *server) {
	t.Helper()
	bin, err := programs()
	must(t, err)
	dir := t.TempDir()
	config := filepath.Join(dir, "kubeconfig")
	write(t, config, fmt.Sprintf(`{"apiVersion": "v1", "kind": "Config", "current-context": "c",
  "clusters": [{"name": "c", "cluster": {"server": %q, "insecure-skip-tls-verify": true}}],
  "users": [{"name": "u", "user": {"token": %q}}],
  "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]}`, s.url, token))
	t.Setenv("KUBECONFIG", config)
	t.Setenv("RUNTIME_NAMESPACE", "flux-system")
	t.Setenv("TUF_ROOT", filepath.Join(dir, "tuf"))
	storage := freePort(t)
	must(t, os.Mkdir(filepath.Join(dir, "storage"), 0o700))
	run(t, filepath.Join(dir, "source-controller.log"), filepath.Join(bin, "source-controller"),
		"--storage-path="+filepath.Join(dir, "storage"), "--storage-addr="+storage, "--storage-adv-addr="+storage,
		"--metrics-addr=0", "--health-addr="+freePort(t))
	run(t, filepath.Join(dir, "kustomize-controller.log"), filepath.Join(bin, "kustomize-controller"),
		"--metrics-addr=0", "--health-addr="+freePort(t), "--feature-gates=CancelHealthCheckOnNewRevision=true")
}

// serveGit serves a bare repository with a branch of files by git's own program, and returns its address and the commit.
func serveGit(t *testing.T, files map[string][]byte) (url, commit string) {
	t.Helper()
	root, work := t.TempDir(), t.TempDir()
	git := func(args ...string) string {
		cmd := exec.Command("git", append([]string{"-C", work, "-c", "user.name=release", "-c", "user.email=release@acme.example"}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q")
	for name, data := range files {
		at := filepath.Join(work, filepath.FromSlash(name))
		must(t, os.MkdirAll(filepath.Dir(at), 0o755))
		must(t, os.WriteFile(at, data, 0o600))
	}
	git("add", "-A")
	git("commit", "-q", "-m", "deploy")
	git("init", "-q", "--bare", filepath.Join(root, "acme.git"))
	git("push", "-q", filepath.Join(root, "acme.git"), "HEAD:refs/heads/"+deploy.DefaultBranch)
	web := httptest.NewServer(&cgi.Handler{
		Path: filepath.Join(git("--exec-path"), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1"},
	})
	t.Cleanup(web.Close)
	return web.URL + "/acme.git", git("rev-parse", "HEAD")
}

// serveRegistry serves an empty registry of container images.
func serveRegistry(t *testing.T) publish.Registry {
	t.Helper()
	web := httptest.NewServer(registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(web.Close)
	return publish.Registry{Root: strings.TrimPrefix(web.URL, "http://")}
}

// newKey makes a key, and a Secret with its public part for Flux.
func newKey(t *testing.T, s *server, secret string) *sign.Key {
	t.Helper()
	private, public, err := sign.Generate([]byte("correct horse"))
	must(t, err)
	key, err := sign.Load(private, []byte("correct horse"))
	must(t, err)
	must(t, s.apply(object{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": secret, "namespace": "flux-system"},
		"stringData": map[string]any{"deploy.pub": string(public)},
	}, ""))
	return key
}

// push brings an image to a registry, signed by a key unless that is nil, and returns its digest.
func push(t *testing.T, store publish.Registry, repository string, image publish.Image, key *sign.Key) string {
	t.Helper()
	digest, err := image.Digest()
	must(t, err)
	var about []publish.Referrer
	if key != nil {
		signature, err := key.SignImage(t.Context(), digest.String())
		must(t, err)
		about = append(about, publish.Signature(signature))
	}
	must(t, store.Push(t.Context(), repository, image, about...))
	return digest.String()
}

// container makes an image as a release has it.
func container(t *testing.T) publish.Image {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "acmed")
	write(t, program+".go", "package main\n\nfunc main() {}\n")
	compile := exec.Command("go", "build", "-o", program, program+".go")
	compile.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	made, err := image.Build(t.Context(), image.Request{
		Spec: image.Spec{Name: "acmed"}, Version: release.MustVersion("2026.103.1"), Revision: strings.Repeat("c", 40),
		SourceDate: time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC), Out: dir,
		Binaries: []image.Binary{{Name: "acmed", Platform: "linux/" + runtime.GOARCH, Path: program}},
	})
	must(t, err)
	layout, err := image.Open(filepath.Join(dir, made.File.Path))
	must(t, err)
	t.Cleanup(func() { must(t, layout.Close()) })
	return layout
}

// applied applies the objects of a file as somebody does who connects a cell.
func applied(t *testing.T, s *server, data []byte) {
	t.Helper()
	for _, o := range objects(t, data) {
		must(t, s.apply(o, ""))
	}
}

// reads waits until a source of Flux is ready and has read a revision. The two come in patches of their own.
func reads(t *testing.T, s *server, kind, name, revision string) {
	t.Helper()
	await(t, s, kind, name, "Ready", "True", revision)
}

// verified waits until a source of Flux tells whether it is signed.
func verified(t *testing.T, s *server, name, status string) {
	t.Helper()
	await(t, s, "OCIRepository", name, "SourceVerified", status, "")
}

// await waits until a source of Flux has a condition, and a revision unless that is "".
func await(t *testing.T, s *server, kind, name, condition, status, revision string) {
	t.Helper()
	where, err := s.path(object{
		"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": kind, "metadata": map[string]any{"name": name, "namespace": "flux-system"},
	}, "")
	must(t, err)
	s.await(t, nil, where, func(body []byte) bool {
		var o struct {
			Metadata struct{ Generation int64 }
			Status   struct {
				Artifact   struct{ Revision string }
				Conditions []struct {
					Type, Status       string
					ObservedGeneration int64
				}
			}
		}
		if json.Unmarshal(body, &o) != nil {
			return false
		}
		if revision != "" && o.Status.Artifact.Revision != revision {
			return false
		}
		for _, c := range o.Status.Conditions {
			if c.Type == condition && c.ObservedGeneration == o.Metadata.Generation {
				return c.Status == status
			}
		}
		return false
	})
}

// runs waits until the cell's Deployment in the cluster has an image.
func runs(t *testing.T, s *server, image string) {
	t.Helper()
	s.await(t, nil, "/apis/apps/v1/namespaces/acme/deployments/acme", func(body []byte) bool { return bytes.Contains(body, []byte(image)) })
}

// fluxSource is a source of Flux for an image or artifact by digest, with the keys in a Secret.
func fluxSource(name, url, digest, keys string) object {
	return object{
		"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository", "metadata": map[string]any{"name": name, "namespace": "flux-system"},
		"spec": map[string]any{
			"interval": "1m", "url": url, "ref": map[string]any{"digest": digest},
			"verify": map[string]any{"provider": "cosign", "secretRef": map[string]any{"name": keys}},
		},
	}
}

func TestFluxTakesWhatIsDeployedFromTheBranchOrFromSignedArtifacts(t *testing.T) {
	s := start(t)
	install(t, s)
	controllers(t, s)
	const cell = "acme-rolling-eu-1"

	// From the deploy branch.
	files := rendered(t, deploy.Flux, "http://127.0.0.1/acme.git", "", "2026.103.1", '1', fstest.MapFS{})
	url, commit := serveGit(t, files)
	branch := fstest.MapFS{}
	for name, data := range files {
		branch[name] = &fstest.MapFile{Data: data, Mode: 0o644}
	}
	applied(t, s, rendered(t, deploy.Flux, url, "", "2026.103.1", '1', branch)["gitops/flux/rolling/eu-1.yaml"])
	reads(t, s, "GitRepository", cell, deploy.DefaultBranch+"@sha1:"+commit)
	runs(t, s, "registry.example/acme/acmed@"+digest('1'))

	// From artifacts of a registry, one of which nobody signed.
	store := serveRegistry(t)
	key := newKey(t, s, deploy.KeysName("acme"))
	files = rendered(t, deploy.Flux, "oci://"+store.Root+"/acme/deploy", "", "2026.104.1", '2', branch)
	for name, data := range files {
		branch[name] = &fstest.MapFile{Data: data, Mode: 0o644}
	}
	digests := map[string]string{}
	for ring, by := range map[string]*sign.Key{"multi-tenant": key, "canary": nil} {
		artifact, err := deploy.Artifact(branch, ring)
		must(t, err)
		digests[ring] = push(t, store, "acme/deploy", artifact, by)
		must(t, store.Point(t.Context(), "acme/deploy", digests[ring], ring))
	}
	applied(t, s, files["gitops/flux/rolling/eu-2.yaml"])
	verified(t, s, "acme-rolling-eu-2", "True")
	reads(t, s, "OCIRepository", "acme-rolling-eu-2", "multi-tenant@"+digests["multi-tenant"])
	runs(t, s, "registry.example/acme/acmed@"+digest('2'))
	applied(t, s, files["gitops/flux/rolling/eu-1.yaml"])
	verified(t, s, cell, "False")

	// The same artifact under another key, and the image of a release.
	newKey(t, s, "others")
	img := push(t, store, "acme/acmed", container(t), key)
	for name, c := range map[string]struct{ path, digest, keys, verified string }{
		"artifact-others": {"acme/deploy", digests["multi-tenant"], "others", "False"},
		"image":           {"acme/acmed", img, deploy.KeysName("acme"), "True"},
		"image-others":    {"acme/acmed", img, "others", "False"},
	} {
		must(t, s.apply(fluxSource(name, "oci://"+store.Root+"/"+c.path, c.digest, c.keys), ""))
		verified(t, s, name, c.verified)
	}
	reads(t, s, "OCIRepository", "image", img)

	// What never gets healthy does not keep the next release out, as docs/flux.md sets Flux up: no Deployment is ever ready
	// here, and Flux waits for that of the branch.
	for name, data := range rendered(t, deploy.Flux, "oci://"+store.Root+"/acme/deploy", "", "2026.105.1", '3', branch) {
		branch[name] = &fstest.MapFile{Data: data, Mode: 0o644}
	}
	artifact, err := deploy.Artifact(branch, "canary")
	must(t, err)
	must(t, store.Point(t.Context(), "acme/deploy", push(t, store, "acme/deploy", artifact, key), "canary"))
	runs(t, s, "registry.example/acme/acmed@"+digest('3'))
}
