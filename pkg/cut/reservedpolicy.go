package cut

import (
	"context"
	"fmt"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/release"
)

// reservedProduct is the product as the plan was reserved with it: a cut that is finished later makes what was reserved,
// whatever the policy says by then.
func (c *cutter) reservedProduct(ctx context.Context, in release.Inputs) (channel.Product, error) {
	if sameBlob(c.Policy.Blobs, in.Policy, productFile) {
		return c.Policy.Product, nil
	}
	tree, none := "", channel.Product{}
	for _, b := range in.Policy {
		data, err := c.Repo.Blob(ctx, b.ID, maxPolicyFile)
		if err != nil {
			return none, fmt.Errorf("%s as the plan was reserved with it: %w", b.Path, err)
		}
		if tree, err = c.Repo.WriteFile(tree, b.Path, data); err != nil {
			return none, err
		}
	}
	files, err := c.Repo.FS(ctx, tree)
	if err != nil {
		return none, err
	}
	set, err := channel.Load(files)
	if err != nil {
		return none, fmt.Errorf("the policy that the plan was reserved with: %w", err)
	}
	return set.Product, nil
}

const productFile = "channels/product.yaml"

// maxPolicyFile limits one file of the policy, in bytes.
const maxPolicyFile = 16 << 20

// sameBlob reports whether two policies hold the same file under a path.
func sameBlob(a, b []release.Blob, path string) bool {
	id := func(all []release.Blob) string {
		for _, blob := range all {
			if blob.Path == path {
				return blob.ID
			}
		}
		return ""
	}
	return id(a) == id(b)
}
