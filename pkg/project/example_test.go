package project_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/testdata/acme"
)

// A plan of the sample product: what a cut of its LTS line would release, and what its gates say.
func ExampleProject_Plan() {
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
	ch, err := p.Policy.Channel("lts-2.4")
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := p.Plan(ctx, ch, project.PlanOptions{Now: time.Now()})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plan.Inputs.Version, "with", len(plan.Changes), "changes since", plan.Inputs.Previous.Version)
	for _, v := range plan.Verdicts {
		fmt.Println(v.Status, v.Gate)
	}
	// Output:
	// 2.4.3 with 6 changes since 2.4.2
	// pass accept
	// pass source
	// fail soak
	// pass upgrade
	// pass markers
	// pass no-open-blockers
	// pending smoke
}
