package version_test

import (
	"fmt"
	"time"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/version"
)

func ExampleNext() {
	line, err := release.ParseLine("2.4")
	if err != nil {
		panic(err)
	}
	opts := version.Options{
		Kind: release.LTS, Line: line,
		Released: []release.Version{release.MustVersion("2.4.6"), release.MustVersion("2.4.7-rc.1")},
		Changes:  []release.Change{{Type: "fix"}},
	}
	for _, pre := range []string{"rc", ""} {
		opts.Pre = pre
		v, why, err := version.Next(opts)
		if err != nil {
			panic(err)
		}
		fmt.Println(v)
		fmt.Println(" ", why)
	}
	// Output:
	// 2.4.7-rc.2
	//   rc 2 of 2.4.7; 2.4.7 is the next patch after 2.4.6: in line 2.4 only the patch number moves
	// 2.4.7
	//   2.4.7 is the next patch after 2.4.6: in line 2.4 only the patch number moves
}

func ExampleNext_calendar() {
	v, why, err := version.Next(version.Options{
		Kind: release.Rolling, Scheme: version.CalVer,
		Released: []release.Version{release.MustVersion("2026.103.1")},
		Now:      time.Date(2026, time.January, 3, 18, 0, 0, 0, time.UTC),
	})
	fmt.Println(v, err)
	fmt.Println(why)
	// Output:
	// 2026.103.2 <nil>
	// 2026.103.2 comes after 2026.103.1 of the same day
}
