package portal_test

import (
	"fmt"
	"os"
	"time"

	"github.com/relctl/relctl/pkg/portal"
	"github.com/relctl/relctl/pkg/release"
)

// The pages about a product with one channel and no release yet.
func ExampleWrite() {
	dir, err := os.MkdirTemp("", "portal")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	_, err = portal.Write(dir, &portal.Model{
		Product: "acme", Time: time.Date(2026, 5, 3, 12, 0, 0, 0, time.UTC),
		Channels: []portal.Channel{{Name: "lts-2.4", Kind: release.LTS}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = os.Stat(dir + "/index.html")
	fmt.Println(err == nil)
	// Output:
	// true
}
