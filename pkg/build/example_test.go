package build_test

import (
	"context"
	"fmt"
	"testing/fstest"

	"github.com/relctl/relctl/pkg/build"
)

// A plan asks a builder what it depends on and what it will do, without building anything.
func ExampleCommand() {
	commit := fstest.MapFS{"hack/build.sh": {Mode: 0o755}}
	b := build.Command{Argv: []string{"./hack/build.sh", "--all"}, Output: "dist"}
	pins, err := b.Pins(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(pins[0].Name, "=", pins[0].Value)
	for _, line := range b.Describe(context.Background(), commit) {
		fmt.Println(line)
	}
	// Output:
	// command = ./hack/build.sh --all
	// ./hack/build.sh --all, and what it leaves in dist
}

func ExampleLint() {
	const config = `
builds:
  - id: acmed
    env: [CGO_ENABLED=0]
    flags: [-trimpath]
    ldflags: ["-X main.version={{ .Version }}"]
    mod_timestamp: "{{ .CommitTimestamp }}"
archives:
  - formats: [binary]
`
	for _, p := range build.Lint([]byte(config)) {
		fmt.Println(p.Where)
		fmt.Println(" ", p.What)
		fmt.Println("  write", p.Fix)
	}
	// Output:
	// builds acmed
	//   -buildvcs=false is missing, so the binary holds what git says of the checkout
	//   write flags: [-trimpath, -buildvcs=false]
}
