package extract_test

import (
	"context"
	"fmt"
	"testing/fstest"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact/extract"
)

// The keys of a configuration file, by the file that ships with all of them and their defaults.
func ExampleGather() {
	commit := fstest.MapFS{"config.yaml": {Data: []byte("server:\n  listen: \":8080\"\n  limit: 100\n")}}
	set, err := extract.Gather(context.Background(), commit, []channel.FactSource{{Kind: "config", Files: []string{"config.yaml"}}}, extract.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range set.Facts {
		fmt.Println(f.Kind, f.Name, *f.Attributes.Default, f.Where())
	}
	// Output:
	// config server.limit 100 config.yaml:3
	// config server.listen :8080 config.yaml:2
}
