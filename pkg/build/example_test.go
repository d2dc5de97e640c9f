package build_test

import (
	"context"
	"fmt"
	"strings"
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

func ExampleGoreleaser_Split() {
	tree := fstest.MapFS{".goreleaser.yaml": {Data: []byte("builds: [{goos: [linux, windows], goarch: [amd64, arm64]}]")}}
	split, err := build.Goreleaser{}.Split(context.Background(), tree, 3)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, platforms := range split.Platforms {
		fmt.Println(build.Shard{Index: i + 1, Of: 3}, strings.Join(platforms, " "))
	}
	// Output:
	// 1/3 linux/amd64 windows/arm64
	// 2/3 linux/arm64
	// 3/3 windows/amd64
}
