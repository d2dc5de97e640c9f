package ociremote_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/relctl/relctl/pkg/internal/ociremote"
)

// reached notes the requests that would have left, and answers none.
type reached struct{ urls []string }

func (r *reached) RoundTrip(req *http.Request) (*http.Response, error) {
	r.urls = append(r.urls, req.URL.Scheme+"://"+req.URL.Host)
	return nil, http.ErrServerClosed
}

func TestPlainHTTPStaysOnTheMachine(t *testing.T) {
	t.Parallel()
	for host, plain := range map[string]bool{
		"registry.example.com": false, "10.0.0.1": false, "10.0.0.1:5000": false, "192.168.1.1:5000": false, "registry.local:5000": false, "127.0.0.1.example.com": false,
		"127.0.0.1:5000": true, "localhost:5000": true, "[::1]:5000": true,
	} {
		repo, err := name.NewRepository(host + "/acme/acmed")
		if err != nil {
			t.Fatal(err)
		}
		network := &reached{}
		if _, err = remote.List(repo, ociremote.Options(t.Context(), authn.DefaultKeychain, network)...); err == nil {
			t.Fatal("a server answered")
		}
		all := strings.Join(network.urls, " ")
		if got := strings.Contains(all, "http://"); got != plain || !strings.Contains(all, "https://") {
			t.Errorf("%s: asked %s", host, all)
		}
	}
}
