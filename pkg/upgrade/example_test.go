package upgrade_test

import (
	"fmt"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/upgrade"
)

// The way from 2.4.5 to 2.6.0 leads over a required stop.
func ExamplePlan() {
	standing := func(channel, line, newest string, u release.Upgrades) upgrade.Line {
		l, err := release.ParseLine(line)
		if err != nil {
			panic(err)
		}
		return upgrade.Line{Standing: &release.Standing{Channel: channel, Line: l, Newest: &release.Head{Version: release.MustVersion(newest)}, Upgrade: u}}
	}
	lines := []upgrade.Line{
		standing("lts-2.4", "2.4", "2.4.9", release.Upgrades{}),
		standing("lts-2.6", "2.6", "2.6.0", release.Upgrades{
			From:  ">=2.4.0",
			Stops: []release.Stop{{Version: release.MustVersion("2.4.9"), Reason: "it writes the data in the form that 2.6 reads"}},
		}),
	}
	steps, err := upgrade.Plan(lines, release.MustVersion("2.4.5"), release.MustVersion("2.6.0"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range steps {
		fmt.Println(s.Version, s.Stop)
	}
	// Output:
	// 2.4.9 it writes the data in the form that 2.6 reads
	// 2.6.0
}
