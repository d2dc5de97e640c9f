// Package s3test runs a real server of the S3 protocol for tests: versitygw, over a folder.
package s3test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/relctl/relctl/internal/tool"
)

// The credentials that the server takes, as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
const (
	AccessKey = "ci"
	SecretKey = "correct horse"
)

// Start runs a server whose buckets are the folders of dir, and returns what passes requests on to it once it answers. It
// has no port of its own: whoever listens before it decides what it sees. stop ends it.
func Start(ctx context.Context, dir string) (server http.Handler, stop func(), err error) {
	program, err := tool.Path(ctx, "versitygw")
	if err != nil {
		return nil, nil, err
	}
	// The path of a socket must be short.
	run, err := os.MkdirTemp("", "s3-")
	if err != nil {
		return nil, nil, err
	}
	socket, apart := filepath.Join(run, "s"), filepath.Join(run, "meta")
	cmd := exec.Command(program, "--access", AccessKey, "--secret", SecretKey, "--port", socket, "--quiet", "--keep-alive", "posix", "--sidecar", apart, dir)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := errors.Join(os.Mkdir(apart, 0o755), cmd.Start()); err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(run))
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = os.RemoveAll(run)
	}
	dial := func(ctx context.Context) (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, "unix", socket) }
	if err := answers(ctx, dial); err != nil {
		stop()
		return nil, nil, fmt.Errorf("versitygw did not start: %w\n%s", err, said.String())
	}
	return &httputil.ReverseProxy{
		ErrorLog: log.New(io.Discard, "", 0), // clients go away when they like
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "s3"})
			r.Out.Host = r.In.Host // it is signed
		},
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }, DisableCompression: true},
	}, stop, nil
}

// answers waits until the server takes connections.
func answers(ctx context.Context, dial func(context.Context) (net.Conn, error)) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := dial(ctx)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}
