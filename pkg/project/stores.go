package project

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/relctl/relctl/pkg/publish"
)

// Store is where releases lie.
type Store = publish.Store

// Stores returns the stores that the policy lists; a relative folder lies in the working tree's root.
func (p *Project) Stores() []Store {
	var out []Store
	for _, s := range p.Policy.Product.Stores {
		if s.URL != "" {
			if store, err := publish.Parse(s.URL); err == nil { // the policy was checked when it was loaded
				out = append(out, store)
			}
			continue
		}
		if s.Directory == "" {
			continue // a registry, which holds images only
		}
		dir := filepath.FromSlash(s.Directory)
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(p.Repo.Top(), dir)
		}
		out = append(out, publish.Directory{Root: dir})
	}
	return out
}

// StoreError is a policy without a store.
type StoreError struct{}

func (*StoreError) Error() string { return "there is no store to publish the release in" }

// Hint says how to name one.
func (*StoreError) Hint() string {
	return "add one to channels/product.yaml (stores: [{directory: ../store}]), or give --store with a folder, oci://… or s3://…"
}

// Registry is where the images of releases lie: unseen under their digests first, shown by a tag later.
type Registry interface {
	Push(ctx context.Context, repository string, image publish.Image, about ...publish.Referrer) error
	Attached(ctx context.Context, repository, digest, mediaType string) ([][]byte, error)
	Hidden(ctx context.Context, repository, digest, tag string) (bool, error)
	Untagged(ctx context.Context, repository, digest string) (bool, error)
	Tag(ctx context.Context, repository, digest, tag string) error
	Repository(repository string) string
}

// Registries returns the registries that the policy lists among its stores.
func (p *Project) Registries() []Registry {
	var out []Registry
	for _, s := range p.Policy.Product.Stores {
		if s.Registry != "" {
			out = append(out, publish.Registry{Root: s.Registry})
		}
	}
	return out
}

// StoreNames lists stores for people.
func StoreNames(stores []Store) string {
	var names []string
	for _, s := range stores {
		names = append(names, s.String())
	}
	return strings.Join(names, ", ")
}
