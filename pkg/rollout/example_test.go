package rollout_test

import (
	"context"
	"fmt"
	"time"

	"github.com/relctl/relctl/pkg/internal/cuttest"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
	"github.com/relctl/relctl/pkg/rollout"
)

// What may enter the rings of the sample product's service after a first release of it. Nothing is recorded or deployed.
func ExampleRollout_Model() {
	ctx := context.Background()
	repo, remove := cuttest.Sample()
	defer remove()
	p, err := project.Open(ctx, repo, project.OpenOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ch, err := p.Policy.Channel("rolling")
	if err != nil {
		fmt.Println(err)
		return
	}
	p.State.Channels["rolling"] = &ledger.Channel{Releases: []ledger.Release{{Version: release.MustVersion("2026.302.1"), Commit: p.Policy.Commit}}}
	r, err := rollout.New(p, ch, rollout.Options{Now: time.Now, DryRun: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	m, err := r.Model(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range m.Decide() {
		if d.Action == ring.UpToDate {
			fmt.Println(d.Ring, "has nothing to do")
			continue
		}
		fmt.Println(d.Ring, d.Action, d.Candidate)
	}
	// Output:
	// dogfood promote 2026.302.1
	// canary has nothing to do
	// single-tenant has nothing to do
	// multi-tenant has nothing to do
}
