package channel_test

import (
	"fmt"
	"testing/fstest"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/release"
)

func ExampleLoad() {
	repository := fstest.MapFS{
		"channels/product.yaml": {Data: []byte("name: acme\n")},
		"channels/lts-2.4.yaml": {Data: []byte("kind: lts\nline: \"2.4\"\nbranch: release/2.4\n")},
	}
	set, err := channel.Load(repository)
	if err != nil {
		panic(err)
	}
	ch, err := set.Channel("lts-2.4")
	if err != nil {
		panic(err)
	}
	fmt.Println(ch.Name, "owns", ch.Line, "on", ch.Ref())
	fmt.Println(ch.TagName(release.MustVersion("2.4.7")))
	// Output:
	// lts-2.4 owns 2.4 on refs/heads/release/2.4
	// v2.4.7
}

func ExampleErrors() {
	_, err := channel.Load(fstest.MapFS{
		"channels/product.yaml": {Data: []byte("name: acme\n")},
		"channels/lts-2.10.yaml": {Data: []byte(`kind: lts
line: 2.10
brnach: release/2.10
`)},
	})
	fmt.Println(err)
	// Output:
	// channels/lts-2.10.yaml:2:7: without quotes 2.10 is the number 2.1; did you mean line: "2.10"?
	//    2 | line: 2.10
	//      |       ^
	// channels/lts-2.10.yaml:3:1: unknown key "brnach"; did you mean "branch"?
	//    3 | brnach: release/2.10
	//      | ^
}
