package cut_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/internal/cuttest"
	"github.com/relctl/relctl/pkg/project"
)

// A cut of the sample product's LTS line, whose newest changes have not soaked: gates refuse before anything is built.
func ExampleRun() {
	ctx := context.Background()
	repo, remove := cuttest.Sample()
	defer remove()
	p, err := project.Open(ctx, repo, project.OpenOptions{Act: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	ch, err := p.Policy.Channel("lts-2.4")
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := p.Adopt(ctx, ch); err != nil { // the ledger is to know the releases from before it
		fmt.Println(err)
		return
	}
	if err := p.Refresh(ctx); err != nil {
		fmt.Println(err)
		return
	}
	_, err = cut.Run(ctx, p, ch, cut.Options{
		Builder: build.Command{Argv: []string{"make"}, Output: "out"}, DryRun: true, Now: time.Now(),
	})
	var refused *project.RefusedError
	if !errors.As(err, &refused) {
		fmt.Println(err)
		return
	}
	fmt.Println(refused.Channel, refused.Version, "is refused:")
	for _, v := range refused.Verdicts {
		fmt.Println(v.Status, v.Gate)
	}
	// Output:
	// lts-2.4 2.4.3 is refused:
	// fail soak
}

// A plan of the sample product: what a cut of its LTS line would release, and what its gates say.
func ExamplePlan() {
	ctx := context.Background()
	repo, remove := cuttest.Sample()
	defer remove()
	p, err := project.Open(ctx, repo, project.OpenOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ch, err := p.Policy.Channel("lts-2.4")
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := cut.Plan(ctx, p, ch, cut.PlanOptions{Now: time.Now()})
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
