package guide_test

import (
	"fmt"

	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/guide"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/upgrade"
)

// The guide from one release to the next: a key was removed, and a note says what to do.
func ExampleNew() {
	note, err := guide.ParseNote("docs/notes/limit.md", []byte("---\nkind: breaking\nimpact: the service does not start\naction: take the line out of the file\ncheck: it is not there\nfacts: [config server.limit]\n---\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	g := guide.New(guide.Request{
		Product: "acme",
		Points: []guide.Point{
			{Version: release.MustVersion("2.4.6"), Channel: "lts-2.4", Facts: &fact.Set{Facts: []fact.Fact{{Kind: fact.Config, Name: "server.limit"}}}},
			{Version: release.MustVersion("2.4.7"), Channel: "lts-2.4", Facts: &fact.Set{}, Notes: []guide.Note{*note}},
		},
		Steps: []upgrade.Step{{Channel: "lts-2.4", Version: release.MustVersion("2.4.7")}},
	})
	fmt.Println(g.Title())
	for _, a := range g.Act {
		fmt.Printf("%s: %v\n", a.Who, a.Names)
	}
	// Output:
	// Upgrade acme from 2.4.6 to 2.4.7
	// who writes the configuration, or how the programs are started: [server.limit]
}
