package cuttest

import (
	"context"
	"os"

	"github.com/relctl/relctl/testdata/acme"
)

// Sample lays out the sample product for an example, and returns its repository and what removes all of it.
func Sample() (repo string, remove func()) {
	dir, err := os.MkdirTemp("", "acme-")
	if err != nil {
		panic(err)
	}
	sample, err := acme.Replay(context.Background(), dir)
	if err != nil {
		panic(err)
	}
	return sample.Repo, func() { _ = os.RemoveAll(dir) }
}
