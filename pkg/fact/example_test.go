package fact_test

import (
	"fmt"

	"github.com/relctl/relctl/pkg/fact"
)

// What two commits say about the same key, as an operator reads it.
func ExampleDiff() {
	limit := func(value string) *fact.Set {
		return &fact.Set{Facts: []fact.Fact{{Kind: fact.Config, Name: "server.limit", Attributes: fact.Attributes{Type: "integer", Default: &value}}}}
	}
	for _, c := range fact.Diff(limit("100"), limit("50")) {
		fmt.Println(c.Impact, c.Kind, c.Name, c.What, c.Before, "→", c.After)
	}
	// Output:
	// action config server.limit default 100 → 50
}
