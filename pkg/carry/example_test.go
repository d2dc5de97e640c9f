package carry_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/carry"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
)

// A bundle, which was verified before, becomes visible in a store of one's own, with the trust that travels in it.
func Example() {
	work, err := os.MkdirTemp("", "carry")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(work) }()
	path := filepath.Join(work, "acme-2.4.7.bundle")
	if err := os.WriteFile(path, trusttest.Acme().Bundle("lts-2.4", "2.4.7"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	r, err := carry.Open(path, filepath.Join(work, "files"))
	if err != nil {
		fmt.Println(err)
		return
	}
	store := publish.Directory{Root: filepath.Join(work, "www")}
	if err := r.Publish(context.Background(), store); err != nil {
		fmt.Println(err)
		return
	}
	raw, err := store.Released(context.Background(), "lts-2.4", release.MustVersion("2.4.7"))
	fmt.Println(len(raw) > 0, err)
	fmt.Println(r.Trust[len(r.Trust)-1].Name)
	// Output:
	// true <nil>
	// trust/timestamp.json
}
