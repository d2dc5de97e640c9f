package publish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"golang.org/x/sync/errgroup"
)

// Untagged reports whether a repository holds the image with a digest, and no tag of it names that image. It asks for
// each tag but those in which referrers are kept.
func (r Registry) Untagged(ctx context.Context, repository, digest string) (bool, error) {
	ref, err := r.image(repository, digest)
	if err != nil {
		return false, err
	}
	var refused *transport.Error
	if _, err := remote.Head(ref, r.options(ctx)...); errors.As(err, &refused) && refused.StatusCode == http.StatusNotFound {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("%s: %w", ref, err)
	}
	tags, err := remote.List(ref.Context(), r.options(ctx)...)
	if err != nil {
		return false, fmt.Errorf("list the tags of %s: %w", ref.Context(), err)
	}
	var found atomic.Bool
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for _, tag := range tags {
		if strings.HasPrefix(tag, "sha256-") {
			continue
		}
		group.Go(func() error {
			have, err := r.Tagged(ctx, repository, tag)
			if have == digest {
				found.Store(true)
			}
			return err
		})
	}
	err = group.Wait()
	return !found.Load() && err == nil, err
}
