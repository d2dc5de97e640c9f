package trust_test

import (
	"fmt"

	"github.com/relctl/relctl/pkg/trust"
)

// Each LTS channel has two roles: one signs the list of its releases, the other how it stands.
func ExampleChannelOf() {
	for _, role := range []string{"lts-2.4", "lts-2.4-status"} {
		channel, status := trust.ChannelOf(role)
		fmt.Println(channel, status)
	}
	// Output:
	// lts-2.4 false
	// lts-2.4 true
}
