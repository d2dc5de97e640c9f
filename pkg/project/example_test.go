package project_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/testdata/acme"
)

// The channels of the sample product, as their status tells them.
func ExampleProject_Status() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "acme-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	sample, err := acme.Replay(ctx, dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := project.Open(ctx, sample.Repo, project.OpenOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	st, err := p.Status(ctx, time.Now())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, ch := range st.Channels {
		fmt.Println(ch.Name, ch.Kind, "with", len(ch.Rings), "rings")
	}
	// Output:
	// lts-2.4 lts with 0 rings
	// rolling rolling with 4 rings
}
