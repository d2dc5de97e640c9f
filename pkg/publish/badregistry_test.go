package publish_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/relctl/relctl/pkg/publish"
)

// imageSteps are all that is done with an image in a registry, in this order; each returns an error if it gives anything
// but what it should.
var imageSteps = []struct {
	name string
	do   func(ctx context.Context, r publish.Registry, repository, digest string, image publish.Image) error
}{
	{"push", func(ctx context.Context, r publish.Registry, repository, digest string, image publish.Image) error {
		return r.Push(ctx, repository, image, publish.Signature([]byte(digest)))
	}},
	{"hidden", func(ctx context.Context, r publish.Registry, repository, digest string, _ publish.Image) error {
		is, err := r.Hidden(ctx, repository, digest, version)
		if err == nil && !is {
			err = &wrongError{"it is not there, or shown"}
		}
		return err
	}},
	{"tag", func(ctx context.Context, r publish.Registry, repository, digest string, _ publish.Image) error {
		return r.Tag(ctx, repository, digest, version)
	}},
	{"tagged", func(ctx context.Context, r publish.Registry, repository, digest string, _ publish.Image) error {
		have, err := r.Tagged(ctx, repository, version)
		return same("tag", []byte(have), []byte(digest), err)
	}},
	{"attached", func(ctx context.Context, r publish.Registry, repository, digest string, _ publish.Image) error {
		found, err := r.Attached(ctx, repository, digest, publish.SignatureType)
		if err == nil && len(found) != 1 {
			err = &wrongError{fmt.Sprintf("%d signatures", len(found))}
		}
		if err != nil {
			return err
		}
		return same("signature", found[0], []byte(digest), nil)
	}},
}

// disturbed is a registry in this process with something before it.
func disturbed(t *testing.T, d *disturber) string {
	t.Helper()
	server := httptest.NewServer(d.before(registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func TestImagesBearWhatServersDoWrong(t *testing.T) {
	t.Parallel()
	d := &disturber{}
	host := disturbed(t, d)
	image, digest := anImage(t)
	for n, fault := range faults {
		repository := fmt.Sprintf("broken%d", n)
		for _, step := range imageSteps {
			if step.name == "tagged" && fault.name == "lies about digests" {
				continue // what a tag names is the registry's word; whoever deploys names digests
			}
			retry := publish.Retry{Attempts: 2, Wait: time.Millisecond}
			if fault.name == "stands still" {
				retry.Stall = 20 * time.Millisecond
			}
			d.set(fault.f, 1)
			err := step.do(t.Context(), publish.Registry{Root: host, Retry: retry}, repository, digest, image)
			d.set(nil, 1)
			name := step.name + ", the server " + fault.name
			var wrong *wrongError
			var remote *publish.RemoteError
			switch {
			case errors.As(err, &wrong):
				t.Errorf("%s: %v", name, err)
			case err == nil && !fault.passing:
				t.Errorf("%s: it succeeded", name)
			case err != nil && !errors.As(err, &remote):
				t.Errorf("%s: it does not say which server, and what to do: %v", name, err)
			case remote != nil && (!strings.Contains(remote.Hint(), fault.hint) || remote.Tries > 2 || !fault.passing && remote.Tries != 1):
				t.Errorf("%s: %v\n%s", name, err, remote.Hint())
			}
			if err := step.do(t.Context(), publish.Registry{Root: host, Retry: retry}, repository, digest, image); err != nil {
				t.Errorf("%s: again, undisturbed: %v", name, err)
			}
		}
	}
}

func TestImagesBearFailuresThatPassWithoutARerun(t *testing.T) {
	t.Parallel()
	d := &disturber{}
	host := disturbed(t, d)
	image, digest := anImage(t)
	for n, fault := range faults {
		if !fault.passing || fault.name == "stands still" || fault.name == "lies about digests" || fault.name == "alters the answer" {
			continue
		}
		d.set(fault.f, 41) // more than any attempt makes, so that no attempt always meets it
		for _, step := range imageSteps {
			if err := step.do(t.Context(), publish.Registry{Root: host, Retry: publish.Retry{Attempts: 12, Wait: time.Millisecond}}, fmt.Sprintf("passing%d", n), digest, image); err != nil {
				t.Errorf("%s: now and then the server %s: %v", step.name, fault.name, err)
			}
		}
	}
}
