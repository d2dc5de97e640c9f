package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/relctl/relctl/internal/s3test"
)

// cmdBucket starts a server of S3 for the script and sets BUCKET to the address of an empty bucket in it, with the
// credentials where the AWS tools look for them. The bucket's objects are the files below $WORK/s3/releases. While the
// file $WORK/closed is there it refuses everything.
func cmdBucket(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: bucket")
	}
	dir, closed := ts.MkAbs("s3"), ts.MkAbs("closed")
	ts.Check(os.MkdirAll(filepath.Join(dir, "releases"), 0o755))
	inner, stop, err := s3test.Start(context.Background(), dir)
	ts.Check(err)
	ts.Defer(stop)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := os.Stat(closed); err == nil {
			http.Error(w, "closed", http.StatusForbidden)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	ts.Defer(server.Close)
	ts.Setenv("BUCKET", "s3://releases/acme?endpoint="+server.URL)
	ts.Setenv("AWS_ACCESS_KEY_ID", s3test.AccessKey)
	ts.Setenv("AWS_SECRET_ACCESS_KEY", s3test.SecretKey)
}
