package scaffold_test

import (
	"fmt"
	"testing/fstest"

	"github.com/relctl/relctl/pkg/scaffold"
)

// What relctl init would propose for a repository of which only this is known.
func ExamplePropose() {
	p, err := scaffold.Propose(scaffold.Repository{
		Name: "acme", Default: "main", Files: fstest.MapFS{".goreleaser.yaml": {Data: []byte("version: 2\n")}},
		Branches: []string{"main", "release/2.4", "feature/x"}, Tags: []string{"v2.4.0", "v2.4.1"},
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, l := range p.Lines {
		fmt.Println(l.Channel, "from", l.Branch, "with", l.Releases)
	}
	for _, f := range p.Files {
		fmt.Println(f.Path)
	}
	// Output:
	// lts-2.4 from release/2.4 with [2.4.1 2.4.0]
	// channels/product.yaml
	// channels/rolling.yaml
	// channels/lts-2.4.yaml
}
