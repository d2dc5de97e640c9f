// Package ociremote says how registries of container images are reached.
package ociremote

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Options are those of every request. A nil keychain is the credentials that docker login has left, a nil transport the
// usual one. Whatever the transport, nothing leaves the machine without TLS.
func Options(ctx context.Context, keychain authn.Keychain, transport http.RoundTripper) []remote.Option {
	if keychain == nil {
		keychain = authn.DefaultKeychain
	}
	if transport == nil {
		transport = remote.DefaultTransport
	}
	return []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(keychain), remote.WithTransport(secure{transport})}
}

// secure refuses plain HTTP to other machines. The library would try it in private networks, with the credentials.
type secure struct{ base http.RoundTripper }

func (s secure) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !Loopback(r.URL.Hostname()) {
		return nil, &PlainError{Host: r.URL.Host}
	}
	return s.base.RoundTrip(r)
}

// Loopback reports whether a host, without port, is this machine.
func Loopback(host string) bool { return host == "localhost" || net.ParseIP(host).IsLoopback() }

// PlainError is plain HTTP to another machine.
type PlainError struct{ Host string }

func (e *PlainError) Error() string {
	return fmt.Sprintf("%s is reached by TLS only, plain http is for servers on this machine", e.Host)
}
