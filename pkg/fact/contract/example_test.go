package contract_test

import (
	"fmt"

	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/fact/contract"
)

// A runbook that names a key which the product does not have.
func ExampleCheck() {
	page := []byte("# The disk is full\n\nRaise `server.limt` and wait.\n")
	breaches := contract.Check(contract.Input{
		Facts: &fact.Set{Facts: []fact.Fact{
			{Kind: fact.Config, Name: "server.limit", Path: "config.yaml", Line: 3},
			{Kind: fact.Runbook, Name: "runbooks/disk-full.md", Path: "runbooks/disk-full.md"},
		}},
		Runbooks: map[string][]byte{"runbooks/disk-full.md": page},
	})
	for _, b := range breaches {
		fmt.Printf("%s:%d: %s\n", b.File, b.Line, b.Text)
	}
	// Output:
	// runbooks/disk-full.md:3: there is no configuration key server.limt; did you mean server.limit?
}
