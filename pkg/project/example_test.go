package project_test

import (
	"context"
	"fmt"
	"time"

	"github.com/relctl/relctl/pkg/internal/cuttest"
	"github.com/relctl/relctl/pkg/project"
)

// The channels of the sample product, as their status tells them.
func ExampleProject_Status() {
	ctx := context.Background()
	repo, remove := cuttest.Sample()
	defer remove()
	p, err := project.Open(ctx, repo, project.OpenOptions{})
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
