package publish_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/relctl/relctl/pkg/publish"
)

const version = "2.4.7"

// anImage is an index of two images with two layers each.
func anImage(t testing.TB) (v1.ImageIndex, string) {
	t.Helper()
	index, err := random.Index(512, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	return index, digestOf(t, index)
}

func digestOf(t testing.TB, index v1.ImageIndex) string {
	t.Helper()
	d, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d.String()
}

// pull checks the image with a tag or digest to the last byte and returns its digest.
func pull(t testing.TB, ref string) string {
	t.Helper()
	parsed, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(parsed)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
	return digestOf(t, index)
}

func TestImageIsThereByDigestAndShownByItsTag(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, host string) {
		r := publish.Registry{Root: host + "/acme"}
		image, digest := anImage(t)
		sbom := []byte(`{"bomFormat":"CycloneDX"}`)
		if err := r.Push(t.Context(), "acmed", image, publish.Signature([]byte("one")), publish.SBOM(sbom), publish.Signature([]byte("two"))); err != nil {
			t.Fatal(err)
		}
		ref := r.Repository("acmed")
		if got := pull(t, ref+"@"+digest); got != digest {
			t.Errorf("pulled %s", got)
		}
		if tag, err := r.Tagged(t.Context(), "acmed", version); err != nil || tag != "" {
			t.Errorf("visible before it was tagged: %s, %v", tag, err)
		}
		hidden := func(digest string, want bool) {
			t.Helper()
			if got, err := r.Hidden(t.Context(), "acmed", digest, version); err != nil || got != want {
				t.Errorf("%s is hidden: %v, %v", digest, got, err)
			}
		}
		hidden(digest, true)
		hidden("sha256:"+strings.Repeat("a", 64), false)
		untagged := func(digest string, want bool) {
			t.Helper()
			if got, err := r.Untagged(t.Context(), "acmed", digest); err != nil || got != want {
				t.Errorf("%s has no tag: %v, %v", digest, got, err)
			}
		}
		untagged(digest, true)
		untagged("sha256:"+strings.Repeat("a", 64), false)
		for range 2 {
			if err := r.Tag(t.Context(), "acmed", digest, version); err != nil {
				t.Fatal(err)
			}
			hidden(digest, false)
			untagged(digest, false)
		}
		if tag, err := r.Tagged(t.Context(), "acmed", version); err != nil || tag != digest || pull(t, ref+":"+version) != digest {
			t.Errorf("tagged %s, %v", tag, err)
		}
		attachForeign(t, ref, image)
		boms, err := r.Attached(t.Context(), "acmed", digest, "application/vnd.cyclonedx+json")
		if err != nil || len(boms) != 1 || string(boms[0]) != string(sbom) {
			t.Errorf("SBOMs %q, %v", boms, err)
		}
		signatures, err := r.Attached(t.Context(), "acmed", digest, publish.SignatureType)
		got := []string{}
		for _, s := range signatures {
			got = append(got, string(s))
		}
		if slices.Sort(got); err != nil || strings.Join(got, " ") != "one two" {
			t.Errorf("signatures %q, %v", got, err)
		}
	}, withReferrers, withoutReferrers, debians)
}

// attachForeign puts an index beside an image, as other tools may.
func attachForeign(t testing.TB, repository string, image v1.ImageIndex) {
	t.Helper()
	subject, err := partial.Descriptor(image)
	if err != nil {
		t.Fatal(err)
	}
	foreign, ok := mutate.Subject(mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: empty.Image}), *subject).(v1.ImageIndex)
	if !ok {
		t.Fatal("no index")
	}
	ref, err := name.ParseReference(repository + "@" + digestOf(t, foreign))
	if err == nil {
		err = remote.WriteIndex(ref, foreign)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestTagNeverMovesAndTheErrorNamesBothImages(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, host string) {
		r := publish.Registry{Root: host}
		first, have := anImage(t)
		second, want := anImage(t)
		err := errors.Join(r.Push(t.Context(), "acmed", first), r.Tag(t.Context(), "acmed", have, version), r.Push(t.Context(), "acmed", second))
		if err != nil {
			t.Fatal(err)
		}
		err = r.Tag(t.Context(), "acmed", want, version)
		var refused *publish.TagError
		if !errors.As(err, &refused) || refused.Have != have || refused.Want != want || !strings.Contains(err.Error(), have) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v", err)
		}
		if got := pull(t, host+"/acmed:"+version); got != have {
			t.Errorf("the tag moved to %s", got)
		}
		if err := r.Tag(t.Context(), "acmed", "sha256:"+strings.Repeat("a", 64), "2.4.8"); err == nil {
			t.Error("an image that is not there has a tag")
		}
	}, withReferrers, withoutReferrers, debians)
}

// network lets a number of writes pass and counts them; what comes after fails as if the machine had died.
type network struct {
	mu      sync.Mutex
	left    int
	written []string
}

var errDied = errors.New("the machine died")

func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return http.DefaultTransport.RoundTrip(r)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.left == 0 {
		return nil, errDied
	}
	n.left--
	n.written = append(n.written, r.Method+" "+r.URL.Path)
	return http.DefaultTransport.RoundTrip(r)
}

func TestPublishingThatDiedAfterAnyWriteIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, host string) {
		r := publish.Registry{Root: host}
		for n, done := 0, false; !done; n++ {
			image, digest := anImage(t)
			about := []publish.Referrer{publish.Signature([]byte(digest)), publish.SBOM([]byte(digest))}
			repository := fmt.Sprintf("died%d", n)
			do := func(left int) (*network, error) {
				n := &network{left: left}
				r := publish.Registry{Root: host, Transport: n, Retry: publish.Retry{Attempts: 1}}
				if err := r.Push(t.Context(), repository, image, about...); err != nil {
					return n, err
				}
				return n, r.Tag(t.Context(), repository, digest, version)
			}
			whole, err := do(n)
			if done = err == nil; done {
				if last := whole.written[n-1]; n < 10 || last != "PUT /v2/"+repository+"/manifests/"+version {
					t.Errorf("the tag is not the last of %d writes: %s", n, last)
				}
				continue
			}
			if tag, terr := r.Tagged(t.Context(), repository, version); !errors.Is(err, errDied) || terr != nil || tag != "" {
				t.Fatalf("after %d writes %q is shown: %v, %v", n, tag, err, terr)
			}
			if _, err := do(-1); err != nil {
				t.Fatal(err)
			}
			if got := pull(t, host+"/"+repository+":"+version); got != digest {
				t.Errorf("after %d writes: %s", n, got)
			}
			for _, a := range about {
				if found, err := r.Attached(t.Context(), repository, digest, a.MediaType); err != nil || len(found) != 1 || string(found[0]) != digest {
					t.Errorf("after %d writes: %s: %q, %v", n, a.MediaType, found, err)
				}
			}
			if _, err := do(0); err != nil {
				t.Errorf("a third time it writes: %v", err)
			}
		}
	}, withReferrers, withoutReferrers) // it makes thousands of requests
}

func TestNamesThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	image, digest := anImage(t)
	host := inProcess(t, true)
	for _, c := range []struct{ root, repository, tag string }{
		{"acme", "acmed", version}, // would be on Docker Hub
		{host, "Acmed", version}, {host, "a b", version}, {host, "", version},
		{host, "acmed", "2.4.7+b"}, {host, "acmed", ""}, {host, "acmed@" + digest, version},
	} {
		r := publish.Registry{Root: c.root}
		if c.tag == version {
			if err := r.Push(t.Context(), c.repository, image); err == nil {
				t.Errorf("pushed to %s", r.Repository(c.repository))
			}
		}
		if err := r.Tag(t.Context(), c.repository, digest, c.tag); err == nil {
			t.Errorf("tagged %s:%s", r.Repository(c.repository), c.tag)
		}
	}
	if err := (publish.Registry{Root: host}).Tag(t.Context(), "acmed", "2.4.6", version); err == nil {
		t.Error("a tag is taken for a digest")
	}
}

// TestCredentialsAreThoseOfDockerLogin sets the environment and so runs alone.
func TestCredentialsAreThoseOfDockerLogin(t *testing.T) {
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || user != "ci" || password != "secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	image, _ := anImage(t)
	for config, works := range map[string]bool{
		`{}`: false,
		`{"auths": {"` + host + `": {"auth": "Y2k6d3Jvbmc="}}}`:  false,
		`{"auths": {"` + host + `": {"auth": "Y2k6c2VjcmV0"}}}`:  true,
		`{"auths": {"other.example": {"auth": "Y2k6c2VjcmV0"}}}`: false,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("DOCKER_CONFIG", dir)
		err := publish.Registry{Root: host}.Push(t.Context(), "acmed", image)
		if (err == nil) != works {
			t.Errorf("%s: %v", config, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}

// show pushes an image, unseen, and then shows it, as a release does before and after its commit point.
func show(ctx context.Context, r publish.Registry, image v1.ImageIndex) error {
	digest, err := image.Digest()
	if err != nil {
		return err
	}
	if err := r.Push(ctx, "acmed", image, publish.SBOM([]byte("{}"))); err != nil {
		return err
	}
	before, err := r.Tagged(ctx, "acmed", "2.4.7")
	if err != nil {
		return err
	}
	fmt.Printf("before: %q\n", before)
	if err := r.Tag(ctx, "acmed", digest.String(), "2.4.7"); err != nil {
		return err
	}
	after, err := r.Tagged(ctx, "acmed", "2.4.7")
	fmt.Println("after: the same image:", after == digest.String())
	return err
}

func ExampleRegistry() {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	r := publish.Registry{Root: strings.TrimPrefix(server.URL, "http://") + "/acme"}
	if err := show(context.Background(), r, empty.Index); err != nil { // in earnest what image.Open returns
		fmt.Println(err)
	}
	// Output:
	// before: ""
	// after: the same image: true
}
