package k8s

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	kubernetes = "v1.36.3" // as in go.mod
	token      = "relctl-test"
)

// programs builds etcd, kube-apiserver and Flux's controllers, and returns where they lie. Go links them again only if
// something changed.
var programs = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "relctl-test", "kubernetes-"+kubernetes)
	for name, args := range map[string][]string{
		"etcd":           {"go.etcd.io/etcd/server/v3"},
		"kube-apiserver": {"-ldflags", "-s -w -X k8s.io/component-base/version.gitVersion=" + kubernetes, "k8s.io/kubernetes/cmd/kube-apiserver"},
	} {
		if err := build(".", filepath.Join(dir, name), args...); err != nil {
			return "", err
		}
	}
	for _, name := range []string{"source-controller", "kustomize-controller"} {
		if err := build("flux", filepath.Join(dir, name), "-ldflags", "-s -w", "github.com/fluxcd/"+name); err != nil {
			return "", err
		}
	}
	return dir, nil
})

// build builds a program of a module.
func build(module, program string, args ...string) error {
	cmd := exec.Command("go", append([]string{"-C", module, "build", "-o", program}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", program, err, out)
	}
	return nil
}

// server is a Kubernetes API server on loopback.
type server struct {
	url    string
	client *http.Client
}

// start runs etcd and an API server until the test ends.
func start(t *testing.T) *server {
	t.Helper()
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write(t, at("tokens.csv"), token+",admin,admin,system:masters\n")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	write(t, at("accounts.key"), string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})))

	peer, etcd, api := freePort(t), freePort(t), freePort(t)
	run(t, at("etcd.log"), filepath.Join(bin, "etcd"), "--data-dir="+at("etcd"), "--unsafe-no-fsync",
		"--listen-client-urls=http://"+etcd, "--advertise-client-urls=http://"+etcd,
		"--listen-peer-urls=http://"+peer, "--initial-advertise-peer-urls=http://"+peer, "--initial-cluster=default=http://"+peer)
	_, port, err := net.SplitHostPort(api)
	if err != nil {
		t.Fatal(err)
	}
	ended := run(t, at("apiserver.log"), filepath.Join(bin, "kube-apiserver"), "--etcd-servers=http://"+etcd,
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--secure-port="+port, "--cert-dir="+at("certs"),
		"--service-cluster-ip-range=10.0.0.0/24", "--token-auth-file="+at("tokens.csv"), "--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file="+at("accounts.key"), "--service-account-signing-key-file="+at("accounts.key"))

	s := &server{url: "https://" + api, client: &http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, // its certificate is made as it starts
	}}
	s.await(t, ended, "/readyz", func(body []byte) bool { return string(body) == "ok" })
	return s
}

// freePort returns an address on loopback that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a program until the test ends, and shows the end of its log if the test failed. The channel closes when it
// ends.
func run(t *testing.T, log, program string, args ...string) <-chan struct{} {
	t.Helper()
	out, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		_ = out.Close()
		if data, err := os.ReadFile(log); err == nil && t.Failed() {
			t.Logf("%s ends with\n%s", log, data[max(0, len(data)-4000):])
		}
	})
	return ended
}

// await asks until the answer is the one that is waited for.
func (s *server) await(t *testing.T, ended <-chan struct{}, path string, is func([]byte) bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	for {
		status, body, err := s.do(http.MethodGet, path, nil)
		if err == nil && status == http.StatusOK && is(body) {
			return
		}
		select {
		case <-tick.C:
		case <-ended:
			t.Fatal("the server ended by itself")
		case <-ctx.Done():
			t.Fatalf("%s: %d %s, %v", path, status, body, err)
		}
	}
}

// do sends a request; a body is one to apply.
func (s *server) do(method, path string, body []byte) (int, []byte, error) {
	req, err := http.NewRequest(method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		req.Header.Set("Content-Type", "application/apply-patch+yaml")
	}
	res, err := s.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	return res.StatusCode, data, err
}

// object is any Kubernetes object.
type object map[string]any

func (o object) text(path ...string) string {
	var v any = map[string]any(o)
	for _, key := range path {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	s, _ := v.(string)
	return s
}

func (o object) String() string {
	return strings.Join([]string{o.text("apiVersion"), o.text("kind"), o.text("metadata", "name")}, " ")
}

// apply applies an object as Argo CD and Flux do, on the server's side and with strict validation.
func (s *server) apply(o object, namespace string) error {
	path, err := s.path(o, namespace)
	if err != nil {
		return err
	}
	body, err := json.Marshal(o)
	if err != nil {
		return err
	}
	status, answer, err := s.do(http.MethodPatch, path+"?fieldManager=relctl&fieldValidation=Strict", body)
	switch {
	case err != nil:
		return err
	case status != http.StatusOK && status != http.StatusCreated:
		return fmt.Errorf("%s: %d %s", o, status, answer)
	}
	return nil
}

// path is where the server has an object; namespace is for objects that name none.
func (s *server) path(o object, namespace string) (string, error) {
	api := "/api/" + o.text("apiVersion")
	if strings.Contains(o.text("apiVersion"), "/") {
		api = "/apis/" + o.text("apiVersion")
	}
	status, body, err := s.do(http.MethodGet, api, nil)
	if err != nil {
		return "", err
	}
	var list struct {
		Resources []struct {
			Name, Kind string
			Namespaced bool
		}
	}
	if err := json.Unmarshal(body, &list); err != nil || status != http.StatusOK {
		return "", fmt.Errorf("%s: %d %s", o, status, body)
	}
	for _, r := range list.Resources {
		if r.Kind != o.text("kind") || strings.Contains(r.Name, "/") {
			continue
		}
		if ns := o.text("metadata", "namespace"); ns != "" {
			namespace = ns
		}
		if r.Namespaced {
			return api + "/namespaces/" + namespace + "/" + r.Name + "/" + o.text("metadata", "name"), nil
		}
		return api + "/" + r.Name + "/" + o.text("metadata", "name"), nil
	}
	return "", fmt.Errorf("%s: the server knows no such kind", o)
}
